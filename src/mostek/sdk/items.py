"""Items of a vendor's list as records: identity and fingerprint, read leniently.

Nothing here refuses an item: what cannot be read becomes a record too, so that it is parked with its reason when it is
parsed, and counted.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar

import msgspec

from mostek.documents.canonical import digest
from mostek.documents.problem import InvalidDocumentError
from mostek.sdk.field import parse_json
from mostek.sdk.record import Record, Summary

T = TypeVar("T")

_LONGEST_ID = 100
_UNREAD = "unread-"


class Item(NamedTuple):
    """A record, and the time that its list is read by, None where that is not readable."""

    record: Record
    time: datetime | None


def lenient(read: Callable[[], T], otherwise: T) -> T:
    """What is read, or this where it cannot be."""
    try:
        return read()
    except InvalidDocumentError:
        return otherwise


def content(payload: bytes) -> Mapping[str, Any]:
    """The item as it was sent; empty where it is no JSON object."""
    return lenient(lambda: parse_json(payload), {})


def identity(found: str, fingerprint: str) -> str:
    """The vendor's own id, or one made of the content where there is none that could be kept."""
    return found if 0 < len(found) <= _LONGEST_ID else _UNREAD + fingerprint


def readable(id: str) -> bool:
    """Whether this is an id of the vendor's own, to be asked for again."""
    return bool(id) and not id.startswith(_UNREAD) and ";" not in id


def fingerprint(found: Mapping[str, Any], payload: bytes, volatile: frozenset[str]) -> str:
    """The digest of what matters, without ``volatile`` stamps; of the bytes where it cannot be read or written down."""
    if found:
        try:
            return digest(_settled(found, volatile))
        except (ValueError, RecursionError, ArithmeticError):
            pass
    return hashlib.blake2b(payload, digest_size=16).hexdigest()


class Shape(NamedTuple):
    """Where an item that is a case of its own, as a contact is, has its id, a name for people, and its last change."""

    id: Callable[[Mapping[str, Any]], str]
    number: Callable[[Mapping[str, Any]], str]
    changed: Callable[[Mapping[str, Any]], datetime | None]
    volatile: frozenset[str]


def alone(kind: str, payload: bytes, zone: tzinfo, shape: Shape) -> Item:
    """The record of an item that is a case of its own; dated by the day of its last change."""
    found = content(payload)
    print_ = fingerprint(found, payload, shape.volatile)
    name, time = identity(lenient(lambda: shape.id(found), ""), print_), lenient(lambda: shape.changed(found), None)
    dated = time.astimezone(zone).date() if time else None
    summary = Summary(number=lenient(lambda: shape.number(found), ""), dated=dated)
    root = f"{kind}:{name}"
    return Item(Record(kind=kind, id=name, root=root, payload=payload, fingerprint=print_, summary=summary), time)


def _settled(value: Any, volatile: frozenset[str]) -> Any:
    """The content without stamps, and whole numbers as decimals: 168 and 168.0 are one amount."""
    if isinstance(value, dict):
        return {key: _settled(part, volatile) for key, part in value.items() if key not in volatile}
    if isinstance(value, list):
        return [_settled(part, volatile) for part in value]
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value


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


def _together(same: Sequence[Item]) -> Item:
    first = same[0]
    if len(same) == 1:
        return first
    payload = b"[" + b",".join(found.record.payload for found in same) + b"]"
    print_ = hashlib.blake2b(payload, digest_size=16).hexdigest()
    summary: Summary = msgspec.structs.replace(first.record.summary, total=None)
    record = msgspec.structs.replace(first.record, payload=payload, fingerprint=print_, summary=summary)
    return Item(record, max((found.time for found in same if found.time), default=None))
