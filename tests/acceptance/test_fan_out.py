"""One shop, two companies' books: the shop is read once, and a dead target delays only its own flow."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

from mostek import commands, demo
from mostek.commands import connecting, flowing, looking
from tests.acceptance.house import House, opened, until
from tests.acceptance.judge import OURS, paid_once

DOCUMENTS = 240
SECOND = "second-books"
POLICY = {"mappings": {"document_type": {"receipt": "ÚČTENKA"}}}


async def test_a_second_target_costs_the_shop_no_call(tmp_path: Path, database: str) -> None:
    async with opened(tmp_path / "one", documents=DOCUMENTS, hostile="0") as house:
        await house.run()
        alone = await house.shop.calls()
    async with opened(tmp_path / "two", database, documents=DOCUMENTS, hostile="0") as house:
        company = await founded(house)
        await connected(house, company, house.wire.url)
        await house.run()
        assert await house.shop.calls() == alone
        await complete(house, "demo")
        await complete(house, company)
        keys = [each["ext_ids"] for name in ("demo", company) for each in await documents(house, name)]
        assert len({key for names in keys for key in names if key.startswith(OURS)}) == 2 * DOCUMENTS


async def test_a_target_that_refuses_delays_only_its_flow(tmp_path: Path, database: str) -> None:
    async with opened(tmp_path, database, documents=DOCUMENTS, hostile="0") as house:
        company = await founded(house)
        with closing(socket.socket()) as dead:
            dead.bind(("127.0.0.1", 0))  # taken, but nobody listens
            await connected(house, company, "http://{}:{}".format(*dead.getsockname()))
            await house.run("--patience", "3")
        await aside(house, company)


async def test_a_target_that_never_answers_delays_only_its_flow(tmp_path: Path, database: str) -> None:
    async with opened(tmp_path, database, documents=DOCUMENTS, hostile="0") as house, silent() as address:
        company = await founded(house)
        await connected(house, company, address)
        hub = await house.start(sys.executable, "-m", "tests.acceptance.killed_hub", "never", "0")
        try:
            await until(lambda: verified(house, demo.FLOW))
            assert hub.returncode is None, house.log
        finally:
            hub.kill()
            await hub.wait()
        await aside(house, company)


async def aside(house: House, company: str) -> None:
    """One flow is through while the other waits, and only that one goes on when its target answers again."""
    await complete(house, "demo")
    assert await documents(house, company) == []
    assert await standing(house) == {demo.FLOW: {"done": DOCUMENTS}, SECOND: {"waiting": DOCUMENTS}}
    sent = len(house.wire.written)
    await connected(house, company, house.wire.url)
    await house.run()
    await complete(house, company)
    assert {record.evidence for record in house.wire.written[:sent]} == {"adresar", "faktura-vydana"}
    assert await standing(house) == {demo.FLOW: {"done": DOCUMENTS}, SECOND: {"done": DOCUMENTS}}


async def founded(house: House) -> str:
    """A second company in the same books."""
    return str((await house.books.tell("company", name="Druhá s.r.o."))["company"])


async def connected(house: House, company: str, address: str) -> None:
    """A flow from the shop to this company; a second time, its new address."""
    settings = {
        "address": "https://demo.example",
        "test_address": address,
        "company": company,
        "login": "winstrom",
        "password": "winstrom",
    }
    async with house.hub() as hub:
        await commands.run(
            hub, "connect.add", connecting.Add(slug=SECOND, connector="flexibee", settings=settings), "test"
        )
        flows = await commands.run(hub, "flow.list", flowing.List(), "test")
        if SECOND not in {flow.slug for flow in flows}:
            flow = flowing.Add(slug=SECOND, source=demo.SOURCE, target=SECOND, policy=POLICY, live=True)
            await commands.run(hub, "flow.add", flow, "test")


@asynccontextmanager
async def silent() -> AsyncIterator[str]:
    """The address of a server that takes every call and answers none."""
    ends: list[asyncio.StreamWriter] = []

    async def take(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends.append(writer)

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    try:
        yield "http://{}:{}".format(*server.sockets[0].getsockname())
    finally:
        server.close()
        for end in ends:
            end.transport.abort()
        await server.wait_closed()


async def documents(house: House, company: str) -> list[dict[str, Any]]:
    """What is in this company's books."""
    return list(await house.books.ask(f"documents?company={company}"))


async def complete(house: House, company: str) -> None:
    """This company's books have every document of the shop, once and to the cent."""
    shop = demo.shop_side(await house.shop.ask("ledger"))
    assert demo.differences_of(shop, demo.books_side(await documents(house, company))) == []
    books = (await house.books.ask("ledger"))["companies"][company]
    paid_once(books)
    assert books["mails"] == 0


async def standing(house: House) -> dict[str, dict[str, int]]:
    """How many documents of each flow are in which state."""
    async with house.hub() as hub:
        status: looking.StatusView = await commands.run(hub, "status", looking.Status(), "test")
    found: dict[str, dict[str, int]] = {}
    for line in status.standing:
        states = found.setdefault(line.flow, {})
        states[line.state] = states.get(line.state, 0) + line.count
    return found


async def verified(house: House, flow: str) -> bool:
    """Whether a flow is through."""
    return (await standing(house)).get(flow) == {"done": DOCUMENTS}
