"""Webhooks in the ledger: what a system told is kept, once, until what it names has been read again."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from mostek.hub.ledger.dialect import Row
from mostek.hub.ledger.feeds import storable
from mostek.hub.ledger.store import Transaction

# Nothing is read for a call before it is so old: a burst about one thing costs one read, and what is sent again with
# the same stamp, which counts seconds, then tells of nothing that was not read.
SETTLES_MS = 1_000
# While more comes in, so long after the first one at most.
PATIENCE_MS = 9_000
# How long a call that was read is remembered, so that the same one again is not read again.
REMEMBERED_MS = 900_000
# So many unread calls of one connection are kept; beyond them it is only known that something changed.
MOST = 1_000
# What a pass finds changed was missed when no call has named it so long after.
GRACE_MS = 900_000


def digests(tx: Transaction) -> Mapping[str, tuple[int, str]]:
    """Number and secret's digest of each connection that can be called, by its slug."""
    return {row["slug"]: (row["connection"], row["digest"]) for row in tx.rows("hook_digests")}


class Call(NamedTuple):
    """A call of a webhook: to which connection, the digests of its secret and of what it told, and that itself."""

    connection: int
    secret: str
    told: str
    body: bytes


def receive(tx: Transaction, calls: Sequence[Call]) -> list[bool]:
    """Keep what was told. False for a call whose secret is another one by now."""
    kept = []
    for call in calls:
        values = {"connection": call.connection, "secret": call.secret, "told": call.told, "body": storable(call.body)}
        row = tx.one("receive", **values, settles=SETTLES_MS, most=MOST)
        if row is not None:
            tx.run("count_delivery", connection=call.connection, again=int(row["times"] > 1))
        kept.append(row is not None)
    return kept


def finish(tx: Transaction, connection: int, deliveries: Sequence[Row], named: Mapping[int, Sequence[str]]) -> None:
    """All that these deliveries named, ids by feed, has been read."""
    for feed, ids in named.items():
        tx.run("mark_told", feed=feed)
        tx.run("drop_untold", feed=feed, ids=list(ids))
        tx.run("forget_untold", feed=feed)
    tx.run("finish_deliveries", seen=[{"id": row["id"], "times": row["times"]} for row in deliveries])
    tx.run("forget_deliveries", connection=connection, age=REMEMBERED_MS)
