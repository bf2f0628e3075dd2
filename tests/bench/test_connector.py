"""The stand's connector gives the same invoice as the other contenders make of the same order."""

import json
from decimal import Decimal
from typing import Any

import pytest

from bench import connector, task
from mostek.documents.invoice import contradictions
from mostek.documents.problem import InvalidDocumentError
from mostek.sdk.effect import Action
from mostek.sdk.record import Record

ORDER: dict[str, Any] = {
    "id": 7,
    "number": "20250000007",
    "created_at": "2025-06-08T07:07:00+02:00",
    "currency": "CZK",
    "customer": {
        "id": 7,
        "email": "buyer@shop.example",
        "phone": "",
        "company": "Firma",
        "ico": "00000019",
        "dic": None,
    },
    "billing": {"name": "Jana Testová", "street": "Dlouhá 7", "city": "Brno", "zip": "60200", "country": "CZ"},
    "lines": [
        {"sku": "SKU-1", "name": "Hrnek", "qty": 3, "unit_price": "146.90", "vat_rate": "21.00", "discount": "0.00"},
        {"sku": "SKU-2", "name": "Kniha", "qty": 1, "unit_price": "120.90", "vat_rate": "12.00", "discount": "0.00"},
    ],
    "shipment": {"code": "ppl", "title": "PPL", "price": "99.00", "vat_rate": "21.00"},
    "payment": {"code": "card", "title": "Platba kartou", "price": "0.00", "vat_rate": "21.00"},
}
SETTINGS = connector.StandSettings(address="http://shop.example")


def rendered(order: dict[str, Any]) -> dict[str, Any]:
    """What Mostek would send for an order."""
    record = Record(kind="invoice", id="7", root="order:7", payload=json.dumps(order).encode(), fingerprint="")
    document = connector.parse(SETTINGS, record)
    assert not contradictions(document)
    action = Action(key="key", role="book", verb="create", kind="invoice", subject=document)
    sent: dict[str, Any] = json.loads(connector.render(SETTINGS, action))
    return sent


def figures(invoice: dict[str, Any]) -> dict[str, Any]:
    """An invoice with its amounts as numbers: 21.00 and 21 are the same rate."""
    amounts = {"unit_price", "vat_rate", "net", "rate", "base", "tax", "total", "qty"}

    def read(name: str, value: Any) -> Any:
        if isinstance(value, list):
            return sorted(({key: read(key, part) for key, part in item.items()} for item in value), key=str)
        return Decimal(str(value)) if name in amounts else value

    return {name: read(name, value) for name, value in invoice.items() if name != "external_id"}


def test_every_contender_sends_the_same_invoice() -> None:
    assert figures(rendered(ORDER)) == figures(task.invoice(ORDER))


def test_an_order_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(InvalidDocumentError, match=r"lines\[0\].unit_price"):
        rendered({**ORDER, "lines": [{**ORDER["lines"][0], "unit_price": "NaN"}]})
