"""Write one record: find which one it is, refuse or take its fields, save it, and run its services."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mostek.connectors.flexibee.sandbox import (
    actions,
    cash,
    codebooks,
    copies,
    creditnotes,
    documents,
    fields,
    identifiers,
    lines,
    locks,
    payments,
)
from mostek.connectors.flexibee.sandbox.books import Books
from mostek.connectors.flexibee.sandbox.facts import Evidence
from mostek.connectors.flexibee.sandbox.fields import Data, attribute
from mostek.connectors.flexibee.sandbox.kinds import KINDS, LINES, Kind
from mostek.connectors.flexibee.sandbox.refusals import Place, identity
from mostek.connectors.flexibee.sandbox.store import Row

CREATED, UPDATED, DELETED, SKIPPED = "created", "updated", "deleted", "skipped"


@dataclass
class Outcome:
    """What became of one record."""

    status: str
    id: int | None
    warnings: list[dict[str, str]] = field(default_factory=list)


Service = Callable[[Books, int, Any, Place], None]


def _pairing(path: str) -> dict[str, Service]:
    return {
        "sparovani": lambda books, number, spec, place: payments.pair(books, path, number, _spec(spec, place), place),
        "odparovani": lambda books, number, spec, place: payments.unpair(books, path, number, spec or {}, place),
    }


def _pay_cash(books: Books, number: int, spec: object, place: Place) -> None:
    cash.pay(books, number, _spec(spec, place), place, _made)


def _made(books: Books, path: str, data: Data) -> int:
    number = write(books, path, data).id
    if number is None:
        raise LookupError(path)
    return number


def _spec(spec: object, place: Place) -> Mapping[str, Any]:
    if not isinstance(spec, Mapping):
        raise place.refuse("Hodnota má nesprávný tvar")
    return spec


SERVICES: dict[str, dict[str, Service]] = {
    "faktura-vydana": {creditnotes.LINK: creditnotes.link, "hotovostni-uhrada": _pay_cash},
    "banka": _pairing("banka"),
    "pokladni-pohyb": _pairing("pokladni-pohyb"),
}
"""What a record may ask for beside its fields, by evidence and element name."""


def write(books: Books, path: str, data: Data, address: str | None = None) -> Outcome:
    """Write one top-level record; ``address`` is the identifier in the URL. Raises ``Refused``."""
    shape = books.shape(path)
    if shape.status in {"DISALLOWED", "NOT_DIRECT"} or path in LINES:
        raise Place(path).refuse(f"Import do evidence {path} není povolen")
    ids = [address] if address is not None and not data.get("id") else fields.ids_of(data)
    existing = resolve(books, shape, ids, data)
    place = _place(shape, existing, data)
    action = attribute(data, "@action")
    if action:
        if existing is None:
            raise place.refuse("Záznam neexistuje", "id", ", ".join(ids))
        actions.run(books, path, action, existing, place)
        return Outcome(DELETED if action == "delete" else UPDATED, existing["id"])
    mode = attribute(data, "@update" if existing is not None else "@create") or "ok"
    if mode == "ignore":
        return Outcome(SKIPPED, existing["id"] if existing is not None else None)
    if mode == "fail":
        told = "již existuje" if existing is not None else "neexistuje"
        raise place.refuse(f"Záznam {told}", "id", ", ".join(ids))
    if mode != "ok":
        raise place.refuse(f"Neznámý způsob zápisu '{mode}'", "id", mode)
    return _save(books, shape, existing, data, ids, place=place)


def resolve(books: Books, shape: Evidence, ids: list[str], data: Data) -> Row | None:
    """The record that a written record's identifiers name, or None when it is to be created."""
    place = Place(f"{shape.path}[temporary-id=null]")
    found: dict[int, str] = {}
    for each in ids:
        if not identifiers.is_identifier(each):
            raise place.refuse_plain(f"Je očekáváno číselné ID, ale '{each}' není číslo", "id", each)
        number = books.find(shape.path, each)
        if number is not None:
            found.setdefault(number, each)
    if len(found) > 1:
        raise place.refuse("Identifikátory označují různé záznamy", "id", ", ".join(found.values()))
    if found:
        return books.row(shape.path, next(iter(found)))
    unknown = next((each for each in ids if each.isdecimal()), None)
    if unknown is not None:
        raise place.refuse(f"Záznam s ID '{unknown}' v evidenci {shape.path} neexistuje", "id", unknown)
    if not ids and data.get("kod") and books.options["kod_identifies"] == "yes":
        number = books.by_code(shape.path, identifiers.code(shape.path, str(data["kod"])))
        return books.row(shape.path, number) if number is not None else None
    return None


