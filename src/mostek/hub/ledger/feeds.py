"""Feeds in the ledger: pages become record versions, and move the cursor in the same transaction."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from mostek.core import schedule as schedules
from mostek.core.schedule import Schedule
from mostek.documents.problem import printable
from mostek.hub.ledger.dialect import Row
from mostek.hub.ledger.store import StaleLeaseError, Transaction
from mostek.sdk.record import Page, Record

LEASE_MS = 60_000


class FeedLease(msgspec.Struct, frozen=True, kw_only=True):
    """The right to read one feed until it is released or expires; ``fence`` proves it."""

    feed: int
    workspace: int
    connection: int
    name: str
    owner: str
    fence: int
    cursor: str
    since: str | None
    passes: int
    every: int
    timetable: str | None = None

    @property
    def schedule(self) -> Schedule:
        """When the list is read."""
        return schedules.stored(self.every, self.timetable)

    @property
    def backfill(self) -> bool:
        """Whether the list was never read to its end."""
        return not self.passes


def lease(tx: Transaction, owner: str, feeds: Sequence[int], *, forced: bool = False) -> FeedLease | None:
    """Take the feed that has been due longest, or none; ``forced`` takes one before it is due."""
    row = tx.one("lease_feed", owner=owner, ttl=LEASE_MS, feeds=list(feeds), forced=int(forced))
    return FeedLease(**row) if row else None


def store_page(tx: Transaction, held: FeedLease, page: Page) -> int:
    """Store what is new or changed of a page, touch its cases, wake who waited for it, move the cursor.

    Returns how many records were new or changed. Raises :class:`StaleLeaseError` when the lease has passed on.
    """
    changed = put_records(tx, held, page.records, lane=int(held.backfill))
    watermark = _ms(page.watermark) if page.watermark else None
    moved = tx.one(
        "move_feed",
        feed=held.feed,
        fence=held.fence,
        owner=held.owner,
        cursor=page.cursor,
        watermark=watermark,
        finished=int(page.watermark is not None),
        ttl=LEASE_MS,
    )
    if moved is None:
        raise StaleLeaseError(held.name)
    return changed


def put_records(tx: Transaction, held: FeedLease, records: Sequence[Record], *, lane: int) -> int:
    """Write those records whose fingerprint is new; an unchanged one costs no write."""
    known = _known(tx, held.feed, records)
    fresh = _fresh(known, records)
    if not fresh:
        return 0
    rows = [_row(record) for record in fresh.values()]
    before = [known[key] for key in fresh if key in known]
    connection, where = held.connection, {"workspace": held.workspace, "feed": held.feed, "connection": held.connection}
    names = [{"root": root, "kind": kind} for root, kind in {(row["root"], row["kind"]): None for row in rows}]
    tx.run("add_cases", workspace=held.workspace, connection=connection, records=names)
    if before:
        tx.run("keep_versions", ids=[row["id"] for row in before])
    tx.many("put_records", [{**row, **where} for row in rows])
    # By what they are found is made beside the run; one that is gone is found by what it was.
    told = [
        {"kind": kind, "source_id": id} for (kind, id), new in fresh.items() if new.payload or (kind, id) not in known
    ]
    tx.run("put_unindexed", feed=held.feed, records=told)
    tx.run("open_passages", connection=connection, lane=lane, records=names)
    roots = sorted({record.root for record in fresh.values()})
    # A record may have moved to another case: what was decided goes with it, and the one it left is decided again too.
    moved = [known[key]["id"] for key, record in fresh.items() if key in known and known[key]["root"] != record.root]
    if moved:
        tx.run("move_actions", ids=moved)
        tx.run("move_decisions", ids=moved)
    left = sorted({row["case_id"] for row in before})
    tx.run("revise_cases", connection=connection, roots=roots, cases=left, lane=lane)
    tx.run("wake", keys=sorted({key for record in fresh.values() for key in wake_keys(connection, record)}))
    return len(fresh)


def wake_keys(connection: int, record: Record) -> tuple[str, str]:
    """What a waiting decision names to be woken by this record."""
    return (f"record:{connection}:{record.kind}:{record.id}", f"number:{connection}:{printable(record.summary.number)}")


def release(tx: Transaction, held: FeedLease, problem: str | None, pause_ms: int | None) -> bool:
    """Give the feed back; it is due again after the pause, or when it was due anyway. False: it had passed on."""
    return tx.one("release_feed", feed=held.feed, fence=held.fence, problem=problem, pause=pause_ms) is not None


def _fresh(known: Mapping[tuple[str, str], Row], records: Sequence[Record]) -> Mapping[tuple[str, str], Record]:
    latest = {(record.kind, record.id): record for record in records}
    return {
        key: record
        for key, record in latest.items()
        if (row := known.get(key)) is None or row["fingerprint"] != record.fingerprint
    }


def _known(tx: Transaction, feed: int, records: Sequence[Record]) -> Mapping[tuple[str, str], Row]:
    names = [{"kind": record.kind, "source_id": record.id} for record in records]
    return {(row["kind"], row["source_id"]): row for row in tx.rows("known_records", feed=feed, records=names)}


def _row(record: Record) -> dict[str, Any]:
    summary = record.summary
    return {
        "root": record.root,
        "kind": record.kind,
        "source_id": record.id,
        "fingerprint": record.fingerprint,
        "payload": storable(record.payload),
        "number": printable(summary.number),
        "currency": summary.total.currency if summary.total else None,
        "total": summary.total.minor if summary.total else None,
        "dated": summary.dated.isoformat() if summary.dated else None,
    }


def storable(payload: bytes) -> str:
    """The payload as every database can keep it: bytes that are no text, and NUL, are shown escaped."""
    return payload.decode("utf-8", "backslashreplace").replace("\x00", "\\x00")


def _ms(moment: datetime) -> int:
    return int(moment.astimezone(UTC).timestamp() * 1000)
