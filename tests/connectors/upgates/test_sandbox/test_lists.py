"""Lists: paging, filters, sorting, and what is assumed of their corners."""

import time
from typing import Any
from urllib.parse import quote

import pytest

from .conftest import Client, Open

Json = dict[str, Any]


async def all_pages(shop: Client, path: str, name: str) -> list[Json]:
    mark = "&" if "?" in path else "?"
    first = (await shop.get(f"{path}{mark}page=1")).json
    found = list(first[name])
    for page in range(2, first["number_of_pages"] + 1):
        answer = (await shop.get(f"{path}{mark}page={page}")).json
        assert answer["current_page"] == page
        assert answer["current_page_items"] == len(answer[name])
        found += answer[name]
    assert len(found) == first["number_of_items"]
    return found


async def numbers(shop: Client, path: str) -> list[str]:
    name, key = ("orders", "order_number") if path.startswith("/orders") else ("invoices", "invoice_number")
    return [item[key] for item in await all_pages(shop, path, name)]


@pytest.fixture
async def big(open_shop: Open) -> Client:
    return await open_shop(documents="250")


async def test_pages_hold_a_hundred_and_products_fifty(big: Client) -> None:
    first = (await big.get("/invoices?page=1")).json
    assert (first["current_page_items"], first["number_of_pages"], first["number_of_items"]) == (100, 3, 250)
    assert len(await all_pages(big, "/orders", "orders")) > 200
    products = (await big.get("/products")).json
    assert (products["current_page_items"], products["number_of_pages"]) == (50, 4)
    assert (await big.get("/customers")).json["current_page_items"] == 100


async def test_the_list_is_the_ledger(big: Client) -> None:
    ledger = await big.ledger()
    assert await numbers(big, "/invoices?creation_time_from=2000-01-01") == [
        document["number"] for document in ledger["documents"]
    ]


@pytest.mark.parametrize("kind", ["invoice", "creditNote", "receipt"])
async def test_documents_by_type_and_payment(big: Client, kind: str) -> None:
    ledger = await big.ledger()
    of_kind = [document for document in ledger["documents"] if document["kind"] == kind]
    assert of_kind
    assert await numbers(big, f"/invoices?type={kind}") == [document["number"] for document in of_kind]
    paid = [document["number"] for document in of_kind if document["paid"] == "full"]
    assert await numbers(big, f"/invoices?type={kind}&paid_yn=1") == paid
    unpaid = [document["number"] for document in of_kind if document["paid"] != "full"]
    assert await numbers(big, f"/invoices?type={kind}&paid_yn=0") == unpaid


async def test_invoices_by_numbers(big: Client) -> None:
    chosen = (await numbers(big, "/invoices?type=invoice"))[:3]
    assert await numbers(big, f"/invoices?invoice_numbers={quote(';'.join(chosen))}") == chosen
    assert (await big.get(f"/invoices/{chosen[1]}")).json["invoices"][0]["invoice_number"] == chosen[1]
    assert (await big.get("/invoices/nothing")).json["invoices"] == []


async def test_times_filter_inclusively(big: Client) -> None:
    invoice = (await big.get("/invoices?page=2")).json["invoices"][10]
    since = quote(invoice["creation_time"])
    later = await all_pages(big, f"/invoices?creation_time_from={since}", "invoices")
    assert invoice["invoice_number"] in {each["invoice_number"] for each in later}
    assert all(each["creation_time"][:10] >= invoice["creation_time"][:10] for each in later)
    order = (await big.get("/orders")).json["orders"][20]
    day = order["creation_time"][:10]
    of_day = await all_pages(big, f"/orders?creation_time_from={day}&creation_time_to={day}", "orders")
    assert order["order_number"] in {each["order_number"] for each in of_day}
    assert {each["creation_time"][:10] for each in of_day} == {day}


async def test_a_plus_sign_that_was_not_escaped_is_understood(big: Client) -> None:
    assert (await big.get("/invoices?creation_time_from=2024-01-01T00:00:00+01:00")).status == 200


@pytest.mark.parametrize(("zone", "found"), [("shop", 1), ("utc", 0)])
async def test_naive_times(open_shop: Open, zone: str, found: int) -> None:
    """Noon in Prague in January is 11:00 in UTC: an order of 12:00 is not later than a UTC 12:00:00 minus a bit."""
    shop = await open_shop(naive_time=zone)
    noon = "2025-01-10T12:00:00+01:00"
    await shop.control("generate", {"documents": 1, "from": noon, "to": noon})
    answer = (await shop.get("/invoices?creation_time_from=2025-01-10T11:30:00")).json
    assert answer["number_of_items"] == found


