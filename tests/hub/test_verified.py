"""Done and verified are two facts: a run ends by itself when both are true, or says what it leaves."""

from typing import Any

import pytest

from mostek.cli import screens
from mostek.commands.looking import Status, StatusView
from mostek.documents.problem import Problem
from mostek.hub.ledger import catalog
from mostek.sdk.errors import NotReadyError
from mostek.wording import Wording
from tests.hub import toy
from tests.hub.bench import Installation
from tests.hub.conftest import Installer

DOCUMENTS = 60


async def status(hub: Installation) -> StatusView:
    """What ``mostek status`` is told."""
    found: StatusView = await hub.command("status", Status())
    return found


async def blind(name: str, _: Any) -> None:
    """The books take everything, and nothing can be read back from them."""
    if name == "verify":
        raise NotReadyError(Problem(cause="system.unreachable"), sent=False)


async def test_a_run_that_ends_by_itself_has_read_everything_back(installed: Installer) -> None:
    hub = await installed()
    hub.shop.put(*(toy.invoice(f"F{number}", is_paid=True) for number in range(DOCUMENTS)))
    assert not await hub.once()
    assert await hub.sql("SELECT 1 FROM action WHERE verified IS NULL") == []
    view = await status(hub)
    assert (view.records["done"], view.unverified, screens.unfinished(view)) == (DOCUMENTS, 0, 0)


async def test_a_run_that_gives_up_says_what_it_did_not_read_back(
    installed: Installer, capsys: pytest.CaptureFixture[str]
) -> None:
    hub = await installed({"contacts": "none"})
    hub.books.hook = blind
    hub.shop.put(*(toy.invoice(f"F{number}") for number in range(DOCUMENTS)))
    left = await hub.once(patience=0.5)
    assert vars(left) == {"planning": 0, "ready": 0, "settling": 0, "verifying": DOCUMENTS}
    view = await status(hub)
    assert (view.records["done"], view.unverified) == (DOCUMENTS, DOCUMENTS)
    assert screens.unfinished(view) == DOCUMENTS, "the exit code is 5"
    screens.show_status(view, Wording("en"))
    printed = capsys.readouterr().out
    assert "not yet read back: 60" in printed
    assert "All 60" not in printed

    hub.books.hook = None
    await hub.elapse(60)
    assert not await hub.once()
    assert (await status(hub)).unverified == 0


async def test_what_a_stopped_connection_keeps_from_being_read_back_is_said_too(installed: Installer) -> None:
    hub = await installed({"contacts": "none"})
    hub.shop.put(toy.invoice("F1"))
    hub.books.hook = blind
    await hub.once(patience=0.5)
    [books] = [row for row in await hub.ledger.read(catalog.connections) if row.slug == "books"]
    await hub.sql(f"UPDATE connection SET state = 'paused' WHERE id = {books.id}")
    assert (await hub.once(patience=3_600)).verifying == 1
    assert screens.unfinished(await status(hub)) == 1
