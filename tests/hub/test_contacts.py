"""Contacts moved by themselves, one way: made once, kept up, taken over where they are, and never doubled."""

from typing import Any

import msgspec
import pytest

from mostek.commands.adopting import Adopt, FirstSync
from mostek.commands.mending import Retry
from mostek.documents.party import Address
from tests.hub import toy
from tests.hub.bench import Installation
from tests.hub.conftest import Installer
from tests.hub.people import Book, person

Pair = tuple[Installation, Book, Book]


async def pair(installed: Installer, policy: dict[str, Any] | None = None, *, both: bool = False) -> Pair:
    """Two address books, ``a`` and ``b``, with a flow from the one to the other, or both ways."""
    hub = await installed()
    a, b = await hub.address_book("a"), await hub.address_book("b")
    await hub.contacts("a", "b", policy)
    if both:
        await hub.contacts("b", "a", policy)
    return hub, a, b


def names(book: Book) -> list[str]:
    return sorted(contact.party.name for contact in book.people.values())


async def test_a_contact_is_made_once_and_kept_up(installed: Installer) -> None:
    hub, a, b = await pair(installed)
    [jana] = a.put(person("jana"))
    await hub.rest()
    assert await hub.states() == {"jana": "done"}
    a.edit(jana, street="Krátká 2", phone="777")
    await hub.rest()
    [there] = b.people.values()
    assert (there.party.address.street, there.party.phone) == ("Krátká 2", "777")
    writes = b.calls["write"]
    await hub.rest()
    await hub.rest()
    assert b.calls["write"] == writes == 2
    assert [action.verb for action in b.written] == ["create", "update"]


async def test_only_what_changed_goes_over(installed: Installer) -> None:
    hub, a, b = await pair(installed)
    [jana] = a.put(person("jana"))
    await hub.rest()
    b.edit("1", phone="777")  # somebody knows more there
    a.edit(jana, street="Krátká 2")
    await hub.rest()
    [there] = b.people.values()
    assert (there.party.address.street, there.party.phone) == ("Krátká 2", "777")
    a.edit(jana, city="Olomouc")
    await hub.rest()
    assert b.people["1"].party.phone == "777"


@pytest.mark.parametrize("conflicts", ["ask", "source"])
async def test_what_changed_on_both_sides_is_settled_by_the_policy(installed: Installer, conflicts: str) -> None:
    hub, a, b = await pair(installed, {"conflicts": conflicts})
    [jana] = a.put(person("jana"))
    await hub.rest()
    b.edit("1", street="Jiná 9", phone="777")
    a.edit(jana, street="Krátká 2")
    await hub.rest()
    asked = conflicts == "ask"
    assert await hub.states() == {"jana": "parked: contact.conflict" if asked else "done"}
    assert b.people["1"].party.address.street == ("Jiná 9" if asked else "Krátká 2")
    assert b.people["1"].party.phone == "777"
    a.edit(jana, street="Jiná 9")  # a person settles it
    await hub.rest()
    assert await hub.states() == {"jana": "done"}
    assert b.people["1"].party.address.street == "Jiná 9"


@pytest.mark.parametrize("fault", ["lost", "late", "cut"])
async def test_a_lost_answer_makes_nobody_twice(installed: Installer, fault: str) -> None:
    hub, a, b = await pair(installed)
    b.faults.append(fault)
    [jana] = a.put(person("jana"))
    for change in ("1", "2"):
        await hub.read()
        await hub.plan()
        await hub.deliver()
        b.settle()
        await hub.rest()
        assert await hub.states() == {"jana": "done"}
        assert [each.party.phone for each in b.people.values()] == [a.people[jana].party.phone]
        a.edit(jana, phone=change)
        b.faults.append(fault)
    await hub.rest()
    assert len(b.people) == 1


