"""A backup is whole or not there; a restored ledger is whole or not there, and belongs to no place."""

import asyncio
import os
import shutil
import sqlite3
import stat
import zipfile
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mostek import commands
from mostek.commands import keeping
from mostek.desk import archive, installation
from mostek.desk.installation import Installation
from mostek.documents.problem import InvalidDocumentError
from mostek.hub import connections, place
from mostek.hub.ledger import Transaction, catalog
from mostek.hub.runner import Runner
from tests.hub import toy
from tests.hub.toy import invoice

DOCUMENTS = 30


@pytest.fixture
def books(monkeypatch: pytest.MonkeyPatch) -> toy.Books:
    """The toy pair is installed; these are the books behind every installation of the test."""
    known = {"toyshop": toy.SHOP, "toybooks": toy.BOOKS_CONNECTOR}
    monkeypatch.setattr(connections, "connectors", lambda: known)
    monkeypatch.setitem(toy.SHOPS, "backup", toy.Shop())
    monkeypatch.setitem(toy.BOOKS, "backup", toy.Books(idempotent=False))
    return toy.BOOKS["backup"]


@pytest.fixture
async def hub(tmp_path: Path, books: toy.Books) -> AsyncIterator[Installation]:
    """An installation that has moved some documents."""
    made = installation.create(tmp_path / "data")
    connect: dict[str, tuple[Any, dict[str, Any]]] = {
        "shop": (toy.SHOP, {"shop": "backup"}),
        "books": (toy.BOOKS_CONNECTOR, {"books": "backup", "settles_after": 1}),
    }
    numbers = []
    for slug, (connector, settings) in connect.items():
        shown, hidden = connections.split_secrets(connector, settings)
        number = await made.ledger.write(
            catalog.put_connection,
            slug,
            connector.id,
            settings=shown,
            secrets=made.vault.lock(hidden),
            feeds={feed: manifest.every for feed, manifest in connector.manifest.feeds.items()},
            writes=bool(connector.manifest.writes),
        )
        assert number
        numbers.append(number)
    await made.ledger.write(catalog.add_flow, "flow", *numbers, policy={}, kinds=("invoice",), since=None)
    await made.ledger.write(catalog.go_live, (await made.ledger.read(catalog.flows))[0])
    toy.SHOPS["backup"].put(*(invoice(f"F{number}") for number in range(DOCUMENTS)))
    await Runner(made.engine, verify_age_ms=0).once()
    assert books.count("create", "invoice") == DOCUMENTS
    yield made
    await made.close()


async def backed_up(hub: Installation, file: Path, **more: Any) -> keeping.BackedUp:
    """A backup, by the command."""
    done: keeping.BackedUp = await commands.run(hub, "backup", keeping.Backup(file=str(file), **more), "tester")
    return done


async def restored(file: Path, data: Path, **more: Any) -> keeping.Restored:
    """A restored backup."""
    given: dict[str, Any] = {"key": None, "replace": False, "person": "tester", **more}
    return await keeping.restore(file, data, **given)


def refused(error: pytest.ExceptionInfo[InvalidDocumentError]) -> str:
    return error.value.problems[0].cause


async def test_there_and_back(hub: Installation, tmp_path: Path, books: toy.Books) -> None:
    file = tmp_path / "backup.zip"
    done = await backed_up(hub, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert done.manifest.counts == {"records": DOCUMENTS, "actions": len(books.every)}
    assert "mostek.key" not in zipfile.ZipFile(file).namelist()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backup.zip", "data"]  # nothing is left lying about

    back = await restored(file, tmp_path / "back", key=hub.data / "mostek.key")
    assert back.kept == ()
    files = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "back").iterdir()}
    assert files == dict.fromkeys(["mostek.db", "mostek.key", "mostek.trace.db"], 0o600)
    again = installation.open_(tmp_path / "back")
    try:
        assert await again.ledger.read(Transaction.rows, "standing_all") == await hub.ledger.read(
            Transaction.rows, "standing_all"
        )
        halt = await place.halt(again.ledger)
        assert halt
        assert halt.cause == "place.restored"
        calls = books.calls.total()
        await Runner(again.engine).once()
        assert books.calls.total() == calls
        with pytest.raises(InvalidDocumentError) as error:
            await commands.run(again, "preview", commands.flowing.Preview(slug="flow"), "tester")
        assert refused(error) == "place.restored"
        taken = await commands.run(again, "takeover", keeping.Takeover(), "tester")
        assert taken.changed
        toy.SHOPS["backup"].put(invoice("F99"))
        assert not await Runner(again.engine, verify_age_ms=0).once()
        assert books.doubles == []
        assert books.count("create", "invoice") == DOCUMENTS + 1
        assert not (await commands.run(again, "takeover", keeping.Takeover(), "tester")).changed
        log = await again.ledger.read(lambda tx: tx._connection.execute("SELECT command FROM audit").fetchall())
        assert [row["command"] for row in log] == ["backup", "restore", "takeover", "takeover"]
    finally:
        await again.close()


