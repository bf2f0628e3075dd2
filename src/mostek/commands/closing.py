"""Closing a month: what is still open in it, how both sides compared, and what came after the books were closed."""

import json
from calendar import monthrange
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, get_args

import msgspec

from mostek.commands import counting
from mostek.commands.connecting import number_of
from mostek.core import policy as policies
from mostek.desk.installation import Installation
from mostek.documents.invoice import DocumentKind
from mostek.documents.money import Money
from mostek.documents.problem import Problem, invalid
from mostek.hub.connections import connector_of
from mostek.hub.ledger import Transaction, catalog
from mostek.hub.ledger.catalog import ConnectionRow, FlowRow
from mostek.hub.ledger.dialect import Row

KINDS = tuple(get_args(DocumentKind))
STATES = ("done", "waiting", "in_doubt", "parked", "excluded")
OPEN = ("parked", "in_doubt", "waiting")
_DAY_MS = 24 * 3600 * 1000
_CHANGES = 200


class Books(msgspec.Struct, kw_only=True):
    """All books that flows carry documents into, and up to which day each is closed."""


class Month(msgspec.Struct, kw_only=True):
    """One month of one system's books; ``month`` as ``2026-05``, empty for the one that is to be closed next."""

    slug: str
    month: str = ""


class BooksView(msgspec.Struct, frozen=True, kw_only=True):
    """The books of one system, and the flows into them."""

    slug: str
    name: str
    closed_until: date | None
    flows: tuple[str, ...]


class Sum(msgspec.Struct, frozen=True, kw_only=True):
    """How many documents, and what they come to in each currency; of those without an amount only the number."""

    count: int
    amounts: tuple[Money, ...] = ()


class Open(msgspec.Struct, frozen=True, kw_only=True):
    """Documents of one state and cause that are not done; ``example`` is the problem of one of them."""

    state: str
    cause: str
    sum: Sum
    example: Problem


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """How both sides last compared; ``at`` in milliseconds since 1970, ``stale`` when something changed since."""

    at: int
    differences: int
    told: int
    stale: bool


