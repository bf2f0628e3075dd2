"""The ledger's contract, on both databases: groups, leases, fences, migrations, and what a page writes."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from mostek.hub.ledger import Ledger, StaleLeaseError, Transaction, feeds, passages
from mostek.hub.ledger.dialect import POSTGRESQL, SQLITE, statements
from mostek.hub.ledger.passages import PlannedPassage
from mostek.hub.reading import fetch_wanted, read_feed
from mostek.sdk.record import Page, Record, Summary
from tests.hub import toy
from tests.hub.bench import CrashPoint
from tests.hub.conftest import Installer


@pytest.fixture
def ledger(address: str) -> Iterator[Ledger]:
    """An empty ledger."""
    made = Ledger(address)
    yield made
    made.close()


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of all statements that run from now on."""
    names: list[str] = []
    rows, many = Transaction.rows, Transaction.many

    def noted(self: Transaction, statement: str, /, **values: Any) -> Any:
        names.append(statement)
        return rows(self, statement, **values)

    def noted_many(self: Transaction, statement: str, values: Any) -> None:
        names.append(statement)
        many(self, statement, values)

    monkeypatch.setattr(Transaction, "rows", noted)
    monkeypatch.setattr(Transaction, "many", noted_many)
    return names


def note(tx: Transaction, name: str) -> str:
    """Write one row."""
    tx._connection.execute(f"INSERT INTO installation VALUES ('{name}', 'x')")
    return name


def notes(tx: Transaction) -> set[str]:
    """The rows written by :func:`note`."""
    return {row["name"] for row in tx.rows("installation") if row["value"] == "x"}


async def queued(ledger: Ledger, *functions: Any) -> list[Any]:
    """Run functions as one group: they queue up while the writer is kept busy."""
    gate = threading.Event()
    busy = asyncio.ensure_future(ledger.write(lambda _: gate.wait(10)))
    await asyncio.sleep(0.05)
    writes = [asyncio.ensure_future(ledger.write(function)) for function in functions]
    await asyncio.sleep(0.05)
    gate.set()
    await busy
    return await asyncio.gather(*writes, return_exceptions=True)


async def test_a_group_is_one_commit(ledger: Ledger) -> None:
    before = ledger.groups
    assert await queued(ledger, *(lambda tx, n=n: note(tx, f"n{n}") for n in range(20))) == [f"n{n}" for n in range(20)]
    assert ledger.groups == before + 2
    assert len(await ledger.read(notes)) == 20


async def test_one_that_fails_in_a_group_fails_alone(ledger: Ledger) -> None:
    def bad(tx: Transaction) -> None:
        note(tx, "bad")
        raise ValueError("its own fault")

    def wrong(tx: Transaction) -> None:
        note(tx, "first")  # breaks the whole transaction on PostgreSQL: the name is taken

    results = await queued(ledger, lambda tx: note(tx, "first"), bad, lambda tx: note(tx, "second"), wrong)
    assert results[0] == "first"
    assert isinstance(results[1], ValueError)
    assert results[2] == "second"
    assert isinstance(results[3], Exception)
    assert await ledger.read(notes) == {"first", "second"}


async def test_nothing_kills_the_writer(ledger: Ledger) -> None:
    def deadly(_: Transaction) -> None:
        raise toy.Crash

    [crash] = await queued(ledger, deadly)
    assert isinstance(crash, toy.Crash)
    assert await ledger.write(note, "alive") == "alive"


async def test_whoever_stops_waiting_does_not_stop_the_others(ledger: Ledger) -> None:
    gate = threading.Event()

    def slow(tx: Transaction) -> None:
        gate.wait(10)
        note(tx, "running")

    running = asyncio.ensure_future(ledger.write(slow))
    await asyncio.sleep(0.05)
    waiting = asyncio.ensure_future(ledger.write(note, "given up"))
    await asyncio.sleep(0.01)
    running.cancel()
    waiting.cancel()
    await asyncio.sleep(0.01)
    gate.set()
    assert await asyncio.wait_for(ledger.write(note, "next"), 5) == "next"
    assert await ledger.read(notes) == {"running", "next"}, "what runs is finished, what has not begun is left out"