async def test_while_it_works(hub: Installation, tmp_path: Path, books: toy.Books) -> None:
    toy.SHOPS["backup"].put(*(invoice(f"G{number}") for number in range(200)))
    working = asyncio.create_task(Runner(hub.engine, verify_age_ms=0).once())
    while books.count("create", "invoice") < DOCUMENTS + 50:  # noqa: ASYNC110 - the toys give no signal
        await asyncio.sleep(0)
    await backed_up(hub, tmp_path / "backup.zip", with_key=True)
    between = books.count("create", "invoice")
    await working
    await restored(tmp_path / "backup.zip", tmp_path / "back")
    with closing(sqlite3.connect(tmp_path / "back" / "mostek.db")) as ledger:
        ledger.execute("ATTACH DATABASE ? AS trace", (str(tmp_path / "back" / "mostek.trace.db"),))
        [(sent,)] = ledger.execute("SELECT count(*) FROM action WHERE sent IS NOT NULL AND verb = 'create'").fetchall()
        # As of one moment: each answer in the ledger is in the traces, and none there that the ledger does not know.
        told = "SELECT DISTINCT action FROM trace.step WHERE kind = 'answered'"
        answered = "SELECT key FROM action WHERE state NOT IN ('blocked', 'ready', 'sent')"
        assert ledger.execute(f"{told} EXCEPT {answered}").fetchall() == []
        assert ledger.execute(f"{answered} EXCEPT {told}").fetchall() == []
    assert sent > 2 * DOCUMENTS
    assert between <= DOCUMENTS + 200


async def test_the_key_goes_in_only_when_it_is_asked_for(hub: Installation, tmp_path: Path) -> None:
    key = (hub.data / "mostek.key").read_bytes()
    await backed_up(hub, tmp_path / "without.zip")
    await backed_up(hub, tmp_path / "with.zip", with_key=True)
    packed = {name: zipfile.ZipFile(tmp_path / name) for name in ("without.zip", "with.zip")}
    assert not any(key.strip() in packed["without.zip"].read(name) for name in packed["without.zip"].namelist())
    assert packed["with.zip"].read("mostek.key") == key
    with pytest.raises(InvalidDocumentError) as error:
        await restored(tmp_path / "without.zip", tmp_path / "back")
    assert refused(error) == "restore.no_key"
    assert error.value.problems[0].details["mark"] == archive.mark_of(hub.data / "mostek.key")
    installation.create(tmp_path / "other").ledger.close()
    with pytest.raises(InvalidDocumentError) as error:
        await restored(tmp_path / "without.zip", tmp_path / "back", key=tmp_path / "other" / "mostek.key")
    assert refused(error) == "vault.wrong_key"
    assert list((tmp_path / "back").iterdir()) == []
    await restored(tmp_path / "with.zip", tmp_path / "back")


async def test_a_ledger_that_is_there_is_kept(hub: Installation, tmp_path: Path) -> None:
    file = tmp_path / "backup.zip"
    await backed_up(hub, file)
    with pytest.raises(InvalidDocumentError) as error:
        await restored(file, hub.data)
    assert refused(error) == "restore.occupied"
    with pytest.raises(InvalidDocumentError) as error:
        await restored(file, hub.data, replace=True)
    assert refused(error) == "restore.running"
    await hub.connections.close()
    hub.ledger.close()
    shutil.copytree(hub.data, tmp_path / "copy")
    before = (tmp_path / "copy" / "mostek.db").read_bytes()
    back = await restored(file, tmp_path / "copy", replace=True)
    [ledger] = [name for name in back.kept if name.startswith("mostek.db.before-")]
    assert len((tmp_path / "copy" / ledger).read_bytes()) == len(before)
    with closing(sqlite3.connect(tmp_path / "copy" / ledger)) as old:
        assert old.execute("SELECT value FROM installation WHERE name = 'place'").fetchone()[0]
    hub.ledger = installation.open_(tmp_path / "copy").ledger  # for the fixture to close


