"""A case with made-up people shows the same, and none of the real ones."""

import json
import random
import re
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stdnum.cz import dic
from stdnum.pl import nip
from stdnum.sk import dph

from mostek.core.cases import StoredRecord
from mostek.core.facts import Facts, KnownKey
from mostek.core.identity import contact_key, identity_of
from mostek.desk import disguise
from mostek.desk.disguise import disguised
from mostek.desk.specimen import End, Specimen, Version, case_of, encoded, flow_of, replan, replay
from mostek.documents.invoice import Invoice
from mostek.documents.party import Address, Party, plausible_tax_id
from mostek.documents.problem import InvalidDocumentError
from mostek.hub import connections
from mostek.sdk.effect import Match, Question
from tests.hub import toy

COMPANY = Party(
    address=Address(name="Řehoř Květák s.r.o.", street="Dlouhá 12/3", city="Hořice", postcode="508 01", country="CZ"),
    is_company=True,
    company_id="27082440",
    tax_id="CZ27082440",
    vat_payer=True,
    email="Rehor.Kvetak@pozorny.example",
    phone="+420 601 234 567",
)
TEXTS = ("Řehoř", "Květák", "Hořice", "Dlouhá", "27082440", "kvetak", "pozorny", "601 234 567", "508 01", "Rehor")
POLICY: dict[str, Any] = {
    "rules": [
        {"id": "his", "when": [{"field": "tax_id", "values": ["CZ27082440"]}], "then": "hold", "reason": "Květák asks"},
        {"id": "all"},
    ]
}


