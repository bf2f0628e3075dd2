"""How far a long command has come, told to whoever listens: the command itself knows nobody."""

from collections.abc import Callable
from contextvars import ContextVar

Listener = Callable[[str, int], None]
_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


def listen(listener: Listener) -> None:
    """Have everything that is told in this task from now on told to ``listener``."""
    _listener.set(listener)


def tell(stage: str, n: int = 0) -> None:
    """Say which stage one is at, and how many documents it has seen."""
    listener = _listener.get()
    if listener:
        listener(stage, n)
