"""VAT codes, rates by country and date, and VAT rows of a document."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Literal, Protocol

import msgspec

from mostek.documents.money import Money
from mostek.documents.number import divide, multiply, normal, whole
from mostek.documents.problem import invalid

Category = Literal["standard", "reduced", "second_reduced", "zero", "exempt", "outside", "reverse", "oss"]
Basis = Literal["gross", "net"]

# Country: (valid from, {rate: category}); the newest entry that is not later than the date of supply counts.
# CZ: Act 235/2004 § 47; SK: Act 222/2004 § 27; PL: the VAT Act of 11 March 2004, art. 41 and 146ef.
_RATES: dict[str, tuple[tuple[date, dict[str, Category]], ...]] = {
    "CZ": (
        (date(2024, 1, 1), {"21": "standard", "12": "reduced"}),
        (date(2015, 1, 1), {"21": "standard", "15": "reduced", "10": "second_reduced"}),
        (date(2013, 1, 1), {"21": "standard", "15": "reduced"}),
    ),
    "SK": (
        (date(2025, 1, 1), {"23": "standard", "19": "reduced", "5": "second_reduced"}),
        (date(2011, 1, 1), {"20": "standard", "10": "reduced", "5": "second_reduced"}),
    ),
    "PL": ((date(2011, 1, 1), {"23": "standard", "8": "reduced", "5": "second_reduced"}),),
}


class VatCode(msgspec.Struct, frozen=True):
    """How one amount is taxed: the rate in percent and why it is that rate.

    Zero-rated, exempt, outside the scope and reverse charge all show 0 % and are different codes. ``country`` is the
    country whose rate it is: the seller's, or the consumer's for ``oss``.
    """

    category: Category
    rate: Decimal
    country: str

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "rate", normal(self.rate))

    def __str__(self) -> str:
        return f"{self.country} {self.rate} % {self.category}"


def domestic(rate: Decimal, country: str, supplied: date, field: str) -> VatCode:
    """The code of a taxed domestic supply; raises ``vat.unknown_rate`` when the country had no such rate that day."""
    code = _domestic(rate, country, supplied)
    if code is None:
        raise invalid("vat.unknown_rate", field, rate=rate, country=country, date=supplied)
    return code


@lru_cache(maxsize=1024)
def _domestic(rate: Decimal, country: str, supplied: date) -> VatCode | None:
    rates = next((rates for since, rates in _RATES.get(country, ()) if supplied >= since), {})
    category = rates.get(str(normal(rate)))
    return VatCode(category, rate, country) if category else None


class VatRow(msgspec.Struct, frozen=True):
    """What one VAT code adds up to on a document; ``net + tax == gross`` always."""

    code: VatCode
    net: Money
    tax: Money
    gross: Money

    def __post_init__(self) -> None:
        if self.net + self.tax != self.gross:
            raise invalid("vat.row_sum", str(self.code), net=self.net, tax=self.tax, gross=self.gross)

    def __neg__(self) -> "VatRow":
        return VatRow(self.code, -self.net, -self.tax, -self.gross)


def tax_of(amount: Money, rate: Decimal, basis: Basis) -> Money:
    """The VAT in a gross or on a net amount, rounded half away from zero (CZ § 37: gross x rate / (100 + rate))."""
    divisor = 100 + rate if basis == "gross" else Decimal(100)
    return Money(whole(divide(multiply(Decimal(amount.minor), rate), divisor)), amount.currency)


class Taxed(Protocol):
    """Anything with its net, VAT and gross: a row, a line, a line as it is booked."""

    @property
    def net(self) -> Money: ...
    @property
    def tax(self) -> Money: ...
    @property
    def gross(self) -> Money: ...


def bucketed(
    rows: Iterable[VatRow], buckets: Mapping[VatCode, str], known: Iterable[str], rounding: Money
) -> dict[str, tuple[Money, Money, Money]]:
    """Base, VAT and total of every bucket that books know; the rounding is outside VAT, in the bucket ``exempt``."""
    zero = Money.zero(rounding.currency)
    sums = dict.fromkeys(known, (zero, zero, zero)) | {"exempt": (rounding, zero, rounding)}
    for row in rows:
        net, tax, gross = sums[buckets[row.code]]
        sums[buckets[row.code]] = (net + row.net, tax + row.tax, gross + row.gross)
    return sums


def summed(rows: Iterable[VatRow]) -> tuple[VatRow, ...]:
    """Add rows up by code, ordered by country, rate and category, without the rows that are all zero."""
    return added((row.code, row) for row in rows)


def added(amounts: Iterable[tuple[VatCode, Taxed]]) -> tuple[VatRow, ...]:
    """Add amounts up by code, as :func:`summed` does with rows."""
    sums: dict[VatCode, tuple[Money, Money, Money]] = {}
    for code, each in amounts:
        before = sums.get(code)
        if before is None:
            sums[code] = each.net, each.tax, each.gross
        else:
            net, tax, gross = before
            sums[code] = net + each.net, tax + each.tax, gross + each.gross
    rows = (VatRow(code, net, tax, gross) for code, (net, tax, gross) in sums.items() if net or tax)
    return tuple(sorted(rows, key=lambda row: (row.code.country, row.code.rate, row.code.category)))
