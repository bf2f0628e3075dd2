"""One document on its way into the books: how its amounts are booked and how its VAT is classed."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

from msgspec.structs import replace

from mostek.connectors.flexibee.fields import BUCKETS, LEVELS
from mostek.connectors.flexibee.settings import FlexibeeSettings
from mostek.documents.booking import Booking, Profile, fit
from mostek.documents.invoice import Invoice
from mostek.documents.money import Money, decimals
from mostek.documents.problem import invalid
from mostek.documents.vat import VatCode, VatRow, bucketed
from mostek.sdk.effect import Action

# VAT per line from the stated price, rounded half away from zero; the sums of the lines are the document's.
PROFILES = {"line": Profile(line_sums=True), "header": Profile(line_sums=False, summary=True)}

# Sums have two decimals in every currency: yen are computed to a hundredth unless their sums are stated.
DECIMALS = 2

# What a VAT mapping may say after the level, and which flag lets the line's own value count instead of the header's.
SAYINGS = {"clenDph": "kopClenDph", "clenKonVykDph": "kopClenKonVykDph", "statDph": ""}


class Level(NamedTuple):
    """How one VAT code is written: the level of its rate, the bucket of the header it falls in, and what it adds."""

    select: str
    bucket: str
    says: Mapping[str, str]


def level(value: str, field: str) -> Level:
    """Read ``typSzbDph.dphOsv;clenDph=CODE``; raises ``flexibee.vat_mapping`` for anything else."""
    select, *sayings = (part.strip() for part in value.split(";"))
    said = dict(saying.partition("=")[::2] for saying in sayings if saying)
    if select not in LEVELS or not said.keys() <= SAYINGS.keys() or not all(said.values()):
        raise invalid("flexibee.vat_mapping", field, value=value)
    return Level(select, LEVELS[select], said)


@dataclass(frozen=True)
class Draft:
    """One document on its way into the books; raises where the books could not hold it."""

    settings: FlexibeeSettings
    action: Action
    document: Invoice

    @property
    def stated(self) -> list[VatRow]:
        """The rows of the VAT summary that say something."""
        return [row for row in self.document.vat if row.net or row.tax]

    @cached_property
    def booking(self) -> Booking:
        """Line amounts under which the books arrive at the document's figures; no lines for a summary."""
        found = fit(self.document, PROFILES[self.settings.explicit_sums])
        alike = decimals(self.document.currency) == DECIMALS
        if self.settings.content == "summary" or (self.settings.explicit_sums == "header" and not alike):
            return replace(found, lines=())
        return found if alike else replace(found, lines=tuple(replace(line, explicit=True) for line in found.lines))

    @cached_property
    def levels(self) -> dict[VatCode, Level]:
        """The level of each VAT code on the document, checked to be one that the books can hold."""
        codes = {line.vat for line in self.document.lines} | {row.code for row in self.stated}
        found = {code: level(option(self.action, f"vat:{code}"), str(code)) for code in sorted(codes, key=str)}
        rates: dict[str, Decimal] = {}
        for code, at in found.items():
            if bool(code.rate) != (at.bucket != "exempt"):
                raise invalid("flexibee.vat_level", str(code), level=at.select)
            if rates.setdefault(at.bucket, code.rate) != code.rate:
                raise invalid("flexibee.same_level", str(code), level=at.select, rate=rates[at.bucket])
        return found

    @cached_property
    def rounding_level(self) -> Level:
        """Rounding is outside VAT: classed as the flow maps it."""
        found = level(self.action.options.get("vat:rounding", "typSzbDph.dphOsv"), "rounding")
        if found.bucket != "exempt":
            raise invalid("flexibee.vat_level", "rounding", level=found.select)
        return found

    @property
    def vat_country(self) -> str:
        """The country whose rates count, empty for our own; a document has one only."""
        own = {code: {"statDph": code.country if code.category == "oss" else ""} for code in self.levels}
        countries = {code: {**own[code], **at.says}["statDph"] for code, at in self.levels.items()}
        taxed = {country for code, country in countries.items() if code.rate} or set(countries.values())
        if len(taxed) > 1:
            raise invalid("flexibee.countries", "vat", value=", ".join(sorted(country or "–" for country in taxed)))
        return next(iter(taxed), "")

    @property
    def sign(self) -> int:
        """Credit notes stand in the books with negative amounts."""
        return -1 if self.document.kind == "credit_note" else 1

    @property
    def suffix(self) -> str:
        """Sums in a foreign currency have fields of their own."""
        return "" if self.document.currency == self.settings.home_currency else "Men"

    @property
    def sums(self) -> dict[str, tuple[Money, Money, Money]]:
        """Base, VAT and total of every bucket, rounding included, positive for credit notes too."""
        buckets = {code: at.bucket for code, at in self.levels.items()}
        return bucketed(self.stated, buckets, BUCKETS, self.document.rounding)


def option(action: Action, name: str) -> str:
    """A mapped value of the flow; raises ``flexibee.unmapped`` when it is missing."""
    if not (found := action.options.get(name)):
        raise invalid("flexibee.unmapped", name, value=name)
    return found
