"""The planning loop: cases that changed are decided, and their actions queued, in one transaction each group."""

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import structlog

from mostek.core import cases, plan
from mostek.core.cases import Case, Entry, StoredRecord
from mostek.core.facts import OPEN, UNSENT, Agreement, Decision, Facts, KnownKey, Original
from mostek.documents.money import Money
from mostek.documents.party import Contact, differing, parts, revised
from mostek.documents.problem import InvalidDocumentError, Problem, printable
from mostek.hub import trace
from mostek.hub.connections import Opened
from mostek.hub.engine import Engine, Flow, as_json, failed, pause_ms, stops_connection
from mostek.hub.ledger import Transaction, cards, catalog, passages
from mostek.hub.ledger.dialect import Row
from mostek.hub.ledger.passages import PassageLease, PlannedAction, PlannedDecision, PlannedPassage
from mostek.hub.reading import reread
from mostek.sdk.capability import Connector
from mostek.sdk.effect import Action, Question, Statement
from mostek.sdk.errors import VendorError
from mostek.sdk.settings import Settings

LOG = structlog.get_logger()
GROUP = 100
# So long one flow is planned before its worker looks at what else there is.
SECONDS = 1.0
MAX_CRASHES = 3
# How long the passages of a flow rest whose connection is stopped.
_STOPPED_PAUSE_MS = 3_000
_STATES = {"act": "waiting", "agree": "done", "wait": "waiting", "park": "parked", "exclude": "excluded"}


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """A case with what was known when it was decided, and the decisions.

    By key: ``payloads`` are the exact bytes, ``expected`` what the target should show then, or what both sides of a
    contact should have agreed on.
    """

    case: Case
    facts: Facts
    decisions: tuple[Decision, ...]
    payloads: Mapping[str, bytes]
    expected: Mapping[str, Statement | Agreement]
    now: datetime


async def plan_groups(engine: Engine, number: int, limit: int = GROUP, seconds: float = SECONDS) -> int:
    """Plan passages of a flow that need it, at least a group of ``limit``, for some time; returns how many were leased.

    When the target cannot be asked, they are left for later. A case on which planning itself fails is parked with
    the failure, and so is one that took the worker down three times.
    """
    leases: Sequence[PassageLease] = await engine.ledger.write(passages.lease, engine.owner, number, limit)
    total, started = len(leases), time.monotonic()
    while leases:
        flow = (await engine.flows()).get(number)
        if flow is None:
            await engine.ledger.write(_postpone, leases, _STOPPED_PAUSE_MS)
            break
        leases = await _plan_flow(engine, flow, leases, limit if time.monotonic() - started < seconds else 0)
        total += len(leases)
    return total


async def _plan_flow(
    engine: Engine, flow: Flow, leases: Sequence[PassageLease], further: int = 0
) -> Sequence[PassageLease]:
    """Plan these; returns at most so many ``further`` leases, taken in the transaction that commits the plan."""
    crashed = [lease for lease in leases if lease.crashes > MAX_CRASHES]
    for lease in crashed:
        crashes = Problem(cause="case.crashes", details={"times": str(lease.crashes - 1)})
        await engine.ledger.write(_park_unseen, flow, lease, crashes)
    leases = [lease for lease in leases if lease.crashes <= MAX_CRASHES]
    try:
        planned = await decide(engine, flow, [lease.case for lease in leases], [lease.passage for lease in leases])
        # Made before the transaction that others wait for.
        rows = [_passage(lease, done, flow) for lease, done in zip(leases, planned, strict=True)]
        steps = [_step(lease, done, flow) for lease, done in zip(leases, planned, strict=True) if done.decisions]
    except VendorError as error:
        pause, told = pause_ms(error, time.time() * 1000), as_json(error.problem, error.words)
        LOG.warning("planning paused", flow=flow.row.slug, problem=told, pause_ms=pause)
        engine.silent[flow.row.target] = told
        await engine.ledger.write(_postpone, leases, pause, flow.row.target, told)
        if stops_connection(error):
            await engine.stop(flow.row.target, error)
        return ()
    except Exception as error:  # noqa: BLE001 - our own fault, or the connector's, with one case stops no other
        if len(leases) == 1:
            target = await engine.open(flow.row.target)
            problem = target.redacted(failed(error)) if target else failed(error)
            await engine.ledger.write(_park_unseen, flow, leases[0], problem)
        else:
            for lease in leases:
                await _plan_flow(engine, flow, [lease])
        return ()
    answers_again = engine.silent.pop(flow.row.target, None)
    found = await engine.ledger.write(_commit, flow, (rows, steps), answers_again, (engine.owner, further))
    await _reread(engine, planned)
    return found


