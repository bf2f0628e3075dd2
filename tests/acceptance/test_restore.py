"""A ledger restored from an old backup asks once and doubles nothing; a copy started beside the original calls nobody.

With real processes and the vendors' simulators: their own counts and ledgers are the judges.
"""

import asyncio
import shutil
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from mostek import demo
from tests.acceptance.house import MOSTEK, House, opened, until
from tests.acceptance.judge import OURS
from tests.acceptance.wire import Written

OLD, LATER = 60, 1_000
UNFINISHED = 5


@asynccontextmanager
async def live(folder: Path, database: str = "", **options: Any) -> AsyncIterator[House]:
    """A house whose flow is live."""
    async with opened(folder, database, **options) as house:
        await house.told("flow", "start", demo.FLOW)
        yield house


async def traded(house: House, documents: int) -> None:
    """The shop gets so many more documents, all of the last minute."""
    now = datetime.now(UTC)
    days = {"from": (now - timedelta(minutes=1)).isoformat(), "to": now.isoformat()}
    await house.shop.tell("generate", documents=documents, **days)


async def exit_code(house: House, *words: str) -> int:
    """How a command ends, in a process of its own."""
    return await house.ended(await house.start(MOSTEK, *words))


async def restored(house: House, folder: Path, backup: Path) -> House:
    """The house with a hub in a new folder, from this backup."""
    folder.mkdir()
    new = replace(house, data=folder)
    await house.told("restore", str(backup), "--data", str(folder), "--key", str(house.data / "mostek.key"))
    return new


def numbers(books: Any) -> Counter[tuple[str, str]]:
    """How often each number stands in the books."""
    return Counter((document["kind"], document["number"]) for document in books["documents"])


async def undoubled(house: House) -> None:
    """Nothing of ours is in the books twice: no key, no number, no payment, no credit."""
    books = (await house.books.ask("ledger"))["companies"]["demo"]
    records = [*books["documents"], *books["contacts"], *books["payments"]]
    keys = Counter(name for record in records for name in record["ext_ids"] if name.startswith(OURS))
    assert set(keys.values()) == {1}
    assert set(numbers(books).values()) == {1}
    assert all(len(document["credited_by"]) == len(set(document["credited_by"])) for document in books["documents"])
    shop = (await house.shop.ask("ledger"))["documents"]
    assert {document["number"] for document in shop} == {document["number"] for document in books["documents"]}


async def test_a_backup_a_thousand_documents_old(tmp_path: Path) -> None:
    async with live(tmp_path, documents=OLD, policy={"brake": 100}, hostile="0") as house:
        await house.run()
        backup = Path((await house.told("backup", str(tmp_path / "backup.zip")))["file"])
        await traded(house, LATER)
        await house.run()
        assert (await house.told("status"))["flows"] == {demo.FLOW: "held"}  # a thousand at once are too many
        await house.told("flow", "start", demo.FLOW)
        await house.run()
        before = (await house.books.ask("ledger"))["companies"]["demo"]
        assert len(before["documents"]) == OLD + LATER
        await traded(house, OLD)

        # Restored, it asks, and calls nobody.
        again = await restored(house, tmp_path / "restored", backup)
        calls = [await house.shop.calls(), await house.books.calls()]
        assert await exit_code(again, "run", "--once") == UNFINISHED
        assert "mostek takeover" in again.log
        assert [await house.shop.calls(), await house.books.calls()] == calls

        # One word, and it goes on; some answers are lost on the way.
        await again.told("takeover", "--yes")
        house.wire.loses = Lost(every=2, times=2)
        assert await exit_code(again, "run", "--once") == 0, again.log
        assert house.wire.lost == 2
        status = await again.told("status")
        assert status["halt"] is None
        assert status["records"] == {
            "done": OLD + LATER + OLD,
            "waiting": 0,
            "parked": 0,
            "excluded": 0,
            "in_doubt": 0,
        }
        after = (await house.books.ask("ledger"))["companies"]["demo"]
        assert len(after["documents"]) == OLD + LATER + OLD
        await undoubled(house)


class Lost:
    """Loses the answer to every so-manieth write, so many times."""

    def __init__(self, every: int, times: int) -> None:
        self.every, self.times, self.seen = every, times, 0

    def __call__(self, _: list[Written]) -> bool:
        self.seen += 1
        lost = self.seen % self.every == 0 and self.times > 0
        self.times -= lost
        return lost


