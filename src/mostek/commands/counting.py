"""Counting documents into the sums of sales, VAT and products, as they are read and change."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
import structlog

from mostek.desk import counting
from mostek.desk.counting import Counted, Sums
from mostek.desk.installation import Installation
from mostek.documents.invoice import Invoice
from mostek.documents.money import Money
from mostek.documents.problem import InvalidDocumentError
from mostek.hub.connections import Opened
from mostek.hub.ledger import DATABASE_ERRORS, Transaction
from mostek.hub.ledger.dialect import Row
from mostek.sdk.errors import VendorError
from mostek.sdk.record import Record

LOG = structlog.get_logger()
_BATCH = 200
_PAUSE = 60.0
_DECODE = msgspec.json.Decoder(Counted).decode


class Count(msgspec.Struct, kw_only=True):
    """Count what is not counted yet; ``anew``: everything, as after a change of how documents are read."""

    anew: bool = False


class Counting(msgspec.Struct, frozen=True, kw_only=True):
    """How many documents were counted."""

    documents: int


class _Reading(NamedTuple):
    row: Row
    counted: Counted
    document: Invoice | None


async def count(hub: Installation, request: Count) -> Counting:
    """Count a batch at a time until nothing is left; documents that come meanwhile are the next call's."""
    if request.anew:
        await hub.ledger.write(Transaction.run, "recount")
    done, after = 0, 0
    while rows := await hub.ledger.read(Transaction.rows, "uncounted", after=after, limit=_BATCH):
        after = rows[-1]["record"]
        sources = {number: await _source(hub, number) for number in {row["connection"] for row in rows}}
        # Away from the loop: reading documents takes a while, and others work on it.
        read = await asyncio.to_thread(_read_all, rows, sources)
        done += await hub.ledger.write(_put, read)
    return Counting(documents=done)


async def keep_counting(hub: Installation) -> None:
    """Count whatever comes, until cancelled; half of the time it leaves to others."""
    while True:
        seen, begun = hub.ledger.generation, time.monotonic()
        try:
            counted = (await count(hub, Count())).documents
        except DATABASE_ERRORS as error:
            LOG.warning("documents are not counted", reason=type(error).__name__)
            counted = 0
        await asyncio.sleep(min(max(time.monotonic() - begun, 1.0), 5.0))
        if not counted:
            await hub.ledger.changed(seen, _PAUSE)


async def left(hub: Installation) -> int:
    """How many documents are still to be counted, up to 100,000."""
    rows = await hub.ledger.read(Transaction.rows, "uncounted_left")
    return int(rows[0]["n"])


async def _source(hub: Installation, number: int) -> Opened | None:
    """The connection that the documents are of; None while its settings do not let it be opened."""
    try:
        return await hub.connections.get(number)
    except (InvalidDocumentError, VendorError):
        return None


def _read_all(rows: Sequence[Row], sources: dict[int, Opened | None]) -> list[_Reading]:
    return [_read(row, sources) for row in rows]


def _read(row: Row, sources: dict[int, Opened | None]) -> _Reading:
    connection, kind = row["connection"], row["kind"]
    if not row["payload"]:  # gone from the source
        return _Reading(row, counting.nothing(connection, kind), None)
    document = _parsed(row, sources[connection])
    if document is not None:
        return _Reading(row, counting.of_document(connection, kind, document), document)
    total = Money(row["total"], row["currency"]) if row["currency"] is not None else None
    return _Reading(row, counting.of_summary(connection, kind, total, row["dated"] or ""), None)


def _parsed(row: Row, source: Opened | None) -> Invoice | None:
    if source is None or source.connector.parse is None:
        return None
    raw = Record(kind=row["kind"], id=row["source_id"], root="", payload=row["payload"].encode(), fingerprint="")
    try:
        document = source.connector.parse(source.settings, raw)
    except Exception:  # noqa: BLE001 - what cannot be read is in the inbox; here it counts with its total only
        return None
    return document if isinstance(document, Invoice) else None


def _put(tx: Transaction, read: Sequence[_Reading]) -> int:
    """Take back what the documents were counted with before, and add what they say now; each version once."""
    versions = [{"record": each.row["record"], "version": each.row["version"]} for each in read]
    claimed = {row["record"] for row in tx.rows("claim_uncounted", claimed=versions)}
    fresh = [each for each in read if each.row["record"] in claimed]
    sums = Sums()
    for row in tx.rows("counted_before", records=sorted(claimed)):
        sums.add(_DECODE(row["body"]), -1)
    for each in fresh:
        sums.add(each.counted)
    if fresh:
        tx.many("put_counted", [_row(each) for each in fresh])
    for statement, rows in (("add_sale", sums.sales), ("add_sale_vat", sums.vat), ("add_sale_product", sums.products)):
        if rows:
            tx.many(statement, rows)
    return len(fresh)


def _row(read: _Reading) -> dict[str, Any]:
    document, row = read.document, read.row
    return {
        "record": row["record"],
        "workspace": row["workspace"],
        "connection": row["connection"],
        "version": row["version"],
        "dated": read.counted.issued or row["dated"],
        "due": document.due.isoformat() if document and document.due else None,
        "currency": read.counted.currency or None,
        "unpaid": counting.unpaid(document) if document else 0,
        "readable": int(document is not None or not row["payload"]),
        "body": msgspec.json.encode(read.counted).decode(),
    }
