"""Tax numbers as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mostek.documents.party import Address, Party, compact_id, plausible_tax_id

COUNTRIES = "AT BE BG CY CZ DE DK EE EL ES FI FR GB GR HR HU IE IS IT LT LU LV MT NL NO PL PT RO SE SI SK CH UA US XX"


@pytest.mark.parametrize(
    ("typed", "compact"),
    [("CZ 2708-2440", "CZ27082440"), ("pl 123.456.78.90", "PL1234567890"), ("", ""), (" / ", ""), ("CZ\u00a01", "CZ1")],
)
def test_what_people_put_between_digits_is_dropped(typed: str, compact: str) -> None:
    assert compact_id(typed) == compact


@pytest.mark.parametrize(
    ("number", "country"),
    [
        ("CZ27082440", "CZ"),
        ("27082440", "CZ"),
        ("cz 270 824 40", "CZ"),
        ("SK2022749619", "SK"),
        ("2022749619", "SK"),
        ("PL8567346215", "PL"),
        ("856-734-62-15", "PL"),
        ("DE136695976", "DE"),
        ("ATU13585627", "AT"),
        ("EL094259216", "GR"),
        ("12-3456789", "US"),  # no rule known here: to hold a good document would be worse
        ("whatever", "XX"),
        ("whatever", ""),
    ],
)
def test_numbers_that_may_be_right(number: str, country: str) -> None:
    assert plausible_tax_id(number, country)


@pytest.mark.parametrize(
    ("number", "country"),
    [
        ("CZ27082441", "CZ"),
        ("CZ2708244", "CZ"),
        ("SK2022749618", "SK"),
        ("PL8567346216", "PL"),
        ("DE136695978", "DE"),
        ("CZ27082440", "PL"),
        ("n/a", "CZ"),
        ("", "CZ"),
    ],
)
def test_numbers_with_a_wrong_form_or_checksum(number: str, country: str) -> None:
    assert not plausible_tax_id(number, country)


@pytest.mark.parametrize("prefix", ["", "PL", "pl "])
@pytest.mark.parametrize("number", ["0000000000", "1111111111", "9999999999"])
def test_dummies_are_seen_whatever_their_checksum(prefix: str, number: str) -> None:
    assert not plausible_tax_id(prefix + number, "PL")


@pytest.mark.parametrize("number", ["00000000", "11111111", "99999999", "CZ99999999"])
def test_czech_dummies(number: str) -> None:
    assert not plausible_tax_id(number, "CZ")


@given(
    st.text(max_size=20) | st.from_regex(r"[A-Z]{0,3}[0-9]{6,12}", fullmatch=True), st.sampled_from(COUNTRIES.split())
)
def test_any_text_is_answered(number: str, country: str) -> None:
    assert plausible_tax_id(number, country) in {True, False}


def test_a_party_is_called_by_its_address() -> None:
    assert Party(address=Address(name="Vzorná s.r.o.")).name == "Vzorná s.r.o."
