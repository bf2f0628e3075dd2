"""What every test may ask for, and how a run differs between a laptop and CI."""

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
import structlog

from tests.absence import absent

pytest_plugins = ["tests.specs", "tests.postgres"]

# Examples are searched anew on a laptop and repeatable in CI, where a shared processor makes time limits lie.
hypothesis.settings.register_profile("laptop", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") == "true" else "laptop")


@pytest.fixture(scope="session")
def peers() -> Path:
    """Give the Python of the environment with third parties' own clients (requirements/peers.txt)."""
    python = os.environ.get("MOSTEK_PEERS", "")
    if not python or not Path(python).exists():
        absent("Peers' environment is", "make test builds it and sets MOSTEK_PEERS")
    return Path(python)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests that run peers before `-m` chooses among them."""
    for item in items:
        if "peers" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.peer)


@pytest.fixture(autouse=True)
def _log_to_no_closed_stream() -> Iterator[None]:
    """A command run in this process has its log go to that test's standard error: the next test starts afresh."""
    yield
    structlog.reset_defaults()
