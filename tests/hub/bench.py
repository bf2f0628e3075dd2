"""An installation of the toy pair for one test: a ledger, two connections, a flow, and the shop and books behind.

Time is the test's: :meth:`Installation.elapse` moves every stored time into the past, so nothing sleeps. The steps of
the loops can be driven one by one, or to rest by :meth:`Installation.rest`.
"""

import dataclasses
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, cast
from uuid import uuid4

import msgspec
import pytest

from mostek import commands
from mostek.core import policy as policies
from mostek.desk import installation
from mostek.hub import connections
from mostek.hub.connections import Connections, split_secrets
from mostek.hub.delivery import deliver
from mostek.hub.engine import Engine
from mostek.hub.ledger import Ledger, Transaction, catalog
from mostek.hub.planning import plan_groups, weigh_flows
from mostek.hub.reading import fetch_wanted, read_feed, reread
from mostek.hub.runner import Left, Runner
from mostek.hub.vault import Vault
from mostek.sdk.manifest import Limits
from tests.hub import people, toy

KINDS = ("invoice", "credit_note", "receipt")
# Every stored time that the loops compare with the clock.
_TIMES = (
    "UPDATE feed SET lease = lease - {ms}, due = due - {ms}",
    "UPDATE passage SET lease = lease - {ms}",
    "UPDATE endpoint SET lease = lease - {ms}, not_before = not_before - {ms}",
    "UPDATE action SET sent = sent - {ms}, settles = settles - {ms}, not_before = not_before - {ms}",
    "UPDATE action SET changed = changed - {ms}, recheck = recheck - {ms}",
    "UPDATE decision SET wait_until = wait_until - {ms}",
    "UPDATE delivery SET due = due - {ms}, done = done - {ms}",
    "UPDATE untold SET at = at - {ms}",
)


@dataclass
class Installation:
    """What a test drives and looks at."""

    ledger: Ledger
    vault: Vault
    engine: Engine
    shop: toy.Shop
    books: toy.Books
    name: str = ""
    others: dict[str, toy.Books] = field(default_factory=dict)

    @property
    def connections(self) -> Connections:
        """The open connections."""
        return self.engine.connections

    async def command(self, name: str, request: msgspec.Struct) -> Any:
        """Carry out a command as the person ``eva`` does."""
        return await commands.run(cast("installation.Installation", self), name, request, "eva")

    async def once(self, patience: float = 10) -> Left:
        """Run until everything is at rest."""
        return await Runner(self.engine, verify_age_ms=0).once(patience)

    async def read(self) -> None:
        """One pass over each feed, as if all were due."""
        for row in await self.ledger.read(catalog.feeds):
            await read_feed(self.engine, [row["id"]], forced=True)

    async def plan(self) -> int:
        """Plan everything that needs it; returns how many plans were made."""
        planned = 0
        for _ in range(100):
            await self.ledger.write(Transaction.rows, "wake_due")
            await weigh_flows(self.engine)
            flows = [row["id"] for row in await self.rows("flows_due")]
            moved = sum([await plan_groups(self.engine, flow) for flow in flows]) or await fetch_wanted(self.engine)
            if not moved:
                return planned
            planned += moved
        raise AssertionError("planning does not come to an end")

    async def deliver(self) -> int:
        """One tenure of each endpoint."""
        targets = {"toybooks", "toybook"}
        numbers = [row.id for row in await self.ledger.read(catalog.connections) if row.connector in targets]
        return sum([await deliver(self.engine, number, verify_age_ms=0) for number in numbers])

    async def rest(self, rounds: int = 40, seconds: int = 30) -> None:
        """Read once, then plan and deliver, and let time pass, until nothing is left to do."""
        await self.read()
        for _ in range(rounds):
            await self.plan()
            await self.deliver()
            if not await Runner(self.engine).left():
                return
            await self.elapse(seconds)
        raise AssertionError(f"no rest after {rounds} rounds: {await self.states()}")

    async def reread(self) -> None:
        """Ask the shop for every record again."""
        await reread(self.engine, [row["id"] for row in await self.sql("SELECT id FROM record")])

    async def elapse(self, seconds: float) -> None:
        """Let time pass, for the ledger."""
        await self.sql(*(text.format(ms=int(seconds * 1000)) for text in _TIMES))

    async def sql(self, *texts: str) -> list[Any]:
        """Run statements of the test's own in one commit; returns the rows of the last."""

        def run(tx: Transaction) -> list[Any]:
            rows: list[Any] = []
            for text in texts:
                cursor = tx._connection.execute(text)
                rows = [dict(row) for row in cursor.fetchall()] if cursor.description else []
            return rows

        return await self.ledger.write(run)

    async def rows(self, statement: str, **values: Any) -> list[dict[str, Any]]:
        """Read by a named statement."""
        return [dict(row) for row in await self.ledger.read(Transaction.rows, statement, **values)]

    async def states(self) -> dict[str, str]:
        """The state of every document by its number, with the cause where it is not done."""
        rows = await self.rows("standing_all")
        return {
            row["number"]: row["state"] if row["state"] == "done" else f"{row['state']}: {row['cause']}" for row in rows
        }

    async def counts(self) -> Counter[str]:
        """How many documents are in each state."""
        return Counter(row["state"] for row in await self.rows("standing_all"))

    async def restart(self) -> "Installation":
        """Another worker on the same database, as after a crash: nothing of the first is left in memory."""
        await self.engine.connections.close()
        return self.beside(self.ledger)

    def beside(self, ledger: Ledger) -> "Installation":
        """Another worker, while the first goes on."""
        engine = Engine(ledger, Connections(ledger, self.vault))
        return Installation(ledger, self.vault, engine, self.shop, self.books, self.name, self.others)

    async def close(self) -> None:
        """Let everything go."""
        await self.engine.connections.close()
        self.ledger.close()

    async def connect(self, slug: str, connector: Any, settings: Mapping[str, Any]) -> int:
        """Store a connection as the command does."""
        shown, hidden = split_secrets(connector, dict(settings))
        number = await self.ledger.write(
            catalog.put_connection,
            slug,
            connector.id,
            settings=shown,
            secrets=self.vault.lock(hidden),
            feeds={feed: manifest.every for feed, manifest in connector.manifest.feeds.items()},
            writes=bool(connector.manifest.writes),
        )
        assert number
        return number

    async def flow(
        self,
        slug: str,
        source: int,
        target: int,
        policy: Mapping[str, Any],
        *,
        kinds: Any = KINDS,
        since: date | None = None,
    ) -> int:
        """Store a flow as the command does."""
        number = await self.ledger.write(
            catalog.add_flow, slug, source, target, policy=dict(policy), kinds=kinds, since=since, state="live"
        )
        assert number
        return number

    async def more_books(self, slug: str, policy: Mapping[str, Any] | None = None) -> toy.Books:
        """Further books, and a flow from the shop into them."""
        name = uuid4().hex
        self.others[slug] = toy.BOOKS[name] = toy.Books()
        source = next(row.id for row in await self.ledger.read(catalog.connections) if row.slug == "shop")
        target = await self.connect(slug, toy.BOOKS_CONNECTOR, {"books": name, "settles_after": 1})
        await self.flow(f"shop-to-{slug}", source, target, policy or {})
        return toy.BOOKS[name]

    async def more_shop(self, slug: str, policy: Mapping[str, Any] | None = None) -> toy.Shop:
        """Another shop, and a flow from it into the books."""
        name = uuid4().hex
        toy.SHOPS[name] = toy.Shop()
        source = await self.connect(slug, toy.SHOP, {"shop": name})
        target = next(row.id for row in await self.ledger.read(catalog.connections) if row.slug == "books")
        await self.flow(f"{slug}-to-books", source, target, policy or {})
        return toy.SHOPS[name]

    async def address_book(self, slug: str) -> people.Book:
        """An address book, not yet in any flow."""
        name = uuid4().hex
        people.BOOKS[name] = people.Book()
        await self.connect(slug, people.BOOK, {"book": name, "settles_after": 1})
        return people.BOOKS[name]

    async def contacts(self, source: str, target: str, policy: Mapping[str, Any] | None = None) -> int:
        """A flow of contacts between two connections."""
        numbers = {row.slug: row.id for row in await self.ledger.read(catalog.connections)}
        settings = {"kinds": ["contact"], **(policy or {})}
        return await self.flow(f"{source}-to-{target}", numbers[source], numbers[target], settings, kinds=("contact",))

    async def change_policy(self, policy: Mapping[str, Any]) -> None:
        """Save a new version of the first flow's policy."""
        flow = (await self.ledger.read(catalog.flows))[0]
        kinds = policy.get("kinds", KINDS)
        await self.ledger.write(catalog.change_flow, flow, dict(policy), kinds, policies.load(policy).starts_from)