async def test_killed_in_the_middle_of_a_batch_and_set_back(tmp_path: Path) -> None:
    """The hub dies with an answer open, and the ledger is set back to before: what it had sent is found."""
    async with live(tmp_path, documents=OLD, hostile="0") as house:
        backup = Path((await house.told("backup", str(tmp_path / "backup.zip")))["file"])
        await house.books.faults(
            {"method": "PUT", "path": "^/c/", "fault": "hold_after_commit", "every": 3, "times": 1}
        )
        hub = await house.start(MOSTEK, "run", "--once")
        await until(lambda: held(house))
        hub.send_signal(signal.SIGKILL)
        await hub.wait()
        await house.books.faults()
        again = await restored(house, tmp_path / "restored", backup)
        await again.told("takeover", "--yes")
        assert await exit_code(again, "run", "--once") == 0, again.log
        await undoubled(house)


async def held(house: House) -> bool:
    """Whether the books hold an answer back."""
    return bool((await house.books.ask("stats"))["held"])


async def test_a_copied_folder_beside_the_original(tmp_path: Path) -> None:
    async with live(tmp_path, documents=OLD, hostile="0") as house:
        await house.run()
        shutil.copytree(house.data, tmp_path / "copy")
        copy = replace(house, data=tmp_path / "copy")
        await traded(house, OLD)
        calls = [await house.shop.calls(), await house.books.calls()]
        for words in (("run", "--once"), ("preview", demo.FLOW), ("preview", demo.FLOW, "--no-read")):
            assert await exit_code(copy, *words) in {3, UNFINISHED}
        watching = await copy.start(MOSTEK, "run", "--watch")
        await until(lambda: said(copy, "halted"))
        await asyncio.sleep(2)  # two more looks
        assert watching.returncode is None
        assert [await house.shop.calls(), await house.books.calls()] == calls
        watching.terminate()
        assert await copy.ended(watching) == UNFINISHED
        await house.run()
        await undoubled(house)
        books = (await house.books.ask("ledger"))["companies"]["demo"]
        assert len(books["documents"]) == 2 * OLD


async def said(house: House, words: str) -> bool:
    """Whether a process has printed this."""
    return words in house.log


async def test_a_process_that_waits_is_woken_by_the_word(tmp_path: Path) -> None:
    async with live(tmp_path, documents=OLD, hostile="0") as house:
        backup = Path((await house.told("backup", str(tmp_path / "backup.zip")))["file"])
        again = await restored(house, tmp_path / "restored", backup)
        watching = await again.start(MOSTEK, "run", "--watch")
        await until(lambda: said(again, "halted"))
        await again.told("takeover", "--yes")

        async def arrived() -> bool:
            return len((await house.books.ask("ledger"))["companies"]["demo"]["documents"]) == OLD

        await until(arrived)
        watching.terminate()
        assert await again.ended(watching) == 0


async def test_stopped_in_the_middle(tmp_path: Path) -> None:
    async with live(tmp_path, documents=OLD, hostile="0") as house:
        await house.books.faults({"method": "PUT", "path": "^/c/", "fault": "slow", "seconds": 0.3})
        hub = await house.start(MOSTEK, "run", "--watch")

        async def writing() -> bool:
            return len(house.wire.writes) > 3

        await until(writing)
        await house.told("stop", "books")
        await asyncio.sleep(1.5)  # calls in flight finish
        written = len(house.wire.writes)
        await asyncio.sleep(1.5)
        assert len(house.wire.writes) == written
        await house.told("go", "books")
        await house.books.faults()

        async def arrived() -> bool:
            return len((await house.books.ask("ledger"))["companies"]["demo"]["documents"]) == OLD

        await until(arrived)
        hub.terminate()
        await house.ended(hub)
        await undoubled(house)
        assert [record for record, times in Counter(house.wire.written).items() if times > 1] == []


@pytest.mark.postgres
async def test_a_copied_database(tmp_path: Path, postgres_server: Any, postgres: str) -> None:
    async with live(tmp_path, postgres, documents=OLD, hostile="0") as house:
        await house.run()
        name = postgres.partition("?")[0].rpartition("/")[2]
        with psycopg.connect(postgres_server.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}_copy TEMPLATE {name}")
            try:
                copy = replace(house, data=tmp_path / "copy")
                shutil.copytree(house.data, copy.data)
                (copy.data / "database").write_text(postgres_server.url(f"{name}_copy"))
                await traded(house, OLD)
                calls = [await house.shop.calls(), await house.books.calls()]
                assert await exit_code(copy, "run", "--once") == UNFINISHED
                assert [await house.shop.calls(), await house.books.calls()] == calls
                await copy.told("takeover", "--yes")  # the original is not run any more
                assert await exit_code(copy, "run", "--once") == 0
                await undoubled(house)
            finally:
                connection.execute(f"DROP DATABASE {name}_copy WITH (FORCE)")
