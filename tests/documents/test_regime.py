"""Which VAT code a rate falls under."""

from datetime import date
from decimal import Decimal

import pytest

from mostek.documents.party import Address, Party
from mostek.documents.problem import InvalidDocumentError
from mostek.documents.regime import Regime, corrected, zero_of

RATE = Decimal(21)
TODAY = date(2025, 3, 1)


def regime(**facts: object) -> Regime:
    given: dict[str, object] = {"seller": "CZ", "days": (TODAY,), "zero": "exempt"} | facts
    return Regime(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("found", "rate", "code"),
    [
        (regime(), 21, "CZ 21 % standard"),
        (regime(), 0, "CZ 0 % exempt"),
        (regime(zero="reverse"), 0, "CZ 0 % reverse"),
        (regime(oss="DE"), 19, "DE 19 % oss"),
        (regime(oss="DE", vat_payer=False), 19, "DE 19 % oss"),  # an identified person may use the one-stop shop
        (regime(oss="CZ"), 21, "CZ 21 % standard"),
        (regime(vat_payer=False), 0, "CZ 0 % outside"),
        (regime(days=(date(2024, 1, 1), date(2023, 12, 31))), 15, "CZ 15 % reduced"),
        (regime(days=corrected(TODAY)), 15, "CZ 15 % reduced"),
        (regime(days=corrected(TODAY)), 12, "CZ 12 % reduced"),
    ],
)
def test_codes(found: Regime, rate: int, code: str) -> None:
    assert str(found.code(Decimal(rate), "vat")) == code


@pytest.mark.parametrize(
    ("found", "rate", "cause"),
    [
        (regime(), 15, "vat.unknown_rate"),
        (regime(days=corrected(TODAY)), 13, "vat.unknown_rate"),
        (regime(vat_payer=False), 21, "vat.not_payer"),
        (regime(seller="DE"), 19, "vat.unknown_rate"),
    ],
)
def test_no_codes(found: Regime, rate: int, cause: str) -> None:
    with pytest.raises(InvalidDocumentError) as error:
        found.code(Decimal(rate), "items[0].vat")
    assert (error.value.problems[0].cause, error.value.problems[0].field) == (cause, "items[0].vat")


def test_the_likeliest_day_is_named_when_no_day_fits() -> None:
    with pytest.raises(InvalidDocumentError) as error:
        regime(days=corrected(TODAY)).code(Decimal(13), "vat")
    assert error.value.problems[0].details["date"] == "2025-03-01"


@pytest.mark.parametrize(
    ("country", "tax_id", "category"),
    [
        ("CZ", "", "exempt"),
        ("", "", "exempt"),
        ("SK", "", "exempt"),
        ("CZ", "CZ27082440", "exempt"),
        ("SK", "SK2020270780", "reverse"),
        ("SK", "2020270780", "reverse"),
        ("CZ", "SK2020270780", "reverse"),
        ("GR", "EL 094014249", "reverse"),
        ("CH", "", "zero"),
        ("CH", "CHE123456788", "zero"),
        ("GB", "GB980780684", "zero"),
        ("SK", "CZ27082440", "exempt"),
    ],
)
def test_what_zero_means(country: str, tax_id: str, category: str) -> None:
    buyer = Party(address=Address(country=country), tax_id=tax_id)
    assert zero_of(buyer, "CZ", "exempt") == category