@pytest.fixture(autouse=True)
def toys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The toy pair is what is installed."""
    monkeypatch.setattr(connections, "connectors", lambda: {"toyshop": toy.SHOP, "toybooks": toy.BOOKS_CONNECTOR})


def specimen(*documents: Any, policy: dict[str, Any] | None = None, facts: Facts | None = None) -> Specimen:
    """A case of these documents, planned by this version."""
    records = tuple(
        StoredRecord(
            id=place,
            kind=document.kind if isinstance(document, Invoice) else "order",
            source_id=document.id,
            version=1,
            payload=msgspec.json.encode(document).decode(),
            root="r",
        )
        for place, document in enumerate(documents, 1)
    )
    found = Specimen(
        format=1,
        program="0",
        flow="f",
        source=End(id=1, slug="shop", connector="toyshop", settings={"shop": "s", "password": "not-exported"}),
        target=End(id=2, slug="books", connector="toybooks", settings={"books": "b"}),
        closed_until=None,
        versions=(Version(version=1, policy=policy or {}),),
        case=1,
        records=records,
        carried=(),
        facts=facts or Facts(),
        now=toy.invoice("F1").created,  # type: ignore[arg-type]
        outcome=(),
    )
    return msgspec.structs.replace(found, outcome=replan(found))


def buyer_of(found: Specimen) -> Party:
    """The buyer of the first document."""
    document = case_of(found).entries[0].document
    assert isinstance(document, Invoice)
    return document.buyer


def hidden(found: Specimen) -> None:
    """Nothing of the company is left, in any spelling."""
    content = encoded(found).decode().lower()
    assert [text for text in TEXTS if text.lower() in content] == []


def test_people_are_made_up_in_the_same_shape() -> None:
    plain = specimen(toy.invoice("F1", buyer=COMPANY, is_paid=True), policy={"rules": [{"id": "all"}]})
    changed = disguised(plain, random.Random(1))
    hidden(changed)
    buyer = buyer_of(changed)
    assert re.fullmatch(r"\w{5} \w{6} s\.r\.o\.", buyer.name)
    assert buyer.name.istitle() or buyer.name[0].isupper()
    assert re.fullmatch(r"\+420 \d{3} \d{3} \d{3}", buyer.phone)
    assert re.fullmatch(r"50\d \d\d", buyer.address.postcode)
    assert buyer.email.endswith(".example")
    assert (buyer.address.country, buyer.is_company, buyer.vat_payer) == ("CZ", True, True)
    assert buyer.tax_id == f"CZ{buyer.company_id}"
    assert dic.is_valid(buyer.tax_id)
    assert replay(changed).changes == ()
    assert [outcome.verdict for outcome in changed.outcome] == ["act"]


@pytest.mark.parametrize(
    ("tax_id", "country", "check"),
    [
        ("CZ27082440", "CZ", dic.is_valid),
        ("CZ7103192745", "CZ", dic.is_valid),
        ("SK2022749619", "SK", dph.is_valid),
        ("PL8567346215", "PL", nip.is_valid),
        ("856-734-62-15", "PL", nip.is_valid),
    ],
)
def test_a_number_stays_as_valid_as_it_was(tax_id: str, country: str, check: Any) -> None:
    digits = [place for place, letter in enumerate(tax_id) if letter.isdigit()]
    wrong = tax_id[:-1] + str((int(tax_id[-1]) + 1) % 10)
    for given_, valid in ((tax_id, True), (wrong, False)):
        party = msgspec.structs.replace(
            COMPANY,
            company_id="",
            tax_id=given_,
            address=msgspec.structs.replace(COMPANY.address, country=country),
        )
        changed = buyer_of(disguised(specimen(toy.invoice("F1", buyer=party)), random.Random(3))).tax_id
        assert changed != given_
        assert [p for p, letter in enumerate(changed) if letter.isdigit()] == digits
        assert plausible_tax_id(changed, country) is plausible_tax_id(given_, country) is valid
        assert bool(check(changed)) is valid


def test_one_person_stays_one_person_through_the_whole_case() -> None:
    plain = specimen(
        toy.invoice("F1", buyer=COMPANY, order_number="77"),
        toy.credit_note("D1", "F1", buyer=COMPANY, order_number="77", note="Květák z Hořic vrátil zboží"),
        toy.order("77", buyer=msgspec.structs.replace(COMPANY, reference="C77")),
    )
    changed = disguised(plain, random.Random(2))
    hidden(changed)
    contacts = [a for outcome in changed.outcome for a in outcome.actions if a.kind == "contact"]
    assert len(contacts) == 2
    assert len({action.key for action in contacts}) == 1
    assert len({action.payload for action in contacts}) == 1


def test_a_rule_about_a_person_still_holds() -> None:
    changed = disguised(specimen(toy.invoice("F1", buyer=COMPANY), policy=POLICY), random.Random(4))
    hidden(changed)
    assert [(outcome.verdict, outcome.rule) for outcome in changed.outcome] == [("park", "his")]


def test_what_the_target_said_follows_with_the_keys_that_are_made_of_people() -> None:
    plain = specimen(toy.invoice("F1", buyer=COMPANY))
    case = case_of(plain)
    identity = identity_of(COMPANY, ("company_id",))
    assert identity
    key = contact_key(case.source_slug, flow_of(plain).target.slug, identity)
    question = Question(about="contact", by={"key": key, "company_id": "27082440", "tax_id": "CZ27082440"})
    match = Match(id="17", by="company_id", label="Květák Řehoř, Hořice")
    known = {key: KnownKey(state="parked", digest="d", hand="")}
    for facts, verbs in (
        (Facts(matches={question.id: (match,)}, keys=known), ["create"]),
        (Facts(matches={question.id: (match, Match(id="18", by="tax_id", label="Květák"))}), []),
    ):
        told = specimen(toy.invoice("F1", buyer=COMPANY), facts=facts)
        changed = disguised(told, random.Random(5))
        hidden(changed)
        assert [a.verb for outcome in changed.outcome for a in outcome.actions] == verbs
        assert replay(changed).changes == ()


def test_texts_on_which_nothing_rests_are_blotted_out() -> None:
    plain = specimen(toy.invoice("F1", buyer=COMPANY))
    payload = plain.records[0].payload
    (record,) = plain.records
    more = json.dumps({"kept": {"Owner": "Tajná Osoba", "iban": "CZ6508000000192000145399", "vat": "standard"}})
    mixed = payload[:-1] + "," + more[1:]
    assert json.loads(mixed)["kept"]
    plain = msgspec.structs.replace(plain, records=(msgspec.structs.replace(record, payload=mixed),))
    changed = disguised(plain, random.Random(6)).records[0].payload
    assert json.loads(changed)["kept"] == {
        "Owner": "xxxxx xxxxx",
        "iban": "xx0000000000000000000000",
        "vat": "standard",
    }
    assert len(changed) >= len(mixed) - 20


def test_what_cannot_be_made_up_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = specimen(toy.invoice("F1", buyer=COMPANY))
    (record,) = plain.records
    opaque = msgspec.structs.replace(plain, records=(msgspec.structs.replace(record, payload="<x/>"),))
    with pytest.raises(InvalidDocumentError, match=r"replay\.opaque"):
        disguised(opaque)
    # A mask that does not follow into the policy loses the rule: the file would show another case.
    monkeypatch.setattr(disguise._Mask, "everywhere", lambda self, value: value)
    with pytest.raises(InvalidDocumentError, match=r"replay\.rests"):
        disguised(specimen(toy.invoice("F1", buyer=COMPANY), policy=POLICY), random.Random(7))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.text(st.sampled_from("ABČŘŽabcčeéěřžß'-. 1"), min_size=1, max_size=20),
    city=st.sampled_from(["Brno", "praha", "ÚSTÍ NAD LABEM", "Kutná Hora", "X"]),
    email=st.sampled_from(["eva@x.example", "Jan.Novák+1@firma.example", "", "@"]),
    seed=st.integers(0, 99),
)
def test_any_name_gives_a_case_that_replays(name: str, city: str, email: str, seed: int) -> None:
    party = Party(address=Address(name=name, city=city, country="CZ"), email=email)
    plain = specimen(toy.invoice("F1", buyer=party))
    changed = disguised(plain, random.Random(seed))
    assert replay(changed).changes == ()
    assert [outcome.verdict for outcome in changed.outcome] == [outcome.verdict for outcome in plain.outcome]
    assert not email.strip("@") or email.lower() not in encoded(changed).decode().lower()
