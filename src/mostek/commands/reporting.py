"""Reports from sums that are kept up as documents come: sales by period, channel, country and product, and VAT."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

import msgspec

from mostek.commands import closing, counting
from mostek.commands.connecting import number_of
from mostek.desk.counting import MILLIONTHS
from mostek.desk.installation import Installation
from mostek.desk.tally import Bucket
from mostek.documents.money import Money
from mostek.documents.number import normal
from mostek.documents.problem import invalid
from mostek.hub.ledger import Transaction, catalog
from mostek.hub.ledger.dialect import Row

Step = Literal["day", "week", "month", "quarter", "year"]
Split = Literal["none", "channel", "kind", "country"]
# More columns than this nobody reads; a coarser step says the same.
PERIODS = 400


class Sales(msgspec.Struct, kw_only=True):
    """What was sold in these days (by day of issue), by step of time and split; ``channel`` is a source's slug.

    ``count``: documents that came meanwhile are counted first.
    """

    since: date
    until: date
    step: Step = "month"
    split: Split = "none"
    channel: str = ""
    count: bool = True


class Products(msgspec.Struct, kw_only=True):
    """What was sold of each product in these months, the most first; an empty currency is the most used one."""

    since: str
    until: str
    channel: str = ""
    currency: str = ""
    limit: int = 100
    count: bool = True


class Vat(msgspec.Struct, kw_only=True):
    """VAT of what the source of a flow issued in these months, by month of supply or of issue."""

    slug: str
    since: str
    until: str
    by: Literal["supplied", "issued"] = "supplied"
    count: bool = True


class SalesLine(msgspec.Struct, frozen=True, kw_only=True):
    """Sales of one step and part in one currency; credit notes are taken away. ``start`` is the step's first day."""

    start: date
    part: str
    documents: int
    net: Money
    tax: Money
    gross: Money


class SalesReport(msgspec.Struct, frozen=True, kw_only=True):
    """Sales of a period. ``uncounted`` documents are still to come; ``unreadable`` are in it with their totals only."""

    since: date
    until: date
    step: Step
    split: Split
    channel: str
    lines: tuple[SalesLine, ...]
    totals: tuple[SalesLine, ...]
    channels: tuple[str, ...]
    uncounted: int
    unreadable: int


class ProductLine(msgspec.Struct, frozen=True, kw_only=True):
    """Sales of one product (``line`` is goods), or of one kind of other lines: shipping, discount ..."""

    line: str
    code: str
    name: str
    quantity: Decimal
    net: Money
    gross: Money


class ProductReport(msgspec.Struct, frozen=True, kw_only=True):
    """Products of some months in one currency; ``others`` are lines that are no goods. ``more``: not all are in it."""

    since: str
    until: str
    channel: str
    currency: str
    currencies: tuple[str, ...]
    products: tuple[ProductLine, ...]
    others: tuple[ProductLine, ...]
    more: bool
    channels: tuple[str, ...]
    uncounted: int


class VatLine(msgspec.Struct, frozen=True, kw_only=True):
    """Base and VAT of one regime, rate and country; credit notes are taken away. ``rate`` in percent."""

    category: str
    rate: Decimal
    country: str
    documents: int
    net: Money
    tax: Money
    gross: Money


class VatReport(msgspec.Struct, frozen=True, kw_only=True):
    """The VAT summary of a flow's source, and the books' own figures of the same days of issue as they last were.

    ``checked``: when the books were asked, in milliseconds since 1970; None: never for these days.
    """

    flow: str
    source: str
    target: str
    since: str
    until: str
    by: str
    lines: tuple[VatLine, ...]
    books: tuple[Bucket, ...]
    checked: int | None
    uncounted: int
    unreadable: int


async def sales(hub: Installation, request: Sales) -> SalesReport:
    """Add up the sums of the period; raises ``report.too_long`` for more steps than anybody reads."""
    if request.until < request.since:
        raise invalid("report.backwards", "until", since=request.since, until=request.until)
    if (request.until - request.since).days / _DAYS[request.step] > PERIODS:
        raise invalid("report.too_long", "step", most=PERIODS)
    await _fresh(hub, count=request.count)
    whole = request.step in {"month", "quarter", "year"} and _whole_months(request.since, request.until)
    rows = await hub.ledger.read(
        Transaction.rows,
        "sales",
        grain="month" if whole else "day",
        since=f"{request.since:%Y-%m}" if whole else request.since.isoformat(),
        until=f"{request.until:%Y-%m}" if whole else request.until.isoformat(),
        split=request.split,
        channel=request.channel,
    )
    by_kind = request.split == "kind"
    parted = [(_START[request.step](_day(row["period"])), row["kind"] if by_kind else row["part"], row) for row in rows]
    days = {"since": request.since.isoformat(), "until": request.until.isoformat()}
    source = await number_of(hub, request.channel) if request.channel else 0
    unreadable = await hub.ledger.read(Transaction.rows, "unreadable_of_source", source=source, **days)
    return SalesReport(
        since=request.since,
        until=request.until,
        step=request.step,
        split=request.split,
        channel=request.channel,
        lines=_lines(parted, by_kind=by_kind),
        totals=_lines([(request.since, part, row) for _, part, row in parted], by_kind=by_kind),
        channels=await _channels(hub),
        uncounted=await counting.left(hub),
        unreadable=unreadable[0]["n"],
    )


