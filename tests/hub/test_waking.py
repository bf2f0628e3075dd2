"""What waits is woken by what it waits for, in the same commit; what is parked says why, and goes on when it can."""

from collections import deque

import msgspec
import pytest

from mostek.documents.invoice import Method
from mostek.documents.party import Address, Party
from mostek.hub.ledger import StaleLeaseError, Transaction, feeds
from mostek.sdk.effect import Match
from mostek.sdk.record import Page
from tests.hub import toy
from tests.hub.bench import Installation
from tests.hub.conftest import Installer
from tests.hub.soundness import sound

FOREVER = 10**9
EVA = Party(address=Address(name="Eva Testová", country="CZ"), email="eva@buyer.example")


async def open_passages(hub: Installation) -> set[str]:
    """The roots of the cases that are to be planned."""
    rows = await hub.sql("SELECT c.root FROM passage p JOIN cases c ON c.id = p.case_id WHERE p.planned < p.revision")
    return {row["root"] for row in rows}


async def retry(hub: Installation, *numbers: str) -> None:
    """What the command does."""
    names = ", ".join(f"'{number}'" for number in numbers)
    records = [row["id"] for row in await hub.sql(f"SELECT id FROM record WHERE number IN ({names})")]
    await hub.ledger.write(Transaction.rows, "retry_decisions", records=records)
    await hub.ledger.write(Transaction.rows, "forget_person", records=records)


async def exclude(hub: Installation, number: str) -> None:
    """What the command does."""
    records = [row["id"] for row in await hub.sql(f"SELECT id FROM record WHERE number = '{number}'")]
    rows = await hub.ledger.write(Transaction.rows, "exclude_decisions", records=records, person="eva", problem="{}")
    assert rows
    await hub.ledger.write(Transaction.run, "revise_passages", passages=[row["passage"] for row in rows])


async def test_a_record_wakes_what_waits_for_it_in_the_commit_that_stores_it(installed: Installer) -> None:
    hub = await installed({"wait_for_order": FOREVER})
    hub.shop.put(toy.invoice("F1", order_number="1001"))
    hub.shop.moved["invoice", "F1"] = "invoice:F1"
    await hub.read()
    [feed] = [row["id"] for row in await hub.rows("feeds") if row["name"] == "order"]
    other = await hub.ledger.write(feeds.lease, "other", [feed], forced=True)  # so that the order is not fetched
    assert other
    await hub.plan()
    assert await hub.states() == {"F1": "waiting: wait.order"}
    assert await open_passages(hub) == set()
    hub.shop.put(toy.order("1001"))
    page = Page(records=(hub.shop.record("order", "1001"),), cursor="", more=False)
    await hub.elapse(61)
    newer = await hub.ledger.write(feeds.lease, "newer", [feed], forced=True)
    assert newer
    with pytest.raises(StaleLeaseError):
        await hub.ledger.write(feeds.store_page, other, page)
    assert await open_passages(hub) == set(), "woken without a cause"
    await hub.ledger.write(feeds.store_page, newer, page)
    assert await open_passages(hub) == {"invoice:F1"}


async def test_an_order_that_the_feed_did_not_bring_is_fetched_once(installed: Installer) -> None:
    hub = await installed({"wait_for_order": FOREVER})
    hub.shop.put(toy.invoice("F1", order_number="1001"))
    await hub.once()
    assert await hub.states() == {"F1": "done"}
    assert hub.shop.reads["get order"] == 1
    await hub.once()
    assert hub.shop.reads["get order"] == 1


async def test_a_source_that_is_away_is_not_asked_again_and_again(installed: Installer) -> None:
    hub = await installed({"wait_for_order": FOREVER})
    hub.shop.put(toy.invoice("F1", order_number="1001"))
    await hub.read()
    hub.shop.away = True
    await hub.plan()
    await hub.plan()
    await hub.plan()
    assert hub.shop.reads["get order"] == 1
    hub.shop.away = False
    await hub.rest()
    assert await hub.states() == {"F1": "done"}


