"""The vendor's sums, from numbers alone: line VAT from above and below, totals per rate, rounding, conversion.

Sources: the handbook's "VAT calculation — cross-check identities" and the vendor's articles on importing sums of
invoice items and on documents with an exempt amount. Amounts have two decimals, halves go away from zero.
"""

from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP, Decimal

CENT = Decimal("0.01")
_PRICE = Decimal("0.000001")
_HUNDRED = Decimal(100)
ZERO = Decimal("0.00")

RATES = {
    "typSzbDph.dphOsv": "Osv",
    "typSzbDph.dphSniz": "Sniz",
    "typSzbDph.dphSniz2": "Sniz2",
    "typSzbDph.dphZakl": "Zakl",
}
"""The kinds of rate, with the ending of the header's fields that sum them up."""

STEPS = {
    "zaokrNa.tisiciny": Decimal("0.001"),
    "zaokrNa.setiny": Decimal("0.01"),
    "zaokrNa.5setiny": Decimal("0.05"),
    "zaokrNa.desetiny": Decimal("0.1"),
    "zaokrNa.5desetiny": Decimal("0.5"),
    "zaokrNa.jednotky": Decimal(1),
    "zaokrNa.5jednotky": Decimal(5),
    "zaokrNa.desitky": Decimal(10),
    "zaokrNa.stovky": Decimal(100),
    "zaokrNa.tisice": Decimal(1000),
}
_WAYS = {"zaokrJak.nahoru": ROUND_UP, "zaokrJak.dolu": ROUND_DOWN, "zaokrJak.matem": ROUND_HALF_UP}


class MismatchError(Exception):
    """A given sum that differs from what the others make it."""

    def __init__(self, name: str, given: Decimal, computed: Decimal) -> None:
        super().__init__(name)
        self.name = name
        self.given = given
        self.computed = computed


@dataclass(frozen=True)
class Sums:
    """Base, VAT and total of something; they add up."""

    net: Decimal = ZERO
    vat: Decimal = ZERO
    total: Decimal = ZERO

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(self.net + other.net, self.vat + other.vat, self.total + other.total)


@dataclass(frozen=True)
class Given:
    """Sums that the client sent; None is to be computed."""

    net: Decimal | None = None
    vat: Decimal | None = None
    total: Decimal | None = None

    def __bool__(self) -> bool:
        return not (self.net is None and self.vat is None and self.total is None)


@dataclass(frozen=True)
class Line:
    """What a line's sums are made of; ``discounts`` are in per cent and apply one after another."""

    quantity: Decimal
    price: Decimal
    gross: bool
    rate: Decimal
    discounts: tuple[Decimal, ...] = ()


def cents(amount: Decimal) -> Decimal:
    """To two decimals, half away from zero."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def vat_below(net: Decimal, rate: Decimal) -> Decimal:
    """VAT on top of a base."""
    return cents(net * rate / _HUNDRED)


def vat_above(total: Decimal, rate: Decimal) -> Decimal:
    """VAT inside a total: total - total / (1 + rate)."""
    return cents(total - total / (1 + rate / _HUNDRED))


def from_price(line: Line) -> Sums:
    """A line's sums from its quantity and unit price."""
    amount = line.quantity * line.price
    for discount in line.discounts:
        amount = amount * (_HUNDRED - discount) / _HUNDRED
    amount = cents(amount)
    if line.gross:
        vat = vat_above(amount, line.rate)
        return Sums(amount - vat, vat, amount)
    vat = vat_below(amount, line.rate)
    return Sums(amount, vat, amount + vat)


def from_given(given: Given, rate: Decimal) -> Sums:
    """Complete sums of which some are given; ``MismatchError`` when all are and do not add up."""
    net, vat, total = given.net, given.vat, given.total
    if net is not None and vat is not None and total is not None and total != net + vat:
        raise MismatchError("total", total, net + vat)
    if net is None and total is None and vat is not None:
        net = cents(vat * _HUNDRED / rate) if rate else ZERO
    if vat is None:
        # Two of the three settle the third; a single one is split or raised by the rate.
        if total is not None:
            vat = total - net if net is not None else vat_above(total, rate)
        else:
            vat = vat_below(net, rate) if net is not None else ZERO
    if net is None:
        net = total - vat if total is not None else ZERO
    return Sums(net, vat, net + vat)


def unit_price(sums: Sums, quantity: Decimal, *, gross: bool) -> Decimal:
    """The price per unit that explicit sums amount to."""
    if not quantity:
        return ZERO
    return ((sums.total if gross else sums.net) / quantity).quantize(_PRICE, ROUND_HALF_UP)


def round_to(amount: Decimal, way: str | None, step: str | None) -> Decimal:
    """An amount rounded as ``zaokrJak…`` and ``zaokrNa…`` say; unknown and zaokrNa.zadne leave it."""
    unit = STEPS.get(step or "")
    if unit is None:
        return amount
    steps = (amount / unit).quantize(Decimal(1), _WAYS.get(way or "", ROUND_HALF_UP))
    return cents(steps * unit)


def rounding(total: Decimal, way: str | None, step: str | None) -> Decimal:
    """What has to be added to a total to have it rounded."""
    return round_to(total, way, step) - total


def split_rounding(difference: Decimal, rate: Decimal) -> Sums:
    """A rounding difference that belongs to the tax base, with the VAT inside it."""
    vat = vat_above(difference, rate)
    return Sums(difference - vat, vat, difference)


def convert(sums: Sums, rate: Decimal, quantity: Decimal) -> Sums:
    """Foreign sums in the domestic currency: base and VAT are converted, the total is their sum."""
    net = cents(sums.net * rate / quantity)
    vat = cents(sums.vat * rate / quantity)
    return Sums(net, vat, net + vat)
