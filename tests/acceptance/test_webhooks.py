"""A shop's webhooks: what changes there is in the books moments later, and a flood of calls loses nothing.

Two shops are simulated: one delivers webhooks itself, lost and doubled; a thousand connections at once stand for the
many processes with which a vendor may deliver.
"""

import asyncio
import base64
import json
import math
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, Request, build_opener

import pytest
import structlog

from tests.cli.desk import KEY, Desk, booked, pair
from tests.web.site import Site, serve

LOG = structlog.get_logger()
EVENTS = ("Orders.create", "Orders.update", "Invoices.create", "Invoices.update", "Invoices.delete")


@dataclass
class Shop:
    """The simulated shop, asked as its API user and as the one who runs it."""

    url: str

    def call(self, method: str, path: str, body: Any = None) -> Any:
        login = base64.b64encode(f"mostek:{KEY}".encode()).decode()
        content = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Basic {login}", "Content-Type": "application/json"}
        with build_opener(ProxyHandler({})).open(Request(self.url + path, content, headers, method=method)) as answer:
            return json.load(answer)

    def tell(self, path: str, **given: Any) -> Any:
        return self.call("POST", f"/_sandbox/{path}", given)

    def reads(self) -> Counter[str]:
        """How often each list was read since the last reset."""
        calls = self.call("GET", "/_sandbox/stats")["calls"]
        return Counter({route: count for route, count in calls.items() if route.startswith("GET")})

    def numbers(self, what: str = "documents", name: str = "number") -> list[str]:
        """Every document's number, or every order's."""
        return [str(each[name]) for each in self.call("GET", "/_sandbox/ledger")[what]]


@dataclass
class Town:
    """A shop and books that were brought into line, and the page that works on them; the shop is asked once an hour."""

    shop: Shop
    books: str
    site: Site
    hook: str

    def hooks(self) -> dict[str, int]:
        return dict(self.site.desk.document("hook", "list")[0])

    def settled(self, seconds: float = 30) -> None:
        """Wait until every call that came in has been read."""
        end = time.monotonic() + seconds
        while self.hooks()["waiting"]:
            assert time.monotonic() < end, self.hooks()
            time.sleep(0.2)


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    options = ("documents=60", f"key={KEY}", "tariff=addon", "hostile=0")
    with pair(tmp_path, 60, *options[3:]) as (shop, books):
        desk = Desk(tmp_path / "data")
        desk.connect(shop, books, tmp_path / "key")
        desk.done("run", "--once")
        made = desk.document("hook", "rotate", "shop")
        site = serve(desk, people=False)
        yield Town(Shop(shop), books, site, site.url + made["path"])
        assert "Traceback" not in site.end()


def test_what_changes_in_the_shop_is_in_the_books_moments_later(town: Town) -> None:
    for event in EVENTS:
        town.shop.call("POST", "/api/v2/webhooks", {"name": event, "url": town.hook, "event": event})
    town.shop.tell("webhooks/mischief", duplicate=3)
    before = set(booked(town.books))
    town.shop.tell("stats/reset")
    town.shop.tell("generate", documents=30, seed=9)
    town.shop.tell("webhooks/deliver")
    new = set(town.shop.numbers()) - before
    end = time.monotonic() + 30
    while not new <= set(booked(town.books)):
        assert time.monotonic() < end, sorted(new - set(booked(town.books)))
        time.sleep(0.2)
    assert len(booked(town.books)) == len(set(booked(town.books)))
    sent = town.shop.call("GET", "/_sandbox/webhooks/sent")["sent"]
    assert {each["status"] for each in sent} == {204}
    assert town.hooks()["repeated"] == len(sent) - len({json.dumps(each["body"]) for each in sent}) > 0
    assert all(count <= 2 for count in town.shop.reads().values()), town.shop.reads()


@dataclass
class Flood:
    """What so many callers met."""

    statuses: Counter[str]
    slowest: float
    seconds: float


async def flood(url: str, calls: list[bytes], callers: int) -> Flood:
    """Send all calls over so many connections, all open at once; each caller sends on when he has his answer."""
    found, queue = urlsplit(url), iter(calls)
    statuses: Counter[str] = Counter()
    times: list[float] = []
    lines = [asyncio.open_connection(found.hostname, found.port) for _ in range(callers)]
    opened = await asyncio.gather(*lines)
    began = time.monotonic()

    async def call(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for body in queue:
            sent = time.monotonic()
            head = f"POST {found.path} HTTP/1.1\r\nHost: {found.netloc}\r\nContent-Length: {len(body)}\r\n\r\n"
            writer.write(head.encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            times.append(time.monotonic() - sent)
            statuses[answer.split()[1].decode()] += 1

    await asyncio.gather(*(call(*line) for line in opened))
    seconds = time.monotonic() - began
    for _, writer in opened:
        writer.close()
    return Flood(statuses, max(times), seconds)


@pytest.mark.parametrize(
    ("callers", "size"), [(100, 1_000), pytest.param(1_000, 5_000, marks=pytest.mark.soak, id="flood")]
)
def test_many_calls_at_once_lose_nothing(town: Town, callers: int, size: int) -> None:
    known = read_orders(town)
    town.shop.tell("generate", documents=900, seed=5)
    orders = sorted(set(town.shop.numbers("orders")) - known)
    bodies = [json.dumps({"orders": [{"order_number": number, "last_update_time": "x"}]}) for number in orders]
    calls = [body.encode() for body in (bodies * math.ceil(size / len(bodies)))[:size]]
    town.shop.tell("stats/reset")
    met = asyncio.run(flood(town.hook, calls, callers))
    LOG.info("flood", met=met)
    assert met.statuses == {"204": size}
    assert met.slowest < 1
    hooks = town.hooks()
    assert (hooks["received"], hooks["repeated"]) == (size, size - len(bodies))
    town.settled()
    assert set(orders) <= read_orders(town)
    reads = town.shop.reads()
    LOG.info("read again", orders=len(orders), calls=reads)
    assert sum(reads.values()) <= math.ceil(len(orders) / 100)


def read_orders(town: Town) -> set[str]:
    """The orders that the hub has read."""
    with sqlite3.connect(town.site.desk.data / "mostek.db") as ledger:
        return {row[0] for row in ledger.execute("SELECT source_id FROM record WHERE kind = 'order'")}