async def test_a_number_wakes_the_credit_note_that_waits_for_it(installed: Installer) -> None:
    hub = await installed({"wait_for_order": FOREVER})
    hub.shop.put(toy.credit_note("D1", "F1"))
    await hub.rest()
    assert await hub.states() == {"D1": "waiting: credit.original_missing"}
    hub.shop.put(toy.invoice("F1"))
    await hub.read()
    assert await open_passages(hub) == {"invoice:D1", "invoice:F1"}
    await hub.rest()
    assert await sound(hub) == {"done": 2}


async def test_an_action_that_ends_wakes_what_waits_for_it(installed: Installer) -> None:
    hub = await installed()
    hub.shop.put(toy.invoice("F1"))
    hub.books.faults_of["invoice"] = deque(["lost"])
    await hub.read()
    await hub.plan()
    await hub.deliver()
    hub.shop.put(toy.invoice("F1", "242"))
    await hub.read()
    await hub.plan()
    assert await hub.states() == {"F1": "waiting: wait.settlement"}
    await hub.elapse(60)
    await hub.deliver()
    assert await open_passages(hub) == {"invoice:F1"}
    await hub.plan()
    assert await hub.states() == {"F1": "parked: document.changed"}


async def test_a_saved_policy_wakes_what_waits_for_a_mapping(installed: Installer) -> None:
    hub = await installed(required=True)
    hub.shop.put(toy.invoice("F1", payment=Method("card", "Kartou")))
    await hub.rest()
    assert await hub.states() == {"F1": "waiting: mapping.missing"}
    await hub.change_policy({"mappings": {"payment_form": {"card": "K"}}})
    assert await open_passages(hub) == {"invoice:F1"}
    await hub.rest()
    assert await sound(hub) == {"done": 1}


async def test_a_policy_saved_while_a_case_is_planned_is_not_missed(installed: Installer) -> None:
    hub = await installed(required=True)
    hub.shop.put(toy.invoice("F1", payment=Method("card", "Kartou")))
    await hub.read()
    saved: list[str] = []

    async def hook(name: str, _: object) -> None:
        if name == "ask" and not saved:
            saved.append(name)
            await hub.change_policy({"mappings": {"payment_form": {"card": "K"}}})

    hub.books.hook = hook
    await hub.rest()
    assert await sound(hub) == {"done": 1}


async def test_time_wakes_what_waits_for_it(installed: Installer) -> None:
    hub = await installed({"wait_for_order": FOREVER})
    hub.shop.put(toy.credit_note("D1", "F1"))
    await hub.rest()
    [row] = await hub.sql("SELECT wait_until FROM decision")
    assert row["wait_until"]
    assert (await hub.rows("waits_due"))[0]["n"] == 0
    await hub.elapse(FOREVER)
    assert (await hub.rows("waits_due"))[0]["n"] == 1
    await hub.ledger.write(Transaction.rows, "wake_due")
    assert await open_passages(hub) == {"invoice:D1"}
    assert (await hub.rows("waits_due"))[0]["n"] == 0, "once is enough"


async def test_unsent_actions_are_replaced_by_a_new_plan_and_dropped_when_it_has_none(installed: Installer) -> None:
    hub = await installed()
    hub.shop.put(toy.invoice("F1", is_paid=True))
    await hub.read()
    await hub.plan()
    first = await hub.sql("SELECT key, payload FROM action ORDER BY place")
    assert len(first) == 3
    hub.shop.put(toy.invoice("F1", "242"))
    await hub.read()
    await hub.plan()
    second = await hub.sql("SELECT key, payload FROM action ORDER BY place")
    assert [row["key"] for row in second] == [row["key"] for row in first[:2]], "the payment is gone"
    assert second[1]["payload"] != first[1]["payload"]
    await hub.change_policy({"rules": [{"id": "no", "then": "hold"}]})
    await hub.sql("UPDATE passage SET revision = revision + 1")
    await hub.plan()
    assert await hub.sql("SELECT * FROM action") == []
    assert await hub.sql("SELECT * FROM need") == []


