"""Reports: sales over time and of products, as tables and charts, and as files."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from babel.dates import format_date, format_skeleton
from django import forms
from django.http import HttpResponse
from django.urls import path

from mostek.commands import reporting
from mostek.commands.reporting import ProductReport, SalesLine, SalesReport
from mostek.desk.sheets import Cell, Table
from mostek.documents.money import Money
from mostek.documents.problem import InvalidDocumentError, Problem
from mostek.web import charts
from mostek.web.door import Asked
from mostek.web.export import FORMS, address, download
from mostek.web.filters import DayField, Filter, MonthField, options
from mostek.web.page import page
from mostek.web.wording import PageWording

# More series than this in one chart nobody tells apart; the others are told together.
SERIES = 3
STEPS, SPLITS = ("day", "week", "month", "quarter", "year"), ("none", "channel", "kind", "country")
_ALL = 100_000


class Selling(Filter):
    """A period, its steps, and what sales are split by."""

    area = "reports"
    since = DayField()
    until = DayField()
    step = forms.ChoiceField()
    split = forms.ChoiceField()
    channel = forms.ChoiceField(required=False)


class Wares(Filter):
    """Months, a channel and a currency."""

    area = "reports"
    since = MonthField()
    until = MonthField()
    channel = forms.ChoiceField(required=False)
    currency = forms.ChoiceField(required=False)


async def sales(request: Asked) -> HttpResponse:
    """Sales over time."""
    wording, today = request.wording, date.today()  # noqa: DTZ011 - the business's own day
    first = (today.replace(day=1) - timedelta(days=330)).replace(day=1)
    usual = {"since": first, "until": today, "step": "month", "split": "none"}
    every = wording.say("reports.every_channel")
    empty = reporting.Sales(since=today, until=today, step="day", count=False)
    known: SalesReport = await request.door.run("report.sales", empty)
    form = Selling(
        wording,
        request.GET,
        usual,
        step=[(step, wording.say(f"reports.step_{step}")) for step in STEPS],
        split=[(split, wording.say(f"reports.split_{split}")) for split in SPLITS],
        channel=options(known.channels, every),
    )
    if not form.is_valid():
        return page(request, "reports/sales.html", 422, form=form)
    try:
        report: SalesReport = await request.door.run("report.sales", reporting.Sales(**form.cleaned_data, count=False))
    except InvalidDocumentError as error:
        _refuse(form, error.problems, wording)
        return page(request, "reports/sales.html", 422, form=form)
    if request.GET.get("form") in FORMS:
        name = f"sales-{report.since}-{report.until}"
        return await download(request, request.GET["form"], name, report, _sales_table(report, wording))
    return page(
        request,
        "reports/sales.html",
        form=form,
        report=report,
        forms=FORMS,
        query=address(request, "form"),
        charts=[_chart(report, code, wording) for code in sorted({line.net.currency for line in report.lines})],
        rows=[(_step(report, line.start, wording), _part(report, line.part, wording), line) for line in report.lines],
        totals=[(_part(report, line.part, wording), line) for line in report.totals],
    )


async def products(request: Asked) -> HttpResponse:
    """What was sold of which product."""
    wording, today = request.wording, date.today()  # noqa: DTZ011 - the business's own day
    usual = {"since": f"{today.replace(day=1) - timedelta(days=45):%Y-%m}", "until": f"{today:%Y-%m}"}
    given = {name: request.GET.get(name) or usual[name] for name in usual}
    form = _wares(wording, request, usual, (), ())
    if not (form["since"].errors or form["until"].errors):
        limit = _ALL if request.GET.get("form") in FORMS else 100
        more = {name: request.GET.get(name, "") for name in ("channel", "currency")}
        wanted = reporting.Products(**given, **more, limit=limit, count=False)
        report: ProductReport = await request.door.run("report.products", wanted)
        form = _wares(wording, request, usual, report.channels, report.currencies)
        if form.is_valid():
            if request.GET.get("form") in FORMS:
                name = f"products-{report.since}-{report.until}"
                return await download(request, request.GET["form"], name, report, _products_table(report, wording))
            values = {"report": report, "forms": FORMS, "query": address(request, "form")}
            return page(request, "reports/products.html", form=form, **values)
    return page(request, "reports/products.html", 422, form=form)


def _wares(wording: PageWording, request: Asked, usual: Any, channels: Sequence[str], codes: Sequence[str]) -> Wares:
    every = options(channels, wording.say("reports.every_channel"))
    return Wares(wording, request.GET, usual, channel=every, currency=options(codes, wording.say("reports.most_used")))


def _refuse(form: Filter, problems: Sequence[Problem], wording: PageWording) -> None:
    for problem in problems:
        said = wording.explained(problem)
        form.add_error(problem.field if problem.field in form.fields else None, f"{said.text} {said.cure}")


def _chart(report: SalesReport, code: str, wording: PageWording) -> charts.Chart:
    """One currency's sales with VAT over time: the largest parts on their own, the others together."""
    lines = [line for line in report.lines if line.gross.currency == code]
    starts = sorted({line.start for line in report.lines})
    sums = {line.part: abs(line.gross.minor) for line in report.totals if line.gross.currency == code}
    ranked = sorted(sums, key=lambda part: -sums[part])
    parts = ranked if len(ranked) <= SERIES else ranked[: SERIES - 1]
    groups = [(_part(report, part, wording), [part]) for part in parts]
    if len(parts) < len(ranked):
        groups.append((wording.say("reports.others"), ranked[len(parts) :]))
    series = [_one(name, [line for line in lines if line.part in own], starts, code, wording) for name, own in groups]
    top = max([Decimal(0), *(value for one in series for value in one.values)])
    low = min([Decimal(0), *(value for one in series for value in one.values)])
    title = wording.say("reports.chart", currency=code)
    since, until = wording.day(report.since), wording.day(report.until)
    return charts.draw(
        title,
        wording.say("reports.chart_of", since=since, until=until),
        [_step(report, start, wording) for start in starts],
        series,
        top=wording.money(Money.rounded(top, code)),
        low=wording.money(Money.rounded(low, code)),
    )


