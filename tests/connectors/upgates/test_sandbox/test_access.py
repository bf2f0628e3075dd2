"""The door: logins, rights, quotas, calls at once, the server move, sizes and methods."""

import asyncio
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp
import pytest

from .conftest import Client, Open


async def test_a_missing_and_a_wrong_login_are_401(shop: Client) -> None:
    missing = await shop.get("/status", Authorization="")
    wrong = await shop.get("/status", Authorization=aiohttp.encode_basic_auth("mostek", "wrong"))
    assert (missing.status, wrong.status) == (401, 401)
    assert "message" in wrong.json


async def test_five_bad_logins_lock_the_address_for_an_hour(open_shop: Open) -> None:
    shop = await open_shop()
    wrong = aiohttp.encode_basic_auth("mostek", "wrong")
    assert [(await shop.get("/status", Authorization=wrong)).status for _ in range(5)] == [401] * 5
    assert (await shop.get("/status")).status == 403
    again = await open_shop()  # a restart does not forget the lock
    assert (await again.get("/status")).status == 403
    await again.control("clock", {"advance": 3601})
    assert (await again.get("/status")).status == 200


async def test_an_inactive_user_is_403_everywhere(shop: Client) -> None:
    await shop.control("users", {"login": "mostek", "active": False})
    assert (await shop.get("/status")).status == 403


async def test_rights_of_a_user(shop: Client) -> None:
    await shop.control("users", {"login": "mostek", "privileges": {"orders": "readonly", "invoices": "deny"}})
    assert (await shop.get("/orders")).status == 200
    assert (await shop.call("PUT", "/orders", {"orders": []})).status == 403
    assert (await shop.get("/invoices?page=1")).status == 403
    rights = {each["service"]: each["privilege"] for each in (await shop.get("/status")).json["services"]}
    assert (rights["orders"], rights["invoices"], rights["products"]) == ("readonly", "deny", "all")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("POST", "/invoices", 405),
        ("PATCH", "/orders", 405),
        ("GET", "/carts", 501),
        ("POST", "/orders", 501),
        ("GET", "/orders/", 200),
        ("GET", "/invoices/?page=1", 200),
    ],
)
async def test_addresses_and_methods(shop: Client, method: str, path: str, status: int) -> None:
    answer = await shop.call(method, path, {} if method == "POST" else None)
    assert answer.status == status
    assert status == 200 or "message" in answer.json


async def test_the_method_can_be_overridden(shop: Client) -> None:
    number = (await shop.get("/orders")).json["orders"][0]["order_number"]
    answer = await shop.call("POST", f"/orders?order_number={number}", None, **{"X-HTTP-Method-Override": "DELETE"})
    assert answer.json["orders"][0]["deleted_yn"] is True


@pytest.mark.parametrize("body", [b"{", b"[]", b'"text"', b"\xff", b"[" * 100_000])
async def test_a_body_that_is_no_json_object_is_400(shop: Client, body: bytes) -> None:
    assert (await shop.call("PUT", "/orders", body)).status == 400


async def test_more_than_a_hundred_items_are_413_and_nothing_is_processed(shop: Client) -> None:
    number = (await shop.get("/orders")).json["orders"][0]["order_number"]
    items = [{"order_number": number, "internal_note": "changed"}] * 101
    assert (await shop.call("PUT", "/orders", {"orders": items})).status == 413
    assert (await shop.order(number))["internal_note"] is None
    assert (await shop.call("PUT", "/orders", {"orders": items[:100]})).status == 200


# -- quotas --


def left(headers: dict[str, str]) -> tuple[str, str, str]:
    return tuple(headers[f"X-Rate-Limit-{name}-Remaining"] for name in ("Hour", "Day", "Total"))  # type: ignore[return-value]


