"""What is in the target already: first sync, the accountant's closed periods, reading everything back."""

from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from mostek import commands, terminal
from mostek.cli import screens
from mostek.cli.inputs import day_of
from mostek.cli.session import UNFINISHED, Data, Json, Slug, command, opened, person, reported, show, wording
from mostek.commands import adopting
from mostek.desk import sheets
from mostek.desk.installation import Installation
from mostek.hub.runner import Runner

books = typer.Typer(no_args_is_help=True, help="Books: which periods are closed, and what is read back.")
_SHOWN = 20


def first_sync(
    slug: Slug,
    accept: Annotated[
        bool, typer.Option("--accept", help="Take over what is the same, and let the flow send from now on.")
    ] = False,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write every document with its fate to this file.")] = None,
    read: Annotated[bool, typer.Option(help="Read the shop first.")] = True,
    data: Data = None,
    json_: Json = False,
) -> None:
    """Show the difference of both sides before anything is written: what to enter, take over, ask about.

    With --accept what is the same is tied to the document that is there, and the flow goes live. Exit code 5 when some
    documents need a person.
    """

    async def work(hub: Installation) -> Any:
        if read:
            await Runner(hub.engine).read()
        return await commands.run(
            hub, "first_sync", adopting.FirstSync(slug=slug, accept=accept, person=person()), person()
        )

    found: adopting.Difference = opened(data, json_, work)
    if csv:
        with reported(json_):
            _write(csv, found)
    show(found, json_, lambda: screens.show_first_sync(found, _SHOWN, wording()))
    if found.counts.get("ask"):
        raise typer.Exit(UNFINISHED)


def _write(path: Path, found: adopting.Difference) -> None:
    say = wording()
    columns = screens.columns(say, "fate", "kind", "number", "total", "currency", "reason", "target")
    rows = (
        (
            say.word("fate", line.fate),
            say.word("kind", line.kind),
            line.number,
            line.total,
            line.total.currency if line.total else "",
            line.cause,
            line.target,
        )
        for line in found.lines
    )
    sheets.write(path, columns, rows)


@books.command("close", epilog="Example: mostek books close accounts 2026-10-31")
def books_close(
    slug: Slug,
    until: Annotated[str, typer.Argument(help="The last closed day, as 2026-10-31.")],
    data: Data = None,
    json_: Json = False,
) -> None:
    """Close the books up to a day: nothing dated earlier is entered, changed or cancelled there; it asks instead."""
    with reported(json_):
        day = day_of(until, "until")
    _close(slug, day, data, json_)


@books.command("open", epilog="Example: mostek books open accounts")
def books_open(slug: Slug, data: Data = None, json_: Json = False) -> None:
    """Open the books again: what waited for it goes on."""
    _close(slug, None, data, json_)


@books.command("verify", epilog="Example: mostek books verify accounts")
def books_verify(slug: Slug, data: Data = None, json_: Json = False) -> None:
    """Have the next run read back everything that was written there, as it is done every day by itself."""
    found = command(data, json_, "books.verify", adopting.Verify(slug=slug))
    show(found, json_, lambda: terminal.say(wording().say("books.verifying", n=found.documents)))


def _close(slug: str, until: date | None, data: Path | None, json_: bool) -> None:
    found = command(data, json_, "books.close", adopting.Close(slug=slug, until=until))
    say = wording()
    sentence = say.say("books.closed", slug=slug, day=say.day(until)) if until else say.say("books.open", slug=slug)
    show(found, json_, lambda: terminal.say(sentence))
