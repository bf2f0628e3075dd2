"""Call budgets: how many calls a credential may make, known before the vendor says no."""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import msgspec

from mostek.documents.problem import Problem
from mostek.sdk.errors import RateLimitedError

_LONGEST_WAIT = 7  # digits of seconds; more is no pause but a fault


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """A budget as it is stored and shown: calls used in the current calendar hour and day (UTC)."""

    hour: str = ""
    in_hour: int = 0
    day: str = ""
    in_day: int = 0
    blocked_until: datetime | None = None


@dataclass
class Budget:
    """Counts calls against limits per calendar hour and day (0: no limit).

    The hour's quota is used first, then the day's, as vendors with both do: a call is allowed while either has
    something left. ``now`` is a clock in UTC, replaced in tests.
    """

    per_hour: int = 0
    per_day: int = 0
    usage: Usage = field(default_factory=Usage)

    def take(self, now: datetime) -> None:
        """Count one call; raises :class:`RateLimitedError` instead of making a call that the vendor would refuse."""
        until = self.free_at(now)
        if until > now:
            problem = Problem(cause="limit.budget", details={"until": until.isoformat(timespec="minutes")})
            raise RateLimitedError(problem, until)
        used = self.used(now)
        over_hour = bool(self.per_hour) and used.in_hour >= self.per_hour
        self.usage = msgspec.structs.replace(
            used, in_hour=used.in_hour + 1, in_day=used.in_day + (1 if over_hour or not self.per_hour else 0)
        )

    def free_at(self, now: datetime) -> datetime:
        """When the next call is allowed: now, or the start of the next hour."""
        used = self.used(now)
        if used.blocked_until and used.blocked_until > now:
            return used.blocked_until
        if not self.per_hour and not self.per_day:
            return now
        if self.per_hour and used.in_hour < self.per_hour:
            return now
        if self.per_day and used.in_day < self.per_day:
            return now
        start = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        return start + (timedelta(hours=1) if self.per_hour else timedelta(hours=24 - start.hour))

    def left(self, now: datetime) -> int | None:
        """How many calls are left now, or None without limits."""
        if not self.per_hour and not self.per_day:
            return None
        used = self.used(now)
        return max(self.per_hour - used.in_hour, 0) + max(self.per_day - used.in_day, 0)

    def observe(self, now: datetime, *, hour_left: int | None = None, day_left: int | None = None) -> None:
        """Correct the count by what the vendor says is left: others may share the credential."""
        used = self.used(now)
        in_hour = used.in_hour if hour_left is None else max(self.per_hour - hour_left, 0)
        in_day = used.in_day if day_left is None else max(self.per_day - day_left, 0)
        self.usage = msgspec.structs.replace(used, in_hour=in_hour, in_day=in_day)

    def block(self, until: datetime) -> None:
        """Make no call before ``until``: the vendor refused one; an earlier refusal may reach further."""
        before = self.usage.blocked_until
        self.usage = msgspec.structs.replace(self.usage, blocked_until=max(until, before) if before else until)

    def used(self, now: datetime) -> Usage:
        """The calls of the present hour and day."""
        moment = now.astimezone(UTC)
        hour, day = moment.strftime("%Y-%m-%dT%H"), moment.strftime("%Y-%m-%d")
        used = self.usage
        return msgspec.structs.replace(
            used,
            hour=hour,
            day=day,
            in_hour=used.in_hour if used.hour == hour else 0,
            in_day=used.in_day if used.day == day else 0,
        )


def instant(value: str) -> datetime | None:
    """An instant as headers write it, in UTC: an HTTP date, or ISO 8601, which without a zone means GMT."""
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        with suppress(ValueError, TypeError, IndexError, OverflowError):
            found: datetime = read(value)
            return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    return None


def retry_after(value: str, now: datetime, skew: timedelta = timedelta()) -> datetime | None:
    """When to come back by ``Retry-After`` (RFC 9110): seconds from now, or an instant of the vendor's clock.

    ``skew`` is how far that clock is ahead of ours. None for an empty header or one that says nothing.
    """
    if value.strip().isdecimal() and len(value.strip()) <= _LONGEST_WAIT:
        return now + timedelta(seconds=int(value))
    found = instant(value)
    return found - skew if found else None
