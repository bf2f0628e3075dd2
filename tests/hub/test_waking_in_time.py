"""Everything that waits arrives within 5 seconds of its cause, with the loops running as in ``mostek run``.

Each cause is fired by the program that runs, and by another one on the same database, as every ``mostek`` command is.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from mostek.commands.adopting import Adopt, Close
from mostek.commands.connecting import Add, Go, Stop
from mostek.commands.flowing import Change, Pause, Start, Undo
from mostek.commands.keeping import Takeover
from mostek.commands.mending import Exclude, Reread, Retry
from mostek.documents.invoice import Method
from mostek.documents.problem import Problem
from mostek.hub import place
from mostek.hub.ledger import Ledger, Transaction, catalog
from mostek.hub.reading import read_feed
from mostek.hub.runner import Runner
from mostek.sdk.effect import Match
from mostek.sdk.errors import AuthFailedError, RateLimitedError
from tests.hub import toy
from tests.hub.bench import Installation
from tests.hub.conftest import Installer

LIMIT = 5.0
SOON = 2  # seconds, for what waits for the clock
FLOW = "shop-to-books"
HOLD = {"id": "held", "then": "hold"}
EXCLUDE = {"id": "left", "then": "exclude"}
Deed = Callable[[Installation], Awaitable[Any]]


@dataclass
class Case:
    """A waiting document: how it comes to wait, what wakes it, and how it stands then.

    ``policy`` and ``required`` are the installation's. ``prepare`` is done while the loops run; then the records stand
    as ``waiting`` says. ``cause`` is done by the one or the other program; ``after`` is how many seconds later what it
    announces comes true.
    """

    prepare: Deed
    waiting: dict[str, str]
    cause: Deed
    arrived: dict[str, str]
    policy: dict[str, Any] | None = None
    required: bool = False
    after: float = 0


def shows(*documents: Any) -> Deed:
    """The shop has these documents, and they are read."""

    async def do(hub: Installation) -> None:
        hub.shop.put(*documents)
        for row in await hub.ledger.read(catalog.feeds):
            while await read_feed(hub.engine, [row["id"]], forced=True) is None:  # noqa: ASYNC110 - a loop reads it
                await asyncio.sleep(0.01)

    return do


def in_turn(*deeds: Deed) -> Deed:
    """One after another."""

    async def do(hub: Installation) -> None:
        for deed in deeds:
            await deed(hub)

    return do


def settled(deed: Callable[[Installation], Any]) -> Deed:
    """What is done to a toy at once."""

    async def do(hub: Installation) -> None:
        deed(hub)

    return do


def told(name: str, request: Any) -> Deed:
    """A command that names no record."""

    async def do(hub: Installation) -> None:
        await hub.command(name, request)

    return do


def about(name: str, request: Callable[..., Any], *numbers: str, **more: Any) -> Deed:
    """A command about the records of these numbers."""

    async def do(hub: Installation) -> None:
        rows = await hub.rows("standing_all")
        records = tuple(row["id"] for row in rows if row["number"] in numbers)
        await hub.command(name, request(records=records, **more))

    return do


def changed(policy: dict[str, Any]) -> Deed:
    """A policy that is saved."""
    return told("flow.change", Change(slug=FLOW, policy=policy))


def now() -> datetime:
    return datetime.now(UTC)


async def refused_login(hub: Installation) -> None:
    """The books' owner changed the password there: the connection is stopped."""

    async def refuse(name: str, intents: object) -> None:
        raise AuthFailedError(Problem(cause="toy.password"))

    hub.books.hook = refuse
    await shows(toy.invoice("F1"))(hub)
    await seen("SELECT 1 FROM connection WHERE state = 'stopped'")(hub)


async def new_login(hub: Installation) -> None:
    """He saves the new one."""
    hub.books.hook = None
    await hub.command("connect.add", Add(slug="books", connector="toybooks"))


def seen(statement: str) -> Deed:
    """It is waited until the database has such a row."""

    async def do(hub: Installation) -> None:
        async with asyncio.timeout(20):
            while not await hub.sql(statement):  # noqa: ASYNC110 - a database gives no signal
                await asyncio.sleep(0.01)

    return do


async def come_back(hub: Installation) -> None:
    hub.shop.away = hub.books.dead = False


async def limited(hub: Installation) -> None:
    """The books name the time when they take something again."""
    called = asyncio.Event()

    async def refuse(name: str, intents: object) -> None:
        if name == "write":
            hub.books.hook = None
            called.set()
            raise RateLimitedError(Problem(cause="system.limit"), until=now() + timedelta(seconds=SOON))

    hub.books.hook = refuse
    await shows(toy.invoice("F1"))(hub)
    await called.wait()


