"""A hub that kills itself: ``python -m tests.acceptance.killed_hub POINT NUMBER`` is ``mostek run --once`` until then.

The process gets SIGKILL, as from a power cut or the system's memory killer, the NUMBER-th time that it comes to the
POINT. At the point ``never`` it is left to others to kill it. What such a process held would be free after a minute;
its leases are shortened, so that tests need not wait for that.
"""

import os
import signal
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from mostek import cli
from mostek.hub import delivery, planning, reading
from mostek.hub.ledger import Ledger, actions, feeds, passages

LEASE_MS = 3_000
# Before or after the commit of what: the hub's own functions that run inside a transaction, alone or among others.
BEFORE = {
    "before_read_commit": (reading, "_store"),
    "before_outcome_commit": (actions, "commit_outcomes"),
    "in_verification": (actions, "commit_verified"),
}
AFTER = {
    "after_read_commit": (reading, "_store"),
    "after_plan": (planning, "_commit"),
    "after_intent_commit": (actions, "intend"),
    "after_outcome_commit": (actions, "commit_outcomes"),
}
# After the books have answered, with nothing written down of it.
ANSWERED = {"after_answer": "_write", "in_settlement": "_find"}
POINTS = (*BEFORE, *AFTER, *ANSWERED)


class Fuse:
    """Kills this process the so-manieth time that it is reached."""

    def __init__(self, number: int) -> None:
        self._left = number

    def reached(self) -> None:
        self._left -= 1
        if self._left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)


def kill_at(point: str, fuse: Fuse) -> None:
    """Lay the fuse."""
    if point in ANSWERED:
        name = ANSWERED[point]
        setattr(delivery._Delivery, name, _answered(getattr(delivery._Delivery, name), fuse))
    elif point in BEFORE:
        _follow(*BEFORE[point], fuse.reached)
    else:
        happened: list[bool] = []
        _follow(*AFTER[point], lambda: happened.append(True))
        Ledger.write = _written(Ledger.write, happened, fuse)  # type: ignore[method-assign]


def _follow(module: ModuleType, name: str, deed: Callable[[], object]) -> None:
    """Do something whenever this function has done its part of a transaction; without intents there is none."""
    call, intends = getattr(module, name), name == "intend"

    def followed(*given: Any, **named: Any) -> Any:
        result = call(*given, **named)
        if result or not intends:
            deed()
        return result

    setattr(module, name, followed)


def _answered(call: Callable[..., Any], fuse: Fuse) -> Callable[..., Any]:
    async def answered(*given: Any) -> Any:
        result = await call(*given)
        fuse.reached()
        return result

    return answered


def _written(write: Callable[..., Any], happened: list[bool], fuse: Fuse) -> Callable[..., Any]:
    """Whether it ``happened`` is of one job: they run one after another, and several may share a commit."""

    async def written(ledger: Ledger, function: Callable[..., Any], /, *given: Any, **named: Any) -> Any:
        def job(*inside: Any, **more: Any) -> tuple[Any, bool]:
            happened.clear()
            result = function(*inside, **more)
            return result, bool(happened)

        result, is_point = await write(ledger, job, *given, **named)
        if is_point:
            fuse.reached()
        return result

    return written


def main() -> None:
    """Shorten the leases, lay the fuse, and run."""
    point, number = sys.argv[1:]
    actions.LEASE_MS = feeds.LEASE_MS = passages.LEASE_MS = LEASE_MS
    if point != "never":
        kill_at(point, Fuse(int(number)))
    sys.argv[1:] = ["run", "--once"]
    cli.main()


if __name__ == "__main__":
    main()
