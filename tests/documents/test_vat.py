"""VAT codes by country and day, VAT of an amount, and sums by code."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mostek.documents.money import Money
from mostek.documents.problem import InvalidDocumentError
from mostek.documents.vat import Basis, Category, VatCode, VatRow, domestic, summed, tax_of
from tests.documents.strategies import CODES, parts

STANDARD, REDUCED, EXEMPT, OSS = CODES


def row(code: VatCode, net: int, tax: int, currency: str = "CZK") -> VatRow:
    return VatRow(code, Money(net, currency), Money(tax, currency), Money(net + tax, currency))


@pytest.mark.parametrize(
    ("country", "day", "rates"),
    [
        ("CZ", date(2014, 12, 31), {"21": "standard", "15": "reduced"}),
        ("CZ", date(2015, 1, 1), {"21": "standard", "15": "reduced", "10": "second_reduced"}),
        ("CZ", date(2023, 12, 31), {"21": "standard", "15": "reduced", "10": "second_reduced"}),
        ("CZ", date(2024, 1, 1), {"21": "standard", "12": "reduced"}),
        ("CZ", date(2026, 11, 22), {"21": "standard", "12": "reduced"}),
        ("SK", date(2024, 12, 31), {"20": "standard", "10": "reduced", "5": "second_reduced"}),
        ("SK", date(2025, 1, 1), {"23": "standard", "19": "reduced", "5": "second_reduced"}),
        ("PL", date(2024, 1, 1), {"23": "standard", "8": "reduced", "5": "second_reduced"}),
        ("CZ", date(2012, 12, 31), {}),
        ("DE", date(2024, 1, 1), {}),
        ("", date(2024, 1, 1), {}),
    ],
)
def test_the_day_of_supply_decides_the_rates(country: str, day: date, rates: dict[str, Category]) -> None:
    for percent in (0, 4, 5, 7, 8, 9, 10, 12, 14, 15, 16, 19, 20, 21, 22, 23, 25):
        rate = Decimal(percent)
        if str(percent) in rates:
            assert domestic(rate, country, day, "vat") == VatCode(rates[str(percent)], rate, country)
        else:
            with pytest.raises(InvalidDocumentError) as refused:
                domestic(rate, country, day, "items[0].vat")
            [problem] = refused.value.problems
            assert (problem.cause, problem.field) == ("vat.unknown_rate", "items[0].vat")
            assert problem.details == {"rate": str(percent), "country": country, "date": day.isoformat()}


@pytest.mark.parametrize("spelling", ["21", "21.0", "21.00", "2.1E+1"])
def test_a_rate_is_known_however_it_is_spelt(spelling: str) -> None:
    code = domestic(Decimal(spelling), "CZ", date(2024, 1, 1), "vat")
    assert str(code) == "CZ 21 % standard"  # mappings are looked up by this text


def test_codes_with_the_same_rate_are_different_codes() -> None:
    zero: tuple[Category, ...] = ("zero", "exempt", "outside", "reverse")
    assert len({VatCode(category, Decimal(0), "CZ") for category in zero}) == 4
    assert VatCode("oss", Decimal(21), "NL") != VatCode("oss", Decimal(21), "ES")


@pytest.mark.parametrize(
    ("amount", "rate", "basis", "tax"),
    [
        ("100.00", "21", "gross", "17.36"),  # 17.355…
        ("121.00", "21", "gross", "21.00"),
        ("0.03", "21", "gross", "0.01"),  # 0.0052
        ("-0.03", "21", "gross", "-0.01"),
        ("112.00", "12", "gross", "12.00"),
        ("100.00", "0", "gross", "0.00"),
        ("100.00", "21", "net", "21.00"),
        ("0.50", "21", "net", "0.11"),  # 0.105, half away from zero
        ("-0.50", "21", "net", "-0.11"),
        ("33.33", "5.5", "net", "1.83"),
    ],
)
def test_worked_taxes(amount: str, rate: str, basis: Basis, tax: str) -> None:
    assert tax_of(Money.of(Decimal(amount), "CZK"), Decimal(rate), basis) == Money.of(Decimal(tax), "CZK")


@given(
    st.integers(-(10**12), 10**12),
    st.sampled_from(CODES),
    st.sampled_from(("gross", "net")),
    st.sampled_from(("CZK", "JPY", "KWD")),
)
def test_tax_is_the_nearest_minor_unit(minor: int, code: VatCode, basis: Basis, currency: str) -> None:
    amount = Money(minor, currency)
    assert tax_of(amount, code.rate, basis).minor == parts(minor, code.rate, basis)[1]
    assert tax_of(-amount, code.rate, basis) == -tax_of(amount, code.rate, basis)


def test_a_row_that_does_not_add_up_cannot_be() -> None:
    with pytest.raises(InvalidDocumentError, match=r"vat\.row_sum at CZ 21 % standard"):
        VatRow(STANDARD, Money(100, "CZK"), Money(21, "CZK"), Money(120, "CZK"))
    with pytest.raises(InvalidDocumentError, match=r"vat\.row_sum"):
        VatRow(STANDARD, Money(100, "CZK"), Money(21, "CZK"), Money(121, "EUR"))
    with pytest.raises(InvalidDocumentError, match=r"currency\.mixed"):
        VatRow(STANDARD, Money(100, "CZK"), Money(21, "EUR"), Money(121, "CZK"))
    assert -row(STANDARD, 100, 21) == row(STANDARD, -100, -21)


def test_rows_are_added_by_code_and_ordered() -> None:
    found = summed(
        [row(OSS, 7, 1), row(STANDARD, 100, 21), row(EXEMPT, 5, 0), row(REDUCED, 50, 6), row(STANDARD, 1, 0)]
    )
    assert found == (row(EXEMPT, 5, 0), row(REDUCED, 50, 6), row(STANDARD, 101, 21), row(OSS, 7, 1))


def test_rows_that_cancel_out_are_left_out_and_others_are_not() -> None:
    assert summed([row(STANDARD, 100, 21), row(STANDARD, -100, -21), row(EXEMPT, 0, 0)]) == ()
    assert summed([row(STANDARD, 1, -1)]) == (row(STANDARD, 1, -1),)  # nothing in total, and yet something to tell


@given(st.lists(st.builds(row, st.sampled_from(CODES), st.integers(-999, 999), st.integers(-99, 99))), st.randoms())
def test_sums_do_not_depend_on_the_order_and_lose_nothing(rows: list[VatRow], chance: object) -> None:
    shuffled = list(rows)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    found = summed(rows)
    assert summed(shuffled) == found
    assert summed(found) == found
    for part in ("net", "tax", "gross"):
        assert sum(getattr(row, part).minor for row in found) == sum(getattr(row, part).minor for row in rows)