def _place(shape: Evidence, existing: Row | None, data: Data) -> Place:
    kod = data.get("kod") or (existing or {}).get("kod")
    number = existing["id"] if existing is not None else None
    tag = str(kod) if kod else f"{shape.kind} {number if number is not None else -1}"
    return Place(f"{shape.path}[{identity(number)}]", tag)


def _save(books: Books, shape: Evidence, existing: Row | None, data: Data, ids: list[str], *, place: Place) -> Outcome:
    kind = KINDS.get(shape.path)
    services = SERVICES.get(shape.path, {})
    dated = creditnotes.MAKE in data
    if existing is None and kind is not None:
        data = copies.expand(books, kind, data, place)
    if shape.path == creditnotes.INVOICE:
        data = creditnotes.expand(books, data, existing, place)
    if existing is not None and kind is not None:
        _check_locks(books, kind, existing, data, ids, place=place)
    parsed = fields.parse(books, shape, data, place, {*services, *(kind.collections if kind else ())})
    parsed.dated = dated
    number = existing["id"] if existing is not None else books.new_id(shape.path)
    if existing is None:
        _name(shape, ids, parsed.changes)
    draft = documents.draft(books, kind, existing, number, parsed, data=data, place=place) if kind else None
    row = draft.row if draft else codebooks.complete(books, shape, existing, number, parsed.changes, place=place)
    _check_code(books, shape, existing, row, place)
    _attach(books, shape, number, ids, data, place=place)
    if draft is not None and kind is not None:
        documents.save(books, kind, draft, parsed, created=existing is None)
    else:
        books.save(shape.path, row, created=existing is None)
        codebooks.after(books, shape, row)
    for name, service in services.items():
        if name in parsed.collections:
            service(books, number, parsed.collections[name], place)
    return Outcome(UPDATED if existing is not None else CREATED, number, parsed.warnings)


def _edits(data: Data, services: Mapping[str, Service]) -> bool:
    """Whether a record changes the document itself and does not only ask for a service."""
    return any(name not in services and "@" not in name and name != "id" for name in data)


def _check_locks(books: Books, kind: Kind, existing: Row, data: Data, ids: list[str], *, place: Place) -> None:
    if _edits(data, SERVICES.get(kind.path, {})):
        locks.check_open(existing, place)
    known = books.exts(kind.path, existing["id"])
    renamed = lines.FORGET in data or any(each.startswith("ext:") and each not in known for each in ids)
    if renamed and books.options["locked_ids"] == "refuse":
        locks.check_open(existing, place)
        locks.check_period(books, kind, existing, place)


def _name(shape: Evidence, ids: list[str], changes: dict[str, Any]) -> None:
    for each in ids:
        prefix, _, value = each.partition(":")
        name = identifiers.ON_CREATE.get(prefix)
        if name is not None and name in shape.facts and changes.get(name) is None:
            changes[name] = value.upper() if shape.facts[name].upper else value


def _check_code(books: Books, shape: Evidence, existing: Row | None, row: Row, place: Place) -> None:
    kod = row.get("kod")
    if kod is None or kod == (existing or {}).get("kod"):
        return
    holder = books.by_code(shape.path, kod)
    if holder is not None and holder != row["id"]:
        raise place.refuse(f"Záznam s kódem '{kod}' již existuje", "kod", kod)


def _attach(books: Books, shape: Evidence, number: int, ids: list[str], data: Data, *, place: Place) -> None:
    prefix = data.get(lines.FORGET)
    if prefix is not None:
        books.detach(shape.path, number, str(prefix))
    for each in ids:
        if each.startswith(("ext:", "ws:")):
            if not shape.external:
                raise place.refuse(f"Evidence {shape.path} nepodporuje externí identifikátory", "id", each)
            books.attach(shape.path, number, each)
