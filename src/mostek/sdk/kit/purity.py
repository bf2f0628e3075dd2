"""Running a pure function as it may be replayed: no files, no network, another time zone, little precision set."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from decimal import localcontext
from typing import Any, TypeVar

import msgspec

from mostek.sdk.kit.check import ContractError, broken, must

T = TypeVar("T")

# Opened files and sockets, started programs: what a pure function has no business with.
_WORLDLY = ("open", "os.", "shutil.", "socket.", "sqlite3.", "subprocess.", "urllib.", "http.client.")
# Read by the interpreter itself at any time: source lines of warnings and tracebacks, modules.
_OWN = (".py", ".pyc", ".so", ".pem")
_sealed: ContextVar[bool] = ContextVar("sealed", default=False)
_hooked: list[bool] = []


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if not _sealed.get() or not event.startswith(_WORLDLY):
        return
    if event == "open" and str(arguments[0]).endswith(_OWN):
        return
    raise ContractError(
        f"a pure function keeps away from files, network and programs\n  did: {event} {arguments!r:.200}"
    )


@contextmanager
def sealed() -> Iterator[None]:
    """Within the block, opening a file or a connection breaks the contract."""
    if not _hooked:  # a hook cannot be taken away again: one for all
        sys.addaudithook(_watch)
        _hooked.append(True)
    token = _sealed.set(True)
    try:
        yield
    finally:
        _sealed.reset(token)


@contextmanager
def elsewhere() -> Iterator[None]:
    """Within the block the machine stands at the other end of the world, and decimals have six digits."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = "Pacific/Kiritimati"
    time.tzset()
    try:
        with localcontext() as context:
            context.prec = 6
            yield
    finally:
        os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
        time.tzset()


def twice(function: Callable[[], T], what: str) -> T:
    """The result of a pure function, which has to be the same everywhere.

    The first call may load modules and time zones; the second is sealed, the third elsewhere.
    """
    first = function()
    with sealed():
        again = function()
    with elsewhere(), sealed():
        away = function()
    must(first == again, f"{what} gives the same result each time", first=first, second=again)
    must(first == away, f"{what} gives the same result on any machine", here=first, elsewhere=away)
    return first


def no_floats(value: Any, what: str) -> None:
    """Raise when a binary fraction hides anywhere in a value."""
    for path, part in parts(value):
        if isinstance(part, float):
            broken("amounts, rates and quantities are never floats", of=what, field=path, value=part)


def parts(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value within structs, mappings and sequences, with its path."""
    yield path, value
    if isinstance(value, msgspec.Struct):
        inner: Any = ((name, getattr(value, name)) for name in value.__struct_fields__)
    elif isinstance(value, dict):
        inner = value.items()
    elif isinstance(value, list | tuple):
        inner = enumerate(value)
    else:
        return
    for name, part in inner:
        yield from parts(part, f"{path}.{name}" if path else str(name))
