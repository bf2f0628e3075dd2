"""Running the hub, seeing how everything stands, and the demonstration."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator
from typing import Annotated

import structlog
import typer

from mostek import commands, terminal
from mostek.cli import screens
from mostek.cli.inputs import value_of
from mostek.cli.session import UNFINISHED, Data, Json, command, opened, person, reported, show, wording
from mostek.commands import looking
from mostek.desk.installation import Installation
from mostek.hub import place
from mostek.hub.runner import Runner

LOG = structlog.get_logger()
_GLANCE = 0.5  # seconds between two looks at what is left


def run(
    once: Annotated[bool, typer.Option("--once", help="Read everything once, finish the work, and end.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Go on until Ctrl+C, reading when it is due.")] = False,
    patience: Annotated[
        float, typer.Option(help="With --once: give up after so many seconds without progress.", min=0)
    ] = 120,
    data: Data = None,
    json_: Json = False,
) -> None:
    """Read, plan and deliver. Several may run on one database: each takes the work the others leave.

    Ctrl+C and SIGTERM end it after the present step. With --once the exit code is 5 when not everything is done and
    read back. A ledger that was restored, moved or copied does nothing until `mostek takeover`: --once then ends with
    exit code 5, --watch waits. The same after `mostek stop`.
    """
    if once == watch:
        raise typer.BadParameter("choose --once or --watch")
    view = opened(data, json_, lambda hub: _run(hub, patience if once else None))
    show(view, json_, lambda: screens.show_status(view, wording()))
    if view.halt or (once and screens.unfinished(view)):
        raise typer.Exit(UNFINISHED)


async def _run(hub: Installation, patience: float | None) -> looking.StatusView:
    runner = Runner(hub.engine)
    _end_by_signal(runner)
    LOG.info("running", owner=hub.engine.owner)
    if halt := await place.halt(hub.ledger):
        terminal.show_problem(halt, wording())
    async with _watched(runner):
        await (runner.watch() if patience is None else runner.once(patience))
    status_: looking.StatusView = await commands.run(hub, "status", looking.Status(), person())
    return status_


def _end_by_signal(runner: Runner) -> None:
    """The first signal ends after the present step; the second one at once."""
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM)

    def stop() -> None:
        runner.stop()
        for number in numbers:
            loop.remove_signal_handler(number)
        terminal.say(wording().say("run.stopping"), console=terminal.ERR)

    for number in numbers:
        loop.add_signal_handler(number, stop)


@contextlib.asynccontextmanager
async def _watched(runner: Runner) -> AsyncIterator[None]:
    """Show on a terminal, and only there, what is still to do."""
    if not terminal.ERR.is_terminal:
        yield
        return
    with terminal.ERR.status(wording().say("run.working")) as shown:

        async def look() -> None:
            while True:
                left = await runner.left()
                progress = wording().say("run.progress", **vars(left))
                shown.update(f"{wording().say('run.working')}\n  {progress}")
                await asyncio.sleep(_GLANCE)

        looking_ = asyncio.create_task(look())
        try:
            yield
        finally:
            looking_.cancel()
            await asyncio.gather(looking_, return_exceptions=True)


def status(data: Data = None, json_: Json = False) -> None:
    """Show how everything stands: the counts add up to what the shops had."""
    view = command(data, json_, "status", looking.Status())
    show(view, json_, lambda: screens.show_status(view, wording()))


def demo(
    once: Annotated[bool, typer.Option("--once", help="Move the documents, print the result, and end.")] = False,
    seed: Annotated[int, typer.Option(help="Another seed gives other documents.")] = 1,
    documents: Annotated[int, typer.Option(help="How many documents the shop has.", min=1)] = 240,
    database: Annotated[
        str, typer.Option(help="A PostgreSQL address, or @file or $VARIABLE with it; SQLite without it.")
    ] = "",
    port: Annotated[int, typer.Option(help="The port of the page; 0 takes a free one.", min=0, max=65535)] = 8080,
    json_: Json = False,
) -> None:
    """Start a simulated shop and simulated books, move the documents, and compare both sides.

    Exit code 0 only when the shop's documents, less those parked or excluded, equal the books per kind and currency.
    """
    from mostek import demo as demonstration

    with reported(json_):
        address = value_of(database, "--database")
        agreed = asyncio.run(
            demonstration.run(seed=seed, documents=documents, once=once, as_json=json_, database=address, port=port)
        )
    if not agreed:
        raise typer.Exit(UNFINISHED)
