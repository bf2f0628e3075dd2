"""The shop's time: whole UNIX seconds inside, the local zone with its offset outside."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

PRAGUE = ZoneInfo("Europe/Prague")


def local(seconds: int) -> datetime:
    """The moment in the shop's zone."""
    return datetime.fromtimestamp(seconds, PRAGUE)


def iso(seconds: int) -> str:
    """The moment as the shop writes it: 2024-02-29T14:24:49+01:00."""
    return datetime.fromtimestamp(seconds, PRAGUE).isoformat()


def year_later(seconds: int) -> datetime:
    """The same local time a year on; a 29 February becomes 1 March."""
    here = local(seconds)
    try:
        return here.replace(year=here.year + 1)
    except ValueError:
        return here.replace(year=here.year + 1, month=3, day=1)


def day_of(seconds: int) -> int:
    """The ordinal of the local day of a moment."""
    return datetime.fromtimestamp(seconds, PRAGUE).toordinal()


def midnight(day: int) -> str:
    """A day as the local midnight with its offset."""
    return datetime.combine(date.fromordinal(day), time(), PRAGUE).isoformat()


def moment(text: str, naive: str = "shop") -> int:
    """UNIX seconds of an ISO 8601 time or date; one without an offset is in the shop's zone, or UTC.

    Anything else is a ValueError.
    """
    parsed = datetime.fromisoformat(text.strip().replace(" ", "T") if "T" not in text else text.strip())
    if parsed.tzinfo is None:
        parsed = parsed.replace(tzinfo=PRAGUE if naive == "shop" else UTC)
    return int(parsed.timestamp())
