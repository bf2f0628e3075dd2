"""The demonstration: a simulated shop, simulated books and the hub between them, and both sides compared.

Both simulators run as processes of their own and keep their own ledgers; what is printed of them comes from there, not
from the hub.
"""

import asyncio
import json
import os
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from mostek import commands, terminal
from mostek.commands import connecting, flowing, looking
from mostek.desk import installation
from mostek.desk.installation import Installation
from mostek.documents.problem import Problem, invalid
from mostek.hub.runner import Runner
from mostek.sdk.messages import LANGUAGES, explain
from mostek.wording import Wording, language_of, packages

OWNER = "owner"  # who may log in to the page
SOURCE, TARGET, FLOW = "shop", "books", "shop-to-books"
KINDS = {"invoice": "invoice", "creditNote": "credit_note", "credit_note": "credit_note", "receipt": "receipt"}
# At most this share of the documents may be parked or excluded, in per cent.
ALLOWED_PERCENT = 2


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One document as a simulator's own ledger has it.

    ``rates`` are base and VAT by rate in per cent, the rounding of the total among the 0 %; ``corrects`` the number
    of the credited document; ``settled`` whether it counts as paid.
    """

    number: str
    kind: str
    currency: str
    total: Decimal
    rates: Mapping[str, tuple[Decimal, Decimal]]
    corrects: str
    settled: bool


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What the demonstration found; ``agreed`` is its verdict, ``examples`` one parked problem per cause.

    ``tables`` are kind, currency, count and total of each side, for the eye.
    """

    source: Mapping[str, Any]
    target: Mapping[str, Any]
    passages: Mapping[str, int]
    parked: tuple[Mapping[str, Any], ...]
    examples: Mapping[str, Problem]
    tables: Mapping[str, Sequence[tuple[str, str, int, Decimal]]]
    differences: tuple[str, ...]
    agreed: bool


@asynccontextmanager
async def simulator(name: str, folder: Path, options: Mapping[str, str]) -> AsyncIterator[str]:
    """A vendor's simulator as a process; gives its address, and ends it."""
    sets = [part for key, value in options.items() for part in ("--set", f"{key}={value}")]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "mostek.sandbox",
        name,
        "--data",
        str(folder / name),
        *sets,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        line = await process.stdout.readline()
        if not line:
            raise invalid("demo.simulator", name)
        yield json.loads(line)["url"]
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def run(*, seed: int, documents: int, once: bool, as_json: bool, database: str, port: int = 0) -> bool:
    """Move the documents of a new shop into new books and print both sides; serve on unless ``once``."""
    folder = Path(tempfile.mkdtemp(prefix="mostek-demo-"))
    try:
        shop = simulator("upgates", folder, {"seed": str(seed), "documents": str(documents), "tariff": "addon"})
        books = simulator("flexibee", folder, {})
        async with shop as shop_url, books as books_url:
            hub = installation.create(folder / "hub", database)
            try:
                await connect(hub, shop_url, books_url)
                await _move(hub, documents, quiet=as_json)
                result = await compare(hub, shop_url, books_url)
                _show(result, as_json=as_json)
                if not once:
                    await _serve(hub, folder, shop_url, books_url, port)
                return result.agreed
            finally:
                await hub.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def connect(hub: Installation, shop_url: str, books_url: str, policy: Mapping[str, Any] | None = None) -> None:
    """Set the two connections and the flow up, as a user would."""
    shop = {"test_address": shop_url, "login": "mostek", "api_key": "api-key", "tariff": "addon"}
    books = {
        "address": "https://demo.example",
        "test_address": books_url,
        "company": "demo",
        "login": "winstrom",
        "password": "winstrom",
    }
    person = "demo"
    add = connecting.Add(slug=SOURCE, connector="upgates", settings=shop)
    await commands.run(hub, "connect.add", add, person)
    add = connecting.Add(slug=TARGET, connector="flexibee", settings=books)
    await commands.run(hub, "connect.add", add, person)
    chosen = {"mappings": {"document_type": {"receipt": "ÚČTENKA"}}, **(policy or {})}
    flow = flowing.Add(slug=FLOW, source=SOURCE, target=TARGET, policy=chosen, live=True)
    await commands.run(hub, "flow.add", flow, person)


