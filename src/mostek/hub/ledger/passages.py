"""Passages in the ledger: leased to be planned, and committed with their decisions and actions as one."""

from collections.abc import Sequence
from typing import Any

import msgspec

from mostek.hub.ledger import cards
from mostek.hub.ledger.dialect import Row
from mostek.hub.ledger.store import Transaction

LEASE_MS = 60_000


class PassageLease(msgspec.Struct, frozen=True, kw_only=True):
    """The right to plan one passage at one revision."""

    passage: int
    workspace: int
    flow: int
    case: int
    revision: int
    fence: int
    lane: int
    crashes: int


class PlannedAction(msgspec.Struct, frozen=True, kw_only=True):
    """One action as it goes into the ledger: ``body`` is the action's JSON, ``digest`` of what it carries over.

    ``document`` is the key of the document it makes or is about, ``version`` that of its record, ``expected`` the JSON
    of the statement that the target should show, ``payload`` the bytes that will be sent, as text.
    """

    key: str
    role: str
    verb: str
    kind: str
    document: str
    body: str
    digest: str
    version: int
    expected: str | None
    payload: str
    needs: tuple[str, ...]


class PlannedDecision(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided for one record; ``key`` is of its main duty.

    ``is_new``: its actions were unknown and need no others, so that where it stands needs no judging.
    ``names`` are those of a card with the key ``named`` from now on, ``also`` others that it gets where they are free;
    ``revision`` is that of the agreement about a contact on which the decision rests, None for other records.
    """

    record: int
    key: str
    verdict: str
    state: str
    cause: str
    problem: str
    rule: str
    version: int
    wait_key: str | None = None
    wait_ms: int | None = None
    is_new: bool = False
    actions: tuple[PlannedAction, ...] = ()
    names: tuple[str, ...] = ()
    named: str = ""
    also: tuple[str, ...] = ()
    revision: int | None = None


class PlannedPassage(msgspec.Struct, frozen=True, kw_only=True):
    """All decisions of one passage, with the endpoint they act on."""

    lease: PassageLease
    endpoint: int
    decisions: tuple[PlannedDecision, ...]


def lease(tx: Transaction, owner: str, flow: int, limit: int) -> list[PassageLease]:
    """Take passages of a flow whose case changed since they were planned: live ones first, then the back-fill.

    One during whose planning a worker died is taken alone, so that the guilty one is told from the innocent.
    """
    rows = tx.rows("lease_passages", owner=owner, ttl=LEASE_MS, flow=flow, limit=limit, suspects=0)
    rows = rows or tx.rows("lease_passages", owner=owner, ttl=LEASE_MS, flow=flow, limit=1, suspects=1)
    return [PassageLease(**row) for row in rows]


def commit(tx: Transaction, planned: Sequence[PlannedPassage]) -> int:
    """Write the plans of those passages whose lease still holds; unsent actions of an older plan are replaced.

    Returns how many passages were written. A passage whose case changed meanwhile stays to be planned again, and so
    does one that would make a second card of somebody, or act on a contact about which both sides agreed anew.
    """
    fences = [{"id": plan.lease.passage, "fence": plan.lease.fence} for plan in planned]
    held = {row["id"] for row in tx.rows("held_passages", passages=fences)}
    plans = _not_overtaken(tx, [plan for plan in planned if plan.lease.passage in held])
    if not plans:
        return 0
    # Several plans may need the same contact: it is the first one's.
    first: dict[str, dict[str, Any]] = {}
    for plan in plans:
        for place, decision, action in _actions(plan):
            first.setdefault(action.key, _action(plan, decision, place, action))
    actions, keys = list(first.values()), list(first)
    needs = [
        {"action": action.key, "needs": need, "workspace": plan.lease.workspace}
        for plan in plans
        for _, _, action in _actions(plan)
        for need in action.needs
    ]
    dropped = tx.rows("drop_actions", passages=[plan.lease.passage for plan in plans], keys=keys)
    stale = [row["key"] for row in dropped] + keys
    if stale:
        tx.run("drop_needs", keys=stale)
    if dropped:
        tx.run("wake", keys=[f"action:{row['key']}" for row in dropped])
    if actions:
        tx.many("put_actions", actions)
        duties = [
            {name: action[name] for name in ("key", "passage", "flow")}
            for action in actions
            if action["kind"] != "contact"
        ]
        tx.run("revise_overtaken", actions=duties)
    cards.put_names(tx, [decision for plan in plans for decision in plan.decisions])
    if needs:
        tx.run("put_needs", needs=needs)
        tx.run("unblock", keys=sorted({need["action"] for need in needs}))
    tx.many("put_decisions", [_decision(plan, decision) for plan in plans for decision in plan.decisions])
    pairs = [
        {"passage": plan.lease.passage, "record": decision.record}
        for plan in plans
        for decision in plan.decisions
        if decision.verdict == "act" and not decision.is_new
    ]
    if pairs:
        tx.run("judge", pairs=pairs)
    decided = [(plan.lease.passage, decision) for plan in plans for decision in plan.decisions]
    stopped = [{"key": d.key, "passage": passage} for passage, d in decided if d.verdict in {"park", "exclude"}]
    if stopped:
        tx.run("revise_dependents", stopped=stopped)
    finished = [
        {"id": plan.lease.passage, "fence": plan.lease.fence, "revision": plan.lease.revision} for plan in plans
    ]
    return len(tx.rows("finish_passages", passages=finished))


def _not_overtaken(tx: Transaction, plans: Sequence[PlannedPassage]) -> Sequence[PlannedPassage]:
    """Those of the plans that still hold; the others are planned again at once."""
    late = cards.overtaken(tx, [(plan.lease.passage, decision) for plan in plans for decision in plan.decisions])
    if late:
        again = [{"id": plan.lease.passage, "fence": plan.lease.fence} for plan in plans if plan.lease.passage in late]
        tx.run("postpone_passages", passages=again, pause=-1)
    return [plan for plan in plans if plan.lease.passage not in late]


def records(tx: Transaction, cases: Sequence[int]) -> list[Row]:
    """All records of these cases, with their feed and root; one that is gone as it was last seen."""
    rows = tx.rows("records_of_cases", cases=list(cases))
    gone = [row["id"] for row in rows if not row["payload"]]
    last = {row["record"]: row["payload"] for row in tx.rows("last_payloads", records=gone)} if gone else {}
    return [{**row, "payload": last.get(row["id"], row["payload"]), "absent": row["id"] in gone} for row in rows]


def _actions(plan: PlannedPassage) -> list[tuple[int, PlannedDecision, PlannedAction]]:
    flat = [(decision, action) for decision in plan.decisions for action in decision.actions]
    return [(place, decision, action) for place, (decision, action) in enumerate(flat)]


def _action(plan: PlannedPassage, decision: PlannedDecision, place: int, action: PlannedAction) -> dict[str, Any]:
    return {
        "key": action.key,
        "workspace": plan.lease.workspace,
        "endpoint": plan.endpoint,
        "flow": plan.lease.flow,
        "passage": plan.lease.passage,
        "record": decision.record,
        "place": place,
        "lane": plan.lease.lane,
        "role": action.role,
        "verb": action.verb,
        "kind": action.kind,
        "document": action.document,
        "body": action.body,
        "digest": action.digest,
        "version": action.version,
        "expected": action.expected,
        "payload": action.payload,
        "state": "blocked" if action.needs else "ready",
    }


def _decision(plan: PlannedPassage, decision: PlannedDecision) -> dict[str, Any]:
    row = msgspec.structs.asdict(decision)
    for name in ("actions", "key", "is_new", "names", "named", "also", "revision"):
        del row[name]
    return row | {"passage": plan.lease.passage, "workspace": plan.lease.workspace}
