"""The laws of reading by numbered pages, step by step; a whole vendor is read in the connectors' tests."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from mostek.sdk import paging
from mostek.sdk.errors import ConfigurationError
from mostek.sdk.paging import OVERLAP, SWEEPS, Changes, Cursor, Sheet, Step, Sweep

NOON = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)
DAYS = NOON - timedelta(days=30)


def sheet(
    ids: str, *, pages: int | None = 1, times: Sequence[datetime | None] | None = None, at: datetime = NOON
) -> Sheet:
    """A page of one-letter ids, a minute apart and older than the pass when nothing else is said."""
    given = [DAYS + timedelta(minutes=place) for place in range(len(ids))] if times is None else times
    return Sheet(ids=list(ids), times=given, pages=pages, at=at)


def end(step: Step) -> Cursor:
    assert not step.more
    return step.cursor


def test_a_cursor_is_text_and_back() -> None:
    cursor = Cursor(by="changed", since=DAYS, started=NOON, page=3, sweep=2, unsure=True, latest=NOON, again=DAYS)
    assert paging.load(paging.dump(cursor)) == cursor
    assert paging.dump(Cursor(by="created", since=DAYS)) == '{"by":"created","since":"2025-01-30T12:00:00Z"}'


@pytest.mark.parametrize(
    "text", ["", "{}", '{"by":"changed"}', '{"by":"changed","since":"2025-01-30T12:00:00Z","x":1}']
)
def test_an_unknown_cursor_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError):
        paging.load(text)


def test_changes_go_on_from_the_last_time() -> None:
    law = Changes()
    cursor = law.first(DAYS - timedelta(days=1))
    step = law.after(cursor, sheet("abc", pages=2))
    assert step.more
    # A second before the last one's time: whether "from" includes its own is not known.
    assert (step.cursor.since, step.cursor.page) == (DAYS + timedelta(minutes=2, seconds=-1), 1)
    last = law.after(step.cursor, sheet("cd", at=NOON + timedelta(hours=3)))
    assert end(last) == Cursor(by="changed", since=DAYS + timedelta(minutes=2) - OVERLAP)
    assert last.watermark == NOON - OVERLAP  # when the pass began, not when it ended


def test_changes_begin_no_later_than_the_pass() -> None:
    law = Changes()
    step = law.after(law.first(DAYS), sheet("a", times=[NOON + timedelta(days=900)]))
    assert end(step).since == NOON - OVERLAP


def test_changes_that_bring_nothing_leave_the_cursor() -> None:
    law = Changes()
    assert end(law.after(law.first(DAYS), sheet(""))).since == DAYS


def test_changes_of_one_second_are_read_until_nothing_old_is_new() -> None:
    law, same = Changes(), DAYS + timedelta(seconds=1)

    def page(ids: str, pages: int = 2) -> Sheet:
        return sheet(ids, pages=pages, times=[same] * len(ids))

    step = law.after(law.first(DAYS), page("abc"))
    asked = [(step.cursor.page, step.cursor.sweep)]
    # "a" left while page 1 was read, "d" slipped to page 1; the second run finds it, the third finds nothing new.
    for ids in ("ef", "bcd", "ef", "bcd", "ef"):
        step = law.after(step.cursor, page(ids))
        asked.append((step.cursor.page, step.cursor.sweep))
    assert asked[:-1] == [(2, 1), (1, 2), (2, 2), (1, 3), (2, 3)]
    assert not step.more
    assert step.watermark == NOON - OVERLAP


def test_changes_of_one_second_that_stay_unsure_are_begun_with_again() -> None:
    law, same = Changes(), DAYS + timedelta(seconds=1)
    step = Step(cursor=law.first(DAYS), more=True)
    for sweep in range(SWEEPS):
        for page in "12":
            assert step.more
            step = law.after(step.cursor, sheet(chr(65 + sweep) + page, pages=2, times=[same] * 2))
    assert end(step).since <= DAYS
    assert step.watermark is None


def test_what_comes_during_the_pass_makes_no_sweep_unsure() -> None:
    law = Sweep()
    step = law.after(law.first(DAYS), sheet("ab", pages=2))
    for ids, times in (("cd", [DAYS, DAYS]), ("ab", [DAYS, DAYS]), ("cde", [DAYS, DAYS, NOON + timedelta(seconds=9)])):
        assert step.more
        step = law.after(step.cursor, sheet(ids, pages=2, times=times))
    assert end(step) == Cursor(by="changed", since=NOON - OVERLAP)
    assert step.watermark == NOON - OVERLAP


def test_an_item_without_a_time_counts_as_old() -> None:
    law = Sweep()
    step = law.after(law.first(DAYS), sheet("ab", pages=2))
    for ids in ("cd", "ab", "cdx"):
        step = law.after(step.cursor, sheet(ids, pages=2, times=[None] * len(ids)))
    assert step.more
    assert step.cursor.sweep == 3


def test_a_sweep_of_one_page_is_enough() -> None:
    law = Sweep()
    assert not law.after(law.first(DAYS), sheet("abc")).more


def test_a_sweep_that_stays_unsure_does_not_move_on() -> None:
    law = Sweep()
    step = Step(cursor=law.first(DAYS), more=True)
    for ids in ("ab", "cd", "ae", "fg", "hi", "jk"):
        assert step.more
        step = law.after(step.cursor, sheet(ids, pages=2))
    assert end(step) == Cursor(by="created", since=DAYS)
    assert step.watermark is None


@pytest.mark.parametrize("law", [Changes(), Sweep()])
def test_a_page_that_comes_twice_ends_the_sweep(law: paging.Law) -> None:
    same = [DAYS + timedelta(seconds=1)] * 2
    step = Step(cursor=law.first(DAYS), more=True)
    calls = 0
    while step.more and calls < 50:
        step = law.after(step.cursor, sheet("ab", pages=10**6, times=same))
        calls += 1
    assert calls == 2 * SWEEPS
    assert end(step).since <= DAYS
    assert step.watermark is None


@pytest.mark.parametrize("law", [Changes(), Sweep()])
def test_pages_without_a_count_end_with_an_empty_one(law: paging.Law) -> None:
    same = [DAYS] * 2
    step = law.after(law.first(DAYS), sheet("ab", pages=None, times=same))
    assert (step.more, step.cursor.page) == (True, 2)
    step = law.after(step.cursor, sheet("", pages=None))
    assert (step.more, step.cursor.page, step.cursor.sweep) == (True, 1, 2)


def test_a_sweep_that_was_cut_is_repeated_in_full() -> None:
    first = Sweep()
    cut = first.after(first.first(DAYS), sheet("ab", pages=2)).cursor
    resumed = Sweep()
    step = resumed.after(paging.load(paging.dump(cut)), sheet("cd", pages=2))
    assert (step.cursor.page, step.cursor.sweep, step.cursor.started) == (1, 2, NOON)