async def orphaned(hub: Installation) -> None:
    """A credit note of this moment, without what it corrects."""
    await shows(toy.credit_note("D1", "F1", created=now()))(hub)


async def restored(hub: Installation) -> None:
    """The ledger lies at a place that is not its own."""
    await hub.ledger.write(Transaction.run, "put_installation", name="place", value=place.NOWHERE)
    await shows(toy.invoice("F1"))(hub)


async def lost(hub: Installation) -> None:
    """The answer about a document is lost, and the shop changes it before anybody knows what became of it."""
    hub.books.faults_of["invoice"] = deque(["lost"])
    hub.books.findings = deque(["cannot"] * 1_000)
    await shows(toy.invoice("F1"))(hub)
    await seen("SELECT 1 FROM action WHERE state = 'unknown' AND kind = 'invoice'")(hub)
    await shows(toy.invoice("F1", "242"))(hub)


CLOSED = Close(slug="books", until=date(2026, 12, 31))
CASES: dict[str, Case] = {
    "link: the document that is corrected comes": Case(
        policy={"wait_for_order": 10**9},
        prepare=shows(toy.credit_note("D1", "F1")),
        waiting={"D1": "waiting: credit.original_missing"},
        cause=shows(toy.invoice("F1")),
        arrived={"D1": "done", "F1": "done"},
    ),
    "link: the document that is corrected is accepted at last": Case(
        prepare=in_turn(
            settled(lambda hub: hub.books.reject.add("F1")),
            shows(toy.invoice("F1"), toy.credit_note("D1", "F1")),
        ),
        waiting={"F1": "parked: toy.refused", "D1": "parked: toy.refused"},
        cause=in_turn(settled(lambda hub: hub.books.reject.clear()), about("inbox.retry", Retry, "F1")),
        arrived={"F1": "done", "D1": "done"},
    ),
    "link: the buyer is accepted at last": Case(
        prepare=in_turn(settled(lambda hub: hub.books.reject_duties.add("contact")), shows(toy.invoice("F1"))),
        waiting={"F1": "parked: toy.refused"},
        cause=in_turn(settled(lambda hub: hub.books.reject_duties.clear()), about("inbox.retry", Retry, "F1")),
        arrived={"F1": "done"},
    ),
    "link: the shop is there again with the order": Case(
        policy={"wait_for_order": 10**9},
        prepare=in_turn(
            told("flow.pause", Pause(slug=FLOW)),
            shows(toy.invoice("F1", order_number="1")),
            settled(lambda hub: setattr(hub.shop, "away", True)),
            told("flow.start", Start(slug=FLOW)),
            seen("SELECT 1 FROM feed WHERE problem IS NOT NULL"),
        ),
        waiting={"F1": "waiting: wait.order"},
        cause=come_back,
        arrived={"F1": "done"},
    ),
    "link: the books are there again": Case(
        prepare=in_turn(
            settled(lambda hub: setattr(hub.books, "dead", True)),
            shows(toy.invoice("F1")),
            seen("SELECT 1 FROM endpoint WHERE problem IS NOT NULL"),
        ),
        waiting={"F1": "waiting: planning"},
        cause=come_back,
        arrived={"F1": "done"},
    ),
    "mapping: it is saved": Case(
        required=True,
        prepare=shows(toy.invoice("F1", payment=Method("card", "Kartou"))),
        waiting={"F1": "waiting: mapping.missing"},
        cause=changed({"mappings": {"payment_form": {"card": "K"}}}),
        arrived={"F1": "done"},
    ),
    "rule: it is changed": Case(
        policy={"rules": [HOLD]},
        prepare=shows(toy.invoice("F1")),
        waiting={"F1": "parked: rule.held"},
        cause=changed({}),
        arrived={"F1": "done"},
    ),
    "rule: its change is undone": Case(
        prepare=in_turn(changed({"rules": [EXCLUDE]}), shows(toy.invoice("F1"))),
        waiting={"F1": "excluded: excluded.rule"},
        cause=told("flow.undo", Undo(slug=FLOW)),
        arrived={"F1": "done"},
    ),
    "time: it has been waited long enough": Case(
        policy={"wait_for_order": SOON, "orphans": "book"},
        prepare=orphaned,
        waiting={"D1": "waiting: credit.original_missing"},
        cause=settled(lambda hub: None),
        after=SOON,
        arrived={"D1": "done"},
    ),
    "time: the books take something again": Case(
        prepare=limited,
        waiting={"F1": "waiting: waiting"},
        cause=settled(lambda hub: None),
        after=SOON,
        arrived={"F1": "done"},
    ),
    "fact: what became of it is known": Case(
        prepare=lost,
        waiting={"F1": "waiting: wait.settlement"},
        cause=settled(lambda hub: hub.books.findings.clear()),
        arrived={"F1": "parked: document.changed"},
    ),
    "fact: the books are open again": Case(
        prepare=in_turn(told("books.close", CLOSED), shows(toy.invoice("F1"))),
        waiting={"F1": "parked: books.closed"},
        cause=told("books.close", Close(slug="books", until=None)),
        arrived={"F1": "done"},
    ),
    "fact: a person says which document it is": Case(
        prepare=in_turn(
            settled(lambda hub: hub.books.foreign.update(F1=[Match(id="T7", by="number")])), shows(toy.invoice("F1"))
        ),
        waiting={"F1": "parked: document.exists"},
        cause=about("inbox.adopt", Adopt, "F1", target_id="T7"),
        arrived={"F1": "done"},
    ),
    "fact: a person wants it after all": Case(
        policy={"rules": [HOLD]},
        prepare=in_turn(
            shows(toy.invoice("F1")),
            seen("SELECT 1 FROM decision WHERE state = 'parked'"),
            about("inbox.exclude", Exclude, "F1", reason="a test"),
            changed({}),
        ),
        waiting={"F1": "excluded: excluded.person"},
        cause=about("inbox.retry", Retry, "F1"),
        arrived={"F1": "done"},
    ),
    "case: the document is mended in the shop": Case(
        prepare=in_turn(settled(lambda hub: hub.books.reject.add("F1")), shows(toy.invoice("F1"))),
        waiting={"F1": "parked: toy.refused"},
        cause=in_turn(
            settled(lambda hub: hub.books.reject.clear()),
            settled(lambda hub: hub.shop.put(toy.invoice("F1", "242"))),
            about("inbox.reread", Reread, "F1"),
        ),
        arrived={"F1": "done"},
    ),
    "owner: he saves the new password": Case(
        prepare=refused_login,
        waiting={"F1": "waiting: planning"},
        cause=new_login,
        arrived={"F1": "done"},
    ),
    "owner: he starts the flow": Case(
        prepare=in_turn(told("flow.pause", Pause(slug=FLOW)), shows(toy.invoice("F1"))),
        waiting={"F1": "waiting: planning"},
        cause=told("flow.start", Start(slug=FLOW)),
        arrived={"F1": "done"},
    ),
    "owner: he lets the books go on": Case(
        prepare=in_turn(told("stop", Stop(slug="books")), shows(toy.invoice("F1"))),
        waiting={"F1": "waiting: planning"},
        cause=told("go", Go(slug="books")),
        arrived={"F1": "done"},
    ),
    "owner: he lets everything go on": Case(
        prepare=in_turn(shows(toy.invoice("F1")), told("stop", Stop())),
        waiting={},
        cause=in_turn(shows(toy.invoice("F2")), told("go", Go())),
        arrived={"F1": "done", "F2": "done"},
    ),
    "owner: he says that the ledger goes on here": Case(
        prepare=restored,
        waiting={},
        cause=told("takeover", Takeover()),
        arrived={"F1": "done"},
    ),
}


