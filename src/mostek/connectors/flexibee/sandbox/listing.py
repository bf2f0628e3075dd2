"""Reading: which rows a listing gives, in which order, and which fields of each.

Source: the handbook's "Listing, filtering and queries": limit 20 unless told, unknown names in detail are ignored.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from typing import Any

from mostek.connectors.flexibee.sandbox import filters, values
from mostek.connectors.flexibee.sandbox.books import Books
from mostek.connectors.flexibee.sandbox.drawing import Tree, View
from mostek.connectors.flexibee.sandbox.facts import evidences
from mostek.connectors.flexibee.sandbox.kinds import KINDS
from mostek.connectors.flexibee.sandbox.refusals import Denied
from mostek.connectors.flexibee.sandbox.store import Row

DEFAULT_LIMIT = 20


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
    """The wanted part of the rows that pass a filter, in order, and how many pass (when the page asks for it)."""

    def find() -> list[Row]:
        return _found(books, path, text, page)

    if page.limit and not page.start and not page.count and _is_by_id(books, path, page):
        # A reader that goes on from the last id has a new filter for each page: no page is to cost a whole listing.
        first = list(islice(filters.matching(books, path, text, books.user), page.limit))
        return first, len(first)
    question = (books.company.id, path, text, page.order, page.valid, books.user, books.clock.today())
    # The pages of one listing are cut out of one answer, unless something was written in between.
    found = find() if "now()" in text.lower() else books.store.remembered(question, find)
    end = page.start + page.limit if page.limit else None
    return found[page.start : end], len(found)


def _is_by_id(books: Books, path: str, page: Page) -> bool:
    if page.valid and "platiDo" in books.shape(path).facts:
        return False
    keys = page.order or _own_order(path)
    return not keys or (len(keys) == 1 and keys[0].partition("@")[0] == "id" and not _falls(books, keys[0]))


def _found(books: Books, path: str, text: str, page: Page) -> list[Row]:
    found = filters.select(books, path, text, books.user)
    if page.valid and "platiDo" in books.shape(path).facts:
        year = books.clock.today().year
        found = [row for row in found if row.get("platiOd", 0) <= year <= row.get("platiDo", 9999)]
    return ordered(books, path, found, page.order)


def ordered(books: Books, path: str, found: list[Row], order: Iterable[str]) -> list[Row]:
    """Rows in the order asked for, or in the evidence's own."""
    for each in reversed(tuple(order) or _own_order(path)):
        fact_path = each.partition("@")[0].split(".")
        found = sorted(found, key=lambda row: _key(books, path, row, fact_path), reverse=_falls(books, each))
    return found


def _own_order(path: str) -> tuple[str, ...]:
    if path == "kurz":
        return ("platiOdData@@DESC", "mena")
    return ("datVyst@@DESC",) if path in KINDS else ()


def _falls(books: Books, key: str) -> bool:
    return key.partition("@")[2] in {"@DESC", "A" if books.options["order_letters"] == "handbook" else "D"}


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