async def test_the_hour_is_spent_before_the_day(open_shop: Open) -> None:
    """Bronze has 10 an hour and 100 a day: call 10 empties the hour, call 11 is the first of the day."""
    shop = await open_shop(tariff="bronze")
    await half_past(shop)
    answers = [await shop.get("/status") for _ in range(11)]
    assert left(answers[0].headers) == ("9", "100", "109")
    assert left(answers[9].headers) == ("0", "100", "100")
    assert left(answers[10].headers) == ("0", "99", "99")
    assert answers[0].headers["X-Rate-Limit-Hour"] == "10"
    assert answers[0].headers["X-Rate-Limit-Day"] == "100"
    assert "Retry-After" not in answers[10].headers


async def test_an_empty_quota_is_429_until_the_next_hour(open_shop: Open) -> None:
    shop = await open_shop(tariff="bronze")
    await half_past(shop)
    for _ in range(110):
        assert (await shop.get("/status")).status == 200
    refused = await shop.get("/orders")
    assert refused.status == 429
    now = datetime.fromtimestamp((await shop.control("clock", {}))["now"], UTC)
    wait = (parsedate_to_datetime(refused.headers["Retry-After"]) - now).total_seconds()
    assert refused.headers["Retry-After"].endswith("GMT")
    assert 0 < wait <= 3600
    await shop.control("clock", {"advance": wait})
    allowed = await shop.get("/status")
    assert allowed.status == 200
    assert left(allowed.headers) == ("9", "0", "9")


async def half_past(shop: Client) -> None:
    """Set the clock to half past some hour before midday, so that no hour or day ends during a test."""
    now = (await shop.control("clock", {}))["now"]
    await shop.control("clock", {"advance": 86_400 - now % 86_400 + 9.5 * 3600})


async def test_packs_add_to_the_tariff(open_shop: Open) -> None:
    shop = await open_shop(tariff="gold", packs="2")
    headers = (await shop.get("/status")).headers
    assert (headers["X-Rate-Limit-Hour"], headers["X-Rate-Limit-Day"]) == ("100", "1400")


async def test_an_add_on_has_no_limit(shop: Client) -> None:
    assert not [name for name in (await shop.get("/status")).headers if name.startswith("X-Rate")]


async def test_refused_logins_cost_nothing(open_shop: Open) -> None:
    shop = await open_shop(tariff="bronze")
    await half_past(shop)
    await shop.get("/status", Authorization="")
    assert left((await shop.get("/status")).headers) == ("9", "100", "109")


async def test_three_calls_at_once_per_group(open_shop: Open) -> None:
    """The calls of two users of one group count together; another group has its own three."""
    shop = await open_shop(latency="0.2")
    for login, group in (("second", "default"), ("other", "addon")):
        await shop.control("users", {"login": login, "key": "k", "group": group})
    second, other = (aiohttp.encode_basic_auth(login, "k") for login in ("second", "other"))
    calls = [shop.get("/status"), shop.get("/status"), shop.get("/status", Authorization=second)]
    calls += [shop.get("/status", Authorization=second), shop.get("/status", Authorization=other)]
    answers = await asyncio.gather(*calls)
    assert sorted(answer.status for answer in answers) == [200, 200, 200, 200, 429]
    assert answers[4].status == 200
    refused = next(answer for answer in answers if answer.status == 429)
    assert refused.headers["Retry-After"].endswith("GMT")


# -- the server move --


async def test_a_moved_shop_answers_301_without_location(shop: Client) -> None:
    port = shop.url.rsplit(":", 1)[1]
    there = f"http://localhost:{port}/api/v2"
    await shop.control("move-server", {"api_url": there})
    answer = await shop.get("/status", Authorization="")
    assert answer.status == 301
    assert "Location" not in answer.headers
    assert answer.json == {"api_url": there}
    moved = Client(f"http://localhost:{port}", shop.session, shop.sandbox)
    assert (await moved.get("/status")).status == 200
    await shop.control("move-server", {"api_url": None})
    assert (await shop.get("/status")).status == 200
