"""``python -m bench.pages``: how fast the pages are over a million passages, while the ledger is written to.

A real transfer between the simulators is made once and then multiplied inside the database, over 25 shops and as many
sets of books. The program serves it (``mostek serve --only-web``), another process writes 200 times a second, five
people look at every page, one after another. Prints the 95th percentile of each page in milliseconds.
"""

import argparse
import asyncio
import logging
import math
import re
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import aiohttp
import structlog

from bench.tables import figure, markdown
from mostek import commands, demo
from mostek.commands import connecting, flowing
from mostek.desk import installation
from mostek.hub.ledger import Ledger, Transaction
from mostek.hub.runner import Runner

SHOPS, DOCUMENTS, PASSWORD = 25, 480, "correct-horse-battery-7"
# The pages, and what stands for a part of the address that names something.
PAGES = ("/", "/inbox/", "/inbox/?cause={cause}")


async def _real(folder: Path) -> tuple[int, int]:
    """One transfer, and 24 more pairs of systems set up alike; how many passages it made, and feeds a shop has."""
    options = {"seed": "1", "documents": str(DOCUMENTS), "tariff": "addon", "hostile": "0.03"}
    shop = demo.simulator("upgates", folder, options)
    async with shop as shop_url, demo.simulator("flexibee", folder, {}) as books_url:
        hub = installation.create(folder / "hub")
        try:
            await demo.connect(hub, shop_url, books_url)
            await Runner(hub.engine).once()
            views = await commands.run(hub, "connect.list", connecting.List(), "bench")
            flows = await commands.run(hub, "flow.list", flowing.List(), "bench")
            for number in range(1, SHOPS):
                for view in views:
                    secret = {"upgates": {"api_key": "api-key"}, "flexibee": {"password": "winstrom"}}[view.connector]
                    add = connecting.Add(
                        slug=f"{view.slug}-{number}", connector=view.connector, settings={**view.settings, **secret}
                    )
                    await commands.run(hub, "connect.add", add, "bench")
                again = flowing.Add(
                    slug=f"{flows[0].slug}-{number}",
                    source=f"{demo.SOURCE}-{number}",
                    target=f"{demo.TARGET}-{number}",
                    policy={"mappings": {"document_type": {"receipt": "ÚČTENKA"}}},
                    live=True,
                )
                await commands.run(hub, "flow.add", again, "bench")
        finally:
            await hub.close()
    with sqlite3.connect(folder / "hub" / "mostek.db") as database:
        [passages] = database.execute("SELECT count(*) FROM passage").fetchone()
        [feeds] = database.execute("SELECT count(*) FROM feed WHERE connection = 1").fetchone()
    return passages, feeds


def multiply(file: Path, times: int, feeds: int) -> None:
    """Copy everything that the transfer made so many times, spread over all pairs of systems and 1,000 days."""
    statements = Path(__file__).with_name("multiply.sql").read_text().rstrip(";\n").split(";\n")
    database = sqlite3.connect(file, isolation_level=None)
    database.execute("PRAGMA synchronous=OFF")
    for start in range(1, times, 50):
        database.execute("BEGIN")
        for k in range(start, min(start + 50, times)):
            values = {"k": k, "shop": k % SHOPS, "feed": k % SHOPS * feeds, "days": k % 1000}
            for statement in statements:
                database.execute(statement, values)
        database.execute("COMMIT")
    database.execute("ANALYZE")
    database.close()


async def _writing(address: str) -> None:
    """Write 200 times a second until ended."""
    ledger = Ledger(address)
    due = time.monotonic()
    while True:
        due += 0.005
        asyncio.ensure_future(  # noqa: RUF006 - the ledger's queue holds it
            ledger.write(Transaction.run, "add_audit", workspace=1, person="bench", command="bench", request={})
        )
        await asyncio.sleep(max(due - time.monotonic(), 0))


async def _visitor(url: str, pages: list[str], seconds: float, seen: dict[str, list[float]]) -> None:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        async with session.get(f"{url}/login/") as answer:
            found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', await answer.text())
        assert found
        form = {"csrfmiddlewaretoken": found[1], "login": "owner", "password": PASSWORD}
        async with session.post(f"{url}/login/", data=form) as answer:
            assert answer.url.path == "/", answer.url
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for page in pages:
                began = time.monotonic()
                async with session.get(url + page) as answer:
                    await answer.read()
                    assert answer.status == 200, (page, answer.status)
                seen[page].append(time.monotonic() - began)


async def measure(data: Path, seconds: float) -> str:
    """The table of pages."""
    mostek = str(Path(sys.executable).with_name("mostek"))
    environment = {"MOSTEK_DATA": str(data), "MOSTEK_LANG": "cs", "PATH": "/usr/bin:/bin", "PASSWORD": PASSWORD}
    add = await asyncio.create_subprocess_exec(
        mostek, "person", "add", "owner", "--role", "owner", "--password", "$PASSWORD", env=environment
    )
    assert await add.wait() == 0
    serve = await asyncio.create_subprocess_exec(
        mostek, "serve", "--port", "0", "--only-web", env=environment, stdout=asyncio.subprocess.PIPE
    )
    writer = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.pages", "--write-to", f"sqlite:///{data / 'mostek.db'}"
    )
    try:
        assert serve.stdout
        found = re.search(r"http://\S+:\d+", (await serve.stdout.readline()).decode())
        assert found
        with sqlite3.connect(data / "mostek.db") as database:
            [cause] = database.execute("SELECT cause FROM decision WHERE state = 'parked' LIMIT 1").fetchone()
            [number] = database.execute("SELECT number FROM record ORDER BY id DESC LIMIT 1").fetchone()
        pages = [page.format(cause=cause, number=number) for page in PAGES]
        seen: dict[str, list[float]] = defaultdict(list)
        await asyncio.gather(*(_visitor(found[0], pages, seconds, seen) for _ in range(5)))
    finally:
        for process in (serve, writer):
            process.send_signal(signal.SIGTERM)
            await process.wait()
    rows = [
        (page, str(len(times)), *(figure(_percentile(times, part) * 1000) for part in (0.5, 0.95)))
        for page, times in seen.items()
    ]
    return markdown(("page", "times", "median ms", "95 % under ms"), rows)


def _percentile(times: list[float], part: float) -> float:
    return sorted(times)[math.ceil(len(times) * part) - 1]


def main() -> None:
    """Make the ledger where it is missing, and measure."""
    parser = argparse.ArgumentParser(prog="python -m bench.pages", description=__doc__)
    parser.add_argument("--passages", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--keep", type=Path, help="make the ledger in this folder, or use the one that is there")
    parser.add_argument("--write-to", help=argparse.SUPPRESS)
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    if options.write_to:
        asyncio.run(_writing(options.write_to))
        return
    folder = options.keep or Path(tempfile.mkdtemp(prefix="mostek-pages-"))
    try:
        if not (folder / "hub").exists():
            began = time.monotonic()
            passages, feeds = asyncio.run(_real(folder))
            multiply(folder / "hub" / "mostek.db", options.passages // passages + 1, feeds)
            print(f"{options.passages:,} passages made in {time.monotonic() - began:.0f} s", flush=True)
        print(asyncio.run(measure(folder / "hub", options.seconds)))
    finally:
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
