"""Bars stand on the line, hang below it when they are negative, and stay inside the picture."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mostek.web import charts
from mostek.web.charts import Series

AMOUNTS = st.decimals(-(10**9), 10**9, places=2)


def drawn(*series: list[Decimal]) -> charts.Chart:
    steps = [str(n) for n in range(len(series[0]))]
    named = [Series(f"s{n}", values, [str(value) for value in values]) for n, values in enumerate(series)]
    return charts.draw("Sales", "about", steps, named, top="top", low="low")


@given(st.lists(st.tuples(AMOUNTS, AMOUNTS), min_size=1, max_size=40))
def test_every_bar_is_inside_and_as_high_as_its_amount(pairs: list[tuple[Decimal, Decimal]]) -> None:
    chart = drawn([first for first, _ in pairs], [second for _, second in pairs])
    zero, top = chart.lines
    assert len(chart.bars) == sum(bool(value) for pair in pairs for value in pair)
    for bar in chart.bars:
        assert bar.x >= -1e-6
        assert bar.x + bar.width <= chart.width + 1e-6
        assert top - 1e-6 <= bar.y
        assert bar.y + bar.height <= chart.height - charts.BOTTOM + 1e-6
        assert abs(bar.y - zero) < 1e-6 or abs(bar.y + bar.height - zero) < 1e-6
    sums = sorted(abs(value) for pair in pairs for value in pair if value)
    drawn_heights = sorted(bar.height for bar in chart.bars)
    if sums:
        assert drawn_heights[-1] / float(sums[-1]) == pytest.approx(drawn_heights[0] / float(sums[0]))


def test_words_find_room_and_marks_are_there() -> None:
    chart = drawn([Decimal(n - 3) for n in range(40)])
    assert len([label for label in chart.labels if label.text.isdigit()]) <= 8
    assert {label.text for label in chart.labels} >= {"top", "low"}
    assert "low" not in {label.text for label in drawn([Decimal(1)]).labels}


def test_nothing_to_draw_is_drawn() -> None:
    assert drawn([Decimal(0)]).bars == ()
    assert charts.draw("a", "b", [], [], top="", low="").bars == ()
