"""Orders and invoices as the vendor sends them, made from what differs."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from mostek.connectors.upgates.mapping import parse
from mostek.connectors.upgates.records import item
from mostek.connectors.upgates.settings import UpgatesSettings
from mostek.documents.invoice import Invoice
from mostek.documents.order import Order

PRAGUE = ZoneInfo("Europe/Prague")
SETTINGS = UpgatesSettings(login="reader", api_key="s3cret", address="https://shop.admin.s1.upgates.com/api/v2")


def sent(content: Mapping[str, Any]) -> bytes:
    """The content as bytes, decimals as numbers."""

    def plain(value: Any) -> Any:
        if isinstance(value, Decimal):
            return float(value)
        raise TypeError(type(value))

    return json.dumps(content, default=plain).encode()


def product(price: float, rate: float = 21, **facts: Any) -> dict[str, Any]:
    """A product of the version of 2025, its net price rounded as recorded."""
    net = round(price / (1 + rate / 100) + 1e-9, 2)
    prices = {"price": price, "price_with_vat": price, "price_without_vat": net, "price_per_unit": price, "vat": rate}
    return (
        {"type": "product", "uuid": "u-1", "code": "A1", "title": "Goods", "unit": "ks", "quantity": 1} | prices | facts
    )


def order(total: float, products: list[dict[str, Any]], **facts: Any) -> dict[str, Any]:
    """An order with VAT in its prices, by a Czech consumer."""
    customer = {
        "email": "eva@buyer.example",
        "phone": "+420 111222333",
        "customer_id": 7,
        "code": "C00007",
        "firstname_invoice": "Eva",
        "surname_invoice": "Nová",
        "street_invoice": "Krátká 1",
        "city_invoice": "Brno",
        "zip_invoice": "60200",
        "country_id_invoice": "cz",
        "company_yn": False,
        "postal_yn": False,
    }
    given = {
        "order_number": "10001",
        "currency_id": "CZK",
        "prices_with_vat_yn": True,
        "status": "Přijatá",
        "oss_yn": False,
        "creation_time": "2025-03-01T10:00:00+01:00",
        "last_update_time": "2025-03-01T10:00:00+01:00",
        "variable_symbol": "10001",
        "order_total": total,
        "order_total_rest": 0,
        "origin": "frontend",
        "customer": customer | facts.pop("customer", {}),
        "products": products,
    }
    return given | facts


def line(gross: float, rate: float = 21, net: float | None = None, **facts: Any) -> dict[str, Any]:
    """An item of an invoice."""
    net = round(gross / (1 + rate / 100) + (1e-9 if gross > 0 else -1e-9), 2) if net is None else net
    prices = {"price_with_vat": gross, "price_without_vat": net, "price_per_unit_with_vat": gross}
    named = {"code": "A1", "name": "Goods", "quantity": 1, "unit": "ks", "type": "product", "vat": rate}
    return named | prices | {"price_per_unit_without_vat": net} | facts


def row(net: float, tax: float) -> dict[str, float]:
    """A row of the VAT summary."""
    return {"base": net, "vat": tax, "total": round(net + tax, 2)}


def invoice(total: float, items: list[dict[str, Any]], vats: Any, **facts: Any) -> dict[str, Any]:
    """An invoice of a Czech VAT payer to a Czech consumer."""
    given = {
        "invoice_number": "25000001",
        "related_invoice_number": None,
        "type": "invoice",
        "order_number": "10001",
        "currency_id": "CZK",
        "date_of_issuance": "2025-03-01T10:00:00+01:00",
        "date_of_vat_revenue_recognition": "2025-03-01",
        "date_of_expiration": "2025-03-15",
        "creation_time": "2025-03-01T10:00:00+01:00",
        "variable_symbol": "10001",
        "specific_symbol": "",
        "payment": "Kartou",
        "paid_yn": False,
        "paid_date": None,
        "oss_yn": False,
        "oss_country_id": None,
        "total_rest": 0,
        "total_with_vat": total,
        "supplier": {"name": "Seller", "country_id": "cz", "var_payer_yn": True},
        "customer": {"name": "Eva Nová", "country_id": "cz", "company_yn": False} | facts.pop("customer", {}),
        "items": items,
        "recapitulation_vats": vats,
    }
    return given | facts


def read_order(content: Mapping[str, Any], settings: UpgatesSettings = SETTINGS) -> Order:
    """The order's document."""
    document = parse(settings, item("order", sent(content), PRAGUE).record)
    assert isinstance(document, Order)
    return document


def read_invoice(content: Mapping[str, Any], settings: UpgatesSettings = SETTINGS) -> Invoice:
    """The invoice's document."""
    document = parse(settings, item("invoice", sent(content), PRAGUE).record)
    assert isinstance(document, Invoice)
    return document
