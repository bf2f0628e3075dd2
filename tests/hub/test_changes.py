"""What becomes of a document that changes after its transfer, in the shop or in the books."""

from datetime import date
from typing import Any

import msgspec
import pytest

from mostek.documents.money import Money
from mostek.hub.ledger import Transaction
from tests.hub import toy
from tests.hub.bench import Installation
from tests.hub.conftest import Installer
from tests.hub.papers import regrossed

F1 = toy.invoice("F1")
UPDATE = {"changes": "update"}
REISSUE = {"changes": "reissue"}
CANCEL = {"cancellations": "cancel"}


async def read_back(hub: Installation) -> None:
    """A day later: everything in the books is read back."""
    await hub.sql("UPDATE action SET recheck = 0 WHERE recheck IS NOT NULL")
    await hub.once()


def money(amount: str) -> Money:
    return toy.money(amount)


async def test_a_changed_document_asks_by_default(installed: Installer) -> None:
    hub = await installed()
    hub.shop.put(F1)
    await hub.once()
    hub.shop.put(regrossed(F1, "242"))
    await hub.once()
    assert await hub.states() == {"F1": "parked: document.changed"}
    assert [stands.total for stands in hub.books.of("F1")] == [money("121")]


async def test_a_changed_document_is_updated_and_read_back(installed: Installer) -> None:
    hub = await installed(UPDATE)
    hub.shop.put(F1)
    await hub.once()
    for gross in ("242", "121", "242", "1000"):  # back and forth: each is a change of its own
        hub.shop.put(regrossed(F1, gross))
        await hub.once()
        assert await hub.states() == {"F1": "done"}
        assert [stands.total for stands in hub.books.of("F1")] == [money(gross)]
    writes = hub.books.calls["write"]
    await hub.once()
    assert hub.books.calls["write"] == writes
    hub.books.hand("F1", total=money("7"))
    await read_back(hub)
    assert await hub.states() == {"F1": "parked: target.edited"}


@pytest.mark.parametrize("fault", ["lost", "late", "cut", "unreachable"])
async def test_an_update_whose_answer_is_lost_is_made_once(installed: Installer, fault: str) -> None:
    hub = await installed(UPDATE)
    hub.shop.put(F1)
    await hub.once()
    hub.books.faults.append(fault)
    hub.shop.put(regrossed(F1, "242"))
    await hub.read()
    for _ in range(6):
        await hub.plan()
        await hub.deliver()
        hub.books.settle()
        await hub.elapse(10)
    await hub.rest()
    assert await hub.states() == {"F1": "done"}
    assert [stands.total for stands in hub.books.of("F1")] == [money("242")]
    assert hub.books.doubles == []


async def test_a_change_while_an_update_is_unsettled_waits_for_it(installed: Installer) -> None:
    hub = await installed(UPDATE)
    hub.shop.put(F1)
    await hub.once()
    hub.books.faults.append("lost")
    hub.shop.put(regrossed(F1, "242"))
    await hub.read()
    await hub.plan()
    await hub.deliver()
    hub.shop.put(regrossed(F1, "1000"))
    await hub.read()
    await hub.plan()
    assert await hub.states() == {"F1": "waiting: wait.settlement"}
    await hub.elapse(5)
    await hub.rest()
    assert await hub.states() == {"F1": "done"}
    assert [stands.total for stands in hub.books.of("F1")] == [money("1000")]


async def test_a_change_taken_back_while_it_is_unsettled_is_taken_back_there_too(installed: Installer) -> None:
    hub = await installed(UPDATE)
    hub.shop.put(F1)
    await hub.once()
    hub.books.faults.append("lost")
    hub.shop.put(regrossed(F1, "242"))
    await hub.read()
    await hub.plan()
    await hub.deliver()
    hub.shop.put(F1)
    await hub.read()
    await hub.plan()
    assert await hub.states() == {"F1": "waiting: wait.settlement"}
    await hub.elapse(5)
    await hub.rest()
    assert [stands.total for stands in hub.books.of("F1")] == [money("121")]


# (what stands in the way, how, the cause)
HINDRANCES: list[tuple[str, dict[str, Any], str]] = [
    ("locked", {"locked": True}, "change.locked"),
    ("paid there", {"unpaid": money("0")}, "change.paid"),
    ("partly paid there", {"unpaid": money("21")}, "change.paid"),
    ("cancelled there", {"cancelled": True}, "change.cancelled"),
    ("edited there", {"total": money("100"), "unpaid": money("100")}, "change.edited"),
    ("re-dated there", {"issued": date(2026, 6, 1)}, "change.edited"),
    ("deleted there", {"deleted": True}, "target.deleted"),
]


