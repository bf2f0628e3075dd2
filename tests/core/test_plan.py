"""The plan of a case: every step and every cause, pure: no ledger, no network."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest

from mostek.core import policy as policies
from mostek.core.cases import Case, Entry, issued_digest
from mostek.core.facts import Decision, Facts, KnownKey, Original, Target
from mostek.core.keys import duty_key
from mostek.core.plan import corrected_numbers, keys_of, plan, questions
from mostek.documents.invoice import Invoice, Method
from mostek.documents.party import Address, Contact, Party
from mostek.documents.payment import CreditLink, Payment
from mostek.documents.problem import Problem
from mostek.documents.vat import summed
from mostek.sdk.effect import Match, Question, Reference
from tests.hub import toy

NOW = datetime(2026, 5, 4, 10, 30, tzinfo=UTC)  # half an hour after the toy documents were made
EVA = Party(address=Address(name="Eva Testová", country="CZ"), email=" Eva@Buyer.example ")
COMPANY = Party(
    address=Address(name="Hrnky s.r.o.", country="CZ"),
    is_company=True,
    company_id="270 824 40",
    tax_id="CZ27082440",
    email="eva@buyer.example",
)
MANIFEST = toy.BOOKS_CONNECTOR.manifest
TARGET = Target(slug="books", tables=MANIFEST.mappings, profile=toy.PROFILE, kinds=frozenset(MANIFEST.writes))


def entry(record: int, document: Any, /, **changes: Any) -> Entry:
    """A record of a case."""
    kind = document.kind if isinstance(document, Invoice) else "order"
    digest = issued_digest(document) if isinstance(document, Invoice) else ""
    made = Entry(record=record, kind=kind, id=document.id, version=1, document=document, digest=digest)
    return msgspec.structs.replace(made, **changes)


def case(*documents: Any) -> Case:
    """A case of these documents or entries, the first record being 1."""
    entries = [each if isinstance(each, Entry) else entry(place, each) for place, each in enumerate(documents, 1)]
    return Case(id=1, root="order:1", source=7, source_slug="shop", entries=tuple(entries))


def key(kind: str, name: str, duty: str = "") -> str:
    """The key of a duty of the case."""
    return duty_key(source="shop", kind=kind, source_id=name, role="book", duty=duty or kind, target="books")


def decide(
    of: Case, facts: Facts | None = None, now: datetime = NOW, target: Target = TARGET, **policy: Any
) -> tuple[Decision, ...]:
    """Plan with a policy that differs from the default in these points."""
    return plan(of, facts or Facts(), policies.only(policies.load(policy)), target, now)


def told(decision: Decision) -> tuple[str, str]:
    """The verdict and its cause."""
    return decision.verdict, decision.problems[0].cause if decision.problems else ""


def duties(decision: Decision) -> list[str]:
    """What is to be done, in order."""
    return [toy.duty(action) for action in decision.actions]


def asked(**by: str) -> Question:
    """A question about a document."""
    return Question(about="document", by=by)


def answers(*pairs: tuple[Question, Sequence[Match]]) -> Facts:
    """Facts that hold only what the target answered."""
    return Facts(matches={question.id: tuple(matches) for question, matches in pairs})


def carried(document: Invoice, state: str = "done", digest: str | None = None) -> Mapping[str, KnownKey]:
    """The ledger knows this document's key."""
    known = KnownKey(state=state, digest=issued_digest(document) if digest is None else digest)
    return {key(document.kind, document.id): known}


F1 = toy.invoice("F1")
D1 = toy.credit_note("D1", "F1")
DOCUMENT = asked(key=key("invoice", "F1"), number="F1")
ORIGINAL = asked(number="F1")
EMAIL = Question(
    about="contact", by={"key": key("contact", "email:f1@buyer.example", "contact"), "email": "f1@buyer.example"}
)


def test_a_plain_document_is_booked_after_its_buyer() -> None:
    [decision] = decide(case(F1))
    assert told(decision) == ("act", "")
    assert decision.rule == "all"
    contact, create = decision.actions
    assert isinstance(contact.subject, Contact)
    assert contact.subject.identity == "email:f1@buyer.example"
    assert create.needs == (contact.key,)
    assert create.refs == {"contact": Reference(key=contact.key)}
    assert create.key == decision.key == key("invoice", "F1")
    assert create.options == {"document_type": "F"}
    assert decision.digest == issued_digest(F1)


