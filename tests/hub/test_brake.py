"""A flow is weighed before it acts: the surge brake, releasing, undoing, versions with a day, closed states."""

from datetime import date
from typing import Any

import msgspec
import pytest

from mostek.commands.flowing import Change, Pause, Start, Undo
from mostek.core import policy as policies
from tests.hub import toy
from tests.hub.bench import Installation
from tests.hub.conftest import Installer

OLD = [{"id": "old", "when": [{"field": "issued", "operator": "at_most", "values": ["2026-05-04"]}], "then": "exclude"}]
ALL: dict[str, Any] = {"id": "all"}
BRAKE = {"brake": 20, "wait_for_order": 0}
FLOW = "shop-to-books"
OLD_ORDERS = 3_000


async def flow(hub: Installation) -> tuple[str, int]:
    """The state of the flow, and whether it is unbraked."""
    [row] = await hub.sql("SELECT state, unbraked FROM flow")
    return row["state"], row["unbraked"]


async def with_old_orders(installed: Installer, number: int = 60) -> Installation:
    """A flow at rest that leaves many old documents out."""
    hub = await installed({**BRAKE, "rules": [*OLD, ALL]})
    hub.shop.put(*(toy.invoice(f"F{n}") for n in range(number)))
    await hub.once()
    assert await flow(hub) == ("live", 0)
    assert hub.books.calls["write"] == 0
    return hub


async def test_a_rule_saved_by_mistake_is_held_and_undone(installed: Installer) -> None:
    hub = await with_old_orders(installed, OLD_ORDERS)
    await hub.command("flow.change", Change(slug=FLOW, policy={**BRAKE, "rules": [ALL]}))
    await hub.once()
    assert await flow(hub) == ("held", 0)
    assert hub.books.calls["write"] == 0
    view = await hub.command("flow.undo", Undo(slug=FLOW))
    assert (view.version, view.problem) == (3, None)
    await hub.once()
    assert await flow(hub) == ("live", 0)
    assert hub.books.calls["write"] == 0
    assert await hub.counts() == {"excluded": OLD_ORDERS}


async def test_a_rule_that_was_meant_is_released(installed: Installer) -> None:
    hub = await with_old_orders(installed, OLD_ORDERS)
    await hub.command("flow.change", Change(slug=FLOW, policy={**BRAKE, "rules": [ALL]}))
    await hub.once()
    [problem] = await hub.sql("SELECT problem FROM flow")
    assert '"flow.surge"' in problem["problem"]
    assert f'"{OLD_ORDERS}"' in problem["problem"]
    await hub.command("flow.start", Start(slug=FLOW))
    await hub.once()
    assert await hub.counts() == {"done": OLD_ORDERS}
    assert await flow(hub) == ("live", 0)  # braked again


async def test_a_small_change_is_weighed_and_goes_on(installed: Installer) -> None:
    hub = await with_old_orders(installed, 15)
    view = await hub.command("flow.change", Change(slug=FLOW, policy={**BRAKE, "rules": [ALL]}))
    assert view.state == "weighing"
    await hub.once()
    assert await hub.counts() == {"done": 15}
    assert await flow(hub) == ("live", 0)


async def test_nothing_is_sent_while_a_flow_is_weighed(installed: Installer) -> None:
    hub = await with_old_orders(installed, 150)  # two groups of planning
    await hub.command("flow.change", Change(slug=FLOW, policy={**BRAKE, "brake": 1000, "rules": [ALL]}))
    from mostek.hub.planning import plan_groups

    await plan_groups(hub.engine, 1, seconds=0)
    await hub.deliver()
    assert (await flow(hub))[0] == "weighing"
    assert hub.books.calls["write"] == 0
    await hub.once()
    assert await hub.counts() == {"done": 150}


async def test_a_surge_of_the_source_is_held(installed: Installer) -> None:
    hub = await with_old_orders(installed, 1)
    later = date(2026, 6, 1)
    hub.shop.put(*(toy.invoice(f"G{n}", issued=later, supplied=later) for n in range(30)))
    await hub.once()
    assert (await flow(hub))[0] == "held"
    assert hub.books.count("create", "invoice") <= 20


