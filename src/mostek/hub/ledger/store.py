"""The ledger's one door: a writer thread that commits in groups, and readers beside it."""

import asyncio
import contextlib
import re
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import uuid4

import msgspec

from mostek.hub.ledger.dialect import Dialect, Row, dialect_of, migrations, statements

P = ParamSpec("P")
T = TypeVar("T")
# A statement ends where the next line is not indented: bodies of triggers have statements of their own.
_STATEMENT_END = re.compile(r";\n(?! )")
Job = tuple[Callable[["Transaction"], Any], "Future[Any]"]


class StaleLeaseError(Exception):
    """The lease under which this was to be written has passed to somebody else; nothing was written."""


class Transaction:
    """Runs named statements; JSON-able parameters (lists, dicts) are passed as JSON text."""

    def __init__(self, connection: Any, dialect: Dialect) -> None:
        self._connection = connection
        self._statements = statements(dialect.name)
        self.ran = 0

    def rows(self, statement: str, /, **values: Any) -> list[Row]:
        """Run a statement and return its rows."""
        self.ran += 1
        bound = {
            key: msgspec.json.encode(value).decode() if isinstance(value, list | dict) else value
            for key, value in values.items()
        }
        cursor = self._connection.execute(self._statements[statement], bound)
        return cursor.fetchall() if cursor.description else []

    def one(self, statement: str, /, **values: Any) -> Row | None:
        """The first row or None."""
        found = self.rows(statement, **values)
        return found[0] if found else None

    def many(self, statement: str, rows: Sequence[dict[str, Any]]) -> None:
        """Run a statement once per row, as one call of the driver."""
        self.ran += 1
        self._connection.cursor().executemany(self._statements[statement], rows)

    def run(self, statement: str, /, **values: Any) -> None:
        """Run a statement for its effect."""
        self.rows(statement, **values)


