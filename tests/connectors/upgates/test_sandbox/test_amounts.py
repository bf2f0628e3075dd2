"""Worked amounts: every rounding of the shop by hand."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mostek.connectors.upgates.sandbox.shop.amounts import (
    gross_of,
    half_up,
    net_of,
    number,
    rate_key,
    share,
    text,
    times,
)
from mostek.connectors.upgates.sandbox.shop.discounts import Remaining
from mostek.connectors.upgates.sandbox.shop.model import Line, Manner, RateSum, recapitulate, round_total, settle


def manner(*, gross: bool = True, per_unit: bool = False, per_rate: bool = False) -> Manner:
    return Manner(2025, gross, per_unit, per_rate, date_only=True, free_listed=True)


def line(price: int, rate: int, quantity: int = 1000, fixed: int | None = None) -> Line:
    return Line("product", "Zboží", rate, price, quantity, fixed)


@pytest.mark.parametrize(
    ("gross", "net"),
    [(20_400, 16_860), (6800, 5620), (7900, 6529), (8900, 7355), (100_000, 82_645)],
)
def test_net_of_the_recorded_prices(gross: int, net: int) -> None:
    """204.00, 68.00 and 79.00 are in the recorded orders; 1000.00 tells division from the abolished coefficient."""
    assert net_of(gross, 2100) == net


@pytest.mark.parametrize(("numerator", "quotient"), [(5, 1), (4, 0), (-5, -1), (-4, 0), (15, 2), (-15, -2)])
def test_half_is_rounded_away_from_zero(numerator: int, quotient: int) -> None:
    assert half_up(numerator, 10) == quotient


@given(st.integers(-(10**9), 10**9), st.sampled_from([2100, 1200, 550, 2550, 0]))
def test_a_credit_mirrors_its_invoice(amount: int, rate: int) -> None:
    assert net_of(-amount, rate) == -net_of(amount, rate)
    assert gross_of(-amount, rate) == -gross_of(amount, rate)


@given(st.integers(0, 10**7), st.lists(st.integers(0, 10**6), min_size=1, max_size=5))
def test_shares_sum_to_the_amount(amount: int, weights: Sequence[int]) -> None:
    parts = share(amount, weights)
    assert sum(parts) == (amount if sum(weights) else 0)
    assert all(part >= 0 for part in parts)


def test_per_unit_and_per_line_differ() -> None:
    """3 x 33.33 with 21 %: 99.99 / 1.21 = 82.64, but 27.55 x 3 = 82.65."""
    by_line = settle(line(3333, 2100, 3000), manner())
    by_unit = settle(line(3333, 2100, 3000), manner(per_unit=True))
    assert (by_line.gross, by_line.net, by_line.unit_net) == (9999, 8264, 2755)
    assert (by_unit.gross, by_unit.net, by_unit.unit_net) == (9999, 8265, 2755)


def test_an_agreed_total_wins_over_price_times_quantity() -> None:
    action = settle(line(3333, 2100, 3000, fixed=10_000), manner(per_unit=True))
    assert (action.unit_gross, action.gross, action.net) == (3333, 10_000, 8264)


def test_a_decimal_quantity() -> None:
    assert times(9099, 125) == 1137  # 90.99 x 0.125 = 11.37375


def test_net_prices() -> None:
    """0.10 without VAT x 7: per line 0.70 x 1.21 = 0.85; per unit 0.12 x 7 = 0.84."""
    assert settle(line(10, 2100, 7000), manner(gross=False)).gross == 85
    assert settle(line(10, 2100, 7000), manner(gross=False, per_unit=True)).gross == 84


def test_recapitulation_by_lines_and_by_rates() -> None:
    """Three lines of 0.99 with 21 %: 0.82 each is 2.46, but 2.97 / 1.21 = 2.45."""
    lines = [settle(line(99, 2100), manner()) for _ in range(3)]
    assert recapitulate(lines, manner()) == [RateSum(2100, 246, 51, 297)]
    assert recapitulate(lines, manner(per_rate=True)) == [RateSum(2100, 245, 52, 297)]


def test_recapitulation_of_net_prices_by_rates() -> None:
    """Three lines of 0.10 without VAT: 0.12 each is 0.36; 0.30 x 1.21 is 0.36, too; five lines: 0.60 and 0.61."""
    how = manner(gross=False, per_rate=True)
    lines = [settle(line(10, 2100), how) for _ in range(5)]
    assert recapitulate(lines, how) == [RateSum(2100, 50, 11, 61)]
    assert recapitulate(lines, manner(gross=False)) == [RateSum(2100, 50, 10, 60)]


def test_a_free_payment_method_makes_no_row() -> None:
    lines = [settle(line(12_100, 2100), manner()), settle(Line("payment", "Převodem", 0, 0), manner())]
    assert recapitulate(lines, manner()) == [RateSum(2100, 10_000, 2100, 12_100)]


def test_a_fixed_discount_is_split_by_rates() -> None:
    """10.00 off 60.00 at 21 % and 30.00 at 12 %: 6.67 and 3.33."""
    rows = [settle(line(6000, 2100), manner()), settle(line(3000, 1200), manner())]
    parts = Remaining(rows, manner()).fixed("voucher", 1000)
    assert [(part.rate, part.gross, part.net) for part in parts] == [(2100, -667, -551), (1200, -333, -297)]


def test_a_voucher_above_the_goods_takes_them_exactly() -> None:
    """Also where the net of the goods was rounded per unit: no cent of VAT may stay."""
    how = manner(per_unit=True)
    rows = [settle(line(3333, 2100, 3000), how)]
    remaining = Remaining(rows, how)
    parts = remaining.fixed("voucher", 50_000)
    assert [(part.gross, part.net) for part in parts] == [(-9999, -8265)]
    assert remaining.total() == 0
    assert recapitulate(rows + parts, how) == []


@pytest.mark.parametrize(
    ("before", "step", "rest"), [(12_349, 100, -49), (12_350, 100, 50), (1202, 5, -2), (1203, 5, 2), (999, 1, 0)]
)
def test_rounding_of_a_total(before: int, step: int, rest: int) -> None:
    assert round_total(before, step) == rest


def test_how_numbers_are_written() -> None:
    assert [repr(number(each)) for each in (6800, 16_860, 6529, -1, 0)] == ["68", "168.6", "65.29", "-0.01", "0"]
    assert [rate_key(each) for each in (2100, 950, 2550, 0)] == ["21", "9.5", "25.5", "0"]
    assert [text(each) for each in (5, -5, -12_345)] == ["0.05", "-0.05", "-123.45"]