def _one(
    name: str, lines: Sequence[SalesLine], starts: Sequence[date], code: str, wording: PageWording
) -> charts.Series:
    amounts = [Money(sum(line.gross.minor for line in lines if line.start == start), code) for start in starts]
    return charts.Series(name, [each.amount for each in amounts], [wording.money(each) for each in amounts])


def _part(report: SalesReport, part: str, wording: PageWording) -> str:
    if report.split == "kind":
        return wording.word("kind", part)
    return part or (wording.say("reports.unknown") if report.split == "country" else "")


def _step(report: SalesReport, start: date, wording: PageWording) -> str:
    """A step of time as it stands below a bar."""
    match report.step:
        case "day":
            return format_skeleton("Md", start, locale=wording.language)
        case "week":
            return wording.say("reports.week", week=str(start.isocalendar()[1]), year=str(start.isocalendar()[0]))
        case "month":
            return format_skeleton("yM", start, locale=wording.language)
        case "quarter":
            return wording.say("reports.quarter", quarter=str((start.month + 2) // 3), year=str(start.year))
        case _:
            return format_date(start, "yyyy", locale=wording.language)


def _sales_table(report: SalesReport, wording: PageWording) -> Table:
    heads = {"channel": "reports.channel", "kind": "sheet.kind", "country": "accounts.country"}
    part = wording.say(heads[report.split]) if report.split in heads else ""
    columns = [wording.say("reports.start"), part, wording.say("reports.documents")]
    columns += [wording.word("sheet", name) for name in ("currency", "net", "tax", "gross")]
    return Table(wording.say("shell.reports"), columns, [_cells(report, line, wording) for line in report.lines])


def _cells(report: SalesReport, line: SalesLine, wording: PageWording) -> tuple[Any, ...]:
    part = _part(report, line.part, wording)
    return (line.start, part, line.documents, line.net.currency, line.net, line.tax, line.gross)


def _products_table(report: ProductReport, wording: PageWording) -> Table:
    columns = [wording.say(f"reports.{name}") for name in ("code", "name", "quantity")]
    columns += [wording.word("sheet", name) for name in ("currency", "net", "gross")]
    rows: list[Sequence[Cell]] = [
        (each.code, each.name, each.quantity, report.currency, each.net, each.gross) for each in report.products
    ]
    rows += [
        ("", wording.word("line_kind", each.line), None, report.currency, each.net, each.gross)
        for each in report.others
    ]
    return Table(wording.say("reports.products"), columns, rows)


ADDRESSES = (
    path("reports/", sales, name="reports"),
    path("reports/products/", products, name="reports_products"),
)
