"""The command line: thin over the list of commands, every command with ``--json`` and documented exit codes.

Exit codes: 0 done; 1 given up at a question; 2 wrong usage; 3 the input was refused, with field and cure; 4 a system
could not be reached or refused; 5 not everything is done: something waits, needs a person, or differs.
"""

import os
import sys
from collections.abc import Callable, Mapping
from typing import Annotated

import structlog
import typer

from mostek.cli.adopting import books, first_sync
from mostek.cli.configuring import apply, diff, export
from mostek.cli.connecting import connect, init
from mostek.cli.describing import describe, doctor
from mostek.cli.flowing import flow, preview
from mostek.cli.hooking import hook
from mostek.cli.inbox import find, inbox
from mostek.cli.keeping import backup, go, restore, stop, takeover
from mostek.cli.reconciling import reconcile, series
from mostek.cli.replaying import replay, suppose, trace
from mostek.cli.running import demo, run, status
from mostek.cli.sandboxes import sandbox
from mostek.cli.serving import person, serve

_EPILOG = (
    "Exit codes: 0 done, 2 wrong usage, 3 input refused, 4 a system failed, 5 not everything is done. "
    "The language is that of your terminal; MOSTEK_LANG=en, cs or pl chooses another."
)
_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Mostek connects e-shops with accounting systems.",
    epilog=_EPILOG,
)
_ONE_LINE: Mapping[Callable[..., None], tuple[str, str]] = {  # what `mostek --help` has room for
    init: ("Make a data folder with its key and database.", "mostek init --data ./mostek-data"),
    preview: ("Show what a run would do, and send nothing.", "mostek preview invoices --limit 20"),
    first_sync: ("Show the difference of both sides first.", "mostek first-sync invoices --csv first.csv"),
    run: ("Read, decide and transfer, once or for good.", "mostek run --watch"),
    serve: ("Serve the web page, and work.", "mostek serve --port 8080"),
    describe: ("Tell in plain words what a flow does.", "mostek describe invoices"),
    export: ("Write the configuration as a text.", "mostek export mostek.toml"),
    diff: ("Show what applying a file would change.", "mostek diff mostek.toml"),
    apply: ("Make everything as a file says.", "mostek apply mostek.toml --secrets secrets.toml"),
    doctor: ("Look at everything, and say what is wrong.", "mostek doctor --offline"),
    status: ("Show how everything stands.", "mostek status --json"),
    find: ("Find an order, a document or a buyer.", "mostek find 12345"),
    stop: ("Stop everything, or one connection.", "mostek stop books"),
    go: ("Let everything go on, or one connection.", "mostek go books"),
    backup: ("Back the ledger up into one file.", "mostek backup /backup"),
    restore: ("Restore a backup.", "mostek restore mostek.zip --data ./restored --key mostek.key"),
    takeover: ("Go on with a ledger restored or moved.", "mostek takeover --yes"),
    replay: ("Plan a stored case again, and compare.", "mostek replay case.json"),
    reconcile: (
        "Hold shop and books against each other.",
        "mostek reconcile invoices --from 2026-05-01 --to 2026-05-31 --csv may.csv",
    ),
    series: ("Look at the series of numbers.", "mostek series invoices --from 2026-01-01 --to 2026-12-31"),
    demo: ("Try it out with a simulated shop and books.", "mostek demo --once --seed 7 --documents 500 --json"),
}
for function, (summary, example) in _ONE_LINE.items():
    app.command(short_help=summary, epilog=f"Example: {example}")(function)
_GROUPS = {
    "connect": connect,
    "flow": flow,
    "inbox": inbox,
    "hook": hook,
    "trace": trace,
    "books": books,
    "person": person,
    "sandbox": sandbox,
}
for name, group in _GROUPS.items():
    app.add_typer(group, name=name)
flow.command("suppose", epilog="Example: mostek flow suppose invoices --policy @policy.json")(suppose)


@app.callback()
def logging(
    log: Annotated[
        str, typer.Option(envvar="MOSTEK_LOG", help="How much to log to standard error: debug, info, warning, error.")
    ] = "warning",
) -> None:
    """Mostek connects e-shops with accounting systems."""
    if log not in _LEVELS:
        raise typer.BadParameter("one of " + ", ".join(_LEVELS))
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[log]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def main() -> None:
    """The program ``mostek``; what it writes is for its owner's eyes only."""
    os.umask(0o077)
    app()
