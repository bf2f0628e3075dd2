"""Czech time: the vendor's stamps carry the offset of Prague."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone


def _last_sunday(year: int, month: int) -> datetime:
    end = datetime(year, month, 31, 1, tzinfo=UTC)
    return end - timedelta(days=(end.weekday() + 1) % 7)


def offset(moment: datetime) -> timedelta:
    """The offset of Prague from UTC at a moment: two hours between the last Sundays of March and October."""
    summer = _last_sunday(moment.year, 3) <= moment.astimezone(UTC) < _last_sunday(moment.year, 10)
    return timedelta(hours=2 if summer else 1)


def day_offset(day: str) -> str:
    """The offset that the vendor writes behind a date, such as +01:00."""
    year, month, number = (int(part) for part in day.split("-"))
    if not 1 < year < 9999:
        return "+01:00"
    hours = offset(datetime(year, month, number, tzinfo=UTC)).seconds // 3600
    return f"+{hours:02}:00"


@dataclass(frozen=True)
class Clock:
    """Gives the moment, with the business day frozen if asked, or a moment that stands still."""

    frozen: date | None = None
    still: datetime | None = None

    def now(self) -> datetime:
        """Now, in Prague."""
        if self.still is not None:
            return self.still
        moment = datetime.now(UTC)
        if self.frozen is not None:
            time = moment.astimezone(timezone(offset(moment))).time()
            moment = datetime.combine(self.frozen, time, UTC)
            return moment.replace(tzinfo=timezone(offset(moment)))
        return moment.astimezone(timezone(offset(moment)))

    def stopped(self, moment: datetime | None = None) -> "Clock":
        """A clock that shows one moment (Prague's, when it has no offset), or this one's now, all the time."""
        chosen = moment or self.now()
        if chosen.tzinfo is None:
            chosen = chosen.replace(tzinfo=timezone(offset(chosen.replace(tzinfo=UTC))))
        return Clock(still=chosen.astimezone(timezone(offset(chosen))))

    def today(self) -> date:
        """The business day."""
        return self.now().date()

    def stamp(self) -> str:
        """Now, as ``lastUpdate`` has it."""
        return self.now().isoformat(timespec="milliseconds")