async def test_a_ledger_that_is_broken_is_replaced(hub: Installation, tmp_path: Path) -> None:
    file, data = tmp_path / "backup.zip", tmp_path / "broken"
    await backed_up(hub, file)
    data.mkdir()
    shutil.copy(hub.data / "mostek.key", data)
    (data / "mostek.db").write_bytes(b"no ledger " * 1_000)
    (data / "mostek.db-wal").write_bytes(b"nor this")
    (data / "mostek.db-shm").write_bytes(b"nor that")
    back = await restored(file, data, replace=True)
    [kept] = back.kept
    assert (data / kept).read_bytes().startswith(b"no ledger")
    assert not (data / "mostek.db-wal").exists()
    assert not (data / "mostek.db-shm").exists()
    installation.open_(data).ledger.close()


def changed(file: Path, name: str, content: bytes) -> None:
    """Put another content into a file of the backup."""
    with zipfile.ZipFile(file) as old:
        members = {member: old.read(member) for member in old.namelist()}
    with zipfile.ZipFile(file, "w") as new:
        for member, kept in members.items():
            new.writestr(member, content if member == name else kept)


@pytest.mark.parametrize("damage", ["cut", "flipped", "changed", "text", "without", "newer", "migrated", "missing"])
async def test_what_is_not_whole_is_refused(hub: Installation, tmp_path: Path, damage: str) -> None:
    file, data = tmp_path / "backup.zip", tmp_path / "back"
    await backed_up(hub, file, with_key=True)
    whole = file.read_bytes()
    manifest = archive.read(file)
    why = "restore.damaged"
    match damage:
        case "cut":
            file.write_bytes(whole[: len(whole) // 2])
        case "flipped":
            file.write_bytes(whole[:2_000] + bytes(byte ^ 0xFF for byte in whole[2_000:2_100]) + whole[2_100:])
        case "changed":
            changed(file, "mostek.db", b"something else")
        case "text":
            file.write_text("no backup")
        case "without":
            changed(file, "manifest.json", msgspec.json.encode(msgspec.structs.replace(manifest, files={})))
        case "newer":
            changed(file, "manifest.json", msgspec.json.encode(msgspec.structs.replace(manifest, format=99)))
            why = "restore.newer"
        case "migrated":
            later = msgspec.structs.replace(manifest, migrations=(*manifest.migrations, "9999_later.sql"))
            changed(file, "manifest.json", msgspec.json.encode(later))
            why = "restore.newer"
        case _:
            file.unlink()
            why = "input.file"
    with pytest.raises(InvalidDocumentError) as error:
        await restored(file, data)
    assert refused(error) == why
    assert not data.exists() or list(data.iterdir()) == []


async def test_nothing_is_replaced_by_a_backup(hub: Installation, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(InvalidDocumentError) as error:
        await backed_up(hub, tmp_path / "mine")
    assert refused(error) == "backup.exists"
    assert (tmp_path / "mine").read_text() == "mine"
    with pytest.raises(InvalidDocumentError) as error:
        await backed_up(hub, tmp_path / "nowhere" / "backup.zip")
    assert refused(error) == "backup.unwritable"
    (tmp_path / "folder").mkdir()
    done = await backed_up(hub, tmp_path / "folder")
    assert [str(path) for path in (tmp_path / "folder").iterdir()] == [done.file]


async def test_broken_off_it_leaves_the_old_ledger(
    hub: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, data = tmp_path / "backup.zip", tmp_path / "other"
    await backed_up(hub, file, with_key=True)
    installation.create(data).ledger.close()
    before = (data / "mostek.db").read_bytes()

    def broken(source: Any, target: Any, **_: Any) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "link", broken)
    monkeypatch.setattr(shutil, "copyfile", broken)
    with pytest.raises(InvalidDocumentError) as error:
        await restored(file, data, replace=True)
    assert refused(error) == "installation.folder"
    assert len((data / "mostek.db").read_bytes()) == len(before)
    monkeypatch.undo()
    installation.open_(data).ledger.close()


@pytest.mark.postgres
async def test_postgresql_is_backed_up_by_its_own_program(tmp_path: Path, postgres: str, books: toy.Books) -> None:
    hub = installation.create(tmp_path / "data", postgres)
    try:
        with pytest.raises(InvalidDocumentError) as error:
            await backed_up(hub, tmp_path / "backup.zip")
        assert refused(error) == "backup.postgresql"
        assert error.value.problems[0].details["command"].startswith("pg_dump --format=custom ")
        assert postgres not in error.value.problems[0].details["command"]  # it may hold a password
    finally:
        await hub.close()
    with pytest.raises(InvalidDocumentError) as error:
        await restored(await elsewhere(tmp_path), tmp_path / "data")
    assert refused(error) == "restore.other_database"


async def elsewhere(tmp_path: Path) -> Path:
    """A backup of a new ledger in a file."""
    hub = installation.create(tmp_path / "file")
    try:
        return Path((await backed_up(hub, tmp_path / "backup.zip", with_key=True)).file)
    finally:
        await hub.close()
