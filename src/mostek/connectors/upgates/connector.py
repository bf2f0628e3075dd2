"""UpGates: what it can do, and its session."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from mostek.connectors.upgates import people
from mostek.connectors.upgates.client import Client, Listing, Service
from mostek.connectors.upgates.mapping import parse
from mostek.connectors.upgates.records import item
from mostek.connectors.upgates.register import BATCH, Customers
from mostek.connectors.upgates.settings import UpgatesSettings
from mostek.documents.problem import Problem
from mostek.sdk import paging
from mostek.sdk.capability import Connector, Context, Health
from mostek.sdk.field import utc
from mostek.sdk.manifest import load
from mostek.sdk.people import People
from mostek.sdk.record import Page, Record


@dataclass(frozen=True)
class Feed:
    """How one list is asked, in which order, by which law its pages are followed, and how it is asked for some."""

    call: Callable[[Client, Mapping[str, str]], Awaitable[Listing]]
    sorting: Mapping[str, str]
    law: Callable[[], paging.Law]
    ids: str


_SORTED = {"order_by": "last_update_time", "order_dir": "asc"}
FEEDS: Mapping[str, Feed] = {
    "order": Feed(Client.orders, _SORTED, paging.Changes, "order_numbers"),
    "invoice": Feed(Client.invoices, {}, paging.Sweep, "invoice_numbers"),
    "contact": Feed(Client.customers, {}, lambda: paging.Sweep("changed"), "ids"),
}
PACKAGE = "mostek.connectors.upgates"
FILTERS = {"created": "creation_time_from", "changed": "last_update_time_from"}


class Shop(People):
    """An opened shop."""

    def __init__(self, settings: UpgatesSettings, context: Context) -> None:
        context.budget.per_hour, context.budget.per_day = settings.allowance
        self._settings, self._context, self._client = settings, context, Client(settings, context)
        super().__init__(Customers(settings, context, self._client), context)

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

    def read(self, feed: str, cursor: str, since: date | None) -> AsyncIterator[Page]:
        """Pages of orders, customers, or invoices with credit notes and receipts, see :mod:`mostek.sdk.paging`."""
        source, zone = FEEDS[feed], self._context.zone

        async def ask(at: paging.Cursor) -> paging.Listing:
            query = {FILTERS[at.by]: utc(at.since), "page": str(at.page), **source.sorting}
            return _listed(feed, await source.call(self._client, query), zone)

        return paging.follow(source.law(), cursor, since, zone, ask)

    async def get(self, feed: str, ids: Sequence[str]) -> tuple[Record, ...]:
        """These records, up to a hundred in a call."""
        source, zone = FEEDS[feed], self._context.zone

        async def ask(numbers: Sequence[str], page: int) -> paging.Listing:
            query = {source.ids: ";".join(numbers), "page": str(page)}
            return _listed(feed, await source.call(self._client, query), zone)

        return await paging.collect(ids, BATCH, ask)

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


def _listed(feed: str, listing: Listing, zone: ZoneInfo) -> paging.Listing:
    items = [item(feed, payload, zone) for payload in listing.items]
    return paging.Listing(items=items, pages=listing.pages, at=listing.at)


connector = Connector(
    manifest=load(PACKAGE),
    settings=UpgatesSettings,
    open=Shop,
    parse=parse,
    render=people.render,
    shows=people.shows,
    messages=f"{PACKAGE}.messages",
)
