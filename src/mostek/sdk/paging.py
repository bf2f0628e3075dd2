"""Reading lists by numbered pages while they change: which page comes next, and when a pass is over.

Whatever leaves a page that was read moves the rest up, and an item slips from an unread page into a read one; counts
do not tell, because another item may have come. Two laws keep that from losing anything, both pure:

* :class:`Changes`, for lists that can be sorted by the time of change: the next call starts at the last page's last
  time instead of asking for page 2, so nothing can slip. Only when more than a page changed within two seconds does
  it go on by page, and then runs over these pages again until a run brings nothing that was there before.
* :class:`Sweep`, for lists in no known order: all pages, and when there was more than one, all of them again until a
  sweep brings nothing that was there before.

A third law, :class:`Keyset`, is for lists that can be asked for what follows an id.

Three times at most; what is unsure then is read again by the next pass. Each pass begins some minutes before the last
one began, by the source's clock, for changes that were committed late.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import count
from typing import Literal, Protocol

import msgspec

from mostek.documents.problem import Problem, printable
from mostek.sdk.errors import ConfigurationError
from mostek.sdk.items import Item, distinct, readable
from mostek.sdk.record import Page, Record

OVERLAP = timedelta(minutes=5)
SWEEPS = 3
_BEGINNING = date(2000, 1, 1)  # older than what is read
_TICK = timedelta(seconds=1)  # times have whole seconds, and whether "from" includes its own is not said


class Cursor(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Where a feed stands, stored as JSON text; all times are the source's.

    Between passes only ``by`` (which time is asked for) and ``since`` are set. Within a pass: when it ``started``, the
    next ``page`` (for :class:`Keyset` the last id), which ``sweep`` over these pages it is, and ``unsure`` once it
    brought what the sweep before should have. Changes: the ``latest`` time seen, and from where to read ``again`` what
    stayed unsure.
    """

    by: Literal["created", "changed"]
    since: datetime
    started: datetime | None = None
    page: int = 1
    sweep: int = 1
    unsure: bool = False
    latest: datetime | None = None
    again: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """One numbered page: its items' ids and times, how many ``pages`` there are (None: not said), the source's clock.

    The times are those of change for :class:`Changes` and of creation for :class:`Sweep`; None where not readable.
    """

    ids: Sequence[str]
    times: Sequence[datetime | None]
    pages: int | None
    at: datetime


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """The cursor after a page; at the end of the pass ``watermark`` says up to when all was read, if that is sure."""

    cursor: Cursor
    more: bool
    watermark: datetime | None = None


class Law(Protocol):
    """How one feed is read; it lives as long as one call of ``read`` and remembers the ids seen in it."""

    def first(self, since: datetime) -> Cursor:
        """The cursor of the very first pass."""

    def after(self, cursor: Cursor, sheet: Sheet) -> Step:
        """What follows the page that ``cursor`` asked for."""


@dataclass(frozen=True, kw_only=True)
class Listing:
    """One page of a list: its items, how many pages there are (None: not said), and the source's clock."""

    items: Sequence[Item]
    pages: int | None
    at: datetime


async def follow(
    law: Law, cursor: str, since: date | None, zone: tzinfo, ask: Callable[[Cursor], Awaitable[Listing]]
) -> AsyncIterator[Page]:
    """The pages of one pass from a stored cursor on, or from a day in the source's zone, as the law follows them."""
    start = datetime.combine(since or _BEGINNING, time.min, zone).astimezone(UTC)
    at, more = load(cursor) if cursor else law.first(start), True
    while more:
        listing = await ask(at)
        items = distinct(listing.items)
        ids, times = [f"{item.record.kind} {item.record.id}" for item in items], [item.time for item in items]
        step = law.after(at, Sheet(ids=ids, times=times, pages=listing.pages, at=listing.at))
        at, more = step.cursor, step.more
        records = tuple(item.record for item in items)
        yield Page(records=records, cursor=dump(at), more=more, watermark=step.watermark)


async def collect(
    ids: Sequence[str], batch: int, ask: Callable[[Sequence[str], int], Awaitable[Listing]]
) -> tuple[Record, ...]:
    """The records with these ids, so many asked for in a call; ``ask`` gives a page of the answer."""
    wanted = [id for id in dict.fromkeys(ids) if readable(id)]
    found: dict[tuple[str, str], Record] = {}
    for place in range(0, len(wanted), batch):
        numbers = wanted[place : place + batch]
        for page in count(1):
            listing = await ask(numbers, page)
            records = (item.record for item in distinct(listing.items) if item.record.id in numbers)
            fresh = {(record.kind, record.id): record for record in records}
            new = fresh.keys() - found.keys()
            found |= fresh
            # A filter that is not understood gives everything: no page after one without ours is followed.
            if not new or (listing.pages or 1) <= page:
                break
    return tuple(found.values())


def load(text: str) -> Cursor:
    """Read a stored cursor; raises :class:`ConfigurationError` for one that this version did not write."""
    try:
        return msgspec.json.decode(text, type=Cursor)
    except msgspec.DecodeError as error:
        problem = Problem(cause="payload.cursor", details={"reason": printable(error)})
        raise ConfigurationError(problem) from None


def dump(cursor: Cursor) -> str:
    """The text that is stored."""
    return msgspec.json.encode(cursor).decode()


