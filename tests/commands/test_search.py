"""Where is it? Found by what people type, answered in sentences with the next step; the same on both databases."""

import msgspec
import pytest

from mostek.commands.searching import Answer, Found, Search
from mostek.documents.party import Address, Party
from mostek.hub.indexing import index
from mostek.hub.ledger import Transaction
from mostek.replies import reply
from mostek.wording import Wording
from tests.hub import toy
from tests.hub.bench import Installation
from tests.hub.conftest import Installer

DVORAK = Party(
    address=Address(name="Jiří Dvořák", country="CZ"),
    company_id="27082440",
    tax_id="CZ27082440",
    email="jiri@dvorak.example",
)


async def find(hub: Installation, text: str, limit: int = 10) -> Found:
    found: Found = await hub.command("search", Search(text=text, limit=limit))
    return found


async def only(hub: Installation, text: str) -> Answer:
    found = await find(hub, text)
    assert len(found.answers) == 1, (text, found)
    return found.answers[0]


async def settle(hub: Installation) -> None:
    await hub.rest()
    while await index(hub.engine):
        pass


def said(answer: Answer, language: str = "en") -> str:
    return " ".join(reply(answer, Wording(language)))


@pytest.fixture
async def hub(installed: Installer) -> Installation:
    hub = await installed({})
    hub.shop.put(
        toy.order("12345", buyer=DVORAK),
        toy.invoice("F1", "1250.50", buyer=DVORAK, order_number="12345", is_paid=True, variable_symbol="9912345"),
        toy.invoice("F2"),
        toy.order("777"),
    )
    hub.books.reject.add("F2")
    await settle(hub)
    return hub


@pytest.mark.parametrize(
    "text",
    [
        "12345",
        "where is order 12345?",
        "F1",
        "9912345",
        "270 82 440",
        "CZ 27082440",
        "dvorak",
        "Dvořák",
        "DVOŘ",
        "jiří dvořák",
        "jiri@dvorak.example",
        "1 250,50",
        "0012345",
    ],
)
async def test_a_case_is_found_by_what_people_type(hub: Installation, text: str) -> None:
    answer = await only(hub, text)
    assert answer.order == "12345"
    assert answer.buyer == "Jiří Dvořák"


async def test_the_answer_is_a_sentence_with_the_next_step(hub: Installation) -> None:
    done, parked, alone = [await only(hub, text) for text in ("12345", "F2", "777")]
    assert said(done).startswith("Order 12345: invoice F1 has been in books since ")
    assert said(done).endswith(", paid. Nothing to do.")
    assert (parked.step, alone.step) == ("person", "source")
    assert "invoice F2 needs you" in said(parked).lower() or "Invoice F2 needs you" in said(parked)
    assert said(alone).startswith("Order 777: it was read from shop")
    for language in ("cs", "pl"):
        for answer in (done, parked, alone):
            assert "{" not in said(answer, language)


async def test_nothing_is_found_for_what_is_not_there(hub: Installation) -> None:
    for text in ("", "   ", "99999", "Novák", "%", "_", "' OR 1=1 --", "\x00", "a" * 10_000):
        assert (await find(hub, text)).answers == (), text


async def test_a_record_is_found_by_what_it_says_now_and_a_deleted_one_by_what_it_said(hub: Installation) -> None:
    renamed = msgspec.structs.replace(DVORAK, address=Address(name="Eva Malá"))
    hub.shop.put(toy.order("12345", buyer=renamed), toy.invoice("F1", buyer=renamed, order_number="12345"))
    await settle(hub)
    assert (await find(hub, "dvořák")).answers == ()
    assert (await only(hub, "malá")).order == "12345"


async def test_more_than_are_shown_are_told(hub: Installation) -> None:
    hub.shop.put(*(toy.invoice(f"N{number}") for number in range(5)))
    await settle(hub)
    found = await find(hub, "testova", limit=3)
    assert (len(found.answers), found.more) == (3, True)
    assert [answer.clauses[0].number for answer in found.answers] == ["N4", "N3", "N2"]


async def terms_of(hub: Installation) -> list[tuple[int, str]]:
    return [
        (row["record"], row["term"]) for row in await hub.sql("SELECT record, term FROM term ORDER BY record, term")
    ]


async def test_what_an_older_program_stored_is_made_findable_beside_the_run(hub: Installation) -> None:
    before = await terms_of(hub)
    await hub.sql("DELETE FROM term", "INSERT INTO unindexed (record, workspace) SELECT id, workspace FROM record")
    found = await find(hub, "12345")
    assert (found.answers, found.whole) == ((), False)
    await hub.once()
    assert await terms_of(hub) == before
    assert (await find(hub, "12345")).whole


async def test_a_record_that_takes_the_program_down_keeps_no_other_from_being_found(hub: Installation) -> None:
    await hub.sql("DELETE FROM term", "INSERT INTO unindexed (record, workspace) SELECT id, workspace FROM record")
    hub.shop.killers.add("F1")
    deaths = 0
    for _ in range(10):
        try:
            while await index(hub.engine):
                pass
        except toy.Crash:
            deaths += 1
        await hub.sql("UPDATE unindexed SET taken = 0")
    assert deaths == 2
    hub.shop.killers.clear()
    for text in ("12345", "F1", "F2", "777", "dvorak"):
        assert (await find(hub, text)).answers, text
    assert (await find(hub, "F1")).whole


async def test_what_is_stored_anew_while_it_is_indexed_is_indexed_again(hub: Installation) -> None:
    renamed = msgspec.structs.replace(DVORAK, address=Address(name="Eva Malá"))
    hub.shop.put(toy.order("12345", buyer=renamed), toy.invoice("F1", buyer=renamed, order_number="12345"))
    await hub.read()
    (row,) = await hub.sql("SELECT id, version FROM record WHERE number = 'F1'")
    stale = [{"record": row["id"], "version": row["version"] - 1}]
    await hub.ledger.write(Transaction.run, "drop_unindexed", indexed=stale)
    await settle(hub)
    assert (await only(hub, "malá")).order == "12345"


async def test_an_unchanged_record_costs_nothing(hub: Installation) -> None:
    await hub.reread()
    await hub.read()
    assert await hub.sql("SELECT * FROM unindexed") == []
