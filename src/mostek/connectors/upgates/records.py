"""Items of UpGates' lists as records: identity, case, fingerprint and summary, read leniently.

Nothing here refuses an item: what cannot be read becomes a record too, so that it is parked with its reason when it
is parsed, and counted.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec

from mostek.connectors.upgates import fields
from mostek.connectors.upgates.fields import Payload
from mostek.connectors.upgates.settings import UpgatesSettings
from mostek.documents.canonical import digest
from mostek.documents.invoice import DocumentKind
from mostek.documents.money import Money
from mostek.documents.problem import InvalidDocumentError
from mostek.sdk.field import day, parse_json
from mostek.sdk.record import Record, Summary

T = TypeVar("T")

KINDS: Mapping[str, DocumentKind] = {"invoice": "invoice", "creditNote": "credit_note", "receipt": "receipt"}

# They change on every touch, or when the shop moves to another server, and say nothing of the document.
_VOLATILE = frozenset({"last_update_time", "admin_url", "image_url", "invoice_pdf_url", "url"})
_LONGEST_ID = 100
_UNREAD = "unread-"


class Item(NamedTuple):
    """A record, and when it was changed (an order) or created (the others), None where that is not readable."""

    record: Record
    time: datetime | None


def item(feed: str, payload: bytes, zone: ZoneInfo) -> Item:
    """Make a record of one item's own bytes."""
    content: Payload = _lenient(lambda: parse_json(payload), {})
    by: type[fields.Order | fields.Invoice] = fields.Order if feed == "order" else fields.Invoice
    kind = "order" if feed == "order" else KINDS.get(_lenient(lambda: fields.Invoice.type(content), ""), "invoice")
    number = _lenient(lambda: by.number(content), "")
    number = number if len(number) <= _LONGEST_ID else ""
    fingerprint = _fingerprint(content, payload)
    identity = number or _UNREAD + fingerprint
    turned = abs if kind == "credit_note" else Decimal  # a credit note counts with a positive amount
    amount = _lenient(lambda: Money.rounded(turned(by.total(content)), by.currency(content)), None)
    record = Record(
        kind=kind,
        id=identity,
        root=_root(kind, identity, content),
        payload=payload,
        fingerprint=fingerprint,
        summary=Summary(number=number, total=amount, dated=_lenient(lambda: day(zone)(by.dated(content), ""), None)),
    )
    time = fields.Order.changed if feed == "order" else fields.Invoice.created
    return Item(record, _lenient(lambda: time(content), None))


def distinct(items: Sequence[Item]) -> list[Item]:
    """The items of one answer, each identity once; different ones under one number become a record of them all.

    Only one of them could be kept under that number, and which one would change with the order of the list. Parsing
    the record of them all refuses it, so that a person is asked.
    """
    named: dict[tuple[str, str], dict[str, Item]] = {}
    for found in items:
        named.setdefault((found.record.kind, found.record.id), {})[found.record.fingerprint] = found
    return [_together([same[key] for key in sorted(same)]) for same in named.values()]


def rivals(record: Record) -> bool:
    """Whether a record holds several items of one number, as :func:`distinct` puts them together."""
    return record.payload[:1] == b"[" and not record.id.startswith(_UNREAD)


def admin_page(settings: UpgatesSettings, _kind: str, _id: str, payload: bytes) -> str:
    """An order's page in the administration, where it says one: ``admin_url``. It is the vendor's word, so it has to
    lead to the vendor, or to the shop's own address.
    """
    content: Payload = _lenient(lambda: parse_json(payload), {})
    address = content.get("admin_url")
    host = (urlsplit(address).hostname or "") if isinstance(address, str) else ""
    own = host.endswith(".upgates.com") or host == urlsplit(settings.base).hostname
    return str(address) if own else ""


def _together(same: Sequence[Item]) -> Item:
    first = same[0]
    if len(same) == 1:
        return first
    payload = b"[" + b",".join(found.record.payload for found in same) + b"]"
    fingerprint = hashlib.blake2b(payload, digest_size=16).hexdigest()
    summary = msgspec.structs.replace(first.record.summary, total=None)
    record = msgspec.structs.replace(first.record, payload=payload, fingerprint=fingerprint, summary=summary)
    return Item(record, max((found.time for found in same if found.time), default=None))


def readable(identity: str) -> bool:
    """Whether this is an id of the vendor's own, to be asked for again."""
    return bool(identity) and not identity.startswith(_UNREAD) and ";" not in identity


def _root(kind: str, identity: str, content: Payload) -> str:
    """The case: the order where there is one; a credit note without belongs to what it credits."""
    order = identity if kind == "order" else _lenient(lambda: fields.Invoice.order_number(content), None)
    corrected = _lenient(lambda: fields.Invoice.corrects(content), None) if kind == "credit_note" else None
    return f"order:{order}" if order else f"invoice:{corrected or identity}"


def _fingerprint(content: Payload, payload: bytes) -> str:
    """The digest of what matters; of the bytes where the content cannot be read or written down."""
    if content:
        try:
            return digest(_settled(content))
        except (ValueError, RecursionError, ArithmeticError):
            pass
    return hashlib.blake2b(payload, digest_size=16).hexdigest()


def _settled(value: Any) -> Any:
    """The content without stamps, and whole numbers as decimals: 168 and 168.0 are one amount."""
    if isinstance(value, dict):
        return {key: _settled(part) for key, part in value.items() if key not in _VOLATILE}
    if isinstance(value, list):
        return [_settled(part) for part in value]
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _lenient(read: Callable[[], T], otherwise: T) -> T:
    try:
        return read()
    except InvalidDocumentError:
        return otherwise
