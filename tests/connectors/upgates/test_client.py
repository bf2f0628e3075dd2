"""The wire: login, limits, a shop that moves, and every answer that is no data."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from string import Formatter
from typing import Any

import pytest
from aiohttp import web

from mostek.connectors.upgates.client import Client
from mostek.connectors.upgates.settings import UpgatesSettings
from mostek.documents.problem import InvalidDocumentError, Problem
from mostek.sdk.capability import Context
from mostek.sdk.errors import (
    AuthFailedError,
    BadResponseError,
    ConfigurationError,
    NotReadyError,
    RateLimitedError,
    VendorError,
)
from mostek.sdk.http import Exchange
from mostek.sdk.limits import Budget
from mostek.sdk.messages import LANGUAGES, catalogue
from mostek.sdk.settings import load, secrets
from tests.connectors.upgates.samples import PRAGUE
from tests.connectors.upgates.vendor import Handler, Vendor, answer, listed, vendor

NOW = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)


def settings(address: str) -> UpgatesSettings:
    return UpgatesSettings(login="reader", api_key="s3cret-key", test_address=address)


@asynccontextmanager
async def opened(
    *answers: web.Response | Handler,
    budget: Budget | None = None,
    now: datetime = NOW,
    heard: list[Exchange] | None = None,
) -> AsyncIterator[tuple[Client, Vendor]]:
    recorder = None if heard is None else heard.append
    async with vendor(*answers) as server:
        context = Context(slug="shop", zone=PRAGUE, budget=budget or Budget(), now=lambda: now, recorder=recorder)
        client = Client(settings(server.address), context)
        try:
            yield client, server
        finally:
            await client.close()


def assert_explained(problem: Problem) -> None:
    """The texts quote only what the problem has."""
    for language in LANGUAGES:
        message = catalogue("mostek.connectors.upgates.messages", language)[problem.cause]
        names = {name for text in (message.text, message.cure) for _, name, _, _ in Formatter().parse(text) if name}
        assert names <= problem.details.keys() | {"field"}


async def failure(*answers: web.Response | Handler, **facts: Any) -> VendorError:
    async with opened(*answers, **facts) as (client, _):
        with pytest.raises(VendorError) as error:
            await client.orders({"page": "1"})
        if error.value.problem.cause.startswith("upgates."):
            assert_explained(error.value.problem)
        return error.value


async def test_a_page_of_orders() -> None:
    heard: list[Exchange] = []
    async with opened(listed("orders", [{"order_number": "1"}, {"b": 168.60}], pages=3, total=250), heard=heard) as (
        client,
        server,
    ):
        listing = await client.orders({"last_update_time_from": "2025-03-01T10:00:00+00:00", "order_numbers": "1;2"})
    assert listing.items == (b'{"order_number": "1"}', b'{"b": 168.6}')
    assert (listing.pages, listing.at) == (3, NOW)
    [request] = server.asked
    assert (request.method, request.path) == ("GET", "/api/v2/orders")
    assert server.queries == [{"last_update_time_from": "2025-03-01T10:00:00+00:00", "order_numbers": "1;2"}]
    assert request.headers["Authorization"] == "Basic " + base64.b64encode(b"reader:s3cret-key").decode()
    assert "s3cret-key" not in str(heard)


@pytest.mark.parametrize(("status", "cause"), [(401, "upgates.login"), (403, "upgates.forbidden")])
async def test_a_refused_login_is_told_at_once(status: int, cause: str) -> None:
    async with opened(answer('{"message": "no"}', status)) as (client, server):
        with pytest.raises(AuthFailedError) as error:
            await client.orders({})
        assert error.value.problem.cause == cause
        assert len(server.asked) == 1


async def test_a_wrong_login_is_never_tried_twice() -> None:
    async with opened(answer("{}", 401), listed("orders", [])) as (client, server):
        for _ in range(3):
            with pytest.raises(AuthFailedError):
                await client.orders({})
        assert len(server.asked) == 1


async def test_a_locked_user_is_told_from_one_without_the_right() -> None:
    async with opened(answer("{}", 403)) as (client, _):
        with pytest.raises(AuthFailedError) as error:
            await client.status()
    assert error.value.problem.cause == "upgates.locked"


@pytest.mark.parametrize(
    ("retry_after", "until"),
    [
        ("Sat, 01 Mar 2025 13:00:00 GMT", NOW + timedelta(hours=1)),
        ("2025-03-01 13:00:00", NOW + timedelta(hours=1)),  # GMT, though it does not say so
        ("2025-03-01T14:00:00+01:00", NOW + timedelta(hours=1)),
        ("Sat, 01 Mar 2025 11:00:00 GMT", NOW + timedelta(seconds=1)),
        ("Sat, 01 Mar 2125 11:00:00 GMT", NOW + timedelta(hours=25)),
        ("soon", NOW + timedelta(minutes=1)),
        (None, NOW + timedelta(minutes=1)),
    ],
)
async def test_too_many_calls_wait_and_are_not_repeated(retry_after: str | None, until: datetime) -> None:
    budget = Budget()
    refusal = answer("{}", 429)
    if retry_after:
        refusal.headers["Retry-After"] = retry_after
    async with opened(refusal, budget=budget) as (client, server):
        for _ in range(2):  # the second does not reach the vendor
            with pytest.raises(RateLimitedError) as error:
                await client.orders({})
            assert error.value.until == until
        assert len(server.asked) == 1
    assert budget.usage.blocked_until == until


async def test_the_vendors_clock_is_moved_to_ours() -> None:
    # Ours is ten minutes late: "in an hour" by the vendor is in an hour by ours, too.
    late = NOW - timedelta(minutes=10)
    error = await failure(answer("{}", 429, Retry_After="Sat, 01 Mar 2025 13:00:00 GMT"), now=late)
    assert isinstance(error, RateLimitedError)
    assert error.until == late + timedelta(hours=1)


async def test_limits_are_taken_over_from_the_answer() -> None:
    budget = Budget(per_hour=10, per_day=100)
    page = listed("orders", [])
    limits = {"Hour": "50", "Day": "600", "Hour-Remaining": "0", "Day-Remaining": "7"}
    page.headers.update({f"X-Rate-Limit-{name}": value for name, value in limits.items()})
    async with opened(page, budget=budget) as (client, _):
        await client.orders({})
    assert (budget.per_hour, budget.per_day, budget.left(NOW)) == (50, 600, 7)


async def test_no_call_beyond_the_budget() -> None:
    budget = Budget(per_hour=2, per_day=1)
    async with opened(listed("orders", []), budget=budget) as (client, server):
        for _ in range(3):
            await client.orders({})
        with pytest.raises(RateLimitedError) as error:
            await client.orders({})
        assert error.value.until == NOW + timedelta(hours=1)
        assert len(server.asked) == 3


async def test_never_more_than_two_calls_at_once() -> None:
    running, most = 0, 0

    async def slow(_: web.Request) -> web.Response:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.02)
        running -= 1
        return listed("orders", [])

    async with opened(slow) as (client, _):
        await asyncio.gather(*(client.orders({}) for _ in range(6)))
    assert most == 2


async def test_a_shop_that_moved_is_followed() -> None:
    async with opened() as (client, server), vendor(listed("orders", [{"a": 1}])) as new:
        old = client.base
        server.answers = [answer(f'{{"api_url": "{new.address}"}}', 301)]
        assert len((await client.orders({})).items) == 1
        assert client.base == new.address != old
        await client.orders({})
        assert (len(server.asked), len(new.asked)) == (1, 2)
        assert "Authorization" in new.asked[0].headers


@pytest.mark.parametrize(
    "body",
    [
        '{"api_url": "https://shop.admin.s2.evil.example/api/v2"}',
        '{"api_url": "http://localhost:1/api/v2"}',
        '{"api_url": "http://127.0.0.1@evil.example/api/v2"}',
        '{"api_url": "http://user@127.0.0.1:1/api/v2"}',
        '{"api_url": "http://127.0.0.1:1/other"}',
        '{"api_url": "http://[::1"}',
        '{"api_url": {"a": 1}}',
        '{"api_url": null}',
        "{}",
        "moved",
        "",
    ],
)
async def test_the_key_goes_nowhere_else(body: str) -> None:
    error = await failure(answer(body, 301, Location="https://evil.example/"))
    assert isinstance(error, ConfigurationError)
    assert error.problem.cause == "upgates.moved_away"


@pytest.mark.parametrize(
    ("address", "follows"),
    [
        ("https://shop.admin.s2.upgates.com/api/v2", True),
        ("https://shop.admin.s2.upgates.com/api/v2/", True),
        ("https://other.admin.s2.upgates.com/api/v2", False),
        ("http://shop.admin.s2.upgates.com/api/v2", False),
        ("https://shop.admin.s2.upgates.com:444/api/v2", False),
        ("https://shop.admin.s2.upgates.com.evil.example/api/v2", False),
        ("https://evil.example/shop.admin.s2.upgates.com/api/v2", False),
        ("https://shop.admin.s2.upgates.com/api/v3", False),
        ("https://shop.admin.s2.upgates.com/api/v2\n", False),
        ("https://shop.admin.s2.upgates.com/api/v2?x=", False),
    ],
)
async def test_which_addresses_are_the_same_shop(address: str, follows: bool) -> None:
    real = UpgatesSettings(login="a", api_key="b", address="https://shop.admin.s1.upgates.com/api/v2")
    client = Client(real, Context(slug="shop", zone=PRAGUE))
    assert client._same_shop(address.rstrip("/")) is follows


async def test_a_shop_that_moves_in_circles_is_left() -> None:
    async with opened() as (client, server), vendor() as new:
        server.answers = [answer(f'{{"api_url": "{new.address}"}}', 301)]
        new.answers = [answer(f'{{"api_url": "{server.address}"}}', 301)]
        with pytest.raises(ConfigurationError) as error:
            await client.orders({})
        assert error.value.problem.cause == "upgates.redirected"
        assert (len(server.asked), len(new.asked)) == (1, 1)


@pytest.mark.parametrize(
    ("status", "kind", "cause"),
    [
        (302, ConfigurationError, "upgates.redirected"),
        (307, ConfigurationError, "upgates.redirected"),
        (400, ConfigurationError, "upgates.refused"),
        (404, ConfigurationError, "upgates.not_found"),
        (405, ConfigurationError, "upgates.refused"),
        (413, ConfigurationError, "upgates.refused"),
        (418, BadResponseError, "upgates.unexpected"),
        (500, NotReadyError, "upgates.server_error"),
        (501, ConfigurationError, "upgates.refused"),
        (503, NotReadyError, "upgates.server_error"),
    ],
)
async def test_refusals(status: int, kind: type[VendorError], cause: str) -> None:
    error = await failure(answer('{"message": "the key s3cret-key is bad"}', status))
    assert (type(error), error.problem.cause) == (kind, cause)
    assert error.problem.details["status"] == str(status)
    assert "s3cret-key" not in f"{error} {error.words} {error.problem}"


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        ("<!DOCTYPE html><title>Maintenance</title>", "upgates.html"),
        ('{"orders": [{"a": 1}, {"b"', "upgates.not_json"),
        ('{"orders": [{"a": 1}]', "upgates.not_json"),
        ("", "upgates.not_json"),
        ("[]", "upgates.not_json"),
        ("[" * 100_000, "upgates.not_json"),
        ("{}", "upgates.unexpected"),
        ('{"orders": null}', "upgates.unexpected"),
        ('{"orders": "none"}', "upgates.unexpected"),
        (
            '{"orders": [], "messages": [{"object": "o", "property": "page", "message": "bad", "level": "error"}]}',
            "upgates.said_no",
        ),
        ('{"messages": [{"message": "s3cret-key", "level": "fatal_error"}]}', "upgates.said_no"),
    ],
)
async def test_a_200_is_no_success_yet(body: str, cause: str) -> None:
    error = await failure(answer(body))
    assert (type(error), error.problem.cause) == (BadResponseError, cause)
    assert "s3cret-key" not in f"{error} {error.words}"


async def test_remarks_and_unknown_messages_are_no_refusal() -> None:
    for messages in ('[{"level": "info", "message": "x"}, {"level": "warning"}]', '"fine"', "[7]", "[]", "{}"):
        async with opened(answer(f'{{"orders": [], "messages": {messages}}}')) as (client, _):
            assert (await client.orders({})).items == ()


async def test_a_body_cut_on_the_way() -> None:
    async def cut(request: web.Request) -> web.Response:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b'{"orders": [')
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    error = await failure(cut)
    assert (type(error), error.problem.cause) == (BadResponseError, "response.cut")


async def test_nobody_there() -> None:
    async with opened(listed("orders", [])) as (client, _):
        client.base = "http://127.0.0.1:1/api/v2"
        with pytest.raises(NotReadyError) as error:
            await client.orders({})
    assert error.value.sent is False


async def test_one_item_that_is_no_json_spoils_no_other() -> None:
    good = '{"order_number": "1", "note": "a ] } bracket, \\" quoted"}'
    for bad in ('{"a": NaN}', '{"a": "\\ud800"}', '{"a": 01}', '{"a": ' + "[" * 2000 + "]" * 2000 + "}"):
        async with opened(answer(f'{{"number_of_pages": 3, "orders": [{good}, {bad}, {good}], "x": 1}}')) as (
            client,
            _,
        ):
            listing = await client.orders({})
        assert listing.items == (good.encode(), bad.encode(), good.encode())
        assert listing.pages == 3


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"address": "https://shop.upgates.com/api/v2"}, "address"),
        ({"address": "https://shop.admin.s1.upgates.com.evil.example/api/v2"}, "address"),
        ({"address": "http://shop.admin.s1.upgates.com/api/v2"}, "address"),
        ({"tariff": "lead"}, "tariff"),
        ({"packs": 61}, "packs"),
        ({"seller_country": "cz"}, "seller_country"),
        ({"domestic_zero": "none"}, "domestic_zero"),
        ({"api_key": ""}, "api_key"),
    ],
)
def test_settings_that_cannot_be(values: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidDocumentError) as error:
        load(UpgatesSettings, {"login": "a", "api_key": "b"} | values)
    assert error.value.problems[0].field == field


@pytest.mark.parametrize(
    ("test_address", "base"),
    [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/api/v2"),
        ("http://localhost:8080/api/v2/", "http://localhost:8080/api/v2"),
        ("https://shop.example", "https://shop.example/api/v2"),
        ("http://shop.example", None),
        ("http://user:pass@127.0.0.1", None),
        ("ftp://127.0.0.1", None),
        ("", None),
    ],
)
def test_addresses(test_address: str, base: str | None) -> None:
    given = settings(test_address)
    if base:
        assert given.base == base
    else:
        with pytest.raises(ConfigurationError):
            _ = given.base


@pytest.mark.parametrize(
    ("tariff", "packs", "allowance"),
    [("bronze", 0, (10, 100)), ("silver", 2, (65, 1100)), ("gold", 60, (1550, 24_600)), ("addon", 5, (0, 60_000))],
)
def test_tariffs(tariff: str, packs: int, allowance: tuple[int, int]) -> None:
    given = load(UpgatesSettings, {"login": "a", "api_key": "b", "tariff": tariff, "packs": str(packs)})
    assert given.allowance == allowance


def test_the_key_is_secret() -> None:
    assert secrets(UpgatesSettings) == {"api_key"}
