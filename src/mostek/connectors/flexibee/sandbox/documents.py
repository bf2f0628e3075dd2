"""A document's header: what is filled in for it, in the order in which one field drives another."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from mostek.connectors.flexibee.sandbox import fields, lines, locks, payments, rates, totals
from mostek.connectors.flexibee.sandbox.books import Books
from mostek.connectors.flexibee.sandbox.fields import Data, Parsed
from mostek.connectors.flexibee.sandbox.kinds import DEFAULT_DUE_DAYS, Kind
from mostek.connectors.flexibee.sandbox.refusals import Place
from mostek.connectors.flexibee.sandbox.store import Row

_PARTNER = {
    "nazFirmy": "nazev",
    "ulice": "ulice",
    "mesto": "mesto",
    "psc": "psc",
    "stat": "stat",
    "ic": "ic",
    "dic": "dic",
    "eanKod": "eanKod",
}
"""What a document takes over from its company in the address book."""

_FROM_TYPE = (
    ("zaokrJakSumK", "zaokrJakSumK"),
    ("zaokrNaSumK", "zaokrNaSumK"),
    ("zaokrJakDphK", "zaokrJakDphK"),
    ("zaokrNaDphK", "zaokrNaDphK"),
    ("metodaZaokrDoklK", "metodaZaokrDoklK"),
    ("vytvaretKorPol", "vytvaretKorPol"),
    ("zaokrouhlitPoOdpoctu", "zaokrouhlitPoOdpoctu"),
    ("statDph", "statDph"),
    ("ucetni", "ucetni"),
    ("mena", "mena"),
    ("stredisko", "stredisko"),
    ("konSym", "konSym"),
    ("bankovniUcet", "bspBan"),
    ("banka", "bsp"),
    ("pokladna", "bsp"),
    ("formaUhradyCis", "formaUhradyCis"),
    ("formaDopravy", "formaDopravy"),
    ("slevaDokl", "slevaDokl"),
    ("popis", "popisDoklad"),
    ("typPohybuK", "typPohybuK"),
    ("uvodTxt", "uvodTxt"),
    ("zavTxt", "zavTxt"),
)
"""What a document takes over from its type."""

_PLAIN = {
    "metodaZaokrDoklK": "metodaZaokr.0sazba",
    "vytvaretKorPol": True,
    "zaokrouhlitPoOdpoctu": False,
    "zdrojProSkl": False,
    "dobropisovano": False,
    "bezPolozek": False,
    "postovniShodna": True,
    "storno": False,
    "zuctovano": False,
    "ucetni": True,
    "sparovano": False,
    "stavMailK": "stavMail.neodesilat",
    "zamekK": "zamek.otevreno",
}
"""What a new document has when neither the client nor its type says otherwise."""

_RATE_DRIVERS = {"statDph", "datSazbyDph", "duzpPuv", "slevaDokl", "mena", "kurz", "kurzMnozstvi", "datVyst"}


@dataclass
class Draft:
    """A document about to be saved: its header and its lines (None for kinds without)."""

    row: Row
    lines: lines.Lines | None


def draft(books: Books, kind: Kind, old: Row | None, number: int, parsed: Parsed, *, data: Data, place: Place) -> Draft:
    """Compute the document that a written record makes of the old one; nothing is saved yet."""
    changes = parsed.changes
    row: Row = dict(old) if old is not None else {"id": number}
    touched = {name for name, value in changes.items() if row.get(name) != value}
    row.update(changes)
    for name in [name for name, value in row.items() if value is None]:
        del row[name]
    if old is None:
        _fill(books, kind, row, parsed, place)
    else:
        fields.check_mandatory(books.shape(kind.path), row, place)
    _follow(books, row, changes, touched, place)
    # External ids alone are no change of the document.
    if old is None or changes or parsed.collections:
        for each in (old, row) if old is not None else (row,):
            locks.check_period(books, kind, each, place)
    if old is None or touched & _RATE_DRIVERS:
        rates.set_vat_rates(books, row)
    plan = _sum_up(books, kind, row, data, parsed, touched=touched, old=old, place=place)
    fields.check_mandatory(books.shape(kind.path), row, place)
    changed = {name for name in row if name in books.shape(kind.path).facts and (old or {}).get(name) != row[name]}
    if old is not None:
        locks.check_pairing(books, old, changed | ({"sumCelkem"} if plan and plan.touched else set()), place)
    payments.refresh(books, kind, row, changes)
    return Draft(row, plan)


def _fill(books: Books, kind: Kind, row: Row, parsed: Parsed, place: Place) -> None:
    shape = books.shape(kind.path)
    type_row = books.rows(kind.types).get(row.get("typDokl") or 0)
    if type_row is None:
        raise place.refuse(f"Pole '{shape.facts['typDokl'].label}' musí být vyplněno.", "typDokl")
    if "datVyst" not in row:
        if books.options["issue_date"] == "require" and not parsed.dated:
            raise place.refuse(f"Pole '{shape.facts['datVyst'].label}' musí být vyplněno.", "datVyst")
        row["datVyst"] = books.clock.today().isoformat()
    for name, source in _FROM_TYPE:
        if name in shape.facts and name not in parsed.changes and type_row.get(source) is not None:
            row[name] = type_row[source]
    for name, value in _PLAIN.items():
        if name in shape.facts:
            row.setdefault(name, value)
    row["uuid"] = str(uuid.uuid4())
    _set_dates(books, shape.facts, row, type_row)
    _set_number(books, kind, row, type_row)
    if "varSym" in shape.facts:
        row.setdefault("varSym", "".join(letter for letter in row["kod"] if letter.isdecimal())[:30] or "0")


def _set_dates(books: Books, known: Mapping[str, object], row: Row, type_row: Row) -> None:
    for name, source in (
        ("duzpPuv", "datVyst"),
        ("duzpUcto", "duzpPuv"),
        ("datSazbyDph", "duzpPuv"),
        ("datUcto", "datVyst"),
    ):
        if name in known:
            row.setdefault(name, row[source])
    if "datSplat" in known:
        partner = books.rows("adresar").get(row.get("firma") or 0, {})
        days: int = {"splatDny": DEFAULT_DUE_DAYS, **type_row, **partner}["splatDny"]
        issued = date.fromisoformat(row["datVyst"])
        row.setdefault("datSplat", (issued + min(timedelta(days=days), date.max - issued)).isoformat())


def _set_number(books: Books, kind: Kind, row: Row, type_row: Row) -> None:
    if "kod" in row:
        return
    series = row.get("rada") or type_row.get(kind.series_field)
    if series is None:
        return
    row["rada"] = series
    series_row, year = books.row(kind.series, series), row["datVyst"][:4]
    prefix = series_row.get("@prefix", series_row["kod"])
    name = f"series:{kind.path}:{series}:{year}"
    number = books.store.peek(books.company.id, name)
    while True:
        number += 1
        row["kod"] = f"{prefix}{number:04}/{year}"
        # A number somebody took by hand is passed over, as the vendor's server does.
        if books.by_code(kind.path, row["kod"]) is None:
            break
    books.store.set_number(books.company.id, name, number)


def _follow(books: Books, row: Row, changes: Mapping[str, Any], touched: set[str], place: Place) -> None:
    if "firma" in touched and row.get("firma") is not None:
        partner = books.row("adresar", row["firma"])
        for name, source in _PARTNER.items():
            if name not in changes:
                row[name] = partner.get(source)
                if row[name] is None:
                    del row[name]
    if "duzpPuv" in touched and "datSazbyDph" not in changes:
        row["datSazbyDph"] = row.get("duzpPuv") or row["datVyst"]
    if row.get("statDph") is None:
        row["statDph"] = books.by_code("stat-dph", books.company.country)
    if row.get("mena") is None:
        row["mena"] = books.by_code("mena", books.company.currency)
    _set_exchange(books, row, changes, touched, place)


def _set_exchange(books: Books, row: Row, changes: Mapping[str, Any], touched: set[str], place: Place) -> None:
    if not totals.is_foreign(books, row):
        row["kurz"], row["kurzMnozstvi"] = "1.000000", "1.000000"
        return
    if "kurz" in changes or ("kurz" in row and not touched & {"mena", "datVyst"}):
        row.setdefault("kurzMnozstvi", books.row("mena", row["mena"]).get("kurzMnozstvi", "1.000000"))
    else:
        found = rates.exchange_rate(books, row["mena"], row["datVyst"])
        if found is None:
            raise place.refuse("Pro měnu dokladu není k datu zadán kurz", "kurz")
        row["kurz"], row["kurzMnozstvi"] = found
    if Decimal(row["kurz"]) <= 0 or Decimal(row["kurzMnozstvi"]) <= 0:
        raise place.refuse("Kurz musí být kladný", "kurz", row["kurz"])


def _sum_up(
    books: Books,
    kind: Kind,
    row: Row,
    data: Data,
    parsed: Parsed,
    *,
    touched: set[str],
    old: Row | None,
    place: Place,
) -> lines.Lines | None:
    sums = totals.header_fields() & set(parsed.changes)
    if not kind.lines:
        return None
    collections = {name: value for name, value in parsed.collections.items() if name in kind.collections}
    plan = lines.apply(books, kind, row, data, collections, place=place)
    if touched & _RATE_DRIVERS and old is not None:
        lines.again(books, row, plan, place)
    if row.get("bezPolozek"):
        if plan.all:
            raise place.refuse("Doklad bez položek nesmí mít položky", "bezPolozek", "true")
        if old is None or sums or touched & _RATE_DRIVERS:
            totals.from_header(books, row, parsed.changes, place)
    elif (
        old is None
        or plan.touched
        or sums
        or touched & (_RATE_DRIVERS | {"zaokrNaSumK", "zaokrJakSumK", "metodaZaokrDoklK"})
    ):
        difference, ending = totals.from_lines(books, row, plan.all)
        lines.carry_rounding(books, row, plan, difference, ending)
    totals.check(row, {name: parsed.changes[name] for name in sums}, place)
    return plan


def save(books: Books, kind: Kind, done: Draft, parsed: Parsed, *, created: bool) -> None:
    """Write the header and its lines, and send the mail that the record asks for."""
    row = done.row
    wants_mail = parsed.changes.get("stavMailK") == "stavMail.odeslat"
    if wants_mail and books.options["mail_state"] == "odeslano":
        row["stavMailK"] = "stavMail.odeslano"
    books.save(kind.path, row, created=created)
    if done.lines is not None:
        done.lines.save(books)
    type_row = books.rows(kind.types).get(row.get("typDokl") or 0, {}) if kind.types else {}
    if wants_mail or (created and type_row.get("autoMail")):
        books.mail(kind.path, row)
