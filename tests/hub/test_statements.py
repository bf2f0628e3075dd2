"""What a delivered document costs the ledger, counted in statements: the figure that no machine changes."""

from collections import Counter
from typing import Any

import pytest

from mostek.hub.delivery import deliver
from mostek.hub.ledger import Transaction
from tests.hub import toy
from tests.hub.conftest import Installer

GROUP, GROUPS = 16, 10


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