# (name, case, facts, policy, now, verdict and cause)
LATE = NOW + timedelta(days=1)
BAD = entry(1, F1, document=None, digest="", problems=(Problem(cause="payload.no_json"),))
ABSENT = entry(2, toy.order("77"), document=None)
WITH_ORDER = toy.invoice("F1", order_number="77")
STEPS: list[tuple[str, Case, Facts, dict[str, Any], datetime, tuple[str, str]]] = [
    ("left out by a person", case(F1), Facts(excluded=frozenset({1})), {}, NOW, ("exclude", "excluded.person")),
    ("another one left out", case(F1), Facts(excluded=frozenset({2})), {}, NOW, ("act", "")),
    ("unreadable", case(BAD), Facts(), {}, NOW, ("park", "payload.no_json")),
    ("no document in it", case(entry(1, F1, document=None)), Facts(), {}, NOW, ("park", "record.no_document")),
    (
        "deleted before it was carried over",
        case(entry(1, F1, absent=True)),
        Facts(),
        {},
        NOW,
        ("exclude", "excluded.vanished"),
    ),
    (
        "cancelled before that",
        case(toy.invoice("F1", cancelled=True)),
        Facts(),
        {},
        NOW,
        ("exclude", "excluded.cancelled"),
    ),
    ("before the cut-off", case(F1), Facts(), {"starts_from": "2026-05-05"}, NOW, ("exclude", "excluded.cut_off")),
    ("on the day of the cut-off", case(F1), Facts(), {"starts_from": "2026-05-04"}, NOW, ("act", "")),
    ("its order is not here", case(WITH_ORDER), Facts(), {}, NOW, ("wait", "wait.order")),
    ("its order is late", case(WITH_ORDER), Facts(), {}, LATE, ("act", "")),
    ("its order is here", case(WITH_ORDER, toy.order("77")), Facts(), {}, NOW, ("act", "")),
    ("the source has no such order", case(WITH_ORDER, ABSENT), Facts(), {}, NOW, ("act", "")),
    ("nobody waits for an order", case(WITH_ORDER), Facts(), {"wait_for_order": 0}, NOW, ("act", "")),
    ("no rule", case(F1), Facts(), {"rules": []}, NOW, ("park", "rule.unmatched")),
    ("a rule holds", case(F1), Facts(), {"rules": [{"id": "r", "then": "hold"}]}, NOW, ("park", "rule.held")),
    (
        "a rule leaves out",
        case(F1),
        Facts(),
        {"rules": [{"id": "r", "then": "exclude"}]},
        NOW,
        ("exclude", "excluded.rule"),
    ),
    (
        "it contradicts itself",
        case(toy.invoice("F1", total=toy.money("120"))),
        Facts(),
        {},
        NOW,
        ("park", "money.vat_sum"),
    ),
    (
        "the number is taken",
        case(F1),
        answers((DOCUMENT, [Match(id="T9", by="number", label="F1 of 2025")])),
        {},
        NOW,
        ("park", "document.exists"),
    ),
    (
        "the number is another of ours",
        case(F1),
        answers((DOCUMENT, [Match(id="T9", by="number", key="another")])),
        {},
        NOW,
        ("park", "document.exists"),
    ),
    (
        "it is there, and ours",
        case(F1),
        answers((DOCUMENT, [Match(id="T9", by="key", key=key("invoice", "F1"))])),
        {},
        NOW,
        ("act", ""),
    ),
    ("changed after transfer", case(F1), Facts(keys=carried(F1, "done", "old")), {}, NOW, ("park", "document.changed")),
    ("changed in the alarm", case(F1), Facts(keys=carried(F1, "alarm", "old")), {}, NOW, ("park", "document.changed")),
    ("changed while sent", case(F1), Facts(keys=carried(F1, "sent", "old")), {}, NOW, ("wait", "wait.settlement")),
    (
        "changed while unknown",
        case(F1),
        Facts(keys=carried(F1, "unknown", "old")),
        {},
        NOW,
        ("wait", "wait.settlement"),
    ),
    (
        "changed while accepted",
        case(F1),
        Facts(keys=carried(F1, "accepted", "old")),
        {},
        NOW,
        ("wait", "wait.settlement"),
    ),
    ("changed before it was sent", case(F1), Facts(keys=carried(F1, "ready", "old")), {}, NOW, ("act", "")),
    ("changed after it was refused", case(F1), Facts(keys=carried(F1, "parked", "old")), {}, NOW, ("act", "")),
    (
        "several such contacts",
        case(F1),
        answers((EMAIL, [Match(id="A", by="email"), Match(id="B", by="email")])),
        {},
        NOW,
        ("park", "contact.ambiguous"),
    ),
    (
        "a kind the flow does not carry",
        case(F1, D1),
        Facts(),
        {"kinds": ["credit_note"]},
        NOW,
        ("wait", "credit.original_missing"),
    ),
    ("the original is not here", case(D1), Facts(), {}, NOW, ("wait", "credit.original_missing")),
    ("the original never came", case(D1), Facts(), {}, LATE, ("park", "credit.original_missing")),
    (
        "the original is left out",
        case(D1),
        Facts(originals={"F1": Original(kind="invoice", id="F1", state="excluded")}),
        {},
        NOW,
        ("park", "credit.original_missing"),
    ),
    (
        "the original is parked",
        case(D1),
        Facts(originals={"F1": Original(kind="invoice", id="F1", state="parked")}),
        {},
        NOW,
        ("park", "credit.original_parked"),
    ),
    (
        "the original is waiting",
        case(D1),
        Facts(originals={"F1": Original(kind="invoice", id="F1", state="waiting")}),
        {},
        NOW,
        ("act", ""),
    ),
    (
        "the original is in the books",
        case(D1),
        answers((ORIGINAL, [Match(id="T7", by="number")])),
        {},
        NOW,
        ("act", ""),
    ),
    (
        "two such originals",
        case(D1),
        answers((ORIGINAL, [Match(id="T7", by="number"), Match(id="T8", by="number")])),
        {},
        LATE,
        ("park", "credit.original_missing"),
    ),
    ("orphans are booked", case(D1), Facts(), {"orphans": "book"}, LATE, ("act", "")),
]


