"""What a delivered document costs the ledger, counted in statements: the figure that no machine changes."""

from collections import Counter
from typing import Any

import pytest

from mostek.hub.delivery import deliver
from mostek.hub.ledger import Transaction
from mostek.hub.planning import plan_groups
from tests.hub import toy
from tests.hub.conftest import Installer

GROUP, GROUPS = 16, 10
PLANNED = 20


async def test_a_group_of_sixteen_is_delivered_with_six_statements(
    installed: Installer, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = await installed({"contacts": "none"}, batch=GROUP)
    hub.shop.put(*(toy.invoice(f"F{number}") for number in range(GROUP * GROUPS)))
    await hub.read()
    await hub.plan()
    ran: Counter[str] = Counter()
    for name in ("rows", "many"):
        monkeypatch.setattr(Transaction, name, counted(getattr(Transaction, name), ran))
    await deliver(hub.engine, 2)  # nothing is old enough to be read back
    assert hub.books.calls["write"] == GROUPS
    assert {"intend", "commit_outcomes", "judge", "trace_steps"} <= ran.keys()
    assert ran.total() <= 6 * GROUPS, ran


def counted(run: Any, ran: Counter[str]) -> Any:
    """The same call, counted by the statement's name."""

    def call(self: Transaction, statement: str, /, *args: Any, **values: Any) -> Any:
        ran[statement] += 1
        return run(self, statement, *args, **values)

    return call


async def test_a_back_log_is_planned_with_one_commit_a_group(
    installed: Installer, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = await installed({"contacts": "none"})
    hub.shop.put(*(toy.invoice(f"F{number}") for number in range(PLANNED * GROUPS)))
    await hub.read()
    before = hub.ledger.groups
    ran: Counter[str] = Counter()
    for name in ("rows", "many"):
        monkeypatch.setattr(Transaction, name, counted(getattr(Transaction, name), ran))
    assert await plan_groups(hub.engine, 1, PLANNED, seconds=60) == PLANNED * GROUPS
    assert hub.ledger.groups - before == 1 + GROUPS, "each group is leased with the commit of the one before"
    assert "judge" not in ran, "where new documents stand is known"
    assert await hub.states() == {f"F{number}": "waiting: waiting" for number in range(PLANNED * GROUPS)}
