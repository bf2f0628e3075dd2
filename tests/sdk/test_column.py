"""Values as a vendor takes them: cut with a note, refused, or exact."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mostek.documents.problem import InvalidDocumentError
from mostek.sdk.column import Column, encode, table

COLUMNS = table("""
    card | string 20 upper | code
    card | string 30 cut | name street
    card | string 0 | note
    card | numeric 2 | amount
    card | date 0 | day
    card | logic 0 | open
    card | relation 0 | country
""")["card"]


def test_the_table_is_read() -> None:
    assert COLUMNS["code"] == Column("string", 20, cut=False, upper=True)
    assert COLUMNS["street"] == Column("string", 30, cut=True, upper=False)


def test_values_become_text_and_empty_ones_are_left_out() -> None:
    values = {"code": "a1", "name": " Jan \n Vzor ", "amount": Decimal("-1E+1"), "day": date(2026, 2, 1), "open": False}
    nothing = {"street": "", "note": None, "country": None}
    assert encode(COLUMNS, {**values, **nothing, "country@how": "null"}, "note") == {
        "code": "A1",
        "name": "Jan Vzor",
        "amount": "-10",
        "day": "2026-02-01",
        "open": "false",
        "country@how": "null",
    }


def test_a_negative_zero_is_zero() -> None:
    assert encode(COLUMNS, {"amount": Decimal("-0.00")}, "note") == {"amount": "0"}


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp", "Cn")), min_size=31))
def test_a_long_name_is_cut_within_its_length_and_kept_in_the_note(name: str) -> None:
    found = encode(COLUMNS, {"name": name, "note": "mine"}, "note")
    assert len(found["name"].encode("utf-16-le")) // 2 <= 30
    assert found["name"].endswith("…")
    assert found["note"] == f"mine\nname: {name}"


def test_the_length_counts_emoji_as_two() -> None:
    assert encode(COLUMNS, {"name": "😀" * 15}, "note") == {"name": "😀" * 15}
    assert encode(COLUMNS, {"name": "😀" * 16}, "note")["name"] == "😀" * 14 + "…"


@pytest.mark.parametrize(
    ("values", "cause"),
    [
        ({"code": "x" * 21}, "field.too_long"),
        ({"amount": Decimal("0.001")}, "field.too_precise"),
        ({"name": "a\x00b"}, "text.nul"),
    ],
)
def test_what_may_not_be_cut_is_refused(values: dict[str, object], cause: str) -> None:
    with pytest.raises(InvalidDocumentError) as caught:
        encode(COLUMNS, values, "note")
    assert caught.value.problems[0].cause == cause
    assert caught.value.problems[0].field == next(iter(values))


def test_a_field_that_the_vendor_does_not_know_is_a_programming_error() -> None:
    with pytest.raises(KeyError):
        encode(COLUMNS, {"colour": "red"}, "note")
