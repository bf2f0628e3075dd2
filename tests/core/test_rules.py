"""The rule table: every operator, every field, order of rows, and the day a row begins to count."""

from datetime import date

import msgspec
import pytest

from mostek.core import policy as policies
from mostek.core.rules import FIELDS, Condition, Person, Rule, Subject, first_match
from mostek.documents.invoice import Invoice, Method
from mostek.documents.party import Address, Contact, Party
from mostek.documents.problem import InvalidDocumentError
from tests.hub import toy

COMPANY = Party(
    address=Address(name="Hrnky s.r.o.", country="CZ"), is_company=True, company_id="27082440", tax_id="CZ27082440"
)


def subject(**changes: object) -> Subject:
    """An invoice of 1,210 CZK and its order."""
    document = msgspec.structs.replace(toy.invoice("2026001", "1210"), **changes)
    return Subject(document=document, order=toy.order("77", channel="heureka"))


@pytest.mark.parametrize(
    ("field", "operator", "values", "changes", "holds"),
    [
        ("kind", "is", ("invoice",), {}, True),
        ("kind", "is", ("receipt", "INVOICE"), {}, True),
        ("kind", "is_not", ("receipt", "credit_note"), {}, True),
        ("kind", "is_not", ("receipt", "invoice"), {}, False),
        ("number", "starts_with", ("2026", "x"), {}, True),
        ("number", "starts_with", ("026",), {}, False),
        ("currency", "is", ("czk",), {}, True),
        ("country", "is", ("SK",), {}, False),
        ("country", "is_not", ("SK",), {}, True),
        ("total", "at_least", ("1210",), {}, True),
        ("total", "at_least", ("1210.01",), {}, False),
        ("total", "at_most", ("1210.00",), {}, True),
        ("total", "at_most", ("999",), {}, False),
        ("total", "is", ("1210.00",), {}, True),
        ("total", "is", ("1210",), {}, True),
        ("total", "is_not", ("1211",), {}, True),
        ("issued", "at_least", ("2026-05-04",), {}, True),
        ("issued", "at_least", ("2026-05-05",), {}, False),
        ("issued", "at_most", ("2026-05-04",), {}, True),
        ("issued", "is", ("2026-05-04",), {}, True),
        ("paid", "is", ("no",), {}, True),
        ("paid", "is", ("yes",), {"is_paid": True}, True),
        ("payment", "is", ("card",), {"payment": Method("card", "Kartou")}, True),
        ("payment", "is", ("Kartou",), {"payment": Method("", "Kartou")}, True),
        ("payment", "is", ("",), {}, True),
        ("shipping", "starts_with", ("ppl",), {"shipping": Method("PPL-home", "PPL")}, True),
        ("company", "is", ("yes",), {"buyer": COMPANY}, True),
        ("email", "is", ("2026001@Buyer.example",), {}, True),
        ("tax_id", "starts_with", ("CZ",), {"buyer": COMPANY}, True),
        ("tax_id_plausible", "is", ("yes",), {"buyer": COMPANY}, True),
        ("tax_id_plausible", "is", ("no",), {"buyer": msgspec.structs.replace(COMPANY, tax_id="CZ11111111")}, True),
        ("oss", "is", ("no",), {}, True),
        ("status", "is", ("vyřízena",), {}, True),
        ("channel", "is", ("heureka",), {}, True),
        ("order", "is", ("77",), {"order_number": "77"}, True),
    ],
)
def test_a_condition(
    field: str, operator: str, values: tuple[str, ...], changes: dict[str, object], holds: bool
) -> None:
    condition = msgspec.convert({"field": field, "operator": operator, "values": values}, Condition)
    assert condition.holds(subject(**changes)) is holds


def test_every_field_is_tried_above_and_none_needs_an_order() -> None:
    [mark] = [mark for mark in test_a_condition.pytestmark if mark.name == "parametrize"]  # type: ignore[attr-defined]
    assert {row[0] for row in mark.args[1]} == set(FIELDS)
    alone = Subject(document=toy.invoice("1"), order=None)
    values = {"total": "1", "issued": "2000-01-01"}
    assert all(Condition(field=field, values=(values.get(field, "x"),)).holds(alone) is False for field in FIELDS)


