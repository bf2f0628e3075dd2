"""Lanes that work a queue off while what became of it is put away, in groups, and more is fetched: all at once.

A lane that has finished takes the next batch and waits for no commit: what is put away is of other items.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
D = TypeVar("D")
# What is finished is put away after this many seconds at the latest.
_SOON = 0.02


class Lanes(Generic[T, D]):
    """``count`` lanes, each of which does ``work`` on one batch of at most ``size`` items after another.

    ``work`` tells what became of each item, and an error after which nothing more is begun. ``turn`` puts away what
    is done and fetches at most so many items more, in batches; it is called by one at a time. ``give_back`` takes
    what was fetched and not begun. What waits for the lanes is more the faster they are, and ``furthest`` at most.
    """

    def __init__(
        self,
        count: int,
        size: int,
        furthest: int,
        *,
        work: Callable[[Sequence[T]], Awaitable[tuple[Sequence[D], Exception | None]]],
        turn: Callable[[Sequence[D], int], Awaitable[Sequence[Sequence[T]]]],
        give_back: Callable[[Sequence[T]], Awaitable[None]],
    ) -> None:
        self._count, self._group, self._furthest = count, count * size, furthest
        self._work, self._turn, self._give_back = work, turn, give_back
        self._queue: asyncio.Queue[Sequence[T]] = asyncio.Queue()
        self._ahead, self._queued, self._busy = self._group, 0, 0
        self._done: list[D] = []
        self._left: list[T] = []
        # Whether the last turn fetched less than there was room for, and whether nothing more is to be begun.
        self._dry = self._stopped = False
        self._failure: BaseException | None = None
        self._ripe = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None

    async def run(self, enough: Callable[[], bool]) -> int:
        """Work until nothing is left, or nothing more is begun because it is ``enough``; returns how much was done.

        Raises the error that ended the work, once what was done before it is put away.
        """
        lanes = [asyncio.create_task(self._lane()) for _ in range(self._count)]
        try:
            moved = await self._turns(enough)
            if self._left:
                await self._give_back(self._left)
        finally:
            for lane in lanes:
                lane.cancel()
            await asyncio.gather(*lanes, return_exceptions=True)
        if self._failure:
            raise self._failure
        return moved

    async def _turns(self, enough: Callable[[], bool]) -> int:
        moved = 0
        while True:
            if enough():
                self._stop()
            done, room = self._taken(), self._room()
            if done or room:
                try:
                    self._fill(await self._turn(done, room), room)
                    moved += len(done)
                except Exception as error:  # noqa: BLE001 - raised at the end: what is in flight is put away yet
                    self._stop(error)
            if not (self._queued or self._busy or self._done or self._room()):
                return moved
            if not self._due():
                await self._ripe.wait()
            self._ripe.clear()
            if self._fatal:
                raise self._fatal

    async def _lane(self) -> None:
        while not self._fatal:
            batch = await self._queue.get()
            self._queued -= len(batch)
            self._busy += 1
            failure: BaseException | None
            try:
                done, failure = await self._work(batch)
            except BaseException as error:  # noqa: BLE001 - it ends the whole run, which raises it
                done, failure = (), error
            self._busy -= 1
            if failure:
                self._stop(failure)
            self._finish(done)

    @property
    def _fatal(self) -> BaseException | None:
        """What ends the process, or this task: nothing more is put away."""
        return None if isinstance(self._failure, Exception) else self._failure

    def _finish(self, done: Sequence[D]) -> None:
        if done and not self._done:
            self._timer = asyncio.get_running_loop().call_later(_SOON, self._ripe.set)
        self._done.extend(done)
        if self._due():
            self._ripe.set()

    def _due(self) -> bool:
        """Whether a turn is due before the time: a group is done, the lanes need more, or they have nothing to do."""
        low = self._room() * 2 >= self._ahead
        return low or len(self._done) >= self._group or not (self._busy or self._queued)

    def _room(self) -> int:
        """How many items to fetch now: whole batches, since a call costs the vendor's patience whatever it holds."""
        size = self._group // self._count
        return 0 if self._dry or self._stopped else (self._ahead - self._queued) // size * size

    def _taken(self) -> list[D]:
        """What is done and not put away; it is worth to look for more then, whatever was found the last time."""
        if self._timer:
            self._timer.cancel()
        done, self._done, self._timer = self._done, [], None
        self._dry = self._dry and not done
        return done

    def _fill(self, batches: Sequence[Sequence[T]], room: int) -> None:
        """Queue what was fetched; when lanes stood still meanwhile, fetch more the next time."""
        if room and not self._queued and self._busy < self._count:
            self._ahead = max(self._ahead, min(self._ahead * 2, self._furthest))
        for batch in batches:
            self._queued += len(batch)
            self._queue.put_nowait(batch)
        self._dry = sum(map(len, batches)) < room

    def _stop(self, failure: BaseException | None = None) -> None:
        """Begin nothing more."""
        self._stopped = True
        self._failure = self._failure or failure
        while not self._queue.empty():
            self._left.extend(self._queue.get_nowait())
        self._queued = 0
        if failure:
            self._ripe.set()
