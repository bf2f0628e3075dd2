"""Identifiers and exchange rates in the forms that people and other systems use."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mostek.documents.invoice import ExchangeRate
from mostek.documents.party import compact_id, spellings


@pytest.mark.parametrize(
    ("value", "forms"),
    [
        ("27082440", ("27082440", "270 82 440")),
        ("270 82 440", ("270 82 440", "27082440")),
        ("CZ27082440", ("CZ27082440", "CZ 27082440", "CZ 270 82 440")),
        ("SK2020304050", ("SK2020304050", "SK 2020304050")),
        ("  ", ()),
    ],
)
def test_identifiers_are_written_in_these_forms(value: str, forms: tuple[str, ...]) -> None:
    assert spellings(value) == forms


@given(st.from_regex(r"[A-Z]{0,2}[0-9]{1,12}", fullmatch=True))
def test_all_forms_are_the_same_identifier(value: str) -> None:
    assert {compact_id(form) for form in spellings(value)} == {value}


@pytest.mark.parametrize(
    ("rate", "scaled"),
    [
        ("25.315", (1, Decimal("25.315"))),
        ("0.0654321", (10, Decimal("0.654321"))),
        ("0.12345678", (100, Decimal("12.345678"))),
        ("0.333333333333", (10_000, Decimal("3333.333333"))),
    ],
)
def test_a_rate_is_given_for_as_many_units_as_its_decimals_need(rate: str, scaled: tuple[int, Decimal]) -> None:
    assert ExchangeRate(home="CZK", rate=Decimal(rate), source="document").scaled(6) == scaled