@pytest.mark.parametrize(
    ("field", "operator", "values", "holds"),
    [
        ("kind", "is", ("contact",), True),
        ("email", "is_not", ("",), True),
        ("country", "is", ("CZ",), True),
        ("company", "is", ("yes",), True),
        ("tax_id_plausible", "is", ("yes",), True),
        ("issued", "at_least", ("2026-05-04",), True),
        ("issued", "at_least", ("2026-05-05",), False),
        ("currency", "is_not", ("EUR",), False),
        ("total", "at_most", ("1",), False),
        ("status", "is", ("",), False),
    ],
)
def test_a_condition_on_a_contact_alone(field: str, operator: str, values: tuple[str, ...], holds: bool) -> None:
    """What only documents have is never as a condition says."""
    party = msgspec.structs.replace(COMPANY, email="a@b.example")
    person = Person(contact=Contact(party=party, changed=toy.DAY))
    condition = msgspec.convert({"field": field, "operator": operator, "values": values}, Condition)
    assert condition.holds(person) is holds
    known, unknown = person, Person(contact=Contact(party=party))
    later = [rule("later", since="2026-05-04")]
    assert (first_match(later, known), first_match(later, unknown)) == (later[0], None)


def rule(name: str, **more: object) -> Rule:
    """One row."""
    return msgspec.convert({"id": name, **more}, Rule)


BIG = {"field": "total", "operator": "at_least", "values": ["1000"]}
SLOVAK = {"field": "country", "values": ["SK"]}


@pytest.mark.parametrize(
    ("rules", "found"),
    [
        ([], None),
        ([rule("first"), rule("second")], "first"),
        ([rule("slovak", when=[SLOVAK]), rule("big", when=[BIG]), rule("all")], "big"),
        ([rule("both", when=[BIG, SLOVAK]), rule("all")], "all"),
        ([rule("both", when=[BIG, SLOVAK])], None),
        ([rule("later", since="2026-05-05"), rule("all")], "all"),
        ([rule("today", since="2026-05-04"), rule("all")], "today"),
    ],
)
def test_the_first_row_that_matches_decides(rules: list[Rule], found: str | None) -> None:
    matched = first_match(rules, subject())
    assert (matched.id if matched else None) == found


@pytest.mark.parametrize(
    ("condition", "cause"),
    [
        ({"field": "colour", "values": ["red"]}, "rule.unknown_field"),
        ({"field": "total"}, "rule.no_values"),
        ({"field": "total", "operator": "at_least", "values": ["much"]}, "number.invalid"),
        ({"field": "total", "operator": "is_about", "values": ["1"]}, "policy.invalid"),
        ({"field": "total", "values": ["1"], "colour": "red"}, "policy.invalid"),
    ],
)
def test_a_wrong_row_is_refused_when_it_is_saved(condition: dict[str, object], cause: str) -> None:
    with pytest.raises(InvalidDocumentError) as caught:
        policies.load({"rules": [{"id": "wrong", "when": [condition]}]})
    assert caught.value.problems[0].cause == cause


@pytest.mark.parametrize(
    ("field", "values"), [("issued", ("yesterday",)), ("number", ("7",)), ("country", ("7",)), ("paid", ("1",))]
)
def test_a_comparison_that_cannot_be_made_is_refused_when_it_is_saved(field: str, values: tuple[str, ...]) -> None:
    """Or it would fail on every document from then on."""
    with pytest.raises(InvalidDocumentError) as caught:
        policies.load(
            {"rules": [{"id": "wrong", "when": [{"field": field, "operator": "at_least", "values": values}]}]}
        )
    assert caught.value.problems[0].field == field


def test_dates_and_amounts_are_compared_as_such() -> None:
    assert Condition(field="issued", operator="at_most", values=("2026-10-01",)).holds(
        subject(issued=date(2026, 9, 30))
    )
    assert Condition(field="total", operator="at_least", values=("9",)).holds(subject())
    assert isinstance(subject().document, Invoice)
