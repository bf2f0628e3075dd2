"""The sums, from numbers alone, with amounts worked by hand."""

from decimal import Decimal

import pytest

from mostek.connectors.flexibee.sandbox import arithmetic
from mostek.connectors.flexibee.sandbox.arithmetic import Given, Line, MismatchError, Sums

D = Decimal


def sums(net: str, vat: str, total: str) -> Sums:
    return Sums(D(net), D(vat), D(total))


@pytest.mark.parametrize(
    ("quantity", "price", "rate", "expected"),
    [
        ("1", "1000", "21", ("826.45", "173.55", "1000.00")),  # the old coefficient gave 173.60
        ("2", "399", "21", ("659.50", "138.50", "798.00")),
        ("3", "33.33", "21", ("82.64", "17.35", "99.99")),
        ("1", "112", "12", ("100.00", "12.00", "112.00")),
        ("-1", "399", "21", ("-329.75", "-69.25", "-399.00")),
        ("0.333", "100", "12", ("29.73", "3.57", "33.30")),
        ("1", "50", "0", ("50.00", "0.00", "50.00")),
    ],
)
def test_vat_from_above(quantity: str, price: str, rate: str, expected: tuple[str, str, str]) -> None:
    assert arithmetic.from_price(Line(D(quantity), D(price), True, D(rate))) == sums(*expected)


@pytest.mark.parametrize(
    ("quantity", "price", "rate", "expected"),
    [
        ("1", "100", "21", ("100.00", "21.00", "121.00")),
        ("3", "33.333333", "21", ("100.00", "21.00", "121.00")),
        ("1", "0.05", "10", ("0.05", "0.01", "0.06")),  # half a heller goes up
        ("-1", "0.05", "10", ("-0.05", "-0.01", "-0.06")),  # and for a credit note down
        ("2", "12.345", "12", ("24.69", "2.96", "27.65")),
    ],
)
def test_vat_from_below(quantity: str, price: str, rate: str, expected: tuple[str, str, str]) -> None:
    assert arithmetic.from_price(Line(D(quantity), D(price), False, D(rate))) == sums(*expected)


def test_discounts_apply_one_after_another() -> None:
    line = Line(D(1), D(1000), True, D(21), (D(10), D(50)))
    assert arithmetic.from_price(line) == sums("371.90", "78.10", "450.00")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (Given(D("100.01"), None, D("121.00")), ("100.01", "20.99", "121.00")),
        (Given(None, D("20.99"), D("121.00")), ("100.01", "20.99", "121.00")),
        (Given(D("100.01"), D("20.99"), None), ("100.01", "20.99", "121.00")),
        (Given(None, None, D("121.00")), ("100.00", "21.00", "121.00")),
        (Given(D("100.00"), None, None), ("100.00", "21.00", "121.00")),
        (Given(None, D("21.00"), None), ("100.00", "21.00", "121.00")),
        (Given(D("1.00"), D("0.21"), D("1.21")), ("1.00", "0.21", "1.21")),
        (Given(), ("0.00", "0.00", "0.00")),
    ],
)
def test_what_is_missing_is_computed(given: Given, expected: tuple[str, str, str]) -> None:
    assert arithmetic.from_given(given, D(21)) == sums(*expected)


def test_sums_that_do_not_add_up() -> None:
    with pytest.raises(MismatchError) as caught:
        arithmetic.from_given(Given(D(100), D(21), D(120)), D(21))
    assert (caught.value.given, caught.value.computed) == (D(120), D(121))


@pytest.mark.parametrize(
    ("amount", "way", "step", "expected"),
    [
        ("797.50", "matem", "jednotky", "798"),
        ("797.49", "matem", "jednotky", "797"),
        ("797.01", "nahoru", "jednotky", "798"),
        ("797.99", "dolu", "jednotky", "797"),
        ("-797.50", "matem", "jednotky", "-798"),
        ("-797.01", "nahoru", "jednotky", "-798"),
        ("10.26", "matem", "5desetiny", "10.50"),
        ("10.02", "matem", "5setiny", "10.00"),
        ("12345", "matem", "stovky", "12300"),
        ("797.49", "matem", "zadne", "797.49"),
    ],
)
def test_rounding(amount: str, way: str, step: str, expected: str) -> None:
    rounded = arithmetic.round_to(D(amount), f"zaokrJak.{way}", f"zaokrNa.{step}")
    assert rounded == D(expected)
    assert arithmetic.rounding(D(amount), f"zaokrJak.{way}", f"zaokrNa.{step}") == D(expected) - D(amount)


def test_a_rounding_in_the_tax_base_has_its_vat() -> None:
    assert arithmetic.split_rounding(D("0.40"), D(21)) == sums("0.33", "0.07", "0.40")


def test_conversion_keeps_the_sum() -> None:
    assert arithmetic.convert(sums("82.64", "17.36", "100.00"), D("25.115"), D(1)) == sums(
        "2075.50", "436.00", "2511.50"
    )
    assert arithmetic.convert(sums("1000.00", "270.00", "1270.00"), D("6.2"), D(100)) == sums("62.00", "16.74", "78.74")
