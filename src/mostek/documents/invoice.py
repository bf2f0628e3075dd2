"""Issued documents: invoices, credit notes and receipts that another system has to hold too."""

from collections import Counter
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

import msgspec

from mostek.documents.lines import Line
from mostek.documents.money import Money, total
from mostek.documents.number import half_up, normal
from mostek.documents.party import Address, Party
from mostek.documents.problem import Problem
from mostek.documents.vat import Basis, VatRow, added, summed

DocumentKind = Literal["invoice", "credit_note", "receipt"]


class ExchangeRate(msgspec.Struct, frozen=True, kw_only=True):
    """How many units of the home currency one unit of the document's currency is worth, and who says so."""

    home: str
    rate: Decimal
    source: Literal["document", "order", "target"]

    def scaled(self, places: int) -> tuple[int, Decimal]:
        """The rate for 1, 10, 100 ... 10,000 units, the fewest for which ``places`` decimals are enough."""
        rates = [self.rate.scaleb(power) for power in range(5)]
        power = next((power for power, rate in enumerate(rates) if half_up(rate, places) == rate), 4)
        return 10**power, half_up(rates[power], places)

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "rate", normal(self.rate))


class Method(msgspec.Struct, frozen=True):
    """A way to pay or to deliver, as the source names it; the code may be missing."""

    code: str
    name: str


class Invoice(msgspec.Struct, frozen=True, kw_only=True, tag="document"):
    """One issued document in the currency it was issued in.

    A credit note holds positive amounts: its kind carries the sign. ``vat`` is the VAT summary as the source states
    it, the figures that must stand in the books; ``rounding`` is the source's rounding of the total, outside VAT.
    ``total`` is what is to be paid. ``corrects`` is the number of the credited document. ``seller_country`` decides
    the domestic rates. ``received`` is what was paid so far, where the source says more than ``is_paid``; ``cancelled``
    that the source took the document back.
    """

    kind: DocumentKind
    id: str
    number: str
    currency: str
    seller_country: str
    buyer: Party
    lines: tuple[Line, ...]
    vat: tuple[VatRow, ...]
    rounding: Money
    total: Money
    issued: date
    supplied: date
    due: date | None = None
    paid: date | None = None
    is_paid: bool = False
    received: Money | None = None
    cancelled: bool = False
    created: datetime | None = None
    order_number: str | None = None
    corrects: str | None = None
    variable_symbol: str = ""
    specific_symbol: str = ""
    exchange: ExchangeRate | None = None
    delivery: Address | None = None
    payment: Method | None = None
    shipping: Method | None = None
    note: str = ""

    @property
    def basis(self) -> Basis:
        """Whether the prices were stated with VAT or without it; what is stated is exact, the other is derived."""
        return "net" if self.lines and all(line.basis == "net" for line in self.lines) else "gross"

    @property
    def settled(self) -> Money:
        """How much of it has been paid, in its own currency."""
        zero = Money.zero(self.currency)
        return self.received if self.received is not None else self.total if self.is_paid else zero

    @property
    def from_lines(self) -> tuple[VatRow, ...]:
        """The VAT summary that the lines add up to."""
        return added((line.vat, line) for line in self.lines)


def contradictions(document: Invoice) -> tuple[Problem, ...]:
    """Where a document contradicts itself; an empty result means that every heller is accounted for.

    Exact: the VAT summary plus rounding gives the total (``money.vat_sum``). Exact in the amount the prices are
    stated in, and within one minor unit per line in what the source derived from it: lines plus rounding give the
    total (``money.line_sum``), lines agree with the summary per VAT code (``money.vat_row``, one unit more because
    the summary is rounded too).
    """
    problems, basis = [], document.basis
    rows = total((row.gross for row in document.vat), document.currency) + document.rounding
    if rows != document.total:
        problems.append(_differs("money.vat_sum", "vat", rows, document.total))
    lines = total((line.gross for line in document.lines), document.currency) + document.rounding
    allowance = len(document.lines) if basis == "net" else 0
    if abs(lines.minor - document.total.minor) > allowance:
        problems.append(_differs("money.line_sum", "items", lines, document.total))
    problems.extend(_rows_differ(document, basis))
    return tuple(problems)


def _rows_differ(document: Invoice, basis: Basis) -> list[Problem]:
    stated = {row.code: row for row in summed(document.vat)}
    from_lines = {row.code: row for row in document.from_lines}
    lines = Counter(line.vat for line in document.lines)
    zero = Money.zero(document.currency)
    problems = []
    for code in stated.keys() | from_lines.keys():
        allowance = lines[code] + 1 if lines[code] else 0  # without lines nothing was rounded
        for part in ("net", "tax", "gross"):
            found: Money = getattr(from_lines.get(code), part, zero)
            expected: Money = getattr(stated.get(code), part, zero)
            if abs(found.minor - expected.minor) > (0 if part == basis else allowance):
                problems.append(_differs("money.vat_row", f"{code} {part}", found, expected))
    return sorted(problems, key=lambda problem: problem.field)


def _differs(cause: str, field: str, found: Money, stated: Money) -> Problem:
    details = {"found": str(found), "stated": str(stated), "difference": str(stated - found)}
    return Problem(cause=cause, field=field, details=details)
