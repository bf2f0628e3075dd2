"""Serve a sandbox over HTTP: the vendor's API with faults, and the control API without."""

import argparse
import asyncio
import ipaddress
import json
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from email.utils import format_datetime
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from aiohttp import web

from mostek.sandbox.faults import Faults, Handler, Rule, RuleError

GROUP = "mostek.sandboxes"
CONTROL = "/_sandbox"
_BODY_LIMIT = 64 * 2**20


class Sandbox(Protocol):
    """A faithful local simulator of a vendor's system.

    Every write a handler of ``routes`` does is committed, in one transaction, before the handler returns.
    """

    name: str

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """The vendor's API."""

    def control(self) -> Iterable[web.AbstractRouteDef]:
        """Further control routes, with paths relative to the control API's root."""

    def ledger(self) -> dict[str, Any]:
        """Everything booked, as JSON-able data with amounts as decimal strings: the judge of exactly-once tests."""

    def close(self) -> None:
        """Give the state's files back."""


@runtime_checkable
class Clocked(Protocol):
    """A sandbox with a clock of its own, which may differ from the machine's."""

    def clock(self) -> datetime:
        """Its time, by which all answers are dated, faults too."""


Factory = Callable[[Path, Mapping[str, str]], Sandbox]


def names() -> list[str]:
    """The names of all installed sandboxes."""
    return sorted(entry_points(group=GROUP).names)


def find(name: str) -> Factory:
    """The factory of an installed sandbox; ``LookupError`` names the ones there are."""
    for entry in entry_points(group=GROUP, name=name):
        factory: Factory = entry.load()
        return factory
    raise LookupError(f"no sandbox is called {name!r}; installed: {', '.join(names()) or 'none'}")


def _control_routes(sandbox: Sandbox, faults: Faults) -> list[web.AbstractRouteDef]:
    def shown() -> web.Response:
        return web.json_response([rule.to_json() for rule in faults.rules])

    async def ledger(request: web.Request) -> web.Response:
        return web.json_response(sandbox.ledger())

    async def show_faults(request: web.Request) -> web.Response:
        return shown()

    async def put_faults(request: web.Request) -> web.Response:
        try:
            data = await request.json()
            rules = [Rule.from_json(each) for each in (data if isinstance(data, list) else [data])]
        except (RuleError, ValueError) as error:
            return web.json_response({"error": str(error)}, status=400)
        faults.replace(rules)
        return shown()

    async def delete_faults(request: web.Request) -> web.Response:
        faults.replace([])
        return shown()

    async def stats(request: web.Request) -> web.Response:
        return web.json_response(faults.stats())

    async def reset(request: web.Request) -> web.Response:
        faults.reset()
        return web.json_response(faults.stats())

    async def release(request: web.Request) -> web.Response:
        return web.json_response({"released": faults.release()})

    return [
        web.get("/ledger", ledger),
        web.get("/faults", show_faults),
        web.put("/faults", put_faults),
        web.delete("/faults", delete_faults),
        web.get("/stats", stats),
        web.post("/stats/reset", reset),
        web.post("/release", release),
        *sandbox.control(),
    ]


def _control(sandbox: Sandbox, faults: Faults) -> web.Application:
    app = web.Application(client_max_size=_BODY_LIMIT)
    app.add_routes(_control_routes(sandbox, faults))
    return app


def _api(sandbox: Sandbox, faults: Faults, *, controlled: bool) -> web.Application:
    @web.middleware
    async def faulty(request: web.Request, handler: Handler) -> web.StreamResponse:
        if controlled and request.path.startswith(f"{CONTROL}/"):
            return await handler(request)
        return await faults.handle(request, handler)

    async def date(request: web.Request, answer: web.StreamResponse) -> None:
        answer.headers["Date"] = format_datetime(faults.clock(), usegmt=True)

    app = web.Application(middlewares=[faulty], client_max_size=_BODY_LIMIT)
    if isinstance(sandbox, Clocked):
        faults.clock = sandbox.clock
        app.on_response_prepare.append(date)
    if controlled:
        # Mounted first: a vendor's catch-all route must not swallow it.
        app.add_subapp(CONTROL, _control(sandbox, faults))
    app.add_routes(sandbox.routes())
    return app


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@asynccontextmanager
async def _listening(app: web.Application, host: str, port: int) -> AsyncIterator[str]:
    # A held answer must not keep a stopping server alive for aiohttp's default minute.
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        address = runner.addresses[0]
        shown = f"[{host}]" if ":" in host else host
        yield f"http://{shown}:{address[1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def served(sandbox: Sandbox, faults: Faults, host: str, port: int) -> AsyncIterator[tuple[str, str]]:
    """Listen, and give the vendor API's base URL and the control API's.

    The control API has neither login nor limits, so it is bound to loopback only: beside the vendor's API when that
    is on loopback too, else on a port of its own.
    """
    beside = _is_loopback(host)
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(_listening(_api(sandbox, faults, controlled=beside), host, port))
        control = f"{url}{CONTROL}"
        if not beside:
            root = web.Application()
            root.add_subapp(CONTROL, _control(sandbox, faults))
            control = await stack.enter_async_context(_listening(root, "127.0.0.1", 0)) + CONTROL
        stack.push_async_callback(faults.close)
        yield url, control


@asynccontextmanager
async def running(
    sandbox: Sandbox, host: str = "127.0.0.1", port: int = 0, faults: Faults | None = None
) -> AsyncIterator[str]:
    """Serve a sandbox inside this process for as long as the block lasts; gives its base URL, without a final slash.

    The sandbox is not closed: a test may look into it, or serve it again, afterwards.
    """
    async with served(sandbox, faults if faults is not None else Faults(), host, port) as (url, _):
        yield url


async def serve(sandbox: Sandbox, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT, after one line of JSON on stdout: ``name``, ``url``, ``control``."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with served(sandbox, Faults(), host, port) as (url, control):
        sys.stdout.write(json.dumps({"name": sandbox.name, "url": url, "control": control}) + "\n")
        sys.stdout.flush()
        await stop.wait()


def _options(pairs: Iterable[str]) -> dict[str, str]:
    options = {}
    for pair in pairs:
        key, sign, value = pair.partition("=")
        if not sign or not key:
            raise ValueError(f"--set {pair}: expected key=value")
        options[key] = value
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns 2 when the name, an option or the data folder is wrong."""
    parser = argparse.ArgumentParser(prog="python -m mostek.sandbox", description="Serve a vendor's sandbox.")
    parser.add_argument("name", help=f"one of: {', '.join(names())}")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="where the state is kept")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="an option of the sandbox")
    given = parser.parse_args(arguments)
    try:
        factory = find(given.name)
        given.data.mkdir(parents=True, exist_ok=True)
        sandbox = factory(given.data, _options(given.set))
    except (LookupError, ValueError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    try:
        asyncio.run(serve(sandbox, given.host, given.port))
    finally:
        sandbox.close()
    return 0