@pytest.mark.parametrize(
    ("of", "facts", "policy", "now", "verdict"), [row[1:] for row in STEPS], ids=[row[0] for row in STEPS]
)
def test_a_step(of: Case, facts: Facts, policy: dict[str, Any], now: datetime, verdict: tuple[str, str]) -> None:
    decision = decide(of, facts, now, **policy)[0]
    assert told(decision) == verdict
    assert bool(decision.actions) == (decision.verdict == "act")
    assert decision.verdict != "wait" or decision.wait_key


@pytest.mark.parametrize("state", ["sent", "unknown", "accepted", "done", "alarm"])
@pytest.mark.parametrize(
    "policy",
    [
        {"starts_from": "2030-01-01"},
        {"rules": []},
        {"rules": [{"id": "r", "then": "hold"}]},
        {"rules": [{"id": "r", "then": "exclude"}]},
        {"wait_for_order": 10**9},
        {"match": ["company_id"]},
    ],
    ids=lambda policy: next(iter(policy)),
)
def test_what_is_in_the_books_is_decided_by_no_rule_of_today(state: str, policy: dict[str, Any]) -> None:
    document = toy.invoice("F1", order_number="77", is_paid=True)
    taken = answers((DOCUMENT, [Match(id="T9", by="number")]))
    [decision] = decide(case(document), msgspec.structs.replace(taken, keys=carried(document, state)), **policy)
    assert told(decision) == ("act", "")
    assert duties(decision) == ["payment"]


@pytest.mark.parametrize("state", ["waiting", "parked", "done"])
def test_a_credit_note_in_the_books_keeps_its_link_however_its_original_stands(state: str) -> None:
    facts = Facts(keys=carried(D1), originals={"F1": Original(kind="invoice", id="F1", state=state)})
    assert duties(decide(case(D1), facts)[0]) == ["link"]
    foreign = msgspec.structs.replace(answers((ORIGINAL, [Match(id="T7", by="number")])), keys=carried(D1))
    [link] = decide(case(D1), foreign)[0].actions
    assert link.refs["corrects"] == Reference(id="T7")


def test_waiting_names_what_wakes_it() -> None:
    [order] = decide(case(WITH_ORDER))
    assert order.wait_key == "record:7:order:77"
    assert order.wait_until == F1.created + timedelta(hours=1)  # type: ignore[operator]
    [credit] = decide(case(D1))
    assert credit.wait_key == "number:7:F1"
    assert credit.wait_until == order.wait_until
    [parked] = decide(case(D1), now=LATE)
    assert (parked.wait_key, parked.wait_until) == ("number:7:F1", None)
    [flying] = decide(case(F1), Facts(keys=carried(F1, "unknown", "old")))
    assert flying.wait_key == f"action:{key('invoice', 'F1')}"
    [held] = decide(case(D1), Facts(originals={"F1": Original(kind="invoice", id="F1", state="parked")}))
    assert held.wait_key == f"action:{key('invoice', 'F1')}"


