"""An installation of the toy pair for one test: a ledger, two connections, a flow, and the shop and books behind."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from mostek.hub import connections
from mostek.hub.connections import Connections, split_secrets
from mostek.hub.engine import Engine
from mostek.hub.ledger import Ledger, Transaction, catalog
from mostek.hub.runner import Left, Runner
from mostek.hub.vault import Vault
from tests.hub import toy


@dataclass
class Installation:
    """What a test drives and looks at."""

    ledger: Ledger
    vault: Vault
    engine: Engine
    shop: toy.Shop
    books: toy.Books

    async def once(self, patience: float = 10) -> Left:
        """Run until everything is at rest."""
        return await Runner(self.engine, verify_age_ms=0).once(patience)

    async def rows(self, statement: str, **values: Any) -> list[Mapping[str, Any]]:
        """Read by a named statement."""
        return [dict(row) for row in await self.ledger.read(Transaction.rows, statement, **values)]

    async def states(self) -> dict[str, str]:
        """The state of every document by its number, with the cause where it is not done."""
        rows = await self.rows("standing_all")
        return {row["number"]: row["state"] if row["state"] == "done" else f"{row['state']}: {row['cause']}" for row in rows}

    async def restart(self) -> "Installation":
        """Another worker on the same database, as after a crash: nothing of the first is left in memory."""
        await self.engine.connections.close()
        engine = Engine(self.ledger, Connections(self.ledger, self.vault))
        return Installation(self.ledger, self.vault, engine, self.shop, self.books)

    async def close(self) -> None:
        """Let everything go."""
        await self.engine.connections.close()
        self.ledger.close()


async def install(
    monkeypatch: pytest.MonkeyPatch, address: str, vault: Vault, policy: Mapping[str, Any] | None = None
) -> Installation:
    """Set the toy pair up on this database."""
    name = uuid4().hex
    toy.SHOPS[name], toy.BOOKS[name] = toy.Shop(), toy.Books()
    known = {"toyshop": toy.SHOP, "toybooks": toy.BOOKS_CONNECTOR}
    monkeypatch.setattr(connections, "connectors", lambda: known)
    ledger = Ledger(address)
    ids = []
    for slug, connector, settings in (
        ("shop", toy.SHOP, {"shop": name}),
        ("books", toy.BOOKS_CONNECTOR, {"books": name, "settles_after": 1}),
    ):
        shown, hidden = split_secrets(connector, settings)  # type: ignore[arg-type]
        feeds = {feed: manifest.every for feed, manifest in connector.manifest.feeds.items()}
        ids.append(
            await ledger.write(
                catalog.put_connection,
                slug,
                connector.id,
                settings=shown,
                secrets=vault.lock(hidden),
                feeds=feeds,
                writes=bool(connector.manifest.writes),
            )
        )
    source, target = ids
    assert source
    assert target
    await ledger.write(
        catalog.add_flow,
        "shop-to-books",
        source,
        target,
        policy=dict(policy or {}),
        kinds=("invoice", "credit_note", "receipt"),
        since=None,
    )
    return Installation(ledger, vault, Engine(ledger, Connections(ledger, vault)), toy.SHOPS[name], toy.BOOKS[name])
