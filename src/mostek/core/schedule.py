"""When a list is read: after a pause, at times of day, or by hand."""

from datetime import datetime, time, timedelta
from typing import Annotated

import msgspec

Day = Annotated[int, msgspec.Meta(ge=1, le=7)]
Clock = Annotated[str, msgspec.Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
# Shorter pauses only spend calls: a change is seen a minute later at most.
SHORTEST = 60
_NEVER_MS = 100 * 365 * 86_400_000


class Schedule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``every`` so many seconds, or ``at`` times of day in the connection's zone; with neither (0) by hand only.

    ``days`` of the week are those of the times: 1 is Monday.
    """

    every: Annotated[int, msgspec.Meta(ge=0, le=31 * 86_400)]
    at: tuple[Clock, ...] = ()
    days: tuple[Day, ...] = (1, 2, 3, 4, 5, 6, 7)

    @property
    def by_hand(self) -> bool:
        """Whether it is read only when a person says so."""
        return not self.every and not (self.at and self.days)

    def pause_ms(self, now: datetime) -> int:
        """How long from now, an instant in the connection's zone, until it is read again, in milliseconds.

        A time that the clock change leaves out counts an hour later, one that comes twice counts once.
        """
        if self.every:
            return self.every * 1000
        if self.by_hand:
            return _NEVER_MS
        days = (now.date() + timedelta(days=ahead) for ahead in range(9))
        times = [datetime.combine(day, time.fromisoformat(at), now.tzinfo) for day in days for at in sorted(self.at)]
        coming = (each.timestamp() for each in times if each.isoweekday() in self.days)
        return round((next(found for found in coming if found > now.timestamp()) - now.timestamp()) * 1000)

    def passes_a_day(self) -> float:
        """How often it is read on a usual day."""
        return 86_400 / self.every if self.every else len(set(self.at)) * len(set(self.days)) / 7


def stored(every_ms: int, timetable: str | None) -> Schedule:
    """As the ledger keeps it: a pause in milliseconds, and JSON of the times of day."""
    more = msgspec.json.decode(timetable) if timetable else {}
    return Schedule(every=every_ms // 1000, at=tuple(more.get("at", ())), days=tuple(more.get("days", range(1, 8))))


def timetable(schedule: Schedule) -> str | None:
    """The times of day as the ledger keeps them; None without any."""
    return msgspec.json.encode({"at": schedule.at, "days": schedule.days}).decode() if schedule.at else None
