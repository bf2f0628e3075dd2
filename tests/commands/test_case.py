"""A case at a glance: its papers side by side, its story, how it stands in the books now, its plan made again."""

from collections import deque

import pytest

from mostek.commands import casework
from mostek.commands.mending import Reread
from mostek.commands.tracing import CaseOf, CaseView, Standing
from mostek.desk.specimen import Replayed
from mostek.documents.invoice import Invoice
from mostek.documents.order import Order
from mostek.documents.problem import InvalidDocumentError
from tests.hub import toy
from tests.hub.bench import Installation
from tests.hub.conftest import Installer
from tests.hub.papers import regrossed


async def case_of(hub: Installation, number: str) -> CaseView:
    rows = await hub.sql(f"SELECT case_id FROM record WHERE number = '{number}'")
    view: CaseView = await hub.command("case", CaseOf(case=rows[0]["case_id"]))
    return view


@pytest.fixture
async def hub(installed: Installer) -> Installation:
    hub = await installed({})
    hub.shop.put(toy.invoice("F1", order_number="77", is_paid=True), toy.order("77"), toy.invoice("F2"))
    hub.books.faults_of["invoice"] = deque(["lost"])
    await hub.rest()
    return hub


async def test_a_case_has_its_papers_with_what_was_made_of_them(hub: Installation) -> None:
    view = await case_of(hub, "F1")
    order, invoice = sorted(view.story.papers, key=lambda paper: paper.kind, reverse=True)
    assert (view.story.order, view.story.source, view.story.buyer) == ("77", "shop", "Jana Testová")
    assert isinstance(order.document, Order)
    assert isinstance(invoice.document, Invoice)
    assert order.courses == ()
    (course,) = invoice.courses
    assert (course.flow, course.target, course.state) == ("shop-to-books", "books", "done")
    assert course.made is not None
    assert course.made.planned is not None
    assert course.made.planned.total == invoice.total
    assert invoice.paid(course) == "booked"


async def test_its_story_is_told_in_order(hub: Installation) -> None:
    view = await case_of(hub, "F1")
    told = [event.what for event in view.events]
    assert [event.at for event in view.events] == sorted(event.at for event in view.events)
    assert set(told) >= {"read", "planned", "sent", "answered", "settled", "verified"}
    assert told.index("planned") < told.index("answered") < told.index("settled")
    unknown = next(event for event in view.events if event.result == "unknown")
    assert (unknown.target, unknown.kind) == ("books", "invoice")
    (plan, *_) = [event for event in view.events if event.what == "planned"]
    assert {told.verdict for told in plan.decisions} == {"act"}


async def test_each_version_and_that_it_is_gone_is_told(hub: Installation) -> None:
    hub.shop.put(regrossed(toy.invoice("F2"), "242"))
    await hub.rest()
    del hub.shop.documents["invoice", "F2"]
    (row,) = await hub.sql("SELECT id FROM record WHERE number = 'F2'")
    await hub.command("inbox.reread", Reread(records=(row["id"],)))
    view = await case_of(hub, "F2")
    assert [(event.what, event.version) for event in view.events if event.what in {"read", "gone"}] == [
        ("read", 2),
        ("gone", 3),
    ]
    (paper,) = view.story.papers
    assert paper.gone
    assert isinstance(paper.document, Invoice), "shown as it was"


async def test_the_books_are_asked_how_it_stands(hub: Installation) -> None:
    view = await case_of(hub, "F1")
    (asked,) = await hub.command("case.standing", CaseOf(case=view.story.case))
    assert asked.statement.total == toy.money("121")
    hub.books.hand("F1", total=toy.money("99"))
    found: tuple[Standing, ...] = await hub.command("case.standing", CaseOf(case=view.story.case))
    assert found[0].statement is not None
    assert found[0].statement.total == toy.money("99")


async def test_its_plan_is_made_again_and_comes_out_the_same(hub: Installation) -> None:
    again: Replayed = await hub.command("case.replay", CaseOf(case=(await case_of(hub, "F1")).story.case))
    assert again.changes == ()


async def test_a_case_that_is_not_there(hub: Installation) -> None:
    for number in (0, 999_999):
        with pytest.raises(InvalidDocumentError, match=r"record\.unknown"):
            await hub.command("case", CaseOf(case=number))
        assert await hub.command("case.standing", CaseOf(case=number)) == ()
    await hub.sql("INSERT INTO workspace (id, name) VALUES (2, 'theirs')")
    view = await case_of(hub, "F2")
    await hub.sql("UPDATE record SET workspace = 2 WHERE number = 'F2'")
    with pytest.raises(InvalidDocumentError, match=r"record\.unknown"):
        await hub.command("case", CaseOf(case=view.story.case))


async def test_who_looks_at_what_took_the_program_down_does_not_do_so_again(hub: Installation) -> None:
    view = await case_of(hub, "F1")
    hub.shop.killers.add("F1")
    await hub.sql(
        "UPDATE decision SET state = 'parked', cause = 'case.crashes', problem = '{\"cause\": \"case.crashes\"}'"
    )
    again = await case_of(hub, "F1")
    assert [paper.number for paper in again.story.papers] == [paper.number for paper in view.story.papers]
    assert {paper.document for paper in again.story.papers} == {None}
    assert again.answer.step == "person"


async def test_a_long_story_is_told_from_its_end(hub: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = await case_of(hub, "F1")
    monkeypatch.setattr("mostek.commands.tracing.SHOWN", 3)
    view = await case_of(hub, "F1")
    assert view.events == whole.events[-3:]
    assert view.earlier == len(whole.events) - 3


async def test_a_look_costs_the_same_however_many_cases_there_are(hub: Installation) -> None:
    hub.shop.put(*(toy.invoice(f"N{number}") for number in range(12)))
    await hub.rest()
    ran = []
    for count in (2, 14):
        cases = [row["id"] for row in await hub.sql(f"SELECT id FROM cases ORDER BY id LIMIT {count}")]

        def look(tx: object, cases: list[int] = cases) -> int:
            found = casework.stories(tx, cases)  # type: ignore[arg-type]
            assert len(found) == len(cases)
            return tx.ran  # type: ignore[attr-defined,no-any-return]

        ran.append(await hub.ledger.read(look))
    assert ran[0] == ran[1]