class FlowMonth(msgspec.Struct, frozen=True, kw_only=True):
    """One flow's part of a month. ``unread``: lists of the source that were not read to the end of the month.

    ``undated``: documents whose day cannot be read, so that they may belong here.
    """

    flow: str
    source: str
    state: str
    states: Mapping[str, Sum]
    open: tuple[Open, ...]
    unread: tuple[str, ...]
    undated: int
    unpaid: Sum
    checked: Checked | None

    @property
    def documents(self) -> int:
        """How many documents the shop has in this month."""
        return sum(found.count for found in self.states.values())

    @property
    def is_ready(self) -> bool:
        """Whether nothing speaks against closing."""
        settled = not any(self.states[state].count for state in OPEN if state in self.states)
        agreed = self.checked is not None and not self.checked.differences and not self.checked.stale
        return settled and agreed and not self.unread and not self.undated


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A document of a closed month that the source changed, or showed for the first time, after the closing."""

    record: int
    flow: str
    kind: str
    number: str
    total: Money | None
    day: date
    at: int
    is_new: bool
    gone: bool
    state: str
    cause: str


class Closing(msgspec.Struct, frozen=True, kw_only=True):
    """One time that somebody moved the day up to which the books are closed; None: he opened them."""

    at: int
    person: str
    until: date | None


class MonthView(msgspec.Struct, frozen=True, kw_only=True):
    """A month of some books: what each flow brought, what is open, and what happened after it was closed.

    ``uncounted``: documents whose payments are not counted yet. ``changes``: at most 200, of a closed month only.
    """

    books: BooksView
    month: str
    since: date
    until: date
    is_over: bool
    is_closed: bool
    closed: Closing | None
    flows: tuple[FlowMonth, ...]
    closings: tuple[Closing, ...]
    changes: tuple[Change, ...]
    uncounted: int
    months: tuple[str, ...]

    @property
    def is_ready(self) -> bool:
        """Whether nothing speaks against closing the month."""
        return self.is_over and all(flow.is_ready for flow in self.flows)


async def books(hub: Installation, _: Books) -> tuple[BooksView, ...]:
    """Every system that can be written to."""
    flows = await hub.ledger.read(catalog.flows)
    rows = await hub.ledger.read(catalog.connections)
    return tuple(_books(row, flows) for row in rows if _keeps_books(row))


async def month(hub: Installation, request: Month) -> MonthView:
    """Count the month as it stands now; raises ``month.invalid`` for a text that names none."""
    number = await number_of(hub, request.slug)
    row = await hub.ledger.read(catalog.connection, number)
    if row is None or not _keeps_books(row):
        raise invalid("connection.no_target", "slug", slug=request.slug)
    sources = {found.id: found for found in await hub.ledger.read(catalog.connections)}
    own = [flow for flow in await hub.ledger.read(catalog.flows) if flow.target == number and _has_documents(flow)]
    view = _books(row, own)
    today = date.today()  # noqa: DTZ011 - the business's own day, as the server's clock has it
    months = await hub.ledger.read(_months, own)
    chosen = request.month or _next(view.closed_until, months, today)
    since, until = span(chosen)
    closings = _closings(await hub.ledger.read(Transaction.rows, "closings"), request.slug)
    closed = _closed(closings, until) if view.closed_until and view.closed_until >= until else None
    changes = await hub.ledger.read(_changes, own, since, until, closed.at) if closed else []
    return MonthView(
        books=view,
        month=chosen,
        since=since,
        until=until,
        is_over=until < today,
        is_closed=view.closed_until is not None and view.closed_until >= until,
        closed=closed,
        flows=tuple([await hub.ledger.read(_flow, flow, sources[flow.source], since, until) for flow in own]),
        closings=tuple(reversed(closings[-12:])),
        changes=tuple(changes),
        uncounted=await counting.left(hub),
        months=tuple(sorted({*months, chosen, f"{today:%Y-%m}"}, reverse=True)),
    )


def span(month: str) -> tuple[date, date]:
    """The first and the last day of a month; raises ``month.invalid``."""
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        raise invalid("month.invalid", "month", text=month) from None
    return first, first.replace(day=monthrange(first.year, first.month)[1])


def _next(closed_until: date | None, months: Sequence[str], today: date) -> str:
    """The month to close next: the one after the closed ones, else the last that is over and has documents."""
    if closed_until:
        return f"{closed_until + timedelta(days=1):%Y-%m}"
    over = [month for month in months if month < f"{today:%Y-%m}"]
    return over[-1] if over else months[-1] if months else f"{today:%Y-%m}"


def _keeps_books(row: ConnectionRow) -> bool:
    """Whether documents are written into this system: a shop that takes customers' cards is no books."""
    return not connector_of(row.connector).manifest.writes.keys().isdisjoint(KINDS)


def _has_documents(flow: FlowRow) -> bool:
    return not set(KINDS).isdisjoint(policies.load(flow.policy).kinds)


def _books(row: ConnectionRow, flows: Iterable[FlowRow]) -> BooksView:
    into = [flow for flow in flows if flow.target == row.id and _has_documents(flow)]
    until = next((flow.closed_until for flow in into if flow.closed_until), None)
    return BooksView(
        slug=row.slug,
        name=connector_of(row.connector).manifest.names["en"],
        closed_until=date.fromisoformat(until) if until else None,
        flows=tuple(flow.slug for flow in into),
    )


def _months(tx: Transaction, flows: Sequence[FlowRow]) -> list[str]:
    sources = {flow.source for flow in flows}
    return sorted({row["period"] for source in sources for row in tx.rows("months_of_sales", source=source)})


