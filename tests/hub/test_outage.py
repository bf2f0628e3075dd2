"""A database that goes away for a while: the worker lives on, and nothing is lost or done twice."""

import asyncio

import pytest

from mostek.hub import runner
from mostek.hub.ledger import actions, feeds, passages
from mostek.hub.ledger.dialect import POSTGRESQL
from mostek.hub.runner import Runner
from tests.hub import papers
from tests.hub.conftest import Installer


@pytest.mark.postgres
@pytest.mark.parametrize("address", ["postgresql"], indirect=True)
async def test_the_worker_outlasts_a_restart_of_the_database(
    installed: Installer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "_DATABASE_PAUSE", 0.05)
    for rows in (feeds, passages, actions):  # what was under way when the database went is taken up after its lease
        monkeypatch.setattr(rows, "LEASE_MS", 2_000)
    hub = await installed()
    hub.shop.put(*(papers.invoice(f"F{number}") for number in range(60)))
    working = Runner(hub.engine, verify_age_ms=0)
    task = asyncio.create_task(working.watch())
    try:
        for times in range(5):
            await asyncio.sleep(0.1)
            killer = POSTGRESQL.connect(hub.ledger.address)
            killer.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )
            killer.close()
            assert not task.done(), f"the worker ended after {times} losses"
        async with asyncio.timeout(60):
            while hub.books.count(kind="invoice") < 60:  # noqa: ASYNC110 - the toys give no signal
                await asyncio.sleep(0.05)
    finally:
        working.stop()
        await asyncio.wait_for(task, 30)
    await hub.rest(seconds=120)
    assert set((await hub.states()).values()) == {"done"}
    assert hub.books.count(kind="invoice") == 60