def test_a_missing_mapping_lists_every_value_and_waits() -> None:
    tables = {name: msgspec.structs.replace(table, required=True, default={}) for name, table in TARGET.tables.items()}
    target = msgspec.structs.replace(TARGET, tables=tables)
    [decision] = decide(case(toy.invoice("F1", payment=Method("card", "Kartou"))), target=target)
    assert decision.verdict == "wait"
    assert {(problem.field, problem.details["value"]) for problem in decision.problems} == {
        ("document_type", "invoice:CZK"),
        ("payment_form", "card"),
    }
    assert decision.wait_key == "mapping:document_type"
    mappings = {"document_type": {"INVOICE": "FA"}, "payment_form": {"Kartou": "K"}}
    [mapped] = decide(case(toy.invoice("F1", payment=Method("card", "Kartou"))), target=target, mappings=mappings)
    assert mapped.actions[-1].options == {"document_type": "FA", "payment_form": "K"}


@pytest.mark.parametrize(
    ("buyer", "match", "identity", "by"),
    [
        (EVA, ("company_id", "tax_id", "email"), "email:eva@buyer.example", {"email": "eva@buyer.example"}),
        (
            COMPANY,
            ("company_id", "tax_id", "email"),
            "company_id:27082440",
            {"company_id": "27082440", "tax_id": "CZ27082440"},
        ),
        (COMPANY, ("tax_id", "company_id"), "tax_id:CZ27082440", {"tax_id": "CZ27082440"}),
        (COMPANY, ("email",), "email:eva@buyer.example", {"email": "eva@buyer.example"}),
        (Party(address=Address(name="Host")), ("company_id", "tax_id", "email"), None, {}),
        (EVA, ("company_id",), None, {}),
    ],
)
def test_a_buyer_is_known_by_the_strongest_there_is(
    buyer: Party, match: tuple[str, ...], identity: str | None, by: dict[str, str]
) -> None:
    of, policy = case(toy.invoice("F1", buyer=buyer)), policies.only(policies.load({"match": match}))
    [decision] = decide(of, match=match)
    subjects = [action.subject.identity for action in decision.actions if isinstance(action.subject, Contact)]
    assert subjects == ([identity] if identity else [])
    looked = [question.by for question in questions(of, policy, TARGET, Facts()) if question.about == "contact"]
    assert looked == ([{"key": key("contact", identity, "contact"), **by}] if identity else [])


def test_a_contact_of_the_target_is_used_and_not_made() -> None:
    [decision] = decide(case(F1), answers((EMAIL, [Match(id="A7", by="email")])))
    assert duties(decision) == ["invoice"]
    assert decision.actions[0].refs == {"contact": Reference(id="A7")}
    assert decision.actions[0].needs == ()


@pytest.mark.parametrize(("state", "made"), [("done", True), ("ready", False), ("parked", False)])
def test_our_own_contact_stays_ours_once_it_is_made(state: str, made: bool) -> None:
    known = {EMAIL.by["key"]: KnownKey(state=state, digest="")}
    found = msgspec.structs.replace(answers((EMAIL, [Match(id="A7", by="email")])), keys=known)
    [decision] = decide(case(F1), found)
    assert (decision.actions[-1].refs["contact"] == Reference(key=EMAIL.by["key"])) is made


@pytest.mark.parametrize("off", [{"contacts": "none"}, {"match": []}])
def test_contacts_can_be_left_to_the_document(off: dict[str, Any]) -> None:
    [decision] = decide(case(F1), **off)
    assert duties(decision) == ["invoice"]
    without = msgspec.structs.replace(TARGET, kinds=frozenset({"invoice"}))
    assert duties(decide(case(F1), target=without)[0]) == ["invoice"]


def test_a_credit_note_follows_the_original_of_its_own_case() -> None:
    both = decide(case(D1, F1))
    assert [toy.label(decision.actions[-1]) for decision in both] == ["F1", "D1"]
    link = both[1].actions[-1]
    assert link.subject == CreditLink(number="D1", corrects="F1")
    assert link.needs == (key("credit_note", "D1"), key("invoice", "F1"))
    assert both[1].actions[-2].refs["corrects"] == Reference(key=key("invoice", "F1"))
    held = decide(
        case(D1, F1),
        rules=[{"id": "r", "when": [{"field": "kind", "values": ["invoice"]}], "then": "hold"}, {"id": "all"}],
    )
    assert [told(decision) for decision in held] == [("park", "rule.held"), ("park", "credit.original_parked")]


def test_an_orphan_is_booked_without_a_link() -> None:
    assert duties(decide(case(D1), now=LATE, orphans="book")[0]) == ["contact", "credit_note"]


