"""Documents as they were sent into the books: a list to page through, and the very bytes to keep."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import msgspec

from mostek.commands.closing import KINDS
from mostek.desk.installation import Installation
from mostek.documents.money import Money
from mostek.documents.problem import invalid
from mostek.hub.ledger import Transaction, catalog
from mostek.hub.ledger.dialect import Row


class Sent(msgspec.Struct, kw_only=True):
    """What a flow sent for documents of these days of issue, a page at a time after a day and record.

    ``kinds``: some only. ``whole``: with the bytes that were sent.
    """

    slug: str
    since: date
    until: date
    kinds: tuple[str, ...] = ()
    day: date | None = None
    after: int = 0
    limit: int = 100
    whole: bool = False


class SentDocument(msgspec.Struct, frozen=True, kw_only=True):
    """One document: ``sent`` in milliseconds since 1970, ``payload`` the bytes that went, where they were asked for."""

    record: int
    kind: str
    number: str
    total: Money | None
    day: date
    verb: str
    place: int
    state: str
    key: str
    target_id: str
    target_number: str
    sent: int
    payload: str = ""


class SentPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page; ``day`` and ``after`` are where the next one goes on, None at the end."""

    documents: tuple[SentDocument, ...]
    day: date | None
    after: int


async def sent(hub: Installation, request: Sent) -> SentPage:
    """One page, oldest day first; raises ``flow.unknown``."""
    flow = next((row for row in await hub.ledger.read(catalog.flows) if row.slug == request.slug), None)
    if flow is None:
        raise invalid("flow.unknown", "slug", slug=request.slug)
    kinds = [kind for kind in KINDS if not request.kinds or kind in request.kinds]
    rows, more = await hub.ledger.read(_page, flow.id, kinds, request)
    last = rows[-1] if rows else None
    return SentPage(
        documents=tuple(_document(row) for row in rows),
        day=date.fromisoformat(last["dated"]) if last and more else None,
        after=last["record"] if last and more else 0,
    )


def _page(tx: Transaction, flow: int, kinds: Sequence[str], request: Sent) -> tuple[list[Row], bool]:
    """Day by day, so that each page costs what it shows; all effects of one record are on one page."""
    rows: list[Row] = []
    begin, until = (request.day or request.since).isoformat(), request.until.isoformat()
    found = tx.one("next_day_of_flow", flow=flow, since=begin, until=until)
    while found and found["day"]:
        day = found["day"]
        after = request.after if request.day and day == begin else 0
        wanted = request.limit - len(rows) + 1
        rows += tx.rows(
            "sent_documents", flow=flow, day=day, after=after, kinds=list(kinds), limit=wanted, whole=int(request.whole)
        )
        if len(rows) > request.limit:
            cut = _whole_records(rows, request.limit)
            return rows[:cut], True
        if day >= until:
            break
        after_it = date.fromisoformat(day) + timedelta(days=1)
        found = tx.one("next_day_of_flow", flow=flow, since=after_it.isoformat(), until=until)
    return rows, False


def _whole_records(rows: Sequence[Mapping[str, object]], limit: int) -> int:
    """How many of the rows to give so that no record is parted: a record has far fewer effects than a page rows."""
    cut = limit
    while cut > 1 and rows[cut - 1]["record"] == rows[cut]["record"]:
        cut -= 1
    return cut


def _document(row: Row) -> SentDocument:
    return SentDocument(
        record=row["record"],
        kind=row["kind"],
        number=row["number"] or row["source_id"],
        total=Money(row["total"], row["currency"]) if row["currency"] is not None else None,
        day=date.fromisoformat(row["dated"]),
        verb=row["verb"],
        place=row["place"],
        state=row["state"],
        key=row["key"],
        target_id=row["target_id"] or "",
        target_number=row["target_number"] or "",
        sent=row["sent"],
        payload=row["payload"] or "",
    )
