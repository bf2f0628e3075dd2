"""Fitting a document to the arithmetic of the books it goes to, so that both show the same figures.

Books compute VAT in their own way. A :class:`Profile` declares that way as data; :func:`fit` finds the line amounts
under which these books arrive at exactly the document's total and its base and VAT per code, or says why none does.
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from decimal import Decimal

import msgspec

from mostek.documents.invoice import Invoice, contradictions
from mostek.documents.lines import Line
from mostek.documents.money import Money, total
from mostek.documents.number import divide, half_up, multiply, normal
from mostek.documents.problem import InvalidDocumentError, Problem
from mostek.documents.vat import Basis, VatCode, VatRow, added, summed, tax_of


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """How the books compute: VAT per line from the stated price, half away from zero, and sums of lines per code.

    ``bases``: which prices a line may state. ``unit_decimals``: decimals of a unit price. ``line_sums``: a line may
    state its VAT and total itself. ``summary``: a document without lines may state base and VAT per code.
    """

    bases: frozenset[Basis] = frozenset({"gross", "net"})
    unit_decimals: int = 6
    line_sums: bool = False
    summary: bool = False


class BookedLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line as it is to be sent: what the books will hold, and whether its sums must be stated for that."""

    line: Line
    unit_price: Decimal
    basis: Basis
    net: Money
    tax: Money
    gross: Money
    explicit: bool = False


class Booking(msgspec.Struct, frozen=True, kw_only=True):
    """What to send: lines, or only ``rows`` when the books cannot reach the figures with lines."""

    lines: tuple[BookedLine, ...]
    rows: tuple[VatRow, ...]
    rounding: Money
    total: Money


# The hub fits a document to see whether it can be written, the connector to write it: these were fitted last.
_LATEST: OrderedDict[tuple[int, int], tuple[Invoice, Profile, Booking]] = OrderedDict()
_KEPT = 64


def fit(document: Invoice, profile: Profile) -> Booking:
    """Find line amounts that give the document's own figures in these books.

    First the plain way, letting the books compute; then stating sums on the lines that would differ; then the VAT
    summary without lines. Raises :class:`InvalidDocumentError` for a document that contradicts itself, and
    ``money.unreachable`` when the profile offers no way: never a silent balancing line.
    """
    same = id(document), id(profile)  # of objects that are kept, so that no other can have these numbers
    latest = _LATEST.get(same)
    if latest is None:
        latest = _LATEST[same] = document, profile, _fitted(document, profile)
        if len(_LATEST) > _KEPT:
            _LATEST.popitem(last=False)
    return latest[2]


def _fitted(document: Invoice, profile: Profile) -> Booking:
    problems = contradictions(document)
    if problems:
        raise InvalidDocumentError(*problems)
    rows, basis = summed(document.vat), document.basis
    stated = {row.code: row.tax for row in rows}
    found: dict[int, BookedLine] = {}
    for code, places in _by_code(document).items():
        tax = stated.get(code, Money.zero(document.currency))
        fitted = _fit_code([document.lines[place] for place in places], tax, basis, profile)
        found.update(zip(places, fitted, strict=True))
    lines = tuple(found[place] for place in range(len(found)))
    reachable = profile.line_sums or not any(line.explicit for line in lines)
    if not (reachable or profile.summary):
        first = next(line for line in lines if line.explicit)
        details = {"line": first.line.name, "tax": str(first.tax), "gross": str(first.gross)}
        raise InvalidDocumentError(Problem(cause="money.unreachable", field=first.line.id, details=details))
    return Booking(
        lines=lines if reachable else (),
        rows=rows,
        rounding=document.rounding,
        total=document.total,
    )


def computed(lines: Iterable[BookedLine]) -> tuple[VatRow, ...]:
    """The VAT summary that the books will show for these lines."""
    return added((booked.line.vat, booked) for booked in lines)


def _by_code(document: Invoice) -> dict[VatCode, list[int]]:
    """The places of the lines of each code."""
    groups: dict[VatCode, list[int]] = {}
    for place, line in enumerate(document.lines):
        groups.setdefault(line.vat, []).append(place)
    return groups


def _fit_code(lines: Sequence[Line], tax: Money, basis: Basis, profile: Profile) -> list[BookedLine]:
    """Plain lines where they add up to the stated VAT; else the source's own line VAT, corrected to it."""
    plain = [_plain(line, basis, profile) for line in lines]
    kept = all(getattr(booked, basis) == getattr(booked.line, basis) for booked in plain)
    if kept and total((booked.tax for booked in plain), tax.currency) == tax:
        return plain
    missing = tax.minor - sum(line.tax.minor for line in lines)
    taxes = _spread(missing, [line.tax.minor for line in lines], [line.gross.minor for line in lines])
    return [_stated(booked, Money(minor, tax.currency), basis) for booked, minor in zip(plain, taxes, strict=True)]


def _plain(line: Line, basis: Basis, profile: Profile) -> BookedLine:
    """What the books make of quantity and unit price, which may miss the line's own amount."""
    use = basis if basis in profile.bases else next(iter(profile.bases))
    amount: Money = getattr(line, use)
    price, reached = _unit_price(line, amount, use, profile)
    tax = tax_of(reached, line.vat.rate, use)
    net, gross = (reached - tax, reached) if use == "gross" else (reached, reached + tax)
    return BookedLine(line=line, unit_price=price, basis=use, net=net, tax=tax, gross=gross)


def _unit_price(line: Line, amount: Money, basis: Basis, profile: Profile) -> tuple[Decimal, Money]:
    """The source's own unit price where it gives the amount, else amount by quantity; and what it gives."""
    given = normal(half_up(line.unit_price, profile.unit_decimals))
    if line.basis == basis and Money.rounded(multiply(given, line.quantity), amount.currency) == amount:
        return given, amount
    if not line.quantity:
        return Decimal(0), Money.zero(amount.currency)
    price = normal(half_up(divide(amount.amount, line.quantity), profile.unit_decimals))
    return price, Money.rounded(multiply(price, line.quantity), amount.currency)


def _stated(plain: BookedLine, tax: Money, basis: Basis) -> BookedLine:
    line = plain.line
    net, gross = (line.gross - tax, line.gross) if basis == "gross" else (line.net, line.net + tax)
    same = (net, tax, gross) == (plain.net, plain.tax, plain.gross)
    return msgspec.structs.replace(plain, net=net, tax=tax, gross=gross, explicit=not same)


def _spread(missing: int, values: Sequence[int], weights: Sequence[int]) -> list[int]:
    """Add ``missing`` minor units, one at a time, to the values of the heaviest lines; ties go to the first."""
    result = list(values)
    heaviest = sorted(range(len(result)), key=lambda place: -abs(weights[place]))
    for step in range(abs(missing)):
        result[heaviest[step % len(heaviest)]] += 1 if missing > 0 else -1
    return result
