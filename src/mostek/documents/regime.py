"""Under which VAT code a rate falls on one document: at home, in the consumer's country, or at 0 % for a reason.

Many shops state a rate in percent and a few flags; why a rate is 0 % has to be told from the buyer.
"""

from contextlib import suppress
from datetime import date
from decimal import Decimal

import msgspec

from mostek.documents.party import Party, compact_id
from mostek.documents.problem import InvalidDocumentError, invalid
from mostek.documents.vat import Category, VatCode, domestic

# Member states for VAT on goods, by ISO 3166-1; XI is Northern Ireland.
EU = frozenset("AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK XI".split())
# Prefixes of VAT numbers that are not the country's code.
_PREFIXES = {"EL": "GR"}
# How far back the rate of a corrected supply is looked for: CZ Act 235/2004 § 42 keeps the rate of that supply.
_CORRECTED_YEARS = 10


class Regime(msgspec.Struct, frozen=True, kw_only=True):
    """What decides the codes of one document.

    ``days`` are the dates of supply to look a domestic rate up by, the likeliest first. ``oss`` is the consumer's
    country under the one-stop shop, or empty. ``zero`` is what 0 % means here.
    """

    seller: str
    days: tuple[date, ...]
    zero: Category
    vat_payer: bool = True
    oss: str = ""

    def code(self, rate: Decimal, field: str) -> VatCode:
        """The code of a rate in percent.

        Raises ``vat.unknown_rate`` for a rate that the seller's country did not have, and ``vat.not_payer`` for one
        that a seller who pays no VAT cannot charge.
        """
        if self.oss and self.oss != self.seller:
            return VatCode("oss", rate, self.oss)
        if not self.vat_payer:
            if rate:
                raise invalid("vat.not_payer", field, rate=rate)
            return VatCode("outside", rate, self.seller)
        if not rate:
            return VatCode(self.zero, rate, self.seller)
        for day in self.days:
            with suppress(InvalidDocumentError):
                return domestic(rate, self.seller, day, field)
        return domestic(rate, self.seller, self.days[0], field)


def zero_of(buyer: Party, seller: str, at_home: Category) -> Category:
    """What 0 % means for a buyer: reverse charge with another member state's VAT number, export, or as at home."""
    prefix = compact_id(buyer.tax_id)[:2]
    country = buyer.address.country or seller
    registered = _PREFIXES.get(prefix, prefix)
    registered = registered if registered in EU else country
    if buyer.tax_id and registered in EU and registered != seller:
        return "reverse"
    return at_home if country in EU else "zero"


def corrected(day: date) -> tuple[date, ...]:
    """The days to look a credit note's rates up by: its own, then the ends of the years before it."""
    return (day, *(date(day.year - years, 12, 31) for years in range(1, _CORRECTED_YEARS + 1)))
