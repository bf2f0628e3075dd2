"""The VAT summary: what the shop issued by rate, regime and country, beside the books' own figures."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.http import HttpResponse
from django.urls import path

from mostek.commands import closing, reporting
from mostek.desk.sheets import Table
from mostek.web.door import Asked
from mostek.web.export import FORMS, address, download
from mostek.web.filters import Filter, MonthField, options
from mostek.web.page import page
from mostek.web.wording import PageWording


class Months(Filter):
    """A flow, months, and by which of a document's days they are meant."""

    flow = forms.ChoiceField()
    since = MonthField()
    until = MonthField()
    by = forms.ChoiceField()


async def show(request: Asked) -> HttpResponse:
    """The summary, or it as a file."""
    books: tuple[closing.BooksView, ...] = await request.door.run("books.list", closing.Books())
    flows = [flow for each in books for flow in each.flows]
    if not flows:
        return page(request, "accounts/nothing.html")
    last = f"{date.today().replace(day=1) - timedelta(days=1):%Y-%m}"  # noqa: DTZ011 - the business's own day
    usual = {"flow": flows[0], "since": last, "until": last, "by": "supplied"}
    ways = [(by, request.wording.say(f"accounts.by_{by}")) for by in ("supplied", "issued")]
    form = Months(request.wording, request.GET, usual, flow=options(flows), by=ways)
    if not form.is_valid():
        return page(request, "accounts/vat.html", 422, form=form)
    given: dict[str, Any] = form.cleaned_data
    wanted = reporting.Vat(slug=given["flow"], since=given["since"], until=given["until"], by=given["by"], count=False)
    report: reporting.VatReport = await request.door.run("report.vat", wanted)
    if request.GET.get("form") in FORMS:
        name = f"vat-{report.flow}-{report.since}-{report.until}"
        tables = _table(report, request.wording), _books(report, request.wording)
        return await download(request, request.GET["form"], name, report, *tables)
    sums: dict[str, Any] = {}
    for line in report.lines:
        before = sums.get(line.net.currency)
        parts = (line.net, line.tax, line.gross)
        sums[line.net.currency] = [a + b for a, b in zip(before, parts, strict=True)] if before else list(parts)
    values = {"form": form, "report": report, "sums": sums, "query": address(request, "form"), "forms": FORMS}
    return page(request, "accounts/vat.html", **values, span=_span(report))


def _span(report: reporting.VatReport) -> dict[str, str]:
    since, until = closing.span(report.since)[0], closing.span(report.until)[1]
    return {"since": since.isoformat(), "until": until.isoformat()}


def _table(report: reporting.VatReport, wording: PageWording) -> Table:
    columns = [wording.say(f"accounts.{name}") for name in ("regime", "rate", "country", "documents")]
    columns += [wording.word("sheet", name) for name in ("currency", "net", "tax", "gross")]
    rows = [
        (
            wording.word("vat", line.category),
            line.rate,
            line.country,
            line.documents,
            line.net.currency,
            line.net,
            line.tax,
            line.gross,
        )
        for line in report.lines
    ]
    return Table(wording.say("accounts.vat"), columns, rows)


def _books(report: reporting.VatReport, wording: PageWording) -> Table:
    sides = [(side, part) for side in ("shop", "books") for part in ("net", "tax", "gross")]
    columns = [wording.word("sheet", "vat"), wording.word("sheet", "currency")]
    columns += [f"{wording.word('side', side)}: {wording.word('sheet', part)}" for side, part in sides]
    rows = [
        (
            wording.word("vat", line.bucket) if line.bucket else "",
            line.shop.net.currency,
            *(getattr(getattr(line, side), part) for side, part in sides),
        )
        for line in report.books
    ]
    return Table(wording.word("side", "books"), columns, rows)


ADDRESSES = (path("accounts/vat/", show, name="accounts_vat"),)
