"""A desk with the default options for every test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.connectors.flexibee.test_sandbox.desk import Desk, opened


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """A company with code lists and nothing booked."""
    async with opened(tmp_path) as each:
        yield each
