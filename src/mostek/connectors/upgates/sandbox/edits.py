"""What an administrator may change of an issued document; its amounts follow, its number and its order stay.

Each edit takes a value, or chooses one itself that differs from what there is.
"""

from collections.abc import Callable
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from .shop.catalogue import CZK_FOR_EUR, RATES
from .shop.clock import day_of, iso, moment
from .shop.model import Document, Line, recapitulate, round_total, settle

Edit = Callable[[Document, Any, int], None]
"""Changes a document to a value (None chooses one) at a moment of the shop's clock; a bad value is a ``ValueError``."""

AGREED = frozenset({"voucher", "quantity", "loyalty"})
"""Rows whose amounts are agreed and do not follow a price."""


def _number(value: Any, scale: int, *, least: int = 0) -> int:
    try:
        scaled = Decimal(str(value)) * scale
    except InvalidOperation:
        raise ValueError(f"value: {value!r} is not a number") from None
    if scaled != scaled.to_integral_value() or scaled < least:
        raise ValueError(f"value: {value!r} has too many decimals or is too small")
    return int(scaled)


def _rename(document: Document, value: Any, now: int) -> None:
    who = document.customer
    billing = msgspec.structs.replace(who.billing, last=str(value) if value else f"{who.billing.last}-Nová")
    company = None if who.company is None else str(value) if value else f"{who.company} *"
    document.customer = msgspec.structs.replace(who, company=company, billing=billing)


def _dearest(document: Document) -> Line:
    return max(document.items, key=lambda line: line.price * line.quantity)


def _settle_again(document: Document, line: Line) -> None:
    if line.kind not in AGREED:
        settle(line, document.manner)


def _reprice(document: Document, value: Any, now: int) -> None:
    line = _dearest(document)
    difference = 100 if value is None else _number(value, 100) - line.price
    line.price += difference
    if line.fixed is not None:
        line.fixed += difference * line.quantity // 1000


def _recount(document: Document, value: Any, now: int) -> None:
    line = _dearest(document)
    quantity = line.quantity + 1000 if value is None else _number(value, 1000, least=1)
    if line.fixed is not None:
        line.fixed = line.fixed * quantity // line.quantity
    line.quantity = quantity


def _retax(document: Document, value: Any, now: int) -> None:
    """The dearest line gets another rate (in per cent); its price in the document's basis stays."""
    line = _dearest(document)
    others = [rate for rate in RATES[document.oss or "CZ"] if rate != line.rate]
    line.rate = others[0] if value is None else _number(value, 100)


def _recurrency(document: Document, value: Any, now: int) -> None:
    """The same numbers in another currency."""
    chosen = str(value) if value else "CZK" if document.currency == "EUR" else "EUR"
    if chosen not in {"CZK", "EUR"}:
        raise ValueError(f"value: {value!r} is none of CZK, EUR")
    document.currency, document.fx = chosen, CZK_FOR_EUR if chosen == "EUR" else 1000


def _mark_paid(document: Document, value: Any, now: int) -> None:
    paid = document.paid_at is None if value is None else bool(value)
    document.paid_at, document.part_paid = now if paid else None, False


def _redate(document: Document, value: Any, now: int) -> None:
    """The day of issue moves, and with it supply and due day."""
    _shift(document, 1 if value is None else date.fromisoformat(str(value)).toordinal() - document.issued)


def _shift(document: Document, days: int) -> None:
    document.issued += days
    document.supplied += days
    document.due += days


def _recreate(document: Document, value: Any, now: int) -> None:
    """The moment of creation moves, and with it all days."""
    document.created = document.created + 86_400 if value is None else moment(str(value))
    _shift(document, day_of(document.created) - document.issued)


def _move_house(document: Document, value: Any, now: int) -> None:
    street = str(value) if value else "Nová ulice 1"
    billing = msgspec.structs.replace(document.customer.billing, street=street, city="Olomouc")
    document.customer = msgspec.structs.replace(document.customer, billing=billing)


def _annotate(document: Document, value: Any, now: int) -> None:
    document.note = str(value) if value else f"{document.note or ''} upraveno {iso(now)}".strip()


def _resymbol(document: Document, value: Any, now: int) -> None:
    document.symbol = str(value) if value else f"{document.symbol}9"


EDITS: dict[str, Edit] = {
    "name": _rename,
    "price": _reprice,
    "paid": _mark_paid,
    "date": _redate,
    "address": _move_house,
    "note": _annotate,
    "quantity": _recount,
    "vat": _retax,
    "currency": _recurrency,
    "created": _recreate,
    "symbol": _resymbol,
}
AT_RANDOM = ("name", "price", "paid", "date", "address", "note")
"""What random edits choose from unless told."""
AMOUNTS = frozenset({"price", "quantity", "vat"})
"""Edits after which the sums are made anew."""


def edit(document: Document, change: str, value: Any, now: int) -> None:
    """Do one of the edits in place."""
    EDITS[change](document, value, now)
    if change in AMOUNTS:
        for line in document.items:
            _settle_again(document, line)
        document.rates = recapitulate(document.items, document.manner)
        document.rest = round_total(document.before, 100) if document.rest else 0
