"""The shop's state in SQLite: the engine's truth beside the JSON drawn from it, so that a page of a list is one query.

The JSON of an order or document is drawn when it is written, not when it is read. Every change of state happens inside
`transaction()`.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from .baskets import drawn, wire
from .options import Options
from .shop.catalogue import PAYMENT_BY_ID, SHIPMENT_BY_ID
from .shop.issue import Numbers
from .shop.model import Document, Order
from .shop.shape import order_json

SCHEMA = """
CREATE TABLE IF NOT EXISTS meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS orders(
    id INTEGER PRIMARY KEY, number TEXT NOT NULL UNIQUE, created INTEGER NOT NULL, updated INTEGER NOT NULL,
    status INTEGER, paid INTEGER NOT NULL, language TEXT NOT NULL, email TEXT, phone TEXT, external TEXT,
    payment_type TEXT, shipment_type TEXT, engine BLOB NOT NULL, payload TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS orders_created ON orders(created, id);
CREATE INDEX IF NOT EXISTS orders_updated ON orders(updated, id);
CREATE INDEX IF NOT EXISTS orders_narrow ON orders(id, updated, created, status, paid);
CREATE INDEX IF NOT EXISTS orders_status ON orders(status, id);
CREATE INDEX IF NOT EXISTS orders_email ON orders(email, id);
CREATE INDEX IF NOT EXISTS orders_external ON orders(external, id);
CREATE TABLE IF NOT EXISTS documents(
    id INTEGER PRIMARY KEY, number TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, order_number TEXT, related TEXT,
    created INTEGER NOT NULL, updated INTEGER NOT NULL, issued INTEGER NOT NULL, paid INTEGER NOT NULL, hostile TEXT,
    engine BLOB NOT NULL, payload TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS documents_created ON documents(created, id);
CREATE INDEX IF NOT EXISTS documents_updated ON documents(updated, id);
CREATE INDEX IF NOT EXISTS documents_kind ON documents(kind, id);
CREATE INDEX IF NOT EXISTS documents_kind_updated ON documents(kind, updated, id);
CREATE INDEX IF NOT EXISTS documents_narrow ON documents(id, updated, created, kind, paid);
CREATE INDEX IF NOT EXISTS documents_order ON documents(order_number, id);
CREATE INDEX IF NOT EXISTS documents_related ON documents(related);
CREATE TABLE IF NOT EXISTS cards(
    kind TEXT NOT NULL, id INTEGER NOT NULL, code TEXT, created INTEGER NOT NULL, updated INTEGER NOT NULL,
    payload TEXT NOT NULL, PRIMARY KEY(kind, id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS cards_email ON cards(lower(json_extract(payload, '$.login.email'))) WHERE kind='customer';
CREATE INDEX IF NOT EXISTS cards_code ON cards(kind, code);
CREATE INDEX IF NOT EXISTS cards_updated ON cards(kind, updated, id);
CREATE TABLE IF NOT EXISTS history(
    id INTEGER PRIMARY KEY, order_number TEXT NOT NULL, payload TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS history_order ON history(order_number, id);
CREATE TABLE IF NOT EXISTS messages(
    id INTEGER PRIMARY KEY, channel TEXT NOT NULL, order_number TEXT NOT NULL, status INTEGER, at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS users(
    login TEXT PRIMARY KEY, secret TEXT NOT NULL, team TEXT NOT NULL, active INTEGER NOT NULL,
    privileges TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS bad_logins(ip TEXT NOT NULL, at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS quota(period TEXT PRIMARY KEY, used INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS webhooks(
    id INTEGER PRIMARY KEY, owner TEXT NOT NULL, active INTEGER NOT NULL, name TEXT NOT NULL, url TEXT NOT NULL,
    event TEXT NOT NULL, created INTEGER NOT NULL, success_at INTEGER, success_status INTEGER, error_at INTEGER,
    error_status INTEGER, failing_since INTEGER);
CREATE TABLE IF NOT EXISTS outbox(
    id INTEGER PRIMARY KEY, webhook INTEGER NOT NULL, collection TEXT NOT NULL, record TEXT NOT NULL,
    due INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS outbox_due ON outbox(due, id);
"""

ORDER_COLUMNS = (
    "id, number, created, updated, status, paid, language, email, phone, external, payment_type, shipment_type, "
    "engine, payload"
)
DOCUMENT_COLUMNS = "id, number, kind, order_number, related, created, updated, issued, paid, hostile, engine, payload"

# What stands in place of an item's inner life where only its text was given, by the control API.
NOBODY = b""
_OURS = "engine != x''"
_ABOVE = 10**12  # ids that the engine's counters never reach


def _msisdn(phone: str) -> str:
    return "".join(digit for digit in phone if digit.isdigit())


class Store:
    """One shop's database; single-threaded, autocommit outside `transaction()`."""

    def __init__(self, folder: Path, options: Options) -> None:
        self.options = options
        self.db = sqlite3.connect(folder / "upgates.sqlite3", isolation_level=None)
        self.db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + SCHEMA)
        self._encode = msgspec.msgpack.Encoder().encode
        self._order = msgspec.msgpack.Decoder(Order).decode
        self._document = msgspec.msgpack.Decoder(Document).decode

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; a transaction inside another joins it."""
        if self.db.in_transaction:
            yield
            return
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        self.db.execute("COMMIT")

    def close(self) -> None:
        self.db.close()

    def meta(self, name: str, default: str = "") -> str:
        row = self.db.execute("SELECT value FROM meta WHERE name=?", (name,)).fetchone()
        return default if row is None else str(row[0])

    def set_meta(self, name: str, value: str) -> None:
        self.db.execute("INSERT OR REPLACE INTO meta VALUES(?,?)", (name, value))

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        return self.db.execute(sql, values).fetchall()

    def numbers(self) -> Numbers:
        """The counters as they stand; deleted numbers are not given again."""
        raw = self.meta("numbers")
        return Numbers(**msgspec.json.decode(raw)) if raw else Numbers()

    def save_numbers(self, numbers: Numbers) -> None:
        counters = {"orders": numbers.orders, "documents": numbers.documents, "series": numbers.series}
        self.set_meta("numbers", msgspec.json.encode(counters).decode())

    def save_orders(self, orders: Iterable[Order]) -> None:
        """Write orders with the JSON drawn from them."""
        marks = ",".join("?" * 14)
        self.db.executemany(
            f"INSERT OR REPLACE INTO orders({ORDER_COLUMNS}) VALUES({marks})",
            (
                (
                    order.id,
                    order.number,
                    order.created,
                    order.updated,
                    order.status,
                    order.paid_at is not None,
                    order.customer.language,
                    order.customer.email,
                    _msisdn(order.customer.phone),
                    order.external,
                    PAYMENT_BY_ID[order.payment_id].type,
                    SHIPMENT_BY_ID[order.shipment_id].type,
                    self._encode(order),
                    wire(order_json(order, self.options)),
                )
                for order in orders
            ),
        )

    def save_documents(self, documents: Iterable[Document]) -> None:
        """Write documents with the JSON drawn from them, spoiled where they are hostile."""
        marks = ",".join("?" * 12)
        self.db.executemany(
            f"INSERT OR REPLACE INTO documents({DOCUMENT_COLUMNS}) VALUES({marks})",
            (
                (
                    document.id,
                    document.number,
                    document.kind,
                    document.order,
                    document.related,
                    document.created,
                    document.updated,
                    document.issued,
                    document.paid_at is not None,
                    document.hostile,
                    self._encode(document),
                    wire(drawn(document, self.options)),
                )
                for document in documents
            ),
        )

    def save_raw(self, table: str, number: str, payload: str, now: int) -> None:
        """Put the text of an item among the orders or documents as it is; the engine knows nothing of it."""
        above = f"SELECT max(coalesce(max(id), 0), {_ABOVE}) + 1 FROM {table}"  # noqa: S608
        columns = {
            "id": self.rows(above)[0][0],
            "number": number,
            "created": now,
            "updated": now,
            "paid": 0,
            "engine": NOBODY,
            "payload": payload,
        }
        columns |= {"language": "cs"} if table == "orders" else {"kind": "invoice", "issued": 0, "hostile": "raw"}
        names, marks = ", ".join(columns), ",".join("?" * len(columns))
        update = "ON CONFLICT(number) DO UPDATE SET payload=excluded.payload, updated=excluded.updated"
        self.db.execute(f"INSERT INTO {table}({names}) VALUES({marks}) {update}", tuple(columns.values()))

    def order(self, number: str) -> Order | None:
        row = self.db.execute(f"SELECT engine FROM orders WHERE number=? AND {_OURS}", (number,)).fetchone()  # noqa: S608
        return None if row is None else self._order(row[0])

    def document(self, number: str) -> Document | None:
        row = self.db.execute(f"SELECT engine FROM documents WHERE number=? AND {_OURS}", (number,)).fetchone()  # noqa: S608
        return None if row is None else self._document(row[0])

    def documents(self, where: str = "1", values: Sequence[Any] = ()) -> Iterator[Document]:
        """The documents that fit a condition of this module's callers, oldest first."""
        sql = f"SELECT engine FROM documents WHERE {where} AND {_OURS} ORDER BY id"  # noqa: S608
        for (engine,) in self.db.execute(sql, values):
            yield self._document(engine)

    def orders(self) -> Iterator[Order]:
        for (engine,) in self.db.execute(f"SELECT engine FROM orders WHERE {_OURS} ORDER BY id"):  # noqa: S608
            yield self._order(engine)

    def delete(self, table: str, number: str) -> bool:
        """Remove an order or a document; whether there was one."""
        return self.db.execute(f"DELETE FROM {table} WHERE number=?", (number,)).rowcount > 0  # noqa: S608
