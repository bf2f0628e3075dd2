"""What is about to be sent is shown in its order, and a back-filled document can be put before the others."""

import pytest

from mostek import commands
from mostek.commands import queueing
from mostek.documents.invoice import Invoice
from tests.hub import toy
from tests.hub.bench import Installation
from tests.hub.conftest import Installer


async def queue(hub: Installation, limit: int = 20) -> queueing.Line:
    [line] = await hub.command("queue", queueing.Queue(limit=limit))
    return line  # type: ignore[no-any-return]


@pytest.fixture
async def full(installed: Installer) -> Installation:
    """Twelve documents of the past are decided, and nothing is sent."""
    hub = await installed()
    hub.shop.put(*(toy.invoice(f"F{number:02}") for number in range(1, 13)))
    await hub.read()
    await hub.plan()
    return hub


async def test_the_next_ones_are_told_and_all_are_counted(full: Installation) -> None:
    line = await queue(full, limit=5)
    documents = [item.number for item in line.items if item.kind == "invoice"]
    assert documents == sorted(documents)
    assert len(line.items) == 5
    assert all(item.backfill for item in line.items)
    [ready] = await full.sql("SELECT count(*) AS n FROM action WHERE state = 'ready'")
    assert line.count == ready["n"]
    assert not line.more


async def test_what_is_put_first_is_sent_first(full: Installation) -> None:
    last = (await queue(full, limit=100)).items[-1]
    done = await full.command("queue.first", queueing.First(records=(last.record, 10**9)))
    assert (done.records, done.untouched) == ((last.record,), (10**9,))
    assert (await queue(full)).items[0].number == last.number
    await full.deliver()
    first = next(action for _, action in full.books.every if action.kind == "invoice")
    assert isinstance(first.subject, Invoice)
    assert first.subject.number == last.number


async def test_what_is_sent_is_not_in_the_queue(full: Installation) -> None:
    await full.rest()
    line = await queue(full)
    assert (line.items, line.count) == ((), 0)
    assert commands.COMMANDS["queue.first"].permission == "operate"
