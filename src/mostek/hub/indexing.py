"""Making records findable that were stored before their terms were kept, or when terms were made otherwise."""

from collections.abc import Mapping

from mostek.core.terms import VERSION, terms
from mostek.documents.money import Money
from mostek.hub.engine import Engine
from mostek.hub.ledger import Transaction
from mostek.hub.ledger.dialect import Row
from mostek.hub.ledger.feeds import put_terms
from mostek.hub.reading import terms_of
from mostek.sdk.record import Record, Summary

_BATCH = 100
_DONE = "done"


async def index(engine: Engine) -> bool:
    """Index some of the records stored earlier; returns whether there are more. Twice the same changes nothing."""
    after = await engine.ledger.read(indexed)
    if after is None:
        return False
    rows = await engine.ledger.read(Transaction.rows, "records_to_index", after=after, limit=_BATCH)
    by_feed: dict[int, dict[tuple[str, str], tuple[str, ...]]] = {}
    for row in rows:
        opened, record = await engine.open(row["connection"]), _record(row)
        found = terms_of(opened, record) if opened else terms(record, None)
        by_feed.setdefault(row["feed"], {})[row["kind"], row["source_id"]] = found
    await engine.ledger.write(_put, by_feed, str(rows[-1]["id"]) if rows else _DONE)
    return bool(rows)


def indexed(tx: Transaction) -> int | None:
    """Up to which record everything can be found; None once that is all of them."""
    stored = {row["name"]: row["value"] for row in tx.rows("installation")}.get("terms", "")
    version, _, place = stored.partition(":")
    if version != str(VERSION):
        return 0
    return None if place == _DONE else int(place)


def _put(tx: Transaction, by_feed: Mapping[int, Mapping[tuple[str, str], tuple[str, ...]]], place: str) -> None:
    for feed, found in by_feed.items():
        put_terms(tx, feed, found)
    tx.run("put_installation", name="terms", value=f"{VERSION}:{place}")


def _record(row: Row) -> Record:
    total = Money(row["total"], row["currency"]) if row["currency"] is not None else None
    return Record(
        kind=row["kind"],
        id=row["source_id"],
        root=row["root"],
        payload=row["payload"].encode(),
        fingerprint="",
        summary=Summary(number=row["number"], total=total),
    )
