"""Our table of fields against the vendor's reference, and what its readers take."""

import json
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mostek.connectors.upgates import fields
from mostek.documents.number import decimal
from mostek.documents.problem import InvalidDocumentError
from mostek.sdk.field import Field, country, flag, mapping, moment, sequence, text

# Where the vendor's reference lists the fields of each of our classes and tables.
PLACES: list[tuple[str, str, Any]] = [
    ("Seznam objednávek", "orders", fields.Order),
    ("Seznam objednávek", "orders.customer", fields.Buyer),
    ("Seznam objednávek", "orders.customer", fields.CONTACTS),
    ("Seznam objednávek", "orders.customer", fields.INVOICED),
    ("Seznam objednávek", "orders.customer", fields.POSTED),
    ("Seznam objednávek", "orders.products", fields.Product),
    ("Seznam objednávek", "orders.products", fields.Price),
    ("Seznam objednávek", "orders.shipment", fields.Price),
    ("Seznam objednávek", "orders.shipment", fields.Method),
    ("Seznam objednávek", "orders.payment", fields.Price),
    ("Seznam objednávek", "orders.payment", fields.Method),
    ("Seznam objednávek", "orders.discount_voucher", fields.Discount),
    ("Seznam objednávek", "orders.discount_voucher.discounts", fields.Price),
    ("Seznam objednávek", "orders.quantity_discount.discounts", fields.Price),
    ("Seznam objednávek", "orders.loyalty_points.discounts", fields.Price),
    ("Seznam zákazníků", "customers", fields.Account),
    ("Seznam zákazníků", "customers.company", fields.Firm),
    ("Seznam zákazníků", "customers.communication", {"phone": fields.PHONE}),
    ("Seznam zákazníků", "customers.login", {"email": fields.EMAIL}),
    ("Seznam zákazníků", "customers.addresses", {"billing": fields.BILLING, "postal": fields.POSTAL}),
    ("Seznam zákazníků", "customers.addresses.billing", fields.PLACE),
    ("Seznam zákazníků", "customers.addresses.postal", fields.PLACE),
    ("Seznam zákazníků", "customers.addresses.postal", fields.Recipient),
    ("Seznam faktur", "invoices", fields.Invoice),
    ("Seznam faktur", "invoices.supplier", fields.Supplier),
    ("Seznam faktur", "invoices.customer", fields.Customer),
    ("Seznam faktur", "invoices.customer", fields.CUSTOMER),
    ("Seznam faktur", "invoices.customer", fields.CONTACTS),
    ("Seznam faktur", "invoices.items", fields.Item),
    (
        "Seznam faktur",
        "invoices.items",
        {"gross": fields.Price.gross, "net": fields.Price.net, "rate": fields.Price.rate},
    ),
    ("Seznam faktur", "invoices.recapitulation_vats", fields.Summed),
    ("Seznam faktur", "invoices.recapitulation_vats_total", fields.Summed),
]
# Which of the vendor's types a reader understands.
TYPES: dict[Callable[..., Any], set[str]] = {
    text: {"string", "enum", "email", "int"},
    flag: {"bool"},
    country: {"country"},
    moment: {"date"},
    mapping: {"object"},
    sequence: {"array"},
    fields.amount: {"float"},
    decimal: {"float"},
    fields.currency_code: {"currency"},
    fields.date_text: {"date"},
    fields.by_rate: {"array"},
}


def table(place: Any) -> Iterator[Field[Any]]:
    found = place if isinstance(place, Mapping) else vars(place)
    return (field for field in found.values() if isinstance(field, Field))


def documented(specs: Path, title: str, path: str) -> dict[str, str]:
    actions = json.loads((specs / "upgates" / "fields.2025-05.json").read_text())
    [nodes] = [action["response"] for action in actions if action["title"] == title]
    for name in path.split("."):
        [nodes] = [node["children"] for node in nodes if node.get("name") == name]
        nodes = nodes[0]["children"] if nodes and nodes[0].get("name") == "<item>" else nodes
    return {node["name"]: node["type"] for node in nodes}


@pytest.mark.needs_specs("upgates/fields.2025-05.json")
@pytest.mark.parametrize(("title", "path", "place"), PLACES)
def test_every_field_is_the_vendors_and_of_its_type(specs: Path, title: str, path: str, place: Any) -> None:
    known = documented(specs, title, path)
    read = list(table(place))
    assert read
    assert {field.name: known.get(field.name) for field in read if known.get(field.name) not in TYPES[field.read]} == {}


def test_no_class_of_fields_is_left_out() -> None:
    owners = {id(place) for _, _, place in PLACES}
    ours = [
        value
        for name, value in vars(fields).items()
        if getattr(value, "__module__", "") == fields.__name__ and isinstance(value, type)
    ]
    assert ours
    assert [owner.__name__ for owner in ours if id(owner) not in owners] == []


@pytest.mark.parametrize(
    ("value", "read"),
    [(Decimal("168.60000000000002"), "168.6"), (293, "293"), ("89.00", "89"), (Decimal("1E+2"), "100")],
)
def test_an_amount_loses_only_what_a_float_left(value: Any, read: str) -> None:
    assert str(fields.amount(value, "price")) == read


@pytest.mark.parametrize("value", [True, "NaN", "1e999", "12,50", {}, "9" * 40])
def test_no_amount(value: Any) -> None:
    with pytest.raises(InvalidDocumentError) as error:
        fields.amount(value, "items[0].price")
    assert error.value.problems[0].field == "items[0].price"


@pytest.mark.parametrize(
    ("value", "rates"),
    [
        ([], []),
        ({}, []),
        ({"21": {"base": 1}, "12.0": {"base": 2}}, ["21", "12"]),
        ([{"base": 5}], ["0"]),  # PHP writes {0: ...} as a list
    ],
)
def test_a_vat_summary_by_rate(value: Any, rates: list[str]) -> None:
    assert [str(rate) for rate in fields.by_rate(value, "recapitulation_vats")] == rates


@pytest.mark.parametrize("value", [{"21": {}, "21.0": {}}, {"standard": {}}, {"21": 5}, "21"])
def test_no_vat_summary(value: Any) -> None:
    with pytest.raises(InvalidDocumentError):
        fields.by_rate(value, "recapitulation_vats")