def _flow(tx: Transaction, flow: FlowRow, source: ConnectionRow, since: date, until: date) -> FlowMonth:
    days = {"since": since.isoformat(), "until": until.isoformat()}
    every = tx.rows("documents_of_period", flow=flow.id, kinds=list(KINDS), **days)
    rows = tx.rows("open_of_period", flow=flow.id, kinds=list(KINDS), **days)
    undated = tx.rows("undated_of_flow", flow=flow.id, kinds=list(KINDS))
    end = int((until - date(1970, 1, 1)).days + 1) * _DAY_MS
    manifest = connector_of(source.connector).manifest
    lists = {name for name, feed in manifest.feeds.items() if not set(KINDS).isdisjoint(feed.kinds)}
    feeds = [feed for feed in tx.rows("watermarks_of_source", source=flow.source) if feed["name"] in lists]
    causes = sorted({(row["state"], row["cause"]) for row in rows if row["state"] in OPEN})
    return FlowMonth(
        flow=flow.slug,
        source=source.slug,
        state=flow.state,
        states={
            "done": _sum(every, less=rows),
            **{state: _sum(row for row in rows if row["state"] == state) for state in STATES[1:]},
        },
        open=tuple(_open(state, cause, rows) for state, cause in sorted(causes, key=lambda pair: OPEN.index(pair[0]))),
        unread=tuple(feed["name"] for feed in feeds if feed["watermark"] is None or feed["watermark"] < end),
        undated=sum(row["n"] for row in undated if row["state"] in OPEN),
        unpaid=_sum(tx.rows("unpaid_of_source", source=flow.source, **days)),
        checked=_checked(tx, flow, days),
    )


def _open(state: str, cause: str, rows: Iterable[Row]) -> Open:
    alike = [row for row in rows if (row["state"], row["cause"]) == (state, cause)]
    problem = next((row["problem"] for row in alike if row["problem"]), "")
    example = msgspec.json.decode(problem, type=Problem) if problem else Problem(cause=cause)
    return Open(state=state, cause=cause, sum=_sum(alike), example=example)


def _checked(tx: Transaction, flow: FlowRow, days: Mapping[str, str]) -> Checked | None:
    row = tx.one("reconciled", flow=flow.id, **days)
    if row is None:
        return None
    changed = tx.rows("changed_in_period", flow=flow.id, kinds=list(KINDS), at=row["at"], limit=1, **days)
    return Checked(at=row["at"], differences=row["differences"], told=row["told"], stale=bool(changed))


def _sum(rows: Iterable[Row], less: Iterable[Row] = ()) -> Sum:
    count, amounts = 0, Counter[str]()
    for row, factor in (*((row, 1) for row in rows), *((row, -1) for row in less)):
        count += factor * row["n"]
        if row["currency"] is not None:
            # A credit note takes away from what was sold.
            sign = -1 if dict(row).get("kind") == "credit_note" else 1
            amounts[row["currency"]] += sign * factor * row["total"]
    return Sum(count=count, amounts=tuple(Money(amounts[code], code) for code in sorted(amounts)))


def _changes(tx: Transaction, flows: Sequence[FlowRow], since: date, until: date, at: int) -> list[Change]:
    days: dict[str, Any] = {"since": since.isoformat(), "until": until.isoformat(), "at": at, "limit": _CHANGES}
    found = [
        _change(flow, row)
        for flow in flows
        for row in tx.rows("changed_in_period", flow=flow.id, kinds=list(KINDS), **days)
    ]
    return sorted(found, key=lambda each: -each.at)[:_CHANGES]


def _change(flow: FlowRow, row: Row) -> Change:
    return Change(
        record=row["record"],
        flow=flow.slug,
        kind=row["kind"],
        number=row["number"] or row["source_id"],
        total=Money(row["total"], row["currency"]) if row["currency"] is not None else None,
        day=date.fromisoformat(row["dated"]),
        at=row["changed"],
        is_new=row["version"] == 1,
        gone=bool(row["absent"]),
        state=row["state"],
        cause=row["cause"],
    )


def _closings(rows: Iterable[Row], slug: str) -> list[Closing]:
    """Oldest first."""
    found = []
    for row in rows:
        request = json.loads(row["request"])
        if request.get("slug") == slug:
            until = request.get("until")
            day = date.fromisoformat(until) if until else None
            found.append(Closing(at=row["at"], person=row["person"], until=day))
    return found[::-1]


def _closed(closings: Sequence[Closing], until: date) -> Closing | None:
    """Since when a day has been closed without a break."""
    since: Closing | None = None
    for each in closings:
        since = None if each.until is None or each.until < until else since or each
    return since
