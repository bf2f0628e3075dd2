"""A document's header sums: from its lines, or from what the header itself gives."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from mostek.connectors.flexibee.sandbox import arithmetic
from mostek.connectors.flexibee.sandbox.arithmetic import RATES, ZERO, Given, MismatchError, Sums
from mostek.connectors.flexibee.sandbox.books import Books, number_of
from mostek.connectors.flexibee.sandbox.refusals import Place
from mostek.connectors.flexibee.sandbox.store import Row

Home = str
"""The ending of the fields in one currency: an empty text (domestic) or Men (the document's)."""

PARTS = ("Zkl", "Dph", "Celk")
AUTOMATIC = "@rounding"
"""Marks the line that the rounding made."""


def is_foreign(books: Books, row: Row) -> bool:
    """Whether the document is in another currency than the books."""
    return books.code("mena", row.get("mena")) != books.company.currency


def names(ending: str, home: Home) -> tuple[str, str, str]:
    """The header's fields of one rate: base, VAT and total (the exempt rate has one field)."""
    if ending == "Osv":
        return (f"sumOsv{home}",) * 3
    return (f"sumZkl{ending}{home}", f"sumDph{ending}{home}", f"sumCelk{ending}{home}")


def header_fields() -> set[str]:
    """All fields a header may give sums in."""
    fields = {f"sumCelkem{home}" for home in ("", "Men")}
    for home in ("", "Men"):
        for ending in RATES.values():
            fields.update(names(ending, home))
    return fields


def rate_of(row: Row, ending: str) -> Decimal:
    """The document's rate of that kind in per cent."""
    return ZERO if ending == "Osv" else number_of(row, f"szbDph{ending}")


def of_line(line: Row, home: Home) -> Sums:
    """A line's sums in one currency."""
    return Sums(number_of(line, f"sumZkl{home}"), number_of(line, f"sumDph{home}"), number_of(line, f"sumCelkem{home}"))


def of_header(row: Row, ending: str, home: Home) -> Sums:
    """A header's sums of one rate in one currency."""
    net, vat, total = names(ending, home)
    if ending == "Osv":
        return Sums(number_of(row, net), ZERO, number_of(row, total))
    return Sums(number_of(row, net), number_of(row, vat), number_of(row, total))


def per_rate(lines: Iterable[Row], home: Home) -> dict[str, Sums]:
    """The lines' sums per kind of rate."""
    found = dict.fromkeys(RATES.values(), Sums())
    for line in lines:
        ending = RATES[line.get("typSzbDphK", "typSzbDph.dphOsv")]
        found[ending] += of_line(line, home)
    return found


def write_rates(row: Row, rates: Mapping[str, Sums], home: Home) -> None:
    """Put sums per rate and their totals into the header."""
    everything = Sums()
    for ending, sums in rates.items():
        everything += sums
        net, vat, total = names(ending, home)
        row[net] = str(sums.net)
        if ending != "Osv":
            row[vat] = str(sums.vat)
            row[total] = str(sums.total)
    row[f"sumZklCelkem{home}"] = str(everything.net)
    row[f"sumDphCelkem{home}"] = str(everything.vat)
    row[f"sumCelkem{home}"] = str(everything.total)


def exchange(row: Row, sums: Sums) -> Sums:
    """Foreign sums at the document's rate."""
    return arithmetic.convert(sums, number_of(row, "kurz"), number_of(row, "kurzMnozstvi") or Decimal(1))


def from_lines(books: Books, row: Row, lines: list[Row]) -> tuple[Sums, str]:
    """Fill the header from the lines and round it; gives what the rounding adds, and to which kind of rate."""
    home: Home = "Men" if is_foreign(books, row) else ""
    kept = [line for line in lines if not line.get(AUTOMATIC)]
    rates = per_rate(kept, home)
    difference, ending = _rounding(row, rates)
    rates[ending] += difference
    write_rates(row, rates, home)
    if not home:
        write_rates(row, dict.fromkeys(RATES.values(), Sums()), "Men")
        return difference, ending
    if books.options["home_sums"] == "lines":
        domestic = per_rate(kept, "")
        domestic[ending] += exchange(row, difference)
    else:
        domestic = {each: exchange(row, sums) for each, sums in rates.items()}
    write_rates(row, domestic, "")
    return difference, ending


def _rounding(row: Row, rates: Mapping[str, Sums]) -> tuple[Sums, str]:
    total = sum((sums.total for sums in rates.values()), ZERO)
    difference = arithmetic.rounding(total, row.get("zaokrJakSumK"), row.get("zaokrNaSumK"))
    if not difference or row.get("metodaZaokrDoklK") == "metodaZaokr.individ":
        return Sums(), "Osv"
    if row.get("metodaZaokrDoklK") != "metodaZaokr.zklDph":
        return Sums(difference, ZERO, difference), "Osv"
    used = [ending for ending, sums in rates.items() if sums.total]
    ending = max(used, key=lambda each: rate_of(row, each), default="Osv")
    return arithmetic.split_rounding(difference, rate_of(row, ending)), ending


def from_header(books: Books, row: Row, sent: Mapping[str, Any], place: Place) -> None:
    """Complete the sums of a document without lines from those the header gives."""
    home: Home = "Men" if is_foreign(books, row) else ""
    rates = {}
    for ending in RATES.values():
        net, vat, total = names(ending, home)
        given = Given(*(_given(row, sent, name) for name in (net, vat, total)))
        if ending == "Osv":
            given = Given(given.net, ZERO, None) if given.net is not None else Given()
        try:
            rates[ending] = arithmetic.from_given(given, rate_of(row, ending))
        except MismatchError as error:
            raise differs(place, total, error.given, error.computed) from None
    write_rates(row, rates, home)
    if home:
        write_rates(row, {ending: exchange(row, sums) for ending, sums in rates.items()}, "")
    else:
        write_rates(row, dict.fromkeys(RATES.values(), Sums()), "Men")


def _given(row: Row, sent: Mapping[str, Any], name: str) -> Decimal | None:
    if name in sent:
        return Decimal(sent[name]) if sent[name] is not None else None
    # Of a partial update's rate only the base stays as it was: VAT and total follow the base.
    follows = name.startswith(("sumDph", "sumCelk"))
    return None if follows or name not in row else number_of(row, name)


def check(row: Row, sent: Mapping[str, Any], place: Place) -> None:
    """Refuse header sums that differ from what the document comes to."""
    for name in header_fields() & set(sent):
        if sent[name] is not None and Decimal(sent[name]) != number_of(row, name):
            raise differs(place, name, Decimal(sent[name]), number_of(row, name))


def differs(place: Place, name: str, given: Decimal, computed: Decimal) -> Exception:
    """The error of a sum that does not agree with the others."""
    shown = tuple(_java(each) for each in (given, computed))
    message = f"Zadaná hodnota [{shown[0]}] vlastnosti [{name}] se liší od vypočtené hodnoty [{shown[1]}]"
    return Place(place.path).refuse(message, name, shown[0])


def _java(amount: Decimal) -> str:
    whole, _, rest = f"{arithmetic.cents(amount):f}".partition(".")
    return f"{whole}.{rest.rstrip('0') or '0'}"
