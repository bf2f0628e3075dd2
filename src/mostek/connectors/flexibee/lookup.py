"""How contacts, products and documents are recognised: what is asked for, and what counts as the same."""

from datetime import date

from mostek.connectors.flexibee import fields, mapping
from mostek.connectors.flexibee.client import Row, equals
from mostek.sdk.effect import Match, Question, Statement
from mostek.sdk.field import number
from mostek.sdk.lookup import Way, of_contacts, upper
from mostek.sdk.lookup import matched as matched_by

_CODE = Way("code", (fields.CODE,), upper, lambda value: (upper(value),))
_CONTACT = (*of_contacts(fields.COMPANY_ID, (fields.TAX_ID, fields.VAT_ID), fields.EMAIL), _CODE)
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
    by = "key" if key and key == wanted else "id" if question.by.get("id") == fields.ID(row) else ""
    by = by or matched_by(LOOKUPS[question.about][1], row, question.by)
    if not by:
        return None
    label = " ".join(part for part in (fields.CODE(row), fields.NAME(row)) if part)
    contact = mapping.contact_of(row) if question.about == "contact" else None
    return Match(id=fields.ID(row), by=by, key=key, label=label, statement=statement, contact=contact)
