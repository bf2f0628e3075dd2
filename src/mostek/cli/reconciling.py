"""Both sides of a flow held against each other, and the series of their numbers."""

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer

from mostek import telling, terminal
from mostek.cli.session import UNFINISHED, Data, Json, Slug, command, reported, show, wording
from mostek.commands.reconciling import Reconcile, Report, SeriesReport
from mostek.commands.reconciling import Series as SeriesRequest
from mostek.desk import sheets
from mostek.desk.reconciliation import Difference
from mostek.desk.series import Gap, Series
from mostek.desk.tally import Line, Total
from mostek.documents.money import Money
from mostek.wording import Wording

_SHOWN = 40
_DAY = ["%Y-%m-%d"]
_RATE = re.compile(r"(.+) (-?[\d.]+) \+ (-?[\d.]+) = (-?[\d.]+)")
Since = Annotated[datetime, typer.Option("--from", formats=_DAY, help="The first day of issue, as 2026-05-01.")]
Until = Annotated[datetime, typer.Option("--to", formats=_DAY, help="The last day of issue, as 2026-05-31.")]


def reconcile(
    slug: Slug,
    since: Since,
    until: Until,
    csv: Annotated[
        Path | None, typer.Option(help="Write the differences into this file, and the sums beside it.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="List the shop again too; nothing of it is stored.")] = False,
    data: Data = None,
    json_: Json = False,
) -> None:
    """Compare shop and books per day, currency, kind and VAT rate; each difference with its cause and its cure.

    Documents that are not ours, or are left out by a rule or a person, are told and no difference. Exit code 5 when
    something differs, 4 when a side could not be asked.
    """
    request = Reconcile(slug=slug, since=since.date(), until=_last(since, until), fresh=fresh)
    report: Report = command(data, json_, "reconcile", request)
    if csv:
        language = wording()
        with reported(json_):
            sheets.write(csv, *telling.differences(report.differences + report.told, language)[1:])
            sums = telling.sums(report.lines, language)
            sheets.write(csv.with_stem(f"{csv.stem}-sums"), sums.columns, sums.rows)
    show(report, json_, lambda: _show(report, wording()))
    if not report.agree:
        raise typer.Exit(UNFINISHED)


def series(slug: Slug, since: Since, until: Until, data: Data = None, json_: Json = False) -> None:
    """Look at the series of numbers on both sides: gaps, doubles and falling dates, each with its reason.

    Exit code 5 when one of them has no known reason.
    """
    request = SeriesRequest(slug=slug, since=since.date(), until=_last(since, until))
    report: SeriesReport = command(data, json_, "series", request)
    show(report, json_, lambda: _show_series(report, wording()))
    if not report.explained:
        raise typer.Exit(UNFINISHED)


def _last(since: datetime, until: datetime) -> date:
    if until < since:
        raise typer.BadParameter("--to is before --from")
    return until.date()


def _show(report: Report, language: Wording) -> None:
    period = _period(report, language)
    if report.agree:
        terminal.say(language.say("reconcile.agree", **period), style="bold green")
    else:
        n = len({each.record or (each.id, each.number) for each in report.differences})
        terminal.say(language.say("reconcile.differ", n=n, **period), style="bold red")
    if report.totals:
        _table_of_totals(report.totals, language)
    _table_of_lines([line for line in report.lines if line.differs], language)
    for cause, alike in _by_cause(report.differences):
        _show_cause(cause, alike, language)
    _show_told(report.told, language)


def _period(report: Report | SeriesReport, language: Wording) -> dict[str, str]:
    days = {"since": language.day(report.since), "until": language.day(report.until)}
    return {"source": report.source, "target": report.target, **days}


def _side(name: str, language: Wording) -> str:
    return language.word("side", name)


def _table_of_totals(totals: Sequence[Total], language: Wording) -> None:
    """What each side comes to; what is not ours and what other flows have is told in sentences below."""
    out = any("left_out" in total.counts for total in totals)
    sides = ["shop", *(["left_out"] if out else []), "books"]
    count = language.word("columns", "count")
    columns = [language.word("columns", "kind")]
    columns += [text for side in sides for text in (count, _side(side, language))]
    rows = []
    for total in totals:
        if not total.counts.keys() & set(sides):
            continue
        cells = [language.word("kind", total.kind)]
        for side in sides:
            cells += [language.number(total.counts.get(side, 0)), language.money(total.amounts.get(side)) or "–"]
        rows.append((*cells, language.money(total.apart)))
    terminal.table(
        [*columns, language.word("side", "apart")], rows, right=[*columns[1:], language.word("side", "apart")]
    )


def _table_of_lines(lines: Sequence[Line], language: Wording) -> None:
    if not lines:
        return
    columns = [_side("day", language), language.word("columns", "kind"), language.word("columns", "vat")]
    columns += [_side(side, language) for side in ("shop", "left_out", "books")]
    rows = [
        [
            language.day(line.day),
            language.word("kind", line.kind),
            language.word("vat", line.bucket) if line.bucket else "–",
            *(_gross(line, side, language) for side in ("shop", "left_out", "books")),
        ]
        for line in lines[:_SHOWN]
    ]
    terminal.table(columns, rows, language.say("reconcile.lines"), right=columns[3:])
    if len(lines) > _SHOWN:
        terminal.say(language.say("reconcile.rest", n=len(lines) - _SHOWN), indent=2, style="dim")


def _gross(line: Line, side: str, language: Wording) -> str:
    return language.money(line.sides[side].gross) if side in line.sides else "–"


def _by_cause(found: Sequence[Difference]) -> Iterator[tuple[str, list[Difference]]]:
    grouped = groupby(sorted(found, key=lambda each: each.cause), key=lambda each: each.cause)
    return ((cause, list(alike)) for cause, alike in grouped)


def _show_cause(cause: str, found: Sequence[Difference], language: Wording) -> None:
    """Documents of one cause, and the cure once where it is the same for all."""
    terminal.say()
    terminal.say(f"{language.word('difference', cause)}: {language.number(len(found))}", style="bold")
    cures = {each.cure for each in found}
    for each in found[:_SHOWN]:
        head = f"{language.word('kind', each.kind)} {each.number}, {language.day(each.day)}"
        amounts = {"shop": language.money(each.shop) or "–", "books": language.money(each.books) or "–"}
        terminal.say(f"{head}: {language.say('reconcile.amounts', **amounts)}", indent=2)
        detail = "" if cause in {"amount", "currency"} else telling.detail(each, language)
        own = f"→ `{each.cure}`" if len(cures) > 1 else ""
        for text in filter(None, (detail, telling.why(each, language), own)):
            terminal.say(text, indent=4)
    if len(found) > _SHOWN:
        terminal.say(language.say("reconcile.rest", n=len(found) - _SHOWN), indent=2, style="dim")
    if len(cures) == 1:
        terminal.say(f"→ `{cures.pop()}`", indent=2)


def _show_told(told: Sequence[Difference], language: Wording) -> None:
    for cause, found in _by_cause(told):
        sums: dict[str, Money] = {}
        for amount in filter(None, (telling.counted(each) for each in found)):
            sums[amount.currency] = sums.get(amount.currency, Money.zero(amount.currency)) + amount
        amounts = ", ".join(language.money(sums[code]) for code in sorted(sums))
        word = language.word("difference", cause)
        terminal.say(language.say("reconcile.told", cause=word, n=len(found), amounts=amounts or "–"))


def _show_series(report: SeriesReport, language: Wording) -> None:
    sentence, style = ("series.explained", "bold green") if report.explained else ("series.open", "bold red")
    terminal.say(language.say(sentence, **_period(report, language)), style=style)
    for side, found in (("shop", report.shop), ("books", report.books)):
        terminal.say()
        terminal.say(_side(side, language), style="bold")
        for one in found:
            _show_one_series(one, language)


def _show_one_series(one: Series, language: Wording) -> None:
    kinds = ", ".join(language.word("kind", kind) for kind in one.kinds)
    span = {"first": one.first, "last": one.last, "pattern": one.pattern, "kinds": kinds}
    terminal.say(language.say("series.head", n=one.count, **span), indent=2)
    for gap in one.gaps[:_SHOWN]:
        _show_gap(gap, language)
    if len(one.gaps) > _SHOWN:
        terminal.say(language.say("series.rest", n=len(one.gaps) - _SHOWN), indent=4, style="dim")
    for double in one.doubles[:_SHOWN]:
        terminal.say(language.say("series.double", number=double.number, ids=", ".join(double.ids)), indent=4)
    for fall in one.falls[:_SHOWN]:
        days = {"day": language.day(fall.day), "after_day": language.day(fall.after_day)}
        terminal.say(language.say("series.fall", number=fall.number, after=fall.after, **days), indent=4)


def _show_gap(gap: Gap, language: Wording) -> None:
    numbers = gap.first if gap.first == gap.last else f"{gap.first} – {gap.last}"
    terminal.say(language.say("series.gap", numbers=numbers, n=gap.count), indent=4)
    for number, reason in gap.reasons.items():
        terminal.say(f"{number}: {telling.why_missing(reason, language)}", indent=6)
