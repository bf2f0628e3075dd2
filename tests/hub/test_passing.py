"""How documents pass: done once, in order, waiting and woken, parked with a cause."""

from tests.hub import toy
from tests.hub.conftest import Installer


async def test_documents_arrive_once_and_a_second_run_writes_nothing(installed: Installer) -> None:
    hub = await installed()
    hub.shop.put(*(toy.invoice(f"F{number}") for number in range(45)))
    left = await hub.once()
    assert not left
    assert set((await hub.states()).values()) == {"done"}
    assert hub.books.count(kind="invoice") == 45
    assert hub.books.count(kind="contact") == 45
    writes, asks = hub.books.calls["write"], hub.books.calls["ask"]
    hub.shop.stamp += 1
    await hub.once()
    assert (hub.books.calls["write"], hub.books.calls["ask"]) == (writes, asks)


async def test_credit_note_read_before_its_original_waits_and_is_woken(installed: Installer) -> None:
    hub = await installed({"wait_for_order": 10**9})
    hub.shop.put(toy.credit_note("D1", "F1"))
    await hub.once(patience=1)
    assert await hub.states() == {"D1": "waiting: credit.original_missing"}
    hub.shop.put(toy.invoice("F1"))
    await hub.once()
    assert await hub.states() == {"D1": "done", "F1": "done"}
    kinds = [(action.kind, action.verb) for _, action in hub.books.every if action.kind != "contact"]
    assert kinds == [("invoice", "create"), ("credit_note", "create"), ("credit_note", "link")]
