"""When a list is read next, over the changes of the clock too."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mostek.core import schedule as schedules
from mostek.core.schedule import Schedule

PRAGUE = ZoneInfo("Europe/Prague")
CLOCKS = st.lists(st.from_regex(r"\A([01][0-9]|2[0-3]):[0-5][0-9]\Z"), min_size=1, max_size=4).map(tuple)
DAYS = st.lists(st.integers(1, 7), min_size=1, max_size=7).map(tuple)


def at(text: str) -> datetime:
    """An instant of Prague's clock."""
    return datetime.fromisoformat(text).replace(tzinfo=PRAGUE)


def following(schedule: Schedule, now: datetime) -> datetime:
    """The next reading, by Prague's clock."""
    return datetime.fromtimestamp(now.timestamp() + schedule.pause_ms(now) / 1000, PRAGUE)


@pytest.mark.parametrize(
    ("now", "times", "days", "then"),
    [
        ("2026-11-25T05:59", ("06:00",), (1, 2, 3, 4, 5), "2026-11-25T06:00"),
        ("2026-11-25T06:00", ("06:00", "18:00"), (1, 2, 3, 4, 5), "2026-11-25T18:00"),
        ("2026-11-27T18:00", ("18:00", "06:00"), (1, 2, 3, 4, 5), "2026-11-30T06:00"),
        ("2026-11-25T06:00", ("06:00",), (3,), "2026-12-02T06:00"),
        ("2026-03-29T00:00", ("02:30",), (7,), "2026-03-29T03:30"),  # there is no 02:30 that night
        ("2026-10-25T02:30", ("02:30",), (7,), "2026-11-01T02:30"),  # and here there are two
    ],
)
def test_the_next_time_of_day(now: str, times: tuple[str, ...], days: tuple[int, ...], then: str) -> None:
    assert following(Schedule(every=0, at=times, days=days), at(now)) == at(then)


@given(times=CLOCKS, days=DAYS, minutes=st.integers(0, 2 * 366 * 1440))
def test_it_is_always_ahead_on_one_of_the_days_and_within_eight(
    times: tuple[str, ...], days: tuple[int, ...], minutes: int
) -> None:
    now = at("2026-01-01T00:00") + timedelta(minutes=minutes)
    schedule = Schedule(every=0, at=times, days=days)
    found = following(schedule, now)
    assert 0 < schedule.pause_ms(now) <= 8 * 86_400_000
    assert found.isoweekday() in days


def test_a_pause_and_by_hand() -> None:
    now = at("2026-11-25T06:00")
    assert Schedule(every=900).pause_ms(now) == 900_000
    assert Schedule(every=900).passes_a_day() == 96
    assert Schedule(every=0).by_hand
    assert Schedule(every=0).pause_ms(now) > 50 * 365 * 86_400_000
    assert Schedule(every=0, at=("06:00", "18:00"), days=(1, 2)).passes_a_day() == pytest.approx(4 / 7)


@given(times=CLOCKS, days=DAYS)
def test_what_is_stored_comes_back(times: tuple[str, ...], days: tuple[int, ...]) -> None:
    for schedule in (Schedule(every=0, at=times, days=days), Schedule(every=1800), Schedule(every=0)):
        assert schedules.stored(schedule.every * 1000, schedules.timetable(schedule)) == schedule


@pytest.mark.parametrize("wrong", [{"at": ["24:00"]}, {"at": ["6:00"]}, {"days": [0]}, {"every": -1}, {"often": 1}])
def test_what_is_no_schedule_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"every": 0} | wrong, Schedule)