PAID = toy.invoice(
    "F1", is_paid=True, paid=date(2026, 5, 6), variable_symbol="2026001", payment=Method("card", "Kartou")
)


@pytest.mark.parametrize(
    ("document", "policy", "kinds", "mode"),
    [
        (PAID, {}, TARGET.kinds, "mark"),
        (PAID, {"payments": "document"}, TARGET.kinds, "document"),
        (PAID, {"payments": "none"}, TARGET.kinds, None),
        (F1, {}, TARGET.kinds, None),
        (toy.credit_note("D1", "F1", is_paid=True), {"orphans": "book", "wait_for_order": 0}, TARGET.kinds, None),
        (PAID, {}, TARGET.kinds - {"payment"}, None),
    ],
)
def test_payments(document: Invoice, policy: dict[str, Any], kinds: frozenset[str], mode: str | None) -> None:
    [decision] = decide(case(document), target=msgspec.structs.replace(TARGET, kinds=kinds), **policy)
    settled = [action for action in decision.actions if action.verb == "settle"]
    assert [action.options["mode"] for action in settled] == ([mode] if mode else [])
    if settled:
        paid = Payment(
            document="F1", amount=PAID.total, paid=date(2026, 5, 6), variable_symbol="2026001", method=PAID.payment
        )
        assert settled[0].subject == paid
        assert settled[0].needs == (decision.key,)
        assert settled[0].key == key("invoice", "F1", "payment") != decision.key


CARDS = toy.invoice("F1", lines=(toy.line("100", code="A", number=1), toy.line("21", code="B", number=2)))
CARDS = msgspec.structs.replace(CARDS, vat=summed(line.row for line in CARDS.lines))


@pytest.mark.parametrize(
    ("mode", "known", "verdict", "options"),
    [
        ("link", {"A": 1, "B": 1}, "act", {"product:1": "A0", "product:2": "B0"}),
        ("link", {"A": 1, "B": 0}, "act", {"product:1": "A0"}),
        ("link", {"A": 2, "B": 0}, "act", {}),
        ("require", {"A": 1, "B": 1}, "act", {"product:1": "A0", "product:2": "B0"}),
        ("require", {"A": 1, "B": 0}, "park", {}),
        ("require", {"A": 2, "B": 2}, "park", {}),
        ("text", {"A": 1, "B": 1}, "act", {}),
    ],
)
def test_products(mode: str, known: dict[str, int], verdict: str, options: dict[str, str]) -> None:
    facts = Facts(
        matches={
            Question(about="product", by={"code": code}).id: tuple(
                Match(id=f"{code}{n}", by="code") for n in range(times)
            )
            for code, times in known.items()
        }
    )
    [decision] = decide(case(CARDS), facts, products=mode)
    assert decision.verdict == verdict
    if verdict == "act":
        found = {name: value for name, value in decision.actions[-1].options.items() if name.startswith("product:")}
        assert found == options
    else:
        assert {problem.cause for problem in decision.problems} == {"product.missing"}
        assert len(decision.problems) == sum(times != 1 for times in known.values())
    looked = questions(case(CARDS), policies.only(policies.load({"products": mode})), TARGET, Facts())
    assert sum(question.about == "product" for question in looked) == (0 if mode == "text" else 2)


def test_nothing_is_asked_about_what_is_done() -> None:
    policy = policies.only(policies.load({}))
    known = {**carried(F1), EMAIL.by["key"]: KnownKey(state="done", digest="")}
    assert questions(case(F1), policy, TARGET, Facts(keys=known)) == ()
    assert [question.about for question in questions(case(F1), policy, TARGET, Facts())] == ["document", "contact"]
    assert keys_of(case(F1), policy, TARGET) == {key("invoice", "F1"), EMAIL.by["key"]}
    assert corrected_numbers(case(F1, D1), policy) == {"F1"}


def test_what_the_order_knows_completes_the_document() -> None:
    bare = toy.invoice("F1", order_number="77", buyer=Party(address=Address(name="Jana", country="CZ")))
    order = toy.order("77", buyer=EVA, delivery=Address(name="Box"))
    [decision] = decide(case(bare, order))
    contact, create = decision.actions
    assert isinstance(contact.subject, Contact)
    assert contact.subject.identity == "email:eva@buyer.example"
    assert contact.subject.delivery == Address(name="Box")
    assert create.subject.payment == order.payment  # type: ignore[union-attr]
    assert create.subject.buyer.name == "Jana"  # type: ignore[union-attr]