async def test_a_result_is_told_after_the_commit_and_a_reader_sees_only_what_is_committed(address: str) -> None:
    first, second = Ledger(address), Ledger(address)
    gate, written = threading.Event(), threading.Event()

    def slow(tx: Transaction) -> str:
        note(tx, "slow")
        written.set()
        gate.wait(10)
        return "slow"

    write = asyncio.ensure_future(first.write(slow))
    await asyncio.get_running_loop().run_in_executor(None, written.wait)
    assert await first.read(notes) == set()
    assert await second.read(notes) == set()
    assert not write.done()
    gate.set()
    assert await write == "slow"
    assert await second.read(notes) == {"slow"}
    first.close()
    second.close()


async def test_closing_finishes_what_is_queued(address: str) -> None:
    ledger = Ledger(address)
    writes = [asyncio.ensure_future(ledger.write(note, f"n{n}")) for n in range(200)]
    await asyncio.sleep(0)
    ledger.close()
    assert await asyncio.gather(*writes) == [f"n{n}" for n in range(200)]


@pytest.mark.postgres
async def test_a_lost_server_is_found_again(postgres: str) -> None:
    ledger = Ledger(postgres)
    await ledger.write(note, "before")
    await ledger.read(notes)
    killer = POSTGRESQL.connect(postgres)
    killer.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE pid <> pg_backend_pid() AND datname = current_database()"
    )
    killer.close()
    for _ in range(2):  # the first may fail, and says so; it wrote nothing
        results = await asyncio.gather(ledger.write(note, "after"), ledger.read(notes), return_exceptions=True)
    assert await ledger.read(notes) >= {"before", "after"}
    assert isinstance(results[0], str) or "duplicate" in str(results[0])
    ledger.close()


@pytest.mark.postgres
async def test_writers_that_lock_each_other_out_try_again(postgres: str) -> None:
    ledgers = [Ledger(postgres), Ledger(postgres)]
    await ledgers[0].write(note, "a")
    await ledgers[0].write(note, "b")
    both, tries = threading.Barrier(2), []

    def cross(tx: Transaction, first: str, second: str) -> str:
        tries.append(first)
        tx._connection.execute(f"UPDATE installation SET value = 'x' WHERE name = '{first}'")
        if len(tries) <= 2:
            both.wait(10)
        tx._connection.execute(f"UPDATE installation SET value = 'x' WHERE name = '{second}'")
        return first

    writes = [ledger.write(cross, *names) for ledger, names in zip(ledgers, ("ab", "ba"), strict=True)]
    assert await asyncio.gather(*writes) == ["a", "b"]
    assert len(tries) >= 3  # the server may pick either, or both, as the victim
    for ledger in ledgers:
        ledger.close()


async def test_migrations_run_once_however_often_it_is_opened(address: str) -> None:
    first = Ledger(address)
    epoch = {row["name"]: row["value"] for row in await first.read(Transaction.rows, "installation")}
    await first.write(note, "kept")
    first.close()
    again = Ledger(address)
    assert {row["name"]: row["value"] for row in await again.read(Transaction.rows, "installation")} == epoch | {
        "kept": "x"
    }
    again.close()


