"""A ledger that was restored, moved or copied does nothing until a person says so; then nothing is doubled."""

import asyncio
import contextlib
import os
import shutil
import sqlite3
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest

from mostek.commands import keeping
from mostek.hub import delivery, place
from mostek.hub.connections import Connections
from mostek.hub.engine import Engine
from mostek.hub.ledger import OUTAGES, Ledger, Transaction, catalog
from mostek.hub.runner import Runner
from tests.hub.bench import Installation
from tests.hub.conftest import Installer
from tests.hub.toy import invoice

OLD, LATER = 40, 300
# Every table but those of migrations, in the order in which rows can be put back.
TABLES = (
    "connection feed cases record record_version flow flow_version flow_kind passage decision"
    " endpoint action need adoption"
).split()


async def cause(ledger: Ledger) -> str:
    """Why a ledger rests; empty when it works."""
    halt = await place.halt(ledger)
    return halt.cause if halt else ""


async def take(ledger: Ledger) -> None:
    """Take over, as the command does."""
    await ledger.write(keeping._take, await place.here(ledger))
    place.mark(ledger, 0)
    assert await cause(ledger) == ""


def calls(hub: Installation) -> int:
    """How many calls the shop and the books have seen."""
    return hub.shop.reads.total() + hub.books.calls.total()


async def kept(hub: Installation) -> dict[str, list[dict[str, Any]]]:
    """A backup: every row."""
    return {table: await hub.sql(f"SELECT * FROM {table}") for table in TABLES}


async def put_back(hub: Installation, rows: dict[str, list[dict[str, Any]]]) -> None:
    """The ledger as it was then, in no place, as `mostek restore` leaves it."""

    def restore(tx: Transaction) -> None:
        for table in reversed(TABLES):
            tx._connection.execute(f"DELETE FROM {table}")
        for table in TABLES:
            for row in rows[table]:
                names = ", ".join(row)
                mark = "?" if hub.ledger.file else "%s"
                values = f"INSERT INTO {table} ({names}) VALUES ({', '.join([mark] * len(row))})"
                tx._connection.execute(values, list(row.values()))
        tx.run("put_installation", name="place", value=place.NOWHERE)

    await hub.ledger.write(restore)


async def test_a_new_ledger_takes_its_place(installed: Installer) -> None:
    hub = await installed()
    hub.shop.put(invoice("F1"))
    assert not await hub.once()
    assert hub.books.holds("F1")
    assert await cause(hub.ledger) == ""
    assert hub.ledger.find_first == 0


@pytest.mark.parametrize(("there", "why"), [("", "place.restored"), ("0123 elsewhere:/srv", "place.moved")])
async def test_away_from_its_place_nothing_is_called(installed: Installer, there: str, why: str) -> None:
    hub = await installed()
    hub.shop.put(invoice("F1"))
    await hub.read()
    await hub.plan()
    await place.halt(hub.ledger)
    await hub.ledger.write(Transaction.run, "put_installation", name="place", value=there)
    before = calls(hub)
    runner = Runner(hub.engine, verify_age_ms=0)
    assert await runner.once()
    await runner.read()
    assert runner.halt
    assert runner.halt.cause == why
    assert calls(hub) == before
    epoch = {row["name"]: row["value"] for row in await hub.rows("installation")}["epoch"]
    await take(hub.ledger)
    assert not await hub.once()
    assert hub.books.holds("F1")
    assert hub.ledger.find_first > 0
    assert {row["name"]: row["value"] for row in await hub.rows("installation")}["epoch"] != epoch


async def test_a_confirmation_wakes_a_worker_that_waits(installed: Installer) -> None:
    hub = await installed()
    hub.shop.put(invoice("F1"))
    await place.halt(hub.ledger)
    await hub.ledger.write(Transaction.run, "put_installation", name="place", value="0123 elsewhere:/srv")
    runner = Runner(hub.engine, verify_age_ms=0)
    working = asyncio.create_task(runner.watch())
    await until(lambda: runner.halt is not None)
    assert calls(hub) == 0
    beside = Ledger(hub.ledger.address)
    try:
        await take(beside)
        await until(lambda: hub.books.holds("F1"))
    finally:
        runner.stop()
        await working
        beside.close()


