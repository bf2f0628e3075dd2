"""The ledger's one door: a writer thread that commits in groups, and readers beside it."""

import asyncio
import contextlib
import json
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import uuid4

from mostek.hub.ledger.dialect import Dialect, Row, dialect_of, migrations, statements

P = ParamSpec("P")
T = TypeVar("T")
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
        bound = {key: json.dumps(value) if isinstance(value, list | dict) else value for key, value in values.items()}
        cursor = self._connection.execute(self._statements[statement], bound)
        return cursor.fetchall() if cursor.description else []

    def one(self, statement: str, /, **values: Any) -> Row | None:
        """The first row or None."""
        found = self.rows(statement, **values)
        return found[0] if found else None

    def many(self, statement: str, rows: Sequence[dict[str, Any]]) -> None:
        """Run a statement once per row, as one call of the driver."""
        self.ran += 1
        cursor = self._connection.cursor()
        cursor.executemany(self._statements[statement], rows)

    def run(self, statement: str, /, **values: Any) -> None:
        """Run a statement for its effect."""
        self.rows(statement, **values)


class Ledger:
    """The database of one installation.

    ``write`` functions run in one thread, several in one transaction when they queue up; each returns after the
    commit. When one of a group fails, the group is rolled back and replayed one by one, so only the culprit fails.
    ``read`` functions run beside it on their own connection and see what is committed.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self._dialect = dialect_of(address)
        self._queue: SimpleQueue[Job | None] = SimpleQueue()
        self._readers = ThreadPoolExecutor(1, thread_name_prefix="ledger-read")
        self._reading = threading.local()
        self._migrate()
        self._writer = threading.Thread(target=self._work, name="ledger-write", daemon=True)
        self._writer.start()
        self.groups = 0
        self.statements_run = 0
        self.generation = 0
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
        return await loop.run_in_executor(self._readers, lambda: function(self._reader(), *args, **kwargs))

    def close(self) -> None:
        """Finish what is queued and close the connections."""
        self._queue.put(None)
        self._writer.join()
        self._readers.submit(self._close_reader).result()
        self._readers.shutdown()

    def _reader(self) -> Transaction:
        if not hasattr(self._reading, "connection") or _lost(self._reading.connection):
            self._reading.connection = self._dialect.connect(self.address)
        return Transaction(self._reading.connection, self._dialect)

    def _close_reader(self) -> None:
        if hasattr(self._reading, "connection"):
            self._reading.connection.close()

    def _work(self) -> None:
        connection = self._dialect.connect(self.address)
        open_ = True
        while open_:
            group = [self._queue.get()]
            while not self._queue.empty() and len(group) < 64:
                group.append(self._queue.get())
            open_ = None not in group
            # Whoever gave up waiting before his turn is left out; from here on a result is due.
            jobs = [job for job in group if job is not None and job[1].set_running_or_notify_cancel()]
            if _lost(connection):
                with contextlib.suppress(Exception):  # still away: the jobs fail with what the lost one says
                    connection = self._dialect.connect(self.address)
            if jobs:
                self._commit(connection, jobs)
        connection.close()

    def _commit(self, connection: Any, jobs: Sequence[Job], tries: int = 5) -> None:
        try:
            results = self._transact(connection, [function for function, _ in jobs])
        except BaseException as error:  # noqa: BLE001 - whatever failed belongs to the job's own future
            if len(jobs) == 1 and tries and isinstance(error, self._dialect.transient):
                self._commit(connection, jobs, tries - 1)
                return
            if len(jobs) == 1:
                jobs[0][1].set_exception(error)
                return
            for job in jobs:
                self._commit(connection, [job])
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

    def _migrate(self) -> None:
        connection = self._dialect.connect(self.address)
        try:
            if self._dialect.name == "postgresql":  # IF NOT EXISTS alone fails when two processes start at once
                connection.execute("SELECT pg_advisory_lock(hashtext('mostek migrations'))")
                connection.execute("CREATE SCHEMA IF NOT EXISTS trace")
            connection.execute("CREATE TABLE IF NOT EXISTS installation (name TEXT PRIMARY KEY, value TEXT NOT NULL)")
            connection.execute("BEGIN IMMEDIATE" if self._dialect.name == "sqlite" else "BEGIN")
            applied = {row["name"] for row in connection.execute("SELECT name FROM installation").fetchall()}
            for name, text in migrations():
                if f"migration {name}" not in applied:
                    for statement in self._dialect.expand(text).split(";\n"):
                        connection.execute(statement)
                    connection.execute(f"INSERT INTO installation VALUES ('migration {name}', 'applied')")
            if "epoch" not in applied:
                connection.execute(f"INSERT INTO installation VALUES ('epoch', '{uuid4()}')")
            connection.execute("COMMIT")
        finally:
            connection.close()


def _lost(connection: Any) -> bool:
    """Whether a server's connection is gone; a file's never is."""
    return bool(getattr(connection, "closed", False))
