"""Acceptance runs on SQLite and on PostgreSQL."""

import pytest


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest) -> str:
    """The address of an empty database for a hub; empty for SQLite in the hub's own folder."""
    return "" if request.param == "sqlite" else str(request.getfixturevalue("postgres"))
