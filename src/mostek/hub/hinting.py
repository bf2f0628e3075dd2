"""Webhooks as hints: what a system said has changed is read again from it, many ids in a call."""

from collections.abc import Mapping

import structlog

from mostek.documents.problem import InvalidDocumentError
from mostek.hub.connections import Opened
from mostek.hub.engine import PAUSE_MS, Engine
from mostek.hub.ledger import Transaction, hooks
from mostek.hub.ledger.dialect import Row
from mostek.hub.reading import known, take
from mostek.sdk.field import parse_json, sequence, text
from mostek.sdk.manifest import HintManifest

LOG = structlog.get_logger()
# Of more ids than this, the pages of what changed are read instead: a pass that is cut goes on from where it was.
_MOST_IDS = 1_000


async def read_hinted(engine: Engine, connection: int) -> bool:
    """Read what the webhooks of a connection named; False when some of it could not be read now and is tried later."""
    opened = await engine.open(connection)
    rows = await engine.ledger.read(Transaction.rows, "deliveries_due", connection=connection, most=hooks.MOST)
    if opened is None or not rows:
        return False
    feeds = await engine.ledger.read(Transaction.rows, "feeds_of", connection=connection)
    named = _named(opened, rows, [row["name"] for row in feeds])
    read = {row["id"]: list(named[row["name"]]) for row in feeds if named.get(row["name"])}
    whole = [row["id"] for row in feeds if row["name"] in named and not 0 < len(named[row["name"]]) <= _MOST_IDS]
    away = {row["id"] for row in feeds if row["away"]}
    kinds = {row["id"]: opened.connector.manifest.feeds[row["name"]].kinds for row in feeds}
    done = await _mark(engine, whole)
    for feed in [feed for feed in read if feed not in whole]:
        done &= feed not in away and await _read(engine, opened, feed, kinds[feed], read[feed])
    if done:
        await engine.ledger.write(hooks.finish, connection, rows, read)
    else:
        ids = [row["id"] for row in rows]
        await engine.ledger.write(Transaction.run, "postpone_deliveries", ids=ids, pause=PAUSE_MS)
    LOG.info("hinted", connection=opened.row.slug, calls=len(rows), ids=sum(map(len, read.values())), done=done)
    return done


async def _mark(engine: Engine, feeds: list[int]) -> bool:
    """Let whole feeds be read at once; False when one is being read: its pass may be past what changed."""
    if not feeds:
        return True
    marked = await engine.ledger.write(Transaction.rows, "mark_feeds", feeds=feeds)
    return len(marked) == len(feeds)


async def _read(engine: Engine, opened: Opened, feed: int, kinds: tuple[str, ...], ids: list[str]) -> bool:
    pairs = [(kind, name) for kind in kinds for name in ids]
    here = await engine.ledger.read(known, feed, pairs)
    return bool(await take(engine, opened, feed, sorted(here), ids))


def _named(opened: Opened, rows: list[Row], feeds: list[str]) -> dict[str, dict[str, None]]:
    """The ids that calls named, by feed, each once; none where anything of a feed may have changed."""
    named: dict[str, dict[str, None]] = {}
    whole: set[str] = set()
    for row in rows:
        for feed, ids in _told(opened.connector.manifest.hints, row["body"], feeds).items():
            named.setdefault(feed, {}).update(dict.fromkeys(ids))
            if not ids:
                whole.add(feed)
    return {feed: {} if feed in whole else ids for feed, ids in named.items() if feed in feeds}


def _told(hints: Mapping[str, HintManifest], body: str, feeds: list[str]) -> dict[str, list[str]]:
    """The ids that one call names, by feed; every feed without ids where the call cannot be read."""
    told: dict[str, list[str]] = {}
    try:
        lists = {name: items for name, items in parse_json(body.encode()).items() if isinstance(items, list)}
        for name, items in lists.items():
            if name in hints:
                found = [text(item.get(hints[name].id), name) for item in sequence(items, name)]
                told.setdefault(hints[name].feed, []).extend(found)
    except InvalidDocumentError:
        lists = {}
    return told if lists else {feed: [] for feed in feeds}
