"""Passwords and keys stay where they belong: encrypted in the database, and in no text that leaves the program."""

import asyncio
import json
import os
import shutil
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from mostek.commands import connecting
from mostek.connectors.flexibee.sandbox import create as create_books
from mostek.connectors.upgates.sandbox import create as create_shop
from mostek.desk import installation
from mostek.documents.problem import InvalidDocumentError
from mostek.sandbox import running
from tests.acceptance.hostile_house import BOOKS, SHOP, Lie, Wire, hasty, house, is_explained, wire
from tests.acceptance.hostile_invoice import invoice
from tests.acceptance.hostile_secrets import KEY_FILE, echo, leaks, planted, stored, written
from tests.sdk.test_http_tls import certificate, server

PROGRAM = [sys.executable, "-c", "from mostek.cli import main; main()"]
JSON = {"Content-Type": "application/json"}
pytestmark = pytest.mark.timeout(240)  # the day of two careless vendors is some fifty runs of the program


@dataclass
class Console:
    """Runs the program as a person would, and keeps all it says."""

    data: Path
    secrets: Mapping[str, str]
    said: dict[str, bytes] = field(default_factory=dict)

    async def __call__(self, *words: str, data: Path | None = None) -> int:
        environment = {**os.environ, "MOSTEK_DATA": str(data or self.data), "MOSTEK_LOG": "debug", "COLUMNS": "10000"}
        process = await asyncio.create_subprocess_exec(
            *PROGRAM,
            *words,
            env={**environment, **self.secrets},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        place = f"{len(self.said)} {' '.join(words)}"
        self.said |= {f"{place} (out)": out, f"{place} (err)": err}
        assert process.returncode is not None
        return process.returncode


@dataclass
class Pair:
    """A shop and books with planted secrets, each behind a wire that may quote them, and the program."""

    api_key: str
    password: str
    shop: Wire
    books: Wire
    console: Console


@asynccontextmanager
async def pair(folder: Path) -> AsyncIterator[Pair]:
    api_key, password = planted("key"), planted("password")
    async with AsyncExitStack() as stack:
        selling = create_shop(folder / "shop", {"hostile": "0", "documents": "4", "key": api_key})
        stack.callback(selling.close)
        (folder / "books").mkdir()
        booking = create_books(folder / "books", {"users": f"winstrom:{password}:rw"})
        stack.callback(booking.close)
        shop = await stack.enter_async_context(wire(await stack.enter_async_context(running(selling))))
        books = await stack.enter_async_context(wire(await stack.enter_async_context(running(booking))))
        console = Console(folder / "hub", {"SHOP_KEY": api_key, "BOOKS_PASSWORD": password})
        yield Pair(api_key, password, shop, books, console)


async def connect(made: Pair) -> None:
    """Set everything up from the command line."""
    run = made.console
    assert await run("init") == 0
    sets = [f"test_address={made.shop.url}", "login=mostek", "api_key=$SHOP_KEY", "tariff=addon"]
    assert await run("connect", "add", SHOP, "upgates", *(part for each in sets for part in ("--set", each))) == 0
    sets = ["address=https://books.example", f"test_address={made.books.url}", "company=demo", "login=winstrom"]
    sets += ["password=$BOOKS_PASSWORD", "settles_after=1"]
    assert await run("connect", "add", BOOKS, "flexibee", *(part for each in sets for part in ("--set", each))) == 0
    policy = json.dumps({"mappings": {"document_type": {"receipt": "ÚČTENKA"}}})
    assert await run("flow", "add", "f", "--from", SHOP, "--to", BOOKS, "--live", "--policy", policy) == 0


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """All that was said and stored in a day when both vendors quote passwords in whatever they answer."""
    folder = tmp_path_factory.mktemp("secrets")

    async def tell() -> tuple[dict[str, bytes], str, str]:
        async with pair(folder) as made:
            await connect(made)
            # A connection held open keeps the write-ahead log where it can be looked at.
            with closing(sqlite3.connect(folder / "hub/mostek.db")) as held:
                held.execute("SELECT count(*) FROM connection").fetchone()
                await _day(made)
                found = {**made.console.said, **stored(folder / "hub")}
            return found, made.api_key, made.password

    found, api_key, password = asyncio.run(tell())
    return found | {"api_key": api_key.encode(), "password": password.encode()}


async def _day(made: Pair) -> None:
    run, quoted = made.console, (echo(made.api_key, "mostek"), echo(made.password, "winstrom"))
    lies = [(made.shop, SHOP, lie) for lie in shop_echoes(quoted[0])]
    lies += [(made.books, BOOKS, lie) for lie in books_echoes(quoted[1])]
    for side, slug, lie in lies:
        side.lies[:] = [lie]
        if lie.method == "PUT":  # what was refused before is sent again
            await run("inbox", "retry", "--cause", "flexibee.refused")
        looks = [["preview", "f", "--no-read"]] if lie.method == "POST" else []  # what a preview asks is refused
        words = [["run", "--once", "--patience", "0.5"], ["connect", "check", slug], *looks]
        await asyncio.gather(*(run(*each) for each in words))
        side.lies.clear()
        if lie.status in {401, 301} or (slug == SHOP and lie.status == 400):  # its owner acts, it is taken up again
            secret = {SHOP: "api_key=$SHOP_KEY", BOOKS: "password=$BOOKS_PASSWORD"}[slug]
            await run("connect", "add", slug, {SHOP: "upgates", BOOKS: "flexibee"}[slug], "--set", secret)
    looks = [["connect", "list", "--json"], ["status"], ["status", "--json"], ["inbox", "list"], ["flow", "list"]]
    looks += [["inbox", "list", "--json"], ["preview", "f"]]
    await asyncio.gather(*(run(*words) for words in looks))
    await run("run", "--once", "--json")


def shop_echoes(quoted: str) -> list[Lie]:
    """How a shop may quote the key it was sent."""
    refusal = json.dumps({"message": quoted}).encode()
    told = [{"object": "o", "property": quoted, "message": quoted, "level": "error"}]
    within = json.dumps({"invoices": [], "orders": [], "services": [], "messages": told}).encode()
    moved = json.dumps({"api_url": f"https://x.example/{quoted}"}).encode()
    return [
        Lie(status=400, body=refusal, headers=JSON),
        Lie(status=500, body=quoted.encode()),
        Lie(status=200, body=within, headers=JSON),
        Lie(status=301, body=moved, headers=JSON),
    ]


def books_echoes(quoted: str) -> list[Lie]:
    """How books may quote the password they were sent."""
    error = {"errors": [{"message": quoted, "for": quoted, "code": "X"}]}
    record = {"winstrom": {"success": "false", "results": [error], "stats": {"failed": "1"}}}
    whole = {"winstrom": {"success": "false", "message": quoted}}
    return [
        Lie(method="POST", status=400, body=json.dumps(whole).encode(), headers=JSON),
        Lie(method="PUT", status=400, body=json.dumps(record).encode(), headers=JSON),
        Lie(method="PUT", status=400, body=json.dumps(whole).encode(), headers=JSON),
        Lie(method="PUT", status=500, body=quoted.encode()),
        Lie(method="PUT", status=200, body=quoted.encode()),
        Lie(status=418, body=quoted.encode()),
        Lie(status=401, body=json.dumps({"success": False, "errors": {"reason": quoted}}).encode(), headers=JSON),
    ]


def test_no_secret_is_in_any_text_or_file(told: dict[str, bytes]) -> None:
    api_key, password = told["api_key"].decode(), told["password"].decode()
    places = {place: content for place, content in told.items() if place not in {"api_key", "password"}}
    assert leaks(places, api_key, password) == []


def test_what_was_looked_through_was_worth_it(told: dict[str, bytes]) -> None:
    traces = [content for place, content in told.items() if place.startswith("trace ")]
    assert len([content for content in traces if "•••".encode() in content]) > 5
    said = b"".join(content for place, content in told.items() if place.endswith(("(out)", "(err)")))
    assert said.count("•••".encode()) > 10  # the vendors did quote, and it was taken out
    assert b"Traceback" not in said
    assert told["mostek.db-wal"]


def test_a_planted_secret_would_be_found(told: dict[str, bytes]) -> None:
    secret = planted("any")
    for name, spelling in written(secret).items():
        assert f"file: {name}" in leaks({"file": b"..." + spelling + b"..."}, secret)
    assert leaks({"file": echo(secret, "login").encode()}, secret)


async def test_no_exchange_that_is_kept_holds_a_secret(tmp_path: Path) -> None:
    with hasty():
        async with house(tmp_path) as made:
            await made.put("A1", json.dumps(invoice("A1")))
            made.books.lies.append(Lie(method="PUT", status=400, body=echo("winstrom", "winstrom").encode()))
            await made.run(0.3)
            kept = [exchange for held in made.hub.connections._opened.values() for exchange in held.exchanges]
    assert len(kept) > 4
    assert not [each for each in kept if "Basic" in each.request or "api-key" in f"{each.url}{each.request}"]
    refused = [each for each in kept if each.status == 400]
    assert refused
    assert not [each for each in refused if "winstrom:winstrom" in each.response]


async def test_a_stolen_database_says_nothing_without_its_key(tmp_path: Path) -> None:
    async with pair(tmp_path) as made:
        await connect(made)
        stolen = tmp_path / "stolen"
        shutil.copytree(tmp_path / "hub", stolen)
        (stolen / KEY_FILE).unlink()
        assert await made.console("status", data=stolen) == 3
        assert await made.console("init", data=stolen) == 3
        assert not (stolen / KEY_FILE).exists()
        (stolen / KEY_FILE).write_bytes(Fernet.generate_key())
        assert await made.console("connect", "list", data=stolen) == 3
        assert leaks({path.name: path.read_bytes() for path in stolen.iterdir()}, made.api_key, made.password) == []
    hub = installation.open_(stolen)
    with pytest.raises(InvalidDocumentError) as raised:
        await hub.connections.get(1)
    await hub.close()
    assert raised.value.problems[0].cause == "vault.wrong_key"
    (stolen / KEY_FILE).unlink()
    with pytest.raises(InvalidDocumentError) as missing:
        installation.open_(stolen)
    assert missing.value.problems[0].cause == "installation.no_key"
    assert all(is_explained(error.value.problems[0]) for error in (raised, missing))


async def test_folder_and_key_are_the_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        await installation.create(tmp_path / "hub").close()
    finally:
        os.umask(before)
    assert oct((tmp_path / "hub").stat().st_mode & 0o777) == "0o700"
    assert oct((tmp_path / "hub" / KEY_FILE).stat().st_mode & 0o777) == "0o600"


async def test_a_new_key_on_top_takes_over(tmp_path: Path) -> None:
    key_file = tmp_path / "hub" / KEY_FILE
    async with house(tmp_path) as made:
        old, new = key_file.read_bytes(), Fernet.generate_key() + b"\n"
        await made.hub.close()
        key_file.write_bytes(new + old)
        made.hub = installation.open_(tmp_path / "hub")
        assert (await made.command("connect.check", connecting.Check(slug=SHOP))).ok
        await made.change(SHOP, packs=1)
        await made.hub.close()
        key_file.write_bytes(new)
        made.hub = installation.open_(tmp_path / "hub")
        assert (await made.command("connect.check", connecting.Check(slug=SHOP))).ok
        with pytest.raises(InvalidDocumentError) as raised:  # its secrets were not saved since
            await made.command("connect.check", connecting.Check(slug=BOOKS))
    assert raised.value.problems[0].cause == "vault.wrong_key"


async def test_books_that_cannot_prove_who_they_are_get_no_password(tmp_path: Path) -> None:
    own = certificate(tmp_path)
    async with house(tmp_path) as made, wire(made.books.upstream, server(own)) as secure:
        real = {"test_address": "", "address": secure.url, "on_premises": True}
        await made.change(BOOKS, **real)
        refused = await made.command("connect.check", connecting.Check(slug=BOOKS))
        assert [problem.cause for problem in refused.problems] == ["system.certificate"]
        assert is_explained(refused.problems[0])
        assert secure.calls == []
        await made.change(BOOKS, ca_file=str(own))
        assert (await made.command("connect.check", connecting.Check(slug=BOOKS))).ok
        assert secure.calls


REDIRECTS: list[tuple[str, Callable[[str], Lie], str]] = [
    (SHOP, lambda url: Lie(status=301, body=json.dumps({"api_url": f"{url}/api/v2"}).encode()), "upgates.moved_away"),
    (SHOP, lambda url: Lie(status=302, headers={"Location": f"{url}/api/v2/status"}), "upgates.redirected"),
    (BOOKS, lambda url: Lie(status=303, headers={"Location": f"{url}/c/demo/adresar/1.json"}), "flexibee.moved"),
    (BOOKS, lambda url: Lie(status=302, headers={"Location": f"//{url.partition('//')[2]}/x"}), "flexibee.moved"),
]


@pytest.mark.parametrize(("side", "lie", "cause"), REDIRECTS)
async def test_credentials_follow_no_redirect(tmp_path: Path, side: str, lie: Callable[[str], Lie], cause: str) -> None:
    async with house(tmp_path) as made, wire("") as listener:
        (made.shop if side == SHOP else made.books).lies.append(lie(listener.url.replace("127.0.0.1", "localhost")))
        checked = await made.command("connect.check", connecting.Check(slug=side))
    assert [problem.cause for problem in checked.problems] == [cause]
    assert listener.calls == []
