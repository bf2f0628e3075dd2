"""A shop, books and a hub between them in one process, with a wire in front of each that may lie."""

import asyncio
import contextlib
import re
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from mostek import commands
from mostek.commands import connecting, flowing, looking, mending
from mostek.connectors.flexibee.sandbox import create as create_books
from mostek.connectors.upgates.sandbox import create as create_shop
from mostek.desk import installation
from mostek.desk.installation import Installation
from mostek.documents.problem import Problem
from mostek.hub import engine, judgement, runner
from mostek.hub.ledger import Transaction
from mostek.hub.runner import Left, Runner
from mostek.sandbox import running
from mostek.sdk.messages import LANGUAGES, explain
from mostek.wording import packages

KEY, PASSWORD, PERSON = "api-key", "winstrom", "tester"
FLOW, SHOP, BOOKS = "shop-to-books", "shop", "books"


@dataclass(frozen=True, kw_only=True)
class Lie:
    """An answer in place of the true one, for calls whose method, path and body match."""

    path: str = ""
    method: str = ""
    containing: bytes = b""
    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    def meets(self, method: str, path: str) -> bool:
        """Whether it is about such calls."""
        return self.method in {"", method} and re.search(self.path, path) is not None


@dataclass(frozen=True)
class Call:
    """One call that came over the wire, with its headers by lower-case name."""

    method: str
    path: str
    headers: Mapping[str, str]


@dataclass
class Wire:
    """What a connection is given for an address: it passes calls on, unless told to lie."""

    upstream: str
    url: str = ""
    lies: list[Lie] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)

    def lie(self, request: web.Request, body: bytes) -> Lie | None:
        """The lie this call is told."""
        for lie in self.lies:
            if lie.meets(request.method, request.path) and lie.containing in body:
                return lie
        return None


@asynccontextmanager
async def wire(upstream: str, tls: ssl.SSLContext | None = None) -> AsyncIterator[Wire]:
    """A wire to a simulator; without a simulator behind it, it only listens and answers 404."""
    made = Wire(upstream)
    lines: set[asyncio.Transport] = set()
    async with aiohttp.ClientSession(auto_decompress=False) as session:

        async def handle(request: web.Request) -> web.StreamResponse:
            if request.transport is not None:
                lines.add(request.transport)
            body = await request.read()
            headers = {name.lower(): value for name, value in request.headers.items()}
            made.calls.append(Call(request.method, request.path, headers))
            lie = made.lie(request, body)
            if lie is not None:
                return web.Response(status=lie.status, body=lie.body, headers=lie.headers)
            if not upstream:
                return web.Response(status=404, text="{}")
            passed = {name: value for name, value in headers.items() if name not in {"host", "content-length"}}
            url = f"{upstream}{request.raw_path}"
            try:
                async with session.request(
                    request.method, URL(url, encoded=True), data=body, headers=passed, allow_redirects=False
                ) as answer:
                    return await _relayed(request, answer)
            except aiohttp.ClientError:  # the simulator cut its answer, so it is cut here too
                if request.transport is not None:
                    request.transport.close()
                return web.Response(status=500)

        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_route("*", "/{rest:.*}", handle)
        server = web.AppRunner(app, access_log=None, shutdown_timeout=0.5, handler_cancellation=True)
        await server.setup()
        try:
            await web.TCPSite(server, "127.0.0.1", 0, ssl_context=tls).start()
            made.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.addresses[0][1]}"
            yield made
        finally:
            await server.cleanup()
            for line in lines:  # of one whose client left, the rest would wait to be sent for ever
                line.abort()
            await asyncio.sleep(0)


async def _relayed(request: web.Request, answer: aiohttp.ClientResponse) -> web.StreamResponse:
    kept = {name: value for name, value in answer.headers.items() if name.lower() != "connection"}
    relayed = web.StreamResponse(status=answer.status, headers=kept)
    with contextlib.suppress(ConnectionError):
        await relayed.prepare(request)
        async for part in answer.content.iter_any():
            await relayed.write(part)
    return relayed


