"""Where the sandbox keeps its books: rows of JSON in SQLite, with indexed ids, codes and external ids.

Rows are cached in memory and never changed in place; a transaction that fails restores them. The process is the only
user of its file. ``synchronous=OFF`` survives SIGKILL of the process, and that is what a sandbox needs.
"""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Row = dict[str, Any]
"""A record: decimals as strings, dates as ISO text, relations as the target's id; absent means empty."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS company (
    id INTEGER PRIMARY KEY, db TEXT NOT NULL UNIQUE, name TEXT NOT NULL, country TEXT NOT NULL, uuid TEXT NOT NULL,
    created TEXT NOT NULL, watching INTEGER NOT NULL DEFAULT 0, version INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS record (
    company INTEGER NOT NULL, evidence TEXT NOT NULL, id INTEGER NOT NULL, kod TEXT, data TEXT NOT NULL,
    PRIMARY KEY (company, evidence, id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS record_kod ON record (company, evidence, kod) WHERE kod IS NOT NULL;
CREATE TABLE IF NOT EXISTS external (
    company INTEGER NOT NULL, evidence TEXT NOT NULL, ext TEXT NOT NULL, id INTEGER NOT NULL,
    PRIMARY KEY (company, evidence, ext)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS external_id ON external (company, evidence, id);
CREATE TABLE IF NOT EXISTS sequence (
    company INTEGER NOT NULL, name TEXT NOT NULL, last INTEGER NOT NULL, PRIMARY KEY (company, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS change (
    company INTEGER NOT NULL, version INTEGER NOT NULL, evidence TEXT NOT NULL, operation TEXT NOT NULL,
    stamp TEXT NOT NULL, id INTEGER NOT NULL, ids TEXT NOT NULL, PRIMARY KEY (company, version)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS mail (
    company INTEGER NOT NULL, evidence TEXT NOT NULL, id INTEGER NOT NULL, stamp TEXT NOT NULL, address TEXT);
CREATE TABLE IF NOT EXISTS session (token TEXT PRIMARY KEY, user TEXT NOT NULL, used REAL NOT NULL) WITHOUT ROWID;
"""

_Key = tuple[int, str]


