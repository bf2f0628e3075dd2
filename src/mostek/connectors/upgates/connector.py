"""UpGates: what it can do (be read from), and its session."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import count
from urllib.parse import urlsplit

from mostek.connectors.upgates.client import Client, Listing, Service
from mostek.connectors.upgates.mapping import parse
from mostek.connectors.upgates.records import admin_page, distinct, item, readable
from mostek.connectors.upgates.settings import UpgatesSettings
from mostek.documents.problem import Problem
from mostek.sdk import paging
from mostek.sdk.capability import Connector, Context, Health
from mostek.sdk.field import utc
from mostek.sdk.manifest import load
from mostek.sdk.record import Page, Record


@dataclass(frozen=True)
class Feed:
    """How one list is asked, in which order, and by which law its pages are followed."""

    call: Callable[[Client, Mapping[str, str]], Awaitable[Listing]]
    sorting: Mapping[str, str]
    law: Callable[[], paging.Law]


FEEDS: Mapping[str, Feed] = {
    "order": Feed(Client.orders, {"order_by": "last_update_time", "order_dir": "asc"}, paging.Changes),
    "invoice": Feed(Client.invoices, {}, paging.Sweep),
}
PACKAGE = "mostek.connectors.upgates"
FILTERS = {"created": "creation_time_from", "changed": "last_update_time_from"}
BATCH = 100  # numbers in one call: as many as a page holds
_BEGINNING = date(2000, 1, 1)  # older than the vendor


class Shop:
    """An opened shop."""

    def __init__(self, settings: UpgatesSettings, context: Context) -> None:
        context.budget.per_hour, context.budget.per_day = settings.allowance
        self._settings = settings
        self._context = context
        self._client = Client(settings, context)

    async def check(self) -> Health:
        """Ask what this user may do: one call."""
        services = await self._client.status()
        return Health(
            system=urlsplit(self._client.base).netloc,
            version="v2",
            rights=tuple(f"{service.service}: {service.privilege}" for service in services),
            problems=tuple(self._problems(services)),
            clock_skew_seconds=self._client.skew.total_seconds(),
        )

    async def close(self) -> None:
        """Let the connections go."""
        await self._client.close()

    async def read(self, feed: str, cursor: str, since: date | None) -> AsyncIterator[Page]:
        """Pages of orders, or of invoices with credit notes and receipts, see :mod:`mostek.sdk.paging`."""
        source, zone = FEEDS[feed], self._context.zone
        law = source.law()
        start = datetime.combine(since or _BEGINNING, time.min, zone).astimezone(UTC)
        at, more = paging.load(cursor) if cursor else law.first(start), True
        while more:
            query = {FILTERS[at.by]: utc(at.since), "page": str(at.page), **source.sorting}
            listing = await source.call(self._client, query)
            items = distinct([item(feed, payload, zone) for payload in listing.items])
            ids = [f"{found.record.kind} {found.record.id}" for found in items]
            sheet = paging.Sheet(ids=ids, times=[found.time for found in items], pages=listing.pages, at=listing.at)
            step = law.after(at, sheet)
            at, more = step.cursor, step.more
            records = tuple(found.record for found in items)
            yield Page(records=records, cursor=paging.dump(at), more=more, watermark=step.watermark)

    async def get(self, feed: str, ids: Sequence[str]) -> tuple[Record, ...]:
        """These records, up to a hundred in a call."""
        source = FEEDS[feed]
        wanted = [identity for identity in dict.fromkeys(ids) if readable(identity)]
        found: dict[tuple[str, str], Record] = {}
        for place in range(0, len(wanted), BATCH):
            numbers = wanted[place : place + BATCH]
            for page in count(1):
                query = {f"{feed}_numbers": ";".join(numbers), "page": str(page)}
                listing = await source.call(self._client, query)
                items = distinct([item(feed, payload, self._context.zone) for payload in listing.items])
                fresh = {(i.record.kind, i.record.id): i.record for i in items if i.record.id in numbers}
                new = fresh.keys() - found.keys()
                found |= fresh
                # A filter that is not understood gives everything: no page after one without ours is followed.
                if not new or (listing.pages or 1) <= page:
                    break
        return tuple(found.values())

    def _problems(self, services: Sequence[Service]) -> list[Problem]:
        allowed = {service.path for service in services if service.privilege in {"readonly", "all"}}
        missing = [name for name in ("orders", "invoices") if name not in allowed]
        problems = [Problem(cause="upgates.right", details={"right": name}) for name in missing]
        if (address := self._client.base) != self._settings.base:
            problems.append(Problem(cause="upgates.moved", field="address", details={"address": address}))
        found = (self._context.budget.per_hour, self._context.budget.per_day)
        if found != self._settings.allowance:
            details = {"set": "{} / {}".format(*self._settings.allowance), "found": "{} / {}".format(*found)}
            problems.append(Problem(cause="upgates.tariff", field="tariff", details=details))
        return problems


connector = Connector(
    manifest=load(PACKAGE),
    settings=UpgatesSettings,
    open=Shop,
    parse=parse,
    page=admin_page,
    messages=f"{PACKAGE}.messages",
)
