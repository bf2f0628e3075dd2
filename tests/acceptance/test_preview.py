"""The preview is the run: what it shows is what is done, record by record and byte by byte."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mostek import demo
from mostek.hub.ledger import Transaction
from tests.acceptance.house import House, opened
from tests.acceptance.judge import actions_of, judged

DOCUMENTS = 300
STATES = {"act": "done", "park": "parked", "exclude": "excluded"}
Payloads = dict[str, str]


async def test_a_run_does_what_the_preview_showed(tmp_path: Path, database: str) -> None:
    async with opened(tmp_path, database, documents=DOCUMENTS, hostile="0.02") as house:
        shown = await house.told("preview", demo.FLOW)
        assert await house.books.writes() == 0
        assert await stored(house) == {}
        assert len(shown) == DOCUMENTS
        await house.run()
        await judged(house)
        done = await stored(house)
        assert done == promised(shown)
        assert Counter(on_the_wire(house)) == Counter(done.values())
        assert await states(house) == {(each["kind"], each["id"]): STATES[each["verdict"]] for each in shown}
        assert {"done", "parked"} <= set((await states(house)).values())


async def test_so_it_is_with_what_came_later(tmp_path: Path, database: str) -> None:
    async with opened(tmp_path, database, documents=100, hostile="0") as house:
        await house.run()
        before = await stored(house)
        assert await house.told("preview", demo.FLOW) == []
        await changed(house)
        house.wire.writes.clear()
        shown = await house.told("preview", demo.FLOW)
        assert await stored(house) == before
        await house.run()
        assert (await judged(house)).passages["done"] == 100 + 5 + 50
        after = await stored(house)
        assert before.items() <= after.items()
        assert {key: after[key] for key in after.keys() - before.keys()} == promised(shown, known=before)
        assert Counter(on_the_wire(house)) == Counter(after[key] for key in after.keys() - before.keys())


async def changed(house: House) -> None:
    """Some invoices are paid, some credited, and new ones come."""
    documents = (await house.shop.ask("ledger"))["documents"]
    credited = {each["related"] for each in documents}
    invoices = [each for each in documents if each["kind"] == "invoice" and each["number"] not in credited]
    unpaid = [each["number"] for each in invoices if each["paid"] == "none"]
    for number in unpaid[:5]:
        await house.shop.tell("pay", invoice=number)
    for each in invoices[-5:]:
        await house.shop.tell("credit", invoice=each["number"], partial=True)
    now = datetime.now(UTC)
    lately = {"from": (now - timedelta(minutes=2)).isoformat(), "to": now.isoformat()}
    await house.shop.tell("generate", documents=50, **lately)
    assert len(unpaid) >= 5


def promised(shown: Iterable[Mapping[str, Any]], known: Mapping[str, str] | None = None) -> Payloads:
    """The bytes of every action shown; what several records need, as a buyer's card, is the first one's."""
    payloads: Payloads = {}
    for record in shown:
        for action in record["actions"]:
            if action["key"] not in (known or {}):
                payloads.setdefault(action["key"], action["payload"])
    return payloads


async def stored(house: House) -> Payloads:
    """The bytes of every action in the hub's ledger."""
    async with house.hub() as hub:
        return {row["key"]: row["payload"] for row in await actions_of(hub)}


async def states(house: House) -> dict[tuple[str, str], str]:
    """Where each document stands."""
    async with house.hub() as hub:
        rows = await hub.ledger.read(Transaction.rows, "standing_all")
    return {(row["kind"], row["source_id"]): row["state"] for row in rows if row["kind"] != "order"}


def on_the_wire(house: House) -> list[str]:
    """What was sent, each record in the envelope in which it is stored."""
    return [f'{{"{record.evidence}":{record.payload.decode()}}}' for record in house.wire.written]
