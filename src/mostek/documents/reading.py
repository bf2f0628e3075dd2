"""How a shop's figures are read where its interface leaves a convention open: the document's own figures decide."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from mostek.documents.lines import Line
from mostek.documents.money import Money, total
from mostek.documents.number import divide, half_up, normal
from mostek.documents.problem import invalid
from mostek.documents.regime import Regime
from mostek.documents.vat import Basis, VatRow, summed, tax_of

Rows = Sequence[VatRow]

_DECIMALS = 6
_PIECES = 10  # minor units that a discount, spread over products, may be off
# How far an amount may be from rate x amount, in parts and in units: it is rounded per VAT rate.
_TOLERANCE, _ROUNDING = Decimal("0.01"), Decimal("0.05")


class Priced(msgspec.Struct, frozen=True, kw_only=True):
    """How the amounts of one document are read: with VAT (``gross``) or without it they are exact.

    The other price is the shop's own, or with ``derives`` computed. ``fault`` is the cause that is given where the VAT
    is not that of the rate.
    """

    regime: Regime
    currency: str
    basis: Basis
    fault: str
    derives: bool = False

    def line(
        self,
        stated: Money,
        other: Decimal | None,
        rate: Decimal,
        path: str,
        *,
        quantity: Decimal = Decimal(1),
        unit: str = "",
        unit_price: Decimal | None = None,
        lowers: bool = False,
        **facts: Any,
    ) -> Line:
        """A line by its exact price, the other price where it is told, and its rate; ``lowers`` makes it negative.

        ``path`` names the rate. Raises ``fault`` when the VAT is not that of the rate, by more than rounding per piece
        (of a discount: per piece of what it was spread over).
        """
        tax = tax_of(stated, rate, self.basis)
        computed = stated - tax if self.basis == "gross" else stated + tax
        second = computed if other is None else Money.rounded(other, self.currency)
        if abs((second - computed).minor) > max(_PIECES + abs(quantity) / 2, abs(tax.minor) * _TOLERANCE):
            raise invalid(self.fault, path, rate=rate, stated=stated, other=second)
        second = computed if self.derives else second
        if unit_price is None:
            unit_price = normal(half_up(divide(stated.amount, quantity or Decimal(1)), _DECIMALS))
        if lowers and stated.minor > 0:
            stated, second, unit_price = -stated, -second, unit_price.copy_negate()
        net, gross = (second, stated) if self.basis == "gross" else (stated, second)
        return Line(
            quantity=quantity,
            unit=unit,
            unit_price=unit_price,
            basis=self.basis,
            vat=self.regime.code(rate, path),
            net=net,
            tax=gross - net,
            gross=gross,
            **facts,
        )


def gross_of(parts: Iterable[Line | VatRow], currency: str) -> Money:
    """What the parts come to with VAT."""
    return total((part.gross for part in parts), currency)


def positive_lines(lines: Sequence[Line]) -> Sequence[Line]:
    """The lines of a credit note with a positive sum, with whichever sign they came.

    The sign is turned in the quantity where that is negative, in the price otherwise.
    """
    return [_turned(line) for line in lines] if sum(line.gross.minor for line in lines) < 0 else lines


def positive_rows(rows: Rows) -> Rows:
    """The VAT summary of a credit note with a positive sum."""
    return [-row for row in rows] if sum(row.gross.minor for row in rows) < 0 else rows


def _turned(line: Line) -> Line:
    turned = -line
    if line.quantity < 0:
        return turned
    return msgspec.structs.replace(turned, quantity=line.quantity, unit_price=line.unit_price.copy_negate())


def likeliest(lines: Sequence[Line], basis: Basis, net_total: Decimal) -> list[Rows]:
    """What a summary that is not stated may be: the lines' VAT, or the VAT on each rate's sum; the total tells."""
    rows = summed(line.row for line in lines)
    taxes = [(row, tax_of(row.gross if basis == "gross" else row.net, row.code.rate, basis)) for row in rows]
    nets = [(row, tax, row.gross - tax if basis == "gross" else row.net) for row, tax in taxes]
    by_rate = [VatRow(row.code, net, tax, net + tax) for row, tax, net in nets]
    return sorted((rows, by_rate), key=lambda found: abs(sum(row.net.amount for row in found)) != net_total)


def exchanged(rate: Decimal, document: Decimal, summary: Decimal) -> Decimal | None:
    """The rate as units of home currency, whichever way round it was told: the summary's total decides.

    None when neither way gives it.
    """
    candidates = (rate, normal(half_up(divide(Decimal(1), rate), _DECIMALS)))
    missed = {candidate: abs(document * candidate - summary) for candidate in candidates}
    best = min(candidates, key=lambda candidate: missed[candidate])
    wrong = document and (not summary or missed[best] > max(summary * _TOLERANCE, _ROUNDING))
    return None if wrong else best


def told_once(readings: Iterable[tuple[Line, ...]], expected: Money, basis: Basis, field: str) -> tuple[Line, ...]:
    """The lines with each amount once: a set and its parts may both show the price, and the total tells whose counts.

    ``expected`` is the total before rounding. Net prices give a total that was derived too: a minor unit per line.
    """
    missed = []
    for lines in readings:
        for candidate in (lines, *_sets_told_once(lines)):
            missed.append(expected - gross_of(candidate, expected.currency))
            if abs(missed[-1].minor) <= (len(lines) if basis == "net" else 0):
                return candidate
    found = expected - missed[0]
    raise invalid("money.line_sum", field, found=found, stated=expected, difference=missed[0])


def _sets_told_once(lines: tuple[Line, ...]) -> Iterator[tuple[Line, ...]]:
    """The lines without the prices of parts whose set has one; then without those of sets whose parts have one."""
    sets = {line.id for line in lines if line.kind == "set" and line.gross}
    parts = {line.id for line in lines if line.kind == "set_part" and line.gross and line.parent in sets}
    parents = {line.parent for line in lines if line.id in parts}
    for hidden in (parts, parents):
        if hidden:
            yield tuple(_free(line) if line.id in hidden else line for line in lines)


def _free(line: Line) -> Line:
    zero = Money.zero(line.gross.currency)
    return msgspec.structs.replace(line, unit_price=Decimal(0), net=zero, tax=zero, gross=zero)
