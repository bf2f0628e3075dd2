"""What is stored comes back as it was: the ledger holds actions, results and findings as bytes."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mostek.documents.canonical import encode
from mostek.documents.invoice import ExchangeRate, Invoice, Method
from mostek.documents.money import Money
from mostek.documents.order import Order
from mostek.documents.party import Address, Contact, Party
from mostek.documents.payment import CreditLink, Payment
from mostek.documents.problem import Problem
from mostek.sdk.capability import Document
from mostek.sdk.effect import (
    Absent,
    Accepted,
    Action,
    AlreadyThere,
    CannotTell,
    Done,
    Finding,
    Found,
    Intent,
    Match,
    NotSent,
    Question,
    Reference,
    Rejected,
    Result,
    StatedRow,
    Statement,
    Subject,
    Unknown,
)
from mostek.sdk.limits import Usage
from mostek.sdk.record import Page, Record, Summary
from tests.documents.strategies import BUYER, CODES, Sold, document, documents

AT = datetime(2024, 3, 31, 1, 30, 15, 250_000, tzinfo=UTC)
DAY = date(2024, 2, 29)
EUROS = Money(-1_050, "EUR")
PROBLEM = Problem(cause="money.line_sum", field="položky[2]", details={"found": "1.00 CZK", "stated": "2.00 CZK"})
ADDRESS = Address(name="Zażółć gęślą jaźń", street='"Ulice" \\ 5', city="Łódź", postcode="90-001", country="PL")
COMPANY = Party(address=ADDRESS, is_company=True, company_id="27082440", tax_id="CZ27082440", vat_payer=False)

INVOICE = msgspec.structs.replace(
    document([Sold(Decimal("0.375"), Decimal("389.9"), CODES[1])], currency="EUR"),
    kind="credit_note",
    buyer=COMPANY,
    due=DAY,
    paid=DAY,
    is_paid=True,
    created=AT,
    order_number="10001",
    corrects="2024000",
    variable_symbol="0012",
    exchange=ExchangeRate(home="CZK", rate=Decimal("25.305"), source="document"),
    delivery=ADDRESS,
    payment=Method("cod", "Dobírka"),
    shipping=Method("", "Kurýr 🚚"),
    note="a\tb\nc",
)
CONTACT = Contact(identity="company_id:27082440", party=COMPANY, delivery=ADDRESS)
SUBJECTS = (
    INVOICE,
    CONTACT,
    Contact(identity="email:a@shop.example", party=BUYER),
    Payment(document="2024001", amount=EUROS, paid=DAY, variable_symbol="1", method=Method("card", "Karta")),
    CreditLink(number="2024002", corrects="2024001"),
)
RESULTS = (
    Done(id="7", number="VF1-0001/2024"),
    AlreadyThere(id="7"),
    Accepted(handle="batch-1", check_after=AT),
    Rejected(problem=PROBLEM, words="Pole 'kod' musí být vyplněno."),
    NotSent(until=AT, problem=PROBLEM),
    Unknown(problem=Problem(cause="system.no_answer")),
)
FINDINGS = (Found(ids=("7", "8"), number="1"), Found(ids=("7",)), Absent(as_of=AT), CannotTell(problem=PROBLEM))
ORDER = Order(
    id="1",
    number="10001",
    status="Čeká",
    currency="EUR",
    buyer=COMPANY,
    lines=INVOICE.lines,
    rounding=Money.zero("EUR"),
    total=INVOICE.total,
    created=AT,
    changed=AT,
    delivery=ADDRESS,
    is_oss=True,
    resolved=True,
)


def action(subject: Subject) -> Action:
    return Action(
        key="0b5f0c4e-6a7e-5b0e-8c0e-0d7f6a3b2c1d",
        role="book",
        verb="create",
        kind="invoice",
        subject=subject,
        options={"document_type": "FAKTURA", "product:1": "55"},
        refs={"contact": Reference(key="k"), "corrects": Reference(id="12")},
        needs=("k",),
    )


def comes_back(value: Any, type: Any) -> None:
    found = msgspec.json.decode(encode(value), type=type)
    assert found == value
    assert found.__class__ is value.__class__
    assert encode(found) == encode(value)


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: type(subject).__name__)
def test_actions_come_back(subject: Subject) -> None:
    comes_back(action(subject), Action)
    found = msgspec.json.decode(encode(action(subject)), type=Action)
    assert type(found.subject) is type(subject)
    comes_back(Intent.of(action(subject), bytes(range(256)), "7"), Intent)


@given(documents())
def test_any_document_comes_back_as_a_subject(invoice: Invoice) -> None:
    comes_back(action(invoice), Action)


def test_every_member_of_the_unions_is_tried() -> None:
    for union, tried in ((Subject, SUBJECTS), (Result, RESULTS), (Finding, FINDINGS)):
        assert {type(value) for value in tried} == set(get_args(union))


@pytest.mark.parametrize("result", RESULTS, ids=lambda result: type(result).__name__)
def test_results_come_back(result: Result) -> None:
    comes_back(result, Result)


@pytest.mark.parametrize("finding", FINDINGS, ids=lambda finding: type(finding).__name__)
def test_findings_come_back(finding: Finding) -> None:
    comes_back(finding, Finding)


@pytest.mark.parametrize("value", [INVOICE, ORDER, CONTACT], ids=lambda value: type(value).__name__)
def test_what_is_read_comes_back(value: Document) -> None:
    comes_back(value, Document)


def test_the_rest_of_what_is_stored_comes_back() -> None:
    row = StatedRow(bucket="standard", net=EUROS, tax=Money.zero("EUR"), gross=EUROS)
    statement = Statement(
        key="k", id="7", number="1", kind="invoice", total=EUROS, rows=(row,), issued=DAY, supplied=DAY, unpaid=EUROS
    )
    summary = Summary(number="1", total=EUROS, dated=DAY)
    record = Record(kind="invoice", id="1", root="order:1", payload=b"\x00\xff{}", fingerprint="00ff", summary=summary)
    question = Question(about="contact", by={"email": "a@shop.example", "key": "k"})
    for value in (
        statement,
        record,
        Page(records=(record, record), cursor='{"page":2}', more=False, watermark=AT),
        question,
        Match(id="7", by="email", key="k", label="Jan"),
        Usage(hour="2024-01-01T10", in_hour=5, day="2024-01-01", in_day=9, blocked_until=AT),
        PROBLEM,
    ):
        comes_back(value, type(value))


def test_wrong_types_are_refused_when_read_back() -> None:
    for text in (b'{"type":"order"}', b'{"type":"done"}', b'{"type":"done","id":7}', b'{"id":"7"}', b"null"):
        with pytest.raises(msgspec.ValidationError):
            msgspec.json.decode(text, type=Result)


BY = st.dictionaries(st.sampled_from(("key", "company_id", "tax_id", "email", "code", "number")), st.text(max_size=8))
QUESTIONS = st.builds(Question, about=st.sampled_from(("contact", "product", "document")), by=BY)


@given(QUESTIONS, QUESTIONS)
def test_questions_have_one_id_exactly_when_they_are_equal(one: Question, two: Question) -> None:
    assert (one.id == two.id) == (one == two)
    turned = Question(about=one.about, by=dict(reversed(list(one.by.items()))))
    assert turned.id == one.id


def test_a_value_cannot_pass_for_another_question() -> None:
    honest = Question(about="contact", by={"email": "a@shop.example", "key": "k"})
    forged = Question(about="contact", by={"email": "a@shop.example|key=k"})
    assert honest.id != forged.id
