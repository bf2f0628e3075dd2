"""Flows side by side and flows that change: one effect per duty, nothing left out in silence, no plan without end."""

from datetime import date

from mostek.hub.ledger import catalog
from mostek.hub.runner import Runner
from tests.hub import papers, toy
from tests.hub.conftest import Installer


async def test_what_one_flow_carries_over_the_other_leaves_to_it(installed: Installer) -> None:
    hub = await installed()
    source, target = [row.id for row in await hub.ledger.read(catalog.connections)]
    await hub.flow("second", source, target, {})
    hub.shop.put(*(papers.invoice(f"F{number}") for number in range(30)))
    await hub.rest()
    assert hub.books.count(kind="invoice") == 30
    rows = await hub.rows("standing")
    assert {(row["state"], row["cause"]): row["n"] for row in rows} == {
        ("done", ""): 30,
        ("excluded", "excluded.other_flow"): 30,
    }
    assert not await Runner(hub.engine).left()


async def test_what_cannot_be_written_down_parks_its_credit_note_too(installed: Installer) -> None:
    hub = await installed()
    number = "F" + "1" * toy.LONGEST_NUMBER
    hub.shop.put(papers.invoice(number, order_number="O1"), papers.credit_note("D1", number, order_number="O1"))
    hub.shop.put(papers.invoice("F2"), papers.order("O1"))
    await hub.rest()
    assert await hub.states() == {number: "parked: toy.too_long", "D1": "parked: credit.original_parked", "F2": "done"}
    revisions = await hub.sql("SELECT max(revision) AS n FROM passage")
    assert revisions[0]["n"] < 10


async def test_kinds_added_to_a_flow_are_taken_up(installed: Installer) -> None:
    hub = await installed({"kinds": ["invoice"]}, kinds=("invoice",))
    hub.shop.put(papers.invoice("F1"), papers.credit_note("D1", "F1"))
    await hub.rest()
    assert await hub.states() == {"F1": "done"}
    await hub.change_policy({"kinds": ["invoice", "credit_note"]})
    await hub.rest()
    assert await hub.states() == {"F1": "done", "D1": "done"}


async def test_an_earlier_start_of_another_flow_is_read_anew(installed: Installer) -> None:
    hub = await installed()
    source, target = [row.id for row in await hub.ledger.read(catalog.connections)]
    await hub.sql("UPDATE feed SET since = '2026-06-01', cursor = '7', passes = 3, due = 99999999999999")
    await hub.flow("later", source, target, {}, since=date(2026, 7, 1))
    assert {(row["since"], row["passes"]) for row in await hub.rows("feeds")} == {("2026-06-01", 3)}
    await hub.flow("earlier", source, target, {}, since=date(2026, 5, 1))
    assert {(row["since"], row["passes"]) for row in await hub.rows("feeds")} == {("2026-05-01", 0)}
    await hub.change_policy({})
    assert {row["since"] for row in await hub.rows("feeds")} == {None}
