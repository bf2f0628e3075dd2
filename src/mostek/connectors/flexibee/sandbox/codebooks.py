"""Records that are no documents: what is filled in for them, and what their saving brings about."""

import unicodedata
from typing import Any

from mostek.connectors.flexibee.sandbox import fields, locks
from mostek.connectors.flexibee.sandbox.books import Books
from mostek.connectors.flexibee.sandbox.facts import Evidence
from mostek.connectors.flexibee.sandbox.refusals import Place
from mostek.connectors.flexibee.sandbox.store import Row

_PLAIN: dict[str, dict[str, Any]] = {
    "adresar": {"typVztahuK": "typVztahu.odberDodav", "platceDph": False, "postovniShodna": True, "canceled": False},
    "cenik": {
        "typZasobyK": "typZasoby.zbozi",
        "typSzbDphK": "typSzbDph.dphZakl",
        "typCenyDphK": "typCeny.bezDph",
        "typVypoctuHlidatMinK": "typVypCeny.marze",
        "skladove": True,
    },
    "kurz": {"kurzMnozstvi": "1.000000"},
    "zamek": {"neucetni": True},
}
"""What a new record of an evidence has when nothing else is said."""


def complete(
    books: Books, shape: Evidence, old: Row | None, number: int, changes: dict[str, Any], *, place: Place
) -> Row:
    """The row that a written record makes of the old one, with what is filled in; checked for what is mandatory."""
    row: Row = dict(old) if old is not None else {"id": number, **_PLAIN.get(shape.path, {})}
    row.update(changes)
    for name in [name for name, value in row.items() if value is None]:
        del row[name]
    if shape.path == "adresar" and "kod" not in row and books.options["contact_code"] == "generate":
        row["kod"] = free_code(books, shape.path, str(row.get("nazev", "")))
    for fact in shape.facts.values():
        if fact.mandatory and fact.type == "logic" and fact.writable:
            row.setdefault(fact.name, False)
    fields.check_mandatory(shape, row, place)
    return row


def free_code(books: Books, path: str, name: str) -> str:
    """A code made of a name: upper case, without accents, at most 20 characters, not yet taken."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().upper()
    stem = "".join(letter if letter.isalnum() else "_" for letter in plain).strip("_")[:20] or "FIRMA"
    kod, attempt = stem, 1
    while books.by_code(path, kod) is not None:
        attempt += 1
        kod = f"{stem[: 19 - len(str(attempt))]}_{attempt}"
    return kod


def after(books: Books, shape: Evidence, row: Row) -> None:
    """What saving a record brings about elsewhere."""
    if shape.path == "zamek":
        locks.lock_period(books, row)