async def _reread(engine: Engine, planned: Sequence[Planned]) -> None:
    """Have the source say again what was written there by us and then seems to have changed: our copy may be older."""
    waiting = [d for done in planned for d in done.decisions if d.problems and d.problems[0].cause == "wait.reread"]
    keys = [decision.wait_key.removeprefix("card:") for decision in waiting]
    seen = await engine.ledger.read(cards.agreements, keys) if keys else {}
    if seen and await reread(engine, [decision.record for decision in waiting]):
        await engine.ledger.write(cards.seen, seen)


async def weigh_flows(engine: Engine) -> None:
    """Let flows go on that were saved and are planned through; brake again those whose released queue is empty."""
    for row in await engine.ledger.read(Transaction.rows, "flows_to_weigh"):
        flow = (await engine.flows()).get(row["id"])
        if flow:
            await engine.ledger.write(catalog.weigh, row["id"], flow.policy.brake)


async def decide(
    engine: Engine, flow: Flow, case_ids: Sequence[int], passage_ids: Sequence[int]
) -> tuple[Planned, ...]:
    """Read what is known of these cases and decide them; nothing is written. The preview calls this too."""
    source = await engine.connections.get(flow.row.source)
    target = await engine.connections.get(flow.row.target)
    rows = await engine.ledger.read(passages.records, case_ids)
    known_cases = _assemble(case_ids, rows, source)
    stored, asked = await engine.ledger.read(_stored_facts, flow, passage_ids, known_cases, source)
    answers = await _ask(target, tuple({question.id: question for case in asked for question in case}.values()))
    now, ends = datetime.now(UTC), (target.connector, target.settings)
    return tuple(
        decide_case(case, _answered(facts, questions, answers), flow, ends, now)
        for case, facts, questions in zip(known_cases, stored, asked, strict=True)
    )


def decide_case(
    case: Case, facts: Facts, flow: Flow, target: tuple[Connector[Settings], Settings], now: datetime
) -> Planned:
    """Plan one case and render its actions; pure, so that a replay of a trace gives the same bytes.

    What cannot be written down is a fact too: the case is planned again with it, since others of it may rest on that.
    """
    while True:
        try:
            decided = plan.plan(case, facts, flow.versions, flow.target, now)
        except Exception as error:  # noqa: BLE001 - our own fault with one case must not stop the others
            decided = _failed(case, flow, error)
        payloads, expected, refused = _rendered(decided, *target)
        if not refused:
            return Planned(case=case, facts=facts, decisions=decided, payloads=payloads, expected=expected, now=now)
        facts = msgspec.structs.replace(facts, refused={**facts.refused, **refused})


def _rendered(
    decisions: Sequence[Decision], connector: Connector[Settings], settings: Settings
) -> tuple[dict[str, bytes], dict[str, Statement | Agreement], dict[str, tuple[Problem, ...]]]:
    """By key the bytes of each action and what it should make stand; by record why it cannot be written down."""
    assert connector.render is not None, f"{connector.id} cannot be written to"
    payloads: dict[str, bytes] = {}
    expected: dict[str, Statement | Agreement] = {}
    refused: dict[str, tuple[Problem, ...]] = {}
    for decision in decisions:
        try:
            for action in decision.actions:
                payloads[action.key] = connector.render(settings, action)
                if decision.agreed:
                    said = connector.shows(settings, action) if connector.shows and action.verb != "adopt" else None
                    expected[action.key] = _agreed(decision.agreed, said)
                    continue
                statement = connector.expect(settings, action) if connector.expect else None
                if statement and action.verb != "cancel":
                    expected[action.key] = statement
        except InvalidDocumentError as error:
            refused[str(decision.record)] = error.problems
        except Exception as error:  # noqa: BLE001 - our own fault with one record must not stop the others
            refused[str(decision.record)] = (Problem(cause="case.failed", details={"reason": printable(repr(error))}),)
    return payloads, expected, refused


def _agreed(agreed: Agreement, said: Contact | None) -> Agreement:
    """What both sides will have agreed on, the target's in its own words where something is written."""
    if said is None:
        return agreed
    meant = agreed.sides[agreed.target].contact
    written = differing(agreed.before, said) if agreed.before else parts(said)
    side = msgspec.structs.replace(agreed.sides[agreed.target], contact=revised(meant, said, written))
    return msgspec.structs.replace(agreed, sides={**agreed.sides, agreed.target: side})


