"""Credit notes: the link to the invoice they correct, and making one from an invoice's lines.

Source: the vendor's article 4744457; one credit note belongs to one invoice, an invoice may have many.
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from mostek.connectors.flexibee.sandbox import fields, totals
from mostek.connectors.flexibee.sandbox.books import Books, number_of
from mostek.connectors.flexibee.sandbox.fields import Data
from mostek.connectors.flexibee.sandbox.refusals import PROP, Place
from mostek.connectors.flexibee.sandbox.store import Row

INVOICE = "faktura-vydana"
LINE = "faktura-vydana-polozka"
LINK, MAKE = "vytvor-vazbu-dobropis", "dobropisuj"
CREDITS = "@credits"
"""On a credit note: the id of the invoice it corrects."""

_COPIED = ("firma", "mena", "kurz", "kurzMnozstvi", "statDph", "formaUhradyCis")
_COPIED_LINE = ("nazev", "kod", "typPolozkyK", "typCenyDphK", "typSzbDphK", "cenaMj", "slevaPol", "cenik", "mj")


def _invoice(books: Books, spec: object, place: Place) -> Row:
    text = str(spec.get("dobropisovanyDokl") or "") if isinstance(spec, Mapping) else ""
    number = books.find(INVOICE, text) if text else None
    if number is None:
        message = f"Zadaný text '{text}' musí identifikovat objekt"
        raise place.refuse(message, "dobropisovanyDokl", text, PROP)
    return books.row(INVOICE, number)


def expand(books: Books, data: Data, existing: Row | None, place: Place) -> Data:
    """Write ``dobropisuj`` out: the invoice's lines with negative quantities, and the link to it."""
    if MAKE not in data:
        return data
    rest = {name: value for name, value in data.items() if name != MAKE}
    if existing is not None and CREDITS in existing:
        if books.options["credit_again"] == "refuse":
            raise place.refuse("Doklad je již navázán na dobropisovaný doklad", MAKE)
        return rest
    spec = data[MAKE]
    invoice = _invoice(books, spec, place)
    made: dict[str, Any] = {name: _wire(invoice[name]) for name in _COPIED if name in invoice and name not in rest}
    made["polozkyFaktury"] = [
        *fields.records_of(rest.get("polozkyFaktury"), LINE),
        *_lines(books, invoice, spec, place),
    ]
    made[LINK] = {"dobropisovanyDokl": str(invoice["id"])}
    return {**rest, **made}


def _wire(value: object) -> object:
    return ("true" if value else "false") if isinstance(value, bool) else value


def _lines(books: Books, invoice: Row, spec: Mapping[str, Any], place: Place) -> list[dict[str, Any]]:
    chosen: dict[int, Decimal] = {}
    for item in fields.records_of(spec.get("polozkyDokladu"), LINE):
        for wanted in fields.records_of(item.get("polozka", item), LINE):
            text = str(wanted.get("id") or "")
            number = books.find(LINE, text) if text else None
            if number is None or books.row(LINE, number)["@parent"] != invoice["id"]:
                raise place.refuse(f"Položka '{text}' není na dobropisovaném dokladu", "polozka", text)
            chosen[number] = _quantity(wanted.get("mnozMj"), books.row(LINE, number), place)
    lines = books.lines(LINE, invoice["id"])
    if not chosen:
        chosen = {row["id"]: number_of(row, "mnozMj") for row in lines}
    home = "Men" if totals.is_foreign(books, invoice) else ""
    return [_line(row, chosen[row["id"]], home) for row in lines if row["id"] in chosen]


def _quantity(raw: object, row: Row, place: Place) -> Decimal:
    if raw is None or raw == "":
        return number_of(row, "mnozMj")
    try:
        return Decimal(str(raw))
    except InvalidOperation:
        raise place.refuse(f"Je očekáváno číslo, ale '{raw}' není číslo", "mnozMj", raw, PROP) from None


def _line(row: Row, quantity: Decimal, home: str) -> dict[str, Any]:
    line = {name: _wire(row[name]) for name in _COPIED_LINE if name in row}
    line["mnozMj"] = str(-quantity)
    if quantity == number_of(row, "mnozMj"):
        # The whole line is taken back with its very sums, which its price need not give again.
        for name in ("sumZkl", "sumDph", "sumCelkem"):
            line[name + home] = str(-number_of(row, name + home))
    return line


def link(books: Books, number: int, spec: object, place: Place) -> None:
    """Do what ``vytvor-vazbu-dobropis`` says; sums are not compared."""
    note = dict(books.row(INVOICE, number))
    type_row = books.row("typ-faktury-vydane", note["typDokl"])
    if type_row.get("typDoklK") != "typDokladu.dobropis":
        raise place.refuse("Vazbu lze vytvořit jen z dobropisu", LINK)
    invoice = dict(_invoice(books, spec, place))
    if note.get(CREDITS) == invoice["id"]:
        return
    if CREDITS in note:
        raise place.refuse("Dobropis je již navázán na jiný doklad", LINK)
    row = {
        "id": books.new_id("vazba"),
        "typVazbyK": "typVazbyDokl.hlavaDobropis",
        "castka": note.get("sumCelkem"),
        "storno": False,
        "@a": [INVOICE, number],
        "@b": [INVOICE, invoice["id"]],
    }
    books.save("vazba", row, created=True)
    note[CREDITS] = invoice["id"]
    note["@credit_link"] = row["id"]
    books.save(INVOICE, note)
    invoice["dobropisovano"] = True
    invoice["@credited_by"] = [*invoice.get("@credited_by", []), number]
    books.save(INVOICE, invoice)


def forget(books: Books, row: Row) -> None:
    """Before a document is deleted, take its links to credit notes and invoices away."""
    if CREDITS in row:
        books.remove("vazba", books.row("vazba", row["@credit_link"]))
        invoice = dict(books.row(INVOICE, row[CREDITS]))
        invoice["@credited_by"] = [each for each in invoice["@credited_by"] if each != row["id"]]
        invoice["dobropisovano"] = bool(invoice["@credited_by"])
        books.save(INVOICE, invoice)
    for number in row.get("@credited_by", []):
        note = dict(books.row(INVOICE, number))
        books.remove("vazba", books.row("vazba", note["@credit_link"]))
        del note[CREDITS], note["@credit_link"]
        books.save(INVOICE, note)
