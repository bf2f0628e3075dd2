"""A shop, books and a hub for one test, each a process of its own, as a user would start them.

The shop and the books are the vendors' simulators; what they hold is asked of their own control APIs. Everything the
hub sends to the books passes the test's wire, which keeps it.
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from mostek import commands, demo
from mostek.commands import connecting
from mostek.desk import installation
from mostek.desk.installation import Installation
from tests.acceptance.wire import Wire

ROOT = Path(__file__).parents[2]
MOSTEK = str(Path(sys.executable).with_name("mostek"))
# With these exit codes a run has ended by itself: everything is done, or some documents need a person.
ENDED = frozenset({0, 5})


@dataclass(frozen=True)
class Vendor:
    """One simulator, driven and asked through its control API."""

    url: str
    http: aiohttp.ClientSession

    async def ask(self, path: str) -> Any:
        """What the control API answers to a GET."""
        async with self.http.get(f"{self.url}/_sandbox/{path}") as answer:
            answer.raise_for_status()
            return await answer.json()

    async def tell(self, path: str, **given: Any) -> Any:
        """What the control API answers to a POST of these values."""
        async with self.http.post(f"{self.url}/_sandbox/{path}", json=given) as answer:
            answer.raise_for_status()
            return await answer.json()

    async def faults(self, *rules: Mapping[str, Any]) -> None:
        """Put these fault rules in place of all others."""
        async with self.http.put(f"{self.url}/_sandbox/faults", json=list(rules)) as answer:
            answer.raise_for_status()

    async def calls(self) -> dict[str, int]:
        """How often each route was called since the last reset."""
        return dict((await self.ask("stats"))["calls"])

    async def writes(self) -> int:
        """How many calls since the last reset could have changed something."""
        return sum(count for route, count in (await self.calls()).items() if route.startswith(("PUT", "DELETE")))


@dataclass(frozen=True)
class House:
    """The three of them. ``data`` is the hub's folder, ``wire`` lies between the hub and the books."""

    shop: Vendor
    books: Vendor
    wire: Wire
    data: Path

    @asynccontextmanager
    async def hub(self) -> AsyncIterator[Installation]:
        """Open the installation beside its processes, to look at it."""
        opened = installation.open_(self.data)
        try:
            yield opened
        finally:
            await opened.close()

    async def run(self, *options: str) -> None:
        """``mostek run --once`` to its end in a process of its own."""
        assert await self.ended(await self.start(MOSTEK, "run", "--once", *options)) in ENDED, self.log

    async def told(self, *words: str) -> Any:
        """What ``mostek ... --json`` prints, in a process of its own."""
        process = await self.start(MOSTEK, *words, "--json", printed=asyncio.subprocess.PIPE)
        assert process.stdout
        printed, code = await asyncio.gather(process.stdout.read(), self.ended(process))
        assert code == 0, self.log
        return json.loads(printed)

    async def start(self, *command: str, printed: int | None = None) -> asyncio.subprocess.Process:
        """Start a process on the installation; what it prints goes to the log, or into a pipe."""
        environment = {**os.environ, "MOSTEK_DATA": str(self.data)}
        with (self.data / "log").open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *command,
                cwd=ROOT,
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log if printed is None else printed,
                stderr=log,
            )

    async def ended(self, process: asyncio.subprocess.Process) -> int:
        """Wait for a process; killed when the waiting is given up."""
        try:
            return await process.wait()
        except asyncio.CancelledError:
            process.kill()
            await process.wait()
            raise

    @property
    def log(self) -> str:
        """The end of what the hub's processes printed."""
        return (self.data / "log").read_text(errors="replace")[-4000:]


@asynccontextmanager
async def opened(
    folder: Path,
    database: str = "",
    *,
    documents: int,
    policy: Mapping[str, Any] | None = None,
    settles_after: int = 2,
    books_options: Mapping[str, str] | None = None,
    **shop_options: str,
) -> AsyncIterator[House]:
    """Open a shop with so many documents, empty books, and a hub between them that has not run yet.

    ``settles_after``: seconds until what was cut off counts as impossible; the vendors' own value is for real networks.
    """
    options = {"seed": "5", "documents": str(documents), "tariff": "addon", **shop_options}
    async with AsyncExitStack() as stack:
        shop_url, books_url = await asyncio.gather(
            stack.enter_async_context(demo.simulator("upgates", folder, options)),
            stack.enter_async_context(demo.simulator("flexibee", folder, books_options or {})),
        )
        http = await stack.enter_async_context(aiohttp.ClientSession())
        wire = await stack.enter_async_context(Wire.opened(books_url))
        house = House(Vendor(shop_url, http), Vendor(books_url, http), wire, folder / "hub")
        hub = installation.create(house.data, database)
        try:
            await demo.connect(hub, shop_url, wire.url, policy)
            lowered = connecting.Add(slug=demo.TARGET, connector="flexibee", settings={"settles_after": settles_after})
            await commands.run(hub, "connect.add", lowered, "test")
        finally:
            await hub.close()
        yield house


async def until(condition: Callable[[], Awaitable[Any]], seconds: float = 60) -> None:
    """Return once the condition holds; a condition that never does is a failure."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - what another process does can only be asked
            await asyncio.sleep(0.02)
