"""The runner: reading, planning and delivering side by side, once until everything is done, or for good."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import structlog

from mostek.documents.problem import Problem
from mostek.hub import place, workers
from mostek.hub.delivery import VERIFY_AGE_MS, deliver
from mostek.hub.engine import Engine
from mostek.hub.hinting import read_hinted
from mostek.hub.indexing import index
from mostek.hub.ledger import OUTAGES, Transaction, catalog
from mostek.hub.ledger.dialect import Row
from mostek.hub.ledger.hooks import PATIENCE_MS
from mostek.hub.planning import plan_groups, weigh_flows
from mostek.hub.reading import fetch_wanted, read_feed

LOG = structlog.get_logger()
_IDLE = 0.25
# While something is worked on, it is not looked more often than so for what else is due, in seconds.
_PACE = 0.02
# A database that is restarted or locked is asked again after this many seconds; the worker lives on.
_DATABASE_PAUSE = 1.0
# How often it is looked at whether the ledger is at its place and nobody has stopped it, in seconds.
_LOOK = 1.0


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
    rests before it is read back. Nothing is done, and ``halt`` says why, while the ledger is not at its place or
    stopped; the loops go on when that has passed.
    """

    engine: Engine
    verify_age_ms: int = VERIFY_AGE_MS
    progress: Callable[[], object] | None = None
    halt: Problem | None = None
    _looked: float = -math.inf
    _opened: int = 0
    _freed: bool = False
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def once(self, patience: float = 120) -> Left:
        """Read every feed once, then plan and deliver until nothing is left or nothing moved for ``patience`` seconds.

        What is left then waits for a system that is away, and is said in the result.
        """
        if await self._halted():
            return await self.left()
        reading = asyncio.create_task(self.read())
        loop = asyncio.get_running_loop()
        moved_at, before = loop.time(), (-1, -1, -1, -1)
        working = [asyncio.create_task(work()) for work in (self._planning, self._delivering, self._indexing)]
        try:
            while True:
                allowed = await self._allowed()
                left = await self.left()
                counts = (left.planning, left.ready, left.settling, left.verifying)
                if counts != before or not reading.done():
                    moved_at, before = loop.time(), counts
                through = reading.done() and not left and not await self._rows("to_index")
                at_rest = through and not self.halt and not await fetch_wanted(self.engine)
                patient = patience if allowed or left.planning else _LOOK
                impatient = reading.done() and left and loop.time() - moved_at > patient
                if at_rest or impatient or self._stopping.is_set() or self.halt:
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

    async def read(self) -> None:
        """Read every feed once and nothing else: what a preview looks at."""
        if await self._halted():
            return
        by_source: dict[int, list[int]] = {}
        for row in await self.engine.ledger.read(catalog.feeds):
            if row["state"] == "active":
                by_source.setdefault(row["connection"], []).append(row["id"])
        await asyncio.gather(*(self._read_all(group) for group in by_source.values()))
        for source in await self._hints_due():
            await read_hinted(self.engine, source)

    async def watch(self) -> None:
        """Work until :meth:`stop`: feeds when they are due, everything else as soon as it can be done."""
        loops = (
            self._reading,
            self._hinting,
            self._fetching,
            self._planning,
            self._delivering,
            self._indexing,
        )
        working = [asyncio.create_task(work()) for work in loops]
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
        while todo and not self._stopping.is_set() and not await self._halted():
            held = await read_feed(self.engine, sorted(todo), forced=True)
            if held is None:
                rows = await self.engine.ledger.read(catalog.feeds)
                todo &= {row["id"] for row in rows if row["reading"]}
                await asyncio.sleep(_IDLE)
            else:
                todo.discard(held.feed)

    async def _reading(self) -> None:
        await self._side_by_side(self._sources_due, self._read_due)

    async def _hinting(self) -> None:
        await self._side_by_side(self._hints_due, partial(read_hinted, self.engine))

    async def _planning(self) -> None:
        await self._side_by_side(self._flows_due, partial(plan_groups, self.engine))

    async def _delivering(self) -> None:
        await self._side_by_side(self._endpoints_due, partial(deliver, self.engine, verify_age_ms=self.verify_age_ms))

    async def _fetching(self) -> None:
        """Fetch what decisions wait for, once everything that was read is planned."""
        while not self._stopping.is_set():
            seen = self.engine.ledger.generation
            try:
                if await self._halted() or await self._flows_due() or not await fetch_wanted(self.engine):
                    await self.engine.ledger.changed(seen, _IDLE)
            except OUTAGES as error:
                await self._outlast(error)

    async def _indexing(self) -> None:
        """Make findable what was stored."""
        while not self._stopping.is_set():
            seen = self.engine.ledger.generation
            try:
                if await self._halted() or not await index(self.engine):
                    await self.engine.ledger.changed(seen, _IDLE)
            except OUTAGES as error:
                await self._outlast(error)

    async def _halted(self) -> bool:
        """Whether nothing may be done now; another process may have changed it, or another ledger been opened."""
        opened = self.engine.ledger.openings
        if opened != self._opened or time.monotonic() - self._looked > _LOOK:
            halt = await place.halt(self.engine.ledger)
            if halt != self.halt:
                LOG.warning("halted" if halt else "going on", cause=halt.cause if halt else "")
            if not halt and not self._freed:
                if dead := await workers.free_the_dead(self.engine.ledger):
                    LOG.warning("freed what dead workers held", workers=dead)
                self._freed = True
            self.halt, self._opened, self._looked = halt, opened, time.monotonic()
        return self.halt is not None

    async def _outlast(self, error: Exception) -> None:
        """Live on without the database until it is back."""
        LOG.warning("database away", reason=str(error))
        self._looked = -math.inf  # another one may come back
        await asyncio.sleep(_DATABASE_PAUSE)

    async def _side_by_side(
        self, due: Callable[[], Awaitable[list[int]]], work: Callable[[int], Coroutine[Any, Any, object]]
    ) -> None:
        """Work for each that is due, all beside each other: who is slow delays only himself.

        Without work, wait until something was committed here, or a moment: other processes commit too.
        """
        running: dict[int, asyncio.Task[object]] = {}
        try:
            while not self._stopping.is_set():
                seen = self.engine.ledger.generation
                try:
                    numbers = await due()
                    for number in () if await self._halted() else numbers:
                        if number not in running:
                            running[number] = asyncio.create_task(work(number))
                    change = asyncio.create_task(self.engine.ledger.changed(seen, _IDLE))
                    done, _ = await asyncio.wait([change, *running.values()], return_when=asyncio.FIRST_COMPLETED)
                    change.cancel()
                    if running and done == {change}:  # most that is new is found by those who are at it
                        await asyncio.wait(running.values(), timeout=_PACE, return_when=asyncio.FIRST_COMPLETED)
                    for number in [number for number, task in running.items() if task.done()]:
                        running.pop(number).result()
                except OUTAGES as error:
                    await self._outlast(error)
        finally:
            await asyncio.gather(*running.values(), return_exceptions=True)

    async def _sources_due(self) -> list[int]:
        return sorted({row["connection"] for row in await self._rows("feeds_due")})

    async def _read_due(self, source: int) -> None:
        await read_feed(
            self.engine, [row["id"] for row in await self._rows("feeds_due") if row["connection"] == source]
        )

    async def _hints_due(self) -> list[int]:
        return [row["connection"] for row in await self._rows("hints_due", patience=PATIENCE_MS)]

    async def _flows_due(self) -> list[int]:
        if (await self._rows("waits_due"))[0]["n"]:
            await self.engine.ledger.write(Transaction.rows, "wake_due")
        await weigh_flows(self.engine)
        return [row["id"] for row in await self._rows("flows_due")]

    async def _endpoints_due(self) -> list[int]:
        return [row["connection"] for row in await self._rows("endpoints_due", age=self.verify_age_ms)]

    async def _rows(self, statement: str, **values: Any) -> list[Row]:
        return await self.engine.ledger.read(Transaction.rows, statement, **values)

    async def _allowed(self) -> bool:
        """Whether anything that is to do is for a system that nobody has stopped."""
        return bool((await self._rows("work_allowed"))[0]["n"])

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
