"""Every field the sandbox emits is documented with its type, and the recorded orders' shape is met key by key."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mostek.connectors.upgates.sandbox import cards
from mostek.connectors.upgates.sandbox.baskets import baskets, texts, wire
from mostek.connectors.upgates.sandbox.options import Options
from mostek.connectors.upgates.sandbox.shop import catalogue
from mostek.connectors.upgates.sandbox.shop.model import Address, Customer, Line, Manner, Order, settle, total_up
from mostek.connectors.upgates.sandbox.shop.people import customers
from mostek.connectors.upgates.sandbox.shop.shape import order_json

Json = dict[str, Any]
Node = dict[str, Any]
OPTIONS = Options(seed=2, hostile=0.0)
TEXTS = {"string", "language", "currency", "country", "date", "email", "enum"}
TYPES: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "array": (list,),
    "object": (dict,),
}

# Where the vendor's own answers, or what no source tells, differ from the documentation: path -> types that are sent.
DIFFERENT: dict[str, tuple[type, ...]] = {
    "orders.default_currency_rate": (int, float),  # documented as a currency, recorded as a number
    "orders.customer.agreements.valid_to": (dict, str, type(None)),  # recorded as null and as a PHP object
    "orders.shipment.affiliate_name": (str, type(None)),  # recorded as null
    "products.limit_orders": (str, type(None)),  # null is one of the documented values
    "products.action_currently_yn": (bool,),  # documented as a number, recorded as a boolean
    "invoices.order_number": (str, type(None)),  # assumed for a document without an order
    "invoices.recapitulation_currency_id": (str, type(None)),  # may be missing; assumed null
    "invoices.recapitulation_currency_rate": (int, float, type(None)),
    "products.vats": (dict,),
    "customers.groups": (dict, list),
}
# Maps whose keys are data: a VAT rate, a country.
KEYED = {"invoices.recapitulation_vats", "products.vats"}


def documented(specs: Path, method: str, uri: str) -> list[Node]:
    actions = json.loads((specs / "upgates" / "fields.2025-05.json").read_text())
    (action,) = [each for each in actions if each["method"] == method and each["uri"].startswith(uri)]
    response: list[Node] = action["response"]
    return response


def item_fields(nodes: Iterable[Node], name: str) -> list[Node]:
    """The fields of the objects in a documented array."""
    (array,) = [node for node in nodes if node["name"] == name]
    (item,) = [child for child in array["children"] if child["name"] == "<item>"]
    fields: list[Node] = item["children"]
    return fields


def fields_of(node: Node) -> list[Node]:
    """The documented fields of an object, or of the objects in an array; none for anything else."""
    children = [child for child in node["children"] if "name" in child]
    if children and children[0]["name"] == "<item>":
        return list(children[0]["children"])
    return children


def problems(value: Json, nodes: list[Node], path: str) -> Iterator[str]:
    """Undocumented keys, wrong types and missing fields of one object."""
    known = {node["name"]: node for node in nodes}
    for key, each in value.items():
        where = f"{path}.{key}"
        if key not in known:
            yield f"{where}: undocumented"
            continue
        yield from problem(each, known[key], where)


def problem(value: Any, node: Node, path: str) -> Iterator[str]:
    """What is wrong with one value."""
    if path in DIFFERENT:
        if not isinstance(value, DIFFERENT[path]):
            yield f"{path}: {value!r}"
    elif value is None:
        if "nullable" not in node["flags"]:
            yield f"{path}: null, but not nullable"
    elif not fits(value, node, path):
        yield f"{path}: {value!r} is no {node['type']}"
    elif fields_of(node):
        for each in objects(value, path):
            yield from problems(each, fields_of(node), path)


def fits(value: Any, node: Node, path: str) -> bool:
    """Whether a value is of its documented type and values; a named structure (metas, messages) is an array."""
    choices = [child["enum"] for child in node["children"] if "enum" in child]
    if node["type"] == "enum" and choices and value not in choices:
        return False
    allowed = (str,) if node["type"] in TEXTS else TYPES.get(node["type"], (list,))
    if path in KEYED:
        allowed = (dict, list)
    return isinstance(value, allowed) and (not isinstance(value, bool) or bool in allowed)


def objects(value: Any, path: str) -> list[Json]:
    """The objects whose fields are documented: the value, its items, or what a map holds."""
    if isinstance(value, dict):
        return list(value.values()) if path in KEYED else [value]
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def missing(value: Json, nodes: list[Node], optional: set[str]) -> set[str]:
    return {node["name"] for node in nodes if "optional" not in node["flags"]} - value.keys() - optional


@pytest.mark.parametrize("vintage", ["2024", "2025"])
def test_orders_and_invoices_are_documented(specs: Path, vintage: str) -> None:
    orders = item_fields(documented(specs, "GET", "/api/v2/orders/{order_number}/{?order_numbers}"), "orders")
    invoices = item_fields(documented(specs, "GET", "/api/v2/invoices/{invoice_number}{?invoice"), "invoices")
    found: set[str] = set()
    for basket in baskets(2, 600, without_order=True, options=replace(OPTIONS, vintage=vintage)):
        if basket.order is not None:
            found |= set(problems(basket.order, orders, "orders"))
        found |= set(problems(basket.invoice, invoices, "invoices"))
        if vintage == "2025":
            unused = {"discount_voucher", "quantity_discount", "loyalty_points", "eet"}
            assert not missing(basket.invoice, invoices, unused)
            assert basket.order is None or not missing(basket.order, orders, unused)
    assert not found


def test_the_check_itself_can_fail(specs: Path) -> None:
    """An invented field, a text for a number, a forbidden null, an unknown value, a boolean in depth: all are found."""
    invoices = item_fields(documented(specs, "GET", "/api/v2/invoices/{invoice_number}{?invoice"), "invoices")
    wrong = {"last_update_time": "x", "total_rest": "0", "payment": None, "type": "proforma", "items": [{"vat": True}]}
    assert len(list(problems(wrong, invoices, "invoices"))) == 5


def test_the_other_lists_are_documented(specs: Path) -> None:
    lists: tuple[tuple[str, str, list[Json]], ...] = (
        ("/api/v2/customers{?creation", "customers", [cards.customer_json(who, OPTIONS) for who in customers(2)]),
        (
            "/api/v2/products/{code}{?codes}",
            "products",
            [cards.product_json(each, OPTIONS) for each in catalogue.products(2)],
        ),
        ("/api/v2/shipments/{id}/{?ids}", "shipments", [cards.shipment_json(each) for each in catalogue.SHIPMENTS]),
        ("/api/v2/payments/{id}/", "payments", [cards.payment_json(each) for each in catalogue.PAYMENTS]),
        ("/api/v2/order-statuses/{id}/", "order_statuses", [cards.status_json(each) for each in catalogue.STATUSES]),
        ("/api/v2/owner", "owner", cards.owner_json(OPTIONS)["owner"]),
        ("/api/v2/languages", "languages", cards.languages_json(OPTIONS)["languages"]),
        ("/api/v2/pricelists", "pricelists", cards.pricelists_json(OPTIONS)["pricelists"]),
    )
    for uri, name, items in lists:
        fields = item_fields(documented(specs, "GET", uri), name)
        found = {each for item in items for each in problems(item, fields, name)}
        assert not found, uri
        assert not [lack for item in items if (lack := missing(item, fields, set()))], uri


# -- the recorded orders --


@pytest.fixture
def recorded(specs: Path) -> Json:
    answer: Json = json.loads((specs / "upgates" / "nuty456_orders.json").read_text())
    return answer


def recorded_customer(recorded: Json) -> Customer:
    """The recorded buyer, read from the recording: persons' data are not kept here."""

    def address(kind: str) -> Address:
        first, last, street, city, code, country = (
            recorded[f"{name}_{kind}"] for name in ("firstname", "surname", "street", "city", "zip", "country_id")
        )
        return Address(first, last, street, city, code, country.upper())

    phone, company = recorded["phone"], recorded["company"]
    here, there = address("invoice"), address("postal")
    return Customer(1, recorded["email"], phone, here, there, company, recorded["ico"], recorded["dic"])


