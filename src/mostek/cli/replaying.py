"""The story of a case as a file that can be planned again, and what a changed policy would have done."""

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from typer.core import TyperGroup

from mostek import terminal
from mostek.cli.inbox import trace as told
from mostek.cli.inputs import day_of, json_of
from mostek.cli.session import UNFINISHED, Data, Json, Slug, command, reported, show, wording
from mostek.commands.replaying import Export
from mostek.commands.supposing import Example, Line, Suppose, Supposed
from mostek.desk import specimen as stored
from mostek.desk.disguise import disguised
from mostek.desk.specimen import Replayed, Specimen, decoded, encoded
from mostek.documents.money import Money
from mostek.documents.problem import invalid
from mostek.wording import Wording

_SHOWN = 40
_CUT = 200


class _Stories(TyperGroup):
    """``mostek trace NUMBER`` is short for ``mostek trace show NUMBER``."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command named first, or ``show``."""
        return super().resolve_command(ctx, args if args[0] in self.commands else ["show", *args])


trace = typer.Typer(cls=_Stories, no_args_is_help=True, help="The story of a document: told, or as a file to replay.")
trace.command("show", epilog="Example: mostek trace show 2026000123 --json")(told)


@trace.command("export", epilog="Example: mostek trace export 2026000123 case.json --anonymous")
def trace_export(
    text: Annotated[str, typer.Argument(metavar="NUMBER", help="The document's number.")],
    file: Annotated[Path | None, typer.Argument(help="Where to write it; to the screen without one.")] = None,
    anonymous: Annotated[bool, typer.Option("--anonymous", help="Make the people in it up.")] = False,
    flow: Annotated[str, typer.Option(help="As this flow planned it; the latest plan without it.")] = "",
    step: Annotated[int, typer.Option(help="As it was planned in this step of the trace (its id in --json).")] = 0,
    data: Data = None,
    json_: Json = False,
) -> None:
    """Write a document's case into one file: what its plan rests on, what was decided, and the exact bytes.

    Passwords are never in it, and no plan needs them. With --json, or without a file, it is printed.
    """
    specimen: Specimen = command(data, json_, "trace.export", Export(text=text, flow=flow, step=step))
    with reported(json_):
        specimen = disguised(specimen) if anonymous else specimen
        if file:
            _write(file, specimen)
    if json_ or not file:
        typer.echo(encoded(specimen).decode(), nl=False)
        return
    terminal.say(wording().say("replaying.exported", file=file))
    terminal.say(wording().say("replaying.anonymous" if anonymous else "replaying.personal"))


def replay(
    file: Annotated[Path, typer.Argument(help="A file of mostek trace export.")],
    keep: Annotated[bool, typer.Option("--keep", help="Write what is decided now into the file.")] = False,
    as_test: Annotated[str, typer.Option(metavar="NAME", help="Make it a test, with made-up people.")] = "",
    checkout: Annotated[Path, typer.Option(help="The checkout of Mostek, or a folder in it.")] = Path(),
    json_: Json = False,
) -> None:
    """Plan a stored case again, without network or database, and compare it byte for byte with what was decided.

    Exit code 5 when something differs. --as-test stores what is decided now as what has to be decided.
    """
    with reported(json_):
        specimen = decoded(_read(file))
        replayed = stored.replay(specimen)
        if keep:
            _write(file, _renewed(specimen, replayed))
        place = stored.place_of(checkout, as_test) if as_test else None
        if place:
            _write(place, _renewed(specimen, replayed) if specimen.anonymous else disguised(specimen))
    show(replayed, json_, lambda: _show(replayed, wording()))
    for name, written in (("replaying.kept", file if keep else None), ("replaying.test", place)):
        if written and not json_:
            terminal.say(wording().say(name, file=written))
    if replayed.changes:
        raise typer.Exit(UNFINISHED)