@asynccontextmanager
async def program(hub: Installation, who: str) -> AsyncIterator[Installation]:
    """Who acts: the program that runs the loops, or another one on the same database."""
    if who == "the same":
        yield hub
        return
    other = hub.beside(Ledger(hub.ledger.address))
    try:
        yield other
    finally:
        await other.close()


async def until(hub: Installation, wanted: dict[str, str], seconds: float) -> None:
    """Return as soon as the records stand like this; seen from the database, whoever wrote it."""
    try:
        async with asyncio.timeout(seconds):
            while await hub.states() != wanted:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"not {wanted} after {seconds} s, but {await hub.states()}") from None


@pytest.mark.parametrize("who", ["the same", "another"])
@pytest.mark.parametrize("name", CASES)
async def test_it_wakes_in_time(installed: Installer, name: str, who: str) -> None:
    case = CASES[name]
    hub = await installed(case.policy, required=case.required)
    runner = Runner(hub.engine)
    loops = asyncio.create_task(runner.watch())
    try:
        async with program(hub, who) as actor:
            await case.prepare(actor)
            if case.waiting:
                await until(hub, case.waiting, 20)
            began = time.monotonic()
            await case.cause(actor)
            await until(hub, case.arrived, case.after + LIMIT)
            spent = time.monotonic() - began - case.after
    finally:
        runner.stop()
        await asyncio.wait_for(loops, 20)
    print(f"{name}, by {who} program: {max(spent, 0):.2f} s")  # noqa: T201
    assert hub.books.doubles == []
    assert hub.books.violations == []