def recorded_order(recorded: Json) -> Order:
    """The first recorded order as the engine would hold it: 3 x 68.00, shipment 89.00, free payment, at 21 %."""
    how = Manner(2024, gross_basis=True, per_unit=False, per_rate=False, date_only=False, free_listed=True)
    row = Line("product", "Permon 11° Pšeničné", 2100, 6800, 3000, code="2862", product=36, fee=300, weight=900)
    at = 1_709_213_089  # 2024-02-29 14:24:49 in Prague
    order = Order(
        id=1,
        number="9000011",
        uuid="",
        currency="CZK",
        fx=1000,
        manner=how,
        regime="standard",
        customer=recorded_customer(recorded["customer"]),
        rows=[settle(row, how)],
        shipment=settle(Line("shipment", "WEDO (celá ČR)", 2100, 8900, code="INB"), how),
        payment=settle(Line("payment", "Platba předem bankovním převodem", 0, 0), how),
        shipment_id=4,
        payment_id=3,
        created=at,
        updated=at,
        status=1,
        symbol="1",
        step=1,
    )
    return total_up(order)


# What belongs to the recorded shop and not to the shape.
OWN = {"admin_url", "categories", "image_url", "ean", "length_unit", "availability"}


def flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Leaves with their paths; in their order."""
    if isinstance(value, dict) and value:
        for key, each in value.items():
            yield from flat(each, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value:
        for i, each in enumerate(value):
            yield from flat(each, f"{path}[{i}]")
    else:
        yield path, value


def test_the_first_recorded_order_is_reproduced(recorded: Json) -> None:
    """Every key in its order, and every value that is not the recorded shop's own: amounts, nulls, the PHP date."""
    mine = order_json(recorded_order(recorded["orders"][0]), OPTIONS)
    ours, theirs = (
        {path: each for path, each in flat(order) if not OWN & set(parts(path))}
        for order in (mine, recorded["orders"][0])
    )
    assert list(ours) == list(theirs)
    assert {path: (each, theirs[path]) for path, each in ours.items() if each != theirs[path]} == {}
    assert [type(each) for each in ours.values()] == [type(each) for each in theirs.values()]


