"""Commands on what is about to be sent: what is next at each target, and putting something before all else."""

from collections.abc import Mapping
from operator import itemgetter
from typing import Any

import msgspec

from mostek.commands.mending import Mended
from mostek.desk.installation import Installation
from mostek.documents.money import Money
from mostek.hub.ledger import Transaction, catalog

# So many are told; what is behind them is counted up to a bound: a long queue costs no more than a short one.
SHOWN, COUNTED = 20, 1_000


class Queue(msgspec.Struct, kw_only=True):
    """What is next at each target, live work before back-fill."""

    limit: int = SHOWN


class First(msgspec.Struct, kw_only=True):
    """Put these records before all back-fill, as if they had just come."""

    records: tuple[int, ...]


class Next(msgspec.Struct, frozen=True, kw_only=True):
    """One effect that is about to be made; ``backfill`` when live work passes it."""

    record: int
    flow: str
    kind: str
    number: str
    verb: str
    total: Money | None
    backfill: bool


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """The queue of one target: the next ones, and how many there are in all, at most :data:`COUNTED` counted."""

    connection: str
    items: tuple[Next, ...]
    count: int

    @property
    def more(self) -> bool:
        """Whether there are more than were counted."""
        return self.count >= COUNTED


async def queue(hub: Installation, request: Queue) -> tuple[Line, ...]:
    """The targets in the order in which they were connected; one without work has an empty queue."""
    slugs = {row.id: row.slug for row in await hub.ledger.read(catalog.connections)}
    return await hub.ledger.read(_lines, slugs, request.limit)


async def first(hub: Installation, request: First) -> Mended:
    """Move them; one that is sent already, or decided again just now, is not touched."""
    rows = await hub.ledger.write(Transaction.rows, "put_first", records=list(request.records))
    moved = tuple(sorted({row["record"] for row in rows}))
    return Mended(records=moved, untouched=tuple(sorted(set(request.records) - set(moved))))


def _lines(tx: Transaction, slugs: Mapping[int, str], limit: int) -> tuple[Line, ...]:
    found = []
    for row in tx.rows("endpoints"):
        number = row["connection"]
        of_flows = [
            tx.rows("queue", connection=number, flow=flow["id"], limit=limit)
            for flow in tx.rows("flows_into", connection=number)
        ]
        items = sorted((item for items in of_flows for item in items), key=itemgetter("lane", "passage", "place"))[
            :limit
        ]
        count = len(items) if len(items) < limit else tx.rows("queue_count", connection=number, limit=COUNTED)[0]["n"]
        found.append(Line(connection=slugs[number], items=tuple(map(_next, items)), count=count))
    return tuple(found)


def _next(row: Mapping[str, Any]) -> Next:
    return Next(
        record=row["record"],
        flow=row["flow"],
        kind=row["kind"],
        number=row["number"] or row["source_id"],
        verb=row["verb"],
        total=Money(row["total"], row["currency"]) if row["currency"] is not None else None,
        backfill=row["lane"] > 0,
    )
