"""Statuses of answers as errors, by a table: what the hub does next, the cause, and the setting that is to blame."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from mostek.documents.problem import Problem
from mostek.sdk import errors
from mostek.sdk.http import Response
from mostek.sdk.limits import retry_after

# Where a refusal for too many calls does not say until when; and the longest that a limit can last.
_PAUSE, _LONGEST = timedelta(minutes=1), timedelta(hours=25)


class Refusal(NamedTuple):
    """One status, or all of its hundreds: the kind of error, its cause, the field, and whether it may have arrived."""

    kind: type[errors.VendorError]
    cause: str
    field: str = ""
    sent: bool = False


Refusals = Mapping[int, Refusal]


def refusal(table: Refusals, status: int) -> Refusal | None:
    """What this status means; a status of its own goes before its hundreds."""
    return table.get(status) or table.get(status // 100)


def limited(
    response: Response, problem: Problem, words: str, now: datetime, skew: timedelta = timedelta(0)
) -> errors.RateLimitedError:
    """Too many calls: until when is said by the vendor's clock, and moved to ours."""
    until = retry_after(response.headers.get("retry-after", ""), now, skew) or now + _PAUSE
    until = min(max(until, now + timedelta(seconds=1)), now + _LONGEST)
    return errors.RateLimitedError(problem, until, words=words)