async def test_orders_by_every_parameter(big: Client) -> None:
    order = next(each for each in (await big.get("/orders")).json["orders"] if each["customer"]["company_yn"])
    number = order["order_number"]
    values = {
        "order_numbers": number,
        "status_id": order["status_id"],
        "status_ids": f"99;{order['status_id']}",
        "status": order["status"],
        "language": order["language_id"],
        "email": order["customer"]["email"],
        "phone": order["customer"]["phone"].replace("+", "").replace(" ", ""),
        "payment_type": order["payment"]["type"],
        "shipment_type": order["shipment"]["type"],
        "paid_yn": int(order["paid_date"] is not None),
    }
    everything = await numbers(big, "/orders")
    for name, value in values.items():
        found = await numbers(big, f"/orders?{name}={quote(str(value))}")
        assert number in found, name
        assert len(found) < len(everything), name
    result = await big.put({"order_number": number, "external_order_number": "ERP-7"})
    assert result["updated_yn"]
    assert await numbers(big, "/orders?external_order_number=ERP-7") == [number]


async def test_orders_can_be_sorted_by_change(big: Client) -> None:
    oldest = (await big.get("/orders")).json["orders"][0]["order_number"]
    await big.control("clock", {"advance": 60})
    await big.put({"order_number": oldest, "internal_note": "x"})
    newest = await numbers(big, "/orders?order_by=last_update_time&order_dir=desc")
    assert newest[0] == oldest
    assert (await numbers(big, "/orders?order_by=last_update_time&order_dir=asc"))[::-1] == newest


@pytest.mark.parametrize(
    "query", ["page=0", "page=x", "type=proforma", "paid_yn=maybe", "creation_time_from=yesterday"]
)
async def test_what_cannot_be_understood_is_400(big: Client, query: str) -> None:
    answer = await big.get(f"/invoices?{query}")
    assert answer.status == 400
    assert query.partition("=")[0] in answer.json["message"]


async def test_an_offset_page_shifts_when_a_row_vanishes(big: Client) -> None:
    """A client that deletes between two pages, or reads while others do, misses a row: it has to cope."""
    before = await numbers(big, "/invoices?creation_time_from=2000-01-01")
    first = [
        each["invoice_number"]
        for each in (await big.get("/invoices?creation_time_from=2000-01-01&page=1")).json["invoices"]
    ]
    await big.control("delete", {"invoice": first[0]})
    second = [
        each["invoice_number"]
        for each in (await big.get("/invoices?creation_time_from=2000-01-01&page=2")).json["invoices"]
    ]
    assert before[100] not in first + second
    assert before[99] in first
    assert before[101] in second


async def test_at_least_one_parameter_for_invoices(open_shop: Open) -> None:
    strict, lenient = await open_shop("a"), await open_shop("b", invoices_need_parameter="no")
    assert (await strict.get("/invoices")).status == 400
    assert (await strict.get("/invoices?foo=1")).status == 400
    assert (await lenient.get("/invoices")).status == 200


async def test_assumed_corners_of_lists(open_shop: Open) -> None:
    other = await open_shop(
        "other", documents="120", past_end="last", missing="404", unknown_params="reject", list_order="desc"
    )
    plain = await open_shop("plain", documents="120")
    assert (await plain.get("/invoices?page=9")).json["invoices"] == []
    assert (await other.get("/invoices?page=9")).json["current_page"] == 2
    assert (await plain.get("/orders/nothing")).status == 200
    assert (await other.get("/orders/nothing")).status == 404
    assert (await plain.get("/orders?last_update_time_to=2025-01-01")).status == 200
    assert (await other.get("/orders?last_update_time_to=2025-01-01")).status == 400
    assert (await numbers(other, "/orders")) == (await numbers(plain, "/orders"))[::-1]


async def test_short_lists(shop: Client) -> None:
    assert [each["type"] for each in (await shop.get("/order-statuses?type=Sent")).json["order_statuses"]] == ["Sent"]
    assert [each["id"] for each in (await shop.get("/payments/4")).json["payments"]] == ["4"]
    assert [each["code"] for each in (await shop.get("/shipments?codes=PPL;GLS")).json["shipments"]] == ["PPL", "GLS"]
    assert (await shop.get("/owner")).json["owner"][0]["company_number"] == "12345679"
    assert (await shop.get("/config")).json["config"]["oss_yn"] is True
    product = (await shop.get("/products?product_ids=30;31")).json["products"][1]
    assert (await shop.get(f"/products/{product['code']}")).json["products"][0]["product_id"] == 31
    customer = (await shop.get("/customers?customer_id=7")).json["customers"][0]
    assert (await shop.get(f"/customers?email={customer['login']['email']}")).json["number_of_items"] == 1


async def test_pdf(shop: Client) -> None:
    number = (await shop.get("/invoices?page=1")).json["invoices"][0]["invoice_number"]
    answer = await shop.get(f"/invoices/{number}/pdf")
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.text.startswith("%PDF-1.4")
    assert (await shop.get("/invoices/nothing/pdf")).status == 404


async def test_a_late_page_of_many_documents_is_quick(open_shop: Open) -> None:
    shop = await open_shop(documents="4000")
    await shop.get("/invoices?last_update_time_from=2000-01-01&page=40")
    started = time.process_time()
    for page in range(31, 41):
        assert (await shop.get(f"/invoices?last_update_time_from=2000-01-01&page={page}")).status == 200
    assert (time.process_time() - started) / 10 < 0.015
