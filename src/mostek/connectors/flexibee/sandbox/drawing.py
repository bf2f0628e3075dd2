"""How records look in an answer: which fields of each, with their decorations, external ids, lines and relations.

What a view asks of an evidence is worked out once for all of its records.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from mostek.connectors.flexibee.sandbox import values
from mostek.connectors.flexibee.sandbox.books import Books
from mostek.connectors.flexibee.sandbox.facts import Fact
from mostek.connectors.flexibee.sandbox.kinds import KINDS
from mostek.connectors.flexibee.sandbox.store import Row

Json = dict[str, Any]
Tree = dict[str, "Tree"]
"""Names of ``detail=custom:`` with the names wanted of each collection or relation."""
Part = Callable[[Row, Json], None]
"""Puts a part of a row into the record that an answer carries."""


@dataclass(frozen=True)
class View:
    """How records are shown."""

    detail: str = "summary"
    native: bool = False
    relations: frozenset[str] = frozenset()
    includes: frozenset[str] = frozenset()
    ext_ids: bool = True
    tree: Tree | None = None


class Drawer:
    """Draws the records of one evidence as a view wants them."""

    def __init__(self, books: Books, path: str, view: View) -> None:
        self._books = books
        self._view = view
        facts = books.shape(path).facts
        chosen = (fact for fact in _chosen(facts, view) if fact.name not in {"id", "external-ids"})
        self._parts = [self._part(fact) for fact in chosen]
        if view.ext_ids:
            self._parts.append(self._ext_ids(path))
        self._parts += self._collections(path)

    def draw(self, row: Row) -> Json:
        """One record as an answer carries it."""
        record: Json = {"id": row["id"] if self._view.native else str(row["id"])}
        for part in self._parts:
            part(row, record)
        return record

    def _part(self, fact: Fact) -> Part:
        books, native, name = self._books, self._view.native, fact.name
        if fact.type in {"relation", "select"}:
            return self._decorated(fact)

        def plain(row: Row, record: Json) -> None:
            record[name] = values.show(books, fact, row.get(name), native=native)

        return plain

    def _decorated(self, fact: Fact) -> Part:
        books, native, name = self._books, self._view.native, fact.name
        wanted = (self._view.tree or {}).get(name)
        inner: Drawer | None = None
        if fact.type == "relation" and (name in self._view.includes or wanted):
            detail = "custom" if wanted else "summary"
            inner = Drawer(
                books, fact.target or "", replace(self._view, tree=wanted, detail=detail, relations=frozenset())
            )
        known: dict[Any, Json] = {}

        def decorated(row: Row, record: Json) -> None:
            value = row.get(name)
            found = known.get(value)
            if found is None:
                shown = values.show(books, fact, value, native=native)
                if inner is not None and isinstance(value, int):
                    shown = [inner.draw(books.row(fact.target or "", value))]
                found = known[value] = {name: shown, **values.decorations(books, fact, value)}
            record.update(found)

        return decorated

    def _ext_ids(self, path: str) -> Part:
        exts = self._books.store.table(self._books.company.id, path).exts

        def ext_ids(row: Row, record: Json) -> None:
            record["external-ids"] = list(exts.get(row["id"], ()))

        return ext_ids

    def _collections(self, path: str) -> list[Part]:
        kind, view = KINDS.get(path), self._view
        if kind is None or not kind.lines:
            return []
        parts = []
        in_full = view.detail == "full" and self._books.options["lines_in_full"] == "yes"
        for position, name in enumerate(kind.collections):
            wanted = (view.tree or {}).get(name)
            related = name in view.relations or (position == 0 and ("polozky" in view.relations or in_full))
            if related or wanted is not None:
                inner = replace(view, detail="custom" if wanted else "full", tree=wanted, relations=frozenset())
                parts.append(self._lines(name, kind.lines, inner))
        if "vazby" in view.relations or "vazby" in (view.tree or {}):
            parts.append(self._bonds(path))
        return parts

    def _lines(self, name: str, path: str, view: View) -> Part:
        books, inner = self._books, Drawer(self._books, path, view)

        def lines(row: Row, record: Json) -> None:
            record[name] = [inner.draw(line) for line in books.lines(path, row["id"])]

        return lines

    def _bonds(self, path: str) -> Part:
        books, view = self._books, self._view

        def drawn(row: Row, record: Json) -> None:
            record["vazby"] = [bond(books, each, view) for each in bonds(books, path, row["id"])]

        return drawn


def shown(books: Books, path: str, row: Row, view: View) -> Json:
    """A single record as an answer carries it."""
    return Drawer(books, path, view).draw(row)


def _chosen(facts: Mapping[str, Fact], view: View) -> list[Fact]:
    if view.detail == "full":
        return list(facts.values())
    if view.detail == "custom":
        return [facts[name] for name in view.tree or {} if name in facts]
    if view.detail == "summary":
        return [fact for fact in facts.values() if fact.summary]
    return []


def bonds(books: Books, path: str, number: int) -> list[Row]:
    """The relations between documents in which a document takes part."""
    row = books.row(path, number)
    ids = [*row.get("@links", [])]
    if "@credit_link" in row:
        ids.append(row["@credit_link"])
    ids += [books.row(path, each)["@credit_link"] for each in row.get("@credited_by", [])]
    return [books.row("vazba", each) for each in sorted(ids)]


def bond(books: Books, row: Row, view: View) -> Json:
    """A relation between documents: its fields and its two ends."""
    record = shown(books, "vazba", row, replace(view, detail="full", tree=None, relations=frozenset()))
    for end in ("a", "b"):
        path, number = row[f"@{end}"]
        record[end] = values.reference(books, path, number)
        record[f"{end}@evidencePath"] = path
        record[f"{end}@ref"] = f"/c/{books.company.db}/{path}/{number}.json"
    return record
