"""Making stored records findable: their terms are made beside the run, from the documents they hold.

A record whose reading takes the program down must not keep the others from being found, nor be tried for ever: it is
counted before it is read, then tried alone, then found by the words in it only.
"""

from collections.abc import Mapping, Sequence

from mostek.core.terms import terms
from mostek.documents.money import Money
from mostek.hub.connections import Opened
from mostek.hub.engine import Engine
from mostek.hub.ledger import Transaction
from mostek.hub.ledger.dialect import Row
from mostek.sdk.record import Record, Summary

_BATCH = 100
_TRIES = 2


async def index(engine: Engine) -> int:
    """Index some records that were stored; returns how many. Twice the same changes nothing."""
    if not await engine.ledger.read(Transaction.rows, "to_index"):
        return 0
    taken = {row["record"]: row["attempts"] for row in await engine.ledger.write(_take)}
    rows = await engine.ledger.read(Transaction.rows, "records_to_index", records=list(taken))
    found: dict[int, Sequence[str]] = {}
    for row in rows:
        opened = await engine.open(row["connection"]) if taken[row["id"]] <= _TRIES else None
        found[row["id"]] = _terms(_record(row), opened)
    versions = dict.fromkeys(taken, 0) | {row["id"]: row["version"] for row in rows}
    await engine.ledger.write(_put, found, versions)
    return len(taken)


def _terms(record: Record, opened: Opened | None) -> Sequence[str]:
    if opened is None or opened.connector.parse is None or not record.payload:
        return terms(record, None)
    try:
        return terms(record, opened.connector.parse(opened.settings, record))
    except Exception:  # noqa: BLE001 - why it cannot be read is told when it is planned
        return terms(record, None)


def _take(tx: Transaction) -> list[Row]:
    return tx.rows("take_unindexed", suspects=0, limit=_BATCH) or tx.rows("take_unindexed", suspects=1, limit=1)


def _put(tx: Transaction, found: Mapping[int, Sequence[str]], versions: Mapping[int, int]) -> None:
    """What was stored anew meanwhile stays to be indexed."""
    tx.run("drop_terms", records=list(found))
    tx.run("put_terms", terms=[{"record": record, "term": term} for record, each in found.items() for term in each])
    tx.run("drop_unindexed", indexed=[{"record": record, "version": version} for record, version in versions.items()])


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