async def test_who_is_there_is_taken_over_or_asked_about(installed: Installer) -> None:
    company = {"company_id": "27082440", "tax_id": "CZ27082440", "is_company": True}
    hub, a, b = await pair(installed, {"adopt": "same"})
    b.put(person("old jana", email="jana@b.example", phone="1"), person("acme", **company), person("acme 2", **company))
    b.put(
        person("petr"),
        person("petr 2", email="petr@b.example"),
        person("eva numbers", tax_id="CZ1", email="x@b.example"),
    )
    a.put(
        person("jana", phone="2"),
        person("acme", **company),
        person("petr"),
        person("eva", tax_id="CZ1", email="old jana"),
    )
    await hub.rest()
    states = await hub.states()
    assert states == {
        "jana": "done",
        "acme": "parked: contact.ambiguous",
        "petr": "parked: contact.ambiguous",
        "eva": "done",
    }
    assert len(b.people) == 6
    assert b.people["1"].party.phone == "1", "as it stands it stays"
    a.edit("1", phone="3")
    await hub.rest()
    assert (b.people["1"].party.phone, b.people["1"].party.name) == ("3", "old jana")


async def test_by_default_a_person_is_asked_before_a_card_is_taken_over(installed: Installer) -> None:
    hub, a, b = await pair(installed)
    b.put(person("jana"))
    a.put(person("jana"))
    await hub.rest()
    assert await hub.states() == {"jana": "parked: contact.exists"}
    assert b.keys == {}


async def test_a_deleted_contact_is_neither_deleted_nor_made_again(installed: Installer) -> None:
    hub, a, b = await pair(installed)
    [jana, petr] = a.put(person("jana"), person("petr"))
    await hub.rest()
    del a.people[jana]
    del b.people[next(id for id, each in b.people.items() if each.party.name == "petr")]
    a.edit(petr, phone="777")
    await hub.reread()
    await hub.rest()
    assert await hub.states() == {"jana": "parked: contact.vanished", "petr": "parked: contact.gone"}
    assert names(b) == ["jana"]
    records = tuple(row["id"] for row in await hub.rows("standing_all"))
    await hub.command("inbox.retry", Retry(records=records))
    await hub.rest()
    assert await hub.states() == {"jana": "parked: contact.vanished", "petr": "done"}
    assert [each.party.phone for each in b.named("petr")] == ["777"], "made again, since a person said so"


async def test_deletions_can_be_left_alone(installed: Installer) -> None:
    hub, a, b = await pair(installed, {"deletions": "leave"})
    [jana] = a.put(person("jana"))
    await hub.rest()
    del a.people[jana]
    await hub.reread()
    await hub.rest()
    assert await hub.states() == {"jana": "done"}
    assert names(b) == ["jana"]


async def test_rules_and_cut_offs_hold_for_contacts_too(installed: Installer) -> None:
    rules = [
        {"id": "nameless", "when": [{"field": "email", "values": [""]}], "then": "exclude"},
        {"id": "papers", "when": [{"field": "currency", "operator": "is_not", "values": ["CZK"]}], "then": "hold"},
        {"id": "all", "then": "book"},
    ]
    hub, a, _ = await pair(installed, {"rules": rules, "starts_from": "2026-05-04"})
    old = msgspec.structs.replace(person("old"), changed=toy.DAY.replace(day=3))
    a.put(person("jana"), person("petr", email=""), old)
    await hub.rest()
    states = await hub.states()
    assert states == {"jana": "done", "petr": "excluded: excluded.rule", "old": "excluded: excluded.cut_off"}


async def test_what_a_target_takes_in_without_a_word_is_an_alarm(installed: Installer) -> None:
    hub, a, b = await pair(installed, both=True)
    [jana] = a.put(person("jana", phone="1"))
    await hub.rest()
    b.deaf = {"phone"}
    a.edit(jana, phone="2")
    await hub.rest()
    causes = [row["cause"] for row in await hub.rows("standing_all") if row["state"] == "parked"]
    assert sorted(causes) == ["contact.alarm", "verify.differs"]
    assert a.people[jana].party.phone == "2", "the old word is no news"


# --- one card for each person