async def until(condition: Callable[[], object], seconds: float = 20) -> None:
    """Return once it holds."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what a loop beside does can only be looked at
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("idempotent", [True, False], ids=["upsert", "searchable"])
async def test_a_backup_a_thousand_documents_old(installed: Installer, idempotent: bool) -> None:
    hub = await installed({"brake": 2 * OLD})
    hub.books.idempotent = idempotent
    hub.shop.put(*(invoice(f"A{number}") for number in range(OLD)))
    assert not await hub.once()
    backup = await kept(hub)
    hub.shop.put(*(invoice(f"B{number}") for number in range(LATER)))
    assert not await hub.once()
    [flow] = await hub.rows("flows")
    assert flow["state"] == "held"  # a thousand at once are too many for this flow
    await hub.ledger.write(catalog.go_live, (await hub.ledger.read(catalog.flows))[0])
    assert not await hub.once(patience=60)
    await put_back(hub, backup)
    restored = await hub.restart()
    hub.shop.put(*(invoice(f"C{number}") for number in range(OLD)))
    before = calls(hub)

    await restored.once()
    assert calls(hub) == before
    assert await cause(hub.ledger) == "place.restored"
    await take(hub.ledger)
    hub.books.faults.extend(["lost", "", "", "cut", "", "lost"])
    assert not await restored.once(patience=60)
    assert [row["state"] for row in await restored.rows("flows")] == ["live"]
    assert await restored.counts() == {"done": 2 * OLD + LATER}
    assert hub.books.doubles == []
    assert hub.books.violations == []
    assert hub.books.count("create", "invoice") == 2 * OLD + LATER


async def test_what_the_life_before_had_sent_may_still_arrive(installed: Installer) -> None:
    hub = await installed()
    hub.books.idempotent = False
    hub.shop.put(invoice("F0"))
    assert not await hub.once()
    backup = await kept(hub)
    hub.shop.put(invoice("F1"))
    hub.books.faults_of["invoice F1"] = deque(["late"])
    await hub.read()
    await hub.plan()
    await hub.deliver()
    await hub.deliver()
    await put_back(hub, backup)
    restored = await hub.restart()
    await take(hub.ledger)
    hub.books.frozen.clear()
    await restored.read()
    await restored.plan()
    await restored.deliver()
    assert not hub.books.holds("F1")  # not there, and yet not sent
    hub.books.settle()
    assert not await restored.once()
    assert hub.books.doubles == []
    assert await restored.states() == {"F0": "done", "F1": "done"}


@pytest.mark.parametrize("finding", ["cannot", "stale", "down"])
async def test_without_proof_nothing_is_sent(installed: Installer, finding: str) -> None:
    hub = await installed()
    await take(hub.ledger)
    await hub.elapse(10)
    hub.ledger.find_first -= 10_000
    hub.shop.put(invoice("F1"))
    await hub.read()
    await hub.plan()
    hub.books.findings.append(finding)
    await hub.deliver()
    assert hub.books.calls["write"] <= 1  # the contact's find was the one without proof; what needs it waits
    assert not hub.books.holds("F1")
    await hub.rest()
    assert await hub.states() == {"F1": "done"}
    assert hub.books.doubles == []


async def test_several_are_an_alarm(installed: Installer) -> None:
    hub = await installed()
    hub.books.idempotent = False
    hub.shop.put(invoice("F1"))
    backup = await kept(hub)
    assert not await hub.once()
    [(name, entry)] = [(name, action) for name, action in hub.books.every if action.kind == "invoice"]
    hub.books.every.append(("T99", entry))
    hub.books.standing["T99"] = msgspec.structs.replace(hub.books.standing[name], id="T99")
    await put_back(hub, backup)
    restored = await hub.restart()
    await take(hub.ledger)
    await restored.rest()
    assert await restored.states() == {"F1": "parked: settle.several"}
    assert hub.books.count("create", "invoice") == 2


async def test_a_copied_folder_calls_nobody(installed: Installer, address: str, tmp_path: Path) -> None:
    if not address.startswith("sqlite"):
        pytest.skip("a folder holds a ledger with SQLite only")
    hub = await installed()
    hub.shop.put(*(invoice(f"F{number}") for number in range(5)))
    await hub.read()
    await hub.plan()
    await place.halt(hub.ledger)
    shutil.copytree(tmp_path, tmp_path.with_name("copy"))
    copy = beside(hub, f"sqlite:///{tmp_path.with_name('copy') / 'mostek.db'}")
    try:
        before = calls(hub)
        assert await copy.once()
        assert await cause(copy.ledger) == "place.moved"
        assert calls(hub) == before
        assert not await hub.once()  # the original is not disturbed
        assert hub.books.count("create", "invoice") == 5
    finally:
        await copy.close()


def beside(hub: Installation, address: str) -> Installation:
    """Another ledger, with the same shop and books behind it."""
    ledger = Ledger(address)
    return Installation(ledger, hub.vault, Engine(ledger, Connections(ledger, hub.vault)), hub.shop, hub.books)


async def test_an_older_copy_in_its_very_place_is_noticed(installed: Installer, address: str, tmp_path: Path) -> None:
    if not address.startswith("sqlite"):
        pytest.skip("a file holds a ledger with SQLite only")
    hub = await installed()
    hub.shop.put(invoice("F1"))
    assert not await hub.once()
    await hub.sql("PRAGMA user_version")
    await hub.engine.connections.close()
    hub.ledger.close()
    file = tmp_path / "mostek.db"
    shutil.copy(file, tmp_path / "old")
    later = beside(hub, address)
    hub.shop.put(invoice("F2"))
    assert not await later.once()
    await place.halt(later.ledger)
    await later.close()
    file.write_bytes((tmp_path / "old").read_bytes())  # the same file, by its number
    older = beside(hub, address)
    try:
        assert await cause(older.ledger) == "place.older"
        before = calls(hub)
        await older.once()
        assert calls(hub) == before
        await take(older.ledger)
        assert not await older.once()
        assert hub.books.doubles == []
    finally:
        hub.ledger, hub.engine = older.ledger, older.engine


async def test_a_file_swapped_under_a_worker_stops_it(
    installed: Installer, monkeypatch: pytest.MonkeyPatch, address: str, tmp_path: Path
) -> None:
    if not address.startswith("sqlite"):
        pytest.skip("a file holds a ledger with SQLite only")
    monkeypatch.setattr(delivery, "LOOK", 0)  # these books answer faster than it is looked
    hub = await installed()
    hub.books.idempotent = False
    hub.shop.put(*(invoice(f"F{number}") for number in range(60)))
    await place.halt(hub.ledger)
    await hub.read()
    await hub.plan()
    await hub.sql("SELECT 1")
    old = tmp_path / "old.db"
    copied(tmp_path / "mostek.db", old)
    runner = Runner(hub.engine, verify_age_ms=0)

    async def swap(name: str, _: Any) -> None:
        if name == "write" and hub.books.calls["write"] == 3:
            for suffix in ("-wal", "-shm"):
                (tmp_path / f"mostek.db{suffix}").unlink(missing_ok=True)
            old.replace(tmp_path / "mostek.db")

    hub.books.hook = swap
    working = asyncio.create_task(runner.watch())
    try:
        await until(lambda: runner.halt is not None)
        assert runner.halt
        assert runner.halt.cause == "place.moved"
        assert hub.books.calls["write"] == 3  # the one in flight finished, none followed
        other = Ledger(address)
        await take(other)
        other.close()
        await until(lambda: hub.books.count("create", "invoice") == 60)
        assert hub.books.doubles == []
    finally:
        runner.stop()
        await working


def copied(file: Path, to: Path) -> None:
    """A copy by SQLite itself."""
    with contextlib.closing(sqlite3.connect(file)) as source, contextlib.closing(sqlite3.connect(to)) as target:
        source.backup(target)


async def test_a_missing_file_is_an_outage_and_no_new_ledger(address: str) -> None:
    if not address.startswith("sqlite"):
        pytest.skip("a file holds a ledger with SQLite only")
    ledger = Ledger(address)
    assert ledger.file
    await ledger.read(Transaction.rows, "installation")
    os.rename(ledger.file, ledger.file.with_suffix(".away"))
    with pytest.raises(OUTAGES):
        await ledger.read(Transaction.rows, "installation")
    with pytest.raises(OUTAGES):
        await ledger.write(Transaction.rows, "installation")
    assert not ledger.file.exists()
    os.rename(ledger.file.with_suffix(".away"), ledger.file)
    assert await ledger.write(Transaction.rows, "installation")
    ledger.close()


@pytest.mark.postgres
async def test_a_dump_read_back_into_its_own_database_is_noticed(postgres: str) -> None:
    ledger = Ledger(postgres)
    assert await cause(ledger) == ""
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("CREATE TABLE read_back AS TABLE installation")
        connection.execute("DROP TABLE installation")
        connection.execute("ALTER TABLE read_back RENAME TO installation")
    assert await cause(ledger) == "place.moved"
    ledger.close()


@pytest.mark.postgres
async def test_a_copied_database_calls_nobody(postgres_server: Any, postgres: str) -> None:
    ledger = Ledger(postgres)
    assert await cause(ledger) == ""
    ledger.close()
    name = postgres.partition("?")[0].rpartition("/")[2]
    with psycopg.connect(postgres_server.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}_copy TEMPLATE {name}")
        copy = Ledger(postgres_server.url(f"{name}_copy"))
        try:
            assert await cause(copy) == "place.moved"
        finally:
            copy.close()
            connection.execute(f"DROP DATABASE {name}_copy WITH (FORCE)")


@pytest.mark.postgres
async def test_an_account_without_rights_knows_its_place(postgres: str) -> None:
    name = postgres.partition("?")[0].rpartition("/")[2]
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
        connection.execute("CREATE ROLE guest LOGIN")
        connection.execute(f"GRANT CREATE ON DATABASE {name} TO guest")
        connection.execute("GRANT ALL ON SCHEMA public TO guest")
    try:
        ledger = Ledger(postgres.replace("mostek@", "guest@"))
        assert await cause(ledger) == ""
        assert await cause(ledger) == ""
        ledger.close()
    finally:
        with psycopg.connect(postgres, autocommit=True) as connection:
            connection.execute("DROP OWNED BY guest CASCADE; DROP ROLE guest")
