"""Commands on the local simulators of vendors' systems."""

import json
import os
import socket
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import typer

from mostek import terminal
from mostek.cli import screens
from mostek.cli.inputs import json_of
from mostek.cli.session import Json, reported, show, wording
from mostek.documents.problem import invalid

sandbox = typer.Typer(no_args_is_help=True, help="Local simulators of vendors' systems, for trying and testing.")


@sandbox.command("list", epilog="Example: mostek sandbox list")
def sandbox_list(json_: Json = False) -> None:
    """List the simulators."""
    show(_names(), json_, lambda: terminal.say("\n".join(_names())))


def _names() -> list[str]:
    return sorted(entry.name for entry in entry_points(group="mostek.sandboxes"))


@sandbox.command("start", epilog="Example: mostek sandbox start upgates --port 8801 --set documents=200")
def sandbox_start(
    name: Annotated[str, typer.Argument(help="One of mostek sandbox list.")],
    port: Annotated[int, typer.Option(help="0 takes a free one.", min=0, max=65535)] = 0,
    folder: Annotated[Path, typer.Option("--folder", help="Where it keeps its data.")] = Path("sandbox-data"),
    set_: Annotated[list[str] | None, typer.Option("--set", help="An option of the simulator: name=value.")] = None,
) -> None:
    """Start a simulator and serve until Ctrl+C; prints its address as one JSON line."""
    with reported(as_json=False):
        if name not in _names():
            raise invalid("sandbox.unknown", "name", name=name, known=", ".join(_names()))
        if [pair for pair in set_ or [] if "=" not in pair]:
            raise invalid("input.no_value", "--set")
        _bind(port)
    options = [part for pair in set_ or [] for part in ("--set", pair)]
    arguments = [name, "--port", str(port), "--data", str(folder / name), *options]
    os.execv(sys.executable, [sys.executable, "-m", "mostek.sandbox", *arguments])


def _bind(port: int) -> None:
    """See whether the port can be had, while there is still somebody to say it in his language."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError as error:
            raise invalid("sandbox.port", "--port", port=port, reason=error.strerror or error) from None


@sandbox.command(
    "faults", epilog="""Example: mostek sandbox faults http://127.0.0.1:8802 '[{"fault": "answer_lost", "times": 3}]'"""
)
def sandbox_faults(
    address: Annotated[str, typer.Argument(help="The simulator's address.")],
    rules: Annotated[
        str | None, typer.Argument(help="Fault rules as a JSON list, or @file; [] clears them; shown without it.")
    ] = None,
    json_: Json = False,
) -> None:
    """Show or set the faults of a running simulator."""
    with reported(json_):
        body = None if rules is None else json.dumps(json_of(rules, "rules", list)).encode()
        found = _call(address, body)
    show(found, json_, lambda: screens.show_faults(found, wording()))


def _call(address: str, body: bytes | None) -> Any:
    """Ask the simulator's control API, past any proxy: it is on this computer."""
    if not address.startswith(("http://", "https://")):
        raise invalid("sandbox.no_simulator", "address", address=address)
    url = address.rstrip("/") + "/_sandbox/faults"
    headers = {"Content-Type": "application/json"}
    try:
        request = Request(url, body, headers, method="GET" if body is None else "PUT")
        with build_opener(ProxyHandler({})).open(request, timeout=10) as answer:
            return json.load(answer)
    except HTTPError as error:
        if error.code != 400:
            raise invalid("sandbox.no_simulator", "address", address=address) from None
        raise invalid("sandbox.faults", "rules", reason=json.load(error)["error"]) from None
    except (OSError, ValueError):  # nobody there, or somebody else
        raise invalid("sandbox.no_simulator", "address", address=address) from None