async def test_a_contact_that_another_case_needs_stays_when_its_planner_no_longer_does(installed: Installer) -> None:
    hub = await installed()
    hub.shop.put(toy.invoice("F1", buyer=EVA), toy.invoice("F2", buyer=EVA))
    await hub.read()
    await hub.plan()
    await exclude(hub, "F1")
    await hub.rest()
    assert await hub.states() == {"F1": "excluded: excluded.person", "F2": "done"}
    assert [toy.duty(action) for _, action in hub.books.every] == ["contact", "invoice"]


async def test_an_excluded_document_is_not_sent_because_its_credit_note_needs_it(installed: Installer) -> None:
    hub = await installed()
    hub.shop.put(toy.invoice("F1"), toy.credit_note("D1", "F1"))
    await hub.read()
    await hub.plan()
    await exclude(hub, "F1")
    await hub.rest()
    assert await hub.states() == {"F1": "excluded: excluded.person", "D1": "parked: credit.original_missing"}
    assert hub.books.count(kind="invoice") == 0
    assert hub.books.count(kind="credit_note") == 0


async def test_the_refusal_of_a_contact_is_told_on_every_document_that_needs_it(installed: Installer) -> None:
    hub = await installed()
    hub.books.reject_duties.add("contact")
    hub.shop.put(toy.invoice("F1", buyer=EVA), toy.invoice("F2", buyer=EVA), toy.credit_note("D2", "F2", buyer=EVA))
    await hub.rest()
    assert set((await hub.states()).values()) == {"parked: toy.refused"}
    problems = await hub.sql("SELECT problem FROM decision")
    assert all("not today" in row["problem"] for row in problems), "the target's own words"
    assert hub.books.calls["write"] == 1, "refused is not tried again by itself"


@pytest.mark.parametrize("number", ["F1", "F2"])
async def test_any_of_them_can_be_tried_again_and_lets_all_go_on(installed: Installer, number: str) -> None:
    hub = await installed()
    hub.books.reject_duties.add("contact")
    hub.shop.put(toy.invoice("F1", buyer=EVA), toy.invoice("F2", buyer=EVA), toy.credit_note("D2", "F2", buyer=EVA))
    await hub.rest()
    hub.books.reject_duties.clear()
    await retry(hub, "D2")  # it cannot go before its original
    await hub.rest()
    assert (await hub.states())["D2"] == "parked: credit.original_parked"
    await retry(hub, number)
    await hub.rest()
    assert await sound(hub) == {"done": 3}


async def test_a_refused_document_parks_what_follows_it_and_is_sent_once_per_try(installed: Installer) -> None:
    hub = await installed()
    hub.books.reject.add("F1")
    hub.shop.put(toy.invoice("F1", is_paid=True, buyer=EVA), toy.credit_note("D1", "F1", buyer=EVA))
    await hub.rest()
    assert await hub.states() == {"F1": "parked: toy.refused", "D1": "parked: toy.refused"}
    assert hub.books.calls["write"] == 2
    await retry(hub, "F1")
    await hub.rest()
    assert hub.books.calls["write"] == 3
    hub.books.reject.clear()
    await retry(hub, "F1")
    await hub.rest()
    assert await sound(hub) == {"done": 2}
    assert hub.books.count("settle") == 1
    assert hub.books.count("link") == 1


async def test_a_mended_document_goes_without_being_asked(installed: Installer) -> None:
    hub = await installed()
    hub.books.reject.add("F1")
    hub.shop.put(toy.invoice("F1"))
    await hub.rest()
    hub.books.reject.clear()
    hub.shop.put(toy.invoice("F1", "242"))
    await hub.rest()
    assert await sound(hub) == {"done": 1}


async def test_a_credit_note_whose_original_is_held_goes_on_when_it_is_released(installed: Installer) -> None:
    rules = [
        {"id": "big", "when": [{"field": "total", "operator": "at_least", "values": ["1000"]}], "then": "hold"},
        {"id": "all"},
    ]
    hub = await installed({"rules": rules})
    hub.shop.put(toy.invoice("F1", "2000"), toy.credit_note("D1", "F1"))
    await hub.rest()
    assert await hub.states() == {"F1": "parked: rule.held", "D1": "parked: credit.original_parked"}
    await hub.change_policy({})
    await hub.rest()
    assert await sound(hub) == {"done": 2}