@dataclass
class House:
    """Everything of one installation, and what a test does with it."""

    hub: Installation
    shop: Wire
    books: Wire
    session: aiohttp.ClientSession
    address: str

    async def close(self) -> None:
        """Close the hub, which a test may have opened anew."""
        await self.hub.close()

    async def run(self, patience: float = 20) -> Left:
        """One pass over everything, effects verified at once."""
        return await Runner(self.hub.engine, verify_age_ms=0).once(patience)

    async def control(self, side: str, method: str, path: str, body: Any = None) -> Any:
        """Call the control API of one of the simulators."""
        upstream = self.shop.upstream if side == SHOP else self.books.upstream
        async with self.session.request(method, f"{upstream}/_sandbox/{path}", json=body) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json()

    async def put(self, number: str, payload: str, *, kind: str = "invoices") -> None:
        """Let the shop have an item with this very text."""
        await self.control(SHOP, "POST", "raw", {"list": kind, "number": number, "payload": payload})

    async def booked(self) -> list[dict[str, Any]]:
        """The documents in the books, from their own ledger."""
        documents: list[dict[str, Any]] = await self.control(BOOKS, "GET", "documents")
        return documents

    async def faults(self, side: str, *rules: Mapping[str, Any]) -> None:
        """Put these faults in force at one side, in place of all others."""
        await self.control(side, "PUT", "faults", list(rules))

    async def command(self, name: str, request: Any) -> Any:
        """Carry out a command as a person."""
        return await commands.run(self.hub, name, request, PERSON)

    async def status(self) -> looking.StatusView:
        """How everything stands."""
        found: looking.StatusView = await self.command("status", looking.Status())
        return found

    async def retry(self, cause: str) -> mending.Mended:
        """Decide the records of a cause again at the next run."""
        found: mending.Mended = await self.command("inbox.retry", mending.Retry(cause=cause))
        return found

    async def change(self, slug: str, **settings: Any) -> None:
        """Change settings of a connection, which also takes a stopped one up again."""
        connector = "upgates" if slug == SHOP else "flexibee"
        await self.command("connect.add", connecting.Add(slug=slug, connector=connector, settings=settings))

    async def connection(self, slug: str) -> connecting.View:
        """One connection as it is shown."""
        return next(view for view in (await self.status()).connections if view.slug == slug)

    async def feed_problem(self, feed: str = "invoice") -> Problem | None:
        """Why the last pass over a source list ended early."""
        found = next(view for view in (await self.status()).feeds if view.feed == feed)
        return as_problem(found.problem)

    async def endpoint_problem(self) -> Problem | None:
        """Why nothing can be written at the moment."""
        found = next(view for view in (await self.status()).endpoints if view.connection == BOOKS)
        return as_problem(found.problem)

    async def records(self) -> list[Mapping[str, Any]]:
        """Every record that was read, with its text and how it stands."""

        def rows(tx: Transaction) -> list[Mapping[str, Any]]:
            found = tx.rows("records_of_cases", cases=[case["id"] for case in _cases(tx)])
            decided = {
                row["record"]: row for row in tx.rows("decisions_of_records", records=[row["id"] for row in found])
            }
            return [{**dict(row), "decision": decided.get(row["id"])} for row in found]

        return await self.hub.ledger.read(rows)


def _cases(tx: Transaction) -> Sequence[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = tx._connection.execute("SELECT id FROM cases ORDER BY id").fetchall()
    return found


def as_problem(found: Mapping[str, Any] | None) -> Problem | None:
    """A problem as the status shows it."""
    if not found:
        return None
    return Problem(cause=found["cause"], field=found.get("field", ""), details=found.get("details", {}))


def is_explained(problem: Problem) -> bool:
    """Whether each language has a text and a cure of its own for it, with every value filled in."""
    told = [explain(problem, language, packages()) for language in LANGUAGES]
    texts = {message.text for message in told}
    return len(texts) == len(LANGUAGES) and all(message.cure and "{" not in message.cure for message in told)


@asynccontextmanager
async def house(
    folder: Path,
    *,
    policy: Mapping[str, Any] | None = None,
    shop: Mapping[str, str] | None = None,
    books: Mapping[str, str] | None = None,
    database: str = "",
) -> AsyncIterator[House]:
    """Set everything up in a folder: an empty shop, new books, the two connections and the flow."""
    async with AsyncExitStack() as stack:
        folder.mkdir(parents=True, exist_ok=True)
        selling = create_shop(folder / "shop", {"hostile": "0", **(shop or {})})
        stack.callback(selling.close)
        booking = create_books(folder / "books", {"today": "2026-03-20", **(books or {})})
        stack.callback(booking.close)
        shop_wire = await stack.enter_async_context(wire(await stack.enter_async_context(running(selling))))
        books_wire = await stack.enter_async_context(wire(await stack.enter_async_context(running(booking))))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        hub = installation.create(folder / "hub", database)
        made = House(hub, shop_wire, books_wire, session, database)
        stack.push_async_callback(made.close)
        await made.change(SHOP, test_address=shop_wire.url, login="mostek", api_key=KEY, tariff="addon")
        settings = {"address": "https://books.example", "test_address": books_wire.url, "company": "demo"}
        await made.change(BOOKS, **settings, login="winstrom", password=PASSWORD, settles_after=1)
        mappings = {"mappings": {"document_type": {"receipt": "ÚČTENKA"}}}
        chosen = {**mappings, **(policy or {})}
        request = flowing.Add(slug=FLOW, source=SHOP, target=BOOKS, policy=chosen, live=True)
        await made.command("flow.add", request)
        yield made


@contextlib.contextmanager
def hasty() -> Any:
    """Short pauses after failures and between looks, so that a second try is seen within the test."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(engine, "PAUSE_MS", 100)
        patched.setattr(judgement, "_AGAIN_MS", 200)
        patched.setattr(runner, "_IDLE", 0.03)
        yield
