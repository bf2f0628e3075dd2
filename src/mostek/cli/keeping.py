"""Keeping an installation: stop and go, backup and restore, and going on at a new place."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from mostek import terminal
from mostek.cli import screens
from mostek.cli.session import Data, Json, command, opened, person, reported, show, wording
from mostek.commands import connecting, keeping
from mostek.desk import installation
from mostek.desk.installation import Installation
from mostek.hub import place

One = Annotated[str, typer.Argument(help="One connection; all without it.", show_default=False)]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def stop(connection: One = "", data: Data = None, json_: Json = False) -> None:
    """Stop everything, or one connection: nothing is read from it or written to it until `mostek go`.

    It takes effect within a second, also in a process that runs; calls in flight finish. A restart, or a change of
    settings, does not start it again.
    """
    views = command(data, json_, "stop", connecting.Stop(slug=connection, person=person()))
    said = wording().say("keeping.stopped_one" if connection else "keeping.stopped_all", connection=connection)
    show(views, json_, lambda: terminal.say(said))


def go(connection: One = "", data: Data = None, json_: Json = False) -> None:
    """Let everything go on, or one connection; what was stopped by its name goes on by its name only."""
    views = command(data, json_, "go", connecting.Go(slug=connection))
    said = wording().say("keeping.goes_one" if connection else "keeping.goes_all", connection=connection)
    show(views, json_, lambda: terminal.say(said))


def backup(
    file: Annotated[Path, typer.Argument(help="A new file, or a folder for one with the time in its name.")],
    with_key: Annotated[
        bool, typer.Option("--with-key", help="Put the key in: whoever has the file then has the passwords.")
    ] = False,
    data: Data = None,
    json_: Json = False,
) -> None:
    """Back up the ledger and its traces into one file, while Mostek may run. The key is not in it unless asked for."""
    done = command(data, json_, "backup", keeping.Backup(file=str(file.absolute()), with_key=with_key))
    show(done, json_, lambda: screens.show_backup(done, wording()))


def restore(
    file: Annotated[Path, typer.Argument(help="A file written by mostek backup.")],
    key: Annotated[
        Path | None, typer.Option("--key", help="The key file, where neither the backup nor the folder has it.")
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Put it in place of a ledger that is there, which is kept beside.")
    ] = False,
    data: Data = None,
    json_: Json = False,
) -> None:
    """Restore a backup, whole or not at all. Nothing is read or sent from it until `mostek takeover`."""
    folder = data or installation.default_data()
    with reported(json_):
        lacking = None if key else keeping.needs_key(file, folder)
    if lacking and sys.stdin.isatty():
        terminal.say(wording().say("keeping.which_key", origin=lacking.origin, mark=lacking.key))
        key = Path(typer.prompt(wording().say("keeping.key_file")))
    with reported(json_):
        done = asyncio.run(keeping.restore(file, folder, key=key, replace=replace, person=person()))
    show(done, json_, lambda: screens.show_restored(done, wording()))


def takeover(yes: Yes = False, data: Data = None, json_: Json = False) -> None:
    """Go on with a ledger that was restored, moved or copied, once the one it comes from has been stopped.

    From then on each effect is looked for in the target before it is sent: what the other one did is found there.
    """
    halt = opened(data, json_, _halt)
    if halt and halt.cause.startswith("place.") and not yes:
        terminal.show_problem(halt, wording(), console=terminal.ERR)
        typer.confirm(wording().say("keeping.sure"), abort=True, err=True)
    done = command(data, json_, "takeover", keeping.Takeover())
    said = wording().say("keeping.taken" if done.changed else "keeping.at_home", place=done.place)
    show(done, json_, lambda: terminal.say(said))


async def _halt(hub: Installation) -> Any:
    return await place.halt(hub.ledger)
