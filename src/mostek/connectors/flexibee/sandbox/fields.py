"""Take one written record apart: its identifiers, its attributes, its checked fields and its collections."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from mostek.connectors.flexibee.sandbox import identifiers, values
from mostek.connectors.flexibee.sandbox.books import Books
from mostek.connectors.flexibee.sandbox.facts import Evidence
from mostek.connectors.flexibee.sandbox.refusals import INVALID, PROP, Place

Data = Mapping[str, Any]

ELSEWHERE = {
    "adresar": {"kontakty", "mistaUrceni", "bankovniSpojeni", "cenHladiny"},
    "cenik": {"sady-a-komplety", "dodavatele", "atributy", "typy-sazeb-dph"},
}
"""Collections the vendor has and the sandbox has not: taken with a warning."""
_EVERYWHERE = {"prilohy", "stitky", "uzivatelske-vazby", "udalosti", "id", "external-ids"}


@dataclass
class Parsed:
    """A record's checked fields and what else it carries."""

    changes: dict[str, Any] = field(default_factory=dict)
    collections: dict[str, Any] = field(default_factory=dict)
    warnings: list[dict[str, str]] = field(default_factory=list)
    dated: bool = False
    """Whether the record may do without a date of issue: the service that makes it sets today's."""


def ids_of(data: Data) -> list[str]:
    """A written record's identifiers in order: a number, a text, a bracketed text or a list of them."""
    raw = data.get("id")
    found: list[str] = []
    for each in raw if isinstance(raw, list) else [raw]:
        if each is not None and each != "":
            found += identifiers.split(str(each))
    return found


def attribute(data: Data, name: str) -> str:
    """An attribute of a record such as ``@update`` or ``polozky@removeAll``, as a text."""
    value = data.get(name)
    if value is None:
        return ""
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def records_of(value: object, inner: str) -> list[Data]:
    """The records of a collection: a list, one record, or either wrapped in the line's own name as XML does."""
    if value is None or value == "":
        return []
    if isinstance(value, Mapping) and set(value) == {inner}:
        return records_of(value[inner], inner)
    listed: list[Data] = []
    for each in value if isinstance(value, list) else [value]:
        if not isinstance(each, Mapping):
            raise Place(inner).refuse("Hodnota má nesprávný tvar", code=PROP)
        listed.append(each)
    return listed


def parse(books: Books, shape: Evidence, data: Data, place: Place, collections: Collection[str] = ()) -> Parsed:
    """Check every field of a record; ``collections`` are the names to hand through. Raises ``Refused``."""
    parsed = Parsed()
    for name, raw in data.items():
        if name in collections:
            parsed.collections[name] = raw
        elif "@" in name or name.endswith("-previousValue") or (name in _EVERYWHERE and name not in shape.facts):
            continue
        elif name not in shape.facts:
            _unknown(books, shape, name, place, parsed)
        elif name in {"id", "external-ids"}:
            continue
        else:
            _known(books, shape, name, raw, parsed, place=place, missing=attribute(data, f"{name}@if-not-found"))
    return parsed


def _unknown(books: Books, shape: Evidence, name: str, place: Place, parsed: Parsed) -> None:
    message = f"Evidence {shape.path} nemá vlastnost '{name}'"
    if name in ELSEWHERE.get(shape.path, ()):
        parsed.warnings.append({"for": name, "message": f"Kolekce '{name}' není simulována."})
    elif books.options["unknown_field"] == "fail":
        raise place.refuse_plain(message, name, None)
    elif books.options["unknown_field"] == "warn":
        parsed.warnings.append({"for": name, "message": message})


def _known(
    books: Books, shape: Evidence, name: str, raw: object, parsed: Parsed, *, place: Place, missing: str
) -> None:
    fact = shape.facts[name]
    if not fact.writable:
        if books.options["readonly_field"] == "fail":
            raise place.refuse(f"Vlastnost '{name}' nelze zapsat", name, raw, PROP)
        return
    parsed.changes[name] = values.read(books, fact, raw, place, missing)


def check_mandatory(shape: Evidence, row: Data, place: Place) -> None:
    """Refuse a record in which a mandatory field is empty."""
    for fact in shape.facts.values():
        if fact.mandatory and fact.writable and row.get(fact.name) is None:
            raise place.refuse(f"Pole '{fact.label}' musí být vyplněno.", fact.name, code=INVALID)
