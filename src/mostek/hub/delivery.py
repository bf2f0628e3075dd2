"""The delivery loop: one endpoint at a time is leased, and its actions are intended, sent, settled and verified.

Order of every effect: the intent is durable before anything is sent; what became of it is durable before it counts;
what nobody knows is looked for in the target, after it can no longer happen, before it is sent again.
"""

import math
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import structlog

from mostek.core.facts import Agreement
from mostek.documents.invoice import Invoice
from mostek.documents.payment import Payment
from mostek.documents.problem import Problem
from mostek.hub import judgement, readback, trace
from mostek.hub.connections import Opened
from mostek.hub.engine import PAUSE_MS, Engine, failed, pause_ms, stops_connection, told
from mostek.hub.lanes import Lanes
from mostek.hub.ledger import StaleLeaseError, Transaction, actions
from mostek.hub.ledger.actions import EndpointLease, Outcome
from mostek.hub.ledger.dialect import Row
from mostek.sdk.effect import (
    Accepted,
    Action,
    AlreadyThere,
    CannotTell,
    Done,
    Finding,
    Found,
    Intent,
    NotSent,
    Rejected,
    Result,
    Statement,
    Unknown,
)
from mostek.sdk.errors import VendorError
from mostek.sdk.manifest import Limits

LOG = structlog.get_logger()
# A lease is given up after this many batches or seconds, so that other workers and the settings get a turn.
_BATCHES = 200
_SECONDS = 30.0
# Whether the endpoint is still ours, and the ledger at its place, is asked this often at least, in seconds, while calls
# are made; to ask before each of a thousand calls a second would take a sixth of the time.
LOOK = 0.01
# An effect is read back this long after it was made, many at a time.
VERIFY_AGE_MS = 2_000
# The most intents that are committed ahead of their calls, if two calls a lane are not more: after a crash each has to
# be looked for. Where nothing can be looked for a person would have to: there, what can be sent at once and no more.
_AHEAD = 128


async def deliver(engine: Engine, connection: int, *, verify_age_ms: int = VERIFY_AGE_MS) -> int:
    """Hold the endpoint for a while and work on it; returns how many actions moved, 0 when there was nothing to do.

    A system that cannot be reached, or refuses the login, is left alone for a while or until its owner acts.
    """
    opened = await engine.open(connection)
    if opened is None:
        return 0
    held = await engine.ledger.write(actions.lease, engine.owner, connection, opened.settles_after_ms)
    if held is None:
        return 0
    worker = _Delivery(engine, opened, held, verify_age_ms)
    try:
        moved = await worker.work()
    except StaleLeaseError:
        return 0
    except VendorError as error:
        await _stop(engine, opened, held, error)
        return 0
    except Exception as error:  # noqa: BLE001 - a connector that fails by itself stops neither the others nor the worker
        problem = told(opened, failed(error))
        LOG.warning("delivery failed", connection=opened.row.slug, problem=problem)
        await engine.ledger.write(actions.release, held, PAUSE_MS, problem)
        return 0
    await engine.ledger.write(actions.release, held)
    return moved