async def compare(hub: Installation, shop_url: str, books_url: str) -> Result:
    """Hold the shop's ledger, less what is parked or excluded, against the books' own ledger, document by document."""
    async with aiohttp.ClientSession() as session:
        shop = shop_side(await _get(session, f"{shop_url}/_sandbox/ledger"))
        books = books_side(await _get(session, f"{books_url}/_sandbox/documents"))
    status: looking.StatusView = await commands.run(hub, "status", looking.Status(), "demo")
    items: Sequence[looking.Item] = await commands.run(hub, "inbox.list", looking.Inbox(limit=10**6), "demo")
    held_back = {item.number for item in items}
    expected = [side for side in shop if side.number not in held_back]
    differences = differences_of(expected, books)
    undocumented = [item.problem for item in items if not documented(item.problem)]
    differences += [f"no text for the cause {problem.cause}" for problem in undocumented]
    left = status.records["parked"] + status.records["excluded"]
    agreed = not differences and left * 100 <= ALLOWED_PERCENT * len(shop) and not status.records["excluded"]
    return Result(
        source=_totals(shop),
        target=_totals(books),
        passages=status.records,
        parked=_by_cause(items, shop),
        tables={"In the shop": _rows(shop), "In the books": _rows(books)},
        examples={item.problem.cause: item.problem for item in reversed(items)},
        differences=tuple(differences),
        agreed=agreed and not status.records["waiting"] and not status.records["in_doubt"],
    )


def shop_side(ledger: Mapping[str, Any]) -> list[Side]:
    """The documents of the shop's ledger."""
    sides = []
    for document in ledger["documents"]:
        kind = KINDS[document["kind"]]
        rows = [(rate, Decimal(row["base"]), Decimal(row["vat"])) for rate, row in document["rates"].items()]
        rows.append(("0", Decimal(document["rest"]), Decimal(0)))
        sides.append(
            Side(
                number=document["number"],
                kind=kind,
                currency=document["currency"],
                total=Decimal(document["total"]),
                rates=_rates(rows),
                corrects=document["related"] or "",
                settled=document["paid"] == "full" and kind != "credit_note",
            )
        )
    return sides


def books_side(documents: Any) -> list[Side]:
    """The documents of the books' ledger; credit notes stand there with negative amounts."""
    sides = []
    for document in documents:
        sign = -1 if document["kind"] == "credit_note" else 1
        rows = [(row["rate"], sign * Decimal(row["base"]), sign * Decimal(row["vat"])) for row in document["rates"]]
        sides.append(
            Side(
                number=document["number"],
                kind=document["kind"],
                currency=document["currency"],
                total=sign * Decimal(document["total"]),
                rates=_rates(rows),
                corrects=document["credits"] or "",
                settled=bool(document["state"]) and document["kind"] != "credit_note",
            )
        )
    return sides


def _rates(rows: Sequence[tuple[str, Decimal, Decimal]]) -> dict[str, tuple[Decimal, Decimal]]:
    found: dict[str, tuple[Decimal, Decimal]] = {}
    for rate, base, vat in rows:
        before = found.get(rate, (Decimal(0), Decimal(0)))
        found[rate] = (before[0] + base, before[1] + vat)
    return {rate: sums for rate, sums in sorted(found.items()) if any(sums)}


def differences_of(expected: Sequence[Side], found: Sequence[Side]) -> list[str]:
    """Each difference in words: missing, extra, double, or another figure."""
    by_number: dict[tuple[str, str], list[Side]] = defaultdict(list)
    for side in found:
        by_number[side.kind, side.number].append(side)
    texts = []
    for side in expected:
        there = by_number.pop((side.kind, side.number), [])
        if len(there) != 1:
            texts.append(f"{side.kind} {side.number}: {len(there)} times in the books")
            continue
        for part in ("currency", "total", "rates", "corrects", "settled"):
            meant, stands = getattr(side, part), getattr(there[0], part)
            if meant != stands:
                texts.append(
                    f"{side.kind} {side.number}: {part} {_words(meant)} in the shop, {_words(stands)} in the books"
                )
    texts += [f"{kind} {number}: in the books, not expected" for kind, number in by_number]
    return texts


def documented(problem: Problem) -> bool:
    """Whether the cause has a text and a cure in every language."""
    return all(explain(problem, language, packages()).cure for language in LANGUAGES)


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{rate} %: {base} + {vat}" for rate, (base, vat) in sorted(value.items()))
    return str(value)