@pytest.mark.parametrize("way", [UPDATE, REISSUE, CANCEL], ids=["update", "reissue", "cancel"])
@pytest.mark.parametrize(("hand", "cause"), [row[1:] for row in HINDRANCES], ids=[row[0] for row in HINDRANCES])
async def test_what_a_person_did_there_is_never_written_over(
    installed: Installer, way: dict[str, str], hand: dict[str, Any], cause: str
) -> None:
    hub = await installed(way)
    hub.shop.put(F1)
    await hub.once()
    hub.books.hand("F1", **hand)
    before = hub.books.of("F1")
    hub.shop.put(msgspec.structs.replace(F1, cancelled=True) if way is CANCEL else regrossed(F1, "242"))
    await hub.once()
    gone_anyway = way is CANCEL and ("cancelled" in hand or "deleted" in hand)
    assert await hub.states() == {"F1": "done" if gone_anyway else f"parked: {cause}"}
    assert hub.books.of("F1") == before
    assert hub.books.count("create", "invoice") == 1


async def test_closed_books_are_not_touched_and_opened_ones_are(installed: Installer) -> None:
    hub = await installed(UPDATE)
    hub.shop.put(F1)
    await hub.once()
    hub.books.closed_until = F1.issued
    await close(hub, F1.issued)
    hub.shop.put(
        regrossed(F1, "242"), toy.invoice("F2"), toy.invoice("F3", issued=date(2026, 5, 5), supplied=date(2026, 5, 5))
    )
    await hub.once()
    assert await hub.states() == {"F1": "parked: change.closed", "F2": "parked: books.closed", "F3": "done"}
    assert hub.books.violations == []
    hub.books.closed_until = None
    await close(hub, None)
    await hub.once()
    assert await hub.states() == {"F1": "done", "F2": "done", "F3": "done"}
    assert [stands.total for stands in hub.books.of("F1")] == [money("242")]


async def test_a_change_is_made_by_cancelling_and_issuing_again(installed: Installer) -> None:
    hub = await installed({**REISSUE, "payments": "document"})
    hub.shop.put(F1, toy.credit_note("D1", "F1"))
    await hub.once()
    hub.shop.put(regrossed(F1, "242"))
    await hub.once()
    assert [(stands.total, stands.cancelled) for stands in hub.books.of("F1")] == [
        (money("121"), True),
        (money("242"), False),
    ]
    hub.shop.put(regrossed(msgspec.structs.replace(F1, is_paid=True), "242"))
    await hub.once()
    assert await hub.states() == {"F1": "done", "D1": "done"}
    assert [stands.unpaid for stands in hub.books.of("F1")] == [money("121"), money("0")]
    hub.shop.put(toy.credit_note("D2", "F1"))
    await hub.once()
    [link] = [action for _, action in hub.books.every if action.verb == "link" and toy.label(action) == "D2"]
    assert link.refs["corrects"].key == hub.books.of("F1")[1].key


async def test_what_the_shop_cancelled_is_cancelled_once(installed: Installer) -> None:
    hub = await installed(CANCEL)
    hub.shop.put(F1)
    await hub.once()
    hub.shop.put(msgspec.structs.replace(F1, cancelled=True))
    await hub.once()
    await read_back(hub)
    assert await hub.states() == {"F1": "done"}
    assert [stands.cancelled for stands in hub.books.of("F1")] == [True]
    hub.shop.put(F1)  # taken back: a person has to say what it is now
    await hub.once()
    assert await hub.states() == {"F1": "parked: change.cancelled"}
    assert hub.books.count("create", "invoice") == 1


@pytest.mark.parametrize(("policy", "state"), [({}, "parked: document.cancelled"), (CANCEL, "done")])
async def test_cancelled_in_the_shop(installed: Installer, policy: dict[str, str], state: str) -> None:
    hub = await installed(policy)
    hub.shop.put(F1, toy.invoice("F2", cancelled=True))
    await hub.once()
    hub.shop.put(msgspec.structs.replace(F1, cancelled=True))
    await hub.once()
    assert await hub.states() == {"F1": state, "F2": "excluded: excluded.cancelled"}


@pytest.mark.parametrize(("policy", "state"), [({}, "parked: document.vanished"), (CANCEL, "done")])
async def test_deleted_in_the_shop(installed: Installer, policy: dict[str, str], state: str) -> None:
    hub = await installed({**policy, "rules": [HELD, {"id": "all"}]})
    hub.shop.put(F1, toy.invoice("F2", "5000"))
    await hub.once()
    del hub.shop.documents["invoice", "F1"], hub.shop.documents["invoice", "F2"]
    await hub.once()
    assert await hub.states() == {"F1": "done", "F2": "parked: rule.held"}  # a list that lacks it proves nothing
    await hub.reread()
    await hub.once()
    assert await hub.states() == {"F1": state, "F2": "excluded: excluded.vanished"}
    assert [stands.cancelled for stands in hub.books.of("F1")] == [state == "done"]
    hub.shop.put(F1)
    await hub.once()
    assert (await hub.states())["F1"] == ("parked: change.cancelled" if state == "done" else "done")


