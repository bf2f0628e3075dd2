"""Where the sandbox keeps its books: rows of JSON in SQLite, all of them in memory while it runs.

A transaction changes memory and notes what it changed: at its end the notes are written to the file, or undone in
memory. The process is the only user of its file. ``synchronous=OFF`` survives SIGKILL of the process, and that is what
a sandbox needs.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from mostek.connectors.flexibee.sandbox.tables import Row, Table

__all__ = ["Change", "Row", "Store", "Table"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS company (
    id INTEGER PRIMARY KEY, db TEXT NOT NULL UNIQUE, name TEXT NOT NULL, country TEXT NOT NULL, uuid TEXT NOT NULL,
    created TEXT NOT NULL, watching INTEGER NOT NULL DEFAULT 0, version INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS record (
    company INTEGER NOT NULL, evidence TEXT NOT NULL, id INTEGER NOT NULL, kod TEXT, data TEXT NOT NULL,
    PRIMARY KEY (company, evidence, id)) WITHOUT ROWID;
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
_REMEMBERED = 16

_Key = tuple[int, str]


class Change(NamedTuple):
    """What happened to a record, and when; ``ids`` is a JSON list of its code and external ids."""

    evidence: str
    operation: str
    stamp: str
    id: int
    ids: str


def _kod(row: Row) -> Any:
    return row.get("kod")


class Store:
    """Records, external ids, sequences, changes, mails and sessions of all companies."""

    def __init__(self, path: Path) -> None:
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("PRAGMA synchronous=OFF")
        self.db.executescript(_SCHEMA)
        self._tables: dict[_Key, Table] = {}
        self._sequences: dict[_Key, int] = {}
        self._versions: dict[int, int] = {}
        self._watched: dict[int, bool] = {}
        self._undo: list[Callable[[], None]] = []
        self._rows_to_write: set[tuple[int, str, int]] = set()
        self._exts_to_write: set[tuple[int, str, int]] = set()
        self._sequences_to_write: set[_Key] = set()
        self._changes_to_write: list[tuple[Any, ...]] = []
        self._answers: dict[Any, Any] = {}
        self._encode = msgspec.json.Encoder().encode

    def close(self) -> None:
        """Close the file."""
        self.db.close()

    @contextmanager
    def transaction(self, *, keep: bool = True) -> Iterator[None]:
        """All or nothing; with ``keep=False`` nothing in any case. Ids handed out in vain stay used."""
        self.db.execute("BEGIN IMMEDIATE")
        kept = False
        try:
            yield
            if keep:
                self._write()
            kept = keep
        finally:
            if kept:
                self.db.execute("COMMIT")
            else:
                self.db.execute("ROLLBACK")
                for undo in reversed(self._undo):
                    undo()
            for noted in (self._undo, self._rows_to_write, self._exts_to_write, self._changes_to_write):
                noted.clear()
            self._answers.clear()

    def _write(self) -> None:
        gone, kept = [], []
        for company, evidence, number in self._rows_to_write:
            row = self.table(company, evidence).rows.get(number)
            if row is None:
                gone.append((company, evidence, number))
            else:
                kept.append((company, evidence, number, row.get("kod"), self._encode(row).decode()))
        self.db.executemany("DELETE FROM record WHERE company=? AND evidence=? AND id=?", gone)
        self.db.executemany("INSERT OR REPLACE INTO record VALUES (?, ?, ?, ?, ?)", kept)
        self.db.executemany("DELETE FROM external WHERE company=? AND evidence=? AND id=?", self._exts_to_write)
        exts = [
            (company, evidence, ext, number)
            for company, evidence, number in self._exts_to_write
            for ext in self.exts(company, evidence, number)
        ]
        self.db.executemany("INSERT OR REPLACE INTO external VALUES (?, ?, ?, ?)", exts)
        sequences = [(*key, self._sequences[key]) for key in self._sequences_to_write]
        self.db.executemany("INSERT OR REPLACE INTO sequence VALUES (?, ?, ?)", sequences)
        self._sequences_to_write.clear()
        self.db.executemany("INSERT INTO change VALUES (?, ?, ?, ?, ?, ?, ?)", self._changes_to_write)
        versions = [(self._versions[company], company) for company in {change[0] for change in self._changes_to_write}]
        self.db.executemany("UPDATE company SET version=? WHERE id=?", versions)

    def remembered(self, question: Any, find: Callable[[], Any]) -> Any:
        """The answer to a question about the books, kept until the next transaction; not to be changed."""
        if question not in self._answers:
            if len(self._answers) >= _REMEMBERED:
                del self._answers[next(iter(self._answers))]
            self._answers[question] = find()
        return self._answers[question]

    # Sequences

    def number(self, company: int, name: str) -> int:
        """The next number of a sequence that never gives one twice, not even after a rollback."""
        number = self.peek(company, name) + 1
        self._sequences[company, name] = number
        self._sequences_to_write.add((company, name))
        return number

    def peek(self, company: int, name: str) -> int:
        """The last number of a sequence, or 0."""
        key = (company, name)
        if key not in self._sequences:
            found = self.db.execute("SELECT last FROM sequence WHERE company=? AND name=?", key).fetchone()
            self._sequences[key] = int(found[0]) if found else 0
        return self._sequences[key]

    def set_number(self, company: int, name: str, number: int) -> None:
        """Move a sequence that may be given back (a document series) to this number."""
        key, before = (company, name), self.peek(company, name)
        self._undo.append(lambda: self._sequences.__setitem__(key, before))
        self._sequences[key] = number
        self._sequences_to_write.add(key)

    # Records

    def table(self, company: int, evidence: str) -> Table:
        """An evidence's records; not to be changed."""
        key = (company, evidence)
        found = self._tables.get(key)
        if found is None:
            rows = self.db.execute("SELECT data FROM record WHERE company=? AND evidence=? ORDER BY id", key)
            exts = self.db.execute("SELECT ext, id FROM external WHERE company=? AND evidence=? ORDER BY id", key)
            decode = msgspec.json.Decoder().decode
            found = self._tables[key] = Table((decode(data) for (data,) in rows), exts)
        return found

    def all(self, company: int, evidence: str) -> dict[int, Row]:
        """All rows of an evidence by id; not to be changed."""
        return self.table(company, evidence).rows

    def get(self, company: int, evidence: str, number: int) -> Row | None:
        """The row of that id; not to be changed."""
        return self.table(company, evidence).rows.get(number)

    def children(self, company: int, evidence: str, parent: int) -> list[Row]:
        """The lines of a document in their order."""
        return self.table(company, evidence).children(parent)

    def put(self, company: int, evidence: str, row: Row) -> None:
        """Insert or replace a row by its id; a line names its document in ``@parent``."""
        self._set(company, evidence, row["id"], row)

    def delete(self, company: int, evidence: str, number: int) -> None:
        """Remove a row and its external ids."""
        self._set_exts(company, evidence, number, ())
        self._set(company, evidence, number, None)

    def _set(self, company: int, evidence: str, number: int, row: Row | None) -> None:
        table = self.table(company, evidence)
        old = table.rows.get(number)
        self._undo.append(lambda: table.set_row(number, old))
        self._rows_to_write.add((company, evidence, number))
        table.set_row(number, row)

    def by_code(self, company: int, evidence: str, kod: str) -> int | None:
        """The id of the record with this kod."""
        return self.table(company, evidence).index("kod", _kod).first(kod)

    # External ids

    def by_ext(self, company: int, evidence: str, ext: str) -> int | None:
        """The id of the record with this external id (with its ``ext:``)."""
        return self.table(company, evidence).owners.get(ext)

    def exts(self, company: int, evidence: str, number: int) -> list[str]:
        """A record's external ids."""
        return list(self.table(company, evidence).exts.get(number, ()))

    def attach(self, company: int, evidence: str, number: int, ext: str) -> None:
        """Give a record one more external id, which no other record has."""
        known = self.table(company, evidence).exts.get(number, ())
        if ext not in known:
            self._set_exts(company, evidence, number, (*known, ext))

    def detach(self, company: int, evidence: str, number: int, prefix: str) -> None:
        """Take the external ids that begin with the prefix (without ``ext:``) away."""
        begin = f"ext:{prefix}"
        known = self.table(company, evidence).exts.get(number, ())
        self._set_exts(company, evidence, number, tuple(ext for ext in known if not ext.startswith(begin)))

    def _set_exts(self, company: int, evidence: str, number: int, exts: tuple[str, ...]) -> None:
        table = self.table(company, evidence)
        known = table.exts.get(number, ())
        if known == exts:
            return
        self._undo.append(lambda: table.set_exts(number, known))
        self._exts_to_write.add((company, evidence, number))
        table.set_exts(number, exts)

    # Changes

    def watching(self, company: int) -> bool:
        """Whether a company's changes are recorded."""
        if company not in self._watched:
            found = self.db.execute("SELECT watching FROM company WHERE id=?", (company,)).fetchone()
            self._watched[company] = bool(found[0])
        return self._watched[company]

    def watch(self, company: int, on: bool) -> None:
        """Begin or end recording a company's changes."""
        self.db.execute("UPDATE company SET watching=? WHERE id=?", (on, company))
        self._watched[company] = on

    def version(self, company: int) -> int:
        """The number of a company's latest change."""
        if company not in self._versions:
            found = self.db.execute("SELECT version FROM company WHERE id=?", (company,)).fetchone()
            self._versions[company] = int(found[0])
        return self._versions[company]

    def note_change(self, company: int, change: Change) -> None:
        """Record a change under the next version."""
        before = self.version(company)
        self._undo.append(lambda: self._versions.__setitem__(company, before))
        self._versions[company] = before + 1
        self._changes_to_write.append((company, before + 1, *change))
