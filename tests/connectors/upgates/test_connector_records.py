"""Items as records: what changes a fingerprint, whose case it is, and that no item is lost."""

import copy
import json
from datetime import date
from typing import Any

import pytest

from mostek.connectors.upgates.records import item
from mostek.documents.money import Money
from mostek.sdk.items import readable
from mostek.sdk.record import Record, Summary
from tests.connectors.upgates.samples import PRAGUE, invoice, line, order, product, row, sent

ORDER = order(121, [product(121)], admin_url="https://shop.admin.s1.upgates.com/orders/1")
INVOICE = invoice(121, [line(121)], {"21": row(100, 21)}, invoice_pdf_url="https://shop.s1.upgates.com/a.pdf")


def record(content: dict[str, Any] | bytes, feed: str = "order") -> Record:
    return item(feed, content if isinstance(content, bytes) else sent(content), PRAGUE).record


def test_the_same_content_in_other_words_is_the_same() -> None:
    turned = dict(reversed(ORDER.items())) | {"products": [dict(reversed(ORDER["products"][0].items()))]}
    assert record(turned).fingerprint == record(ORDER).fingerprint
    shapes = (
        b'{"a": 168.6, "b": 168, "c": true}',
        b'{"c":true,"b":168.0,"a":168.60}',
        b'{"a":1.686e2,"b":1.68E+2,"c":true}',
    )
    assert len({record(shape).fingerprint for shape in shapes}) == 1


@pytest.mark.parametrize(
    "volatile",
    [
        {"last_update_time": "2026-01-01T00:00:00+01:00"},
        {"admin_url": "https://shop.admin.s2.upgates.com/orders/1"},
        {"attachments": [], "admin_url": None},
        {"products": [product(121, image_url="https://cdn.example/2.jpg")]},
    ],
)
def test_stamps_and_addresses_do_not_matter(volatile: dict[str, Any]) -> None:
    before = ORDER | {"attachments": []}
    assert record(before | volatile).fingerprint == record(before).fingerprint


def test_a_new_address_of_the_pdf_does_not_matter() -> None:
    moved = INVOICE | {"invoice_pdf_url": "https://shop.s2.upgates.com/b.pdf"}
    assert record(moved, "invoice").fingerprint == record(INVOICE, "invoice").fingerprint


@pytest.mark.parametrize(
    "change",
    [
        {"status": "Zrušená"},
        {"order_total": 121.01},
        {"paid_date": "2025-03-02"},
        {"tracking_code": "X"},
        {"resolved_yn": 1},
    ],
)
def test_what_matters_changes_it(change: dict[str, Any]) -> None:
    assert record(ORDER | change).fingerprint != record(ORDER).fingerprint


def test_a_change_deep_inside_changes_it() -> None:
    changed = copy.deepcopy(INVOICE)
    changed["items"][0]["quantity"] = 2
    assert record(changed, "invoice").fingerprint != record(INVOICE, "invoice").fingerprint


@pytest.mark.parametrize(
    ("facts", "kind", "root"),
    [
        ({}, "invoice", "order:10001"),
        ({"order_number": 10001}, "invoice", "order:10001"),
        ({"type": "receipt"}, "receipt", "order:10001"),
        ({"order_number": None}, "invoice", "invoice:25000001"),
        ({"type": "creditNote", "related_invoice_number": "24000009"}, "credit_note", "order:10001"),
        (
            {"type": "creditNote", "related_invoice_number": "24000009", "order_number": ""},
            "credit_note",
            "invoice:24000009",
        ),
        ({"type": "creditNote", "related_invoice_number": None, "order_number": ""}, "credit_note", "invoice:25000001"),
        ({"type": "proforma"}, "invoice", "order:10001"),
        ({"type": ["x"], "order_number": {"a": 1}}, "invoice", "invoice:25000001"),
    ],
)
def test_kind_and_case(facts: dict[str, Any], kind: str, root: str) -> None:
    found = record(INVOICE | facts, "invoice")
    assert (found.kind, found.id, found.root) == (kind, "25000001", root)


def test_summaries() -> None:
    assert record(ORDER).summary == Summary(number="10001", total=Money(12100, "CZK"), dated=date(2025, 3, 1))
    late = ORDER | {"creation_time": "2025-02-28T23:30:00+00:00"}
    assert record(late).summary.dated == date(2025, 3, 1)
    credit = INVOICE | {"type": "creditNote", "total_with_vat": -121}
    assert record(credit, "invoice").summary.total == Money(12100, "CZK")
    broken = ORDER | {"currency_id": "X", "creation_time": "never"}
    assert record(broken).summary == Summary(number="10001")


HOSTILE = {
    "no JSON": b'{"order_number": "1", "a": NaN}',
    "half a surrogate pair": b'{"order_number": "1", "a": "\\ud800"}',
    "no UTF-8": b'{"order_number": "\xff"}',
    "repeated key": b'{"order_number": "1", "order_number": "2"}',
    "an exponent beyond all": b'{"order_number": "1", "a": 1e999999999}',
    "a number of 5,000 digits": b'{"order_number": "1", "a": ' + b"9" * 5000 + b"}",
    "too deep": b'{"order_number": "1", "a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep": b'{"order_number": "1", "a": ' + b"[" * 900 + b"]" * 900 + b"}",
    "a word": b'"order"',
    "nothing": b"null",
    "an empty list": b"[]",
    "number is an object": b'{"order_number": {}}',
    "number is endless": json.dumps({"order_number": "1" * 500}).encode(),
    "number with a nul": b'{"order_number": "1\\u0000"}',
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("feed", ["order", "invoice"])
def test_no_item_is_lost(name: str, feed: str) -> None:
    payload = HOSTILE[name].replace(b"order_number", f"{feed}_number".encode())
    found, again = item(feed, payload, PRAGUE).record, item(feed, payload, PRAGUE).record
    assert found == again
    assert found.payload == payload
    assert found.id
    assert found.root == f"{feed}:{found.id}"
    assert len(found.fingerprint) == 32


def test_items_without_a_number_are_told_apart_and_never_asked_for() -> None:
    first, second = record(b'{"a": 1}'), record(b'{"a": 2}')
    assert first.id != second.id
    assert not readable(first.id)
    assert readable("25000001")
    assert not readable("1;2")
