"""Paying an invoice in cash by ``hotovostni-uhrada``: makes a cash document and pairs it.

Source: the vendor's article 4729399. Without ``uhrazujiciDokl`` each call makes a new payment, a retry too.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from mostek.connectors.flexibee.sandbox import payments, totals
from mostek.connectors.flexibee.sandbox.books import Books
from mostek.connectors.flexibee.sandbox.fields import Data
from mostek.connectors.flexibee.sandbox.refusals import Place

CASH = "pokladni-pohyb"

Writer = Callable[[Books, str, Data], int]
"""Writes a record of an evidence and gives its id."""


def pay(books: Books, number: int, spec: Mapping[str, Any], place: Place, write: Writer) -> None:
    """Make the cash document and pair all of it with the invoice."""
    invoice = books.row(payments.PAID, number)
    for name, label in (("pokladna", "Pokladna"), ("typDokl", "Typ dokladu")):
        if not spec.get(name):
            raise place.refuse(f"Pole '{label}' musí být vyplněno.", name)
    named = str(spec.get("uhrazujiciDokl") or "")
    known = books.find(CASH, named) if named else None
    rest = payments.rest_of(books, invoice)
    if known is not None:
        payments.pair(
            books,
            CASH,
            known,
            {
                "uhrazovanaFak": {"filter": str(number), "@castka": spec.get("castka")},
                "zbytek": "castecnaUhradaNeboIgnorovat",
            },
            place,
        )
        return
    amount = Decimal(str(spec["castka"])) if spec.get("castka") else abs(rest)
    if not amount:
        raise place.refuse("Není co uhradit", "hotovostni-uhrada")
    income = (rest or payments.rest_of(books, {**invoice, "@links": []})) >= 0
    foreign = "Men" if totals.is_foreign(books, invoice) else ""
    record: dict[str, Any] = {
        "typDokl": spec["typDokl"],
        "pokladna": spec["pokladna"],
        "typPohybuK": "typPohybu.prijem" if income else "typPohybu.vydej",
        "datVyst": spec.get("datumUhrady") or books.clock.today().isoformat(),
        "varSym": invoice.get("varSym"),
        "mena": invoice.get("mena"),
        "firma": invoice.get("firma"),
        "nazFirmy": invoice.get("nazFirmy"),
        "bezPolozek": "true",
        f"sumOsv{foreign}": str(amount),
        "popis": "Hotovostní úhrada",
    }
    for name in ("kurz", "kurzMnozstvi"):
        if foreign:
            record[name] = spec.get(name) or invoice.get(name)
    if named:
        record["id"] = named
    made = write(books, CASH, {name: value for name, value in record.items() if value is not None})
    signed = amount if income else -amount
    payments.link(books, (CASH, made), number, signed, signed)
