"""The one list of commands: what a person or program can do, used alike by the command line, the web and the API."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from mostek.commands import (
    adopting,
    closing,
    configuring,
    connecting,
    counting,
    describing,
    examining,
    filing,
    flowing,
    hooking,
    keeping,
    looking,
    mending,
    probing,
    queueing,
    reconciling,
    removing,
    replaying,
    reporting,
    scheduling,
    searching,
    supposing,
    surveying,
    tracing,
)
from mostek.desk.installation import Installation
from mostek.documents.problem import InvalidDocumentError
from mostek.hub import place
from mostek.hub.ledger import Transaction
from mostek.hub.ledger.catalog import WORKSPACE

Permission = Literal["read", "operate", "close", "own"]
# Parts of requests that hold secrets, or may do so by mistake.
_SECRET = frozenset({"settings", "configuration", "secrets"})


@dataclass(frozen=True)
class Command:
    """One thing that can be done: its name, typed request, function, who may do it, and whether it changes anything.

    One that ``calls`` other systems is refused while the ledger is not at its place, or stopped.
    """

    name: str
    request: type[msgspec.Struct]
    run: Callable[[Installation, Any], Awaitable[Any]]
    permission: Permission
    changes: bool
    calls: bool = False


COMMANDS: Mapping[str, Command] = {
    command.name: command
    for command in (
        Command("connect.add", connecting.Add, connecting.add, "own", changes=True),
        Command("connect.list", connecting.List, connecting.list_, "read", changes=False),
        Command("connect.check", connecting.Check, connecting.check, "operate", changes=False),
        Command("connect.systems", probing.Systems, probing.systems, "read", changes=False),
        Command("connect.probe", probing.Probe, probing.probe, "own", changes=False),
        Command("connect.show", scheduling.Show, scheduling.show, "read", changes=False),
        Command("connect.schedule", scheduling.Reschedule, scheduling.reschedule, "operate", changes=True),
        Command("connect.read", scheduling.ReadNow, scheduling.read_now, "operate", changes=True),
        Command("uses", removing.Uses, removing.uses, "read", changes=False),
        Command("connect.remove", removing.RemoveConnection, removing.remove_connection, "own", changes=True),
        Command("stop", connecting.Stop, connecting.stop, "operate", changes=True),
        Command("go", connecting.Go, connecting.go, "operate", changes=True),
        Command("export", configuring.Export, configuring.export, "read", changes=False),
        Command("diff", configuring.Diff, configuring.diff, "read", changes=False),
        Command("apply", configuring.Apply, configuring.apply, "own", changes=True),
        Command("describe", describing.Describe, describing.describe, "read", changes=False),
        Command("doctor", examining.Doctor, examining.doctor, "read", changes=False),
        Command("backup", keeping.Backup, keeping.backup, "own", changes=True),
        Command("takeover", keeping.Takeover, keeping.takeover, "own", changes=True),
        Command("flow.add", flowing.Add, flowing.add, "own", changes=True),
        Command("flow.list", flowing.List, flowing.list_, "read", changes=False),
        Command("flow.change", flowing.Change, flowing.change, "own", changes=True),
        Command("flow.pause", flowing.Pause, flowing.pause, "operate", changes=True),
        Command("flow.start", flowing.Start, flowing.start, "operate", changes=True),
        Command("flow.undo", flowing.Undo, flowing.undo, "own", changes=True),
        Command("flow.versions", flowing.Versions, flowing.versions, "read", changes=False),
        Command("flow.survey", surveying.Survey, surveying.survey, "read", changes=False),
        Command("flow.sketch", surveying.Sketch, surveying.sketch, "read", changes=False, calls=True),
        Command("flow.remove", removing.RemoveFlow, removing.remove_flow, "own", changes=True),
        Command("first_sync", adopting.FirstSync, adopting.first_sync, "own", changes=True, calls=True),
        Command("books.close", adopting.Close, adopting.close, "close", changes=True),
        Command("books.verify", adopting.Verify, adopting.verify, "operate", changes=True),
        Command("preview", flowing.Preview, flowing.preview, "read", changes=False, calls=True),
        Command("hook.list", hooking.List, hooking.list_, "read", changes=False),
        Command("hook.show", hooking.Show, hooking.show, "own", changes=False),
        Command("hook.rotate", hooking.Rotate, hooking.rotate, "own", changes=True),
        Command("status", looking.Status, looking.status, "read", changes=False),
        Command("inbox.list", looking.Inbox, looking.inbox, "read", changes=False),
        Command("inbox.groups", looking.Groups, looking.groups, "read", changes=False),
        Command("inbox.assign", mending.Assign, mending.assign, "operate", changes=True),
        Command("inbox.show", looking.Show, looking.show, "read", changes=False),
        Command("inbox.retry", mending.Retry, mending.retry, "operate", changes=True),
        Command("inbox.reread", mending.Reread, mending.reread, "operate", changes=True, calls=True),
        Command("inbox.exclude", mending.Exclude, mending.exclude, "operate", changes=True),
        Command("inbox.adopt", adopting.Adopt, adopting.adopt, "operate", changes=True, calls=True),
        Command("inbox.accept", adopting.Accept, adopting.accept, "operate", changes=True, calls=True),
        Command("queue", queueing.Queue, queueing.queue, "read", changes=False),
        Command("queue.first", queueing.First, queueing.first, "operate", changes=True),
        Command("trace", looking.Trace, looking.trace_, "read", changes=False),
        Command("trace.export", replaying.Export, replaying.export, "read", changes=False),
        Command("search", searching.Search, searching.search, "read", changes=False),
        Command("case", tracing.CaseOf, tracing.case, "read", changes=False),
        Command("case.standing", tracing.CaseOf, tracing.standing, "read", changes=False, calls=True),
        Command("case.replay", tracing.CaseOf, tracing.replayed, "read", changes=False),
        Command("flow.suppose", supposing.Suppose, supposing.suppose, "read", changes=False),
        Command("reconcile", reconciling.Reconcile, reconciling.reconcile, "read", changes=False, calls=True),
        Command("series", reconciling.Series, reconciling.series_, "read", changes=False, calls=True),
        Command("books.list", closing.Books, closing.books, "read", changes=False),
        Command("books.month", closing.Month, closing.month, "read", changes=False),
        Command("documents.sent", filing.Sent, filing.sent, "read", changes=False),
        Command("report.sales", reporting.Sales, reporting.sales, "read", changes=False),
        Command("report.products", reporting.Products, reporting.products, "read", changes=False),
        Command("report.vat", reporting.Vat, reporting.vat, "read", changes=False),
        Command("report.count", counting.Count, counting.count, "own", changes=True),
    )
}


async def run(installation: Installation, name: str, request: Any, person: str) -> Any:
    """Carry out a command for a person; one that changes something is written to the audit log first."""
    command = COMMANDS[name]
    if command.changes or command.calls:
        halt = await place.halt(installation.ledger)  # a new ledger takes its place before anything is set up in it
        if halt and command.calls:
            raise InvalidDocumentError(halt)
    if command.changes:
        await installation.ledger.write(_audit, person, name, _without_secrets(request))
    return await command.run(installation, request)


def _without_secrets(request: Any) -> dict[str, Any]:
    shown = msgspec.to_builtins(request)
    return {key: "•••" if key in _SECRET else value for key, value in shown.items()}


def _audit(tx: Transaction, person: str, name: str, request: dict[str, Any]) -> None:
    tx.run("add_audit", workspace=WORKSPACE, person=person, command=name, request=request)