async def test_busy_days_are_usual(installed: Installer) -> None:
    hub = await installed(BRAKE)
    hub.shop.put(toy.invoice("F"))
    await hub.once()
    assert await flow(hub) == ("live", 0)
    for day in range(3):
        hub.shop.put(*(toy.invoice(f"F{day}-{n}") for n in range(19)))
        await hub.once()
        await hub.elapse(86_400)
    await hub.elapse(86_400)
    hub.shop.put(*(toy.invoice(f"G{n}") for n in range(50)))  # less than three times a busy day
    await hub.once()
    assert (await flow(hub))[0] == "live"
    hub.shop.put(*(toy.invoice(f"H{n}") for n in range(50)))
    await hub.once()
    assert (await flow(hub))[0] == "held"


async def test_the_first_run_is_not_braked_and_a_brake_of_zero_never(installed: Installer) -> None:
    hub = await installed(BRAKE)
    hub.shop.put(*(toy.invoice(f"F{n}") for n in range(60)))
    await hub.once()
    assert await hub.counts() == {"done": 60}
    off = await hub.command("flow.change", Change(slug=FLOW, policy={**BRAKE, "brake": 0}))
    assert off.policy["brake"] == 0
    hub.shop.put(*(toy.invoice(f"G{n}") for n in range(60)))
    await hub.once()
    assert await hub.counts() == {"done": 120}


async def test_a_paused_flow_stays_paused_when_it_is_changed(installed: Installer) -> None:
    hub = await with_old_orders(installed, 5)
    await hub.command("flow.pause", Pause(slug=FLOW))
    view = await hub.command("flow.change", Change(slug=FLOW, policy={**BRAKE, "rules": [ALL]}))
    assert view.state == "paused"
    await hub.once()
    assert hub.books.calls["write"] == 0
    await hub.command("flow.start", Start(slug=FLOW))
    await hub.once()
    assert await hub.counts() == {"done": 5}


async def test_a_version_decides_from_its_day_on(installed: Installer) -> None:
    hub = await installed({**BRAKE, "mappings": {"document_type": {"invoice": "OLD"}}})
    newer = {**BRAKE, "mappings": {"document_type": {"invoice": "NEW"}}}
    await hub.command("flow.change", Change(slug=FLOW, policy=newer, effective=date(2026, 7, 1)))
    last = {**BRAKE, "mappings": {"document_type": {"invoice": "LAST"}}}
    await hub.command("flow.change", Change(slug=FLOW, policy=last, effective=date(2027, 1, 1)))
    days = {"F1": date(2026, 6, 30), "F2": date(2026, 7, 1), "F3": date(2026, 12, 31), "F4": date(2027, 1, 1)}
    hub.shop.put(*(toy.invoice(name, issued=day, supplied=day) for name, day in days.items()))
    await hub.once()
    types = {
        toy.label(action): action.options["document_type"]
        for _, action in hub.books.every
        if action.kind == "invoice" and action.verb == "create"
    }
    assert types == {"F1": "OLD", "F2": "NEW", "F3": "NEW", "F4": "LAST"}
    rows = await hub.sql(
        "SELECT r.number, d.version FROM decision d JOIN record r ON r.id = d.record ORDER BY r.number"
    )
    assert [row["version"] for row in rows] == [1, 2, 2, 3]
    for_all = {**BRAKE, "mappings": {"document_type": {"invoice": "ALL"}}}
    await hub.command("flow.change", Change(slug=FLOW, policy=for_all))
    loaded = (await hub.engine.flows())[1]
    assert [each.version for each in loaded.versions.dated] == [4]


@pytest.mark.parametrize(("issued", "version"), [(date(2026, 6, 30), 1), (date(2026, 7, 1), 3), (date(2027, 1, 1), 3)])
def test_a_later_version_with_an_earlier_day_wins(issued: date, version: int) -> None:
    days = {3: date(2026, 7, 1), 2: date(2027, 1, 1), 1: None}
    plain = policies.load({})
    versions = policies.Versions(
        tuple(policies.Dated(version=number, policy=plain, effective=day) for number, day in days.items())
    )
    assert versions.of(toy.invoice("F1", issued=issued)).version == version
    assert versions.of(None).version == 3
    assert msgspec.structs.asdict(versions)["dated"][0].version == 3
