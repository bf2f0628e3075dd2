"""Mostek between two real vendors' simulators: UpGates into ABRA Flexi, as a user would have it.

Both simulators are Python and validate as their vendors do, so that most of the time is theirs: what is measured of
the hub is its own processor time. Both sides are compared to the cent afterwards.
"""

import resource
import shutil
import tempfile
import time
from pathlib import Path

import aiohttp

from bench.tables import figure, markdown
from mostek import demo
from mostek.desk import installation
from mostek.hub.runner import Runner

DOCUMENTS = 2_000
_HEAD = ("", "documents", "documents/s", "CPU s / 1,000", "peak MB", "calls / document")


async def table(documents: int) -> str:
    """Carry so many documents over and compare; raises when both sides do not agree."""
    folder = Path(tempfile.mkdtemp(prefix="mostek-bench-"))
    options = {"seed": "1", "documents": str(documents), "tariff": "addon"}
    try:
        shop = demo.simulator("upgates", folder, options)
        async with shop as shop_url, demo.simulator("flexibee", folder, {}) as books_url:
            hub = installation.create(folder / "hub")
            try:
                await demo.connect(hub, shop_url, books_url)
                cpu, began = time.process_time(), time.monotonic()
                await Runner(hub.engine).once()
                seconds, cpu = time.monotonic() - began, time.process_time() - cpu
                result = await demo.compare(hub, shop_url, books_url)
                calls = [await _calls(url) for url in (shop_url, books_url)]
            finally:
                await hub.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if not result.agreed:
        raise AssertionError("; ".join(result.differences[:3]) or "too many documents are parked")
    done = result.passages["done"]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    values = (done, done / seconds, cpu / done * 1000, peak, sum(calls) / done)
    row = ("Mostek, hub alone", *(figure(value) for value in values))
    title = f"UpGates to ABRA Flexi, both simulated, {documents:,} documents"
    note = (
        f"Until everything was in the books, paid and read back; agreed to the cent. Calls: {calls[0]:,} to the shop, "
        f"{calls[1]:,} to the books; parked: {result.passages['parked']}."
    )
    return f"### {title}\n\n{markdown(_HEAD, [row])}\n\n{note}"


async def _calls(url: str) -> int:
    async with aiohttp.ClientSession() as session, session.get(f"{url}/_sandbox/stats") as answer:
        return sum((await answer.json())["calls"].values())