def _failed(case: Case, flow: Flow, error: Exception) -> tuple[Decision, ...]:
    problem = Problem(cause="case.failed", details={"reason": printable(repr(error))})
    return tuple(
        Decision(record=entry.record, key="", verdict="park", problems=(problem,))
        for entry in case.entries
        if entry.kind in flow.policy.kinds
    )


def _assemble(case_ids: Sequence[int], rows: Sequence[Row], source: Opened) -> list[Case]:
    grouped: dict[int, list[StoredRecord]] = {case: [] for case in case_ids}
    for row in rows:
        grouped[row["case_id"]].append(msgspec.convert(dict(row), StoredRecord))
    identity = (source.row.id, source.row.slug)
    return [
        cases.assemble(case, identity, records, source.connector, source.settings) for case, records in grouped.items()
    ]


class _Stored(msgspec.Struct, frozen=True, kw_only=True):
    keys: Mapping[str, KnownKey]
    originals: Mapping[str, Original]
    excluded: frozenset[int]
    adopted: Mapping[str, str]
    names: Mapping[str, str]
    agreements: Mapping[str, Agreement]

    def facts(self, case: Case, flow: Flow) -> Facts:
        """Only what concerns the case, so that its trace holds no more than it rests on."""
        names = {n: self.names[n] for n in sorted(plan.names_of(case, flow.versions, flow.target)) if n in self.names}
        keys = sorted(plan.keys_of(case, flow.versions, flow.target, names))
        numbers = plan.corrected_numbers(case, flow.versions)
        return Facts(
            keys={key: self.keys[key] for key in keys if key in self.keys},
            originals={number: self.originals[number] for number in sorted(numbers) if number in self.originals},
            excluded=self.excluded & {entry.record for entry in case.entries},
            adopted={key: self.adopted[key] for key in keys if key in self.adopted},
            names=names,
            agreements={key: self.agreements[key] for key in keys if key in self.agreements},
        )


def _stored_facts(
    tx: Transaction, flow: Flow, passage_ids: Sequence[int], known_cases: Sequence[Case], source: Opened
) -> tuple[list[Facts], list[tuple[Question, ...]]]:
    """What the ledger knows of each of these cases, and what the target has to be asked then."""
    said = {name for case in known_cases for name in plan.names_of(case, flow.versions, flow.target)}
    names = cards.owners(tx, said)
    by_case = [plan.keys_of(case, flow.versions, flow.target, names) for case in known_cases]
    keys = sorted({key for found in by_case for key in found})
    numbers = sorted({number for case in known_cases for number in plan.corrected_numbers(case, flow.versions)})
    decisions = tx.rows("decisions_of_passages", passages=list(passage_ids))
    originals = (
        tx.rows("records_by_number", flow=flow.row.id, connection=flow.row.source, numbers=list(numbers))
        if numbers
        else []
    )
    entries = {entry.record: entry for case in known_cases for entry in case.entries}
    stored = _Stored(
        keys=_known_keys(tx, flow, keys, entries, source),
        originals={
            row["number"]: Original(
                kind=row["kind"], id=row["source_id"], state=row["state"] or "waiting", key=row["current"] or ""
            )
            for row in originals
        },
        excluded=frozenset(row["record"] for row in decisions if row["by_person"] is not None),
        adopted={row["key"]: row["target_id"] for row in tx.rows("adoptions", keys=keys)},
        names=names,
        agreements=cards.agreements(tx, keys) if "contact" in flow.policy.kinds else {},
    )
    facts = [stored.facts(case, flow) for case in known_cases]
    asked = [
        plan.questions(case, flow.versions, flow.target, each) for case, each in zip(known_cases, facts, strict=True)
    ]
    return facts, asked


