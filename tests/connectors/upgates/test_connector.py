"""Reading against a list that changes while it is read: nothing is lost, and no pass goes on for ever."""

import json
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import msgspec
import pytest
from aiohttp import web

from mostek.connectors.upgates.connector import FEEDS, Shop, connector
from mostek.connectors.upgates.settings import UpgatesSettings
from mostek.documents.money import Money
from mostek.sdk.capability import Context, Reads, Writes
from mostek.sdk.errors import ConfigurationError, RateLimitedError
from mostek.sdk.limits import Budget
from mostek.sdk.record import Page
from tests.connectors.upgates.samples import PRAGUE
from tests.connectors.upgates.vendor import answer, listed, vendor

START = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)
Change = Callable[["Lists"], None]


def changing(*put: str, drop: tuple[str, ...] = ()) -> Change:
    """Delete some, then create or change some."""

    def change(lists: "Lists") -> None:
        lists.drop(*drop)
        for number in put:
            lists.put(number)

    return change


class Lists:
    """The vendor's two lists, with a clock that goes on a second a call, and changes before chosen calls."""

    def __init__(self, name: str, size: int = 100, *, newest_first: bool = False) -> None:
        self.name, self.size, self.newest_first = name, size, newest_first
        self.now = START
        self.items: dict[str, dict[str, Any]] = {}
        self.gone: set[str] = set()
        self.calls: list[dict[str, str]] = []
        self.before: dict[int, Change] = {}

    def put(self, number: str, at: datetime | None = None) -> None:
        """Create or change one; a number is never used twice."""
        if number in self.gone:
            return
        at = at or self.now
        stamp = at.astimezone(PRAGUE).isoformat()
        key = "order_number" if self.name == "orders" else "invoice_number"
        before = self.items.get(number, {"created": at, "version": 0})
        self.items[number] = {
            key: number,
            "version": before["version"] + 1,
            "created": before["created"],
            "changed": at,
            "last_update_time": stamp,
            "creation_time": before["created"].astimezone(PRAGUE).isoformat(),
        }

    def drop(self, *numbers: str) -> None:
        """Delete some."""
        for number in numbers:
            self.items.pop(number)
            self.gone.add(number)

    def fill(self, count: int, step: timedelta = timedelta(minutes=1), *, ends: datetime = START) -> None:
        """That many, evenly in time."""
        for place in range(count):
            self.put(str(10_000 + place), ends - step * (count - place))

    async def handle(self, request: web.Request) -> web.Response:
        query = dict(request.query)
        self.calls.append(query)
        change = self.before.get(len(self.calls))
        if change:
            change(self)
        self.now += timedelta(seconds=1)
        asked = {"creation_time_from": "created", "last_update_time_from": "changed"}
        found = [
            item
            for item in self.items.values()
            if all(item[by] >= datetime.fromisoformat(query[name]) for name, by in asked.items() if name in query)
        ]
        found.sort(
            key=lambda item: item["changed"] if "order_by" in query else item["created"], reverse=self.newest_first
        )
        page = int(query["page"])
        shown = found[(page - 1) * self.size : page * self.size]
        plain = [{name: value for name, value in item.items() if name not in {"created", "changed"}} for item in shown]
        pages = -(-len(found) // self.size)
        return listed(self.name, plain, pages=pages, total=len(found), Date=format_datetime(self.now, usegmt=True))


@asynccontextmanager
async def opened(lists: Lists, budget: Budget | None = None) -> AsyncIterator[Shop]:
    async with vendor(lists.handle) as server:
        given = UpgatesSettings(login="a", api_key="b", test_address=server.address, tariff="addon")
        shop = Shop(given, Context(slug="shop", zone=PRAGUE, now=lambda: lists.now, budget=budget or Budget()))
        try:
            yield shop
        finally:
            await shop.close()


async def whole_pass(shop: Shop, feed: str, cursor: str = "", since: date | None = None) -> list[Page]:
    pages = [page async for page in shop.read(feed, cursor, since)]
    assert [page.more for page in pages] == [True] * (len(pages) - 1) + [False]
    return pages


def versions(pages: list[Page]) -> dict[str, int]:
    """The latest version seen of each record."""
    found: dict[str, int] = {}
    for page in pages:
        for record in page.records:
            found[record.id] = max(found.get(record.id, 0), json.loads(record.payload)["version"])
    return found


def expected(lists: Lists) -> dict[str, int]:
    return {number: item["version"] for number, item in lists.items.items()}


def test_what_it_can_do() -> None:
    assert connector.id == "upgates"
    assert set(connector.manifest.feeds) == set(FEEDS) == {"order", "invoice", "contact"}
    assert issubclass(Shop, Reads)
    assert issubclass(Shop, Writes)
    assert set(connector.manifest.writes) == {"contact"}
    assert connector.parse
    assert connector.render
    assert connector.shows
    assert connector.manifest.limits.concurrent == 2


@pytest.mark.parametrize(("feed", "name"), [("order", "orders"), ("invoice", "invoices")])
@pytest.mark.parametrize("count", [0, 1, 100, 101, 250])
async def test_a_quiet_list(feed: str, name: str, count: int) -> None:
    lists = Lists(name)
    lists.fill(count)
    async with opened(lists) as shop:
        pages = await whole_pass(shop, feed)
        assert versions(pages) == expected(lists)
        once = max(1, -(-count // 100))
        # Invoices have no order: more than one page is read twice.
        assert len(lists.calls) == (once if feed == "order" or once == 1 else 2 * once)
        assert pages[-1].watermark is not None
        assert START - timedelta(minutes=6) < pages[-1].watermark < START
        # The pass after it brings the overlap only, in one call.
        lists.now += timedelta(minutes=30)
        calls = len(lists.calls)
        following = await whole_pass(shop, feed, pages[-1].cursor)
        assert len(lists.calls) == calls + 1
        assert len(versions(following)) <= 6


async def test_every_call_has_a_filter_and_orders_are_sorted() -> None:
    orders, invoices = Lists("orders"), Lists("invoices")
    async with opened(orders) as shop:
        await whole_pass(shop, "order", since=date(2025, 2, 1))
    async with opened(invoices) as shop:
        first = await whole_pass(shop, "invoice", since=date(2025, 2, 1))
        await whole_pass(shop, "invoice", first[-1].cursor)
    # Midnight in Prague, in UTC.
    sorting = {"order_by": "last_update_time", "order_dir": "asc", "page": "1"}
    assert orders.calls == [{"last_update_time_from": "2025-01-31T23:00:00+00:00", **sorting}]
    assert invoices.calls == [
        {"creation_time_from": "2025-01-31T23:00:00+00:00", "page": "1"},
        {"last_update_time_from": "2025-03-01T11:55:01+00:00", "page": "1"},
    ]


async def test_orders_that_change_between_pages_are_not_slipped_over() -> None:
    lists = Lists("orders")
    lists.fill(350)
    # Orders of pages that were read move to the end: with page numbers the next ones would move up unseen.
    lists.before = {call: changing(*(str(10_000 + call * 10 + k) for k in range(9))) for call in (2, 3, 4)}
    async with opened(lists) as shop:
        assert versions(await whole_pass(shop, "order")) == expected(lists)


async def test_more_orders_in_one_second_than_a_page_holds() -> None:
    lists = Lists("orders", size=10)
    bulk = START - timedelta(hours=1)
    lists.fill(15, ends=bulk - timedelta(hours=1))
    for number in range(95):
        lists.put(f"bulk-{number}", bulk)
    lists.fill(5)
    # While the pages of that second are read, orders leave it: the first run skips some, the second finds them.
    lists.before = {call: changing(f"bulk-{call}") for call in (5, 6, 7)}
    async with opened(lists) as shop:
        pages = await whole_pass(shop, "order")
        assert versions(pages) == expected(lists)
        assert pages[-1].watermark is not None
        assert len(lists.calls) < 40


async def test_an_order_from_the_future_holds_nothing_up() -> None:
    lists = Lists("orders")
    lists.fill(3)
    lists.put("future", START + timedelta(days=900))
    async with opened(lists) as shop:
        pages = await whole_pass(shop, "order")
        lists.now += timedelta(hours=1)
        lists.put("late")
        assert "late" in versions(await whole_pass(shop, "order", pages[-1].cursor))


async def test_an_order_committed_late_is_seen_by_the_next_pass() -> None:
    lists = Lists("orders")
    lists.fill(3)
    async with opened(lists) as shop:
        pages = await whole_pass(shop, "order")
        lists.put("late", START - timedelta(minutes=3))
        lists.now += timedelta(minutes=15)
        assert "late" in versions(await whole_pass(shop, "order", pages[-1].cursor))


async def test_a_quiet_shop_reads_the_same_few_orders_and_its_cursor_stands() -> None:
    lists = Lists("orders")
    lists.fill(20)
    async with opened(lists) as shop:
        cursor = (await whole_pass(shop, "order"))[-1].cursor
        for _ in range(3):
            lists.now += timedelta(hours=1)
            pages = await whole_pass(shop, "order", cursor)
            assert pages[-1].cursor == cursor


@pytest.mark.parametrize("newest_first", [False, True])
async def test_invoices_that_come_and_go_between_pages(newest_first: bool) -> None:
    lists = Lists("invoices", newest_first=newest_first)
    lists.fill(350)
    # One goes and one comes: the count stays what it was between two calls, and an item slips.
    lists.before = {2: changing("new-1", "new-2", drop=("10000", "10349"))}
    async with opened(lists) as shop:
        pages = await whole_pass(shop, "invoice")
        seen = versions(pages)
        assert expected(lists).items() <= seen.items()
        assert pages[-1].watermark is not None
        assert len(lists.calls) <= 12


async def test_pages_are_read_until_a_sweep_brings_nothing_old() -> None:
    lists = Lists("invoices")
    lists.fill(150)
    lists.before = {2: changing(drop=("10000",)), 4: changing("new")}
    async with opened(lists) as shop:
        pages = await whole_pass(shop, "invoice")
        # The first sweep missed the 101st, the second found it, the third brought only what was created meanwhile.
        assert [call["page"] for call in lists.calls] == ["1", "2"] * 3
        assert expected(lists).items() <= versions(pages).items()
        assert pages[-1].watermark is not None


async def test_a_list_that_never_rests_is_read_again_by_the_next_pass() -> None:
    old = "2025-02-01T10:00:00Z"

    async def never_the_same(request: web.Request) -> web.Response:
        page, call = int(request.query["page"]), len(server.asked)
        return listed("invoices", [{"invoice_number": f"{page}-{call}", "creation_time": old}], pages=2)

    async with vendor(never_the_same) as server:
        given = UpgatesSettings(login="a", api_key="b", test_address=server.address, tariff="addon")
        shop = Shop(given, Context(slug="shop", zone=PRAGUE))
        pages = await whole_pass(shop, "invoice")
        assert len(server.asked) == 6
        assert pages[-1].watermark is None  # not sure to be complete: no claim
        server.answers = [listed("invoices", [{"invoice_number": "1", "creation_time": old}])]
        again = await whole_pass(shop, "invoice", pages[-1].cursor)
        await shop.close()
    assert server.queries[6] == server.queries[0]
    assert again[-1].watermark is not None


@pytest.mark.parametrize("feed", ["order", "invoice"])
@pytest.mark.parametrize("content", ["same", "empty"])
async def test_pages_without_end(feed: str, content: str) -> None:
    items = [
        {"order_number": str(n), "invoice_number": str(n), "last_update_time": "2025-03-01T10:00:00Z"} for n in range(3)
    ]
    endless = listed(f"{feed}s", items if content == "same" else [], pages=10**8, total=10**8)
    async with vendor(endless) as server:
        given = UpgatesSettings(login="a", api_key="b", test_address=server.address, tariff="addon")
        shop = Shop(given, Context(slug="shop", zone=PRAGUE))
        pages = await whole_pass(shop, feed)
        await shop.close()
    assert len(pages) <= 9
    assert content == "empty" or pages[-1].watermark is None


@pytest.mark.parametrize("feed", ["order", "invoice"])
@pytest.mark.parametrize("cut", [1, 2, 3, 4])
async def test_a_pass_that_is_cut_goes_on_where_it_was(feed: str, cut: int) -> None:
    lists = Lists(f"{feed}s")
    lists.fill(450)
    async with opened(lists) as shop:
        seen: list[Page] = []
        async for page in shop.read(feed, "", None):
            seen.append(page)
            if len(seen) == cut:
                break
        lists.put("10000")
        calls = len(lists.calls)
        rest = await whole_pass(shop, feed, seen[-1].cursor)
        assert lists.calls[calls] != lists.calls[0]
        assert expected(lists).keys() <= versions(seen + rest).keys()
        following = await whole_pass(shop, feed, rest[-1].cursor)
        assert versions(seen + rest + following) == expected(lists)


async def test_the_budget_cuts_a_pass_and_the_next_hour_goes_on() -> None:
    lists = Lists("invoices")
    lists.fill(250)
    async with opened(lists, budget := Budget()) as shop:
        budget.per_hour, budget.per_day = 2, 0
        reading = shop.read("invoice", "", None)
        seen = [await anext(reading), await anext(reading)]
        with pytest.raises(RateLimitedError):
            await anext(reading)
        lists.now += timedelta(hours=1)
        budget.per_hour = 100
        rest = await whole_pass(shop, "invoice", seen[-1].cursor)
    assert lists.calls[2]["page"] == "3"
    assert versions(seen + rest) == expected(lists)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("feed", ["order", "invoice"])
async def test_whatever_happens_a_quiet_pass_completes_it(feed: str, seed: int) -> None:
    chance = random.Random(seed)
    lists = Lists(f"{feed}s", size=5, newest_first=feed == "invoice" and bool(seed % 2))
    lists.fill(chance.randrange(60), timedelta(seconds=chance.choice([0, 1, 20, 300])))

    def change(found: Lists) -> None:
        for _ in range(chance.randrange(4)):
            found.put(str(chance.randrange(10_000, 10_080)))
        if found.items and not chance.randrange(4):
            found.drop(chance.choice(list(found.items)))

    seen: list[Page] = []
    cursor = ""
    async with opened(lists) as shop:
        lists.before = dict.fromkeys(range(1, 80), change)
        for _ in range(4):
            seen += await whole_pass(shop, feed, cursor)
            cursor = seen[-1].cursor
            lists.now += timedelta(minutes=2)
        lists.before = {}
        seen += await whole_pass(shop, feed, cursor)
    found = versions(seen)
    assert expected(lists).items() <= found.items()


@pytest.mark.parametrize(
    "cursor", ["{", "[]", '{"by": "changed"}', '{"by": "x", "since": "2025-01-01T00:00:00Z"}', "42"]
)
async def test_a_cursor_that_is_none(cursor: str) -> None:
    async with opened(Lists("orders")) as shop:
        with pytest.raises(ConfigurationError) as error:
            await whole_pass(shop, "order", cursor)
    assert error.value.problem.cause == "payload.cursor"


async def test_get_asks_for_a_hundred_at_once() -> None:
    async def found(request: web.Request) -> web.Response:
        numbers = request.query["invoice_numbers"].split(";")
        kinds = [{"invoice_number": number, "type": kind} for number in numbers for kind in ("invoice", "receipt")]
        page = int(request.query["page"])
        shown = [item for item in kinds if item["invoice_number"] != "9"]
        return listed("invoices", shown[(page - 1) * 100 : page * 100], pages=-(-len(shown) // 100), total=len(shown))

    async with vendor(found) as server:
        given = UpgatesSettings(login="a", api_key="b", test_address=server.address, tariff="addon")
        shop = Shop(given, Context(slug="shop", zone=PRAGUE))
        ids = [str(n) for n in range(150)]
        records = await shop.get("invoice", [*ids, "0", "", "unread-" + "0" * 32, "7;8"])
        await shop.close()
    assert {record.id for record in records} == set(ids) - {"9"}
    assert {record.kind for record in records} == {"invoice", "receipt"}
    assert len(records) == 298
    assert [len(query["invoice_numbers"].split(";")) for query in server.queries] == [100, 100, 50]


async def test_get_is_not_led_on_by_a_filter_that_is_ignored() -> None:
    others = [{"order_number": str(n)} for n in range(100)]
    async with vendor(listed("orders", others, pages=500, total=50_000)) as server:
        given = UpgatesSettings(login="a", api_key="b", test_address=server.address, tariff="addon")
        shop = Shop(given, Context(slug="shop", zone=PRAGUE))
        assert [record.id for record in await shop.get("order", ["7"])] == ["7"]
        assert await shop.get("order", ["none"]) == ()
        await shop.close()
    assert len(server.asked) <= 3


SERVICES = [
    {"service": "Objednávky", "url": "https://shop.admin.s1.upgates.com/api/v2/orders", "privilege": "readonly"},
    {"service": "Faktury", "url": "https://shop.admin.s1.upgates.com/api/v2/invoices/", "privilege": "all"},
]


@pytest.mark.parametrize(
    ("services", "missing"),
    [
        (SERVICES, []),
        (SERVICES[:1], ["invoices"]),
        ([SERVICES[0] | {"privilege": "deny"}, SERVICES[1]], ["orders"]),
        ([], ["orders", "invoices"]),
    ],
)
async def test_check_tells_what_may_not_be_read(services: list[dict[str, str]], missing: list[str]) -> None:
    async with vendor(listed("services", services)) as server:
        given = UpgatesSettings(login="a", api_key="b", test_address=server.address)
        shop = Shop(given, Context(slug="shop", zone=PRAGUE, now=lambda: START - timedelta(seconds=90)))
        health = await shop.check()
        await shop.close()
    assert [problem.details["right"] for problem in health.problems] == missing
    assert {problem.cause for problem in health.problems} <= {"upgates.right"}
    assert health.rights == tuple(f"{service['service']}: {service['privilege']}" for service in services)
    assert health.clock_skew_seconds == 90
    assert [request.path for request in server.asked] == ["/api/v2/status"]


async def test_check_tells_the_new_address_and_the_real_tariff() -> None:
    async with (
        vendor() as old,
        vendor(listed("services", SERVICES, X_Rate_Limit_Hour="50", X_Rate_Limit_Day="600")) as new,
    ):
        old.answers = [answer(json.dumps({"api_url": new.address}), 301)]
        given = UpgatesSettings(login="a", api_key="b", test_address=old.address)
        shop = Shop(given, Context(slug="shop", zone=PRAGUE))
        health = await shop.check()
        await shop.close()
    assert [(problem.cause, dict(problem.details)) for problem in health.problems] == [
        ("upgates.moved", {"address": new.address}),
        ("upgates.tariff", {"set": "10 / 100", "found": "50 / 600"}),
    ]


async def test_records_are_the_items_own_bytes() -> None:
    body = b'{"number_of_pages": 1, "orders": [ {"order_number":"1",  "order_total": 168.60, "currency_id": "CZK"} ]}'

    async def sent(_: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json")

    async with vendor(sent) as server:
        given = UpgatesSettings(login="a", api_key="b", test_address=server.address, tariff="addon")
        shop = Shop(given, Context(slug="shop", zone=PRAGUE))
        [page] = await whole_pass(shop, "order")
        await shop.close()
    [record] = page.records
    assert record.payload == b'{"order_number":"1",  "order_total": 168.60, "currency_id": "CZK"}'
    assert record.summary.total == Money(16860, "CZK")
    assert msgspec.json.decode(msgspec.json.encode(page), type=Page) == page
