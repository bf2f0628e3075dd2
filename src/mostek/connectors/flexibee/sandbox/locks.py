"""What may not be changed: locked documents, locked and missing periods, cancelled and paired documents."""

from collections.abc import Iterable

from mostek.connectors.flexibee.sandbox import rates
from mostek.connectors.flexibee.sandbox.books import Books
from mostek.connectors.flexibee.sandbox.kinds import KINDS, Kind
from mostek.connectors.flexibee.sandbox.refusals import Place
from mostek.connectors.flexibee.sandbox.store import Row

OPEN = {None, "zamek.otevreno", "zamek.prohlednuto"}
"""The states of ``zamekK`` in which a document may be changed."""

_MONEY = {
    "typDokl",
    "firma",
    "mena",
    "kurz",
    "kurzMnozstvi",
    "datVyst",
    "duzpPuv",
    "statDph",
    "bezPolozek",
    "slevaDokl",
    "typPohybuK",
    "zaokrJakSumK",
    "zaokrNaSumK",
}


def check_open(row: Row, place: Place) -> None:
    """Refuse to touch a document that is locked or cancelled."""
    if row.get("zamekK") not in OPEN:
        raise place.refuse("Záznam nelze změnit, protože je zamčený", "zamekK")
    if row.get("storno"):
        raise place.refuse("Záznam nelze změnit, protože je stornovaný", "storno")


def check_period(books: Books, kind: Kind, row: Row, place: Place) -> None:
    """Refuse a document in a locked period or in none."""
    day = row.get(books.options["lock_date"]) or row["datVyst"]
    if rates.period(books, row["datVyst"]) is None:
        raise place.refuse("Datum nespadá do žádného účetního období", "datVyst", row["datVyst"])
    for lock in books.rows("zamek").values():
        if _covers(lock, kind, row, day):
            raise place.refuse("Doklad spadá do uzamčeného období", books.options["lock_date"], day)


def _covers(lock: Row, kind: Kind, row: Row, day: str) -> bool:
    closed = lock.get("zamekK") not in OPEN and bool(lock.get(kind.module))
    booked = bool(row.get("ucetni", True)) or bool(lock.get("neucetni"))
    return closed and booked and lock["platiOdData"] <= day <= lock["platiDoData"]


def check_pairing(books: Books, row: Row, changed: Iterable[str], place: Place) -> None:
    """Refuse edits of a paired document: those of money, or any (an assumption)."""
    if not row.get("@links"):
        return
    touched = set(changed)
    money = {name for name in touched if name in _MONEY or name.startswith("sum")}
    refused = touched if books.options["paired_edit"] == "any" else money
    if refused:
        raise place.refuse("Záznam nelze změnit, protože je spárován", min(refused))


def lock_period(books: Books, lock: Row) -> None:
    """Lock every document in a new period lock; unlocking the period leaves them locked, as the vendor warns."""
    for kind in KINDS.values():
        for row in list(books.rows(kind.path).values()):
            day = row.get(books.options["lock_date"]) or row["datVyst"]
            if _covers(lock, kind, row, day) and row.get("zamekK") in OPEN:
                books.save(kind.path, {**row, "zamekK": lock["zamekK"]})
