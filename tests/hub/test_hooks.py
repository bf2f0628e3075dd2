"""Webhooks are hints: what they name is read again, once, many ids in a call; what they do not tell is counted."""

import asyncio
import dataclasses
import hashlib

import msgspec
import pytest

from mostek.commands import connecting, hooking
from mostek.documents.problem import InvalidDocumentError
from mostek.hub import connections
from mostek.hub.hinting import read_hinted
from mostek.hub.ledger import Transaction, feeds, hooks
from mostek.hub.runner import Runner
from mostek.sdk.manifest import HintManifest
from tests.hub import toy
from tests.hub.bench import Installation
from tests.hub.conftest import Installer

Told = dict[str, list[str]]


HINTS = {name: HintManifest(feed=name, id="name") for name in ("invoice", "order")}


@pytest.fixture
async def hub(installed: Installer, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """A shop with ten invoices that were read, and an address for its webhooks."""
    hub = await installed()
    known = connections.connectors()
    manifest = msgspec.structs.replace(known["toyshop"].manifest, hints=HINTS)
    shop = dataclasses.replace(known["toyshop"], manifest=manifest)
    monkeypatch.setattr(connections, "connectors", lambda: {**known, "toyshop": shop})
    hub.shop.put(*(toy.invoice(f"F{number}") for number in range(10)))
    await hub.read()
    hub.shop.reads.clear()
    made = await hub.command("hook.rotate", hooking.Rotate(slug="shop"))
    assert made == await hub.command("hook.show", hooking.Show(slug="shop"))
    return hub


async def tell(hub: Installation, told: Told | bytes) -> bool:
    """A call of the shop's comes in at the address it was given."""
    named = told if isinstance(told, bytes) else {kind: [{"name": name} for name in ids] for kind, ids in told.items()}
    body = named if isinstance(named, bytes) else msgspec.json.encode(named)
    made: hooking.Hook = await hub.command("hook.show", hooking.Show(slug="shop"))
    secret = hooking.digest(made.path.rpartition("/")[2])
    number, digest = (await hub.ledger.read(hooks.digests))["shop"]
    assert digest == secret
    call = hooks.Call(number, secret, hashlib.sha256(body).hexdigest(), body)
    return (await hub.ledger.write(hooks.receive, [call]))[0]


async def view(hub: Installation) -> hooking.HookView:
    """How it stands."""
    views: tuple[hooking.HookView, ...] = await hub.command("hook.list", hooking.List())
    return views[0]


async def due(hub: Installation) -> list[int]:
    """The connections whose calls are to be read now."""
    return [row["connection"] for row in await hub.rows("hints_due", patience=hooks.PATIENCE_MS)]


async def read(hub: Installation, seconds: float = 1.1) -> bool:
    """Let a moment pass, and read what is due for it."""
    await hub.elapse(seconds)
    waiting = await due(hub)
    return bool(waiting) and await read_hinted(hub.engine, waiting[0])


def counted(found: hooking.HookView) -> tuple[int, int, int, int]:
    return found.received, found.repeated, found.waiting, found.missed


async def test_many_calls_about_many_records_are_read_in_one(hub: Installation) -> None:
    hub.shop.put(*(toy.invoice(f"F{number}") for number in range(10, 60)))
    for number in range(10, 60):
        assert await tell(hub, {"invoice": [f"F{number}"]})
    assert await read(hub)
    assert hub.shop.reads == {"get invoice": 1}
    assert len(await hub.rows("standing_all")) == 60
    assert counted(await view(hub)) == (50, 0, 0, 0)


async def test_the_same_call_again_reads_nothing_again(hub: Installation) -> None:
    for _ in range(3):
        assert await tell(hub, {"invoice": ["F1"]})
    assert await read(hub)
    assert await tell(hub, {"invoice": ["F1"]})
    assert not await read(hub)
    assert hub.shop.reads == {"get invoice": 1}
    assert counted(await view(hub)) == (4, 3, 0, 0)


async def test_the_same_call_much_later_tells_of_something_new(hub: Installation) -> None:
    assert await tell(hub, {"invoice": ["F1"]})
    assert await read(hub)
    await hub.elapse(1000)
    assert await tell(hub, {"invoice": ["F2"]})
    assert await read(hub)  # what is remembered no longer is forgotten here
    assert await tell(hub, {"invoice": ["F1"]})
    assert await read(hub)
    assert hub.shop.reads == {"get invoice": 3}


async def test_nothing_is_read_before_a_burst_is_over(hub: Installation) -> None:
    assert await tell(hub, {"invoice": ["F1"]})
    assert await due(hub) == []
    await hub.elapse(1.1)
    assert await tell(hub, {"invoice": ["F2"]})
    assert await due(hub) == []
    await hub.elapse(hooks.PATIENCE_MS / 1000)
    assert await tell(hub, {"invoice": ["F3"]})
    assert await read(hub, 0)  # a burst without end is read in parts
    assert (await view(hub)).waiting == 1


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff\x00", b"[1]", b'{"a": 1}', b'{"invoice": [{"name": [1]}]}', b'{"invoice": [], "order": []}'],
)
async def test_a_call_that_names_nothing_lets_every_list_be_read(hub: Installation, body: bytes) -> None:
    await hub.sql("UPDATE feed SET due = due + 1000000000")
    assert await tell(hub, body)
    assert await hub.rows("feeds_due") == []
    assert await read(hub)
    assert len(await hub.rows("feeds_due")) == 2
    assert hub.shop.reads == {}


