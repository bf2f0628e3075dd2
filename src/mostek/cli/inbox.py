"""Commands on documents: what needs a person, one document, its story."""

from typing import Annotated, Any

import typer

from mostek import commands, terminal
from mostek.cli import screens, stories
from mostek.cli.session import UNFINISHED, Data, Json, command, opened, person, show, wording
from mostek.commands import adopting, looking, mending, searching
from mostek.desk.installation import Installation
from mostek.replies import reply

inbox = typer.Typer(no_args_is_help=True, help="Documents that need a person.")
_PAGE = 1000

Text = Annotated[str, typer.Argument(help="The document's number.")]
Records = Annotated[list[int] | None, typer.Argument(help="Numbers from mostek inbox list.")]


@inbox.command("list", epilog="Example: mostek inbox list --cause money.line_sum")
def inbox_list(
    cause: Annotated[str, typer.Option(help="Only this cause.")] = "", data: Data = None, json_: Json = False
) -> None:
    """List the documents that need a person, with reason and cure."""

    async def work(hub: Installation) -> Any:
        found: list[looking.Item] = []
        while page := await _page(hub, cause, found[-1] if found else None):
            found += page
        return tuple(found)

    items = opened(data, json_, work)
    show(items, json_, lambda: screens.show_inbox(items, wording()))


async def _page(hub: Installation, cause: str, last: looking.Item | None) -> Any:
    asked = looking.Inbox(cause=cause, limit=_PAGE)
    if last:
        asked.after, asked.passage = last.record, last.passage
    return await commands.run(hub, "inbox.list", asked, person())


@inbox.command("show", epilog="Example: mostek inbox show 2026000123")
def inbox_show(
    text: Text,
    payload: Annotated[bool, typer.Option("--payload", help="Show the exact text that was sent.")] = False,
    data: Data = None,
    json_: Json = False,
) -> None:
    """Show one document: what was decided and why, what to do, and what was sent."""
    views = command(data, json_, "inbox.show", looking.Show(text=text))
    show(views, json_, lambda: stories.show_records(views, payload, wording()))


@inbox.command("retry", epilog="Example: mostek inbox retry --cause product.missing")
def inbox_retry(
    records: Records = None,
    cause: Annotated[str, typer.Option(help="All of this cause.")] = "",
    data: Data = None,
    json_: Json = False,
) -> None:
    """Decide documents again at the next run. Exit code 5 when one of them is in no state for it."""
    _need(records, cause)
    mended = command(data, json_, "inbox.retry", mending.Retry(records=tuple(records or ()), cause=cause))
    _show_mended(mended, "inbox.retried", json_)


@inbox.command("exclude", epilog="Example: mostek inbox exclude 17 --reason 'booked by hand'")
def inbox_exclude(
    reason: Annotated[str, typer.Option(help="Why; it stays with the document.")],
    records: Records = None,
    cause: Annotated[str, typer.Option(help="All of this cause.")] = "",
    data: Data = None,
    json_: Json = False,
) -> None:
    """Leave documents out; a retry takes it back. Exit code 5 when one of them is in no state for it."""
    _need(records, cause)
    request = mending.Exclude(records=tuple(records or ()), cause=cause, reason=reason, person=person())
    _show_mended(command(data, json_, "inbox.exclude", request), "inbox.excluded", json_)


@inbox.command("adopt", epilog="Example: mostek inbox adopt 17 --id 4021")
def inbox_adopt(
    records: Annotated[list[int], typer.Argument(help="Numbers from mostek inbox list.")],
    target: Annotated[
        str, typer.Option("--id", help="The document in the target, where several were found or it differs.")
    ] = "",
    data: Data = None,
    json_: Json = False,
) -> None:
    """Tie documents to those that are in the target already. Exit code 5 when for one of them that is not clear."""
    request = adopting.Adopt(records=tuple(records), target_id=target, person=person())
    _show_mended(command(data, json_, "inbox.adopt", request), "inbox.adopted", json_)


@inbox.command("accept", epilog="Example: mostek inbox accept 17")
def inbox_accept(
    records: Annotated[list[int], typer.Argument(help="Numbers from mostek inbox list.")],
    data: Data = None,
    json_: Json = False,
) -> None:
    """Take documents as they stand in the target: that is right. Exit code 5 when one of them is not there."""
    request = adopting.Accept(records=tuple(records), person=person())
    _show_mended(command(data, json_, "inbox.accept", request), "inbox.accepted", json_)


@inbox.command("reread", epilog="Example: mostek inbox reread 17")
def inbox_reread(
    records: Annotated[list[int], typer.Argument(help="Numbers from mostek inbox list.")],
    data: Data = None,
    json_: Json = False,
) -> None:
    """Ask the shop for documents again: what is not there any more is decided by the flow's rules for that."""
    mended = command(data, json_, "inbox.reread", mending.Reread(records=tuple(records)))
    _show_mended(mended, "inbox.reread", json_)


def _need(records: list[int] | None, cause: str) -> None:
    if not records and not cause:
        raise typer.BadParameter("name documents, or give --cause")


def _show_mended(mended: mending.Mended, sentence: str, json_: bool) -> None:
    def human() -> None:
        terminal.say(wording().say(sentence, n=len(mended.records)))
        if mended.untouched:
            numbers = ", ".join(map(str, mended.untouched))
            terminal.say(wording().say("inbox.untouched", records=numbers))

    show(mended, json_, human)
    if mended.untouched:
        raise typer.Exit(UNFINISHED)


def find(
    text: Annotated[str, typer.Argument(help="A number, IČO or NIP, a name, an e-mail, an amount.")],
    data: Data = None,
    json_: Json = False,
) -> None:
    """Find what became of an order, a document or a buyer, and say what is to be done. Exit code 5: nothing found."""
    found: searching.Found = command(data, json_, "search", searching.Search(text=text))
    show(found, json_, lambda: _show_found(found))
    if not found.answers:
        raise typer.Exit(UNFINISHED)


def _show_found(found: searching.Found) -> None:
    if not found.answers:
        terminal.say(wording().say("reply.none", text=found.text))
    for answer in found.answers:
        known, step = reply(answer, wording())
        terminal.say(known, style="bold")
        terminal.say(step, indent=2)
    for name in [name for name, holds in (("more", found.more), ("not_whole", not found.whole)) if holds]:
        terminal.say(wording().say(f"reply.{name}"), style="dim")


def trace(text: Text, data: Data = None, json_: Json = False) -> None:
    """Tell the story of a document's case: decided by which version, sent, answered; with --json all of it."""

    async def work(hub: Installation) -> Any:
        steps = await commands.run(hub, "trace", looking.Trace(text=text), person())
        views = await commands.run(hub, "inbox.show", looking.Show(text=text), person())
        return steps, views

    steps, views = opened(data, json_, work)
    show(steps, json_, lambda: stories.show_trace(steps, views, wording()))
