"""What durability must cost: asyncio, aiohttp and a ledger in SQLite with group commit, and nothing else.

An order is in the ledger, synchronously, before it is sent, and its number before it counts as done. There are no
rules, no plan, no leases, no traces and no reading back: it is the floor for a bridge that loses nothing.
"""

import asyncio
import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiohttp

from bench.task import PAGE, Task, began, task
from bench.wire import Queue, post

_TABLES = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE job (id INTEGER PRIMARY KEY, done INTEGER NOT NULL, payload TEXT);
CREATE TABLE link (id INTEGER PRIMARY KEY, number TEXT NOT NULL);
CREATE TABLE cursor (name TEXT PRIMARY KEY, page INTEGER);
"""
_Statement = tuple[str, Sequence[tuple[Any, ...]]]


class Ledger:
    """Collects what is to be written while a commit is under way, and commits that together."""

    def __init__(self, file: Path) -> None:
        self._database = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self._database.executescript(_TABLES)
        self._pending: list[_Statement] = []
        self._durable = asyncio.get_running_loop().create_future()
        self._writing: asyncio.Task[None] | None = None

    async def write(self, *statements: _Statement) -> None:
        """Return once these are on disk."""
        self._pending += statements
        durable = self._durable
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        await asyncio.shield(durable)

    def links(self) -> int:
        """How many orders are done."""
        return int(self._database.execute("SELECT count(*) FROM link").fetchone()[0])

    async def _write(self) -> None:
        while self._pending:
            group, durable = self._pending, self._durable
            self._pending, self._durable = [], asyncio.get_running_loop().create_future()
            await asyncio.to_thread(self._commit, group)
            durable.set_result(None)
        self._writing = None

    def _commit(self, group: Sequence[_Statement]) -> None:
        self._database.execute("BEGIN IMMEDIATE")
        for text, rows in group:
            self._database.executemany(text, rows)
        self._database.execute("COMMIT")


async def move(task: Task) -> None:
    """Read and store pages, and write beside that."""
    ledger, queue = Ledger(task.folder / "outbox.db"), Queue(400)
    limit = aiohttp.TCPConnector(limit=task.at_once + 1)
    async with aiohttp.ClientSession(connector=limit) as session:
        began()
        async with asyncio.TaskGroup() as group:
            group.create_task(_read(session, task, ledger, queue))
            for _ in range(task.at_once):
                group.create_task(_write(session, task, ledger, queue))
    assert ledger.links() == task.orders


async def _read(session: aiohttp.ClientSession, task: Task, ledger: Ledger, queue: Queue) -> None:
    page: int | None = 1
    while page:
        async with session.get(f"{task.shop}/orders", params={"page": page, "limit": PAGE}) as answer:
            found = await answer.json()
        orders, page = found["orders"], found["next"]
        await ledger.write(
            ("INSERT OR IGNORE INTO job VALUES (?, 0, ?)", [(order["id"], json.dumps(order)) for order in orders]),
            ("INSERT OR REPLACE INTO cursor VALUES ('orders', ?)", [(page,)]),
        )
        for start in range(0, len(orders), task.batch):
            await queue.put(orders[start : start + task.batch])
    for _ in range(task.at_once):
        await queue.put(None)


async def _write(session: aiohttp.ClientSession, task: Task, ledger: Ledger, queue: Queue) -> None:
    while (orders := await queue.get()) is not None:
        numbers = await post(session, task, orders)
        await ledger.write(
            ("INSERT OR IGNORE INTO link VALUES (?, ?)", list(numbers.items())),
            ("UPDATE job SET done = 1, payload = NULL WHERE id = ?", [(name,) for name in numbers]),
        )


if __name__ == "__main__":
    asyncio.run(move(task()))
