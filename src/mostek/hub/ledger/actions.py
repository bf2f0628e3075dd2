"""Actions in the ledger: taken under the endpoint's lease, intended, sent, and settled."""

from collections.abc import Sequence
from typing import Any

import msgspec

from mostek.hub.ledger import cards
from mostek.hub.ledger.dialect import Row
from mostek.hub.ledger.store import StaleLeaseError, Transaction

LEASE_MS = 60_000
# A contact that says something else than when its change was planned: it is planned again.
MOVED = "contact.moved"
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
    final: int = 0


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
    if not _extended(tx, held):
        raise StaleLeaseError(f"endpoint {held.connection}")


def _extended(tx: Transaction, held: EndpointLease) -> bool:
    row = tx.one("extend_endpoint", connection=held.connection, fence=held.fence, owner=held.owner, ttl=LEASE_MS)
    return row is not None


def release(tx: Transaction, held: EndpointLease, pause_ms: int = 0, problem: str | None = None) -> None:
    """Give the endpoint back, to be taken again after the pause."""
    tx.run("release_endpoint", connection=held.connection, fence=held.fence, pause=pause_ms, problem=problem)


def intend(tx: Transaction, held: EndpointLease, limit: int) -> list[Row] | None:
    """Freeze the next actions before they are sent: live work before back-fill, flows in turn.

    Left out are those whose case changed since they were planned: they will be planned anew. None when the system was
    stopped or has passed on, for what became of earlier ones is to be committed all the same.
    """
    if not _extended(tx, held):
        return None
    flows = [row["id"] for row in tx.rows("flows_into", connection=held.connection)]
    found: list[Row] = []
    for first, last in ((0, 1),) if len(flows) < 2 else ((0, 0), (1, 1)):
        hungry = flows
        while hungry and len(found) < limit:
            share = -((len(found) - limit) // len(hungry))
            taken = {}
            for flow in hungry:
                lanes = {"first": first, "last": last, "limit": min(share, limit - len(found))}
                taken[flow] = tx.rows("intend", endpoint=held.connection, fence=held.fence, flow=flow, **lanes)
                found += taken[flow]
            hungry = [flow for flow, rows in taken.items() if len(rows) == share]
    return sorted(found, key=lambda row: (row["lane"], row["passage"], row["place"]))


def holds(tx: Transaction, held: EndpointLease) -> bool:
    """Whether the endpoint is still this holder's."""
    return tx.one("endpoint_held", connection=held.connection, fence=held.fence, owner=held.owner) is not None


def give_back(tx: Transaction, held: EndpointLease, keys: Sequence[str]) -> None:
    """Let go of intents that were surely not sent, even after the lease: nobody else has touched them yet."""
    tx.run("give_back", keys=list(keys), fence=held.fence)


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
    contacts = [row for row in rows if row["kind"] == "contact"]
    agreed = [row["key"] for row in contacts if row["state"] == "done"]
    if agreed:
        cards.agree(tx, agreed)
    follow(tx, rows)
    moved = [row["passage"] for row in contacts if row["cause"] == MOVED]
    if moved:
        tx.run("revise_passages", passages=moved)


def commit_verified(tx: Transaction, held: EndpointLease, verified: Sequence[dict[str, Any]]) -> None:
    """Mark effects as verified, or raise the alarm on those that stand differently in the target.

    Raises :class:`StaleLeaseError`, writing nothing, when the lease has passed on.
    """
    extend(tx, held)
    rows = tx.rows("commit_verified", verified=list(verified))
    contacts = [f"action:{row['key']}" for row in rows if row["kind"] == "contact"]
    if contacts:
        tx.run("wake", keys=contacts)
    wrong = [row for row in rows if row["state"] != "done"]
    if wrong:
        follow(tx, wrong)


def follow(tx: Transaction, rows: Sequence[Row]) -> None:
    """What follows from new states: dependents are unblocked, waiting decisions woken, and all of them judged."""
    settled = [row for row in rows if row["state"] in {"done", "parked", "alarm"}]
    needed = [row["key"] for row in settled if row["needed"]]
    awaited = [f"action:{row['key']}" for row in settled if row["awaited"]]
    if needed:
        tx.run("unblock_dependents", keys=needed)
    if awaited:
        tx.run("wake", keys=awaited)
    touched = [*rows, *tx.rows("dependents", keys=needed)] if needed else rows
    if touched:
        tx.run("judge", pairs=_pairs(touched))


def _pairs(rows: Sequence[Row]) -> list[dict[str, Any]]:
    return [{"passage": passage, "record": record} for passage, record in {(r["passage"], r["record"]) for r in rows}]
