"""A shop of any length and books that remember little, in one process of their own, and the connector for both.

The vendors' simulators take a hundred documents a second and keep each; for a back-fill of 100,000 that would measure
them. This vendor takes thousands, so that the hub is what is measured. It prevents nothing: what is entered twice
stands twice.

``python -m tests.acceptance.plain serve 100000`` is the vendor; ``python -m tests.acceptance.plain run ...`` is
``mostek run`` with the connector in place of all others.
"""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import date
from functools import cache
from typing import Annotated, Any, TypeVar

import msgspec
from aiohttp import web

from mostek import cli
from mostek.documents import canonical
from mostek.documents.invoice import Invoice
from mostek.hub import connections
from mostek.sdk.batch import findings, in_batches
from mostek.sdk.capability import Connector, Context, Health
from mostek.sdk.effect import Action, Done, Finding, Found, Intent, Match, Question, Result, Statement
from mostek.sdk.http import Http, HttpPolicy
from mostek.sdk.manifest import FeedManifest, Limits, Manifest, WriteManifest
from mostek.sdk.record import Page, Record, Summary
from mostek.sdk.settings import Settings, option
from tests.hub import papers, toy

PAGE = 200
T = TypeVar("T")
_ENTERED = msgspec.json.Decoder(list[tuple[str, str, msgspec.Raw]])
_TEMPLATE = msgspec.json.encode(papers.invoice("F0000000"))


class Vendor:
    """Both sides. The shop's documents are numbered by their change; ``live`` are the numbers placed while it ran."""

    def __init__(self, documents: int) -> None:
        self.names = [f"F{number:07d}" for number in range(1, documents + 1)]
        self.live: dict[str, float] = {}
        self.arrived: dict[str, float] = {}
        self.entered: Counter[str] = Counter()
        self.shown: dict[str, bytes] = {}

    def routes(self) -> Iterator[web.RouteDef]:
        """The shop's list of changes, the books, and what a test does and asks."""
        yield web.get("/changes", self.changes)
        yield web.post("/documents", self.enter)
        yield web.post("/shown", self.look)
        yield web.post("/place", self.place)
        yield web.get("/standing", self.standing)

    async def changes(self, request: web.Request) -> web.Response:
        """The documents after a place in the list."""
        after = int(request.query["after"])
        found = [_TEMPLATE.replace(b"F0000000", name.encode()) for name in self.names[after : after + PAGE]]
        return web.Response(body=b"[" + b",".join(found) + b"]")

    async def enter(self, request: web.Request) -> web.Response:
        """Enter documents: key, number, and what shall be shown of each."""
        ids = []
        for key, number, statement in msgspec.json.decode(
            await request.read(), type=list[tuple[str, str, msgspec.Raw]]
        ):
            self.entered[key] += 1
            self.shown[key] = bytes(statement)
            if number in self.live:
                self.arrived[number] = time.monotonic() - self.live[number]
            ids.append(f"T{len(self.shown)}")
        return web.json_response(ids)

    async def look(self, request: web.Request) -> web.Response:
        """What stands under these keys, null where nothing does."""
        keys = await request.json()
        return web.Response(body=b"[" + b",".join(self.shown.get(key, b"null") for key in keys) + b"]")

    async def place(self, request: web.Request) -> web.Response:
        """A new document in the shop, from now on."""
        name = f"L{len(self.live) + 1:07d}"
        self.names.append(name)
        self.live[name] = time.monotonic()
        return web.json_response(name)

    async def standing(self, _: web.Request) -> web.Response:
        """How much was entered, what more than once, and the seconds that live documents took."""
        doubles = [key for key, times in self.entered.items() if times > 1]
        return web.json_response({"entered": len(self.shown), "doubles": doubles, "live": self.arrived})


