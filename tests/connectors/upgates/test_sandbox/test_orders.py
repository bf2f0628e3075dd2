"""PUT orders: what changes, what is refused per item, which mails go out, and the documents it generates."""

from decimal import Decimal
from typing import Any

import pytest

from .conftest import Client, Open

Json = dict[str, Any]


async def some_order(shop: Client, **wanted: object) -> Json:
    for order in (await shop.get("/orders")).json["orders"]:
        if all(order[key] == value for key, value in wanted.items()):
            found: Json = order
            return found
    raise LookupError(wanted)


@pytest.fixture
async def order(shop: Client) -> Json:
    return await some_order(shop, prices_with_vat_yn=True)


async def test_only_what_is_sent_changes(shop: Client, order: Json) -> None:
    result = await shop.put(
        {
            "order_number": order["order_number"],
            "tracking_code": "XY1",
            "internal_note": "žluťoučký",
            "resolved_yn": "1",
        }
    )
    assert result["updated_yn"] is True
    assert result["messages"] == []
    after = await shop.order(order["order_number"])
    changed = {key for key in after if after[key] != order[key]}
    assert changed <= {"tracking_code", "tracking_url", "internal_note", "resolved_yn", "last_update_time"}
    assert (after["tracking_code"], after["internal_note"], after["resolved_yn"]) == ("XY1", "žluťoučký", True)


async def test_an_unknown_order_is_refused_in_a_200(shop: Client) -> None:
    answer = await shop.call("PUT", "/orders", {"orders": [{"order_number": "nothing"}, "text"]})
    assert answer.status == 200
    for result in answer.json["orders"]:
        assert result["updated_yn"] is False
        assert result["messages"][0]["level"] == "error"
        assert result["messages"][0].keys() == {"object", "property", "message", "level"}


@pytest.mark.parametrize(
    ("change", "prop"),
    [
        ({"status": "Neznámý"}, "status"),
        ({"status_id": 99}, "status_id"),
        ({"paid_date": "yesterday"}, "paid_date"),
        ({"variable_symbol": "12345678901"}, "variable_symbol"),
        ({"variable_symbol": "12a"}, "variable_symbol"),
        ({"resolved_yn": "perhaps"}, "resolved_yn"),
        ({"products": [{"title": "x"}]}, "price_per_unit"),
        ({"products": [{"uuid": "unknown", "price_per_unit": 1}]}, "uuid"),
        ({"products": [{"title": "x", "price_per_unit": "1e400"}]}, "price_per_unit"),
        ({"products": [{"title": "x", "price_per_unit": True}]}, "price_per_unit"),
        ({"shipment": {"name": "x"}}, "shipment"),
        ({"quantity_discount": {"amount": 1, "type": "half"}}, "quantity_discount"),
    ],
)
async def test_a_refused_value_changes_nothing_of_its_order(shop: Client, order: Json, change: Json, prop: str) -> None:
    result = await shop.put({"order_number": order["order_number"], "internal_note": "never", **change})
    assert result["updated_yn"] is False
    assert result["messages"][0]["property"] == prop
    assert await shop.order(order["order_number"]) == order


async def test_an_unknown_key_is_a_warning(shop: Client, order: Json) -> None:
    result = await shop.put({"order_number": order["order_number"], "invented": 1})
    assert result["updated_yn"] is True
    assert [(each["property"], each["level"]) for each in result["messages"]] == [("invented", "warning")]


# -- status and mails --


async def test_a_changed_status_sends_mail_and_sms_unless_told_not_to(shop: Client) -> None:
    order = await some_order(shop, status_id=5)
    number = order["order_number"]
    await shop.put({"order_number": number, "status_id": 8}, send_emails_yn=False, send_sms_yn=0)
    assert (await shop.ledger())["messages"] == []
    await shop.put({"order_number": number, "status_id": 8})  # no change, no mail
    assert (await shop.ledger())["mails"] == 0
    await shop.put({"order_number": number, "status": "Odeslaná"})
    ledger = await shop.ledger()
    assert (ledger["mails"], ledger["sms"]) == (1, 1)
    assert ledger["messages"][0] == {"channel": "email", "order": number, "status_id": 5}
    await shop.put({"order_number": number, "internal_note": "x"})
    assert (await shop.ledger())["mails"] == 1


async def test_a_status_is_found_by_its_name_in_any_language(shop: Client, order: Json) -> None:
    await shop.put({"order_number": order["order_number"], "status": "Platba úspešná"}, send_emails_yn=False)
    after = await shop.order(order["order_number"])
    assert after["status_id"] == 2
    assert after["paid_date"] is not None  # this status marks the order paid


