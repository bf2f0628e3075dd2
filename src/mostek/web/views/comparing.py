"""Both sides of a flow held against each other, and their series of numbers: begun here, worked out as jobs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils.http import urlencode
from django.views.decorators.http import require_POST

from mostek import telling
from mostek.commands import adopting, closing, mending
from mostek.commands.reconciling import Reconcile, Report, Series, SeriesReport
from mostek.desk.reconciliation import Difference
from mostek.desk.tally import SIDES, Line, Total
from mostek.documents.problem import Problem
from mostek.web.door import Asked
from mostek.web.export import FORMS, download
from mostek.web.filters import DayField, Filter, options
from mostek.web.jobs import Job
from mostek.web.page import number, page, refused
from mostek.web.wording import PageWording

PAGE = 50
LINES, _DAYS = 200, 40
# What of a comparison can be looked at apart, as the address calls it.
_PARTS = ("day", "currency", "kind", "bucket", "cause")
# Commands that cure a difference by themselves, by the name that the cure says.
_ON_RECORDS = frozenset({"inbox.retry", "inbox.accept", "inbox.reread", "inbox.adopt"})


class Period(Filter):
    """A flow and the days of issue; ``fresh`` lists the shop again too."""

    flow = forms.ChoiceField()
    since = DayField()
    until = DayField()
    fresh = forms.BooleanField(required=False)

    def clean(self) -> dict[str, Any]:
        """The last day is not before the first."""
        given = super().clean() or {}
        since, until = given.get("since"), given.get("until")
        if since and until and until < since:
            problem = Problem(cause="report.backwards", details=_days(given))
            self.add_error("until", self.wording.explained(problem).text)
        return given

    def __init__(self, wording: PageWording, *given: Any, **choices: Any) -> None:
        super().__init__(wording, *given, **choices)
        self.wording = wording


@dataclass(frozen=True)
class Shown:
    """A difference with what a page says of it; ``remedy`` is a command that the page can give, or empty."""

    each: Difference
    detail: str
    why: str
    remedy: str


async def reconciliation(request: Asked) -> HttpResponse:
    """What to compare."""
    return await _begin(request, "accounts/reconciliation.html", "reconcile")


async def series(request: Asked) -> HttpResponse:
    """Which series of numbers to look at."""
    return await _begin(request, "accounts/series.html", "series")


async def _begin(request: Asked, template: str, name: str) -> HttpResponse:
    books: tuple[closing.BooksView, ...] = await request.door.run("books.list", closing.Books())
    flows = [flow for each in books for flow in each.flows]
    if not flows:
        return page(request, "accounts/nothing.html")
    last = date.today().replace(day=1) - timedelta(days=1)  # noqa: DTZ011 - the business's own day
    usual = {"flow": flows[0], "since": last.replace(day=1), "until": last}
    form = Period(request.wording, request.POST or request.GET, usual, flow=options(flows))
    if name == "series":
        del form.fields["fresh"]
    if request.method == "POST" and form.is_valid():
        given = {"slug": form.cleaned_data["flow"], **{part: form.cleaned_data[part] for part in ("since", "until")}}
        wanted = Series(**given) if name == "series" else Reconcile(**given, fresh=form.cleaned_data["fresh"])
        return redirect("accounts_job", id=request.door.start(name, wanted).id)
    return page(request, template, 200 if form.is_valid() else 422, form=form)


async def job(request: Asked, id: str) -> HttpResponse:
    """How far a job is; when it is over, what it found."""
    found = request.door.job(id)
    if found is None:
        return refused(request, (Problem(cause="job.gone"),), status=404)
    if not found.is_over:
        return page(request, "accounts/under_way.html" if not request.htmx else "accounts/progress.html", job=found)
    if request.htmx and request.GET.get("wait"):
        answer = HttpResponse()
        answer.headers["HX-Refresh"] = "true"
        return answer
    if found.problems:
        return page(request, "accounts/broken_off.html", job=found)
    if found.name == "series":
        return await _series(request, found)
    return await _report(request, found)


async def _report(request: Asked, found: Job) -> HttpResponse:
    report: Report = found.result
    wording, form = request.wording, request.GET.get("form", "")
    if form in FORMS:
        tables = telling.differences(report.differences + report.told, wording), telling.sums(report.lines, wording)
        return await download(request, form, f"{report.flow}-{report.since}-{report.until}", report, *tables)
    chosen = {part: request.GET[part] for part in _PARTS if request.GET.get(part)}
    differences = [each for each in report.differences if _fits(each, chosen)]
    after = number(request.GET.get("after", "0"))
    lines = [line for line in report.lines if (_line_fits(line, chosen) if chosen else line.differs)]
    sides = [side for side in SIDES if any(side in total.counts for total in report.totals)]
    return page(
        request,
        "accounts/report.html",
        job=found,
        report=report,
        forms=FORMS,
        chosen=chosen,
        chosen_words=[_word(wording, part, value) for part, value in chosen.items()],
        query=urlencode(chosen),
        count=len({each.record or (each.id, each.number) for each in report.differences}),
        days=sorted({line.day for line in report.lines if line.differs and line.day})[:_DAYS],
        told=_counts([each for each in report.told if _fits(each, chosen)]),
        groups=[
            (cause, [_shown(request, each) for each in alike])
            for cause, alike in _by_cause(differences[after : after + PAGE])
        ],
        sides=sides,
        totals=[_total(total, sides) for total in report.totals],
        line_rows=[{"line": line, "sides": [line.sides.get(side) for side in sides]} for line in lines[:LINES]],
        rest=max(len(lines) - LINES, 0),
        after=after + PAGE if len(differences) > after + PAGE else None,
    )


def _total(total: Total, sides: Sequence[str]) -> dict[str, Any]:
    counted = [(total.counts.get(side, 0), total.amounts.get(side)) for side in sides]
    return {"kind": total.kind, "currency": total.currency, "apart": total.apart, "sides": counted}


def _word(wording: PageWording, part: str, value: str) -> str:
    """What is looked at apart, as the reader calls it."""
    groups = {"kind": "kind", "bucket": "vat", "cause": "difference"}
    if part == "day":
        return wording.problem(Problem(cause="", details={"day": value})).details["day"]
    return wording.word(groups[part], value) if part in groups else value


async def _series(request: Asked, found: Job) -> HttpResponse:
    report: SeriesReport = found.result
    if request.GET.get("form") in FORMS:
        table = telling.gaps(report.shop, report.books, request.wording)
        return await download(request, request.GET["form"], f"{report.flow}-series", report, table)
    both = (("shop", report.shop), ("books", report.books))
    return page(request, "accounts/series_found.html", job=found, report=report, both=both, forms=FORMS)


@require_POST
async def cure(request: Asked, id: str) -> HttpResponse:
    """Give the command that cures a difference of a report; what is named must be in that report."""
    found = request.door.job(id)
    if found is None or not isinstance(found.result, Report):
        return refused(request, (Problem(cause="job.gone"),), status=404)
    record, remedy = number(request.POST.get("record", "")), request.POST.get("do", "")
    match = next((e for e in found.result.differences if e.record == record and e.remedy == remedy), None)
    if match is None:
        return refused(request, (Problem(cause="job.gone"),), status=404)
    done = await request.door.run(remedy, _cure(remedy, match, found.result.target, request.person.username))
    sentence = "accounts.cured" if getattr(done, "records", True) else "accounts.not_cured"
    if request.htmx:
        return page(request, "accounts/cured.html", sentence=sentence, text=request.wording.say(sentence))
    messages.success(request, request.wording.say(sentence))
    return redirect("accounts_job", id=id)


def _cure(remedy: str, match: Difference, target: str, person: str) -> Any:
    if remedy == "books.verify":
        return adopting.Verify(slug=target)
    records = (match.record,)
    if remedy == "inbox.adopt":
        return adopting.Adopt(records=records, target_id=match.id, person=person)
    if remedy == "inbox.accept":
        return adopting.Accept(records=records, person=person)
    return mending.Reread(records=records) if remedy == "inbox.reread" else mending.Retry(records=records)


def _shown(request: Asked, each: Difference) -> Shown:
    able = each.remedy in _ON_RECORDS | {"books.verify"} and request.door.may(each.remedy)
    return Shown(
        each=each,
        detail="" if each.cause in {"amount", "currency"} else telling.detail(each, request.wording),
        why=telling.why(each, request.wording),
        remedy=each.remedy if able else "",
    )


def _fits(each: Difference, chosen: Mapping[str, str]) -> bool:
    amount = telling.counted(each)
    said = {
        "day": str(each.day or ""),
        "currency": amount.currency if amount is not None else "",
        "kind": each.kind,
        "cause": each.cause,
    }
    return all(said.get(part, value) == value for part, value in chosen.items())


def _line_fits(line: Line, chosen: Mapping[str, str]) -> bool:
    said = {"day": str(line.day or ""), "currency": line.currency, "kind": line.kind, "bucket": line.bucket}
    return all(said.get(part, value) == value for part, value in chosen.items())


def _counts(found: Sequence[Difference]) -> list[tuple[str, int]]:
    return [(cause, len(alike)) for cause, alike in _by_cause(found)]


def _by_cause(found: Sequence[Difference]) -> list[tuple[str, list[Difference]]]:
    grouped = groupby(sorted(found, key=lambda each: each.cause), key=lambda each: each.cause)
    return [(cause, list(alike)) for cause, alike in grouped]


def _days(given: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(given[name]) for name in ("since", "until")}


ADDRESSES = (
    path("accounts/reconciliation/", reconciliation, name="accounts_reconciliation"),
    path("accounts/series/", series, name="accounts_series"),
    path("accounts/work/<str:id>/", job, name="accounts_job"),
    path("accounts/work/<str:id>/cure/", cure, name="accounts_cure"),
)
