"""Commands on flows, and the preview."""

from typing import Annotated, Any

import typer

from mostek import commands, terminal
from mostek.cli import screens
from mostek.cli.inputs import day_of, json_of
from mostek.cli.session import SYSTEM, Data, Json, Slug, command, opened, person, reported, show, wording
from mostek.commands import flowing, looking, removing
from mostek.desk.installation import Installation
from mostek.documents.problem import Problem, invalid
from mostek.hub.runner import Runner

_SHOWN = 20

flow = typer.Typer(no_args_is_help=True, help="Flows: what goes from where to where, by which rules.")


@flow.command(
    "add", epilog='Example: mostek flow add invoices --from shop --to books --policy \'{"payments": "none"}\''
)
def flow_add(
    slug: Slug,
    source: Annotated[str, typer.Option("--from", help="The connection that is read.")],
    target: Annotated[str, typer.Option("--to", help="The connection that is written to.")],
    policy: Annotated[str, typer.Option(help="What differs from the defaults: a JSON object, or @file.")] = "{}",
    live: Annotated[bool, typer.Option("--live", help="Let it send at once.")] = False,
    data: Data = None,
    json_: Json = False,
) -> None:
    """Add a flow between two connections, as a draft: it shows what it would do, and sends nothing until started."""
    with reported(json_):
        chosen = json_of(policy, "--policy", dict)
    request = flowing.Add(slug=slug, source=source, target=target, policy=chosen, live=live)
    view = command(data, json_, "flow.add", request)
    name = "flow.stored" if live else "flow.drafted"
    stored = wording().say(name, slug=view.slug, source=view.source, target=view.target)
    show(view, json_, lambda: terminal.say(stored))


@flow.command("list", epilog="Example: mostek flow list --json")
def flow_list(data: Data = None, json_: Json = False) -> None:
    """List the flows; with --json their whole policies."""
    views = command(data, json_, "flow.list", flowing.List())
    show(views, json_, lambda: screens.show_flows(views, wording()))


@flow.command("change", epilog="Example: mostek flow change invoices --policy @policy.json")
def flow_change(
    slug: Slug,
    policy: Annotated[str, typer.Option(help="The whole policy: a JSON object, or @file.")],
    effective: Annotated[
        str, typer.Option("--from", help="It decides for documents issued from this day on, as 2027-01-01.")
    ] = "",
    data: Data = None,
    json_: Json = False,
) -> None:
    """Save a new version of a flow's policy; what is not done yet is decided again by it, before anything is sent."""
    with reported(json_):
        chosen = json_of(policy, "--policy", dict)
        day = day_of(effective, "--from") if effective else None
    view = command(data, json_, "flow.change", flowing.Change(slug=slug, policy=chosen, effective=day))
    show(view, json_, lambda: _saved(view))


@flow.command("undo", epilog="Example: mostek flow undo invoices")
def flow_undo(slug: Slug, data: Data = None, json_: Json = False) -> None:
    """Go back to the policy before: what was planned by the present one and is not sent is planned again."""
    view = command(data, json_, "flow.undo", flowing.Undo(slug=slug))
    show(view, json_, lambda: _saved(view))


def _saved(view: flowing.View) -> None:
    terminal.say(wording().say("flow.saved", slug=view.slug, version=view.version))


@flow.command("pause", epilog="Example: mostek flow pause invoices")
def flow_pause(slug: Slug, data: Data = None, json_: Json = False) -> None:
    """Stop a flow; reading goes on, nothing is sent."""
    view = command(data, json_, "flow.pause", flowing.Pause(slug=slug))
    show(view, json_, lambda: terminal.say(wording().say("flow.paused", slug=view.slug)))


@flow.command("start", epilog="Example: mostek flow start invoices")
def flow_start(slug: Slug, data: Data = None, json_: Json = False) -> None:
    """Let a draft, a paused or a held flow send; what waits is decided again first."""
    view = command(data, json_, "flow.start", flowing.Start(slug=slug))
    show(view, json_, lambda: terminal.say(wording().say("flow.started", slug=view.slug)))


@flow.command("remove", epilog="Example: mostek flow remove invoices --confirm invoices")
def flow_remove(
    slug: Slug,
    confirm: Annotated[str, typer.Option(help="The name once more.")] = "",
    data: Data = None,
    json_: Json = False,
) -> None:
    """Take a flow away; what it sent stays known. Without --confirm it tells what hangs on it."""
    if not confirm:
        used: removing.Used = command(data, json_, "uses", removing.Uses(flow=slug))
        show(used, json_, lambda: screens.show_uses(slug, used, wording()))
        return
    gone = command(data, json_, "flow.remove", removing.RemoveFlow(slug=slug, confirm=confirm))
    show(gone, json_, lambda: terminal.say(wording().say("flow.removed", slug=slug)))


def preview(
    slug: Slug,
    limit: Annotated[
        int | None, typer.Option(help="Decide so many documents only; 0 shows all.", min=0, show_default=False)
    ] = None,
    read: Annotated[bool, typer.Option(help="Read the shop first.")] = True,
    payload: Annotated[bool, typer.Option("--payload", help="Show the exact text that would be sent.")] = False,
    data: Data = None,
    json_: Json = False,
) -> None:
    """Show what a run would do, by the same code and with the same bytes; nothing is sent anywhere.

    Exit code 4 when the shop could not be read: then it shows what was known before. Without --limit all documents
    are decided and counted, and the first ones shown.
    """

    async def work(hub: Installation) -> Any:
        source = await _source(hub, slug)
        if read:
            await Runner(hub.engine).read()
        shown = await commands.run(hub, "preview", flowing.Preview(slug=slug, limit=limit or 0), person())
        return shown, await _unread(hub, source) if read else ()

    shown, unread = opened(data, json_, work)
    for connection, problem in unread:
        terminal.say(wording().say("preview.unread", connection=connection), console=terminal.ERR)
        terminal.show_problem(problem, wording())
    show(shown, json_, lambda: screens.show_preview(shown, _SHOWN if limit is None else 0, payload, wording()))
    if unread:
        raise typer.Exit(SYSTEM)


async def _source(hub: Installation, slug: str) -> str:
    """The connection that a flow reads; a flow that is not there is said before anybody is asked anything."""
    flows = await commands.run(hub, "flow.list", flowing.List(), person())
    source = next((str(view.source) for view in flows if view.slug == slug), "")
    if not source:
        raise invalid("flow.unknown", "slug", slug=slug)
    return source


async def _unread(hub: Installation, source: str) -> list[tuple[str, Problem]]:
    """What kept a source from being read just now."""
    status: looking.StatusView = await commands.run(hub, "status", looking.Status(), person())
    stopped = [item.problem for item in status.connections if item.slug == source and item.state == "stopped"]
    feeds = [item.problem for item in status.feeds if item.connection == source]
    found = [screens.problem_of(problem) for problem in stopped or feeds if problem]
    return [(source, problem) for problem in found[:1]]
