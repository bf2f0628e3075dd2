"""Orders as documents: recorded ones, every money component once, both vintages of the interface."""

import copy
import json
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mostek.connectors.upgates.mapping import parse
from mostek.connectors.upgates.records import item
from mostek.documents.invoice import Method
from mostek.documents.money import total
from mostek.documents.order import Order
from mostek.documents.problem import InvalidDocumentError
from mostek.sdk.slices import slices
from tests.connectors.upgates.samples import PRAGUE, SETTINGS, order, product, read_order

VOUCHER = {"code": "SLEVA10", "type": "percent", "amount": 10}


def amounts(document: Order) -> list[tuple[str, str, str, str]]:
    return [(line.kind, str(line.net.amount), str(line.gross.amount), str(line.vat.rate)) for line in document.lines]


@pytest.mark.needs_specs("upgates/nuty456_orders.json")
def test_recorded_orders(specs: Path) -> None:
    answer = slices((specs / "upgates" / "nuty456_orders.json").read_bytes(), "orders")
    assert answer
    assert answer.items
    assert answer.whole("number_of_items") == 3
    documents = [parse(SETTINGS, item("order", payload, PRAGUE).record) for payload in answer.items]
    assert [(found.number, str(found.total)) for found in documents if isinstance(found, Order)] == [
        ("9000011", "293.00 CZK"),
        ("9000021", "157.00 CZK"),
        ("9000031", "168.00 CZK"),
    ]
    first = documents[0]
    assert isinstance(first, Order)
    # 3 x 68 = 204, net 168.60 as recorded; the shipment's net was not sent in 2024: 89 / 1.21 = 73.553...
    assert amounts(first) == [("goods", "168.60", "204.00", "21"), ("shipping", "73.55", "89.00", "21")]
    assert first.buyer.name == "Tintitko a.s."
    assert (first.buyer.company_id, first.buyer.tax_id, first.buyer.address.country) == ("55555555", "CZ55555555", "CZ")
    assert first.buyer.vat_payer is False
    assert first.delivery is not None
    assert first.delivery.name == "Karel Loprais"
    assert first.payment == Method("command", "Platba předem bankovním převodem")
    assert first.shipping == Method("INB", "WEDO (celá ČR)")
    assert (first.variable_symbol, first.channel, first.status) == ("1", "frontend", "Přijatá")


def test_a_voucher_is_taken_off_per_vat_rate_whatever_its_sign() -> None:
    # 121 + 112 = 233; 10 % off: 12.10 at 21 % and 11.20 at 12 %; 209.70 remain.
    goods = [product(121, 21, uuid="a"), product(112, 12, uuid="b")]
    rows = [{"price": 12.1, "vat": 21}, {"price": 11.2, "vat": 12}]
    turned = [{"price": -row["price"], "vat": row["vat"]} for row in rows]
    first, second = (
        read_order(order(209.7, goods, discount_voucher=VOUCHER | {"discounts": sign})) for sign in (rows, turned)
    )
    assert first == second
    assert amounts(first)[2:] == [("voucher", "-10.00", "-12.10", "21"), ("voucher", "-10.00", "-11.20", "12")]
    assert total((line.gross for line in first.lines), "CZK") == first.total
    assert {line.name for line in first.lines[2:]} == {"SLEVA10"}


def test_quantity_discount_and_loyalty_points_have_their_kinds() -> None:
    facts = {
        "quantity_discount": {"discounts": [{"price": 5, "vat": 21}]},
        "loyalty_points": {"discounts": [{"price": 6, "vat": 21}]},
    }
    document = read_order(order(110, [product(121)], **facts))
    assert [line.kind for line in document.lines] == ["goods", "discount", "loyalty"]


def test_a_product_that_is_a_discount_lowers_once() -> None:
    rebate = product(-21, type="discount", uuid="d", parent_uuid="u-1", code=None)
    document = read_order(order(100, [product(121), rebate]))
    assert amounts(document)[1] == ("discount", "-17.36", "-21.00", "21")
    assert document.lines[1].parent == "u-1"


