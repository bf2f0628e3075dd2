"""Texts as they may enter, and problems as they are told."""

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mostek.documents.problem import InvalidDocumentError, Problem, invalid, printable
from mostek.documents.text import clean

ANY_TEXT = st.text(st.characters(codec=None, categories=None))  # surrogates and NUL as well


@pytest.mark.parametrize(
    ("value", "cleaned"),
    [
        ("  Žluťoučký kůň\n", "Žluťoučký kůň"),
        ("a\tb\r\nc", "a\tb\r\nc"),
        ("a\x0bb\x1bc\x7f", "abc"),
        ("\x1f", ""),
        ("👍🏽 zł €", "👍🏽 zł €"),
        ("\ufffe\uffff", ""),
    ],
)
def test_texts_are_trimmed_and_lose_controls(value: str, cleaned: str) -> None:
    assert clean(value, "name") == cleaned


@pytest.mark.parametrize(("value", "cause"), [("a\x00b", "text.nul"), ("half \ud83d", "text.surrogate")])
def test_broken_texts_are_refused_with_the_field(value: str, cause: str) -> None:
    with pytest.raises(InvalidDocumentError) as refused:
        clean(value, "buyer.name")
    [problem] = refused.value.problems
    assert (problem.cause, problem.field) == (cause, "buyer.name")
    problem.details["value"].encode()  # what is told can be stored
    assert "\x00" not in problem.details["value"]


@given(ANY_TEXT)
def test_a_clean_text_is_storable_and_stays_as_it_is(value: str) -> None:
    try:
        cleaned = clean(value, "name")
    except InvalidDocumentError:
        assert "\x00" in value or any("\ud800" <= char <= "\udfff" for char in value)
        return
    assert clean(cleaned, "name") == cleaned
    element = ET.Element("name")
    element.text = cleaned
    # XML turns a carriage return into a line feed, and nothing else may change.
    read = ET.fromstring(ET.tostring(element, encoding="utf-8")).text or ""  # noqa: S314 (our own XML)
    assert read.split() == cleaned.split()


@given(ANY_TEXT | st.integers() | st.lists(st.integers()) | st.none() | st.floats())
def test_any_value_can_be_quoted(value: object) -> None:
    quoted = printable(value)
    quoted.encode()
    assert "\x00" not in quoted
    if isinstance(value, str) and value.isascii() and value.isprintable():
        assert quoted == value[:200]


def test_values_that_cannot_be_spelt_are_quoted_by_their_type() -> None:
    nested: list[object] = []
    for _ in range(100_000):
        nested = [nested]
    assert printable(10**5000) == "(int)"
    assert printable(nested) == "(list)"
    while nested:  # taken apart from outside, so that freeing it does not recurse either
        nested = nested.pop()  # type: ignore[assignment]


def test_a_problem_says_what_where_and_which_values() -> None:
    error = invalid("money.decimals", "items[2].price", value="1.005", currency="CZK")
    assert str(error) == "money.decimals at items[2].price (value=1.005, currency=CZK)"
    assert str(Problem(cause="payload.too_deep")) == "payload.too_deep at the document"
    assert len(invalid("number.invalid", value="9" * 10_000).problems[0].details["value"]) == 200


def test_an_error_carries_all_problems() -> None:
    problems = (Problem(cause="money.vat_sum", field="vat"), Problem(cause="money.line_sum", field="items"))
    assert InvalidDocumentError(*problems).problems == problems
    assert str(InvalidDocumentError(*problems)) == "money.vat_sum at vat; money.line_sum at items"