def _known_keys(
    tx: Transaction, flow: Flow, keys: Sequence[str], entries: Mapping[int, Entry], source: Opened
) -> dict[str, KnownKey]:
    """How the documents of these keys stand, each told by all actions about it."""
    grouped: dict[str, list[Row]] = {}
    for row in tx.rows("states_of_keys", flow=flow.row.id, keys=list(keys)):
        grouped.setdefault(row["document"], []).append(row)
    known: dict[str, KnownKey] = {}
    suspects: dict[str, Row] = {}
    for key, rows in grouped.items():
        made = [row for row in rows if row["verb"] in {"create", "adopt"}]
        if not made:
            continue
        standing = [row for row in made if row["key"] == key or row["state"] not in UNSENT]
        latest = next(
            (row for row in reversed(standing) if not row["cancelled"]), standing[-1] if standing else made[0]
        )
        entry = entries.get(latest["record"])
        same = entry is None or latest["kind"] == "contact" or entry.digest == latest["digest"]
        known[key] = _known_key(latest, rows, with_expected=not same)
        if latest["kind"] == "contact":
            known[key] = _known_card(known[key], rows, entries)
            continue
        if entry and not same and latest["version"] == entry.version:
            known[key] = msgspec.structs.replace(known[key], digest=entry.digest)
        elif not same and latest["version"]:
            suspects[key] = latest
    return known | _recomputed(tx, known, suspects, source)


def _known_key(latest: Row, rows: Sequence[Row], *, with_expected: bool) -> KnownKey:
    paid = [row for row in rows if row["verb"] == "settle" and row["state"] not in UNSENT]
    amounts = [msgspec.json.decode(row["body"], type=_Settled).subject.amount for row in paid]
    expected = latest["expected"] if with_expected else None
    return KnownKey(
        state=latest["state"],
        digest=latest["digest"],
        key=latest["key"],
        version=latest["version"],
        other_flow=latest["other_flow"],
        expected=msgspec.json.decode(expected, type=Statement) if expected else None,
        busy=next((row["key"] for row in rows if row["verb"] in {"update", "cancel"} and row["state"] in OPEN), ""),
        paid=sum(amounts[1:], amounts[0]) if amounts else None,
        payments=len(paid),
        cancelled=bool(latest["cancelled"]),
        hand=latest["hand"] or "",
    )


def _known_card(known: KnownKey, rows: Sequence[Row], entries: Mapping[int, Entry]) -> KnownKey:
    """Of a contact's card also whatever is on its way about it, from either side."""
    own = [row for row in rows if row["expected"]]  # of a contact that is moved by itself
    waiting = [row for row in own if row["state"] in {"ready", "blocked"} and row["flow_state"] == "live"]
    elsewhere = [row for row in waiting if row["other_flow"] or row["record"] not in entries]
    made = next((row["body"] for row in rows if row["verb"] == "create" and not row["other_flow"]), None)
    return msgspec.structs.replace(
        known,
        busy=next((row["key"] for row in rows if row["state"] in OPEN), ""),
        elsewhere=elsewhere[0]["key"] if elsewhere else "",
        alarm=next((row["key"] for row in rows if row["state"] == "alarm"), ""),
        unverified=next((row["key"] for row in own if row["state"] == "done" and row["unverified"]), ""),
        card=msgspec.json.decode(made, type=_Sent).subject if made else None,
    )


def _recomputed(
    tx: Transaction, known: Mapping[str, KnownKey], suspects: Mapping[str, Row], source: Opened
) -> dict[str, KnownKey]:
    """Fingerprints of what was carried over, made anew by this version of the program: only the source may change."""
    if not suspects:
        return {}
    wanted = [{"record": row["record"], "version": row["version"]} for row in suspects.values()]
    rows = {row["record"]: row for row in tx.rows("payloads_of_versions", wanted=wanted)}
    found: dict[str, KnownKey] = {}
    for key, suspect in suspects.items():
        row = rows.get(suspect["record"])
        if row and row["payload"]:
            digest = cases.digest_of(suspect["kind"], row["payload"], source.connector, source.settings)
            found[key] = msgspec.structs.replace(known[key], digest=digest or known[key].digest)
    return found


class _Sent(msgspec.Struct):
    subject: Contact


class _Paid(msgspec.Struct):
    amount: Money


class _Settled(msgspec.Struct):
    subject: _Paid


def _answered(facts: Facts, asked: Sequence[Question], answers: Mapping[str, Any]) -> Facts:
    return msgspec.structs.replace(facts, matches={question.id: answers[question.id] for question in asked})


async def _ask(target: Opened, asked: Sequence[Question]) -> dict[str, Any]:
    if not asked:
        return {}
    try:
        answers = await target.writes.ask(asked)
    except VendorError as error:
        error.problem, error.words = target.redacted(error.problem), target.redact(error.words)
        raise
    return {question.id: tuple(answer) for question, answer in zip(asked, answers, strict=True)}