class Ledger:
    """The database of one installation.

    ``write`` functions run in one thread, several in one transaction when they queue up; each returns after the
    commit. When one of a group fails, the group is rolled back and replayed one by one, so only the culprit fails.
    ``read`` functions run beside it on their own connection and see what is committed. ``file`` is the ledger's own
    with SQLite. ``openings`` counts the connections made: a new one may find another ledger. ``find_first``: when this
    life of the ledger began, in milliseconds since 1970, if there was one before; else 0.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self._dialect = dialect_of(address)
        self.file = Path(address.removeprefix("sqlite:///")) if self._dialect.name == "sqlite" else None
        self._queue: SimpleQueue[Job | None] = SimpleQueue()
        self._readers = ThreadPoolExecutor(1, thread_name_prefix="ledger-read")
        self._reading, self._writing = _Door(self), _Door(self)
        self.find_first = self.migrate()
        self._writer = threading.Thread(target=self._work, name="ledger-write", daemon=True)
        self._writer.start()
        self.groups = 0
        self.statements_run = 0
        self.generation = 0
        self.openings = 0
        self._waiting: set[asyncio.Future[None]] = set()

    async def write(
        self, function: Callable[Concatenate[Transaction, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run the function in the next group and return its result once it is durable."""
        future: Future[T] = Future()
        self._queue.put((lambda transaction: function(transaction, *args, **kwargs), future))
        result = await asyncio.wrap_future(future)
        self.generation += 1
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)
        return result

    async def changed(self, seen: int, seconds: float) -> None:
        """Return once something was committed here since generation ``seen``, or after some seconds."""
        if self.generation != seen:
            return
        waiting = asyncio.get_running_loop().create_future()
        self._waiting.add(waiting)
        try:
            await asyncio.wait([waiting], timeout=seconds)
        finally:
            self._waiting.discard(waiting)

    async def read(self, function: Callable[Concatenate[Transaction, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run the function on a reading connection."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._readers, lambda: function(Transaction(self._reading.connection(), self._dialect), *args, **kwargs)
        )

    def identity(self) -> int | None:
        """The number of the ledger's file; raises ``OperationalError`` while there is none: SQLite would make one."""
        try:
            return self.file.stat().st_ino if self.file else None
        except OSError as error:
            raise sqlite3.OperationalError(f"{self.file}: {error.strerror}") from None

    def close(self) -> None:
        """Finish what is queued and close the connections."""
        self._queue.put(None)
        self._writer.join()
        self._readers.submit(self._reading.close).result()
        self._readers.shutdown()

    def _work(self) -> None:
        open_ = True
        while open_:
            group = [self._queue.get()]
            while not self._queue.empty() and len(group) < 64:
                group.append(self._queue.get())
            open_ = None not in group
            # Whoever gave up waiting before his turn is left out; from here on a result is due.
            jobs = [job for job in group if job is not None and job[1].set_running_or_notify_cancel()]
            if jobs:
                self._commit(jobs)
        self._writing.close()

    def _commit(self, jobs: Sequence[Job], tries: int = 5) -> None:
        try:
            results = self._transact(self._writing.connection(), [function for function, _ in jobs])
        except BaseException as error:  # noqa: BLE001 - whatever failed belongs to the job's own future
            if len(jobs) == 1 and tries and isinstance(error, self._dialect.transient):
                self._commit(jobs, tries - 1)
                return
            if len(jobs) == 1:
                jobs[0][1].set_exception(error)
                return
            for job in jobs:
                self._commit([job])
            return
        for (_, future), result in zip(jobs, results, strict=True):
            future.set_result(result)

    def _transact(self, connection: Any, functions: Sequence[Callable[[Transaction], Any]]) -> list[Any]:
        transaction = Transaction(connection, self._dialect)
        connection.execute("BEGIN IMMEDIATE" if self._dialect.name == "sqlite" else "BEGIN")
        try:
            results = [function(transaction) for function in functions]
            connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(Exception):  # a lost connection or a full disk has rolled back by itself
                connection.execute("ROLLBACK")
            raise
        self.groups += 1
        self.statements_run += transaction.ran
        return results

    def migrate(self) -> int:
        """Bring the database up to this program; returns since when effects are looked for before they are sent."""
        connection = self._dialect.connect(self.address)
        try:
            if self._dialect.name == "postgresql":  # IF NOT EXISTS alone fails when two processes start at once
                connection.execute("SELECT pg_advisory_lock(hashtext('mostek migrations'))")
                connection.execute("CREATE SCHEMA IF NOT EXISTS trace")
            connection.execute("CREATE TABLE IF NOT EXISTS installation (name TEXT PRIMARY KEY, value TEXT NOT NULL)")
            connection.execute("BEGIN IMMEDIATE" if self._dialect.name == "sqlite" else "BEGIN")
            rows = connection.execute("SELECT name, value FROM installation").fetchall()
            applied = {row["name"]: row["value"] for row in rows}
            for name, text in migrations(self._dialect.name):
                if f"migration {name}" not in applied:
                    for statement in _STATEMENT_END.split(self._dialect.expand(text)):
                        connection.execute(statement)
                    connection.execute(f"INSERT INTO installation VALUES ('migration {name}', 'applied')")
            if "epoch" not in applied:
                connection.execute(f"INSERT INTO installation VALUES ('epoch', '{uuid4()}')")
            connection.execute("COMMIT")
            return int(applied.get("find_first", 0))
        finally:
            connection.close()


class _Door:
    """A thread's connection, opened anew when the server went away or another file lies in the ledger's place."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._dialect = dialect_of(ledger.address)
        self._file: int | None = None
        self._connection: Any = None

    def connection(self) -> Any:
        file = self._ledger.identity()
        if self._connection is None or file != self._file or getattr(self._connection, "closed", False):
            self.close()
            if self._file not in {file, None}:
                self._ledger.find_first = self._ledger.migrate()
            self._connection = self._dialect.connect(self._ledger.address)
            swapped, self._file = self._file not in {file, None}, file
            self._ledger.openings += 1
            if swapped:  # what was about to be done was decided by another ledger
                raise sqlite3.OperationalError(f"{self._ledger.file}: replaced by another file")
        return self._connection

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
