"""Webhooks: subscriptions, what a call carries, retries, switching off, and what goes wrong on the way."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from mostek.connectors.upgates.sandbox.shop.clock import moment

from .conftest import Client, Open

Json = dict[str, Any]


class Receiver:
    """Takes webhook calls and answers with a chosen status, or too late."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Json]] = []
        self.status = 204
        self.delay = 0.0
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        await asyncio.sleep(self.delay)
        self.calls.append((request.headers.get("Authorization", ""), await request.json()))
        return web.Response(status=self.status)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    found = Receiver()
    app = web.Application()
    app.router.add_post("/hook", found.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    found.url = f"http://user:secret@127.0.0.1:{runner.addresses[0][1]}/hook"
    yield found
    await runner.cleanup()


async def subscribe(shop: Client, url: str, event: str) -> Json:
    answer = await shop.call("POST", "/webhooks", {"name": event, "url": url, "event": event})
    assert answer.status == 200, answer.text
    webhook: Json = answer.json["webhook"]
    return webhook


async def deliver(shop: Client) -> int:
    waiting: int = (await shop.control("webhooks/deliver"))["waiting"]
    return waiting


async def test_subscriptions(shop: Client) -> None:
    webhook = await subscribe(shop, "https://user:pw@hub.example/in", "Orders.update")
    assert webhook == {
        "id": webhook["id"],
        "active_yn": True,
        "name": "Orders.update",
        "url": "https://user:pw@hub.example/in",
        "event": "Orders.update",
    }
    answer = await shop.call("PUT", "/webhooks", {"id": webhook["id"], "active_yn": "0"})
    assert answer.json["webhook"]["active_yn"] is False
    (listed,) = (await shop.get("/webhooks")).json["webhooks"]
    assert listed["last_success_call"] is None
    assert listed.keys() > webhook.keys()
    assert (await shop.get(f"/webhooks/{webhook['id']}")).json["webhooks"] == [listed]
    gone = await shop.call("DELETE", f"/webhooks?ids={webhook['id']};77")
    assert [each["deleted"] for each in gone.json["webhooks"]] == [True, False]


@pytest.mark.parametrize(
    "wrong", [{"event": "Invoice.update"}, {"url": "hub.example/in"}, {"url": "ftp://hub.example"}, {"name": ""}]
)
async def test_a_wrong_subscription_is_400(shop: Client, wrong: Json) -> None:
    body = {"name": "n", "url": "https://hub.example/in", "event": "Orders.update", **wrong}
    assert (await shop.call("POST", "/webhooks", body)).status == 400


async def test_events(shop: Client) -> None:
    events = (await shop.get("/webhooks/events")).json["events"]
    assert {"Orders.create", "Invoices.update", "Invoices.delete"} <= {event["name"] for event in events}
    assert {event["allowed_yn"] for event in events} == {"1"}


async def test_an_update_carries_identifiers_only(shop: Client, receiver: Receiver) -> None:
    await subscribe(shop, receiver.url, "Orders.update")
    order = (await shop.get("/orders")).json["orders"][0]
    await shop.put({"order_number": order["order_number"], "internal_note": "x"})
    await deliver(shop)
    ((authorization, body),) = receiver.calls
    assert authorization.startswith("Basic ")
    (record,) = body.pop("orders")
    assert body == {"project_name": "demo-shop"}
    assert record.keys() == {"order_number", "last_update_time", "status_id", "status"}
    assert record["order_number"] == order["order_number"]
    assert moment(record["last_update_time"]) > 0


async def test_a_new_document_is_created_and_not_updated(shop: Client, receiver: Receiver) -> None:
    for event in ("Invoices.create", "Invoices.update", "Invoices.delete"):
        await subscribe(shop, receiver.url, event)
    await shop.control("generate", {"documents": 5})
    await deliver(shop)
    ((_, body),) = receiver.calls
    assert len(body["invoices"]) == 5
    assert body["invoices"][0].keys() == {"invoice_number", "type", "creation_time"}
    await shop.control("delete", {"invoice": body["invoices"][0]["invoice_number"]})
    await deliver(shop)
    assert receiver.calls[1][1]["invoices"][0].keys() == {"invoice_number", "type", "deletion_time"}


async def test_one_call_carries_at_most_5000(open_shop: Open, receiver: Receiver) -> None:
    shop = await open_shop()
    webhook = await subscribe(shop, receiver.url, "Orders.update")
    for number in range(5001):
        shop.sandbox.webhooks.announce("Orders.update", "orders", {"order_number": str(number)})
    await deliver(shop)
    assert [len(body["orders"]) for _, body in receiver.calls] == [5000, 1]
    assert webhook["active_yn"]


async def test_a_refused_call_is_tried_again_after_five_minutes(shop: Client, receiver: Receiver) -> None:
    await subscribe(shop, receiver.url, "Orders.update")
    number = (await shop.get("/orders")).json["orders"][0]["order_number"]
    receiver.status = 500
    await shop.put({"order_number": number, "internal_note": "x"})
    assert await deliver(shop) == 1
    assert await deliver(shop) == 1
    assert len(receiver.calls) == 1
    receiver.status = 200
    await shop.control("clock", {"advance": 300})
    assert await deliver(shop) == 0
    assert len(receiver.calls) == 2
    (webhook,) = (await shop.get("/webhooks")).json["webhooks"]
    assert (webhook["last_error_call_status"], webhook["last_success_call_status"]) == (500, 200)


async def test_a_slow_receiver_is_cut_off(open_shop: Open, receiver: Receiver) -> None:
    shop = await open_shop(documents="3", webhook_timeout="0.05")
    await subscribe(shop, receiver.url, "Orders.update")
    receiver.delay = 0.5
    number = (await shop.get("/orders")).json["orders"][0]["order_number"]
    await shop.put({"order_number": number, "internal_note": "x"})
    assert await deliver(shop) == 1
    (webhook,) = (await shop.get("/webhooks")).json["webhooks"]
    assert webhook["last_error_call_status"] == 0


async def test_twelve_hours_without_success_switch_it_off(shop: Client, receiver: Receiver) -> None:
    await subscribe(shop, receiver.url, "Orders.update")
    number = (await shop.get("/orders")).json["orders"][0]["order_number"]
    receiver.status = 404
    await shop.put({"order_number": number, "internal_note": "x"})
    await deliver(shop)
    await shop.control("clock", {"advance": 12 * 3600 - 1})
    await deliver(shop)
    assert (await shop.get("/webhooks")).json["webhooks"][0]["active_yn"] is True
    await shop.control("clock", {"advance": 600})
    assert await deliver(shop) == 0
    assert (await shop.get("/webhooks")).json["webhooks"][0]["active_yn"] is False


async def test_changed_rights_switch_a_users_webhooks_off(shop: Client) -> None:
    await subscribe(shop, "https://hub.example/in", "Orders.update")
    await shop.control("users", {"login": "mostek", "privileges": {"products": "deny"}})
    assert (await shop.get("/webhooks")).json["webhooks"][0]["active_yn"] is False


async def test_calls_can_be_lost_and_doubled(shop: Client, receiver: Receiver) -> None:
    await subscribe(shop, receiver.url, "Orders.update")
    orders = [each["order_number"] for each in (await shop.get("/orders")).json["orders"][:2]]
    await shop.control("webhooks/mischief", {"lose": 1, "duplicate": 1})
    for number in orders:
        await shop.put({"order_number": number, "internal_note": "x"})
        assert await deliver(shop) == 0
    assert [body["orders"][0]["order_number"] for _, body in receiver.calls] == [orders[1], orders[1]]


async def test_calls_can_come_in_the_wrong_order(open_shop: Open, receiver: Receiver) -> None:
    shop = await open_shop(webhooks_at_once="single")
    await subscribe(shop, receiver.url, "Orders.update")
    await shop.control("webhooks/mischief", {"reorder": True})
    for number in "123":
        shop.sandbox.webhooks.announce("Orders.update", "orders", {"order_number": number})
    await deliver(shop)
    assert [body["orders"][0]["order_number"] for _, body in receiver.calls] == ["3", "2", "1"]


async def test_what_waits_is_delivered_after_a_restart(open_shop: Open, receiver: Receiver) -> None:
    shop = await open_shop(documents="3")
    await subscribe(shop, receiver.url, "Orders.update")
    shop.sandbox.webhooks.announce("Orders.update", "orders", {"order_number": "1"})
    again = await open_shop()
    assert await deliver(again) == 0
    assert len(receiver.calls) == 1