class _Seen:
    """The ids seen: in this sweep, and in this or the one before it."""

    def __init__(self) -> None:
        self.ever: set[str] = set()
        self.sweep: set[str] = set()

    def take(self, cursor: Cursor, sheet: Sheet) -> tuple[Cursor, bool]:
        """The cursor with what the page tells, and whether the page is one that was there already.

        A sweep is unsure when it brings an item that is older than the pass: the sweep before should have brought it.
        """
        started = cursor.started or sheet.at
        repeated = cursor.page > 1 and bool(sheet.ids) and self.sweep.issuperset(sheet.ids)
        slipped = any(
            id not in self.ever and (at is None or at < started) for id, at in zip(sheet.ids, sheet.times, strict=True)
        )
        self.ever.update(sheet.ids)
        self.sweep.update(sheet.ids)
        unsure = cursor.unsure or slipped or repeated
        return msgspec.structs.replace(cursor, started=started, unsure=unsure), repeated

    def settled(self, cursor: Cursor) -> Cursor | None:
        """The beginning of another sweep when one is needed; None when this was the last."""
        self.sweep.clear()
        if cursor.page > 1 and cursor.unsure and cursor.sweep < SWEEPS:
            return msgspec.structs.replace(cursor, page=1, sweep=cursor.sweep + 1, unsure=False)
        self.ever.clear()
        return None


class Changes:
    """A list sorted by the time of change, ascending; items created since count as changed since."""

    def __init__(self) -> None:
        self._seen = _Seen()

    def first(self, since: datetime) -> Cursor:
        """From there on by the time of change."""
        return Cursor(by="changed", since=since)

    def after(self, cursor: Cursor, sheet: Sheet) -> Step:
        """On from the last time of the page; else, within the same second, on to the next page."""
        times = [at for at in sheet.times if at]
        latest = max([*times, *([cursor.latest] if cursor.latest else [])], default=None)
        cursor, repeated = self._seen.take(msgspec.structs.replace(cursor, latest=latest), sheet)
        left = _pages_left(cursor, sheet)
        edge = times[-1] - _TICK if times and times == sorted(times) else cursor.since
        if left and not repeated and edge <= cursor.since:
            return Step(cursor=msgspec.structs.replace(cursor, page=cursor.page + 1), more=True)
        sweep = self._seen.settled(cursor)
        if sweep:
            return Step(cursor=sweep, more=True)
        if cursor.page > 1 and cursor.unsure:
            cursor = msgspec.structs.replace(cursor, again=min(cursor.again or cursor.since, cursor.since))
        if left and edge > cursor.since:
            return Step(cursor=msgspec.structs.replace(cursor, since=edge, page=1, sweep=1, unsure=False), more=True)
        return self._end(cursor)

    def _end(self, cursor: Cursor) -> Step:
        step = _ended(cursor)
        since = min(step.cursor.since, cursor.again or step.cursor.since)
        watermark = None if cursor.again else step.watermark
        return Step(cursor=Cursor(by="changed", since=since), more=False, watermark=watermark)


class Keyset:
    """A list that can be asked for what changed since a time and has a higher id than the last one: nothing can slip.

    Pages hold ``size`` items but for the last one. Ids are whole numbers, told as ``contact 17``.
    """

    def __init__(self, size: int) -> None:
        self._size = size

    def first(self, since: datetime) -> Cursor:
        """From the lowest id on."""
        return Cursor(by="changed", since=since, page=0)

    def after(self, cursor: Cursor, sheet: Sheet) -> Step:
        """On behind the highest id; a page that brings none ends the pass."""
        numbers = [int(number) for id in sheet.ids if (number := id.rpartition(" ")[2]).isdigit()]
        last = max(numbers, default=0)
        latest = max([at for at in (*sheet.times, cursor.latest) if at], default=None)
        cursor = msgspec.structs.replace(cursor, started=cursor.started or sheet.at, latest=latest)
        if len(sheet.ids) >= self._size and last > cursor.page:
            return Step(cursor=msgspec.structs.replace(cursor, page=last), more=True)
        step = _ended(cursor)
        return msgspec.structs.replace(step, cursor=msgspec.structs.replace(step.cursor, page=0))


class Sweep:
    """A list in no known order, which can be asked for what was created or changed since.

    The very first pass asks ``by`` one of these, the passes after it for what was changed.
    """

    def __init__(self, by: Literal["created", "changed"] = "created") -> None:
        self._seen, self._by = _Seen(), by

    def first(self, since: datetime) -> Cursor:
        """All that was created, or changed, since then."""
        return Cursor(by=self._by, since=since)

    def after(self, cursor: Cursor, sheet: Sheet) -> Step:
        """The next page, another sweep, or the end."""
        cursor, repeated = self._seen.take(cursor, sheet)
        if not repeated and _pages_left(cursor, sheet):
            return Step(cursor=msgspec.structs.replace(cursor, page=cursor.page + 1), more=True)
        sweep = self._seen.settled(cursor)
        if sweep:
            return Step(cursor=sweep, more=True)
        if cursor.page > 1 and cursor.unsure:
            return Step(cursor=Cursor(by=cursor.by, since=cursor.since), more=False)
        since = (cursor.started or cursor.since) - OVERLAP
        return Step(cursor=Cursor(by="changed", since=since), more=False, watermark=since)


def _ended(cursor: Cursor) -> Step:
    """The next pass begins before the latest time seen, and before this pass: a time may lie in the future."""
    started = cursor.started or cursor.since
    since = min(cursor.latest, started) - OVERLAP if cursor.latest else cursor.since
    return Step(cursor=Cursor(by="changed", since=since), more=False, watermark=started - OVERLAP)


def _pages_left(cursor: Cursor, sheet: Sheet) -> bool:
    """Whether there is a page after this one; without the source's word, a page that holds anything has one."""
    return bool(sheet.ids) and (sheet.pages is None or sheet.pages > cursor.page)
