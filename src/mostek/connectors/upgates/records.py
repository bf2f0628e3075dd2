"""Items of UpGates' lists as records: identity, case, fingerprint and summary; see :mod:`mostek.sdk.items`."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from zoneinfo import ZoneInfo

from mostek.connectors.upgates import fields
from mostek.connectors.upgates.fields import Payload
from mostek.documents.invoice import DocumentKind
from mostek.documents.money import Money
from mostek.sdk.field import day
from mostek.sdk.items import Item, alone, content, fingerprint, identity, lenient
from mostek.sdk.record import Record, Summary

KINDS: Mapping[str, DocumentKind] = {"invoice": "invoice", "creditNote": "credit_note", "receipt": "receipt"}

# They change on every touch, or when the shop moves to another server, and say nothing of the document.
_VOLATILE = frozenset({"last_update_time", "admin_url", "image_url", "invoice_pdf_url", "url"})


def item(feed: str, payload: bytes, zone: ZoneInfo) -> Item:
    """Make a record of one item's own bytes."""
    if feed == "contact":
        return alone(feed, payload, zone, fields.CUSTOMER_SHAPE)
    found = content(payload)
    by: type[fields.Order | fields.Invoice] = fields.Order if feed == "order" else fields.Invoice
    kind = "order" if feed == "order" else KINDS.get(lenient(lambda: fields.Invoice.type(found), ""), "invoice")
    number = lenient(lambda: by.number(found), "")
    print_ = fingerprint(found, payload, _VOLATILE)
    id = identity(number, print_)
    turned: Callable[[Decimal], Decimal] = abs if kind == "credit_note" else Decimal  # it counts with a positive amount
    amount = lenient(lambda: Money.rounded(turned(by.total(found)), by.currency(found)), None)
    dated = lenient(lambda: day(zone)(by.dated(found), ""), None)
    record = Record(
        kind=kind,
        id=id,
        root=_root(kind, id, found),
        payload=payload,
        fingerprint=print_,
        summary=Summary(number=number if id == number else "", total=amount, dated=dated),
    )
    time = fields.Order.changed if feed == "order" else fields.Invoice.created
    return Item(record, lenient(lambda: time(found), None))


def _root(kind: str, id: str, found: Payload) -> str:
    """The case: the order where there is one; a credit note without belongs to what it credits."""
    order = id if kind == "order" else lenient(lambda: fields.Invoice.order_number(found), None)
    corrected = lenient(lambda: fields.Invoice.corrects(found), None) if kind == "credit_note" else None
    return f"order:{order}" if order else f"invoice:{corrected or id}"
