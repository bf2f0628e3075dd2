"""The hub under anything that may happen: see tests/hub/trading.py."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from tests.hub.bookkeeping import Bookkeeping
from tests.hub.trading import Trading
from tests.postgres import Server

Address = Callable[[Path], contextlib.AbstractContextManager[str]]


@contextlib.contextmanager
def file(folder: Path) -> Iterator[str]:
    """A SQLite file in the folder."""
    yield f"sqlite:///{folder / 'mostek.db'}"


def trade(
    address: Address, examples: int, steps: int, *, of: type[RuleBasedStateMachine] = Trading, shrink: bool = True
) -> None:
    """Run a machine on databases from ``address``."""
    machine = type("Machine", (of,), {"address": staticmethod(address)})
    phases = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink) if shrink else (Phase.generate,)
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            phases=phases,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.timeout(600)
def test_trading_on_sqlite() -> None:
    trade(file, examples=200, steps=40)


@pytest.mark.timeout(600)
@pytest.mark.postgres
def test_trading_on_postgresql(postgres_server: Server) -> None:
    trade(lambda _: postgres_server.database(), examples=15, steps=25)


@pytest.mark.soak
def test_trading_for_long_on_sqlite() -> None:
    trade(file, examples=2_000, steps=80)


@pytest.mark.soak
@pytest.mark.postgres
def test_trading_for_long_on_postgresql(postgres_server: Server) -> None:
    trade(lambda _: postgres_server.database(), examples=300, steps=60)


@pytest.mark.timeout(600)
def test_changes_on_both_sides_on_sqlite() -> None:
    """5,000 steps."""
    trade(file, examples=125, steps=40, of=Bookkeeping)


@pytest.mark.timeout(600)
@pytest.mark.postgres
def test_changes_on_both_sides_on_postgresql(postgres_server: Server) -> None:
    trade(lambda _: postgres_server.database(), examples=10, steps=25, of=Bookkeeping)


@pytest.mark.soak
def test_changes_on_both_sides_for_long() -> None:
    """500,000 steps."""
    trade(file, examples=6_250, steps=80, of=Bookkeeping)
