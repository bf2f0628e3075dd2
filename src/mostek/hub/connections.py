"""Connections at work: connectors found by entry point, settings unlocked, one open session each."""

from collections import deque
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.metadata import entry_points
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from mostek.documents.problem import Problem, invalid
from mostek.hub.ledger import Ledger, catalog
from mostek.hub.ledger.catalog import ConnectionRow
from mostek.hub.vault import Vault
from mostek.sdk import settings as settings_
from mostek.sdk.capability import Connector, Context, Reads, Session, Writes
from mostek.sdk.http import Exchange
from mostek.sdk.limits import Budget, Usage
from mostek.sdk.redaction import Redactor
from mostek.sdk.settings import Settings

AnyConnector = Connector[Settings]


@cache
def connectors() -> dict[str, AnyConnector]:
    """Every installed connector by its id."""
    found = (entry.load() for entry in entry_points(group="mostek.connectors"))
    return {connector.id: connector for connector in found}


def connector_of(name: str) -> AnyConnector:
    """One connector; raises ``connector.unknown`` naming those that are installed."""
    found = connectors().get(name)
    if found is None:
        raise invalid("connector.unknown", "connector", name=name, known=", ".join(sorted(connectors())))
    return found


@dataclass
class Opened:
    """One connection in use. ``exchanges`` are its latest calls, redacted, for traces."""

    row: ConnectionRow
    connector: AnyConnector
    settings: Settings
    session: Session
    budget: Budget
    exchanges: deque[Exchange]
    redact: Redactor

    def redacted(self, problem: Problem) -> Problem:
        """The problem with every secret taken out of what it quotes."""
        details = {name: self.redact(value) for name, value in problem.details.items()}
        return msgspec.structs.replace(problem, field=self.redact(problem.field), details=details)

    @property
    def settles_after_ms(self) -> int:
        """How long a write whose answer was lost may still take effect."""
        return (self.settings.settles_after or self.connector.manifest.settles_after) * 1000

    @cached_property
    def reads(self) -> Reads:
        """The session, as a source; raises ``connection.no_source`` for a system that cannot be read from."""
        if not isinstance(self.session, Reads):
            raise invalid("connection.no_source", "source", slug=self.row.slug)
        return self.session

    @cached_property
    def writes(self) -> Writes:
        """The session, as a target; raises ``connection.no_target`` for a system that cannot be written to."""
        if not isinstance(self.session, Writes):
            raise invalid("connection.no_target", "target", slug=self.row.slug)
        return self.session


class Connections:
    """Opens connections when they are first needed and keeps them until their settings change."""

    def __init__(self, ledger: Ledger, vault: Vault) -> None:
        self._ledger = ledger
        self._vault = vault
        self._opened: dict[int, Opened] = {}

    async def get(self, number: int) -> Opened:
        """The open connection; a change of its settings is noticed and takes effect."""
        row = await self._ledger.read(catalog.connection, number)
        if row is None:
            raise invalid("connection.unknown", "connection", slug=number)
        held = self._opened.get(number)
        if held and (held.row.settings, held.row.secrets) == (row.settings, row.secrets):
            return held
        if held:
            await held.session.close()
        self._opened[number] = self.open(row)
        return self._opened[number]

    def open(self, row: ConnectionRow) -> Opened:
        """Open a connection as stored, whether or not it is kept."""
        connector = connector_of(row.connector)
        settings = settings_.load(connector.settings, {**row.settings, **self._vault.unlock(row.secrets)})
        return opened(row, connector, settings)

    async def close(self) -> None:
        """Close every session."""
        for held in self._opened.values():
            await held.session.close()
        self._opened.clear()


def opened(row: ConnectionRow, connector: AnyConnector, settings: Settings) -> Opened:
    """Open a session for these settings."""
    exchanges: deque[Exchange] = deque(maxlen=20)
    budget = Budget(usage=msgspec.convert(row.usage, Usage))
    context = Context(slug=row.slug, zone=ZoneInfo(settings.timezone), budget=budget, recorder=exchanges.append)
    return Opened(
        row=row,
        connector=connector,
        settings=settings,
        session=connector.open(settings, context),
        budget=budget,
        exchanges=exchanges,
        redact=Redactor(str(getattr(settings, name)) for name in settings_.secrets(connector.settings)),
    )


def split_secrets(connector: AnyConnector, values: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Check settings and split them into what may be shown and what is locked away."""
    checked = msgspec.to_builtins(settings_.load(connector.settings, values))
    hidden = settings_.secrets(connector.settings)
    return (
        {name: value for name, value in checked.items() if name not in hidden},
        {name: str(value) for name, value in checked.items() if name in hidden},
    )
