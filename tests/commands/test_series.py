"""Numbers that count on are put together whatever they look like, and what is wrong with them is told once."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mostek.desk.series import LISTED, Numbers, Reason, Series

DAY = date(2026, 5, 1)


def numbered(*numbers: str, kind: str = "invoice", step: int = 1) -> Numbers:
    """Documents of these numbers, each dated a day (or ``step`` days) after the one before."""
    found = Numbers()
    for place, number in enumerate(numbers):
        found.add(number, kind, DAY + timedelta(days=place * step), str(place))
    return found


def only(numbers: Numbers) -> Series:
    [series] = numbers.series()
    return series


@pytest.mark.parametrize(
    ("numbers", "pattern", "missing"),
    [
        (["2026000001", "2026000002", "2026000004"], "2026######", ["2026000003"]),
        (["FAV0001/2026", "FAV0003/2026"], "FAV####/2026", ["FAV0002/2026"]),
        (["F-7", "F-9", "F-10", "F-12"], "F-#", ["F-8", "F-11"]),
        (["0098", "0099", "0101"], "####", ["0100"]),
        (["9998", "0997", "10000"], "####", [f"{n:04d}" for n in range(998, 9998)] + ["9999"]),
        (["26-1-A", "26-3-A"], "26-#-A", ["26-2-A"]),
        (["1", "2", "3"], "#", []),
    ],
)
def test_a_series_is_known_by_what_stays_the_same(numbers: list[str], pattern: str, missing: list[str]) -> None:
    series = only(numbered(*numbers, step=0))
    assert series.pattern == pattern
    listed = [gap for gap in series.gaps if gap.count <= LISTED]
    assert [number for gap in listed for number in gap.numbers] == [
        number for number in missing if len(missing) < LISTED or number == "9999"
    ]
    assert sum(gap.count for gap in series.gaps) == len(missing)


def test_years_and_months_begin_a_new_count() -> None:
    found = Numbers()
    for year in (2025, 2026):
        for count in (1, 2, 4):
            found.add(f"{year}{count:05d}", "invoice", date(year, 12, count), "x")
    assert [(one.pattern, [g.first for g in one.gaps]) for one in found.series()] == [
        ("2025#####", ["202500003"]),
        ("2026#####", ["202600003"]),
    ]
    monthly = Numbers()
    for month in (3, 4):
        for count in (1, 2):
            monthly.add(f"26{month:02d}{count:03d}", "invoice", date(2026, month, count), "x")
    assert [one.pattern for one in monthly.series()] == ["2603###", "2604###"]


def test_kinds_that_share_a_series_leave_no_gaps_to_each_other() -> None:
    found = numbered("F001", "F002", "F004")
    found.add("F003", "credit_note", DAY + timedelta(days=2), "note")
    series = only(found)
    assert (series.kinds, series.gaps, series.is_explained) == (("credit_note", "invoice"), (), True)


def test_kinds_that_count_apart_are_not_doubles_of_each_other() -> None:
    found = numbered("1001", "1002")
    for place, number in enumerate(("1001", "1002")):
        found.add(number, "credit_note", DAY + timedelta(days=place), number)
    assert [(one.kinds, one.doubles) for one in found.series()] == [(("invoice",), ()), (("credit_note",), ())]


def test_a_double_is_one_number_of_two_documents() -> None:
    found = numbered("F1", "F2", "F2")
    [double] = only(found).doubles
    assert (double.number, double.ids) == ("F2", ("1", "2"))
    assert not only(found).is_explained


def test_a_date_that_falls_is_told_once() -> None:
    found = Numbers()
    for number, day in (("F1", 1), ("F2", 9), ("F3", 3), ("F4", 9), ("F5", 10)):
        found.add(number, "invoice", date(2026, 5, day), number)
    [fall] = only(found).falls
    assert (fall.number, fall.after, fall.after_day) == ("F3", "F2", date(2026, 5, 9))


def test_a_gap_is_explained_when_each_of_its_numbers_is() -> None:
    series = only(numbered("F1", "F4", "F5", step=0))
    by_rule = Reason(cause="excluded", detail="foreign")
    assert not series.explained({"F2": by_rule}).is_explained
    explained = series.explained({"F2": by_rule, "F3": Reason(cause="deleted")})
    assert explained.is_explained
    assert explained.gaps[0].reasons["F2"] == by_rule


def test_a_long_jump_is_one_gap_without_numbers() -> None:
    [gap] = only(numbered("F100000", "F900000")).gaps
    assert (gap.first, gap.last, gap.count, gap.numbers) == ("F100001", "F899999", 799_999, ())


@given(
    st.sets(st.integers(1, 400), min_size=2, max_size=60),
    st.sampled_from(["", "FV", "2026-", "A/"]),
    st.sampled_from(["", "/2026", "-X"]),
    st.sampled_from([0, 3, 6]),
    st.randoms(use_true_random=False),
)
def test_what_was_left_out_is_what_is_missing(
    counts: set[int], prefix: str, suffix: str, width: int, random: object
) -> None:
    text = {count: f"{prefix}{count:0{width}d}{suffix}" for count in range(1, 401)}
    found = Numbers()
    shuffled = sorted(counts)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    for count in shuffled:
        found.add(text[count], "invoice", DAY + timedelta(days=count), str(count))
    series = only(found)
    missing = [text[count] for count in range(min(counts), max(counts)) if count not in counts]
    assert list(series.missing) == missing
    assert (series.first, series.last, series.count) == (text[min(counts)], text[max(counts)], len(counts))
    assert (series.doubles, series.falls) == ((), ())
