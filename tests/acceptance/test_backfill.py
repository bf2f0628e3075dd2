"""A back-fill that dies three times, resumes, stays small, and lets a live document pass.

100,000 documents in the long tests, 5,000 by the same code in all others. The memory is what the system says that the
hub's processes had at most; everything, start and libraries, is in it.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from mostek import commands
from mostek.commands import connecting, flowing
from mostek.desk import installation
from mostek.hub import connections
from tests.acceptance import plain

ROOT = Path(__file__).parents[2]
PLAIN = (sys.executable, "-m", "tests.acceptance.plain")
POLICY = {"kinds": ["invoice"], "contacts": "none", "payments": "none", "products": "text"}
MEMORY_MB = 150
LIVE_SECONDS = 2.0
MIDDLE = 0.35
PATIENCE = 60.0  # seconds without a document


@dataclass
class Backfill:
    """A vendor with a long past, and a hub that is started, killed and looked at. ``peak_mb`` is of all its lives."""

    url: str
    data: Path
    http: aiohttp.ClientSession
    peak_mb: float = 0
    hub: asyncio.subprocess.Process | None = None

    async def standing(self) -> dict[str, Any]:
        """What the vendor's own ledger says."""
        async with self.http.get(f"{self.url}/standing") as answer:
            found: dict[str, Any] = await answer.json()
            return found

    async def place(self) -> str:
        """A live document in the shop."""
        async with self.http.post(f"{self.url}/place") as answer:
            return str(await answer.json())

    async def start(self) -> None:
        """``mostek run --watch`` in a process of its own."""
        with (self.data / "log").open("ab") as log:
            self.hub = await asyncio.create_subprocess_exec(
                *PLAIN, "run", "--watch", "--data", str(self.data), cwd=ROOT, stdout=log, stderr=log
            )

    async def kill(self) -> None:
        """As the system's memory killer does."""
        assert self.hub
        self.look()
        self.hub.kill()
        await self.hub.wait()

    def look(self) -> None:
        """How much memory the hub has had at most."""
        assert self.hub
        assert self.hub.returncode is None, (self.data / "log").read_text(errors="replace")[-4000:]
        status = Path(f"/proc/{self.hub.pid}/status").read_text()
        peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        self.peak_mb = max(self.peak_mb, int(peak.split()[1]) / 1024)

    async def entered(self, wanted: float, live: str = "") -> dict[str, Any]:
        """Return when so many documents, and the live one, are in the books; books that stand still are a failure."""
        before, moved = -1, time.monotonic()
        while (found := await self.standing())["entered"] < wanted or (live and live not in found["live"]):
            self.look()
            if found["entered"] != before:
                before, moved = found["entered"], time.monotonic()
            assert time.monotonic() - moved < PATIENCE, f"the books stand still at {before}"
            await asyncio.sleep(0.05)
        return found


@asynccontextmanager
async def opened(folder: Path, database: str, documents: int) -> AsyncIterator[Backfill]:
    """The vendor and an installation between its two sides."""
    vendor = await asyncio.create_subprocess_exec(
        *PLAIN, "serve", str(documents), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    hub = installation.create(folder / "hub", database)
    try:
        assert vendor.stdout
        url = (await vendor.stdout.readline()).decode().strip()
        for slug in ("shop", "books"):
            adding = connecting.Add(slug=slug, connector="plain", settings={"address": url})
            await commands.run(hub, "connect.add", adding, "test")
        flow = flowing.Add(slug="invoices", source="shop", target="books", policy=POLICY, live=True)
        await commands.run(hub, "flow.add", flow, "test")
        async with aiohttp.ClientSession() as http:
            yield Backfill(url, folder / "hub", http)
    finally:
        await hub.close()
        vendor.kill()
        await vendor.wait()


async def back_filled(backfill: Backfill, documents: int) -> None:
    """Three deaths on the way, a live document in the middle, and everything there once."""
    began = time.monotonic()
    for share in (0.1, 0.35, 0.6):
        await backfill.start()
        await backfill.entered(documents * share)
        if share == MIDDLE:
            live = await backfill.place()
            found = await backfill.entered(0, live)
        await backfill.kill()
    print(f"a live document passed the rest after {found['live'][live]:.2f} s")  # noqa: T201
    assert found["live"][live] < LIVE_SECONDS
    assert found["entered"] < documents, "the back-fill was done before"
    await backfill.start()
    found = await backfill.entered(documents + 1)
    spent = time.monotonic() - began
    print(f"{documents} documents, three deaths: {spent:.0f} s, {backfill.peak_mb:.0f} MB at most")  # noqa: T201
    assert found["entered"] == documents + 1
    assert found["doubles"] == []
    backfill.look()
    assert backfill.peak_mb < MEMORY_MB
    await backfill.kill()


async def test_a_back_fill_of_five_thousand(tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "connectors", plain.known)
    async with opened(tmp_path, database, 5_000) as backfill:
        await back_filled(backfill, 5_000)


@pytest.mark.soak
@pytest.mark.timeout(7_200)
async def test_a_back_fill_of_a_hundred_thousand(
    tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "connectors", plain.known)
    async with opened(tmp_path, database, 100_000) as backfill:
        await back_filled(backfill, 100_000)
