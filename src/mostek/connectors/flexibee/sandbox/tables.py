"""One evidence's records in memory, and what finds them without looking at each: ids, documents' lines, sorted fields.

Rows are never changed in place: a changed record is a new row under the same id.
"""

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]
"""A record: decimals as strings, dates as ISO text, relations as the target's id; absent means empty."""
Read = Callable[[Row], Any]
"""Gives the value of a row that an index sorts by; None leaves the row out."""


@dataclass(frozen=True)
class Span:
    """A part of an index: all records that a condition can be true of, and how many they are."""

    size: int
    ids: Callable[[], Iterable[int]]


class Index:
    """The ids of an evidence's records in the order of one field."""

    def __init__(self, rows: Iterable[Row], read: Read) -> None:
        self._read = read
        self._keys = sorted((value, row["id"]) for row in rows if (value := read(row)) is not None)

    def add(self, row: Row) -> None:
        """Take a row in."""
        value = self._read(row)
        if value is not None:
            insort(self._keys, (value, row["id"]))

    def drop(self, row: Row) -> None:
        """Leave a row out."""
        value = self._read(row)
        if value is not None:
            del self._keys[bisect_left(self._keys, (value, row["id"]))]

    def move(self, old: Row, new: Row) -> None:
        """Put a row where another of the same id was."""
        if self._read(old) != self._read(new):
            self.drop(old)
            self.add(new)

    def equal(self, value: Any) -> Span:
        """The records with this value."""
        return self._span(bisect_left(self._keys, (value,)), self._after(value))

    def at_least(self, value: Any) -> Span:
        """The records with this value or a greater one."""
        return self._span(bisect_left(self._keys, (value,)), len(self._keys))

    def at_most(self, value: Any) -> Span:
        """The records with this value or a smaller one."""
        return self._span(0, self._after(value))

    def between(self, low: Any, high: Any) -> Span:
        """The records with a value from the one to the other."""
        return self._span(bisect_left(self._keys, (low,)), self._after(high))

    def first(self, value: Any) -> int | None:
        """The lowest id with this value."""
        position = bisect_left(self._keys, (value,))
        found = position < len(self._keys) and self._keys[position][0] == value
        return self._keys[position][1] if found else None

    def _after(self, value: Any) -> int:
        return bisect_right(self._keys, (value, float("inf")))

    def _span(self, begin: int, end: int) -> Span:
        return Span(max(end - begin, 0), lambda: (number for _, number in self._keys[begin:end]))


class Table:
    """The records of one evidence of one company, their external ids, and its indexes, made when first asked for."""

    def __init__(self, rows: Iterable[Row], exts: Iterable[tuple[str, int]]) -> None:
        self.rows: dict[int, Row] = {}
        self._children: dict[int, set[int]] = defaultdict(set)
        self._indexes: dict[str, Index] = {}
        self.exts: dict[int, tuple[str, ...]] = {}
        self.owners: dict[str, int] = {}
        for row in rows:
            self.set_row(row["id"], row)
        for ext, number in exts:
            self.set_exts(number, (*self.exts.get(number, ()), ext))

    def set_row(self, number: int, row: Row | None) -> None:
        """Put a row under its id; None takes it away."""
        old = self.rows.get(number)
        if old is not None and "@parent" in old:
            self._children[old["@parent"]].discard(number)
        if row is not None:
            self.rows[number] = row
            if "@parent" in row:
                self._children[row["@parent"]].add(number)
        elif old is not None:
            del self.rows[number]
        for index in self._indexes.values():
            if old is not None and row is not None:
                index.move(old, row)
            elif row is not None:
                index.add(row)
            elif old is not None:
                index.drop(old)

    def set_exts(self, number: int, exts: tuple[str, ...]) -> None:
        """Give a record these external ids, which no other record has, in place of its own."""
        for ext in self.exts.pop(number, ()):
            del self.owners[ext]
        for ext in exts:
            self.owners[ext] = number
        if exts:
            self.exts[number] = tuple(sorted(exts))

    def children(self, parent: int) -> list[Row]:
        """The lines of a document in their order."""
        rows = self.rows
        lines = [rows[number] for number in self._children.get(parent, ())]
        lines.sort(key=lambda row: (row.get("cisRad", 0), row["id"]))
        return lines

    def index(self, field: str, read: Read) -> Index:
        """The index of one field; ``read`` must be the same function of the row for the same field."""
        found = self._indexes.get(field)
        if found is None:
            found = self._indexes[field] = Index(self.rows.values(), read)
        return found

    def in_order(self, numbers: Iterable[int] | None = None) -> Iterator[Row]:
        """The rows with these ids (of all, without), by id."""
        chosen = self.rows if numbers is None else set(numbers)
        return (self.rows[number] for number in sorted(chosen))
