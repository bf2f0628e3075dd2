"""The read loop: one pass over a feed, page by page, each page durable before the next counts."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

import structlog

from mostek.documents.problem import InvalidDocumentError
from mostek.hub.connections import Opened
from mostek.hub.engine import PAUSE_MS, Engine, as_json, failed, pause_ms, stops_connection, told
from mostek.hub.ledger import StaleLeaseError, Transaction, catalog
from mostek.hub.ledger import feeds as feed_rows
from mostek.hub.ledger.feeds import FeedLease
from mostek.sdk.errors import VendorError
from mostek.sdk.record import Page, Record

LOG = structlog.get_logger()


async def read_feed(engine: Engine, feeds: Sequence[int], *, forced: bool = False) -> FeedLease | None:
    """Read one due feed to the end of its pass; returns the lease it had, or None when none was due.

    A failure ends the pass: what was stored stays, the next pass goes on from the stored cursor. A refused login or
    a wrong setting stops the connection until its owner acts.
    """
    held = await engine.ledger.write(feed_rows.lease, engine.owner, feeds, forced=forced)
    if held is None:
        return None
    opened = await engine.open(held.connection)
    if opened is None:
        await engine.ledger.write(feed_rows.release, held, None, held.every or PAUSE_MS)
        return held
    now = datetime.now(ZoneInfo(opened.settings.timezone))
    stored, problem, pause = 0, None, held.schedule.pause_ms(now)
    try:
        async for page in _ahead(_pages(opened, held)):
            stored += await engine.ledger.write(_store, opened, held, page)
    except StaleLeaseError:
        return held
    except VendorError as error:
        await _give_up(engine, opened, held, error)
        return held
    except InvalidDocumentError as error:
        problem = as_json(error.problems[0])
    except Exception as error:  # noqa: BLE001 - a connector that fails by itself stops neither the others nor the worker
        problem, pause = told(opened, failed(error)), PAUSE_MS
        LOG.warning("reading failed", connection=opened.row.slug, feed=held.name, problem=problem)
    await engine.ledger.write(feed_rows.release, held, problem, pause)
    LOG.info("read", connection=opened.row.slug, feed=held.name, changed=stored)
    return held


async def fetch_wanted(engine: Engine) -> int:
    """Fetch by id the records that decisions wait for; what a source lacks is noted as absent, so nobody waits on.

    Returns how many were asked for. Each feed is leased for it like for a pass.
    """
    wanted = await engine.ledger.read(_wanted)
    asked = 0
    for row in await engine.ledger.read(catalog.feeds) if wanted else ():
        opened = await engine.open(row["connection"])
        if opened is None:
            continue
        kinds = opened.connector.manifest.feeds[row["name"]].kinds
        ids = [(kind, name) for number, kind, name in wanted if number == row["connection"] and kind in kinds]
        away = row["problem"] is not None and row["due_ms"] > 0  # it is left alone for a while
        if ids and row["state"] == "active" and not away:
            asked += await _fetch(engine, opened, row["id"], ids)
    return asked


async def reread(engine: Engine, records: Sequence[int]) -> int:
    """Ask the source for these records again; one that it does not have any more is noted as absent.

    Returns how many were asked for; those of a source that is stopped or away are not.
    """
    asked = 0
    by_feed: dict[tuple[int, int], list[tuple[str, str]]] = {}
    for row in await engine.ledger.read(Transaction.rows, "records_by_id", records=list(records)):
        by_feed.setdefault((row["feed"], row["connection"]), []).append((row["kind"], row["source_id"]))
    for (feed, connection), wanted in by_feed.items():
        opened = await engine.open(connection)
        asked += await take(engine, opened, feed, wanted) if opened else 0
    return asked


async def _fetch(engine: Engine, opened: Opened, feed: int, wanted: Sequence[tuple[str, str]]) -> int:
    # Who waits for a record that is here already is about to be woken: asking for it again would never end.
    here = await engine.ledger.read(known, feed, wanted)
    wanted = [each for each in wanted if each not in here]
    return await take(engine, opened, feed, wanted) if wanted else 0


async def take(
    engine: Engine, opened: Opened, feed: int, wanted: Sequence[tuple[str, str]], others: Sequence[str] = ()
) -> int:
    """Read these records, by kind and id, and note as absent which are not there; ``others`` may be missing.

    Returns how many were asked for: none while somebody else reads the feed, or after a failure, which is noted.
    """
    ids = list(dict.fromkeys([*(name for _, name in wanted), *others]))
    held = await engine.ledger.write(feed_rows.lease, engine.owner, [feed], forced=True)
    if held is None:
        return 0
    try:
        records = await opened.reads.get(held.name, ids)
    except VendorError as error:
        await _give_up(engine, opened, held, error)
        return 0
    except Exception as error:  # noqa: BLE001 - as for a pass
        await engine.ledger.write(feed_rows.release, held, told(opened, failed(error)), PAUSE_MS)
        return 0
    found = {(record.kind, record.id) for record in records}
    absent = [_absent(kind, name) for kind, name in wanted if (kind, name) not in found]

    def store(tx: Transaction) -> None:
        tx.run("put_usage", connection=held.connection, usage=_usage(opened))
        feed_rows.put_records(tx, held, [*records, *absent], lane=0)
        if not feed_rows.release(tx, held, None, None):
            raise StaleLeaseError(held.name)

    try:
        await engine.ledger.write(store)
    except StaleLeaseError:
        return 0
    return len(ids)


def known(tx: Transaction, feed: int, wanted: Sequence[tuple[str, str]]) -> frozenset[tuple[str, str]]:
    """Which of these records, by kind and id, have been read before."""
    names = [{"kind": kind, "source_id": name} for kind, name in wanted]
    return frozenset((row["kind"], row["source_id"]) for row in tx.rows("known_records", feed=feed, records=names))


def _wanted(tx: Transaction) -> list[tuple[int, str, str]]:
    parts = (row["wait_key"].split(":", 3) for row in tx.rows("wanted_records"))
    return sorted({(int(connection), kind, name) for _, connection, kind, name in parts})


def _absent(kind: str, name: str) -> Record:
    """What stands for a record that the source was asked for and does not have."""
    return Record(kind=kind, id=name, root=f"{kind}:{name}", payload=b"", fingerprint="absent")


def _store(tx: Transaction, opened: Opened, held: FeedLease, page: Page) -> int:
    tx.run("put_usage", connection=held.connection, usage=_usage(opened))
    began = tx.rows("clock")[0]["now"]
    changed = feed_rows.store_page(tx, held, page)
    if changed and not held.backfill:  # of these a webhook should tell, where webhooks tell of this list at all
        names = [{"kind": record.kind, "source_id": record.id} for record in page.records]
        tx.run("note_untold", feed=held.feed, began=began, records=names)
    return changed


def _usage(opened: Opened) -> dict[str, object]:
    usage = opened.budget.usage
    blocked = usage.blocked_until.isoformat() if usage.blocked_until else None
    return {
        "hour": usage.hour,
        "in_hour": usage.in_hour,
        "day": usage.day,
        "in_day": usage.in_day,
        "blocked_until": blocked,
    }


def _pages(opened: Opened, held: FeedLease) -> AsyncIterator[Page]:
    since = date.fromisoformat(held.since) if held.since else None
    return opened.reads.read(held.name, held.cursor, since)


async def _ahead(pages: AsyncIterator[Page]) -> AsyncIterator[Page]:
    """Ask for the next page while the last one is being stored."""
    iterator = aiter(pages)
    following = asyncio.ensure_future(anext(iterator, None))
    try:
        while (page := await following) is not None:
            following = asyncio.ensure_future(anext(iterator, None))
            yield page
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


async def _give_up(engine: Engine, opened: Opened, held: FeedLease, error: VendorError) -> None:
    problem = told(opened, error.problem, error.words)
    pause = pause_ms(error, time.time() * 1000)
    LOG.warning("reading paused", connection=opened.row.slug, feed=held.name, problem=problem, pause_ms=pause)
    await engine.ledger.write(feed_rows.release, held, problem, pause)
    if stops_connection(error):
        await engine.stop(held.connection, error)
