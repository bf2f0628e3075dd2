"""The delivery loop: one endpoint at a time is leased, and its actions are intended, sent, settled and verified.

Order of every effect: the intent is durable before anything is sent; what became of it is durable before it counts;
what nobody knows is looked for in the target, after it can no longer happen, before it is sent again.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import structlog

from mostek.core.comparison import compare
from mostek.documents.invoice import Invoice
from mostek.documents.payment import Payment
from mostek.documents.problem import InvalidDocumentError, Problem
from mostek.hub import trace
from mostek.hub.connections import Opened
from mostek.hub.engine import PAUSE_MS, Engine, as_json, failed, pause_ms, stops_connection, told
from mostek.hub.ledger import StaleLeaseError, Transaction, actions
from mostek.hub.ledger.actions import EndpointLease, Outcome
from mostek.hub.ledger.dialect import Row
from mostek.sdk.effect import (
    Absent,
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

LOG = structlog.get_logger()
# A lease is given up after this many batches or seconds, so that other workers and the settings get a turn.
_BATCHES = 200
_SECONDS = 30.0
# An effect is read back this long after it was made, many at a time.
VERIFY_AGE_MS = 2_000
_AGAIN_MS = 5_000
# What was sent so often, and each time surely did not arrive, is parked: some hours after the first try.
TRIES = 12
BACK_OFF_MS = 5_000
# A document in the target is read back again this long after the last time, until it is of this age.
RECHECK_MS = 24 * 3_600_000
_WATCHED_MS = 120 * 24 * 3_600_000


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
        self._flying: set[str] = set()
        # Guards against a sleeping machine: by the monotonic clock the lease must still be ours before each call.
        self._until = time.monotonic() + actions.LEASE_MS / 1000 / 2

    async def work(self) -> int:
        limits = self._opened.connector.manifest.limits
        started = time.monotonic()
        moved = 0
        for _ in range(_BATCHES):
            settled = await self._settle(limits.batch)
            sent = await self._send(limits.batch, limits.concurrent)
            verified = await self._verify(limits.batch)
            moved += settled + sent + verified
            if not (settled or sent or verified) or time.monotonic() - started > _SECONDS:
                break
        return moved

    async def _send(self, batch: int, concurrent: int) -> int:
        connection = self._held.connection
        rows = await self._ledger.read(actions.take, connection, batch * concurrent * 4, frozenset(self._flying))
        # What was sent before, and did not arrive, goes alone: it may be what broke its batch.
        fresh, again = [row for row in rows if not row["attempts"]], [[row] for row in rows if row["attempts"]]
        queue = [*again, *(fresh[start : start + batch] for start in range(0, len(fresh), batch))]
        self._flying.update(row["key"] for row in rows)
        try:
            await _in_lanes(queue, concurrent, self._send_batch)
        finally:
            self._flying.difference_update(row["key"] for row in rows)
        return len(rows)

    async def _send_batch(self, rows: Sequence[Row]) -> None:
        allowed = await self._ledger.write(actions.commit_intents, self._held, [row["key"] for row in rows])
        self._until = time.monotonic() + actions.LEASE_MS / 1000 / 2
        intents = [_intent(row) for row in rows if row["key"] in allowed]
        if not intents:
            return
        closed = [_closed(intent.action, allowed[intent.action.key]) for intent in intents]
        still = [intent for intent, refused in zip(intents, closed, strict=True) if refused is None]
        sent, stop = await self._write(still) if still else ((), None)
        given = iter(sent)
        results = [refused or next(given) for refused in closed]
        outcomes = [self._outcome(intent, result) for intent, result in zip(intents, results, strict=True)]
        await self._ledger.write(self._commit, intents, results, outcomes, "answered")
        LOG.info("sent", connection=self._opened.row.slug, actions=len(intents), states=_tally(outcomes))
        if stop:
            raise stop

    async def _write(self, intents: Sequence[Intent]) -> tuple[Sequence[Result], VendorError | None]:
        """Send; a ledger that had a life before sends only what that one surely did not leave in the target."""
        self._check_lease()
        if not self._ledger.find_first:
            return await self._call(intents)
        try:
            findings = await self._find(intents)
        except VendorError as error:
            return [_failed(error, sent=False)] * len(intents), error
        settled = (self._ledger.find_first + self._opened.settles_after_ms) / 1000
        known = [_known(finding, settled) for finding in findings]
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
            return [_failed(error, sent=error.sent)] * len(intents), error
        except Exception as error:  # noqa: BLE001 - it may have been sent: to be settled like any lost answer
            LOG.warning("sending failed", connection=self._opened.row.slug, reason=self._opened.redact(repr(error)))
            return [Unknown(problem=failed(error))] * len(intents), None

    def _check_lease(self) -> None:
        if time.monotonic() > self._until:
            raise StaleLeaseError(f"endpoint {self._held.connection}")

    def _outcome(self, intent: Intent, result: Result) -> Outcome:
        key = intent.action.key
        match result:
            case Done() | AlreadyThere():
                return Outcome(key=key, state="done", target_id=result.id, target_number=result.number or None)
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
            _settled(row, finding, asked, row["held"] - self._opened.settles_after_ms)
            for row, finding in zip(rows, findings, strict=True)
        ]
        await self._ledger.write(self._commit, intents, findings, outcomes, "settled")
        LOG.info("settled", connection=self._opened.row.slug, actions=len(intents), states=_tally(outcomes))
        return sum(outcome.state != "unknown" for outcome in outcomes)

    async def _find(self, intents: Sequence[Intent]) -> Sequence[Finding]:
        try:
            return await self._opened.writes.find(intents)
        except VendorError:
            raise
        except Exception as error:  # noqa: BLE001 - what cannot be looked for stays in doubt, the rest is sent
            return [CannotTell(problem=failed(error))] * len(intents)

    def _commit(
        self, tx: Transaction, intents: Sequence[Intent], results: Sequence[Any], outcomes: Sequence[Outcome], step: str
    ) -> None:
        actions.commit_outcomes(tx, self._held, outcomes)
        rows = {row["key"]: row for row in tx.rows("cases_of_keys", keys=[intent.action.key for intent in intents])}
        trace.write(
            tx,
            [
                trace.Step(
                    workspace=rows[intent.action.key]["workspace"],
                    case=rows[intent.action.key]["case_id"],
                    passage=rows[intent.action.key]["passage"],
                    action=intent.action.key,
                    kind=step,
                    body={"result": result, "calls": self._calls(result)},
                )
                for intent, result in zip(intents, results, strict=True)
            ],
            self._opened.redact,
        )

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
        found = iter(await self._opened.writes.verify(asked) if asked else ())
        verified = [
            _verified(row, statement, next(found) if statement else None)
            for row, statement in zip(rows, expected, strict=True)
        ]
        await self._ledger.write(actions.commit_verified, self._held, verified)
        for seen in verified:
            if seen["problem"]:
                LOG.error("alarm", connection=self._opened.row.slug, key=seen["key"], problem=seen["problem"])
        return len(verified)

    def _expected(self, row: Row, action: Action) -> Statement | None:
        """What should stand there: as it was planned, or as a person left it since."""
        if action.verb in {"update", "cancel", "link"}:
            return None  # the document's own row says what should stand
        if row["expected"]:
            return msgspec.json.decode(row["expected"], type=Statement)
        expect = self._opened.connector.expect
        return expect(self._opened.settings, action) if expect and action.verb == "create" else None


def _failed(error: VendorError, *, sent: bool) -> Result:
    """What became of each action of a call that failed as a whole."""
    problem = msgspec.structs.replace(error.problem, details={**error.problem.details, "words": error.words})
    return Unknown(problem=problem) if sent else _not_sent(problem, pause_ms(error, time.time() * 1000) / 1000)


def _not_sent(problem: Problem, seconds: float) -> NotSent:
    return NotSent(until=datetime.fromtimestamp(time.time() + seconds, UTC), problem=problem)


def _known(finding: Finding, settled: float) -> Result | None:
    """What an earlier life of the ledger left in the target; None when there is surely nothing.

    Before ``settled``, in seconds since 1970, it may still be on its way. More than one is settled: it is an alarm.
    """
    match finding:
        case Found(ids=ids) if len(ids) == 1:
            return AlreadyThere(id=ids[0], number=finding.number)
        case Found():
            return Unknown(problem=Problem(cause="settle.several", details={"ids": ", ".join(finding.ids)}))
        case Absent(as_of=moment) if moment.timestamp() >= settled:
            return None
        case Absent():
            return _not_sent(Problem(cause="place.settling"), max(settled - time.time(), 1))
        case CannotTell():
            return _not_sent(finding.problem, _AGAIN_MS / 1000)


def _closed(action: Action, until: date | None) -> Rejected | None:
    """The last look before something is sent: its period may have been closed since it was planned."""
    match action.subject:
        case Invoice() as document if action.verb != "adopt":
            days = [document.issued, document.supplied]
        case Payment() as payment if action.options.get("mode") == "document":
            days = [payment.paid]
        case _:
            return None
    if until is None or min(days) > until:
        return None
    number = getattr(action.subject, "number", "") or getattr(action.subject, "document", "")
    return Rejected(problem=Problem(cause="books.closed", details={"number": number, "date": str(min(days))}))


def _tally(outcomes: Sequence[Outcome]) -> dict[str, int]:
    return dict(Counter(outcome.state for outcome in outcomes))


def _verified(row: Row, expected: Statement | None, found: Statement | None) -> dict[str, Any]:
    """What reading an effect back showed; a difference that was not there at first is a person's work.

    Of an adopted document only kind and total are ours at first; as it stands then it has to stay.
    """
    told = {"key": row["key"], "state": "done", "cause": None, "problem": None, "expected": None, "again": None}
    if expected is None:
        return told
    first = row["verified"] is None
    if row["verb"] == "adopt" and first and found:
        own = msgspec.structs.replace(expected, rows=(), supplied=None, reference="", issued=found.issued)
        problem = compare(own, found)
        told["expected"] = None if problem else msgspec.json.encode(found).decode()
    else:
        problem = compare(expected, found, tied=not first)
    if problem and not first:
        problem = Problem(
            cause="target.deleted" if found is None else "target.cancelled" if found.cancelled else "target.edited",
            field=problem.field,
            details=problem.details,
        )
    # Documents are read back again every day for some months: what a person changes there is noticed.
    told["again"] = RECHECK_MS if row["age"] < _WATCHED_MS and row["kind"] != "contact" else None
    if problem:
        told |= {"state": "alarm", "cause": problem.cause, "problem": as_json(problem), "again": None}
    return told


def _settled(row: Row, finding: Finding, asked: datetime, spare_ms: int) -> Outcome:
    """Found is done; absent after it can no longer happen is sent again, the same bytes; two are an alarm.

    ``spare_ms`` is how long ago the effect became impossible when the target was ``asked``; an answer that is older
    than the question by more than that proves nothing yet. One on which our own connector broke, alone and again, is
    parked. The reason of a doubt is kept until it is settled.
    """
    key, doubt = row["key"], {"cause": row["cause"], "problem": row["problem"]}
    match finding:
        case Found(ids=ids) if len(ids) == 1:
            return Outcome(key=key, state="done", target_id=ids[0], target_number=finding.number or None)
        case Found():
            problem = Problem(cause="settle.several", details={"ids": ", ".join(finding.ids)})
            return Outcome(key=key, state="alarm", cause=problem.cause, problem=as_json(problem))
        case Absent():
            if (asked - finding.as_of).total_seconds() * 1000 > spare_ms:
                return Outcome(key=key, state="unknown", settles_ms=_AGAIN_MS, **doubt)
            if row["cause"] == "connector.failed" and row["attempts"] > 1:
                return Outcome(key=key, state="parked", **doubt)
            return _again(key, row["attempts"])
        case CannotTell():
            return Outcome(key=key, state="unknown", settles_ms=_AGAIN_MS, **doubt)


def _again(key: str, attempts: int) -> Outcome:
    """Send it again, at once after the first attempt and ever later after more; what never arrives needs a person."""
    if attempts >= TRIES:
        problem = Problem(cause="delivery.given_up", details={"times": str(attempts)})
        return Outcome(key=key, state="parked", cause=problem.cause, problem=as_json(problem))
    return Outcome(key=key, state="ready", wait_ms=BACK_OFF_MS * (2 ** (attempts - 1) - 1))


def _intent(row: Row) -> Intent:
    known = row.keys()
    return Intent(
        action=msgspec.json.decode(row["body"], type=Action),
        payload=row["payload"].encode(),
        id=(row["target_id"] or "") if "target_id" in known else "",
    )


def _to_settle(tx: Transaction, connection: int, limit: int) -> list[Row]:
    return tx.rows("to_settle", connection=connection, limit=limit)


def _to_verify(tx: Transaction, connection: int, limit: int, age: int) -> list[Row]:
    return tx.rows("to_verify", connection=connection, limit=limit, age=age)


async def _in_lanes(queue: list[list[Row]], lanes: int, work: Any) -> None:
    """Work the queue off in so many lanes; the first failure stops the others after their present batch."""
    queue.reverse()

    async def lane() -> None:
        while queue:
            await work(queue.pop())

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_quiet(lane, queue)) for _ in range(min(lanes, len(queue)))]
    failures = [failure for task in tasks if (failure := task.result())]
    if failures:
        raise failures[0]


async def _quiet(lane: Any, queue: list[list[Row]]) -> Exception | None:
    try:
        await lane()
    except (VendorError, StaleLeaseError, InvalidDocumentError) as error:
        queue.clear()
        return error
    return None


def _ms_until(moment: datetime) -> int:
    return max(int((moment.timestamp() - time.time()) * 1000), 0)


async def _stop(engine: Engine, opened: Opened, held: EndpointLease, error: VendorError) -> None:
    """Leave the system alone for a while; when only its owner can help, until he acts."""
    problem = told(opened, error.problem, error.words)
    pause = pause_ms(error, time.time() * 1000)
    LOG.warning("delivery paused", connection=opened.row.slug, problem=problem, pause_ms=pause)
    await engine.ledger.write(actions.release, held, pause, problem)
    if stops_connection(error):
        await engine.stop(held.connection, error)
