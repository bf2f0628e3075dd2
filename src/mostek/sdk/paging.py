"""Reading lists by numbered pages while they change: which page comes next, and when a pass is over.

Whatever leaves a page that was read moves the rest up, and an item slips from an unread page into a read one. Two
laws keep that from losing anything, both pure:

* :class:`Changes`, for lists that can be sorted by the time of change: the next call starts at the last page's last
  time instead of asking for page 2, so nothing can slip. Only when more than a page changed within two seconds does
  it go on by page, and runs over these pages again until a run brings nothing new; three times at most.
* :class:`Sweep`, for lists in no known order: all pages, and all of them again while the source's count changed
  meanwhile, differs from what was seen, a page came twice, or the sweep was cut; three times at most.

Each pass begins some minutes before the last one began, by the source's clock, for changes that were committed late.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

import msgspec

from mostek.documents.problem import Problem, printable
from mostek.sdk.errors import ConfigurationError

OVERLAP = timedelta(minutes=5)
SWEEPS = 3
_TICK = timedelta(seconds=1)  # times have whole seconds, and whether "from" includes its own is not said


class Cursor(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Where a feed stands, stored as JSON text; all times are the source's.

    Between passes only ``by`` (which time is asked for) and ``since`` are set. Within a pass: when it ``started``, the
    next ``page``, which ``sweep`` over these pages it is, and ``unsure`` once something may have slipped from it.
    Changes: the ``latest`` time seen, and ``doubt`` when a run of pages stayed unsure. Sweep: the source's count
    ``total`` at its beginning.
    """

    by: Literal["created", "changed"]
    since: datetime
    started: datetime | None = None
    page: int = 1
    sweep: int = 1
    unsure: bool = False
    latest: datetime | None = None
    doubt: bool = False
    total: int | None = None


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """One numbered page: its items' ids and times of change (None: not readable), and what the source says of it.

    ``pages`` and ``total`` are the source's counts of pages and items, None when it gave none; ``at`` is its clock.
    """

    ids: Sequence[str]
    changed: Sequence[datetime | None] = ()
    pages: int | None
    total: int | None
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


class Changes:
    """A list sorted by the time of change, ascending; items created since count as changed since."""

    def __init__(self) -> None:
        self._known: set[str] = set()  # ids since the cursor's time, in any run
        self._run: set[str] = set()  # ids in this run of pages

    def first(self, since: datetime) -> Cursor:
        """From there on by the time of change."""
        return Cursor(by="changed", since=since)

    def after(self, cursor: Cursor, sheet: Sheet) -> Step:
        """On from the last time of the page; else, within the same second, on to the next page."""
        times = [at for at in sheet.changed if at]
        cursor = msgspec.structs.replace(
            cursor,
            started=cursor.started or sheet.at,
            latest=max([*times, *([cursor.latest] if cursor.latest else [])], default=None),
            unsure=cursor.unsure or not self._known.issuperset(sheet.ids),
        )
        repeated = cursor.page > 1 and bool(sheet.ids) and self._run.issuperset(sheet.ids)
        self._known.update(sheet.ids)
        self._run.update(sheet.ids)
        left = _pages_left(cursor, sheet)
        edge = times[-1] - _TICK if times and times == sorted(times) else cursor.since
        if left and not repeated and edge <= cursor.since:
            return Step(cursor=msgspec.structs.replace(cursor, page=cursor.page + 1), more=True)
        self._run.clear()
        unsure = cursor.page > 1 and (cursor.unsure or repeated)
        if unsure and cursor.sweep < SWEEPS:
            again = msgspec.structs.replace(cursor, page=1, sweep=cursor.sweep + 1, unsure=False)
            return Step(cursor=again, more=True)
        return self._onward(cursor, edge if left else None, unsure=unsure)

    def _onward(self, cursor: Cursor, edge: datetime | None, *, unsure: bool) -> Step:
        """From the edge on; at the end to the next pass, which begins before this one: a time may lie in the future.

        Pages that repeat for ever hide what is behind them: the next pass tries the same place again.
        """
        self._known.clear()
        doubt = cursor.doubt or unsure
        stuck = edge is not None and edge <= cursor.since
        if edge and not stuck:
            onward = msgspec.structs.replace(cursor, since=edge, page=1, sweep=1, unsure=False, doubt=doubt)
            return Step(cursor=onward, more=True)
        started = cursor.started or cursor.since
        since = min(cursor.latest, started) - OVERLAP if cursor.latest and not stuck else cursor.since
        watermark = None if doubt else started - OVERLAP
        return Step(cursor=Cursor(by="changed", since=since), more=False, watermark=watermark)


class Sweep:
    """A list in no known order, which can be asked for what was created or changed since."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._page = 0

    def first(self, since: datetime) -> Cursor:
        """Created since; the passes after it ask for what was changed."""
        return Cursor(by="created", since=since)

    def after(self, cursor: Cursor, sheet: Sheet) -> Step:
        """The next page, another sweep, or the end."""
        resumed = cursor.page != self._page + 1
        total = sheet.total if cursor.page == 1 else cursor.total
        repeated = self._seen.issuperset(sheet.ids)
        self._seen.update(sheet.ids)
        self._page = cursor.page
        cursor = msgspec.structs.replace(
            cursor,
            started=cursor.started or sheet.at,
            total=total,
            unsure=cursor.unsure or resumed or sheet.total != total or (repeated and bool(sheet.ids)),
        )
        if not repeated and _pages_left(cursor, sheet):
            return Step(cursor=msgspec.structs.replace(cursor, page=cursor.page + 1), more=True)
        return self._end(cursor)

    def _end(self, cursor: Cursor) -> Step:
        unsure = cursor.unsure or (cursor.total is not None and len(self._seen) != cursor.total)
        self._seen.clear()
        self._page = 0
        if unsure and cursor.sweep < SWEEPS:
            again = Cursor(by=cursor.by, since=cursor.since, started=cursor.started, sweep=cursor.sweep + 1)
            return Step(cursor=again, more=True)
        since = (cursor.started or cursor.since) - OVERLAP
        following = Cursor(by="changed", since=since)
        return Step(cursor=following, more=False, watermark=None if unsure else since)


def _pages_left(cursor: Cursor, sheet: Sheet) -> bool:
    """Whether there is a page after this one; without the source's word, a page that holds anything has one."""
    return bool(sheet.ids) and (sheet.pages is None or sheet.pages > cursor.page)