@pytest.mark.parametrize(
    ("set_price", "parts", "expected"),
    [
        (300, (0, 0), ["300.00", "0.00", "0.00"]),
        (0, (200, 100), ["0.00", "200.00", "100.00"]),
        (300, (200, 100), ["300.00", "0.00", "0.00"]),  # both show it, the total says that one counts
        (350, (200, 100), ["0.00", "200.00", "100.00"]),  # the parts are what was paid
    ],
)
def test_a_set_and_its_parts_count_once(set_price: float, parts: tuple[float, float], expected: list[str]) -> None:
    bundle = product(set_price, type="set", uuid="s")
    pieces = [product(price, type="set_part", uuid=f"p{price}-{n}", parent_uuid="s") for n, price in enumerate(parts)]
    document = read_order(order(300, [bundle, *pieces]))
    assert [str(line.gross.amount) for line in document.lines] == expected
    assert [line.kind for line in document.lines] == ["set", "set_part", "set_part"]


def test_two_sets_are_told_apart() -> None:
    # The first has priced parts that add up to it, the second has free ones: 300 + 50.
    entries = [
        product(300, type="set", uuid="s1"),
        product(300, type="set_part", uuid="p1", parent_uuid="s1"),
        product(50, type="set", uuid="s2"),
        product(0, type="set_part", uuid="p2", parent_uuid="s2"),
    ]
    document = read_order(order(350, entries))
    assert [str(line.gross.amount) for line in document.lines] == ["300.00", "0.00", "50.00", "0.00"]


def test_money_that_no_line_explains_is_refused() -> None:
    with pytest.raises(InvalidDocumentError) as error:
        read_order(order(131, [product(121)]))
    [problem] = error.value.problems
    assert problem.cause == "money.line_sum"
    assert problem.details == {"found": "121.00 CZK", "stated": "131.00 CZK", "difference": "10.00 CZK"}


def test_rounding_is_its_own_amount() -> None:
    document = read_order(order(121, [product(121.4)], order_total_rest=-0.4))
    assert (str(document.rounding), str(document.total)) == ("-0.40 CZK", "121.00 CZK")


def test_net_prices_of_the_older_version() -> None:
    # Without VAT: 100 and 50; the version of 2024 sends neither the other price nor type and uuid.
    old = {"code": "A1", "title": "Goods", "quantity": 2, "price_per_unit": 50, "price": 100, "vat": 21}
    content = order(181.5, [old], prices_with_vat_yn=False, shipment={"name": "DPD", "price": 50, "vat": 21})
    document = read_order(content)
    assert amounts(document) == [("goods", "100.00", "121.00", "21"), ("shipping", "50.00", "60.50", "21")]
    assert {line.basis for line in document.lines} == {"net"}
    assert document.lines[0].id == "product-1"


def test_net_prices_whose_gross_was_rounded_per_piece() -> None:
    # 24 x 1.20 = 28.80 and 2.85 net at 23 %: 31.65 and 7.28 VAT are 38.93. With VAT a piece is 1.48, 24 are 35.52.
    goods = product(28.8, 23, quantity=24, price_per_unit=1.2, price_with_vat=35.52, price_without_vat=28.8)
    customer = {"country_id_invoice": "sk"}
    facts = {"shipment": {"name": "Z", "price": 2.85, "vat": 23}, "prices_with_vat_yn": False, "oss_yn": True}
    document = read_order(order(38.93, [goods], currency_id="EUR", customer=customer, **facts))
    assert amounts(document) == [("goods", "28.80", "35.42", "23"), ("shipping", "2.85", "3.51", "23")]


def test_a_discount_spread_over_products_may_be_some_hellers_off() -> None:
    # 4,194.06 / 1.21 = 3,466.17; spread over the products and rounded on each, 3,466.20.
    rows = [{"price": 4194.06, "price_with_vat": 4194.06, "price_without_vat": 3466.2, "vat": 21}]
    document = read_order(order(805.94, [product(5000)], discount_voucher=VOUCHER | {"discounts": rows}))
    assert amounts(document)[1] == ("voucher", "-3466.20", "-4194.06", "21")


def test_what_costs_nothing_adds_no_vat_code() -> None:
    content = order(121, [product(121)], payment={"name": "Card", "price": 0, "vat": 0, "type": "gopay", "code": None})
    document = read_order(content)
    assert {line.vat.rate for line in document.lines} == {document.lines[0].vat.rate}
    assert document.payment == Method("gopay", "Card")


def test_oss_follows_the_delivery() -> None:
    customer = {"country_id_invoice": "cz", "postal_yn": True, "country_id_postal": "de", "surname_postal": "Neu"}
    document = read_order(order(119, [product(119, 19)], oss_yn=True, customer=customer))
    assert document.is_oss
    assert str(document.lines[0].vat) == "DE 19 % oss"


