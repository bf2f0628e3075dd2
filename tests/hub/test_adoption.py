"""First sync into existing books: what is there is taken over once, what is ambiguous asks, the rest is created."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from mostek.commands.adopting import Accept, Adopt, FirstSync
from mostek.commands.mending import Exclude, Retry
from mostek.core.comparison import likeness
from mostek.sdk.effect import Match, Statement
from tests.hub import toy
from tests.hub.bench import Installation
from tests.hub.conftest import Installer
from tests.hub.papers import regrossed

F1 = toy.invoice("F1", order_number="77", variable_symbol="2026001")


def foreign(number: str = "F1", **changes: Any) -> Statement:
    """A document of somebody else in the books."""
    total = toy.money("121")
    plain = Statement(key="", id="X1", number=number, kind="invoice", total=total, rows=(), issued=toy.DAY)
    return msgspec.structs.replace(plain, **changes)


# (name, what stands in the books, likeness, ids)
STANDING: list[tuple[str, list[Statement], str, list[str]]] = [
    ("nothing", [], "none", []),
    ("its number", [foreign()], "same", ["X1"]),
    ("its number, another case of letters", [foreign("f1")], "same", ["X1"]),
    ("its number, other figures", [foreign(total=toy.money("120"))], "differs", ["X1"]),
    ("its number, another currency", [foreign(total=toy.money("121", "EUR"))], "differs", ["X1"]),
    ("its number, a credit note", [foreign(kind="credit_note")], "differs", ["X1"]),
    ("its number, a proforma", [foreign(kind="proforma")], "differs", ["X1"]),
    ("its number, cancelled", [foreign(cancelled=True)], "differs", ["X1"]),
    ("its number under another duty's key", [foreign(key="another")], "differs", ["X1"]),
    ("its number twice", [foreign(), foreign(id="X2")], "several", ["X1", "X2"]),
    ("its number, and its order", [foreign(), foreign("Z9", id="X2", reference="77")], "same", ["X1"]),
    ("its order", [foreign("Z9", reference="77")], "same", ["X1"]),
    ("its order, other figures", [foreign("Z9", reference="77", total=toy.money("1"))], "none", []),
    ("its order, cancelled", [foreign("Z9", reference="77", cancelled=True)], "none", []),
    ("its order under another duty's key", [foreign("Z9", reference="77", key="another")], "none", []),
    (
        "its order twice",
        [foreign("A", reference="77"), foreign("B", id="X2", reference="77")],
        "several",
        ["X1", "X2"],
    ),
    ("another order", [foreign("Z9", reference="78")], "none", []),
    ("its symbol that day", [foreign("Z9", symbol="2026001")], "same", ["X1"]),
    ("its symbol near", [foreign("Z9", symbol="2026001", issued=toy.DAY - timedelta(days=3))], "same", ["X1"]),
    ("its symbol long ago", [foreign("Z9", symbol="2026001", issued=toy.DAY - timedelta(days=4))], "none", []),
    ("ours already", [foreign(key="ours")], "none", []),
]


@pytest.mark.parametrize(("stands", "alike", "ids"), [row[1:] for row in STANDING], ids=[row[0] for row in STANDING])
def test_likeness(stands: list[Statement], alike: str, ids: list[str]) -> None:
    matches = [Match(id=each.id, by="?", key=each.key, statement=each) for each in stands]
    found, which = likeness(F1, "ours", matches)
    assert (found, [match.id for match in which]) == (alike, ids)


def test_an_amount_of_nothing_identifies_nothing() -> None:
    nothing = toy.invoice("F1", "0", order_number="77", variable_symbol="1")
    stands = foreign("Z9", reference="77", symbol="1", total=toy.money("0"))
    assert likeness(nothing, "ours", [Match(id="X1", by="order", statement=stands)]) == ("none", ())


async def draft(hub: Installation) -> None:
    await hub.sql("UPDATE flow SET state = 'draft'")


async def test_a_draft_is_planned_and_sends_nothing_until_it_goes_live(installed: Installer) -> None:
    hub = await installed()
    await draft(hub)
    hub.shop.put(F1, toy.order("77"))
    await hub.once()
    await hub.deliver()  # also when its endpoint is worked on, for another flow say
    assert hub.books.calls["write"] == 0
    assert (await hub.states())["F1"] == "waiting: waiting"
    difference = await hub.command("first_sync", FirstSync(slug="shop-to-books"))
    assert (difference.state, dict(difference.counts)) == ("draft", {"create": 1})
    assert hub.books.calls["write"] == 0
    await hub.command("first_sync", FirstSync(slug="shop-to-books", accept=True))
    await hub.once()
    assert hub.books.count("create", "invoice") == 1


async def test_first_sync_takes_over_asks_and_creates(installed: Installer) -> None:
    hub = await installed({"wait_for_order": 0})
    await draft(hub)
    for number in range(30):
        hub.shop.put(toy.invoice(f"F{number}", order_number=f"9{number}", is_paid=number % 2 == 0))
    hub.books.enter(
        *(foreign(f"F{number}") for number in range(10)),
        *(foreign(f"OLD{number}", reference=f"9{number}") for number in range(10, 15)),
        foreign("F15", total=toy.money("99")),
        *(foreign(f"TWICE{n}", reference="916") for n in range(2)),
        *(foreign(f"HAND{n}") for n in range(4)),
    )
    await hub.read()
    difference = await hub.command("first_sync", FirstSync(slug="shop-to-books"))
    assert dict(difference.counts) == {"adopt": 15, "ask": 2, "create": 13}
    assert dict(difference.causes) == {"document.conflict": 1, "document.ambiguous": 1}
    assert difference.only_in_target == 7  # by hand, and the candidates that a person has to choose from
    before = dict(hub.books.standing)
    await hub.once()
    assert hub.books.standing == before
    await hub.command("first_sync", FirstSync(slug="shop-to-books", accept=True))
    await hub.once()
    states = await hub.states()
    assert {states[f"F{number}"] for number in (*range(15), *range(17, 30))} == {"done"}
    assert (states["F15"], states["F16"]) == ("parked: document.conflict", "parked: document.ambiguous")
    assert hub.books.count("create", "invoice") == 13
    assert hub.books.count("adopt") == 15
    assert len(hub.books.standing) == len(before) + 13
    assert hub.books.doubles == []
    assert {stands.unpaid for stands in hub.books.of("F2")} == {None}  # a foreign one that tells nothing of payments
    await hub.sql("UPDATE action SET recheck = 0 WHERE recheck IS NOT NULL")
    await hub.once()
    assert (await hub.states()) == states
    hub.books.hand("F3", total=toy.money("1"))
    await hub.sql("UPDATE action SET recheck = 0 WHERE recheck IS NOT NULL")
    await hub.once()
    assert (await hub.states())["F3"] == "parked: target.edited"


async def test_two_documents_never_take_over_the_same_one(installed: Installer) -> None:
    hub = await installed({"wait_for_order": 0, "adopt": "same"})
    hub.shop.put(toy.invoice("F1", variable_symbol="1"), toy.invoice("F2", variable_symbol="1"))
    hub.books.enter(foreign("OLD", symbol="1"))
    await hub.once()
    assert sorted((await hub.states()).values()) == ["done", "parked: toy.taken"]
    assert hub.books.count("create", "invoice") == 0


async def test_a_person_ties_a_parked_document_to_the_one_that_is_there(installed: Installer) -> None:
    hub = await installed({"wait_for_order": 0})
    hub.shop.put(F1, toy.invoice("F2", order_number="88"))
    hub.books.enter(foreign(), foreign("A", reference="88"), foreign("B", reference="88"))
    await hub.once()
    assert await hub.states() == {"F1": "parked: document.exists", "F2": "parked: document.ambiguous"}
    rows = {row["number"]: row["id"] for row in await hub.rows("standing_all")}
    tied = await hub.command("inbox.adopt", Adopt(records=(rows["F1"], rows["F2"])))
    assert (tied.records, tied.untouched) == ((rows["F1"],), (rows["F2"],))
    chosen = next(stands.id for stands in hub.books.standing.values() if stands.number == "B")
    await hub.command("inbox.adopt", Adopt(records=(rows["F2"],), target_id=chosen))
    await hub.once()
    assert await hub.states() == {"F1": "done", "F2": "done"}
    assert [bool(stands.key) for stands in hub.books.standing.values()] == [True, False, True]
    assert hub.books.count("create", "invoice") == 0


@pytest.mark.parametrize("fault", ["lost", "late", "cut"])
async def test_taking_over_survives_a_lost_answer(installed: Installer, fault: str) -> None:
    hub = await installed({"wait_for_order": 0, "adopt": "same"})
    hub.shop.put(F1)
    hub.books.enter(foreign())
    hub.books.faults.append(fault)
    await hub.read()
    for _ in range(5):
        await hub.plan()
        await hub.deliver()
        hub.books.settle()
        await hub.elapse(10)
    await hub.rest()
    assert await hub.states() == {"F1": "done"}
    assert len(hub.books.standing) == 1


async def test_what_a_person_accepts_stands(installed: Installer) -> None:
    hub = await installed({"changes": "update"})
    hub.shop.put(F1, toy.order("77"))
    await hub.once()
    hub.books.hand("F1", total=toy.money("100"), unpaid=toy.money("100"))
    await hub.sql("UPDATE action SET recheck = 0 WHERE recheck IS NOT NULL")
    await hub.once()
    [row] = [row for row in await hub.rows("standing_all") if row["number"] == "F1"]
    assert row["cause"] == "target.edited"
    done = await hub.command("inbox.accept", Accept(records=(row["id"],)))
    assert done.records == (row["id"],)
    await hub.sql("UPDATE action SET recheck = 0 WHERE recheck IS NOT NULL")
    await hub.once()
    assert (await hub.states())["F1"] == "done"
    hub.shop.put(regrossed(F1, "242"))  # his change is not written over by a later one
    await hub.once()
    assert (await hub.states())["F1"] == "parked: change.edited"
    await hub.command("inbox.accept", Accept(records=(row["id"],)))
    await hub.once()
    assert (await hub.states())["F1"] == "done"
    assert [stands.total for stands in hub.books.of("F1")] == [toy.money("100")]


async def test_what_waits_for_an_accepted_document_goes_on(installed: Installer) -> None:
    hub = await installed()
    hub.shop.put(toy.invoice("F1"))
    await hub.once()
    hub.books.hand("F1", total=toy.money("100"), unpaid=toy.money("100"))
    await hub.sql("UPDATE action SET recheck = 0 WHERE recheck IS NOT NULL")
    await hub.once()
    hub.shop.put(toy.credit_note("D1", "F1"))
    await hub.once()
    assert await hub.states() == {"F1": "parked: target.edited", "D1": "parked: credit.original_parked"}
    [row] = [row for row in await hub.rows("standing_all") if row["number"] == "F1"]
    await hub.command("inbox.accept", Accept(records=(row["id"],)))
    await hub.once()
    assert await hub.states() == {"F1": "done", "D1": "done"}
    assert hub.books.count("link") == 1


async def test_a_deleted_document_is_made_again_only_by_a_person(installed: Installer) -> None:
    hub = await installed({"payments": "mark"})
    hub.shop.put(toy.invoice("F1", is_paid=True))
    await hub.once()
    hub.books.hand("F1", deleted=True)
    await hub.sql("UPDATE action SET recheck = 0 WHERE recheck IS NOT NULL")
    await hub.once()
    hub.shop.put(regrossed(toy.invoice("F1", is_paid=True), "242"))
    await hub.once()
    [row] = await hub.rows("standing_all")
    assert row["state"] == "parked"
    assert hub.books.of("F1") == []
    await hub.command("inbox.retry", Retry(records=(row["id"],)))
    await hub.once()
    assert await hub.states() == {"F1": "done"}
    assert [stands.total for stands in hub.books.of("F1")] == [toy.money("242")]


async def test_a_deleted_document_can_be_left_out(installed: Installer) -> None:
    hub = await installed()
    hub.shop.put(toy.invoice("F1"))
    await hub.once()
    hub.books.hand("F1", deleted=True)
    await hub.sql("UPDATE action SET recheck = 0 WHERE recheck IS NOT NULL")
    await hub.once()
    [row] = await hub.rows("standing_all")
    await hub.command("inbox.exclude", Exclude(records=(row["id"],), reason="not ours any more"))
    await hub.once()
    assert await hub.states() == {"F1": "excluded: excluded.person"}
    assert hub.books.of("F1") == []


async def test_a_card_of_another_shop_is_used_and_not_made_again(installed: Installer) -> None:
    hub = await installed({"match": ["email"]})
    other = await hub.more_shop("second", {"match": ["email"]})
    hub.shop.put(toy.invoice("F1", buyer=toy.invoice("X").buyer))
    await hub.once()
    other.put(toy.invoice("G1", buyer=toy.invoice("X").buyer))
    await hub.once()
    assert await hub.states() == {"F1": "done", "G1": "done"}
    assert hub.books.count("create", "contact") == 1
