"""Laws of amounts: whole minor units, one currency, no silent rounding."""

import decimal
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mostek.documents.money import Money, currency, decimals, total
from mostek.documents.problem import InvalidDocumentError

LARGEST = 2**63 - 1
MINOR = st.integers(-(10**15), 10**15)
CROWNS = MINOR.map(lambda minor: Money(minor, "CZK"))


def refused(cause: str, call: Any, *arguments: Any) -> None:
    """Expect one problem with this cause."""
    with pytest.raises(InvalidDocumentError) as found:
        call(*arguments)
    assert [problem.cause for problem in found.value.problems] == [cause]


@pytest.mark.parametrize(
    ("code", "places", "spelling"),
    [
        ("CZK", 2, "12.34"),
        ("PLN", 2, "0.05"),
        ("HUF", 2, "-1.00"),
        ("JPY", 0, "1234"),
        ("ISK", 0, "-7"),
        ("KWD", 3, "0.001"),
        ("TND", 3, "1.500"),
        ("CLF", 4, "0.0001"),
    ],
)
def test_minor_units_follow_iso_4217(code: str, places: int, spelling: str) -> None:
    assert decimals(code) == places
    assert str(Money.of(Decimal(spelling), code)) == f"{spelling} {code}"
    assert Money.of(Decimal(1), code).minor == 10**places


@pytest.mark.parametrize("code", ["", "czk", "Kč", "XXX", "BTC", "CZK "])
def test_unknown_currencies_are_refused_everywhere(code: str) -> None:
    for make in (currency, Money.zero, lambda code: Money(1, code), lambda code: Money.rounded(Decimal(1), code)):
        refused("currency.unknown", make, code)
    with pytest.raises(msgspec.ValidationError, match=r"currency\.unknown"):
        msgspec.json.decode(b'{"minor":1,"currency":"' + code.encode() + b'"}', type=Money)


@pytest.mark.parametrize("minor", [1.0, True, Decimal(1), "1", None])
def test_minor_units_are_whole(minor: Any) -> None:
    refused("number.invalid", Money, minor, "CZK")


@given(CROWNS, CROWNS, CROWNS)
def test_sums_obey_arithmetic(one: Money, two: Money, three: Money) -> None:
    assert one + two == two + one
    assert (one + two) + three == one + (two + three)
    assert one - two == -(two - one)
    assert one + -one == Money.zero("CZK")
    assert (one + two).amount == one.amount + two.amount
    assert total((one, two, three), "CZK").minor == one.minor + two.minor + three.minor
    assert bool(one) == (one.amount != 0)


@given(MINOR, st.sampled_from(("CZK", "JPY", "KWD", "CLF")))
def test_amounts_come_back(minor: int, code: str) -> None:
    money = Money(minor, code)
    assert Money.of(money.amount, code) == money
    assert Money.rounded(money.amount, code) == money


def test_currencies_never_mix() -> None:
    crowns, euros = Money(100, "CZK"), Money(100, "EUR")
    assert crowns != euros
    refused("currency.mixed", lambda: crowns + euros)
    refused("currency.mixed", lambda: crowns - euros)
    refused("currency.mixed", total, (crowns, euros), "CZK")
    refused("currency.mixed", total, (crowns,), "EUR")
    assert total((), "EUR") == Money.zero("EUR")


@pytest.mark.parametrize(
    ("amount", "code", "minor"),
    [("0.005", "CZK", 1), ("-0.005", "CZK", -1), ("0.0049", "CZK", 0), ("0.5", "JPY", 1), ("1.0005", "KWD", 1001)],
)
def test_rounding_is_half_away_from_zero(amount: str, code: str, minor: int) -> None:
    assert Money.rounded(Decimal(amount), code).minor == minor
    refused("money.decimals", Money.of, Decimal(amount), code)


def test_a_long_fraction_is_rounded_once() -> None:
    # The usual precision of 28 digits would make it 0.005 first, and then a whole heller.
    assert Money.rounded(Decimal("0.0049999999999999999999999999999999999"), "CZK") == Money.zero("CZK")


def test_the_running_precision_has_no_say() -> None:
    with decimal.localcontext(prec=3):
        assert str(Money(123_456_789, "CZK")) == "1234567.89 CZK"
        assert Money.of(Decimal("1234567.89"), "CZK").minor == 123_456_789


def test_amounts_stay_within_64_bits() -> None:
    assert (Money(LARGEST, "CZK") - Money(0, "CZK")).minor == LARGEST
    assert Money(-LARGEST - 1, "CZK").minor == -LARGEST - 1
    refused("number.too_large", lambda: Money(LARGEST, "CZK") + Money(1, "CZK"))
    refused("number.too_large", lambda: Money(-LARGEST - 1, "CZK") - Money(1, "CZK"))
    refused("number.too_large", lambda: -Money(-LARGEST - 1, "CZK"))
    refused("number.too_large", Money.rounded, Decimal(10) ** 17, "CZK")


def test_money_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Money(1, "CZK").minor = 2  # type: ignore[misc]