def _postpone(
    tx: Transaction, leases: Sequence[PassageLease], pause: int, target: int = 0, problem: str | None = None
) -> None:
    """Leave passages for later; of a ``target`` that could not be asked it is told why."""
    rows = [{"id": lease.passage, "fence": lease.fence} for lease in leases]
    if problem:
        tx.run("note_endpoint", connection=target, problem=problem)
    tx.run("postpone_passages", passages=rows, pause=pause)


def _commit(
    tx: Transaction,
    flow: Flow,
    planned: tuple[Sequence[PlannedPassage], Sequence[trace.Step]],
    answers_again: str | None,
    further: tuple[str, int],
) -> Sequence[PassageLease]:
    if answers_again:
        tx.run("forget_endpoint_note", connection=flow.row.target, problem=answers_again)
    rows, steps = planned
    passages.commit(tx, rows)
    catalog.weigh(tx, flow.row.id, flow.policy.brake)
    trace.write(tx, steps)
    owner, limit = further
    return passages.lease(tx, owner, flow.row.id, limit) if limit else ()


def _park_unseen(tx: Transaction, flow: Flow, lease: PassageLease, problem: Problem) -> None:
    """Park, without another look at it, a case that took the worker down again and again or cannot be planned."""
    decisions = tuple(
        PlannedDecision(
            record=row["id"],
            key="",
            verdict="park",
            state="parked",
            cause=problem.cause,
            problem=as_json(problem),
            rule="",
            version=flow.row.version,
        )
        for row in tx.rows("records_of_cases", cases=[lease.case])
        if row["kind"] in flow.policy.kinds
    )
    passages.commit(tx, [PlannedPassage(lease=lease, endpoint=flow.row.target, decisions=decisions)])


def _passage(lease: PassageLease, planned: Planned, flow: Flow) -> PlannedPassage:
    decisions = tuple(_decision(decision, planned, lease, flow) for decision in planned.decisions)
    return PlannedPassage(lease=lease, endpoint=flow.row.target, decisions=decisions)


def _decision(decision: Decision, planned: Planned, lease: PassageLease, flow: Flow) -> PlannedDecision:
    problem = next(iter(decision.problems), None)
    record = next(entry.version for entry in planned.case.entries if entry.record == decision.record)
    wait_ms = max(int((decision.wait_until - planned.now).total_seconds() * 1000), 0) if decision.wait_until else None
    return PlannedDecision(
        record=decision.record,
        key=decision.key,
        verdict=decision.verdict,
        state=_STATES[decision.verdict],
        cause=problem.cause if problem else "waiting",
        problem=as_json(problem) if problem else "{}",
        rule=decision.rule,
        version=decision.version or flow.row.version,
        wait_key=decision.wait_key or None,
        wait_ms=wait_ms,
        is_new=bool(decision.actions)
        and decision.key not in planned.facts.keys
        and all(action.key not in planned.facts.keys and not action.needs for action in decision.actions),
        actions=tuple(_action(action, decision, planned, record) for action in decision.actions),
        names=decision.names,
        named=decision.named,
        also=decision.also,
        revision=decision.agreed.revision if decision.agreed else None,
    )


def _action(action: Action, decision: Decision, planned: Planned, version: int) -> PlannedAction:
    expected = planned.expected.get(action.key)
    return PlannedAction(
        key=action.key,
        role=action.role,
        verb=action.verb,
        kind=action.kind,
        document=action.key if action.kind == "contact" and not decision.agreed else decision.key,
        body=msgspec.json.encode(action).decode(),
        digest=decision.digest,
        version=version,
        expected=msgspec.json.encode(expected).decode() if expected else None,
        payload=planned.payloads[action.key].decode(),
        needs=action.needs,
    )


def _step(lease: PassageLease, planned: Planned, flow: Flow) -> trace.Step:
    decisions = [
        {
            "record": d.record,
            "verdict": d.verdict,
            "rule": d.rule,
            "problems": d.problems,
            "keys": [a.key for a in d.actions],
        }
        for d in planned.decisions
    ]
    body = {
        "flow": flow.row.slug,
        "version": flow.row.version,
        "now": planned.now,
        "records": {str(entry.record): entry.version for entry in planned.case.entries},
        "facts": planned.facts,
        "decisions": decisions,
    }
    return trace.Step(workspace=lease.workspace, case=lease.case, passage=lease.passage, kind="planned", body=body)