def test_rates_of_the_last_change_are_understood() -> None:
    # Ordered at the end of 2023 and edited when 12 % had come: the order holds the new rate.
    content = order(
        112, [product(112, 12)], creation_time="2023-12-30T10:00:00+01:00", last_update_time="2024-01-02T08:00:00+01:00"
    )
    assert str(read_order(content).lines[0].vat) == "CZ 12 % reduced"


def test_days_are_those_of_the_shops_zone() -> None:
    assert read_order(order(121, [product(121)], paid_date="2025-06-30T22:30:00+00:00")).paid == date(2025, 7, 1)
    assert read_order(order(121, [product(121)], paid_date="2025-01-31T22:30:00+00:00")).paid == date(2025, 1, 31)


def test_blocks_that_are_absent_null_or_odd_change_nothing() -> None:
    plain = order(121, [product(121)])
    odd = copy.deepcopy(plain) | {
        "discount_voucher": None,
        "quantity_discount": [],
        "loyalty_points": {},
        "shipment": [],
        "payment": None,
        "metas": {"a": {"values": {"cs": "x"}}},
        "paid_date": "",
    }
    odd["customer"] |= {
        "company": "",
        "ico": None,
        "agreements": [{"name": "x", "valid_to": {"date": "2025-03-01 14:24:49.000000", "timezone_type": 3}}],
    }
    assert read_order(plain) == read_order(odd)


def edited(path: str, value: Any) -> dict[str, Any]:
    content = order(121, [product(121)])
    place: Any = content
    *before, last = path.split(".")
    for name in before:
        place = place[int(name)] if name.isdigit() else place[name]
    place[int(last) if last.isdigit() else last] = value
    return content


HOSTILE: dict[str, tuple[str, Any, str]] = {
    "no number": ("order_number", "", "field.missing"),
    "number is an object": ("order_number", {"a": 1}, "field.type"),
    "nul in a name": ("customer.surname_invoice", "No\x00vá", "text.nul"),
    "half a surrogate pair": ("products.0.title", "\ud83d", "text.surrogate"),
    "unknown currency": ("currency_id", "XXX", "currency.unknown"),
    "amount as words": ("order_total", "sto", "number.invalid"),
    "amount too large": ("order_total", 10**16, "number.too_large"),
    "half a heller": ("order_total", 121.005, "money.decimals"),
    "no such rate": ("products.0.vat", 13, "upgates.line_vat"),
    "unknown kind of product": ("products.0.type", "subscription", "upgates.word"),
    "products is no list": ("products", "none", "field.type"),
    "product is null": ("products", [None], "field.type"),
    "no date": ("creation_time", "0000-00-00", "field.date"),
    "a time without offset": ("creation_time", "2025-03-01T10:00:00", "field.no_offset"),
    "country in words": ("customer.country_id_invoice", "Česko", "field.country"),
    "yes or no is a date": ("oss_yn", "2025-01-01", "field.type"),
    "price missing": ("products.0", {"title": "x", "quantity": 1, "price_per_unit": 1}, "field.missing"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile(name: str) -> None:
    path, value, cause = HOSTILE[name]
    with pytest.raises(InvalidDocumentError) as error:
        read_order(edited(path, value))
    assert error.value.problems[0].cause == cause


@pytest.mark.parametrize(
    ("payload", "cause"),
    [
        (b'{"order_number": NaN}', "number.invalid"),
        (b'{"order_number": 1, "order_number": 2}', "payload.repeated_key"),
        (b'{"order_number": "1"', "payload.no_json"),
        (b'"order"', "field.type"),
        (b"[" * 100_000, "payload.too_deep"),
    ],
)
def test_hostile_bytes(payload: bytes, cause: str) -> None:
    record = msgspec.structs.replace(item("order", b"{}", PRAGUE).record, payload=payload)
    with pytest.raises(InvalidDocumentError) as error:
        parse(SETTINGS, record)
    assert error.value.problems[0].cause == cause


def test_documents_are_json_and_back() -> None:
    document = read_order(order(121, [product(121)]))
    assert msgspec.json.decode(msgspec.json.encode(document), type=Order) == document
    assert json.loads(msgspec.json.encode(document))["type"] == "order"
