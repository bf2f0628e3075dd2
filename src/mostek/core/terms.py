"""What a record is found by: folded words, compact identifiers and its amount, and what a person's question looks up.

A term is lower case without accents (``dvorak``), an identifier without what people put between its parts
(``cz27082440`` and ``27082440``), an amount with a sign before it (``=1250.5``). No term holds a space.
"""

import json
import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation

import msgspec

from mostek.documents.invoice import Invoice
from mostek.documents.number import normal
from mostek.documents.order import Order
from mostek.documents.party import Address, Contact, Party
from mostek.documents.problem import printable
from mostek.sdk.capability import Document
from mostek.sdk.record import Record

# No record needs more to be found, and a hostile one gets no more.
_MOST, _LONGEST = 60, 60
_SHORTEST = 3  # of the beginning of an identifier, or of one without its letters
_SHORTEST_WORD = 2  # of the beginning of a word
_TELLING = 4  # letters of a word that is looked up alone when not all words are found
# What Unicode takes for letters of their own, and people without such a keyboard do not.
_PLAIN = str.maketrans({"ł": "l", "đ": "d", "ð": "d", "ø": "o", "æ": "ae", "œ": "oe", "þ": "th", "ı": "i"})
_TOKEN = re.compile(r"[^\s@,;:<>()]+@[^\s@,;:<>()?!]+|[^\W_]+")
_BETWEEN = re.compile(r"[\W_]+")
_AMOUNT = re.compile(r"-?\d{1,3}(?:[ \u00a0\u202f]?\d{3})*(?:[.,]\d{1,2})?")
_MARKUP = re.compile(r"<[^>]*>")


class Span(msgspec.Struct, frozen=True):
    """The terms from ``low`` up to but not ``high``, in the order of their bytes."""

    low: str
    high: str


# Spans, each of which has to hold a term of the record.
Lookup = tuple[Span, ...]


def folded(text: str) -> str:
    """Lower case, without accents: ``Dvořák`` -> ``dvorak``, ``Straße`` -> ``strasse``, ``Łódź`` -> ``lodz``."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in apart if not unicodedata.combining(char)).translate(_PLAIN)


def terms(record: Record, document: Document | None) -> tuple[str, ...]:
    """What a record is found by; one that could not be read, by every word in it."""
    found: list[str] = []
    for value in (record.summary.number, record.id, record.root.partition(":")[2]):
        found += _identifiers(value)
    if record.summary.total is not None:
        found.append(_amount(record.summary.total.amount))
    found += _of_document(document) if document else _of_payload(record.payload)
    kept = (term for term in dict.fromkeys(found) if term and len(term) <= _LONGEST)
    return tuple(printable(term) for term, _ in zip(kept, range(_MOST), strict=False))


def lookups(text: str) -> tuple[Lookup, ...]:
    """What to look up for a person's question, the likeliest first: the first that finds something is meant.

    The whole as an identifier or an amount, all of its words, then what alone would tell: its numbers, its longer
    words. So ``where is order 12345?`` finds the order.
    """
    text = printable(text)[:200]
    words = _words(text)
    numbers = [word for word in words if any(char.isdigit() for char in word)]
    whole = [form for value in (text, "".join(numbers), *numbers) for form in _identifiers(value)][:12]
    found: list[Lookup] = [(_exactly(form),) for form in whole]
    if _AMOUNT.fullmatch(text.strip()):
        found.append((_exactly(_typed_amount(text)),))
    telling = sorted(words, key=lambda word: ("@" in word, word in numbers, len(word)), reverse=True)[:6]
    if words:
        found.append(tuple(_exactly(word) for word in telling))
        found.append(tuple(_beginning(word) if len(word) >= _SHORTEST_WORD else _exactly(word) for word in telling))
    found += [(_beginning(form),) for form in whole if len(form) >= _SHORTEST]
    found += [(_beginning(word),) for word in telling if len(word) >= _TELLING and len(telling) > 1]
    return tuple(dict.fromkeys(found))


def _exactly(term: str) -> Span:
    return Span(term, f"{term} ")  # nothing in a term comes before a space


def _beginning(term: str) -> Span:
    return Span(term, f"{term}\U0010ffff")


def _words(text: str) -> list[str]:
    return list(dict.fromkeys(_TOKEN.findall(folded(text))))


def _identifiers(value: str) -> Iterator[str]:
    """An identifier in the forms people write it in: whole, without its letters in front, without leading zeros."""
    whole = _BETWEEN.sub("", folded(value))
    bare = whole.lstrip("abcdefghijklmnopqrstuvwxyz")
    for form in (whole, bare, bare.lstrip("0")):
        if form and (form == whole or len(form) >= _SHORTEST):
            yield form


def _amount(value: Decimal) -> str:
    return f"={normal(abs(value))}"


def _typed_amount(text: str) -> str:
    try:
        return _amount(Decimal(re.sub(r"\s", "", text).replace(",", ".")))
    except InvalidOperation:
        return "="


def _of_document(document: Document) -> Iterator[str]:
    if isinstance(document, Contact):
        yield from _of_party(document.party, document.delivery)
        return
    yield from _of_party(document.buyer, document.delivery)
    names: list[str | None] = [document.number, document.variable_symbol]
    if isinstance(document, Invoice):
        names += [document.order_number, document.specific_symbol]
    for name in names:
        yield from _identifiers(name or "")
    if isinstance(document, Invoice | Order):
        yield _amount(document.total.amount)


def _of_party(party: Party, delivery: Address | None) -> Iterator[str]:
    yield from _words(party.email)
    for value in (party.company_id, party.tax_id):
        yield from _identifiers(value)
    for address in (party.address, delivery):
        yield from _words(address.name) if address else ()


def _of_payload(payload: bytes) -> Iterator[str]:
    """Every word of what could not be read as a document: JSON's texts and numbers, or what stands between tags."""
    try:
        leaves = list(_leaves(json.loads(payload)))
    except (ValueError, RecursionError):
        leaves = [_MARKUP.sub(" ", payload[:20_000].decode("utf-8", "replace"))]
    for leaf in leaves:
        yield from _words(leaf)


def _leaves(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for part in value.values():
            yield from _leaves(part)
    elif isinstance(value, list):
        for part in value:
            yield from _leaves(part)
    elif isinstance(value, str | int) and not isinstance(value, bool):
        yield str(value)
