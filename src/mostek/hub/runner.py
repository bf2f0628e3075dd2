"""The runner: reading, planning and delivering side by side, once until everything is done, or for good."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from mostek.hub.delivery import VERIFY_AGE_MS, deliver
from mostek.hub.engine import Engine
from mostek.hub.ledger import Transaction, catalog
from mostek.hub.ledger.dialect import Row
from mostek.hub.planning import plan_group
from mostek.hub.reading import fetch_wanted, read_feed

_IDLE = 0.25


class Left:
    """What is still to do, as counts; falsy when everything is at rest."""

    def __init__(self, row: Row) -> None:
        self.planning: int = row["planning"]
        self.ready: int = row["ready"]
        self.settling: int = row["settling"]
        self.verifying: int = row["verifying"]

    def __bool__(self) -> bool:
        return bool(self.planning or self.ready or self.settling or self.verifying)


@dataclass
class Runner:
    """Drives the loops of one engine.

    ``progress`` is called about four times a second while something moves. ``verify_age_ms`` is how long an effect
    rests before it is read back.
    """

    engine: Engine
    verify_age_ms: int = VERIFY_AGE_MS
    progress: Callable[[], object] | None = None
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def once(self, patience: float = 120) -> Left:
        """Read every feed once, then plan and deliver until nothing is left or nothing moved for ``patience`` seconds.

        What is left then waits for a system that is away, and is said in the result.
        """
        feeds = [row["id"] for row in await self.engine.ledger.read(catalog.feeds) if row["state"] == "active"]
        reading = asyncio.create_task(self._read_all(feeds))
        loop = asyncio.get_running_loop()
        moved_at, before = loop.time(), (-1, -1, -1, -1)
        working = [asyncio.create_task(self._planning()), asyncio.create_task(self._delivering())]
        try:
            while True:
                left = await self.left()
                counts = (left.planning, left.ready, left.settling, left.verifying)
                if counts != before or not reading.done():
                    moved_at, before = loop.time(), counts
                if reading.done() and (not left or loop.time() - moved_at > patience):
                    break
                self._show()
                await self._raise_failed([reading, *working])
                await asyncio.sleep(_IDLE)
        finally:
            self.stop()
            await self._end([reading, *working])
        await reading
        self._show()
        return left

    async def watch(self) -> None:
        """Work until :meth:`stop`: feeds when they are due, everything else as soon as it can be done."""
        working = [asyncio.create_task(work()) for work in (self._reading, self._planning, self._delivering)]
        try:
            while not self._stopping.is_set():
                self._show()
                await self._raise_failed(working)
                await asyncio.sleep(_IDLE)
        finally:
            await self._end(working)

    def stop(self) -> None:
        """End after the present steps."""
        self._stopping.set()

    async def left(self) -> Left:
        """What is still to do."""
        return Left((await self.engine.ledger.read(Transaction.rows, "work_left"))[0])

    async def _read_all(self, feeds: list[int]) -> None:
        """Read each feed once; one that another process is reading is left to it."""
        todo = set(feeds)
        while todo and not self._stopping.is_set():
            held = await read_feed(self.engine, sorted(todo), forced=True)
            if held is None:
                rows = await self.engine.ledger.read(catalog.feeds)
                todo &= {row["id"] for row in rows if row["reading"]}
                await asyncio.sleep(_IDLE)
            else:
                todo.discard(held.feed)

    async def _reading(self) -> None:
        await self._while_work(self._read_due)

    async def _planning(self) -> None:
        await self._while_work(self._plan_due)

    async def _delivering(self) -> None:
        await self._while_work(self._deliver_due)

    async def _while_work(self, work: Callable[[], Awaitable[bool]]) -> None:
        """Repeat while there is work; else wait until something was committed here, or a moment.

        Other processes commit too, and time wakes things: the moment is for them.
        """
        while not self._stopping.is_set():
            seen = self.engine.ledger.generation
            if not await work():
                await self.engine.ledger.changed(seen, _IDLE)

    async def _read_due(self) -> bool:
        feeds = [row["id"] for row in await self.engine.ledger.read(Transaction.rows, "feeds_due")]
        return bool(feeds) and await read_feed(self.engine, feeds) is not None

    async def _plan_due(self) -> bool:
        if (await self.engine.ledger.read(Transaction.rows, "waits_due"))[0]["n"]:
            await self.engine.ledger.write(Transaction.rows, "wake_due")
        if await self.engine.ledger.read(Transaction.rows, "open_passages_due"):
            return bool(await plan_group(self.engine))
        return bool(await fetch_wanted(self.engine))

    async def _deliver_due(self) -> bool:
        age = self.verify_age_ms
        rows = await self.engine.ledger.read(Transaction.rows, "endpoints_due", age=age)
        moved = await asyncio.gather(*(deliver(self.engine, row["connection"], verify_age_ms=age) for row in rows))
        return any(moved)

    async def _raise_failed(self, tasks: list[asyncio.Task[None]]) -> None:
        for task in tasks:
            if task.done() and task.exception():
                await task

    async def _end(self, tasks: list[asyncio.Task[None]]) -> None:
        self.stop()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _show(self) -> None:
        if self.progress:
            self.progress()
