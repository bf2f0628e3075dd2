"""Writing and looking for many at once: what an error means for what was sent, and for what was asked."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from mostek.documents.problem import Problem
from mostek.sdk.effect import (
    Absent,
    AlreadyThere,
    CannotTell,
    Finding,
    Found,
    NotSent,
    Rejected,
    Result,
    Unknown,
)
from mostek.sdk.errors import (
    AuthFailedError,
    BadResponseError,
    ConfigurationError,
    NotReadyError,
    RateLimitedError,
    VendorError,
    understood,
)

T = TypeVar("T")
R = TypeVar("R")
L = TypeVar("L", bound="Placed")
RETRY = timedelta(seconds=30)
# Errors of the whole connection, after which surely nothing was done.
STOPPING = (AuthFailedError, ConfigurationError, RateLimitedError)


async def in_batches(
    items: Sequence[T], size: int, send: Callable[[Sequence[T]], Awaitable[Sequence[Result]]], now: datetime
) -> list[Result]:
    """One result each, in order: ``send`` is called for one batch after another.

    What it raises with ``sent`` leaves the batch unknown, anything else leaves it unsent. Behind an error or an
    unknown outcome nothing more is sent. An error of the whole connection is raised only while no result is known,
    so that none is lost.
    """
    results: list[Result] = []
    while len(results) < len(items):
        batch = items[len(results) : len(results) + size]
        try:
            results += await send(batch)
        except VendorError as error:
            if isinstance(error, STOPPING) and not results:
                raise
            results += unanswered(batch, error, now)
            results += not_sent(items[len(results) :], error, now)
        lost = next((found for found in results[-len(batch) :] if isinstance(found, Unknown)), None)
        if lost:
            results += not_sent(items[len(results) :], BadResponseError(lost.problem), now)
    return results


async def in_turns(
    items: Sequence[T],
    turn: Callable[[T], Any],
    size: int,
    send: Callable[[Sequence[T]], Awaitable[Sequence[Result]]],
    now: datetime,
) -> list[Result]:
    """As :func:`in_batches`, sent in the order of their turns; results stand where their items stood."""
    order = sorted(range(len(items)), key=lambda place: turn(items[place]))
    results = await in_batches([items[place] for place in order], size, send, now)
    placed = dict(zip(order, results, strict=True))
    return [placed[place] for place in range(len(items))]


async def each_alone(
    items: Sequence[T],
    look: Callable[[T], Awaitable[Result | None]],
    again: Callable[[T], Awaitable[Result | None]],
    silent: Result,
    now: datetime,
) -> list[Result]:
    """What became of items that an answer says nothing about: by looking, else by sending again, else ``silent``."""
    results: list[Result] = []
    for item in items:
        try:
            results.append(await look(item) or await again(item) or silent)
        except VendorError as error:
            results += unanswered([item], error, now)
    return results


def held(found: Found | Problem) -> Result:
    """What is there already as a result: itself, or why it must not be touched."""
    if isinstance(found, Problem):
        return Rejected(problem=found)
    return AlreadyThere(id=found.ids[0], number=found.number)


class Placed(Protocol):
    """Something that has its place among others."""

    @property
    def place(self) -> int: ...


async def states_first(
    items: Sequence[L],
    states: Callable[[Sequence[L]], Awaitable[Mapping[int, Found | Problem]]],
    send: Callable[[Sequence[L]], Awaitable[Mapping[int, Result]]],
) -> list[Result]:
    """Read before writing what is a state, then write the rest; an error of the reading has sent nothing."""
    try:
        with understood():
            known = await states(items)
    except VendorError as error:
        error.sent = False
        raise
    rest = [item for item in items if item.place not in known]
    written = await send(rest) if rest else {}
    return [held(known[item.place]) if item.place in known else written[item.place] for item in items]


def paired(
    items: Sequence[T], named: Callable[[T], Sequence[str]], rows: Sequence[R], names: Sequence[str]
) -> list[tuple[T, R]]:
    """Records and their results: by place where their number agrees and no name contradicts, else by the first name."""
    if len(rows) == len(items) and all(name in {"", *named(item)} for name, item in zip(names, items, strict=True)):
        return list(zip(items, rows, strict=True))
    by_name: dict[str, list[R]] = {}
    for name, row in zip(names, rows, strict=True):
        by_name.setdefault(name, []).append(row)
    return [(item, by_name[first].pop(0)) for item in items if by_name.get(first := named(item)[0])]


def unanswered(items: Sequence[T], error: VendorError, now: datetime) -> list[Result]:
    """The results of a call that failed: unknown where it may have arrived, else not sent."""
    if error.sent and isinstance(error, NotReadyError | BadResponseError):
        return [Unknown(problem=error.problem)] * len(items)
    return not_sent(items, error, now)


def not_sent(items: Iterable[T], error: VendorError, now: datetime) -> list[Result]:
    """The results of what was held back: again at the instant the vendor named, else soon."""
    until = error.until if isinstance(error, RateLimitedError) else now + RETRY
    return [NotSent(until=until, problem=error.problem) for _ in items]


async def findings(
    items: Sequence[T], look: Callable[[Sequence[T]], Awaitable[Mapping[int, Finding]]], now: datetime
) -> list[Finding]:
    """One finding each, in order: ``look`` gives those that are there by place, the others are absent as of ``now``.

    When the system cannot be asked nothing is said of any; an error of the whole connection is raised.
    """
    try:
        with understood():
            found = await look(items)
    except STOPPING:
        raise
    except VendorError as error:
        return [CannotTell(problem=error.problem)] * len(items)
    return [found.get(place, Absent(as_of=now)) for place in range(len(items))]