class PlainSettings(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the vendor listens."""

    address: Annotated[str, option("Address", "Where does it listen?")]


class Session:
    """The client of both sides."""

    def __init__(self, settings: PlainSettings, context: Context) -> None:
        self._address, self._now = settings.address, context.now
        self._http = Http(HttpPolicy(private=True, plain=True, concurrent=8), context.recorder)

    async def check(self) -> Health:
        return Health(system="Plain vendor")

    async def close(self) -> None:
        await self._http.close()

    async def read(self, feed: str, cursor: str, since: date | None) -> AsyncIterator[Page]:
        """The changes since the last time; the cursor is how many have been read."""
        place, more = int(cursor or 0), True
        while more:
            answer = await self._http.send("GET", f"{self._address}/changes?after={place}")
            found = msgspec.json.decode(answer.body, type=list[msgspec.Raw])
            place, more = place + len(found), len(found) == PAGE
            records = tuple(_record(bytes(raw)) for raw in found)
            yield Page(records=records, cursor=str(place), more=more, watermark=None if more else self._now())

    async def get(self, feed: str, ids: Sequence[str]) -> tuple[Record, ...]:
        return ()

    async def write(self, intents: Sequence[Intent]) -> Sequence[Result]:
        return await in_batches(intents, 50, self._send, self._now())

    async def _send(self, intents: Sequence[Intent]) -> Sequence[Result]:
        rows = [(intent.action.key, _document(intent.action).number, _shown(intent.action)) for intent in intents]
        names = await self._post("documents", rows, list[str])
        return [Done(id=name, number=number) for name, (_, number, _) in zip(names, rows, strict=True)]

    async def find(self, intents: Sequence[Intent]) -> Sequence[Finding]:
        async def look(asked: Sequence[Intent]) -> dict[int, Finding]:
            found = await self._post("shown", [intent.action.key for intent in asked], list[Statement | None])
            return {place: Found(ids=("T",)) for place, each in enumerate(found) if each}

        return await findings(intents, look, self._now())

    async def verify(self, intents: Sequence[Intent]) -> Sequence[Statement | None]:
        return await self._post("shown", [intent.action.key for intent in intents], list[Statement | None])

    async def ask(self, questions: Sequence[Question]) -> Sequence[tuple[Match, ...]]:
        return [()] * len(questions)

    async def totals(self, since: date, until: date) -> AsyncIterator[Statement]:
        return
        yield

    async def _post(self, path: str, body: Any, kind: type[T]) -> T:
        headers = {"Content-Type": "application/json"}
        answer = await self._http.send("POST", f"{self._address}/{path}", msgspec.json.encode(body), headers)
        return msgspec.json.decode(answer.body, type=kind)


def _record(payload: bytes) -> Record:
    document = msgspec.json.decode(payload, type=Invoice)
    return Record(
        kind="invoice",
        id=document.id,
        root=f"invoice:{document.number}",
        payload=payload,
        fingerprint=canonical.digest(payload.decode()),
        summary=Summary(number=document.number, total=document.total, dated=document.issued),
    )


def _document(action: Action) -> Invoice:
    assert isinstance(action.subject, Invoice)
    return action.subject


def _shown(action: Action) -> Statement | None:
    return toy.expect(toy.BooksSettings(books=""), action)


PLAIN: Connector[PlainSettings] = Connector(
    manifest=Manifest(
        id="plain",
        names={"en": "Plain vendor"},
        docs="tests",
        api_version="1",
        proof={"en": "Made for tests."},
        settles_after=1,
        feeds={"invoice": FeedManifest(kinds=("invoice",), changes="log", every=1)},
        writes={"invoice": WriteManifest(key_strength="searchable", verbs=("create",))},
        limits=Limits(concurrent=4, batch=50),
    ),
    settings=PlainSettings,
    open=Session,
    parse=lambda _, record: msgspec.json.decode(record.payload, type=Invoice),
    render=lambda _, action: canonical.encode(action),
    expect=lambda _, action: _shown(action),
    profile=toy.PROFILE,
)


def known() -> dict[str, Any]:
    """The connector in place of all others."""
    return {PLAIN.manifest.id: PLAIN}


async def serve(documents: int) -> None:
    """Serve until the process is ended; the address is the first line that is printed."""
    application = web.Application(client_max_size=2**26)
    application.add_routes(list(Vendor(documents).routes()))
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    print(f"http://{host}:{port}", flush=True)  # noqa: T201
    await asyncio.Event().wait()


def main() -> None:
    """The vendor, or the program."""
    if sys.argv[1] == "serve":
        asyncio.run(serve(int(sys.argv[2])))
    connections.connectors = cache(known)
    cli.main()


if __name__ == "__main__":
    main()
