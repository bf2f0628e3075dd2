"""Where a check takes place: a fresh sandbox, a session opened on it, and the books of both."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp

from mostek.sandbox import Rule, running
from mostek.sandbox.runtime import Sandbox
from mostek.sdk import settings as settings_
from mostek.sdk.capability import Context, Reads, Session, Writes, utc_now
from mostek.sdk.effect import NotSent, Result, Unknown
from mostek.sdk.errors import RateLimitedError, VendorError
from mostek.sdk.http import PATIENCE, Exchange
from mostek.sdk.kit.check import broken, must
from mostek.sdk.kit.desk import Desk
from mostek.sdk.kit.setup import Ledger, People, Setup, Source, Target
from mostek.sdk.kit.wire import Wire
from mostek.sdk.limits import Budget
from mostek.sdk.record import Page, Record
from mostek.sdk.redaction import spellings
from mostek.sdk.settings import Settings

MOST_PAGES = 400


class Counted(Budget):
    """A call budget that counts how often it was asked."""

    asked: int = 0

    def take(self, now: datetime) -> None:
        """Count the question, then answer it."""
        self.asked += 1
        super().take(now)


@dataclass
class Bench:
    """One session on one running sandbox."""

    setup: Setup
    sandbox: Sandbox
    wire: Wire
    desk: Desk
    url: str
    settings: Settings
    session: Session
    budget: Counted
    exchanges: list[Exchange]

    @property
    def reads(self) -> Reads:
        """The session as a source."""
        if not isinstance(self.session, Reads):
            broken("a connector with feeds gives a session that can read")
        return self.session

    @property
    def writes(self) -> Writes:
        """The session as a target."""
        if not isinstance(self.session, Writes):
            broken("a connector with writes gives a session that can write")
        return self.session

    @property
    def source(self) -> Source:
        """The setup's reading half."""
        assert self.setup.source is not None
        return self.setup.source

    @property
    def target(self) -> Target:
        """The setup's writing half."""
        assert self.setup.target is not None
        return self.setup.target

    @property
    def people(self) -> People:
        """What the setup tells of contacts."""
        assert self.setup.people is not None
        return self.setup.people

    @property
    def feeds(self) -> tuple[str, ...]:
        """The feeds that the manifest names."""
        return tuple(self.setup.connector.manifest.feeds)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every spelling of every secret of the settings."""
        names = settings_.secrets(self.setup.connector.settings)
        return spellings(str(getattr(self.settings, name) or "") for name in names)

    def ledger(self) -> Ledger:
        """What the sandbox holds."""
        return self.sandbox.ledger()

    @contextmanager
    def fault(self, name: str, **rule: Any) -> Iterator[None]:
        """Let a fault happen to every call that the rule meets, for as long as the block lasts."""
        rules = [Rule.from_json({"fault": name, **rule})]
        self.wire.replace(rules)
        try:
            yield
            must(rules[0].met, "the calls that a fault waits for are made", fault=name, rule=rule)
        finally:
            self.wire.replace([])

    @contextmanager
    def write_fault(self, name: str, **rule: Any) -> Iterator[None]:
        """The same for writes only."""
        with self.fault(name, **{**self.target.writes, **rule}):
            yield

    async def passed(self, feed: str, cursor: str = "", since: date | None = None) -> list[Page]:
        """All pages of one pass."""
        return [page async for page in self.pages(feed, cursor, since)]

    async def pages(self, feed: str, cursor: str = "", since: date | None = None) -> AsyncIterator[Page]:
        """The pages of one pass, one by one; a pass without an end is broken off."""
        pages = count(1)
        async for page in self.reads.read(feed, cursor, since):
            must(next(pages) <= MOST_PAGES, "a pass over a feed comes to an end", feed=feed, pages=MOST_PAGES)
            yield page


@dataclass(frozen=True)
class Room:
    """The setup under proof and an empty folder; every bench gets a sandbox of its own in it."""

    setup: Setup
    folder: Path
    numbers: "count[int]" = field(default_factory=count)

    @asynccontextmanager
    async def bench(self, change: Callable[[dict[str, Any]], object] = lambda values: None) -> AsyncIterator[Bench]:
        """Start a sandbox and open a session on it; ``change`` may alter the settings."""
        folder = self.folder / str(next(self.numbers))
        folder.mkdir()
        sandbox = self.setup.factory(folder, self.setup.options)
        async with AsyncExitStack() as stack:
            stack.callback(sandbox.close)
            wire = Wire()
            url = await stack.enter_async_context(running(sandbox, faults=wire))
            desk = Desk(await stack.enter_async_context(aiohttp.ClientSession()), url)
            values = dict(self.setup.settings(url))
            change(values)
            bench = opened(self.setup, sandbox, wire, desk, url, values)
            stack.push_async_callback(bench.session.close)
            yield bench


def opened(setup: Setup, sandbox: Sandbox, wire: Wire, desk: Desk, url: str, values: dict[str, Any]) -> Bench:  # noqa: PLR0917
    """Open a session as the hub does."""
    settings = settings_.load(setup.connector.settings, values)
    budget, exchanges = Counted(), list[Exchange]()
    context = Context(slug="kit", zone=ZoneInfo(settings.timezone), budget=budget, recorder=exchanges.append)
    session = setup.connector.open(settings, context)
    return Bench(setup, sandbox, wire, desk, url, settings, session, budget, exchanges)


async def reopened(bench: Bench, **values: Any) -> Bench:
    """Another session on the same sandbox, as after a restart; the first is closed."""
    await bench.session.close()
    merged = {**bench.setup.settings(bench.url), **values}
    return opened(bench.setup, bench.sandbox, bench.wire, bench.desk, bench.url, merged)


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Let no call wait longer, whatever the connector's own time-out is."""
    token = PATIENCE.set(seconds)
    try:
        yield
    finally:
        PATIENCE.reset(token)


async def failure(call: Awaitable[object], doing: str) -> VendorError:
    """The error that a call raises; another exception, or none, breaks the contract."""
    try:
        result = await call
    except VendorError as error:
        return error
    except Exception as error:  # noqa: BLE001 - whatever else comes out is what is looked for
        broken("only errors of the tree in mostek.sdk.errors are raised", doing=doing, raised=error)
    return broken("a failure of the vendor is told by an error", doing=doing, result=result)


async def outcome(bench: Bench, intents: Sequence[Any]) -> Sequence[Result]:
    """What the hub makes of one write: what is raised counts for every intent, as it would there."""
    try:
        results = await bench.writes.write(intents)
    except RateLimitedError as error:
        return [NotSent(until=error.until, problem=error.problem)] * len(intents)
    except VendorError as error:
        if error.sent:
            return [Unknown(problem=error.problem)] * len(intents)
        return [NotSent(until=utc_now(), problem=error.problem)] * len(intents)
    except Exception as error:  # noqa: BLE001 - whatever else comes out is what is looked for
        broken("write raises only errors of the tree in mostek.sdk.errors", raised=error)
    must(len(results) == len(intents), "write gives one result for each intent", results=results)
    return results


def records(pages: Sequence[Page]) -> list[Record]:
    """All records of these pages."""
    return [record for page in pages for record in page.records]


def identities(pages: Sequence[Page]) -> set[tuple[str, str]]:
    """Kind and id of every record of these pages."""
    return {(record.kind, record.id) for record in records(pages)}
