"""Actions on a record: delete, storno, lock, unlock, lock-for-ucetni."""

from collections.abc import Callable

from mostek.connectors.flexibee.sandbox import creditnotes, locks, payments
from mostek.connectors.flexibee.sandbox.books import Books
from mostek.connectors.flexibee.sandbox.facts import evidences
from mostek.connectors.flexibee.sandbox.kinds import KINDS
from mostek.connectors.flexibee.sandbox.refusals import PROP, Place
from mostek.connectors.flexibee.sandbox.store import Row


def run(books: Books, path: str, action: str, row: Row, place: Place) -> None:
    """Do an action; other elements of the record are of no account. Raises ``Refused``."""
    known = _ACTIONS.get(action)
    if known is None:
        raise place.refuse(f"Neznámá akce '{action}'", "action", action, PROP)
    known(books, path, row, place)


def delete(books: Books, path: str, row: Row, place: Place) -> None:
    """Delete a record with its lines; what is locked, paired or used elsewhere stays."""
    kind = KINDS.get(path)
    if kind is None:
        _check_unused(books, path, row, place)
    else:
        if row.get("zamekK") not in locks.OPEN:
            raise place.refuse("Záznam nelze smazat, protože je zamčený", "zamekK")
        if row.get("@links"):
            raise place.refuse("Záznam nelze smazat, protože je spárován")
        locks.check_period(books, kind, row, place)
        if path == creditnotes.INVOICE:
            creditnotes.forget(books, row)
        for line in books.lines(kind.lines, row["id"]) if kind.lines else ():
            books.remove(kind.lines, line)
    books.remove(path, row)


def _check_unused(books: Books, path: str, row: Row, place: Place) -> None:
    for shape in evidences().values():
        users = [fact.name for fact in shape.facts.values() if fact.target == path]
        if not users:
            continue
        for other in books.rows(shape.path).values():
            if any(other.get(name) == row["id"] for name in users):
                raise place.refuse(f"Záznam nelze smazat, protože je použit v evidenci {shape.path}")


def storno(books: Books, path: str, row: Row, place: Place) -> None:
    """Cancel a document; it stays in the books."""
    kind = KINDS.get(path)
    if kind is None:
        raise place.refuse("Stornovat lze jen doklady", "action", "storno")
    if row.get("storno"):
        if books.options["storno_again"] == "refuse":
            raise place.refuse("Záznam je již stornovaný", "storno")
        return
    locks.check_open(row, place)
    locks.check_period(books, kind, row, place)
    if row.get("@links"):
        if books.options["paired_storno"] == "refuse":
            raise place.refuse("Záznam nelze stornovat, protože je spárován")
        payments.unlink(books, [books.row("vazba", number) for number in row["@links"]])
        row = books.row(path, row["id"])
    zeros: Row = _zeros(row) if books.options["storno_sums"] == "zero" else {}
    left: Row = {name: "0.00" for name in ("zbyvaUhradit", "zbyvaUhraditMen") if name in row}
    books.save(path, {**row, **zeros, **left, "storno": True})
    for line in books.lines(kind.lines, row["id"]) if kind.lines else ():
        books.save(kind.lines, {**line, **(_zeros(line) if zeros else {}), "storno": True})


def _zeros(row: Row) -> dict[str, str]:
    return {name: "0.00" for name in row if name.startswith("sum")}


def _set_lock(state: str) -> Callable[[Books, str, Row, Place], None]:
    def change(books: Books, path: str, row: Row, place: Place) -> None:
        if path not in KINDS:
            raise place.refuse("Zamknout lze jen doklady", "action")
        books.save(path, {**row, "zamekK": state})

    return change


_ACTIONS: dict[str, Callable[[Books, str, Row, Place], None]] = {
    "delete": delete,
    "storno": storno,
    "lock": _set_lock("zamek.zamceno"),
    "lock-for-ucetni": _set_lock("zamek.polozamceno"),
    "unlock": _set_lock("zamek.otevreno"),
}