class _Delivery:
    """One tenure of an endpoint."""

    def __init__(self, engine: Engine, opened: Opened, held: EndpointLease, verify_age_ms: int) -> None:
        self._ledger = engine.ledger
        self._opened = opened
        self._held = held
        self._verify_age_ms = verify_age_ms
        self._started = time.monotonic()
        self._seen, self._looked = -1, -math.inf
        # Guards against a sleeping machine: by the monotonic clock the lease must still be ours before each call.
        self._until = time.monotonic() + actions.LEASE_MS / 1000 / 2

    async def work(self) -> int:
        limits = self._opened.connector.manifest.limits
        moved = 0
        for _ in range(_BATCHES):
            settled = await self._settle(limits.batch)
            sent = await self._send(limits)
            verified = await self._verify(limits.batch)
            moved += settled + sent + verified
            if not (settled or sent or verified) or self._over():
                break
        return moved

    async def _send(self, limits: Limits) -> int:
        """Send what is ready, many calls at once, while intents and outcomes are committed a group at a time."""
        writes = self._opened.connector.manifest.writes.values()
        searchable = all(write.key_strength != "none" for write in writes)
        group = limits.batch * limits.concurrent
        furthest = max(_AHEAD, 2 * group) if searchable else group
        lanes = Lanes(
            limits.concurrent,
            limits.batch,
            furthest,
            work=self._send_batch,
            turn=self._turn,
            give_back=self._give_back,
        )
        return await lanes.run(self._over)

    def _over(self) -> bool:
        return time.monotonic() - self._started > _SECONDS

    async def _turn(self, answered: Sequence["_Answered"], room: int) -> list[Sequence["_Sendable"]]:
        rows = await self._ledger.write(self._commit, answered, room)
        if rows is None:
            raise StaleLeaseError(f"endpoint {self._held.connection}")
        self._until = time.monotonic() + actions.LEASE_MS / 1000 / 2
        if answered:
            states = _tally([each.outcome for each in answered])
            LOG.info("sent", connection=self._opened.row.slug, actions=len(answered), states=states)
        # What was sent before, and did not arrive, goes alone: it may be what broke its batch.
        fresh = [_sendable(row) for row in rows if row["attempts"] == 1]
        again = [[_sendable(row)] for row in rows if row["attempts"] > 1]
        size = self._opened.connector.manifest.limits.batch
        return [*again, *(fresh[start : start + size] for start in range(0, len(fresh), size))]

    def _commit(self, tx: Transaction, answered: Sequence["_Answered"], room: int) -> list[Row] | None:
        """What became of a group, and the intents of the next; None when the lease has passed on."""
        if answered:
            actions.commit_outcomes(tx, self._held, [each.outcome for each in answered])
            self._trace(tx, answered, "answered")
        return actions.intend(tx, self._held, room) if room else []

    async def _send_batch(self, batch: Sequence["_Sendable"]) -> tuple[list["_Answered"], Exception | None]:
        try:
            await self._still_ours()
        except StaleLeaseError as stale:
            await self._give_back(batch)
            return [], stale
        closed = [_closed(each) for each in batch]
        still = [each.intent for each, refused in zip(batch, closed, strict=True) if refused is None]
        sent, stop = await self._write(still) if still else ((), None)
        given = iter(sent)
        results = [refused or next(given) for refused in closed]
        return [
            _Answered(sendable=each, result=result, outcome=self._outcome(each.intent, result))
            for each, result in zip(batch, results, strict=True)
        ], stop

    async def _give_back(self, left: Sequence["_Sendable"]) -> None:
        await self._ledger.write(actions.give_back, self._held, [each.intent.key for each in left])

    async def _still_ours(self) -> None:
        """Whoever stops this system in this process is noticed before the next call, anybody else in a moment."""
        seen, now = self._ledger.generation, time.monotonic()
        if seen != self._seen or now - self._looked > LOOK:
            self._seen, self._looked = seen, now
            if not await self._ledger.read(actions.holds, self._held):
                raise StaleLeaseError(f"endpoint {self._held.connection}")
        self._check_lease()

    async def _write(self, intents: Sequence[Intent]) -> tuple[Sequence[Result], VendorError | None]:
        """Send; a ledger that had a life before sends only what that one surely did not leave in the target."""
        if not self._ledger.find_first:
            return await self._call(intents)
        try:
            findings = await self._find(intents)
        except VendorError as error:
            return [judgement.failed_call(error, sent=False)] * len(intents), error
        settled = (self._ledger.find_first + self._opened.settles_after_ms) / 1000
        known = [judgement.left_before(finding, settled) for finding in findings]
        absent = [intent for intent, result in zip(intents, known, strict=True) if result is None]
        sent, stop = await self._call(absent) if absent else ((), None)
        results = iter(sent)
        return [result or next(results) for result in known], stop

    async def _call(self, intents: Sequence[Intent]) -> tuple[Sequence[Result], VendorError | None]:
        """One call; an error of the whole call becomes a result of each action, and then ends the tenure."""
        self._check_lease()
        try:
            return await self._opened.writes.write(intents), None
        except VendorError as error:
            return [judgement.failed_call(error, sent=error.sent)] * len(intents), error
        except Exception as error:  # noqa: BLE001 - it may have been sent: to be settled like any lost answer
            LOG.warning("sending failed", connection=self._opened.row.slug, reason=self._opened.redact(repr(error)))
            return [Unknown(problem=failed(error))] * len(intents), None

    def _check_lease(self) -> None:
        if time.monotonic() > self._until:
            raise StaleLeaseError(f"endpoint {self._held.connection}")

    def _outcome(self, intent: Intent, result: Result) -> Outcome:
        key = intent.key
        match result:
            case Done() | AlreadyThere():
                number, final = result.number or None, int(not self._readable(intent))
                return Outcome(key=key, state="done", target_id=result.id, target_number=number, final=final)
            case Accepted():
                wait = _ms_until(result.check_after)
                return Outcome(key=key, state="accepted", target_id=result.handle, settles_ms=wait)
            case Rejected():
                problem, words = self._json(result.problem, result.words), self._opened.redact(result.words)
                return Outcome(key=key, state="parked", cause=result.problem.cause, problem=problem, words=words)
            case NotSent():
                return Outcome(
                    key=key, state="ready", wait_ms=_ms_until(result.until), problem=self._json(result.problem)
                )
            case Unknown():
                settles = self._opened.settles_after_ms
                problem, cause = self._json(result.problem), result.problem.cause
                return Outcome(key=key, state="unknown", settles_ms=settles, cause=cause, problem=problem)

    def _json(self, problem: Problem, words: str = "") -> str:
        return told(self._opened, problem, words)

    async def _settle(self, batch: int) -> int:
        """Find out what became of what nobody knows."""
        rows = await self._ledger.read(_to_settle, self._held.connection, batch)
        if not rows:
            return 0
        await self._ledger.write(actions.extend, self._held)
        intents = [_intent(row) for row in rows]
        asked = datetime.now(UTC)
        findings = await self._find(intents)
        outcomes = [
            judgement.settled(row, finding, asked, row["held"] - self._opened.settles_after_ms)
            for row, finding in zip(rows, findings, strict=True)
        ]
        await self._ledger.write(self._settled, rows, findings, outcomes)
        LOG.info("settled", connection=self._opened.row.slug, actions=len(intents), states=_tally(outcomes))
        return sum(outcome.state != "unknown" for outcome in outcomes)

    async def _find(self, intents: Sequence[Intent]) -> Sequence[Finding]:
        try:
            return await self._opened.writes.find(intents)
        except VendorError:
            raise
        except Exception as error:  # noqa: BLE001 - what cannot be looked for stays in doubt, the rest is sent
            return [CannotTell(problem=failed(error))] * len(intents)

    def _settled(
        self, tx: Transaction, rows: Sequence[Row], findings: Sequence[Finding], outcomes: Sequence[Outcome]
    ) -> None:
        actions.commit_outcomes(tx, self._held, outcomes)
        self._trace(
            tx,
            [
                _Answered(sendable=_sendable(row), result=finding, outcome=outcome)
                for row, finding, outcome in zip(rows, findings, outcomes, strict=True)
            ],
            "settled",
        )

    def _trace(self, tx: Transaction, answered: Sequence["_Answered"], kind: str) -> None:
        steps = [
            trace.Step(
                workspace=each.sendable.workspace,
                case=each.sendable.case,
                passage=each.sendable.passage,
                action=each.sendable.intent.key,
                kind=kind,
                body={"result": each.result, "calls": self._calls(each.result)},
            )
            for each in answered
        ]
        trace.write(tx, steps, self._opened.redact)

    def _readable(self, intent: Intent) -> bool:
        """Whether the effect can be read back: others are as sure as they will ever be."""
        if intent.kind == "contact":
            return intent.verb in {"create", "update"} and self._opened.connector.shows is not None
        return intent.verb in {"create", "adopt"} and self._opened.connector.expect is not None

    def _calls(self, result: Any) -> list[dict[str, Any]]:
        """The last call as it went over the wire, kept where the result is not a plain success."""
        if isinstance(result, Done | AlreadyThere | Found) or not self._opened.exchanges:
            return []
        call = self._opened.exchanges[-1]
        return [{"method": call.method, "url": call.url, "status": call.status, "response": call.response[:20_000]}]

    async def _verify(self, batch: int) -> int:
        """Read back what was done a moment ago and compare it with what was meant."""
        rows = await self._ledger.read(_to_verify, self._held.connection, batch, self._verify_age_ms)
        if not rows:
            return 0
        intents = [_intent(row) for row in rows]
        expected = [self._expected(row, intent.action) for row, intent in zip(rows, intents, strict=True)]
        asked = [intent for intent, statement in zip(intents, expected, strict=True) if statement]
        found = iter(await readback.stand(self._opened.writes, asked))
        verified = [
            judgement.verified(row, intent.action, statement, next(found) if statement else None)
            for row, intent, statement in zip(rows, intents, expected, strict=True)
        ]
        await self._ledger.write(actions.commit_verified, self._held, verified)
        for seen in verified:
            if seen["problem"]:
                LOG.error("alarm", connection=self._opened.row.slug, key=seen["key"], problem=seen["problem"])
        return len(verified)

    def _expected(self, row: Row, action: Action) -> Statement | Agreement | None:
        """What should stand there: as it was planned, or as a person left it since."""
        if action.kind == "contact" and row["expected"]:
            agreed = msgspec.json.decode(row["expected"], type=Agreement)
            return None if action.verb == "adopt" else agreed
        if action.verb in {"update", "cancel", "link"} or action.kind == "contact":
            return None  # the document's own row says what should stand; a card made for a document is not read back
        if row["expected"]:
            return msgspec.json.decode(row["expected"], type=Statement)
        expect = self._opened.connector.expect
        return expect(self._opened.settings, action) if expect and action.verb == "create" else None