# -- payment --


async def test_paid_date_with_a_value_without_one_and_not_sent(shop: Client) -> None:
    number = (await some_order(shop, paid_date=None, status_id=5))["order_number"]
    await shop.put({"order_number": number, "paid_date": "2025-03-01"})
    assert (await shop.order(number))["paid_date"] == "2025-03-01T00:00:00+01:00"
    await shop.put({"order_number": number, "internal_note": "x"})
    assert (await shop.order(number))["paid_date"] is not None
    for empty in ("", None):
        await shop.put({"order_number": number, "paid_date": "2025-07-01T10:00:00+02:00"})
        await shop.put({"order_number": number, "paid_date": empty})
        assert (await shop.order(number))["paid_date"] is None


@pytest.mark.parametrize("to_documents", ["yes", "no"])
async def test_whether_a_paid_order_pays_its_invoice_is_assumed(open_shop: Open, to_documents: str) -> None:
    shop = await open_shop(documents="30", paid_to_documents=to_documents)
    order = await some_order(shop, paid_date=None, status_id=5)
    await shop.put({"order_number": order["order_number"], "paid_date": "2025-03-01"})
    assert (await shop.invoice(order["invoice_number"]))["paid_yn"] is (to_documents == "yes")


# -- goods --


async def test_a_product_without_uuid_is_appended_each_time(shop: Client, order: Json) -> None:
    """2 x 12.10 more, twice; sent as one price with VAT."""
    extra = {"title": "Dopsaná položka", "price_per_unit": 12.1, "quantity": 2, "vat": 21}
    for _ in range(2):
        await shop.put({"order_number": order["order_number"], "products": [extra]})
    after = await shop.order(order["order_number"])
    added = after["products"][len(order["products"]) :]
    assert [(row["price_with_vat"], row["price_without_vat"]) for row in added] == [(24.2, 20), (24.2, 20)]
    assert len({row["uuid"] for row in after["products"]}) == len(after["products"])
    before, now = (Decimal(str(each["order_total_before_round"])) for each in (order, after))
    assert now - before == Decimal("48.4")


async def test_a_product_with_uuid_is_changed(shop: Client, order: Json) -> None:
    row = order["products"][0]
    await shop.put(
        {
            "order_number": order["order_number"],
            "products": [{"uuid": row["uuid"], "price_per_unit": 50, "quantity": 1}],
        }
    )
    after = (await shop.order(order["order_number"]))["products"]
    assert len(after) == len(order["products"])
    assert (after[0]["price_per_unit"], after[0]["price_with_vat"], after[0]["title"]) == (50, 50, row["title"])


async def test_missing_products_are_deleted_only_on_demand(shop: Client) -> None:
    order = next(each for each in (await shop.get("/orders")).json["orders"] if len(each["products"]) >= 3)
    keep = {"uuid": order["products"][0]["uuid"], "price_per_unit": 10}
    await shop.put({"order_number": order["order_number"], "products": [keep]}, delete_missing_products_yn=True)
    after = (await shop.order(order["order_number"]))["products"]
    assert {row["parent_uuid"] or row["uuid"] for row in after} == {keep["uuid"]}


async def test_shipment_and_quantity_discount(shop: Client) -> None:
    """100.00 at 21 % less 10 % and shipment of 121.00: 90.00 + 121.00 + what the payment costs."""
    order = next(
        each
        for each in (await shop.get("/orders")).json["orders"]
        if each["prices_with_vat_yn"]
        and len(each["products"]) == 1
        and not each.keys() & {"discount_voucher", "quantity_discount", "loyalty_points"}
    )
    change = {
        "order_number": order["order_number"],
        "products": [{"uuid": order["products"][0]["uuid"], "price_per_unit": 100, "quantity": 1, "vat": 21}],
        "shipment": {"code": "PPL", "name": "PPL", "price": 121, "vat": 21},
        "quantity_discount": {"type": "percent", "amount": 10},
    }
    assert (await shop.put(change))["updated_yn"]
    after = await shop.order(order["order_number"])
    assert (after["shipment"]["id"], after["shipment"]["price_without_vat"]) == (6, 100)
    assert after["quantity_discount"]["discounts"] == [
        {"price": 10, "price_with_vat": 10, "price_without_vat": 8.26, "vat": 21}
    ]
    if order["payment"]["price"] == 0:
        assert after["order_total_before_round"] == 211


# -- documents --


