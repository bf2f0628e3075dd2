"""How contacts, products and documents are recognised: what is asked for, and what counts as the same."""

from collections.abc import Callable, Iterable
from datetime import date
from typing import NamedTuple

from mostek.connectors.flexibee import fields
from mostek.connectors.flexibee.client import Row, equals
from mostek.documents.party import compact_id, spellings
from mostek.sdk.effect import Match, Question, Statement
from mostek.sdk.field import Field, number


class Way(NamedTuple):
    """One way to recognise a record: by which value of the question, in which fields, and when two are the same.

    ``spellings`` are the forms in which people store a value; the vendor compares texts letter by letter.
    """

    by: str
    fields: tuple[Field[str], ...]
    normal: Callable[[str], str] = str.strip
    spellings: Callable[[str], Iterable[str]] = lambda value: (value.strip(),)

    def fits(self, row: Row, value: str) -> bool:
        """Whether the record has this value, spaces and case put aside where they mean nothing."""
        wanted = self.normal(value)
        return bool(wanted) and wanted in {self.normal(field(row)) for field in self.fields}


def _upper(value: str) -> str:
    return value.strip().upper()


_CODE = Way("code", (fields.CODE,), _upper, lambda value: (_upper(value),))
_CONTACT = (
    Way("company_id", (fields.COMPANY_ID,), compact_id, spellings),
    Way("tax_id", (fields.TAX_ID, fields.VAT_ID), compact_id, spellings),
    Way("email", (fields.EMAIL,), _upper, lambda value: (value.strip(), value.strip().lower())),
    _CODE,
)
_PAPERS = {"received": fields.RECEIVED, "order": fields.ORDER_NUMBER, "symbol": fields.SYMBOL}
_DOCUMENT = (_CODE._replace(by="number"), *(Way(by, (field,)) for by, field in _PAPERS.items()))
LOOKUPS: dict[str, tuple[str, tuple[Way, ...]]] = {
    "contact": (fields.CONTACT, _CONTACT),
    "product": (fields.PRODUCT, (_CODE,)),
    "document": (fields.DOCUMENT, _DOCUMENT),
}


def _level(question: Question, row: Row) -> Match | None:
    """What the books call a rate of a country on a day: the level that a line states for it."""
    by, valid = question.by, fields.SINCE(row) <= date.fromisoformat(question.by["date"]) <= fields.UNTIL(row)
    same = (fields.STATE(row), fields.RATE(row)) == (f"code:{by['country']}", number(by["rate"], "rate"))
    return Match(id=fields.LEVEL(row), by="rate") if same and valid else None


def conditions(question: Question) -> list[str]:
    """The conditions under which a record may answer the question; our key is asked for elsewhere, as an id."""
    asked = [(way, question.by[way.by]) for way in LOOKUPS[question.about][1] if question.by.get(way.by)]
    texts = (equals(field.name, form) for way, value in asked for form in way.spellings(value) for field in way.fields)
    return [text for text in texts if text]


def matched(question: Question, row: Row, statement: Statement | None) -> Match | None:
    """The record as an answer, with the strongest value it matched by, or None."""
    if question.about == "vat_rate":
        return _level(question, row)
    key = fields.found_key(row, wanted := question.by.get("key", ""))
    by = "key" if key and key == wanted else ""
    by = by or next((way.by for way in LOOKUPS[question.about][1] if way.fits(row, question.by.get(way.by, ""))), "")
    if not by:
        return None
    label = " ".join(part for part in (fields.CODE(row), fields.NAME(row)) if part)
    return Match(id=fields.ID(row), by=by, key=key, label=label, statement=statement)
