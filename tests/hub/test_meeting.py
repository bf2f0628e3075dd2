"""Contacts both ways under anything that may happen: see tests/hub/meeting.py."""

import pytest

from tests.hub.meeting import Meeting
from tests.hub.test_trading import file, trade
from tests.postgres import Server


@pytest.mark.timeout(600)
def test_two_address_books_meet_on_sqlite() -> None:
    trade(file, examples=60, steps=30, of=Meeting)


@pytest.mark.timeout(600)
@pytest.mark.postgres
def test_two_address_books_meet_on_postgresql(postgres_server: Server) -> None:
    trade(lambda _: postgres_server.database(), examples=6, steps=20, of=Meeting)


@pytest.mark.soak
def test_two_address_books_meet_for_long() -> None:
    trade(file, examples=2_000, steps=60, of=Meeting)