def parts(path: str) -> list[str]:
    return [part.split("[", maxsplit=1)[0] for part in path.split(".")]


def test_every_order_of_2024_has_the_recorded_keys(recorded: Json) -> None:
    def keys(order: Json) -> tuple[list[str], ...]:
        shipment = [key for key in order["shipment"] if key != "packeta_carrier_id"]
        used = {"discount_voucher", "loyalty_points"}  # recorded orders had none
        top = [key for key in order if key not in used]
        return top, list(order["customer"]), list(order["products"][0]), shipment, list(order["payment"])

    shape = keys(recorded["orders"][0])
    for basket in baskets(2, 200, options=replace(OPTIONS, vintage="2024")):
        assert basket.order is not None
        assert keys(basket.order) == shape


def test_the_wire_is_escaped_as_recorded(specs: Path) -> None:
    """The recorded text has escaped slashes and no letter outside ASCII."""
    raw = (specs / "upgates" / "nuty456_orders.json").read_text()
    assert "\\/" in raw
    assert raw.isascii()
    order, invoice = next(texts(2, 1))
    assert order.isascii()
    assert "/" not in order.replace("\\/", "")
    assert "/" not in invoice.replace("\\/", "")
    assert json.loads(wire({"a": "ž/\\"})) == {"a": "ž/\\"}


# -- what is assumed --


def invoices_with(**settings: Any) -> list[Json]:
    return [basket.invoice for basket in baskets(2, 400, without_order=True, options=replace(OPTIONS, **settings))]


def test_switches_of_the_shape() -> None:
    lists = [each for each in invoices_with(php_arrays="yes") if isinstance(each["recapitulation_vats"], list)]
    assert lists
    assert all(item["vat"] == 0 for each in lists for item in each["items"] if item["price_with_vat"])
    assert all(isinstance(each["recapitulation_vats"], dict) for each in invoices_with())
    assert any(each["order_number"] == "" for each in invoices_with(no_order="empty"))
    assert all(len(each["date_of_issuance"]) == 10 for each in invoices_with(date_style="date"))
    assert all(each["date_of_issuance"][10:19] == "T00:00:00" for each in invoices_with(date_style="datetime"))
    with_rest = [each for each in invoices_with(total_includes_rest="no") if each["total_rest"]]
    assert all(each["total_with_vat"] in near(each) for each in with_rest if each["currency_id"] == "CZK")
    rates = {
        each["recapitulation_currency_rate"]
        for each in invoices_with(recap_rate="divide")
        if each["currency_id"] == "EUR"
    }
    assert rates == {0.039801}


def near(invoice: Json) -> tuple[float, float]:
    total = invoice["recapitulation_vats_total"]["total"]
    return total, round(total, 2)
