"""What a record is found by, and what a person's question looks up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mostek.core.terms import Lookup, folded, lookups, terms
from mostek.documents.party import Address, Party
from mostek.sdk.record import Record, Summary
from tests.hub import papers
from tests.hub.papers import money

BUYER = Party(
    address=Address(name="Jiří Dvořák, Łódź"),
    company_id="270 82 440",
    tax_id="CZ 27082440",
    email="Jiri@Dvorak.example",
)


def record(payload: bytes = b"{}", number: str = "2026/0001") -> Record:
    summary = Summary(number=number, total=money("1250.50"))
    return Record(kind="invoice", id=number, root="order:0012345", payload=payload, fingerprint="", summary=summary)


FOUND = terms(record(), papers.invoice("2026/0001", buyer=BUYER))


def meets(lookup: Lookup, found: tuple[str, ...] = FOUND) -> bool:
    return all(any(span.low.encode() <= term.encode() < span.high.encode() for term in found) for span in lookup)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Dvořák", "dvorak"),
        ("Straße", "strasse"),
        ("ŁÓDŹ", "lodz"),
        ("Ærø", "aero"),
        ("İzmir", "izmir"),
        ("Åse", "ase"),
    ],
)
def test_names_are_folded(text: str, plain: str) -> None:
    assert folded(text) == plain


@pytest.mark.parametrize(
    "question",
    [
        "2026/0001", "20260001", "2026 0001", "12345", "0012345", "kde je objednávka 12345?", "where is order #12345",
        "27082440", "270 82 440", "CZ27082440", "cz 270-82-440", "IČO: 270 82 440", "dvorak", "DVOŘÁK", "Dvořák Jiří",
        "dvor", "lodz", "Łódź", "jiri@dvorak.example", "jiri@dvo", "1250,50", "1 250.50", "1250.5", "2026000",
        "kde je Dvořák",
    ],
)  # fmt: skip
def test_a_question_finds_the_record(question: str) -> None:
    assert any(meets(lookup) for lookup in lookups(question)), (lookups(question), FOUND)


@pytest.mark.parametrize("question", ["", "  ", "?!", "99999", "novak", "1250,51", "CZ12345678", "x@y.example"])
def test_a_question_finds_nothing_else(question: str) -> None:
    assert not any(meets(lookup) for lookup in lookups(question))


def test_what_names_a_record_exactly_is_looked_up_before_what_begins_like_it() -> None:
    exact, beginning = (
        next(place for place, each in enumerate(lookups("1234")) if meets(each, (term,))) for term in ("1234", "12345")
    )
    assert exact < beginning


@pytest.mark.parametrize(
    ("payload", "question"),
    [
        (b'{"customer": {"surname": "Dvo\xc5\x99\xc3\xa1k", "id": 4711}}', "dvorak"),
        (b'{"customer": {"id": 4711}}', "4711"),
        (b"<order><name>Nov\xc3\xa1k</name></order>", "novak"),
        (b"\xff\xfe no text at all", "text"),
        (b"[" * 5000, "20260001"),
    ],
)
def test_what_cannot_be_read_is_found_by_every_word_in_it(payload: bytes, question: str) -> None:
    assert any(meets(lookup, terms(record(payload), None)) for lookup in lookups(question))


@given(st.text(max_size=300), st.text(max_size=60))
def test_terms_are_few_short_storable_and_without_spaces(content: str, number: str) -> None:
    found = terms(record(content.encode("utf-8", "replace"), number), None)
    assert len(found) <= 60
    for term in found:
        assert 0 < len(term) <= 100
        assert not any(char.isspace() or char == "\x00" for char in term)
        term.encode()


@given(st.text(max_size=400))
def test_any_question_can_be_asked(question: str) -> None:
    for lookup in lookups(question):
        assert lookup
        for span in lookup:
            assert span.low.encode() < span.high.encode()