@pytest.mark.parametrize("first", ["contact", "invoice", "both"])
async def test_customers_of_one_shop_and_invoices_of_another_share_one_card(installed: Installer, first: str) -> None:
    hub = await installed()
    shop = await hub.address_book("people")
    await hub.contacts("people", "books")
    customer = person("Jana Testová", email="f1@buyer.example")
    if first != "invoice":
        shop.put(customer)
    if first != "contact":
        hub.shop.put(toy.invoice("F1"))
    if first != "both":
        await hub.rest()
    shop.put(customer) if first == "invoice" else hub.shop.put(toy.invoice("F1"))
    await hub.rest()
    assert set((await hub.states()).values()) == {"done"}
    assert hub.books.count("create", "contact") == 1


async def test_two_accounts_of_one_company_share_one_card(installed: Installer) -> None:
    hub, a, b = await pair(installed, both=True)
    first, second = a.put(*(person(f"acme {n}", company_id="27082440", email=f"{n}@acme.example") for n in (1, 2)))
    await hub.rest()
    assert set((await hub.states()).values()) == {"done"}
    assert len(b.people) == 1
    a.edit(second, phone="2")
    await hub.rest()
    a.edit(first, city="Praha")
    await hub.rest()
    [there] = b.people.values()
    assert (there.party.phone, there.party.address.city) == ("2", "Praha")
    assert len(a.people) == 2


async def test_a_draft_holds_nobodys_card_back(installed: Installer) -> None:
    hub = await installed()
    shop = await hub.address_book("people")
    await hub.contacts("people", "books")
    await hub.sql("UPDATE flow SET state = 'draft' WHERE slug = 'people-to-books'")
    shop.put(person("Jana Testová", email="f1@buyer.example"))
    await hub.read()
    await hub.plan()
    hub.shop.put(toy.invoice("F1"))
    await hub.read()
    for _ in range(4):
        await hub.plan()
        await hub.deliver()
        await hub.elapse(10)
    assert (await hub.states())["F1"] == "done"
    assert hub.books.count("create", "contact") == 1


# --- both ways


async def test_what_we_wrote_ourselves_causes_nothing_back(installed: Installer) -> None:
    hub, a, b = await pair(installed, both=True)
    [jana, long] = a.put(person("jana"), person("somebody whose name is far too long for here"))
    [petr] = b.put(person("petr"))
    await hub.rest()
    await hub.rest()
    assert (len(a.people), len(b.people)) == (3, 3)
    a.edit(jana, phone="1")
    b.edit(petr, phone="2")
    a.edit(long, phone="3")
    await hub.rest()
    assert [b.named("jana")[0].party.phone, a.named("petr")[0].party.phone] == ["1", "2"]
    assert a.people[long].party.name == "somebody whose name is far too long for here", "what is cut there stays whole"
    written = len(a.written) + len(b.written)
    for _ in range(3):
        await hub.rest()
    assert len(a.written) + len(b.written) == written == 6


@pytest.mark.parametrize("conflicts", ["ask", "source"])
async def test_changes_on_both_sides_meet(installed: Installer, conflicts: str) -> None:
    hub, a, b = await pair(installed, {"conflicts": conflicts}, both=True)
    [jana] = a.put(person("jana"))
    await hub.rest()
    a.edit(jana, phone="1")
    b.edit("1", city="Praha")
    await hub.rest()
    for book in (a, b):
        assert [(each.party.phone, each.party.address.city) for each in book.people.values()] == [("1", "Praha")]
    a.edit(jana, phone="2")
    b.edit("1", phone="3")
    await hub.rest()
    await hub.rest()
    phones = [each.party.phone for book in (a, b) for each in book.people.values()]
    if conflicts == "ask":
        assert phones == ["2", "3"]
        assert set((await hub.states()).values()) == {"parked: contact.conflict"}
        b.edit("1", phone="2")
        await hub.rest()
        phones = [each.party.phone for book in (a, b) for each in book.people.values()]
    assert len(set(phones)) == 1
    assert set((await hub.states()).values()) == {"done"}


