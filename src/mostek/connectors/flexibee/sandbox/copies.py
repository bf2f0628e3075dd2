"""Copying a document by ``@sourceId``: a new one with the source's fields and lines; what the record gives overrides.

Source: the handbook's "Copying a document". It does not say which fields are taken; external ids are unique, so never.
"""

from typing import Any

from mostek.connectors.flexibee.sandbox import lines, totals
from mostek.connectors.flexibee.sandbox.books import Books
from mostek.connectors.flexibee.sandbox.facts import Evidence
from mostek.connectors.flexibee.sandbox.fields import Data, attribute
from mostek.connectors.flexibee.sandbox.kinds import Kind
from mostek.connectors.flexibee.sandbox.refusals import PROP, Place
from mostek.connectors.flexibee.sandbox.store import Row

SOURCE = "@sourceId"

_OWN = {"kod", "varSym", "uuid", "stavUhrK", "stavMailK", "sumPrepl", "sumPreplMen", "cisRad"}
"""What a copy has of its own."""
_DATES = {"datVyst", "duzpPuv", "duzpUcto", "datSazbyDph", "datUcto", "datSplat"}


def expand(books: Books, kind: Kind, data: Data, place: Place) -> Data:
    """Write a copy out as the record that would make it. Raises ``Refused`` when the source is not there."""
    named = attribute(data, SOURCE)
    if not named:
        return data
    number = books.find(kind.path, named)
    if number is None:
        raise place.refuse(f"Zadaný text '{named}' musí identifikovat objekt", "sourceId", named, PROP)
    source, shape = books.row(kind.path, number), books.shape(kind.path)
    own = _OWN | (_DATES if books.options["copy_dates"] == "today" else set())
    sums = totals.header_fields() if not source.get("bezPolozek") else set()
    copy = {name: value for name, value in _written(shape, source).items() if name not in own | sums}
    if books.options["copy_dates"] == "today":
        copy["datVyst"] = books.clock.today().isoformat()
    if kind.lines and not source.get("bezPolozek"):
        home = "Men" if totals.is_foreign(books, source) else ""
        rows = books.lines(kind.lines, number)
        copy[kind.collections[0]] = [_line(books, kind, row, home) for row in rows if not row.get(totals.AUTOMATIC)]
    return {**copy, **{name: value for name, value in data.items() if name != SOURCE}}


def _written(shape: Evidence, row: Row) -> dict[str, Any]:
    facts = shape.facts
    return {
        name: ("true" if value else "false") if isinstance(value, bool) else str(value)
        for name, value in row.items()
        if name in facts and facts[name].writable
    }


def _line(books: Books, kind: Kind, row: Row, home: str) -> dict[str, Any]:
    written = _written(books.shape(kind.lines), row)
    given = {f"{name}{home}": amount for name, amount in row.get(lines.GIVEN, {}).items()}
    kept = {name: value for name, value in written.items() if not name.startswith("sum") and name not in _OWN}
    kept.pop(kind.parent, None)
    return {**kept, **given}
