"""Actions in the ledger: taken under the endpoint's lease, intended, sent, and settled."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import msgspec

from mostek.hub.ledger.dialect import Row
from mostek.hub.ledger.store import StaleLeaseError, Transaction

LEASE_MS = 60_000
# What a changed document's own row has to say once the change is done.
_CHANGES = {"update": "carry_changes", "cancel": "close_cancelled"}


class EndpointLease(msgspec.Struct, frozen=True, kw_only=True):
    """The right to deliver to one target; whoever holds a newer fence has taken it over."""

    connection: int
    owner: str
    fence: int


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one sent action; times are milliseconds from now."""

    key: str
    state: str
    target_id: str | None = None
    target_number: str | None = None
    cause: str | None = None
    problem: str | None = None
    words: str | None = None
    settles_ms: int | None = None
    wait_ms: int | None = None


def lease(tx: Transaction, owner: str, connection: int, settles_after_ms: int) -> EndpointLease | None:
    """Take the endpoint; what an earlier holder left in flight is in doubt from the moment it was sent."""
    row = tx.one("lease_endpoint", owner=owner, ttl=LEASE_MS, connection=connection)
    if row is None:
        return None
    held = EndpointLease(connection=connection, owner=owner, fence=row["fence"])
    doubted = tx.rows("doubt_abandoned", connection=connection, fence=held.fence, settles_after=settles_after_ms)
    if doubted:
        tx.run("judge", pairs=_pairs(doubted))
    return held


def extend(tx: Transaction, held: EndpointLease) -> None:
    """Keep the endpoint; raises :class:`StaleLeaseError` when it has passed to somebody else."""
    row = tx.one("extend_endpoint", connection=held.connection, fence=held.fence, owner=held.owner, ttl=LEASE_MS)
    if row is None:
        raise StaleLeaseError(f"endpoint {held.connection}")


def release(tx: Transaction, held: EndpointLease, pause_ms: int = 0, problem: str | None = None) -> None:
    """Give the endpoint back, to be taken again after the pause."""
    tx.run("release_endpoint", connection=held.connection, fence=held.fence, pause=pause_ms, problem=problem)


def take(tx: Transaction, connection: int, limit: int, flying: frozenset[str]) -> list[Row]:
    """The next actions to send: live work before back-fill, flows in turn, none that is in flight already."""
    found: list[Row] = []
    flows = [row["id"] for row in tx.rows("flows_into", connection=connection)]
    for lane in (0, 1):
        share = max(1, limit // max(len(flows), 1))
        for flow in flows:
            rows = tx.rows("take", connection=connection, flow=flow, lane=lane, limit=share + len(flying))
            found.extend([row for row in rows if row["key"] not in flying][:share])
        if len(found) >= limit:
            break
    return found[:limit]


def commit_intents(tx: Transaction, held: EndpointLease, keys: Sequence[str]) -> dict[str, date | None]:
    """Freeze these actions before anything is sent; returns those that may be, with the day the books are closed to.

    Left out are those whose case changed since they were taken: they will be planned anew.
    """
    extend(tx, held)
    rows = tx.rows("commit_intents", keys=list(keys), fence=held.fence)
    return {row["key"]: date.fromisoformat(row["closed_until"]) if row["closed_until"] else None for row in rows}


def commit_outcomes(tx: Transaction, held: EndpointLease, outcomes: Sequence[Outcome]) -> None:
    """Write what became of the actions, wake what waited for them, and judge their records.

    Raises :class:`StaleLeaseError`, writing nothing, when the lease has passed on: its new holder settles them.
    """
    rows = tx.rows(
        "commit_outcomes", outcomes=[msgspec.structs.asdict(outcome) for outcome in outcomes], fence=held.fence
    )
    if len(rows) != len(outcomes):
        raise StaleLeaseError(f"endpoint {held.connection}")
    changed = {verb: [row["key"] for row in rows if (row["verb"], row["state"]) == (verb, "done")] for verb in _CHANGES}
    for verb, statement in _CHANGES.items():
        if changed[verb]:
            tx.run(statement, keys=changed[verb])
    follow(tx, rows)


def commit_verified(tx: Transaction, held: EndpointLease, verified: Sequence[dict[str, Any]]) -> None:
    """Mark effects as verified, or raise the alarm on those that stand differently in the target.

    Raises :class:`StaleLeaseError`, writing nothing, when the lease has passed on.
    """
    extend(tx, held)
    rows = tx.rows("commit_verified", verified=list(verified))
    wrong = [row for row in rows if row["state"] != "done"]
    if wrong:
        follow(tx, wrong)


def follow(tx: Transaction, rows: Sequence[Row]) -> None:
    """What follows from new states: dependents are unblocked, waiting decisions woken, and all of them judged."""
    done = [row["key"] for row in rows if row["state"] == "done"]
    failed = [row["key"] for row in rows if row["state"] in {"parked", "alarm"}]
    settled = done + failed
    if done:
        tx.run("unblock_dependents", keys=done)
    if settled:
        tx.run("wake", keys=[f"action:{key}" for key in settled])
    touched = [*rows, *tx.rows("dependents", keys=settled)] if settled else rows
    if touched:
        tx.run("judge", pairs=_pairs(touched))


def _pairs(rows: Sequence[Row]) -> list[dict[str, Any]]:
    return [{"passage": passage, "record": record} for passage, record in {(r["passage"], r["record"]) for r in rows}]
