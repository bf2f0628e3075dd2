"""Lanes: what is done is put away, what is not begun is given back, whatever ends the work."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from mostek.hub.lanes import Lanes
from mostek.sdk.errors import VendorError


@dataclass
class Office:
    """Numbers to do, in order; ``seen`` is what happened. ``fails`` at a number, when it is worked on or put away."""

    todo: list[int]
    fails: dict[int, BaseException] = field(default_factory=dict)
    refuses: dict[int, Exception] = field(default_factory=dict)
    put_away: list[int] = field(default_factory=list)
    given_back: list[int] = field(default_factory=list)
    turns: list[tuple[int, int]] = field(default_factory=list)
    at_work: int = 0
    most_at_work: int = 0
    gate: asyncio.Event | None = None

    async def work(self, batch: Sequence[int]) -> tuple[Sequence[int], Exception | None]:
        self.at_work += 1
        self.most_at_work = max(self.at_work, self.most_at_work)
        await (self.gate.wait() if self.gate else asyncio.sleep(0))
        self.at_work -= 1
        failure = next((self.fails[number] for number in batch if number in self.fails), None)
        if failure is None or isinstance(failure, VendorError):
            return batch, failure
        raise failure

    async def turn(self, done: Sequence[int], room: int) -> Sequence[Sequence[int]]:
        await asyncio.sleep(0)
        for number in done:
            if number in self.refuses:
                raise self.refuses[number]
        self.put_away += done
        self.turns.append((len(done), room))
        taken, self.todo = self.todo[:room], self.todo[room:]
        return [taken[start : start + 2] for start in range(0, len(taken), 2)]

    async def give_back(self, left: Sequence[int]) -> None:
        self.given_back += left

    def lanes(self, count: int = 3, furthest: int = 12) -> Lanes[int, int]:
        return Lanes(count, 2, furthest, work=self.work, turn=self.turn, give_back=self.give_back)


class Killed(BaseException):
    """The process ends here."""


def never() -> bool:
    return False


def after(turns: int, office: Office) -> Callable[[], bool]:
    return lambda: len(office.turns) >= turns


async def until(happened: Callable[[], bool]) -> None:
    """Let the others go on until it happened."""
    async with asyncio.timeout(5):
        while not happened():  # noqa: ASYNC110 - the other side is what is tested
            await asyncio.sleep(0)


async def test_everything_is_done_once_in_as_many_lanes_as_there_are() -> None:
    office = Office(list(range(100)))
    assert await office.lanes().run(never) == 100
    assert sorted(office.put_away) == list(range(100))
    assert office.given_back == []
    assert office.most_at_work == 3
    assert len(office.turns) < 40, "put away in groups"


async def test_no_more_is_fetched_than_may_wait() -> None:
    office = Office(list(range(100)))
    await office.lanes(furthest=12).run(never)
    assert max(room for _, room in office.turns) == 12
    close = Office(list(range(100)))
    await close.lanes(furthest=6).run(never)
    assert max(room for _, room in close.turns) == 6


async def test_lanes_do_not_wait_for_what_is_put_away() -> None:
    office = Office(list(range(12)))
    committing, put = asyncio.Event(), office.turn

    async def slow(done: Sequence[int], room: int) -> Sequence[Sequence[int]]:
        if done:
            await committing.wait()
        return await put(done, room)

    office.turn = slow  # type: ignore[method-assign]
    running = asyncio.create_task(office.lanes().run(never))
    await until(lambda: not office.todo and office.at_work == 0)
    assert office.put_away == []
    committing.set()
    assert await running == 12


async def test_when_it_is_enough_what_waits_is_given_back() -> None:
    office = Office(list(range(100)))
    moved = await office.lanes().run(after(3, office))
    assert moved == len(office.put_away) < 100
    assert sorted(office.put_away + office.given_back + office.todo) == list(range(100))


async def test_a_failure_told_is_raised_when_all_is_put_away() -> None:
    problem = VendorError.__new__(VendorError)
    office = Office(list(range(100)), fails={7: problem})
    with pytest.raises(VendorError):
        await office.lanes().run(never)
    assert {6, 7} <= set(office.put_away), "the call that failed has results too"
    assert sorted(office.put_away + office.given_back + office.todo) == list(range(100))


async def test_what_cannot_be_put_away_ends_it_and_the_rest_is_put_away() -> None:
    office = Office(list(range(100)), refuses={0: LookupError("gone")})
    with pytest.raises(LookupError, match="gone"):
        await office.lanes().run(never)
    assert 0 not in office.put_away
    assert office.at_work == 0
    assert len(office.todo) > 50


@pytest.mark.parametrize("failure", [Killed(), asyncio.CancelledError()])
async def test_the_end_of_the_process_is_not_waited_out(failure: BaseException) -> None:
    office = Office(list(range(100)), fails={3: failure})
    with pytest.raises(type(failure)):
        await office.lanes().run(never)
    assert office.given_back == [], "nothing more is written"


async def test_who_gives_up_waiting_ends_the_calls() -> None:
    office = Office(list(range(100)), gate=asyncio.Event())
    running = asyncio.create_task(office.lanes().run(never))
    await until(lambda: office.at_work == 3)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert office.put_away == office.given_back == []


async def test_a_lane_that_breaks_ends_the_work() -> None:
    office = Office(list(range(100)), fails={3: ZeroDivisionError()})
    with pytest.raises(ZeroDivisionError):
        await office.lanes().run(never)
    assert {2, 3}.isdisjoint(office.put_away + office.given_back), "nobody knows what became of these"