class Store:
    """Records, external ids, sequences, changes, mails and sessions of all companies."""

    def __init__(self, path: Path) -> None:
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("PRAGMA synchronous=OFF")
        self.db.executescript(_SCHEMA)
        self._rows: dict[_Key, dict[int, Row]] = {}
        self._children: dict[_Key, dict[int, set[int]]] = {}
        self._undo: list[tuple[_Key, int, Row | None]] = []
        self._lost: dict[tuple[int, str], int] = {}

    def close(self) -> None:
        """Close the file."""
        self.db.close()

    @contextmanager
    def transaction(self, *, keep: bool = True) -> Iterator[None]:
        """All or nothing; with ``keep=False`` nothing in any case. Ids handed out in vain stay used."""
        self.db.execute("BEGIN IMMEDIATE")
        self._undo.clear()
        kept = False
        try:
            yield
            kept = keep
        finally:
            if kept:
                self.db.execute("COMMIT")
            else:
                self.db.execute("ROLLBACK")
                self._restore()
            self._undo.clear()

    def _restore(self) -> None:
        for key, number, row in reversed(self._undo):
            self._cache(key, number, row)

    def number(self, company: int, name: str) -> int:
        """The next number of a sequence that never gives one twice, not even after a rollback."""
        key = (company, name)
        found = self.db.execute("SELECT last FROM sequence WHERE company=? AND name=?", key).fetchone()
        number = max(found[0] if found else 0, self._lost.get(key, 0)) + 1
        self._lost[key] = number
        self.set_number(company, name, number)
        return number

    def peek(self, company: int, name: str) -> int:
        """The last number of a sequence that may be given back (a document series), or 0."""
        found = self.db.execute("SELECT last FROM sequence WHERE company=? AND name=?", (company, name)).fetchone()
        return int(found[0]) if found else 0

    def set_number(self, company: int, name: str, number: int) -> None:
        """Move a sequence to this number."""
        self.db.execute("INSERT OR REPLACE INTO sequence VALUES (?, ?, ?)", (company, name, number))

    def all(self, company: int, evidence: str) -> dict[int, Row]:
        """All rows of an evidence by id; not to be changed."""
        key = (company, evidence)
        if key not in self._rows:
            rows = self.db.execute("SELECT id, data FROM record WHERE company=? AND evidence=?", key)
            self._rows[key] = {}
            self._children[key] = defaultdict(set)
            for number, data in rows:
                self._cache(key, number, json.loads(data))
        return self._rows[key]

    def get(self, company: int, evidence: str, number: int) -> Row | None:
        """The row of that id; not to be changed."""
        return self.all(company, evidence).get(number)

    def children(self, company: int, evidence: str, parent: int) -> list[Row]:
        """The lines of a document in their order."""
        rows = self.all(company, evidence)
        numbers = self._children[company, evidence].get(parent, ())
        return sorted((rows[number] for number in numbers), key=lambda row: (row.get("cisRad", 0), row["id"]))

    def put(self, company: int, evidence: str, row: Row) -> None:
        """Insert or replace a row by its id; a line names its document in ``@parent``."""
        self.all(company, evidence)
        data = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
        self.db.execute(
            "INSERT OR REPLACE INTO record VALUES (?, ?, ?, ?, ?)",
            (company, evidence, row["id"], row.get("kod"), data),
        )
        self._remember((company, evidence), row["id"], row)

    def delete(self, company: int, evidence: str, number: int) -> None:
        """Remove a row and its external ids."""
        self.all(company, evidence)
        self.db.execute("DELETE FROM record WHERE company=? AND evidence=? AND id=?", (company, evidence, number))
        self.db.execute("DELETE FROM external WHERE company=? AND evidence=? AND id=?", (company, evidence, number))
        self._remember((company, evidence), number, None)

    def _remember(self, key: _Key, number: int, row: Row | None) -> None:
        self._undo.append((key, number, self._rows[key].get(number)))
        self._cache(key, number, row)

    def _cache(self, key: _Key, number: int, row: Row | None) -> None:
        old = self._rows[key].pop(number, None)
        if old is not None and "@parent" in old:
            self._children[key][old["@parent"]].discard(number)
        if row is not None:
            self._rows[key][number] = row
            if "@parent" in row:
                self._children[key][row["@parent"]].add(number)

    def by_code(self, company: int, evidence: str, kod: str) -> int | None:
        """The id of the record with this kod."""
        found = self.db.execute(
            "SELECT id FROM record WHERE company=? AND evidence=? AND kod=?", (company, evidence, kod)
        ).fetchone()
        return found[0] if found else None

    def by_ext(self, company: int, evidence: str, ext: str) -> int | None:
        """The id of the record with this external id (with its ``ext:``)."""
        found = self.db.execute(
            "SELECT id FROM external WHERE company=? AND evidence=? AND ext=?", (company, evidence, ext)
        ).fetchone()
        return found[0] if found else None

    def attach(self, company: int, evidence: str, number: int, ext: str) -> None:
        """Give a record one more external id."""
        self.db.execute("INSERT OR REPLACE INTO external VALUES (?, ?, ?, ?)", (company, evidence, ext, number))

    def detach(self, company: int, evidence: str, number: int, prefix: str) -> bool:
        """Take the external ids that begin with the prefix (without ``ext:``) away; whether there were any."""
        begin = f"ext:{prefix}"
        gone = [ext for ext in self.exts(company, evidence, number) if ext.startswith(begin)]
        for ext in gone:
            self.db.execute("DELETE FROM external WHERE company=? AND evidence=? AND ext=?", (company, evidence, ext))
        return bool(gone)

    def exts(self, company: int, evidence: str, number: int) -> list[str]:
        """A record's external ids."""
        found = self.db.execute(
            "SELECT ext FROM external WHERE company=? AND evidence=? AND id=? ORDER BY ext", (company, evidence, number)
        )
        return [ext for (ext,) in found]
