"""What an error, a search or a reading back says of an action; nothing is asked or written here."""

import time
from datetime import UTC, datetime
from typing import Any

import msgspec

from mostek.core.comparison import compare
from mostek.core.facts import Agreement
from mostek.documents.party import Contact
from mostek.documents.problem import Problem
from mostek.hub import readback
from mostek.hub.engine import as_json, pause_ms
from mostek.hub.ledger.actions import Outcome
from mostek.hub.ledger.dialect import Row
from mostek.sdk.effect import (
    Absent,
    Action,
    AlreadyThere,
    CannotTell,
    Finding,
    Found,
    NotSent,
    Result,
    Statement,
    Unknown,
)
from mostek.sdk.errors import VendorError

# What cannot be told is asked again after this time.
_AGAIN_MS = 5_000
# What was sent so often, and each time surely did not arrive, is parked: some hours after the first try.
TRIES = 12
BACK_OFF_MS = 5_000
# A document in the target is read back again this long after the last time, until it is of this age.
RECHECK_MS = 24 * 3_600_000
_WATCHED_MS = 120 * 24 * 3_600_000


def failed_call(error: VendorError, *, sent: bool) -> Result:
    """What became of each action of a call that failed as a whole."""
    problem = msgspec.structs.replace(error.problem, details={**error.problem.details, "words": error.words})
    return Unknown(problem=problem) if sent else _not_sent(problem, pause_ms(error, time.time() * 1000) / 1000)


def _not_sent(problem: Problem, seconds: float) -> NotSent:
    return NotSent(until=datetime.fromtimestamp(time.time() + seconds, UTC), problem=problem)


def left_before(finding: Finding, settled: float) -> Result | None:
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


def settled(row: Row, finding: Finding, asked: datetime, spare_ms: int) -> Outcome:
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


def verified(
    row: Row, action: Action, expected: Statement | Agreement | None, found: Statement | Contact | None
) -> dict[str, Any]:
    """What reading an effect back showed; a difference that was not there at first is a person's work.

    Of an adopted document only kind and total are ours at first; as it stands then it has to stay.
    """
    told = {"key": row["key"], "state": "done", "cause": None, "problem": None, "expected": None, "again": None}
    if expected is None:
        return told
    if isinstance(expected, Agreement):
        problem = readback.unheard(action, expected, found if isinstance(found, Contact) else None)
        return told | ({"state": "alarm", "cause": problem.cause, "problem": as_json(problem)} if problem else {})
    assert not isinstance(found, Contact)
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
