"""A hub that kills itself: ``python -m tests.acceptance.killed_hub POINT NUMBER`` is ``mostek run --once`` until then.

The process gets SIGKILL, as from a power cut or the system's memory killer, the NUMBER-th time that it comes to the
POINT. At the point ``never`` it is left to others to kill it. What such a process held would be free after a minute;
its leases are shortened, so that tests need not wait for that.
"""

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from mostek import cli
from mostek.hub import delivery
from mostek.hub.ledger import Ledger, actions, feeds, passages

LEASE_MS = 3_000
# Before or after the commit of what: the hub's own functions that run inside a transaction.
BEFORE = {
    "before_read_commit": "mostek.hub.reading._store",
    "before_outcome_commit": "mostek.hub.delivery._commit",
    "in_verification": "mostek.hub.ledger.actions.commit_verified",
}
AFTER = {
    "after_read_commit": "mostek.hub.reading._store",
    "after_plan": "mostek.hub.planning._commit",
    "after_intent_commit": "mostek.hub.ledger.actions.commit_intents",
    "after_outcome_commit": "mostek.hub.delivery._commit",
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
    else:
        Ledger.write = _written(Ledger.write, point, fuse)  # type: ignore[method-assign]


def _answered(call: Callable[..., Any], fuse: Fuse) -> Callable[..., Any]:
    async def answered(*given: Any) -> Any:
        result = await call(*given)
        fuse.reached()
        return result

    return answered


def _written(write: Callable[..., Any], point: str, fuse: Fuse) -> Callable[..., Any]:
    async def written(ledger: Ledger, function: Callable[..., Any], /, *given: Any, **named: Any) -> Any:
        name = f"{function.__module__}.{function.__name__}"

        def uncommitted(*inside: Any, **more: Any) -> Any:
            result = function(*inside, **more)
            fuse.reached()
            return result

        result = await write(ledger, uncommitted if BEFORE.get(point) == name else function, *given, **named)
        if AFTER.get(point) == name:
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
