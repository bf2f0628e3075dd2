"""Reading: which rows a listing gives, in which order, and which fields of each.

Source: the handbook's "Listing, filtering and queries": limit 20 unless told, unknown names in detail are ignored.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from mostek.connectors.flexibee.sandbox import filters, values
from mostek.connectors.flexibee.sandbox.books import Books
from mostek.connectors.flexibee.sandbox.facts import Fact, evidences
from mostek.connectors.flexibee.sandbox.kinds import KINDS
from mostek.connectors.flexibee.sandbox.refusals import Denied
from mostek.connectors.flexibee.sandbox.store import Row

Tree = dict[str, "Tree"]
"""Names of ``detail=custom:`` with the names wanted of each collection or relation."""

DEFAULT_LIMIT = 20


@dataclass(frozen=True)
class View:
    """How records are shown."""

    detail: str = "summary"
    native: bool = False
    relations: frozenset[str] = frozenset()
    includes: frozenset[str] = frozenset()
    ext_ids: bool = True
    tree: Tree | None = None


@dataclass(frozen=True)
class Page:
    """Which part of a listing is wanted, and what goes with it."""

    limit: int = DEFAULT_LIMIT
    start: int = 0
    order: tuple[str, ...] = ()
    count: bool = False
    version: bool = False
    valid: bool = True
    view: View = field(default_factory=View)


def page_of(parameters: Mapping[str, Any], *, detail: str, native: bool) -> Page:
    """Read a listing's parameters from an address or a query's body; nonsense raises ``Denied``."""
    told = str(parameters.get("detail") or detail)
    kind, _, names = told.partition(":")
    if kind not in {"id", "summary", "full", "custom"}:
        raise Denied(400, f"Neznámá úroveň detailu '{told}'.")
    view = View(
        kind,
        native,
        _set(parameters.get("relations")),
        frozenset(path.strip("/").rpartition("/")[2] for path in _set(parameters.get("includes"))),
        str(parameters.get("no-ext-ids", "false")) != "true",
        _tree(names) if kind == "custom" else None,
    )
    return Page(
        _whole(parameters, "limit", DEFAULT_LIMIT),
        _whole(parameters, "start", 0),
        _order(parameters),
        str(parameters.get("add-row-count", "false")) == "true",
        str(parameters.get("add-global-version", "false")) == "true",
        str(parameters.get("filtrovat-platnost", "true")) != "false",
        view,
    )


def _set(value: object) -> frozenset[str]:
    return frozenset(part.strip() for part in str(value or "").split(",") if part.strip())


def _whole(parameters: Mapping[str, Any], name: str, default: int) -> int:
    text = str(parameters.get(name, default))
    if not text.isdecimal():
        raise Denied(400, f"Parametr '{name}' musí být nezáporné celé číslo.")
    return int(text)


def _order(parameters: Mapping[str, Any]) -> tuple[str, ...]:
    value = parameters.get("order")
    if value is None and parameters.get("sort"):
        # sort= with dir= says the direction in words; the letters of order= depend on an assumption.
        return (f"{parameters['sort']}@@{str(parameters.get('dir', 'ASC')).upper()}",)
    listed = value if isinstance(value, list | tuple) else [value] if value else []
    return tuple(part for each in listed for part in str(each).split(",") if part)


def _tree(text: str) -> Tree:
    tree: Tree = {}
    stack = [tree]
    name = ""
    for part in re.findall(r"[(),]|[^(),]+", text):
        if part == "(":
            stack.append(stack[-1].setdefault(name, {}))
        elif part == ")":
            if len(stack) > 1:
                stack.pop()
        elif part != ",":
            name = part.strip()
            stack[-1].setdefault(name, {})
    return tree


def rows(books: Books, path: str, text: str, page: Page) -> tuple[list[Row], int]:
    """The wanted part of the rows that pass a filter, in order, and how many pass."""
    found = filters.select(books, path, text, books.user)
    if page.valid and "platiDo" in books.shape(path).facts:
        year = books.clock.today().year
        found = [row for row in found if row.get("platiOd", 0) <= year <= row.get("platiDo", 9999)]
    found = ordered(books, path, found, page.order)
    end = page.start + page.limit if page.limit else None
    return found[page.start : end], len(found)


def ordered(books: Books, path: str, found: list[Row], order: Iterable[str]) -> list[Row]:
    """Rows in the order asked for, or in the evidence's own."""
    keys = list(order)
    if not keys:
        keys = {"kurz": ["platiOdData@@DESC", "mena"]}.get(path, ["datVyst@@DESC"] if path in KINDS else [])
    for each in reversed(keys):
        name, _, letter = each.partition("@")
        reverse = letter in _falling(books)
        fact_path = name.split(".")
        found = sorted(found, key=lambda row: _key(books, path, row, fact_path), reverse=reverse)
    return found


