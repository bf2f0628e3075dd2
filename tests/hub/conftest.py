"""Each test of the hub runs on SQLite and on PostgreSQL."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from mostek.hub.vault import Vault
from tests.hub.bench import Installation, install

Installer = Callable[..., Awaitable[Installation]]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'mostek.db'}"
    return str(request.getfixturevalue("postgres"))


@pytest.fixture
async def installed(monkeypatch: pytest.MonkeyPatch, address: str, tmp_path: Path) -> AsyncIterator[Installer]:
    """Sets the toy pair up, with a policy if one is given, and takes it down after the test."""
    made: list[Installation] = []

    async def make(policy: Mapping[str, Any] | None = None, **more: Any) -> Installation:
        made.append(await install(monkeypatch, address, Vault(tmp_path / "key"), policy, **more))
        return made[-1]

    yield make
    for installation in made:
        await installation.close()
