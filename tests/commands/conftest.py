"""Commands are tried on the hub's toy pair, on SQLite and on PostgreSQL."""

from tests.hub.conftest import address, installed

__all__ = ["address", "installed"]