HELD = {"id": "big", "when": [{"field": "total", "operator": "at_least", "values": ["5000"]}], "then": "hold"}


async def test_payments_converge_by_their_sum(installed: Installer) -> None:
    hub = await installed({"payments": "document"})
    hub.shop.put(F1)
    await hub.once()
    for received, unpaid in (("21", "100"), ("21", "100"), ("71", "50"), ("121", "0")):
        hub.shop.put(msgspec.structs.replace(F1, received=money(received)))
        await hub.once()
        assert await hub.states() == {"F1": "done"}
        assert [stands.unpaid for stands in hub.books.of("F1")] == [money(unpaid)]
    assert hub.books.count("settle") == 3
    hub.shop.put(msgspec.structs.replace(F1, received=money("130")))
    await hub.once()
    assert await hub.states() == {"F1": "parked: payment.overpaid"}
    hub.shop.put(msgspec.structs.replace(F1, received=money("100")))
    await hub.once()
    assert await hub.states() == {"F1": "parked: payment.reversed"}
    hub.shop.put(msgspec.structs.replace(F1, is_paid=True))
    await hub.once()
    assert await hub.states() == {"F1": "done"}
    assert hub.books.count("settle") == 3


async def test_an_overpaid_document_is_booked_settled_and_asks(installed: Installer) -> None:
    hub = await installed({"payments": "document"})
    hub.shop.put(msgspec.structs.replace(F1, received=money("130")))
    await hub.once()
    assert await hub.states() == {"F1": "parked: payment.overpaid"}
    assert [stands.unpaid for stands in hub.books.of("F1")] == [money("0")]


async def test_a_document_is_marked_as_paid_only_when_all_of_it_is(installed: Installer) -> None:
    hub = await installed({"payments": "mark"})
    hub.shop.put(msgspec.structs.replace(F1, received=money("100")))
    await hub.once()
    assert hub.books.count("settle") == 0
    hub.shop.put(msgspec.structs.replace(F1, received=money("121")))
    await hub.once()
    assert hub.books.count("settle") == 1


# (a person's hand in the books, the cause once it is read back)
HANDS: list[tuple[dict[str, Any], str]] = [
    ({"total": money("120")}, "target.edited"),
    ({"issued": date(2026, 5, 3)}, "target.edited"),
    ({"cancelled": True}, "target.cancelled"),
    ({"deleted": True}, "target.deleted"),
]


@pytest.mark.parametrize(("hand", "cause"), HANDS, ids=["amount", "date", "cancelled", "deleted"])
async def test_a_persons_hand_in_the_books_is_noticed_and_nothing_is_made_again(
    installed: Installer, hand: dict[str, Any], cause: str
) -> None:
    hub = await installed()
    hub.shop.put(F1, toy.invoice("F2"))
    await hub.once()
    await read_back(hub)
    assert set((await hub.states()).values()) == {"done"}
    hub.books.hand("F1", **hand)
    await read_back(hub)
    assert await hub.states() == {"F1": f"parked: {cause}", "F2": "done"}
    await read_back(hub)
    assert hub.books.count("create", "invoice") == 2


async def test_paid_in_the_books_by_a_person_is_no_difference(installed: Installer) -> None:
    hub = await installed()
    hub.shop.put(F1)
    await hub.once()
    hub.books.hand("F1", unpaid=money("0"), locked=True)
    await read_back(hub)
    assert await hub.states() == {"F1": "done"}


async def test_a_new_program_that_reads_differently_changes_nothing(installed: Installer) -> None:
    hub = await installed(UPDATE)
    hub.shop.put(F1)
    await hub.once()
    await hub.sql("UPDATE action SET digest = 'of another version of the program'")
    hub.shop.put(msgspec.structs.replace(F1, is_paid=True))
    await hub.once()
    assert await hub.states() == {"F1": "done"}
    assert hub.books.count("update") == 0
    assert hub.books.count("settle") == 1


async def close(hub: Installation, until: date | None) -> None:
    """Move the day up to which the books are closed, as the command does."""

    def run(tx: Transaction) -> None:
        number = next(row["id"] for row in tx.rows("connections") if row["slug"] == "books")
        tx.run("close_books", connection=number, until=until.isoformat() if until else None)
        tx.run("wake", keys=["closed:books"])

    await hub.ledger.write(run)
