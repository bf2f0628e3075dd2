"""Decimals as they may enter, and the arithmetic on them."""

import decimal
from decimal import Decimal
from fractions import Fraction
from time import perf_counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mostek.documents import number
from mostek.documents.problem import InvalidDocumentError
from tests.documents.strategies import decimals_between, minor, spelt

FINITE = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**14), max_value=10**14, places=8)


@pytest.mark.parametrize(
    ("spelling", "value"),
    [
        ("1E+1", "10"),
        ("10", "10"),
        ("10.00", "10"),
        (10, "10"),
        (Decimal("10.00"), "10"),
        ("-0", "0"),
        ("-0.00", "0"),
        (Decimal("-0E+5"), "0"),
        (" 12.50 ", "12.5"),
        ("+.5", "0.5"),
        ("1e-7", "1E-7"),
        ("999999999999999.999", "999999999999999.999"),
        # 35 digits: more than the program's usual precision, which would round it up to the limit.
        ("999999999999999.99999999999999999999", "999999999999999.99999999999999999999"),
    ],
)
def test_one_spelling_per_value(spelling: Any, value: str) -> None:
    assert str(number.decimal(spelling, "price")) == value


@pytest.mark.parametrize(
    "value",
    [
        *("", " ", "NaN", "-nan", "sNaN", "inf", "-Infinity", "1,50", "1 000", "1_000", "0x10", "1.", "--1", "1e", "٣"),
        *("1e999999", "1e-999999", "1" * 31, "0." + "1" * 31, "1\n2", "1\x00"),
        *(1.5, float("nan"), True, False, None, [], {}, b"1"),
        *(Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("1E+999999")),
    ],
)
def test_what_is_no_number_is_refused(value: Any) -> None:
    with pytest.raises(InvalidDocumentError) as refused:
        number.decimal(value, "items[2].price")
    assert [(problem.cause, problem.field) for problem in refused.value.problems] == [
        ("number.invalid", "items[2].price")
    ]


@pytest.mark.parametrize(
    "value",
    [
        "1000000000000000",
        "-1e15",
        10**15,
        -(10**15),
        Decimal("1E+15"),
        "9e99",
        pytest.param(10**5000, id="5000 digits"),
    ],
)
def test_what_is_too_large_is_refused(value: Any) -> None:
    with pytest.raises(InvalidDocumentError) as refused:
        number.decimal(value, "price")
    assert refused.value.problems[0].cause == "number.too_large"
    assert len(refused.value.problems[0].details["value"]) <= 200


def test_hostile_texts_are_refused_at_once() -> None:
    started = perf_counter()
    for value in ("9" * 5_000_000, "1e" + "9" * 5_000_000, "0." + "0" * 5_000_000, " " * 5_000_000, "1" * 30 + "x"):
        with pytest.raises(InvalidDocumentError):
            number.decimal(value, "price")
    assert perf_counter() - started < 2


@given(st.data(), FINITE)
def test_equal_values_have_one_spelling(data: st.DataObject, value: Decimal) -> None:
    other = data.draw(spelt(value))
    assert other == value
    assert str(number.normal(other)) == str(number.normal(value))
    assert number.normal(value) == value
    assert "E+" not in str(number.normal(value))
    assert str(number.decimal(str(other), "price")) == str(number.normal(value))


@given(st.text() | st.binary() | st.floats() | st.integers() | st.decimals() | st.none() | st.booleans())
def test_anything_is_read_or_refused(value: Any) -> None:
    try:
        found = number.decimal(value, "price")
    except InvalidDocumentError:
        return
    assert found.is_finite()
    assert abs(found) < number.LIMIT


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity"])
def test_there_is_no_normal_form_of_no_number(value: str) -> None:
    with pytest.raises(InvalidDocumentError):
        number.normal(Decimal(value))


@pytest.mark.parametrize(
    ("value", "places", "rounded"),
    [("0.005", 2, "0.01"), ("-0.005", 2, "-0.01"), ("2.5", 0, "3"), ("-2.5", 0, "-3"), ("2.4999", 0, "2")],
)
def test_half_goes_away_from_zero(value: str, places: int, rounded: str) -> None:
    assert str(number.half_up(Decimal(value), places)) == rounded


@given(FINITE, st.integers(0, 4))
def test_half_up_is_rounding_of_fractions(value: Decimal, places: int) -> None:
    assert Fraction(number.half_up(value, places)) * 10**places == minor(Fraction(value) * 10**places)


@given(decimals_between(-(10**6), 10**6, 6), decimals_between(-(10**6), 10**6, 6))
def test_products_do_not_depend_on_the_running_precision(left: Decimal, right: Decimal) -> None:
    with decimal.localcontext(prec=3):
        product = number.multiply(left, right)
    assert Fraction(product) == Fraction(left) * Fraction(right)


@pytest.mark.parametrize("exponent", [60, 999, 999_999])
def test_a_value_too_large_to_be_written_out_is_refused_by_its_name(exponent: int) -> None:
    with pytest.raises(InvalidDocumentError) as refused:
        number.normal(Decimal(1).scaleb(exponent))
    assert refused.value.problems[0].cause == "number.too_large"