async def test_an_older_word_of_the_list_is_no_change(installed: Installer) -> None:
    hub, a, b = await pair(installed, both=True)
    [jana] = a.put(person("jana", phone="1"))
    await hub.rest()
    b.shown["1"] = msgspec.structs.replace(b.people["1"], delivery=Address(name="a word that was"))
    a.edit(jana, phone="2")
    await hub.read()
    await hub.plan()
    await hub.deliver()
    b.calls.clear()
    await hub.elapse(10)
    await hub.rest()
    assert b.calls["get"] == 1, "the source is asked again before its word is taken for a change"
    assert [each.party.phone for book in (a, b) for each in book.people.values()] == ["2", "2"]


async def test_who_is_on_both_sides_from_the_start_is_one(installed: Installer) -> None:
    hub, a, b = await pair(installed, {"adopt": "same"}, both=True)
    a.put(person("jana", phone="1"))
    b.put(person("jana", phone="2"))
    await hub.rest()
    await hub.rest()
    assert (len(a.people), len(b.people)) == (1, 1)
    assert (a.written, b.written) == ([], [])
    a.edit("1", street="Krátká 2")
    await hub.rest()
    b.edit("1", city="Praha")
    await hub.rest()
    for book in (a, b):
        assert [(e.party.address.street, e.party.address.city) for e in book.people.values()] == [("Krátká 2", "Praha")]


@pytest.mark.parametrize("fault", ["lost", "late", "cut"])
async def test_an_echo_before_the_answer_is_known_makes_nobody(installed: Installer, fault: str) -> None:
    hub, a, b = await pair(installed, both=True)
    b.faults.append(fault)
    a.put(person("jana"))
    await hub.read()
    await hub.plan()
    await hub.deliver()
    await hub.read()  # the new card is seen before its fate is settled
    await hub.plan()
    await hub.deliver()
    b.settle()
    await hub.rest()
    await hub.rest()
    assert (len(a.people), len(b.people)) == (1, 1)
    assert set((await hub.states()).values()) == {"done"}


async def test_who_came_from_the_other_side_and_is_gone_there_is_made_again_by_a_person(installed: Installer) -> None:
    hub, a, b = await pair(installed, both=True)
    [jana] = b.put(person("jana"))
    await hub.rest()
    del b.people[jana]
    a.edit("1", phone="777")
    await hub.rest()
    await hub.elapse(10)
    await hub.rest()
    rows = [row for row in await hub.rows("standing_all") if row["cause"] == "contact.gone"]
    assert len(rows) == 1
    await hub.command("inbox.retry", Retry(records=(rows[0]["id"],)))
    await hub.rest()
    await hub.rest()
    assert [each.party.phone for each in b.people.values()] == ["777"]
    assert len(a.people) == 1


async def test_first_sync_takes_over_who_is_there_and_asks_about_the_ambiguous(installed: Installer) -> None:
    hub, a, b = await pair(installed)
    await hub.sql("UPDATE flow SET state = 'draft' WHERE slug = 'a-to-b'")
    there = [person(f"p{n}") for n in range(20)]
    b.put(*there, person("twin", company_id="1"), person("twin 2", company_id="1"))
    a.put(
        *there[:15], *(person(f"new {n}", email=f"{n}@new.example") for n in range(10)), person("twin", company_id="1")
    )
    await hub.read()
    await hub.plan()
    difference = await hub.command("first_sync", FirstSync(slug="a-to-b"))
    assert dict(difference.counts) == {"adopt": 15, "ask": 1, "create": 10}
    assert dict(difference.causes) == {"contact.ambiguous": 1}
    await hub.rest()
    assert (len(b.people), b.keys) == (22, {})
    await hub.command("first_sync", FirstSync(slug="a-to-b", accept=True))
    await hub.rest()
    assert len(b.people) == 32
    assert len(b.keys) == 25, "our key is written into those that are taken over"
    states = await hub.states()
    assert states.pop("twin") == "parked: contact.ambiguous"
    assert set(states.values()) == {"done"}
    [row] = [row for row in await hub.rows("standing_all") if row["state"] == "parked"]
    await hub.command("inbox.adopt", Adopt(records=(row["id"],), target_id="21"))
    await hub.rest()
    assert set((await hub.states()).values()) == {"done"}
    assert len(b.people) == 32
