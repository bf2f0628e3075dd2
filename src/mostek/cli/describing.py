"""A flow in plain words, to print and sign; and what the doctor found."""

import textwrap
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Annotated, Any

import typer

from mostek import commands, terminal
from mostek.cli.screens import system_name
from mostek.cli.session import UNFINISHED, Data, Json, Slug, command, opened, person, show, wording
from mostek.commands import describing, examining
from mostek.commands.describing import Description, Period, Table
from mostek.prose import looked_up, rule_told, told
from mostek.wording import Wording

_WIDTH = 88
_LINE = "_" * 30
_MARKS = {"ok": "[green]✓[/]", "warning": "[yellow]![/]", "bad": "[bold red]✗[/]"}


def describe(slug: Slug, data: Data = None, json_: Json = False) -> None:
    """Tell in plain words what a flow will do, to be printed and signed; with --json its statements and values."""
    found: Description = command(data, json_, "describe", describing.Describe(slug=slug))

    def human() -> None:
        for line in prose(found, wording()):
            terminal.say(line)

    show(found, json_, human)


def doctor(
    offline: Annotated[bool, typer.Option("--offline", help="Call no other system.")] = False,
    data: Data = None,
    json_: Json = False,
) -> None:
    """Look at everything that can be wrong, and say what is, with a cure. Exit code 5 when something needs you."""
    request = examining.Doctor(offline=offline)
    found: examining.Examination = opened(
        data, json_, lambda hub: commands.run(hub, "doctor", request, person()), fitting=False
    )
    show(found, json_, lambda: _show_findings(found, wording()))
    if not found.well:
        raise typer.Exit(UNFINISHED)


def _show_findings(found: examining.Examination, language: Wording) -> None:
    for finding in found.findings:
        problem = finding.problem
        message = language.explained(problem) if problem else None
        said = message.text if message else language.say(f"doctor.{finding.check}")
        where = f"  [dim]({terminal.safe(problem.field)})[/]" if problem and problem.field else ""
        terminal.OUT.print(f"{_MARKS[finding.level]} {terminal.safe(said)}{where}", soft_wrap=True)
        if message:
            terminal.say(f"→ {message.cure}", indent=2)


def prose(found: Description, language: Wording) -> Iterator[str]:
    """The lines of the page."""
    say = language.say
    yield say("describe.title", slug=found.slug)
    yield ""
    ends = {
        "source": found.source,
        "source_system": system_name(found.source_system, language),
        "target": found.target,
        "target_system": system_name(found.target_system, language),
    }
    yield from _wrapped(say("describe.ends", **ends))
    state = language.word("flow_state", found.state)
    yield from _wrapped(say("describe.printed", state=state, version=found.version, day=language.day(date.today())))  # noqa: DTZ011 - the day of who signs
    for period in found.periods:
        yield from _period(period, language, alone=len(found.periods) == 1)
    yield from _heading("reading", language)
    yield from _list([told(sentence, language) for sentence in found.reading])
    for name, statements in (("asks", found.asks), ("never", found.never)):
        yield from _heading(name, language)
        yield from _list([told(sentence, language) for sentence in statements])
    yield ""
    yield from _wrapped(say("describe.agreed"))
    for name in ("place", "name", "signature"):
        yield ""
        yield f"{say(f'describe.{name}')}: {_LINE}"


def _period(period: Period, language: Wording, *, alone: bool) -> Iterator[str]:
    if not alone:
        yield ""
        days = {"since": language.day(period.since), "before": language.day(period.before), "version": period.version}
        kind = "between" if period.since and period.before else "from" if period.since else "until"
        yield language.say(f"describe.period.{kind}", **days).upper()
    yield from _heading("scope", language)
    yield from _list([told(sentence, language) for sentence in period.scope])
    yield from _heading("rules", language)
    rules = [rule_told(rule, language) for rule in period.rules]
    yield from _list(rules + ([] if period.whole else [language.say("describe.unmatched")]), numbered=True)
    yield from _heading("treatment", language)
    yield from _list([told(sentence, language) for sentence in period.treatment])
    for table in period.tables:
        yield from _heading("table", language, name=table.name)
        yield from _table(table, language)


def _table(table: Table, language: Wording) -> Iterator[str]:
    lacking = "required" if table.required else "optional"
    parts = [f"describe.by.{table.by}", *(["describe.asked"] if table.asked else []), f"describe.lacking.{lacking}"]
    yield from _wrapped(" ".join(language.say(part) for part in parts))
    shown = [looked_up(row.value, table, language) for row in table.rows]
    width = max(map(len, shown), default=0)
    for row, value in zip(table.rows, shown, strict=True):
        usual = "" if row.own else f"  ({language.say('describe.usual')})"
        yield f"   {value:<{width}}  →  {row.becomes}{usual}"


def _heading(heading: str, language: Wording, /, **values: Any) -> Iterator[str]:
    yield ""
    yield language.say(f"describe.heading.{heading}", **values)


def _list(items: Sequence[str], *, numbered: bool = False) -> Iterator[str]:
    for place, item in enumerate(items, 1):
        mark = f"{place}. " if numbered else "– "
        yield from textwrap.wrap(item, _WIDTH, initial_indent=f"   {mark}", subsequent_indent=" " * (3 + len(mark)))


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH)
