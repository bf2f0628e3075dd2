"""Who is slow, dead, broken or large delays only himself; each source is read once, however many flows use it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from mostek.documents.problem import Problem
from mostek.hub.ledger import catalog
from mostek.hub.runner import Runner
from mostek.sdk.errors import AuthFailedError
from tests.hub import toy
from tests.hub.bench import Installation
from tests.hub.conftest import Installer
from tests.hub.soundness import sound


@asynccontextmanager
async def watching(hub: Installation) -> AsyncIterator[None]:
    """The loops run, as in `mostek run`."""
    runner = Runner(hub.engine, verify_age_ms=0)
    task = asyncio.create_task(runner.watch())
    try:
        yield
    finally:
        runner.stop()
        await asyncio.wait_for(task, 10)


async def until(holds: Callable[[], bool], seconds: float = 10) -> None:
    """Wait for something, at most some seconds."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - the toys give no signal
            await asyncio.sleep(0.01)


async def test_one_source_feeds_two_targets_and_is_read_once(installed: Installer) -> None:
    hub = await installed()
    other = await hub.more_books("other")
    hub.shop.put(*(toy.invoice(f"F{number}", is_paid=True) for number in range(30)))
    await hub.once()
    assert hub.shop.reads == {"invoice": 2, "order": 1}
    assert await sound(hub, flow=1) == {"done": 30}
    assert await sound(hub, other, flow=2) == {"done": 30}
    assert len(hub.books.every) == len(other.every) == 90
    assert hub.books.entries.keys().isdisjoint(other.entries.keys()), "a key says where it was booked"


async def test_a_flow_added_later_gets_what_was_read_before(installed: Installer) -> None:
    hub = await installed()
    hub.shop.put(*(toy.invoice(f"F{number}") for number in range(5)))
    await hub.once()
    other = await hub.more_books("other")
    reads = hub.shop.reads["invoice"]
    await hub.plan()
    await hub.deliver()
    assert hub.shop.reads["invoice"] == reads
    assert await sound(hub, other, flow=2) == {"done": 5}


async def test_a_live_document_overtakes_the_back_fill(installed: Installer) -> None:
    hub = await installed({"contacts": "none"})
    hub.shop.put(*(toy.invoice(f"F{number}") for number in range(500)))
    await hub.read()
    await hub.plan()
    hub.shop.put(toy.invoice("LIVE"))
    hub.shop.put(toy.invoice("F300", "242"))
    await hub.read()
    await hub.plan()
    await hub.deliver()
    first = [toy.label(action) for _, action in hub.books.every[:2]]
    assert sorted(first) == ["F300", "LIVE"]


async def test_a_live_document_is_planned_before_the_back_fill(installed: Installer) -> None:
    from mostek.hub.planning import plan_groups

    hub = await installed({"contacts": "none"})
    hub.shop.put(*(toy.invoice(f"F{number}") for number in range(150)))
    await hub.read()
    hub.shop.put(toy.invoice("LIVE"))
    await hub.read()
    await plan_groups(hub.engine, 1, 10, seconds=0)
    assert "LIVE" in {
        row["number"] for row in await hub.sql("SELECT r.number FROM decision d JOIN record r ON r.id = d.record")
    }


async def test_flows_into_one_target_take_turns(installed: Installer) -> None:
    hub = await installed({"contacts": "none"})
    second = await hub.more_shop("second", {"contacts": "none"})
    hub.shop.put(*(toy.invoice(f"F{number}") for number in range(100)))
    second.put(*(toy.invoice(f"G{number}") for number in range(10)))
    await hub.read()
    await hub.plan()
    await hub.deliver()
    place = [place for place, (_, action) in enumerate(hub.books.every) if toy.label(action).startswith("G")]
    assert max(place) < 40


async def test_a_dead_target_delays_only_its_own_flow(installed: Installer) -> None:
    hub = await installed()
    other = await hub.more_books("other")
    other.dead = True
    hub.shop.put(*(toy.invoice(f"F{number}") for number in range(25)))
    left = await hub.once(patience=0.5)
    assert left.planning == 25
    assert await sound(hub, flow=1) == {"done": 25}
    other.dead = False
    await hub.rest()
    assert await sound(hub, other, flow=2) == {"done": 25}


@pytest.mark.parametrize("call", ["ask", "write", "verify"])
async def test_a_slow_target_delays_only_its_own_flow(installed: Installer, call: str) -> None:
    hub = await installed()
    other = await hub.more_books("other")
    gate = asyncio.Event()

    async def slow(name: str, _: Any) -> None:
        if name == call:
            await gate.wait()

    other.hook = slow
    hub.shop.put(toy.invoice("F1"))
    async with watching(hub):
        await until(lambda: other.calls[call] == 1 and hub.books.holds("F1"))
        hub.shop.put(toy.invoice("F2"))
        await hub.sql("UPDATE feed SET due = 0")
        await until(lambda: hub.books.holds("F2"))
        assert other.calls[call] == 1
        gate.set()
        await until(lambda: other.holds("F2"))


async def test_a_slow_source_delays_only_its_own_flow(installed: Installer) -> None:
    hub = await installed()
    second = await hub.more_shop("second")
    hub.shop.gate = asyncio.Event()
    hub.shop.put(toy.invoice("F1"))
    second.put(toy.invoice("G1"))
    async with watching(hub):
        await until(lambda: hub.books.holds("G1"))
        second.put(toy.invoice("G2"))
        await hub.sql("UPDATE feed SET due = 0")
        await until(lambda: hub.books.holds("G2"))
        assert not hub.books.holds("F1")
        hub.shop.gate.set()
        await until(lambda: hub.books.holds("F1"))