def test_two_processes_may_start_at_once_on_an_empty_database(address: str) -> None:
    code = """
import asyncio, sys
from mostek.hub.ledger import Ledger, Transaction
sys.stdin.readline()
ledger = Ledger(sys.argv[1])
rows = asyncio.run(ledger.read(Transaction.rows, "installation"))
print(*(row["value"] for row in rows if row["name"] == "epoch"))
ledger.close()
"""
    workers = [
        subprocess.Popen([sys.executable, "-c", code, address], stdin=-1, stdout=-1, stderr=-1, text=True)
        for _ in range(4)
    ]
    for worker in workers:
        assert worker.stdin
        worker.stdin.write("\n")
        worker.stdin.flush()
    told = [worker.communicate(timeout=60) for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * 4, told
    assert len({out for out, _ in told}) == 1


def test_both_dialects_know_the_same_statements_and_nothing_stays_unexpanded() -> None:
    both = [statements(dialect.name) for dialect in (SQLITE, POSTGRESQL)]
    assert both[0].keys() == both[1].keys()
    for dialect in both:
        for name, text in dialect.items():
            assert "{" not in text.replace("'{}'", ""), name
            assert not text.endswith(";"), name
    assert not any("%(" in text for text in both[0].values())
    assert not any(" :" in text for text in both[1].values())


@pytest.mark.parametrize(
    ("text", "sqlite", "postgresql"),
    [
        ("x = :id", "x = :id", "x = %(id)s"),
        ("a::text", "a::text", "a::text"),
        (
            "k IN {each keys}",
            "(SELECT value FROM json_each(:keys))",
            "(SELECT CAST(value AS text) FROM json_array_elements_text(CAST(%(keys)s AS json)))",
        ),
        ("k IN {each_int ids}", "(SELECT value FROM json_each(:ids))", "CAST(value AS bigint)"),
        (
            "{rows v items: key text, at bigint}",
            "json_extract(value, '$.at') AS at",
            "json_to_recordset(CAST(%(items)s AS json)) AS v(key text, at bigint)",
        ),
        ("{skip_locked}", "", "FOR UPDATE SKIP LOCKED"),
        ("'{}'", "'{}'", "'{}'"),
    ],
)
def test_named_sql_is_expanded_for_each_database(text: str, sqlite: str, postgresql: str) -> None:
    assert sqlite in SQLITE.expand(text)
    assert postgresql in POSTGRESQL.expand(text)


async def test_the_clock_is_the_databases_and_in_milliseconds(ledger: Ledger) -> None:
    def clock(tx: Transaction) -> int:
        word = ledger._dialect.words["now"]
        return int(dict(tx._connection.execute(f"SELECT {word} AS n").fetchall()[0])["n"])

    assert abs(await ledger.read(clock) - datetime.now(UTC).timestamp() * 1000) < 5_000


def record(name: str, *, fingerprint: str = "1", root: str = "", payload: bytes = b"{}") -> Record:
    """One record of the feed of invoices."""
    return Record(
        kind="invoice",
        id=name,
        root=root or f"invoice:{name}",
        payload=payload,
        fingerprint=fingerprint,
        summary=Summary(number=name),
    )


def page(*records: Record, cursor: str = "c") -> Page:
    """A page in the middle of a pass."""
    return Page(records=records, cursor=cursor, more=True)


async def test_one_feed_has_one_reader_and_a_late_one_stores_nothing(installed: Installer) -> None:
    hub = await installed()
    [feed] = [row["id"] for row in await hub.rows("feeds") if row["name"] == "invoice"]
    old = await hub.ledger.write(feeds.lease, "old", [feed])
    assert old
    assert await hub.ledger.write(feeds.lease, "new", [feed], forced=True) is None
    await hub.elapse(61)
    new = await hub.ledger.write(feeds.lease, "new", [feed])
    assert new
    assert new.fence == old.fence + 1
    with pytest.raises(StaleLeaseError):
        await hub.ledger.write(feeds.store_page, old, page(record("F1"), cursor="late"))
    assert await hub.sql("SELECT * FROM record") == []
    assert await hub.sql("SELECT * FROM cases") == []
    assert await hub.ledger.write(feeds.release, old, "{}", 10_000) is False
    assert await hub.ledger.write(feeds.store_page, new, page(record("F1"), cursor="good")) == 1
    [row] = await hub.sql(f"SELECT cursor, owner, problem FROM feed WHERE id = {feed}")
    assert row == {"cursor": "good", "owner": "new", "problem": None}


async def test_the_cursor_moves_with_the_records_or_not_at_all(
    installed: Installer, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = await installed()
    [feed] = [row["id"] for row in await hub.rows("feeds") if row["name"] == "invoice"]
    held = await hub.ledger.write(feeds.lease, "reader", [feed])
    assert held

    def broken(tx: Transaction, *_: Any, **__: Any) -> int:
        tx.rows("installation")
        raise toy.Crash

    monkeypatch.setattr(feeds, "put_records", broken)
    with pytest.raises(toy.Crash):
        await hub.ledger.write(feeds.store_page, held, page(record("F1"), cursor="moved"))
    monkeypatch.undo()
    assert await hub.sql(f"SELECT cursor FROM feed WHERE id = {feed}") == [{"cursor": ""}]


async def test_a_late_fetch_stores_nothing(installed: Installer) -> None:
    hub = await installed({"wait_for_order": 10**9})
    hub.shop.put(toy.invoice("F1", order_number="1001"))
    await hub.read()
    await hub.ledger.write(Transaction.rows, "wake_due")
    get = toy.ShopSession.get

    async def slow(self: toy.ShopSession, feed: str, ids: Any) -> Any:
        await hub.elapse(61)
        [row] = [row["id"] for row in await hub.rows("feeds") if row["name"] == "order"]
        assert await hub.ledger.write(feeds.lease, "other", [row], forced=True)
        return await get(self, feed, ids)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(toy.ShopSession, "get", slow)
        await hub.plan()
        assert await fetch_wanted(hub.engine) == 0
    assert await hub.sql("SELECT source_id FROM record WHERE kind = 'order'") == []


async def test_unchanged_pages_write_nothing_but_the_cursor(installed: Installer, ran: list[str]) -> None:
    hub = await installed()
    hub.shop.put(*(toy.invoice(f"F{number}") for number in range(30)))
    await hub.rest()
    ran.clear()
    await hub.rest()
    pages = 3  # two of documents, one of no orders
    assert ran.count("known_records") == pages
    assert ran.count("move_feed") == pages
    writing = {
        name
        for name in ran
        if name.startswith(("put_", "add_", "keep_", "open_", "revise_", "wake", "drop_", "trace_"))
    }
    assert writing == {"put_usage", "wake_due"}
    assert (await hub.sql("SELECT count(*) AS n FROM record_version"))[0]["n"] == 0


async def test_each_replaced_version_is_kept(installed: Installer) -> None:
    hub = await installed({"rules": [{"id": "none", "then": "hold"}]})
    for gross in ("121", "242", "363"):
        hub.shop.put(toy.invoice("F1", gross))
        await hub.rest()
    [now] = await hub.sql("SELECT id, version, payload FROM record")
    kept = await hub.sql("SELECT version, payload FROM record_version ORDER BY version")
    assert now["version"] == 3
    assert [row["version"] for row in kept] == [1, 2]
    totals = [toy._DECODE.decode(row["payload"]).total for row in [*kept, now]]
    assert totals == [toy.money("121"), toy.money("242"), toy.money("363")]


async def test_a_record_twice_on_a_page_is_stored_as_it_stood_last(installed: Installer) -> None:
    hub = await installed()
    [feed] = [row["id"] for row in await hub.rows("feeds") if row["name"] == "invoice"]
    held = await hub.ledger.write(feeds.lease, "reader", [feed])
    assert held
    twice = page(record("F1", fingerprint="1", payload=b"old"), record("F1", fingerprint="2", payload=b"new"))
    assert await hub.ledger.write(feeds.store_page, held, twice) == 1
    assert await hub.sql("SELECT payload FROM record") == [{"payload": "new"}]
    there_and_back = page(
        record("F1", fingerprint="3", payload=b"newer"), record("F1", fingerprint="2", payload=b"new")
    )
    assert await hub.ledger.write(feeds.store_page, held, there_and_back) == 0
    assert await hub.sql("SELECT payload FROM record") == [{"payload": "new"}]


@pytest.mark.parametrize("after", [False, True])
async def test_a_reader_that_dies_leaves_nothing_out(
    installed: Installer, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    """The pass goes on from the stored cursor: what lay before it must be stored."""
    hub = await installed()
    hub.shop.put(*(toy.invoice(f"F{number}") for number in range(70)))
    at, crashed = 0, True
    while crashed:
        await hub.sql(
            "DELETE FROM need",
            "DELETE FROM decision",
            "DELETE FROM passage",
            "DELETE FROM record",
            "UPDATE feed SET cursor = ''",
        )
        with monkeypatch.context() as patch:
            patch.setattr(hub.ledger, "write", CrashPoint(at, after).wrap(hub.ledger.write))
            try:
                await hub.read()
                crashed = False
            except toy.Crash:
                pass
        await hub.elapse(61)
        feed = [row["id"] for row in await hub.rows("feeds") if row["name"] == "invoice"]
        if crashed:
            await read_feed(hub.engine, feed, forced=True)
        if not after or at:  # the first write is the lease of the other feed
            assert (await hub.sql("SELECT count(*) AS n FROM record"))[0]["n"] == 70
        at += 1
    assert at > 5


@pytest.mark.parametrize("when", ["before planning", "before delivery", "after delivery", "excluded"])
async def test_a_record_that_moves_to_another_case_takes_its_decision_and_actions_along(
    installed: Installer, when: str
) -> None:
    hub = await installed()
    hub.shop.put(toy.invoice("F1"), toy.invoice("F2"))
    await hub.read()
    if when != "before planning":
        await hub.plan()
    if when == "after delivery":
        await hub.rest()
    if when == "excluded":
        await hub.sql(
            "UPDATE decision SET by_person = 'eva', state = 'excluded', verdict = 'exclude' WHERE record = 1",
            "UPDATE passage SET revision = revision + 1",
        )
        await hub.plan()
    hub.shop.put(toy.order("1001"))
    hub.shop.moved["invoice", "F1"] = "order:1001"
    await hub.sql("UPDATE record SET fingerprint = 'another'")
    await hub.read()
    touched = await hub.sql(
        "SELECT c.root FROM passage p JOIN cases c ON c.id = p.case_id WHERE p.planned < p.revision OR p.revision = 1"
    )
    assert {row["root"] for row in touched} >= {"order:1001", "invoice:F1"}
    await hub.rest()
    states = await hub.states()
    assert states["F2"] == "done"
    assert states["F1"] == ("excluded: waiting" if when == "excluded" else "done")
    assert hub.books.holds("F1") is (when != "excluded")
    assert (await hub.sql("SELECT count(*) AS n FROM decision"))[0]["n"] == 2
    assert hub.books.doubles == []


async def test_a_passage_is_planned_by_one_and_a_late_plan_is_not_written(installed: Installer) -> None:
    hub = await installed()
    hub.shop.put(toy.invoice("F1"))
    await hub.read()
    [old] = await hub.ledger.write(passages.lease, "old", 1, 10)
    assert await hub.ledger.write(passages.lease, "new", 1, 10) == []
    await hub.elapse(61)
    [new] = await hub.ledger.write(passages.lease, "new", 1, 10)
    assert new.fence == old.fence + 1
    assert await hub.ledger.write(passages.commit, [PlannedPassage(lease=old, endpoint=2, decisions=())]) == 0
    await hub.ledger.write(
        Transaction.run, "postpone_passages", passages=[{"id": old.passage, "fence": old.fence}], pause=0
    )
    [row] = await hub.sql("SELECT owner, planned, fence FROM passage")
    assert row == {"owner": "new", "planned": 0, "fence": new.fence}
    assert await hub.ledger.write(passages.commit, [PlannedPassage(lease=new, endpoint=2, decisions=())]) == 1


async def test_a_case_that_changes_while_it_is_planned_is_planned_again_and_not_sent(installed: Installer) -> None:
    hub = await installed()
    hub.shop.put(toy.invoice("F1"))
    await hub.read()
    changed: list[str] = []

    async def hook(name: str, _: Any) -> None:
        if name == "ask" and not changed:
            changed.append(name)
            hub.shop.put(toy.invoice("F1", "242"))
            await hub.read()

    hub.books.hook = hook
    [flow] = [row["id"] for row in await hub.rows("flows_due")]
    from mostek.hub.planning import plan_groups

    await plan_groups(hub.engine, flow, seconds=0)
    assert await hub.deliver() == 0
    await hub.rest()
    assert [action.subject.total for _, action in hub.books.every if action.kind == "invoice"] == [toy.money("242")]  # type: ignore[union-attr]