def _falling(books: Books) -> set[str]:
    return {"@DESC", "A" if books.options["order_letters"] == "handbook" else "D"}


def _key(books: Books, path: str, row: Row, names: list[str]) -> tuple[int, Any]:
    shape = books.shape(path)
    fact = shape.facts.get(names[0])
    if fact is None:
        raise Denied(400, f"Evidence {path} nemá vlastnost '{names[0]}'.")
    value = row.get(fact.name)
    if value is None:
        return (0, "")
    if fact.type == "numeric":
        return (1, Decimal(value))
    if fact.type == "relation" and isinstance(value, int) and fact.target in evidences():
        if len(names) > 1:
            return _key(books, fact.target or "", books.row(fact.target or "", value), names[1:])
        return (1, books.code(fact.target or "", value))
    return (1, value)


def shown(books: Books, path: str, row: Row, view: View) -> dict[str, Any]:
    """One record as an answer carries it."""
    facts = books.shape(path).facts
    record: dict[str, Any] = {"id": row["id"] if view.native else str(row["id"])}
    for fact in _chosen(facts, view):
        if fact.name in {"id", "external-ids"}:
            continue
        value = row.get(fact.name)
        wanted = (view.tree or {}).get(fact.name)
        if fact.type == "relation" and isinstance(value, int) and (fact.name in view.includes or wanted):
            inner = replace(view, tree=wanted, detail="custom" if wanted else "summary", relations=frozenset())
            record[fact.name] = [shown(books, fact.target or "", books.row(fact.target or "", value), inner)]
        else:
            record[fact.name] = values.show(books, fact, value, native=view.native)
        record.update(values.decorations(books, fact, value))
    if view.ext_ids:
        record["external-ids"] = books.exts(path, row["id"])
    record.update(_collections(books, path, row, view))
    return record


def _chosen(facts: Mapping[str, Fact], view: View) -> list[Fact]:
    if view.detail == "full":
        return list(facts.values())
    if view.detail == "custom":
        return [facts[name] for name in view.tree or {} if name in facts]
    if view.detail == "summary":
        return [fact for fact in facts.values() if fact.summary]
    return []


def _collections(books: Books, path: str, row: Row, view: View) -> dict[str, Any]:
    kind = KINDS.get(path)
    if kind is None or not kind.lines:
        return {}
    found = {}
    in_full = view.detail == "full" and books.options["lines_in_full"] == "yes"
    for position, name in enumerate(kind.collections):
        wanted = (view.tree or {}).get(name)
        related = name in view.relations or (position == 0 and ("polozky" in view.relations or in_full))
        if related or wanted is not None:
            inner = replace(view, detail="custom" if wanted else "full", tree=wanted, relations=frozenset())
            found[name] = [shown(books, kind.lines, line, inner) for line in books.lines(kind.lines, row["id"])]
    if "vazby" in view.relations or "vazby" in (view.tree or {}):
        found["vazby"] = [bond(books, each, view) for each in bonds(books, path, row["id"])]
    return found


def bonds(books: Books, path: str, number: int) -> list[Row]:
    """The relations between documents in which a document takes part."""
    row = books.row(path, number)
    ids = [*row.get("@links", [])]
    if "@credit_link" in row:
        ids.append(row["@credit_link"])
    ids += [books.row(path, each)["@credit_link"] for each in row.get("@credited_by", [])]
    return [books.row("vazba", each) for each in sorted(ids)]


def bond(books: Books, row: Row, view: View) -> dict[str, Any]:
    """A relation between documents: its fields and its two ends."""
    record = shown(books, "vazba", row, replace(view, detail="full", tree=None, relations=frozenset()))
    for end in ("a", "b"):
        path, number = row[f"@{end}"]
        record[end] = values.reference(books, path, number)
        record[f"{end}@evidencePath"] = path
        record[f"{end}@ref"] = f"/c/{books.company.db}/{path}/{number}.json"
    return record


def sums(books: Books, path: str, text: str) -> dict[str, Any]:
    """The sums of a document evidence's amounts over the rows that pass a filter."""
    if path not in KINDS:
        raise Denied(400, f"Evidence {path} nemá sumaci.")
    found = filters.select(books, path, text, books.user)
    names = [
        fact.name for fact in books.shape(path).facts.values() if fact.name.startswith("sum") and fact.type == "numeric"
    ]
    return {
        name: {
            "values": {
                "value": {"$": values.show_number(str(sum((Decimal(row.get(name) or 0) for row in found), Decimal(0))))}
            }
        }
        for name in names
    }