async def test_an_invoice_is_generated_once_and_then_rewritten(shop: Client) -> None:
    order = await some_order(shop, invoice_number=None)
    number = order["order_number"]
    generate = {"order_number": number, "invoice": {"generate_yn": True, "date_of_issuance": "2025-05-05"}}
    await shop.put(generate)
    invoice_number = (await shop.order(number))["invoice_number"]
    invoice = await shop.invoice(invoice_number)
    assert invoice["date_of_issuance"][:10] == "2025-05-05"
    assert Decimal(str(invoice["total_with_vat"])) == Decimal(str(order["order_total"]))
    await shop.put({"order_number": number, "products": [{"title": "Navíc", "price_per_unit": 100, "vat": 21}]})
    await shop.put({"order_number": number, "invoice": {"generate_yn": True}})
    again = await shop.order(number)
    assert again["invoice_number"] == invoice_number
    assert (await shop.invoice(invoice_number))["total_with_vat"] == again["order_total"] != order["order_total"]
    of_order = [each for each in (await shop.ledger())["documents"] if each["order"] == number]
    assert len(of_order) == 1


async def test_generate_no_generates_nothing(shop: Client) -> None:
    number = (await some_order(shop, invoice_number=None))["order_number"]
    await shop.put({"order_number": number, "invoice": {"generate_yn": False}})
    assert (await shop.order(number))["invoice_number"] is None


async def test_a_credit_note_takes_back_the_whole_order(shop: Client) -> None:
    order = next(
        each for each in (await shop.get("/orders")).json["orders"] if (each["invoice_number"] or "U")[0] != "U"
    )
    number, before = order["order_number"], (await shop.ledger())["documents"]
    if any(each["related"] == order["invoice_number"] for each in before):
        pytest.fail("the first order has a credit note already: choose another seed")
    await shop.put({"order_number": number, "credit_note": {"generate_yn": True}})
    documents = {each["number"]: each for each in (await shop.ledger())["documents"]}
    (note,) = [each for each in documents.values() if each["related"] == order["invoice_number"]]
    invoice = documents[order["invoice_number"]]
    assert (note["kind"], note["total"], note["rates"]) == ("creditNote", invoice["total"], invoice["rates"])
    shown = await shop.invoice(note["number"])
    assert shown["related_invoice_number"] == order["invoice_number"]
    assert Decimal(str(shown["total_with_vat"])) == -Decimal(invoice["total"])
    assert (await shop.order(number))["invoice_number"] == order["invoice_number"]


async def test_a_credit_note_needs_an_invoice(shop: Client) -> None:
    number = (await some_order(shop, invoice_number=None))["order_number"]
    result = await shop.put({"order_number": number, "internal_note": "x", "credit_note": {"generate_yn": True}})
    assert result["updated_yn"] is False
    assert result["messages"][0]["property"] == "credit_note"
    assert (await shop.order(number))["internal_note"] is None


async def test_a_receipt(shop: Client) -> None:
    number = (await some_order(shop, invoice_number=None))["order_number"]
    await shop.put({"order_number": number, "receipt": {"generate_yn": True}})
    receipt = await shop.invoice((await shop.order(number))["invoice_number"])
    assert receipt["type"] == "receipt"
    assert receipt["eet"]["rezim"] == "common"


# -- history and deletion --


async def test_history(shop: Client, order: Json) -> None:
    number = order["order_number"]
    await shop.put({"order_number": number, "tracking_code": "T9"})
    long = {"name": "<b>" + "n" * 60 + "</b>", "value": "v" * 600}
    answer = await shop.call("POST", f"/orders/{number}/history", {"data": [long]})
    assert answer.json == {"updated": True, "messages": []}
    history = (await shop.get(f"/orders/{number}/history")).json
    assert history["number_of_items"] == 2
    change, event = history["history"]
    assert change["changes"][0]["after"] == "T9"
    assert (event["data"][0]["name"], len(event["data"][0]["value"])) == ("n" * 50, 500)
    refused = await shop.call("POST", "/orders/nothing/history", {"data": [long]})
    assert refused.json["updated"] is False


async def test_deleted_orders_are_gone_and_their_documents_stay(shop: Client) -> None:
    order = next(each for each in (await shop.get("/orders")).json["orders"] if each["invoice_number"])
    number = order["order_number"]
    answer = await shop.call("DELETE", f"/orders?order_numbers={number};nothing")
    assert [each["deleted_yn"] for each in answer.json["orders"]] == [True, False]
    assert (await shop.get(f"/orders/{number}")).json["orders"] == []
    assert (await shop.invoice(order["invoice_number"]))["order_number"] == number