def _totals(sides: Sequence[Side]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for side in sides:
        kind = found.setdefault(side.kind, {"count": 0, "totals": defaultdict(Decimal)})
        kind["count"] += 1
        kind["totals"][side.currency] += side.total
    for kind in found.values():
        kind["totals"] = {currency: str(total) for currency, total in sorted(kind["totals"].items())}
    return dict(sorted(found.items()))


def _rows(sides: Sequence[Side]) -> list[tuple[str, str, int, Decimal]]:
    sums: dict[tuple[str, str], list[Decimal]] = defaultdict(list)
    for side in sides:
        sums[side.kind, side.currency].append(side.total)
    return [(kind, currency, len(found), sum(found, Decimal(0))) for (kind, currency), found in sorted(sums.items())]


def _by_cause(items: Sequence[looking.Item], shop: Sequence[Side]) -> tuple[Mapping[str, Any], ...]:
    """What is parked, with the totals that the shop's own ledger gives: the record itself may be unreadable."""
    known = {side.number: side for side in shop}
    causes: dict[str, list[Side]] = defaultdict(list)
    for item in items:
        causes[item.problem.cause].append(known[item.number])
    return tuple(
        {
            "cause": cause,
            "count": len(sides),
            "totals": {
                currency: str(sum((side.total for side in sides if side.currency == currency), Decimal(0)))
                for currency in sorted({side.currency for side in sides})
            },
        }
        for cause, sides in sorted(causes.items())
    )


async def _get(session: aiohttp.ClientSession, url: str) -> Any:
    async with session.get(url) as answer:
        answer.raise_for_status()
        return await answer.json()


async def _move(hub: Installation, documents: int, *, quiet: bool) -> None:
    """Run once, with a bar that shows how many documents are done."""
    with _bar(documents, quiet=quiet) as advance:
        runner = Runner(hub.engine)
        moving = asyncio.create_task(runner.once())
        while not moving.done():
            status: looking.StatusView = await commands.run(hub, "status", looking.Status(), "demo")
            advance(sum(count for state, count in status.records.items() if state != "waiting"))
            await asyncio.wait([moving], timeout=0.25)
        await moving
        status = await commands.run(hub, "status", looking.Status(), "demo")
        advance(sum(count for state, count in status.records.items() if state != "waiting"))


@contextmanager
def _bar(documents: int, *, quiet: bool) -> Any:
    columns = (TextColumn("moving documents"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=terminal.ERR, disable=quiet) as progress:
        task = progress.add_task("documents", total=documents)
        yield lambda done: progress.update(task, completed=done)


def _show(result: Result, *, as_json: bool) -> None:
    if as_json:
        shown = msgspec.to_builtins(result)
        del shown["agreed"], shown["examples"], shown["tables"]
        terminal.show_json(shown)
        return
    for title, rows in result.tables.items():
        terminal.table(("kind", "currency", "count", "total"), rows, title, right=("count", "total"))
    terminal.table(tuple(result.passages), [tuple(result.passages.values())], "Documents")
    wording = Wording(language_of(os.environ))
    for entry in result.parked:
        message = wording.explained(result.examples[entry["cause"]])
        terminal.say(f"{entry['count']} parked ({entry['cause']}), for example: {message.text}")
        terminal.say(f"→ {message.cure}", indent=4)
    for difference in result.differences:
        terminal.OUT.print(f"[red]difference[/] {difference}")
    verdict = "[green]Shop and books agree to the cent.[/]" if result.agreed else "[red]Shop and books do not agree.[/]"
    terminal.OUT.print(verdict)


async def _serve(hub: Installation, folder: Path, shop_url: str, books_url: str, port: int) -> None:
    """Serve the page and keep the simulators and the hub running until Ctrl+C."""
    from mostek.web import serving  # noqa: PLC0415 - needs Django, and a demonstration that ends needs neither

    listening = serving.listening("127.0.0.1", port)
    here = f"http://127.0.0.1:{listening.getsockname()[1]}"
    await asyncio.to_thread(serving.set_up, hub)
    password = await asyncio.to_thread(serving.first_owner, OWNER, language_of(os.environ))
    wording = Wording(language_of(os.environ))
    terminal.say()
    terminal.say(wording.say("serve.demo", url=here), style="bold")
    terminal.say(wording.say("serve.demo_login", name=OWNER, password=password), style="bold")
    terminal.say(f"The shop's own ledger: {shop_url}/_sandbox/totals")
    terminal.say(f"The books' own ledger: {books_url}/_sandbox/totals")
    terminal.say(f"Look around in another window: MOSTEK_DATA={folder / 'hub'} {sys.argv[0]} status")
    await serving.serve(hub, serving.server(hub), [listening])
