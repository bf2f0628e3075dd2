"""Simulators for the session, one transfer that has been made, and a desk of its own for each test."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.cli.desk import Desk, pair

DOCUMENTS = 40


@pytest.fixture(scope="session")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The shop, with some hostile documents, and the books."""
    with pair(tmp_path_factory.mktemp("simulators"), DOCUMENTS, "hostile=0.2") as urls:
        yield urls


@pytest.fixture(scope="session")
def transferred(addresses: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder after one run: most is done, some needs a person."""
    folder = tmp_path_factory.mktemp("transferred")
    desk = Desk(folder / "data")
    desk.connect(*addresses, key_file=folder / "key")
    assert desk.run("run", "--once").exit_code == 5
    return desk.data


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Nothing yet but a place for the data folder."""
    return Desk(tmp_path / "data")


@pytest.fixture
def set_up(transferred: Path, desk: Desk) -> Desk:
    """A copy of the data folder after one run."""
    shutil.copytree(transferred, desk.data)
    desk.done("takeover", "--yes")  # a copy does nothing before that
    return desk


@pytest.fixture(autouse=True)
def own_log() -> Iterator[None]:
    """The command line turns the log to its own standard error, which ends with it."""
    yield
    structlog.reset_defaults()
