"""Statements compared: what a document in the target was meant to say, and what stands there."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Literal

from mostek.documents.invoice import Invoice
from mostek.documents.problem import Problem
from mostek.sdk.effect import Match, Statement

_COMPARED = ("kind", "total", "issued", "supplied", "reference", "rows")
# Kinds of documents in a target that may be one of ours; some targets know a receipt as a type of invoice.
_OURS = frozenset({"invoice", "receipt", "credit_note"})
# A variable symbol is used again: it identifies only together with the amount, around the same day.
_NEAR = timedelta(days=3)

Likeness = Literal["none", "same", "several", "differs", "unseen"]


def compare(expected: Statement, found: Statement | None, *, tied: bool = False) -> Problem | None:
    """Where a document in the target differs from what was meant: kind, total, dates, reference, VAT rows.

    ``tied``: also in what it corrects, which is told to the target after the document was made.
    """
    if found is None:
        return Problem(cause="verify.missing", details={"number": expected.number})
    if found.cancelled and not expected.cancelled:
        return Problem(cause="verify.cancelled", details={"number": found.number})
    for name in (*_COMPARED, "corrects") if tied else _COMPARED:
        meant, stands = getattr(expected, name), getattr(found, name)
        if meant != stands and meant not in (None, "", ()):
            details = {"number": found.number, "expected": _shown(meant), "found": _shown(stands)}
            return Problem(cause="verify.differs", field=name, details=details)
    return None


def likeness(document: Invoice, key: str, matches: Sequence[Match]) -> tuple[Likeness, tuple[Match, ...]]:
    """Whether the document is in the target already without our key, and as which.

    By its number whatever else it says (``same`` only when kind, currency and total agree); by its order's number, or
    the variable symbol around the same day, only where these agree. More than one is ``several``, one that the target
    tells no more of ``unseen``: a person decides.
    """
    others = [match for match in matches if match.key != key]
    numbered = tuple(match for match in others if _numbered(match, document))
    if any(match.statement is None for match in numbered):
        return "unseen", numbered
    if numbered:
        alike = [match for match in numbered if not match.key and _agrees(match.statement, document)]
        if len(numbered) > 1 and len(alike) > 1:
            return "several", numbered
        return ("same" if alike == list(numbered) else "differs"), numbered
    # An amount of nothing identifies nothing.
    alike = [match for match in others if not match.key and document.total.minor and _agrees(match.statement, document)]
    related = tuple(match for match in alike if match.statement and _related(match.statement, document))
    return ("none" if not related else "same" if len(related) == 1 else "several"), related


def _numbered(match: Match, document: Invoice) -> bool:
    if match.statement is None:
        return True  # found, and all that is known of it: it was asked for by key, number, order and symbol
    return match.statement.number.casefold() == document.number.casefold() and match.statement.number != ""


def _agrees(stands: Statement | None, document: Invoice) -> bool:
    return (
        stands is not None
        and not stands.cancelled
        and stands.kind in _OURS
        and (stands.kind == "credit_note") == (document.kind == "credit_note")
        and stands.total == document.total
    )


def _related(stands: Statement, document: Invoice) -> bool:
    by_order = document.order_number and stands.reference == document.order_number
    by_symbol = document.variable_symbol and stands.symbol == document.variable_symbol
    return bool(by_order or (by_symbol and abs(stands.issued - document.issued) <= _NEAR))


def closed_days(document: Invoice, stands: Statement | None) -> tuple[date | None, ...]:
    """The days on which writing this document, over what stands, would touch the books."""
    return (document.issued, document.supplied, *((stands.issued, stands.supplied) if stands else ()))


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return "; ".join(f"{row.bucket} {row.net} + {row.tax} = {row.gross}" for row in value)
    return str(value)
