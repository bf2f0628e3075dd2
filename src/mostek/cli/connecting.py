"""Commands on connections, and making an installation."""

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from mostek import terminal
from mostek.cli import questions, screens
from mostek.cli.inputs import assignments, days_of, is_indirect, value_of
from mostek.cli.session import SYSTEM, Data, Json, Slug, command, fits, reported, show, wording
from mostek.commands import connecting, removing, scheduling
from mostek.core.schedule import Schedule
from mostek.desk import installation
from mostek.documents.problem import invalid
from mostek.hub.connections import connector_of, connectors
from mostek.sdk import settings as settings_

connect = typer.Typer(no_args_is_help=True, help="Connections to shops and accounting systems.")


def init(
    data: Data = None,
    database: Annotated[
        str, typer.Option(help="A PostgreSQL address, or @file or $VARIABLE with it; SQLite in the folder without it.")
    ] = "",
    json_: Json = False,
) -> None:
    """Make a data folder with its key and database; what exists is kept."""
    folder = data or installation.default_data()

    async def made() -> str:
        hub = installation.create(folder, value_of(database, "--database"))
        try:
            await fits(hub)
            return "sqlite" if hub.ledger.address.startswith("sqlite:") else "postgresql"
        finally:
            await hub.close()

    with reported(json_):
        found = {"data": str(folder), "database": asyncio.run(made())}
    show(found, json_, lambda: screens.show_ready(folder, wording()))


@connect.command(
    "add",
    epilog="Example: mostek connect add shop upgates --set address=https://... --set login=me --set 'api_key=$KEY'",
)
def connect_add(
    slug: Slug,
    connector: Annotated[str, typer.Argument(help="Which system: see mostek connect systems.")],
    set_: Annotated[list[str] | None, typer.Option("--set", help="name=value, name=@file or name=$VARIABLE.")] = None,
    data: Data = None,
    json_: Json = False,
) -> None:
    """Add a connection, or change some of its settings. At a terminal it asks for what is missing."""
    with reported(json_):
        values: dict[str, Any] = assignments(set_ or [])
        known = connector_of(connector)

    if sys.stdin.isatty():
        values |= _asked(data, json_, slug, connector, values)
    view = command(data, json_, "connect.add", connecting.Add(slug=slug, connector=connector, settings=values))
    exposed = {name for name, _, value in (pair.partition("=") for pair in set_ or []) if not is_indirect(value)}
    if exposed & settings_.secrets(known.settings):
        terminal.say(wording().say("connect.exposed"), console=terminal.ERR)
    stored = wording().say("connect.stored", slug=view.slug, system=screens.system_name(view.connector, wording()))
    show(view, json_, lambda: terminal.say(stored))


def _asked(data: Path | None, as_json: bool, slug: str, connector: str, given: Mapping[str, Any]) -> Any:
    """What the terminal answers; the present settings are offered, and nothing is asked that a flag has said.

    Asked between two looks into the installation, not within one: there Ctrl+C would not end a question.
    """
    views = command(data, as_json, "connect.list", connecting.List())
    stored = next((view.settings for view in views if view.slug == slug and view.connector == connector), None)
    if not given:
        terminal.say(wording().say("ask.begin", system=screens.system_name(connector, wording())))
    return questions.ask(connector_of(connector).settings, stored, given, wording())


@connect.command("systems", epilog="Example: mostek connect systems --json")
def connect_systems(
    name: Annotated[str, typer.Argument(help="One system: explains its settings.", show_default=False)] = "",
    json_: Json = False,
) -> None:
    """List the systems that can be connected, with what each can do; or explain the settings of one."""
    if name:
        with reported(json_):
            kind = connector_of(name).settings
        schema = settings_.schema(kind)
        show(schema, json_, lambda: screens.show_settings(name, schema, settings_.secrets(kind), wording()))
        return
    manifests = [found.manifest for found in connectors().values()]
    show(manifests, json_, lambda: screens.show_systems(manifests, wording()))


@connect.command("list", epilog="Example: mostek connect list")
def connect_list(data: Data = None, json_: Json = False) -> None:
    """List the connections with their state and calls left."""
    views = command(data, json_, "connect.list", connecting.List())
    show(views, json_, lambda: screens.show_connections(views, wording()))


@connect.command("check", epilog="Example: mostek connect check shop")
def connect_check(slug: Slug, data: Data = None, json_: Json = False) -> None:
    """Log in to the system and look around, changing nothing. Exit code 4 when something is wrong."""
    checked = command(data, json_, "connect.check", connecting.Check(slug=slug))
    show(checked, json_, lambda: screens.show_check(checked, wording()))
    if not checked.ok:
        raise typer.Exit(SYSTEM)


@connect.command("schedule", epilog="Example: mostek connect schedule shop order --at 06:00 --at 18:00 --days 1-5")
def connect_schedule(
    slug: Slug,
    feed: Annotated[str, typer.Argument(help="Which list: see mostek status.")],
    every: Annotated[int, typer.Option(help="Read after a pause of so many seconds.", min=0)] = 0,
    at: Annotated[
        list[str] | None, typer.Option("--at", help="Read at a time of day, as 06:00; may be repeated.")
    ] = None,
    days: Annotated[str, typer.Option(help="On which days of the week: 1-5 is Monday to Friday.")] = "1-7",
    data: Data = None,
    json_: Json = False,
) -> None:
    """Set when a list is read; without --every and --at it is read by hand only."""
    with reported(json_):
        schedule = {"every": every, "at": at or [], "days": days_of(days, "--days")}
        try:
            wanted = msgspec.convert(schedule, Schedule)
        except msgspec.ValidationError as error:
            raise invalid("input.unreadable", "--at", reason=error) from None
    shown = command(data, json_, "connect.schedule", scheduling.Reschedule(slug=slug, feed=feed, schedule=wanted))
    show(shown, json_, lambda: terminal.say(wording().say("connect.scheduled", slug=slug, feed=feed)))


@connect.command("remove", epilog="Example: mostek connect remove shop --confirm shop")
def connect_remove(
    slug: Slug,
    confirm: Annotated[str, typer.Option(help="The name once more.")] = "",
    data: Data = None,
    json_: Json = False,
) -> None:
    """Disconnect a system and take its flows away. Without --confirm it tells what hangs on it, and changes nothing."""
    if not confirm:
        used: removing.Used = command(data, json_, "uses", removing.Uses(connection=slug))
        show(used, json_, lambda: screens.show_uses(slug, used, wording()))
        return
    request = removing.RemoveConnection(slug=slug, confirm=confirm)
    gone = command(data, json_, "connect.remove", request)
    show(gone, json_, lambda: terminal.say(wording().say("connect.removed", slug=slug)))
