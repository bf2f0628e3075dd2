"""The rule table: when a document looks like this, then do that; the first match wins."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Literal

import msgspec

from mostek.documents.invoice import Invoice
from mostek.documents.number import decimal
from mostek.documents.order import Order
from mostek.documents.party import Contact, Party, plausible_tax_id
from mostek.documents.problem import invalid

Operator = Literal["is", "is_not", "at_least", "at_most", "starts_with"]
Deed = Literal["book", "hold", "exclude"]


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule looks at: a document and the order it belongs to, when that is known; or a contact alone."""

    document: Invoice
    order: Order | None

    @property
    def party(self) -> Party:
        """The buyer."""
        return self.document.buyer

    @property
    def dated(self) -> date | None:
        """The day that a rule's first day is compared with."""
        return self.document.issued


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule looks at where a contact is moved by itself."""

    contact: Contact

    @property
    def party(self) -> Party:
        """The contact's own words of himself."""
        return self.contact.party

    @property
    def dated(self) -> date | None:
        """The day of his last change, where the source knows it."""
        return self.contact.changed


def _payment(subject: Subject) -> str:
    method = subject.document.payment
    return (method.code or method.name) if method else ""


def _shipping(subject: Subject) -> str:
    method = subject.document.shipping
    return (method.code or method.name) if method else ""


# What a condition may ask about: the name in the rule table, and where it is read. Some is asked of anybody,
_OF_ANYBODY: Mapping[str, Callable[[Subject | Person], Any]] = {
    "kind": lambda subject: subject.document.kind if isinstance(subject, Subject) else "contact",
    "issued": lambda subject: subject.dated,
    "country": lambda subject: subject.party.address.country,
    "company": lambda subject: subject.party.is_company,
    "email": lambda subject: subject.party.email,
    "tax_id": lambda subject: subject.party.tax_id,
    "tax_id_plausible": lambda subject: plausible_tax_id(subject.party.tax_id, subject.party.address.country),
}
# and some of documents alone.
_OF_DOCUMENTS: Mapping[str, Callable[[Subject], Any]] = {
    "number": lambda subject: subject.document.number,
    "currency": lambda subject: subject.document.currency,
    "total": lambda subject: subject.document.total.amount,
    "paid": lambda subject: subject.document.is_paid,
    "payment": _payment,
    "shipping": _shipping,
    "oss": lambda subject: any(row.code.category == "oss" for row in subject.document.vat),
    "status": lambda subject: subject.order.status if subject.order else "",
    "channel": lambda subject: subject.order.channel if subject.order else "",
    "order": lambda subject: subject.document.order_number or "",
}
FIELDS: Mapping[str, Callable[[Any], Any]] = {**_OF_ANYBODY, **_OF_DOCUMENTS}


# What has an order, and is compared as the amount or date it is.
_ORDERED = frozenset({"total", "issued"})


class Condition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One cell of the table: a field, how it is compared, and the values any of which will do (all, for ``is_not``)."""

    field: str
    operator: Operator = "is"
    values: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.field not in FIELDS:
            raise invalid("rule.unknown_field", self.field, known=", ".join(FIELDS))
        if not self.values:
            raise invalid("rule.no_values", self.field)
        if self.field in _ORDERED:
            for value in self.values if self.operator != "starts_with" else ():
                _ordered(value, self.field)
        elif self.operator in {"at_least", "at_most"}:
            raise invalid("rule.not_ordered", self.field, known=", ".join(sorted(_ORDERED)))

    def holds(self, subject: Subject | Person) -> bool:
        """Whether the subject is as this condition says; what it does not have at all is never as it says."""
        asked = self.field in _OF_ANYBODY or isinstance(subject, Subject)
        found = FIELDS[self.field](subject) if asked else None
        return found is not None and _OPERATORS[self.operator](found, self.values)


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row of the table: all conditions hold, then the deed. ``since`` is the first day of issue it applies to."""

    id: str
    when: tuple[Condition, ...] = ()
    then: Deed = "book"
    reason: str = ""
    since: date | None = None


def first_match(rules: Sequence[Rule], subject: Subject | Person) -> Rule | None:
    """The rule that decides, or None when no row of the table matches."""
    for rule in rules:
        in_force = rule.since is None or (subject.dated is not None and subject.dated >= rule.since)
        if in_force and all(condition.holds(subject) for condition in rule.when):
            return rule
    return None


def _text(found: Any) -> str:
    if isinstance(found, bool):
        return "yes" if found else "no"
    return str(found).casefold()


def _is(found: Any, values: Sequence[str]) -> bool:
    if isinstance(found, Decimal | date):
        return any(_compare(found, value) == 0 for value in values)
    return any(_text(found) == value.casefold() for value in values)


def _ordered(value: str, field: str) -> Decimal | date:
    if field != "issued":
        return decimal(value, field)
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise invalid("rule.no_date", field, value=value) from None


def _compare(found: Any, value: str) -> int:
    expected: Any = _ordered(value, "issued" if isinstance(found, date) else "total")
    return int(found > expected) - int(found < expected)


_OPERATORS: Mapping[str, Callable[[Any, Sequence[str]], bool]] = {
    "is": _is,
    "is_not": lambda found, values: not _is(found, values),
    "at_least": lambda found, values: any(_compare(found, value) >= 0 for value in values),
    "at_most": lambda found, values: any(_compare(found, value) <= 0 for value in values),
    "starts_with": lambda found, values: any(_text(found).startswith(value.casefold()) for value in values),
}