async def test_one_bad_record_delays_nobody(installed: Installer) -> None:
    hub = await installed()
    hub.shop.put(*(toy.invoice(f"F{number}") for number in range(10)))
    bad = {"F3": b"<no json>", "F4": b"\xff\xfe", "F5": b'{"type":"document"}', "F6": b"[\x00]", "F7": b"[" * 100_000}
    hub.shop.raw |= {("invoice", number): payload for number, payload in bad.items()}
    await hub.rest()
    states = await hub.states()
    assert {states.pop(number).partition(":")[0] for number in bad} == {"parked"}
    assert set(states.values()) == {"done"}
    hub.shop.raw.clear()
    await hub.rest()
    assert await sound(hub) == {"done": 10}


@pytest.mark.parametrize("number", ["F\x00", "F\ud800", "F" * 10_000, "", "'; DROP TABLE record; --"])
async def test_a_hostile_number_stops_no_feed(installed: Installer, number: str) -> None:
    hub = await installed()
    hub.shop.put(toy.invoice("F1"), toy.invoice("F3"))
    hub.shop.numbers["invoice", "F1"] = number
    await hub.rest()
    assert await hub.counts() == {"done": 2}


async def test_a_case_that_kills_the_planner_three_times_is_parked_and_the_others_go_on(installed: Installer) -> None:
    hub = await installed()
    hub.shop.put(*(toy.invoice(f"F{number}") for number in range(5)))
    hub.shop.killers.add("F3")
    deaths = 0
    for _ in range(10):
        try:
            await hub.rest()
            break
        except toy.Crash:
            deaths += 1
            hub = await hub.restart()
            await hub.elapse(61)
    assert deaths == 3
    states = await hub.states()
    assert states.pop("F3") == "parked: case.crashes"
    assert set(states.values()) == {"done"}


async def test_a_record_on_which_the_client_breaks_is_parked_and_its_batch_goes_on(installed: Installer) -> None:
    hub = await installed()
    hub.shop.put(*(toy.invoice(f"F{number}") for number in range(10)))
    hub.books.broken.add("F3")
    await hub.rest()
    states = await hub.states()
    assert states.pop("F3") == "parked: connector.failed"
    assert set(states.values()) == {"done"}
    hub.books.broken.clear()
    hub.books.frozen.clear()
    await hub.sql(
        "UPDATE passage SET revision = revision + 1 WHERE id IN (SELECT passage FROM decision WHERE state = 'parked')"
    )
    await hub.rest()
    assert await sound(hub) == {"done": 10}


async def test_a_question_on_which_the_client_breaks_parks_its_case_alone(installed: Installer) -> None:
    hub = await installed()
    hub.shop.put(*(toy.invoice(f"F{number}") for number in range(10)))
    hub.books.broken_asks.add("F3")
    await hub.rest()
    states = await hub.states()
    assert states.pop("F3") == "parked: connector.failed"
    assert set(states.values()) == {"done"}


@pytest.mark.parametrize("call", ["find", "verify"])
async def test_a_client_that_breaks_while_looking_stops_neither_worker_nor_sending(
    installed: Installer, call: str
) -> None:
    hub = await installed()
    other = await hub.more_books("other")
    other.faults.append("lost")

    async def broken(name: str, _: Any) -> None:
        if name == call:
            raise RuntimeError("the client itself fails")

    other.hook = broken
    hub.shop.put(*(toy.invoice(f"F{number}") for number in range(15)))
    await hub.once(patience=0.3)
    for _ in range(5):
        await hub.elapse(60)
        await hub.deliver()
    assert await sound(hub, flow=1) == {"done": 15}
    other.hook = None
    await hub.elapse(60)
    await hub.rest()
    assert await sound(hub, other, flow=2) == {"done": 15}


async def test_a_reader_that_breaks_stops_only_its_own_feed(installed: Installer) -> None:
    hub = await installed()
    hub.shop.put(toy.order("1001"), *(toy.invoice(f"F{number}") for number in range(25)))
    hub.shop.failures.append(RuntimeError("the client itself fails"))
    await hub.once()
    told = {row["name"]: row["problem"] for row in await hub.rows("feeds")}
    assert sum("connector.failed" in (problem or "") for problem in told.values()) == 1
    await hub.rest()
    assert await sound(hub) == {"done": 25}
    assert all(row["problem"] is None for row in await hub.rows("feeds"))


async def test_a_refused_login_stops_the_connection_until_its_owner_acts(installed: Installer) -> None:
    hub = await installed()
    other = await hub.more_books("other")
    refused: list[str] = []

    async def refuse(name: str, _: Any) -> None:
        refused.append(name)
        raise AuthFailedError(Problem(cause="toy.password"))

    other.hook = refuse
    hub.shop.put(toy.invoice("F1"))
    await hub.once(patience=0.3)
    for _ in range(3):
        await hub.elapse(100)
        await hub.plan()
        await hub.deliver()
    assert refused == ["ask"], "another try may lock the account"
    assert await sound(hub, flow=1) == {"done": 1}
    other.hook = None
    [row] = [row for row in await hub.ledger.read(catalog.connections) if row.slug == "other"]
    assert row.state == "stopped"
    await hub.connect("other", toy.BOOKS_CONNECTOR, row.settings)
    await hub.elapse(100)
    await hub.rest()
    assert await sound(hub, other, flow=2) == {"done": 1}
