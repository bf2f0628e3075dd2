"""The one list of commands: what a person or program can do, used alike by the command line, the web and the API."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from mostek.commands import connecting, flowing, looking, mending
from mostek.hub.installation import Installation
from mostek.hub.ledger import Transaction
from mostek.hub.ledger.catalog import WORKSPACE

Permission = Literal["read", "operate", "own"]


@dataclass(frozen=True)
class Command:
    """One thing that can be done: its name, typed request, function, who may do it, and whether it changes anything."""

    name: str
    request: type[msgspec.Struct]
    run: Callable[[Installation, Any], Awaitable[Any]]
    permission: Permission
    changes: bool


COMMANDS: Mapping[str, Command] = {
    command.name: command
    for command in (
        Command("connect.add", connecting.Add, connecting.add, "own", changes=True),
        Command("connect.list", connecting.List, connecting.list_, "read", changes=False),
        Command("connect.check", connecting.Check, connecting.check, "operate", changes=False),
        Command("flow.add", flowing.Add, flowing.add, "own", changes=True),
        Command("flow.list", flowing.List, flowing.list_, "read", changes=False),
        Command("flow.change", flowing.Change, flowing.change, "own", changes=True),
        Command("flow.pause", flowing.Pause, flowing.pause, "operate", changes=True),
        Command("flow.resume", flowing.Resume, flowing.resume, "operate", changes=True),
        Command("preview", flowing.Preview, flowing.preview, "read", changes=False),
        Command("status", looking.Status, looking.status, "read", changes=False),
        Command("inbox.list", looking.Inbox, looking.inbox, "read", changes=False),
        Command("inbox.show", looking.Show, looking.show, "read", changes=False),
        Command("inbox.retry", mending.Retry, mending.retry, "operate", changes=True),
        Command("inbox.exclude", mending.Exclude, mending.exclude, "operate", changes=True),
        Command("trace", looking.Trace, looking.trace_, "read", changes=False),
    )
}


async def run(installation: Installation, name: str, request: Any, person: str) -> Any:
    """Carry out a command for a person; one that changes something is written to the audit log first."""
    command = COMMANDS[name]
    if command.changes:
        await installation.ledger.write(_audit, person, name, _without_secrets(request))
    return await command.run(installation, request)


def _without_secrets(request: Any) -> dict[str, Any]:
    shown = msgspec.to_builtins(request)
    return {key: "•••" if key == "settings" else value for key, value in shown.items()}


def _audit(tx: Transaction, person: str, name: str, request: dict[str, Any]) -> None:
    tx.run("add_audit", workspace=WORKSPACE, person=person, command=name, request=request)