async def test_a_call_about_what_is_not_read_here_reads_nothing(hub: Installation) -> None:
    await hub.sql("UPDATE feed SET due = due + 1000000000")
    assert await tell(hub, b'{"products": [{"code": "A1"}]}')
    assert await read(hub)
    assert (hub.shop.reads, await hub.rows("feeds_due")) == ({}, [])


async def test_a_list_that_is_being_read_is_read_once_more_after_that(hub: Installation) -> None:
    await hub.sql("UPDATE feed SET due = due + 1000000000")
    [feed] = [row["id"] for row in await hub.rows("feeds") if row["name"] == "invoice"]
    held = await hub.ledger.write(feeds.lease, "other", [feed], forced=True)
    assert held
    assert await tell(hub, b"")
    assert not await read(hub)
    await hub.ledger.write(feeds.release, held, None, 900_000)
    assert await read(hub, 6)
    assert feed in {row["id"] for row in await hub.rows("feeds_due")}


async def test_a_shop_that_is_away_is_asked_again_later(hub: Installation) -> None:
    hub.shop.away = True
    hub.shop.put(toy.invoice("F99"))
    assert await tell(hub, {"invoice": ["F99"]})
    assert not await read(hub)
    assert (await view(hub)).waiting == 1
    hub.shop.away = False
    await hub.elapse(60)
    assert await read(hub, 6)
    assert "F99" in await hub.states()


async def test_what_was_deleted_is_noted_and_what_never_was_here_is_not(hub: Installation) -> None:
    del hub.shop.documents["invoice", "F3"]
    assert await tell(hub, {"invoice": ["F3", "F777"]})
    assert await read(hub)
    rows = await hub.sql("SELECT source_id FROM record WHERE payload = ''")
    assert [row["source_id"] for row in rows] == ["F3"]


async def test_more_than_can_be_named_is_one_call_for_everything(
    hub: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks, "MOST", 20)
    for number in range(200):
        assert await tell(hub, {"invoice": [f"G{number}"]})
    assert (await view(hub)).waiting == 21
    monkeypatch.undo()
    await read(hub)
    assert (await view(hub)).waiting == 0
    assert await tell(hub, {"invoice": ["G300"]})
    assert (await view(hub)).waiting == 1


async def test_what_a_pass_finds_by_itself_was_missed_unless_a_call_still_comes(hub: Installation) -> None:
    hub.shop.put(toy.invoice("F1", order_number="1"))
    await hub.read()
    assert (await view(hub)).missed == 0  # no call has told of invoices yet: perhaps none ever will
    assert await tell(hub, {"invoice": ["F2"]})
    assert await read(hub)
    hub.shop.put(toy.invoice("F3", order_number="3"), toy.invoice("F4", order_number="4"))
    await hub.read()
    assert (await view(hub)).missed == 0  # it may be on its way
    assert await tell(hub, {"invoice": ["F4"]})
    assert await read(hub)
    await hub.elapse(hooks.GRACE_MS / 1000 + 1)
    assert (await view(hub)).missed == 1
    await hub.elapse(24 * 3600)
    assert (await view(hub)).missed == 0


async def test_a_secret_that_was_replaced_opens_nothing(hub: Installation) -> None:
    number, before = (await hub.ledger.read(hooks.digests))["shop"]
    await hub.command("hook.rotate", hooking.Rotate(slug="shop"))
    assert await hub.ledger.write(hooks.receive, [hooks.Call(number, before, "told", b"{}")]) == [False]
    assert (await view(hub)).received == 0


async def test_a_stopped_connection_keeps_what_it_is_told(hub: Installation) -> None:
    await hub.command("stop", connecting.Stop(slug="shop"))
    assert await tell(hub, {"invoice": ["F1"]})
    assert not await read(hub)
    await hub.command("go", connecting.Go(slug="shop"))
    assert await read(hub)


@pytest.mark.parametrize("slug", ["books", "nobody"])
async def test_there_is_no_address_before_one_was_made(hub: Installation, slug: str) -> None:
    with pytest.raises(InvalidDocumentError, match=r"hook\.missing|connection\.unknown"):
        await hub.command("hook.show", hooking.Show(slug=slug))


async def test_a_running_hub_reads_within_moments(hub: Installation) -> None:
    await hub.sql("UPDATE feed SET due = due + 1000000000")
    runner = Runner(hub.engine, verify_age_ms=0)
    work = asyncio.create_task(runner.watch())
    hub.shop.put(toy.invoice("F50"))
    assert await tell(hub, {"invoice": ["F50"]})
    async with asyncio.timeout(20):
        while (await hub.states()).get("F50") != "done":
            await hub.ledger.changed(hub.ledger.generation, 0.1)
    runner.stop()
    await work
    assert hub.shop.reads["get invoice"] == 1


async def test_one_run_reads_what_came_in_before(hub: Installation) -> None:
    assert await tell(hub, {"invoice": ["F1"]})
    await hub.elapse(2)
    await hub.once()
    assert (await view(hub)).waiting == 0


async def test_the_counts_are_told_without_the_secret(hub: Installation) -> None:
    [audit] = await hub.ledger.read(Transaction.rows, "hook_digests")
    shown = msgspec.json.encode(await view(hub)).decode()
    assert audit["digest"] not in shown