async def products(hub: Installation, request: Products) -> ProductReport:
    """Add up the products of these months; raises ``month.invalid``."""
    closing.span(request.since), closing.span(request.until)
    await _fresh(hub, count=request.count)
    where = {"since": request.since, "until": request.until, "channel": request.channel}
    codes = [row["currency"] for row in await hub.ledger.read(Transaction.rows, "currencies_of_sales", **where)]
    currency = request.currency if request.currency in codes else codes[0] if codes else ""
    where |= {"currency": currency}
    goods = await hub.ledger.read(Transaction.rows, "sold_products", goods=1, limit=request.limit + 1, **where)
    others = await hub.ledger.read(Transaction.rows, "sold_products", goods=0, limit=100, **where)
    return ProductReport(
        since=request.since,
        until=request.until,
        channel=request.channel,
        currency=currency,
        currencies=tuple(codes),
        products=tuple(_product(row) for row in goods[: request.limit]),
        others=tuple(_product(row) for row in others),
        more=len(goods) > request.limit,
        channels=await _channels(hub),
        uncounted=await counting.left(hub),
    )


async def vat(hub: Installation, request: Vat) -> VatReport:
    """Add up VAT by regime, rate and country; raises ``flow.unknown`` and ``month.invalid``."""
    flow = next((row for row in await hub.ledger.read(catalog.flows) if row.slug == request.slug), None)
    if flow is None:
        raise invalid("flow.unknown", "slug", slug=request.slug)
    since, until = closing.span(request.since)[0], closing.span(request.until)[1]
    await _fresh(hub, count=request.count)
    rows = await hub.ledger.read(
        Transaction.rows, "vat_of_sales", source=flow.source, by=request.by, since=request.since, until=request.until
    )
    days = {"since": since.isoformat(), "until": until.isoformat()}
    unreadable = await hub.ledger.read(Transaction.rows, "unreadable_of_source", source=flow.source, **days)
    checked = await hub.ledger.read(Transaction.one, "reconciled", flow=flow.id, **days)
    slugs = {row.id: row.slug for row in await hub.ledger.read(catalog.connections)}
    return VatReport(
        flow=flow.slug,
        source=slugs[flow.source],
        target=slugs[flow.target],
        since=request.since,
        until=request.until,
        by=request.by,
        lines=_vat_lines(rows),
        books=msgspec.json.decode(checked["body"], type=tuple[Bucket, ...]) if checked else (),
        checked=checked["at"] if checked else None,
        uncounted=await counting.left(hub),
        unreadable=unreadable[0]["n"],
    )


async def _fresh(hub: Installation, *, count: bool) -> None:
    if count:
        await counting.count(hub, counting.Count())


async def _channels(hub: Installation) -> tuple[str, ...]:
    rows = await hub.ledger.read(catalog.connections)
    sources = {flow.source for flow in await hub.ledger.read(catalog.flows)}
    return tuple(row.slug for row in rows if row.id in sources)


_DAYS: Mapping[Step, int] = {"day": 1, "week": 7, "month": 30, "quarter": 91, "year": 365}
_START: Mapping[Step, Callable[[date], date]] = {
    "day": lambda day: day,
    "week": lambda day: day - timedelta(days=day.weekday()),
    "month": lambda day: day.replace(day=1),
    "quarter": lambda day: day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1),
    "year": lambda day: day.replace(month=1, day=1),
}


def _day(period: str) -> date:
    return date.fromisoformat(period if len(period) == 10 else f"{period}-01")


def _whole_months(since: date, until: date) -> bool:
    return since.day == 1 and (until + timedelta(days=1)).day == 1


def _lines(parted: Sequence[tuple[date, str, Row]], *, by_kind: bool) -> tuple[SalesLine, ...]:
    """Sums by step, part and currency; split by kind each kind keeps its own amounts, credit notes below zero too."""
    sums: dict[tuple[date, str, str], list[int]] = {}
    for start, part, row in parted:
        sign = -1 if row["kind"] == "credit_note" else 1
        found = sums.setdefault((start, part, row["currency"]), [0, 0, 0, 0])
        for place, amount in enumerate((row["n"], sign * row["net"], sign * row["tax"], sign * row["gross"])):
            found[place] += amount
    return tuple(
        SalesLine(
            start=start,
            part=part,
            documents=n,
            net=Money(net, code),
            tax=Money(tax, code),
            gross=Money(gross, code),
        )
        for (start, part, code), (n, net, tax, gross) in sorted(sums.items())
    )


def _product(row: Row) -> ProductLine:
    return ProductLine(
        line=row["line"],
        code="" if row["product"] == row["name"] else row["product"],
        name=row["name"],
        quantity=normal(Decimal(row["quantity"]) / MILLIONTHS),
        net=Money(row["net"], row["currency"]),
        gross=Money(row["gross"], row["currency"]),
    )


def _vat_lines(rows: Sequence[Row]) -> tuple[VatLine, ...]:
    sums: dict[tuple[str, str, str, Decimal], list[int]] = {}
    for row in rows:
        sign = -1 if row["kind"] == "credit_note" else 1
        key = (row["currency"], row["country"], row["category"], Decimal(row["rate"]))
        found = sums.setdefault(key, [0, 0, 0, 0])
        for place, amount in enumerate((row["n"], sign * row["net"], sign * row["tax"], sign * row["gross"])):
            found[place] += amount
    return tuple(
        VatLine(
            category=category,
            rate=rate,
            country=country,
            documents=n,
            net=Money(net, code),
            tax=Money(tax, code),
            gross=Money(gross, code),
        )
        for (code, country, category, rate), (n, net, tax, gross) in sorted(sums.items(), key=_order)
    )


def _order(item: tuple[tuple[str, str, str, Decimal], list[int]]) -> tuple[str, str, str, Decimal]:
    code, country, category, rate = item[0]
    return code, country, category, -rate