class _Sendable(msgspec.Struct, frozen=True, kw_only=True):
    """An intent that is committed, with where it belongs, and the day up to which the books were closed then."""

    intent: Intent
    workspace: int
    case: int
    passage: int
    closed: date | None


class _Answered(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one intent."""

    sendable: _Sendable
    outcome: Outcome
    result: Result | Finding


def _sendable(row: Row) -> _Sendable:
    closed = row["closed_until"]
    return _Sendable(
        intent=_intent(row),
        workspace=row["workspace"],
        case=row["case_id"],
        passage=row["passage"],
        closed=date.fromisoformat(closed) if closed else None,
    )


def _closed(sendable: _Sendable) -> Rejected | None:
    """The last look before something is sent: its period may have been closed since it was planned."""
    until = sendable.closed
    if until is None:
        return None
    action = sendable.intent.action
    match action.subject:
        case Invoice() as document if action.verb != "adopt":
            days = [document.issued, document.supplied]
        case Payment() as payment if action.options.get("mode") == "document":
            days = [payment.paid]
        case _:
            return None
    if min(days) > until:
        return None
    number = getattr(action.subject, "number", "") or getattr(action.subject, "document", "")
    return Rejected(problem=Problem(cause="books.closed", details={"number": number, "date": str(min(days))}))


def _tally(outcomes: Sequence[Outcome]) -> dict[str, int]:
    return dict(Counter(outcome.state for outcome in outcomes))


def _intent(row: Row) -> Intent:
    return Intent(
        key=row["key"],
        verb=row["verb"],
        kind=row["kind"],
        meant=row["body"].encode(),
        payload=row["payload"].encode(),
        id=row["target_id"] or "",
    )


def _to_settle(tx: Transaction, connection: int, limit: int) -> list[Row]:
    return tx.rows("to_settle", connection=connection, limit=limit)


def _to_verify(tx: Transaction, connection: int, limit: int, age: int) -> list[Row]:
    return tx.rows("to_verify", connection=connection, limit=limit, age=age)


async def _stop(engine: Engine, opened: Opened, held: EndpointLease, error: VendorError) -> None:
    """Leave the system alone for a while; when only its owner can help, until he acts."""
    problem = told(opened, error.problem, error.words)
    pause = pause_ms(error, time.time() * 1000)
    LOG.warning("delivery paused", connection=opened.row.slug, problem=problem, pause_ms=pause)
    await engine.ledger.write(actions.release, held, pause, problem)
    if stops_connection(error):
        await engine.stop(held.connection, error)


def _ms_until(moment: datetime) -> int:
    return max(int((moment.timestamp() - time.time()) * 1000), 0)
