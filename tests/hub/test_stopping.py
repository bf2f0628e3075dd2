"""Stop and go: nothing is read from or written to what a person stopped, at once, and until he says so."""

from typing import Any

import pytest

from mostek.commands import connecting
from mostek.hub.ledger import Transaction, catalog
from mostek.hub.runner import Runner
from tests.hub import toy
from tests.hub.bench import Installation
from tests.hub.conftest import Installer
from tests.hub.toy import invoice

DOCUMENTS = 60


async def number_of(hub: Installation, slug: str) -> int:
    """The number of a connection."""
    return next(row.id for row in await hub.ledger.read(catalog.connections) if row.slug == slug)


async def stop(hub: Installation, slug: str = "") -> None:
    """As the command does."""
    await hub.ledger.write(connecting._stop, await number_of(hub, slug) if slug else 0, "tester")


async def go(hub: Installation, slug: str = "") -> None:
    """As the command does."""
    await hub.ledger.write(connecting._go, await number_of(hub, slug) if slug else 0)


async def save(hub: Installation, slug: str) -> None:
    """Change the settings of a connection, which starts one that the hub had stopped itself."""
    rows = await hub.ledger.read(catalog.connections)
    row = next(row for row in rows if row.slug == slug)
    connector = {"shop": toy.SHOP, "books": toy.BOOKS_CONNECTOR}[slug]
    await hub.connect(slug, connector, row.settings)


async def states(hub: Installation) -> dict[str, str]:
    """The state of each connection."""
    return {row.slug: row.state for row in await hub.ledger.read(catalog.connections)}


@pytest.mark.parametrize("slug", ["books", ""], ids=["one", "all"])
async def test_in_the_middle_of_its_work(installed: Installer, slug: str) -> None:
    hub = await installed()
    hub.books.idempotent = False
    hub.shop.put(*(invoice(f"F{number}") for number in range(DOCUMENTS)))
    await hub.read()
    await hub.plan()

    async def hook(name: str, _: Any) -> None:
        if name == "write" and hub.books.calls["write"] == 2:
            await stop(hub, slug)

    hub.books.hook = hook
    await hub.deliver()
    assert hub.books.calls["write"] == 2  # the call in flight finished, none followed
    rows = await hub.sql("SELECT state FROM action WHERE state <> 'blocked' AND state <> 'ready'")
    assert [row["state"] for row in rows] == ["done"] * 20  # and what it did is known
    before = hub.books.calls.total()
    await hub.deliver() if slug else await hub.once()
    assert hub.books.calls.total() == before
    await go(hub, slug)
    assert not await hub.once()  # at once: the lease that was taken away is not waited for
    assert set((await hub.states()).values()) == {"done"}
    assert hub.books.doubles == []
    assert hub.books.calls["find"] == 0


async def test_a_stopped_source_is_not_read(installed: Installer) -> None:
    hub = await installed()
    hub.shop.put(*(invoice(f"F{number}") for number in range(2 * toy.PAGE)))
    await stop(hub, "shop")
    assert not await hub.once()
    assert hub.shop.reads.total() == 0
    await go(hub, "shop")
    assert not await hub.once()
    assert hub.books.count("create", "invoice") == 2 * toy.PAGE


async def test_a_run_does_not_wait_for_what_is_stopped(installed: Installer) -> None:
    hub = await installed()
    hub.shop.put(invoice("F1"))
    await hub.read()
    await hub.plan()
    await stop(hub, "books")
    left = await hub.once(patience=3_600)
    assert left.ready == 1
    assert hub.books.calls["write"] == 0


async def test_it_survives_a_change_of_settings_and_a_restart(installed: Installer) -> None:
    hub = await installed()
    await stop(hub, "books")
    await save(hub, "books")
    again = await hub.restart()
    assert await states(again) == {"shop": "active", "books": "paused"}
    await go(again, "books")
    assert await states(again) == {"shop": "active", "books": "active"}


async def test_what_the_hub_stopped_itself_goes_on_with_new_settings_only(installed: Installer) -> None:
    hub = await installed()
    problem = '{"cause": "auth.refused"}'
    books = await number_of(hub, "books")
    await stop(hub, "books")
    await hub.ledger.write(
        Transaction.run, "put_connection_problem", connection=books, problem=problem, state="stopped"
    )
    assert (await states(hub))["books"] == "paused"
    await go(hub, "books")
    assert (await states(hub))["books"] == "stopped"  # his word does not mend a password
    await save(hub, "books")
    assert (await states(hub))["books"] == "active"


async def test_what_was_stopped_by_name_goes_on_by_name(installed: Installer) -> None:
    hub = await installed()
    await stop(hub, "books")
    await stop(hub)
    runner = Runner(hub.engine)
    await runner.once()
    assert runner.halt
    assert runner.halt.cause == "hub.stopped"
    assert runner.halt.details["person"] == "tester"
    await go(hub)
    await Runner(hub.engine).once()
    assert hub.shop.reads.total() > 0
    assert (await states(hub))["books"] == "paused"