def suppose(
    slug: Slug,
    policy: Annotated[str, typer.Option(help="The whole policy: a JSON object, or @file.")],
    effective: Annotated[
        str, typer.Option("--from", help="It would decide for documents issued from this day on, as 2027-01-01.")
    ] = "",
    days: Annotated[int, typer.Option(min=1, help="Documents that changed in so many last days.")] = 90,
    ask: Annotated[bool, typer.Option("--ask", help="Ask the target anew about what is not done.")] = False,
    data: Data = None,
    json_: Json = False,
) -> None:
    """Show what a changed policy would do to the documents of the last months; nothing is saved or sent."""
    with reported(json_):
        chosen = json_of(policy, "--policy", dict)
        day = day_of(effective, "--from") if effective else None
    request = Suppose(slug=slug, policy=chosen, effective=day, days=days, ask=ask)
    supposed: Supposed = command(data, json_, "flow.suppose", request)
    show(supposed, json_, lambda: show_supposed(supposed, wording()))


def show_supposed(supposed: Supposed, language: Wording) -> None:
    """What would act now, the table of both policies, and some of the documents."""
    heads = {"n": supposed.documents, "days": supposed.days}
    terminal.say(language.say("supposing.head", **heads))
    if not supposed.differing and not supposed.acts and not supposed.stops:
        terminal.say(language.say("supposing.nothing"), style="bold green")
        return
    amounts = _amounts(supposed.acting, language)
    terminal.say(language.say("supposing.acts", n=supposed.acts, amounts=amounts or "–"), style="bold")
    terminal.say(language.say("supposing.stops", n=supposed.stops))
    names = ("decided", "count", "total", "acting", "stopping", "done")
    columns = [language.say(f"supposing.{name}") for name in names]
    rows = [
        (
            _ways(line, language),
            line.count,
            _amounts(line.totals, language),
            line.acts,
            line.stops,
            line.settled,
        )
        for line in supposed.lines
    ]
    terminal.table(columns, rows, right=[columns[2]])
    for each in supposed.examples:
        _show_example(each, language)
    if any("ask" in {line.old, line.new} for line in supposed.lines):
        terminal.say(language.say("supposing.ask_hint"), style="dim")


def _show_example(each: Example, language: Wording) -> None:
    head = f"{language.word('kind', each.kind)} {each.number}  {language.money(each.total)}".rstrip()
    name = "acting" if each.acts else "stopping" if each.stops else "done" if each.settled else ""
    told = f" ({language.say(f'supposing.{name}')})" if name else ""
    terminal.say(f"{head}: {_ways(each, language)}{told}", indent=2)


def _ways(each: Line | Example, language: Wording) -> str:
    old, new = _verdict(each.old, language), _verdict(each.new, language)
    return old if old == new else f"{old} → {new}"


def _verdict(name: str, language: Wording) -> str:
    if name in {"act", "ask", ""}:
        return language.say(f"supposing.{name or 'left'}")
    known = language.word("verdict", name)
    return known if known != name else language.word("reason", name)


def _amounts(totals: tuple[Money, ...], language: Wording) -> str:
    return ", ".join(map(language.money, totals))


def _show(replayed: Replayed, language: Wording) -> None:
    known = {"flow": replayed.flow, "program": replayed.program}
    if not replayed.changes:
        terminal.say(language.say("replaying.same", n=len(replayed.outcome), **known), style="bold green")
        return
    terminal.say(language.say("replaying.differs", n=len(replayed.changes), **known), style="bold red")
    for change in replayed.changes[:_SHOWN]:
        terminal.say(language.say("replaying.place", record=str(change.record), path=change.path), indent=2)
        for sign, text in (("-", change.before), ("+", change.after)):
            terminal.say(f"{sign} {text if len(text) <= _CUT else text[:_CUT] + '…'}", indent=4)


def _renewed(specimen: Specimen, replayed: Replayed) -> Specimen:
    return msgspec.structs.replace(specimen, outcome=replayed.outcome)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise invalid("input.file", "file", path=file, reason=error.strerror or error) from None


def _write(file: Path, specimen: Specimen) -> None:
    try:
        file.write_bytes(encoded(specimen))
    except OSError as error:
        raise invalid("replay.file", "file", path=file, reason=error.strerror or error) from None
