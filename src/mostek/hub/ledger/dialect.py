"""Two databases behind one text: named SQL is written once, and expanded for SQLite or PostgreSQL.

Expansions: ``{now}`` the database's clock in milliseconds; ``{each keys}`` / ``{each_int ids}`` the values of a JSON
array parameter as a sub-select; ``{rows v items: key text, at bigint}`` a JSON array of objects as a table named ``v``;
``{skip_locked}``; in migrations ``{id}``, ``{bytes}``, ``{by_bytes}`` (text ordered by its bytes), ``{clustered}`` (a
table kept in the order of its key) and the place of the trace database.
"""

import re
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Protocol

import psycopg
from psycopg.rows import dict_row

Row = Mapping[str, Any]
# What either driver raises: the database is away, full, locked, or no database at all.
DATABASE_ERRORS = (sqlite3.Error, psycopg.Error)
# What passes when the database is back: restarted, locked by another process, out of connections.
OUTAGES = (sqlite3.OperationalError, psycopg.OperationalError, psycopg.InterfaceError)
_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
_EXPANSION = re.compile(r"\{(\w+)((?:\s[^}]*)?)\}")
_PARAMETER = re.compile(r"(?<![:\w]):(\w+)")


class Cursor(Protocol):
    """What both drivers' cursors have."""

    description: Any

    def fetchall(self) -> list[Any]: ...


@dataclass(frozen=True)
class Dialect:
    """How one database writes what differs.

    ``connect`` opens a connection whose rows are mappings; ``transient`` are failures that a second try may not meet:
    writers that locked each other out.
    """

    name: str
    words: Mapping[str, str]
    each: Callable[[str, str], str]
    rows: Callable[[str, str, Sequence[tuple[str, str]]], str]
    parameter: Callable[[str], str]
    connect: Callable[[str], Any]
    transient: tuple[type[Exception], ...] = ()

    def expand(self, text: str) -> str:
        """The text in this dialect."""
        return _PARAMETER.sub(lambda found: self.parameter(found[1]), _EXPANSION.sub(self._expansion, text))

    def _expansion(self, found: re.Match[str]) -> str:
        word, rest = found[1], found[2].strip()
        if word in {"each", "each_int"}:
            return self.each(rest, "text" if word == "each" else "bigint")
        if word == "rows":
            alias, _, columns = rest.partition(" ")
            parameter, _, names = columns.partition(":")
            typed = [tuple(column.split()) for column in names.split(",")]
            return self.rows(alias, parameter.strip(), [(name, kind) for name, kind in typed])
        return self.words[word] if word in self.words else found[0]


def _sqlite_rows(alias: str, parameter: str, columns: Sequence[tuple[str, str]]) -> str:
    picked = ", ".join(f"json_extract(value, '$.{name}') AS {name}" for name, _ in columns)
    return f"(SELECT {picked} FROM json_each(:{parameter})) AS {alias}"


def _postgres_rows(alias: str, parameter: str, columns: Sequence[tuple[str, str]]) -> str:
    typed = ", ".join(f"{name} {kind}" for name, kind in columns)
    return f"json_to_recordset(CAST(:{parameter} AS json)) AS {alias}({typed})"


def _open_sqlite(address: str) -> sqlite3.Connection:
    path = address.removeprefix("sqlite:///")
    connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False, cached_statements=400)
    connection.row_factory = sqlite3.Row
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "busy_timeout=30000",
        "foreign_keys=ON",
        "cache_size=-32000",
    ):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("ATTACH DATABASE ? AS trace", (str(trace_file(path)),))
    connection.execute("PRAGMA trace.journal_mode=WAL")
    # What a trace loses in a power cut explains nothing wrong; the ledger itself is always synchronous.
    connection.execute("PRAGMA trace.synchronous=NORMAL")
    return connection


def trace_file(path: str) -> Path:
    """The file of traces beside a ledger file: ``mostek.db`` -> ``mostek.trace.db``."""
    return Path(path).with_suffix(".trace.db")


def _open_postgres(address: str) -> psycopg.Connection[dict[str, Any]]:
    return psycopg.connect(address, autocommit=True, row_factory=dict_row)


SQLITE = Dialect(
    name="sqlite",
    words={
        "now": "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)",
        "skip_locked": "",
        "id": "INTEGER PRIMARY KEY",
        "bytes": "BLOB",
        "by_bytes": "COLLATE BINARY",
        "clustered": "WITHOUT ROWID",
        "trace": "trace.",
        "trace_index": "trace.",
        "trace_on": "",
    },
    each=lambda name, kind: f"(SELECT value FROM json_each(:{name}))",
    rows=_sqlite_rows,
    parameter=lambda name: f":{name}",
    connect=_open_sqlite,
)
POSTGRESQL = Dialect(
    name="postgresql",
    words={
        "now": "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)",
        "skip_locked": "FOR UPDATE SKIP LOCKED",
        "id": "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY",
        "bytes": "BYTEA",
        "by_bytes": 'COLLATE "C"',
        "clustered": "",
        "trace": "trace.",
        "trace_index": "",
        "trace_on": "trace.",
    },
    each=lambda name, kind: f"(SELECT CAST(value AS {kind}) FROM json_array_elements_text(CAST(:{name} AS json)))",
    rows=_postgres_rows,
    parameter=lambda name: f"%({name})s",
    connect=_open_postgres,
    transient=(psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure),
)


def dialect_of(address: str) -> Dialect:
    """SQLite for ``sqlite:///path``, PostgreSQL for its own addresses."""
    return SQLITE if address.startswith("sqlite:///") else POSTGRESQL


@cache
def statements(dialect_name: str) -> Mapping[str, str]:
    """All named statements in one dialect."""
    dialect = {SQLITE.name: SQLITE, POSTGRESQL.name: POSTGRESQL}[dialect_name]
    found: dict[str, str] = {}
    for source in sorted(files("mostek.hub.ledger").joinpath("sql").iterdir(), key=lambda path: path.name):
        parts = _NAME.split(source.read_text())
        for name, text in zip(parts[1::2], parts[2::2], strict=True):
            found[name] = dialect.expand(text.strip().removesuffix(";"))
    return found


@cache
def migrations(dialect_name: str = SQLITE.name) -> tuple[tuple[str, str], ...]:
    """Name and text of each migration, in order; ``0003_x.sqlite.sql`` is that database's text of ``0003_x.sql``."""
    found: dict[str, str] = {}
    for path in files("mostek.hub.ledger").joinpath("migrations").iterdir():
        name, _, dialect = path.name.removesuffix(".sql").partition(".")
        if path.name.endswith(".sql") and dialect in {"", dialect_name}:
            found[f"{name}.sql"] = path.read_text()
    return tuple(sorted(found.items()))