async def test_what_a_person_excluded_stays_so_whatever_happens(installed: Installer) -> None:
    hub = await installed({"rules": [{"id": "hold", "then": "hold"}]})
    hub.shop.put(toy.invoice("F1"))
    await hub.rest()
    await exclude(hub, "F1")
    await hub.change_policy({})
    hub.shop.put(toy.invoice("F1", "242"))
    await hub.rest()
    await hub.rest()
    assert await hub.states() == {"F1": "excluded: excluded.person"}
    assert hub.books.every == []
    await retry(hub, "F1")
    await hub.rest()
    assert await sound(hub) == {"done": 1}


async def test_what_is_about_to_be_sent_again_cannot_be_left_out_half_way(installed: Installer) -> None:
    hub = await installed()
    hub.shop.put(toy.invoice("F1"))
    hub.books.faults_of["invoice"] = deque(["cut", "unreachable"])
    await hub.read()
    await hub.plan()
    await hub.deliver()
    await hub.elapse(60)
    await hub.deliver()  # looked for, absent, and the second try did not get through: its bytes are frozen
    with pytest.raises(AssertionError):
        await exclude(hub, "F1")
    await hub.rest()
    assert await sound(hub) == {"done": 1}


async def test_rules_of_today_do_not_undo_what_is_in_the_books(installed: Installer) -> None:
    hub = await installed()
    hub.shop.put(toy.invoice("F1"), toy.invoice("F2"))
    hub.books.faults_of["invoice"] = deque(["lost"])
    await hub.read()
    await hub.plan()
    await hub.deliver()  # in flight
    await hub.change_policy(
        {"starts_from": "2030-01-01", "rules": [{"id": "no", "then": "exclude"}], "wait_for_order": FOREVER}
    )
    hub.shop.put(toy.invoice("F1", is_paid=True))
    await hub.rest()
    assert await sound(hub) == {"done": 2}
    assert hub.books.count("settle") == 1


async def test_a_credit_note_in_the_books_stays_done_when_its_original_changes(installed: Installer) -> None:
    hub = await installed()
    hub.shop.put(toy.order("1"), toy.invoice("F1", order_number="1"), toy.credit_note("D1", "F1", order_number="1"))
    await hub.rest()
    hub.shop.put(toy.invoice("F1", "242", order_number="1"))
    await hub.rest()
    assert await hub.states() == {"F1": "parked: document.changed", "D1": "done"}


async def test_a_wrong_figure_in_the_books_is_an_alarm_and_can_be_looked_at_again(installed: Installer) -> None:
    hub = await installed()
    hub.books.wrong_totals.add("F1")
    hub.shop.put(toy.invoice("F1"))
    await hub.rest()
    assert await hub.states() == {"F1": "parked: verify.differs"}
    await hub.rest()
    assert hub.books.calls["write"] == 2
    hub.books.wrong_totals.clear()
    records = [row["id"] for row in await hub.sql("SELECT id FROM record")]
    await hub.ledger.write(Transaction.rows, "settle_alarms", records=records)
    await hub.rest()
    assert await sound(hub) == {"done": 1}


async def test_a_number_shared_by_an_invoice_and_a_credit_note_is_no_knot(installed: Installer) -> None:
    hub = await installed()
    hub.shop.put(toy.invoice("1"), msgspec.structs.replace(toy.credit_note("D", "1"), number="1"))
    await hub.rest()
    assert await sound(hub) == {"done": 2}
    assert hub.books.count("link") == 1


async def test_a_flow_of_credit_notes_alone_finds_the_originals_in_the_target(installed: Installer) -> None:
    hub = await installed({"kinds": ["credit_note"], "wait_for_order": FOREVER}, kinds=("credit_note",))
    hub.shop.put(toy.invoice("F1"), toy.credit_note("D1", "F1"))
    await hub.rest()
    assert await hub.states() == {"D1": "waiting: credit.original_missing"}
    hub.books.foreign["F1"] = [Match(id="T77", by="number")]
    await hub.elapse(FOREVER)
    await hub.rest()
    assert await hub.states() == {"D1": "done"}