async def install(
    monkeypatch: pytest.MonkeyPatch,
    address: str,
    vault: Vault,
    policy: Mapping[str, Any] | None = None,
    *,
    kinds: tuple[str, ...] = KINDS,
    batch: int = 10,
    required: bool = False,
) -> Installation:
    """Set the toy pair up on this database.

    ``batch`` is how many actions the books take in one call; with ``required`` they want each form of payment mapped.
    """
    name = uuid4().hex
    toy.SHOPS[name], toy.BOOKS[name] = toy.Shop(), toy.Books()
    plain = toy.BOOKS_CONNECTOR.manifest
    tables = dict(plain.mappings)
    if required:
        tables["payment_form"] = msgspec.structs.replace(tables["payment_form"], required=True)
    manifest = msgspec.structs.replace(plain, limits=Limits(concurrent=1, batch=batch), mappings=tables)
    books = dataclasses.replace(toy.BOOKS_CONNECTOR, manifest=manifest)
    known: dict[str, Any] = {"toyshop": toy.SHOP, "toybooks": books, "toybook": people.BOOK}
    monkeypatch.setattr(connections, "connectors", lambda: known)
    ledger = Ledger(address)
    engine = Engine(ledger, Connections(ledger, vault))
    hub = Installation(ledger, vault, engine, toy.SHOPS[name], toy.BOOKS[name], name)
    source = await hub.connect("shop", toy.SHOP, {"shop": name})
    target = await hub.connect("books", toy.BOOKS_CONNECTOR, {"books": name, "settles_after": 1})
    await hub.flow("shop-to-books", source, target, policy or {}, kinds=kinds)
    return hub


class CrashPoint:
    """Kills the process at one write of the ledger or one call of the books, counted from 0: before or after it."""

    def __init__(self, at: int, after: bool) -> None:
        self.at = at
        self.after = after
        self.seen = 0

    def wrap(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """The same call, deadly at its turn."""

        async def deadly(*args: Any, **kwargs: Any) -> Any:
            turn, self.seen = self.seen, self.seen + 1
            if turn == self.at and not self.after:
                raise toy.Crash(turn)
            result = await call(*args, **kwargs)
            if turn == self.at:
                raise toy.Crash(turn)
            return result

        return deadly
