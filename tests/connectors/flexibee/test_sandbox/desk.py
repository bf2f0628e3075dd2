"""A desk in front of the sandbox: what its tests say to the server, in few words."""

import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from mostek.connectors.flexibee.sandbox import FlexiSandbox, create
from mostek.sandbox import running

Json = dict[str, Any]
TODAY = "2026-03-10"


def basic(name: str, password: str) -> dict[str, str]:
    """The header of a Basic login."""
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


@dataclass(frozen=True)
class Answer:
    """An answer's status, headers and JSON body."""

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def winstrom(self) -> Json:
        inner: Json = self.body["winstrom"]
        return inner

    @property
    def id(self) -> str:
        """The id of the only result."""
        (result,) = self.winstrom["results"]
        return str(result["id"])

    @property
    def error(self) -> Json:
        """The first error of the last result, after checking that the import failed."""
        assert self.status == 400, self.body
        assert self.winstrom["success"] == "false"
        error: Json = self.winstrom["results"][-1]["errors"][0]
        return error


@dataclass
class Desk:
    """One user's way to one company."""

    sandbox: FlexiSandbox
    http: aiohttp.ClientSession
    url: str
    company: str = "demo"
    root: str = "/c"

    async def ask(self, method: str, path: str, **how: Any) -> Answer:
        """Send a request; a path that does not begin with a slash is inside the company."""
        address = path if path.startswith("/") else f"{self.root}/{self.company}/{path}"
        how.setdefault("allow_redirects", False)
        async with self.http.request(method, address, **how) as answer:
            is_json = answer.content_type == "application/json"
            return Answer(answer.status, answer.headers, await answer.json() if is_json else {})

    async def get(self, path: str, **parameters: str) -> Answer:
        return await self.ask("GET", path, params={name.replace("_", "-"): each for name, each in parameters.items()})

    async def put(self, evidence: str, *records: Json, path: str = "", **attributes: Any) -> Answer:
        """Import records of one evidence; ``attributes`` are of the envelope."""
        listed = list(records) if len(records) != 1 else records[0]
        body = {"winstrom": {"@version": "1.0", **attributes, evidence: listed}}
        return await self.ask("PUT", path or f"{evidence}.json", json=body)

    async def made(self, evidence: str, record: Json) -> str:
        """Import a record that must be taken, and give its id."""
        answer = await self.put(evidence, record)
        assert answer.status in {200, 201}, answer.body
        return answer.id

    async def row(self, evidence: str, number: str, detail: str = "full", **parameters: str) -> Json:
        """Read a record by its number."""
        answer = await self.get(f"{evidence}/{number}.json", detail=detail, **parameters)
        assert answer.status == 200, answer.body
        (row,) = answer.winstrom[evidence]
        return dict(row)

    async def invoice(self, *lines: Json, **fields: Any) -> str:
        """Make an invoice of today and give its id."""
        return await self.made("faktura-vydana", invoice(*lines, **fields))

    async def sums(self, number: str, *names: str) -> list[str]:
        """Some fields of an invoice."""
        row = await self.row("faktura-vydana", number)
        return [row[name] for name in names]

    async def ledger(self) -> Json:
        """The books of this company, from the control API."""
        answer = await self.get("/_sandbox/ledger")
        books: Json = answer.body["companies"][self.company]
        return books


def line(price: str, quantity: str = "1", rate: str = "Zakl", *, gross: bool = True, **fields: Any) -> Json:
    """A line of goods with its price per unit, with or without VAT."""
    return {
        "nazev": "Zboží",
        "mnozMj": quantity,
        "cenaMj": price,
        "typCenyDphK": "typCeny.sDph" if gross else "typCeny.bezDph",
        "typSzbDphK": f"typSzbDph.dph{rate}",
        **fields,
    }


def invoice(*lines: Json, **fields: Any) -> Json:
    """An invoice of today."""
    record = {"typDokl": "code:FAKTURA", "datVyst": TODAY, **fields}
    if lines:
        record["polozkyFaktury"] = list(lines)
    return record


def bank(amount: str, **fields: Any) -> Json:
    """Money that came to the bank today."""
    return {
        "typDokl": "code:STANDARD",
        "banka": "code:BANKOVNÍ ÚČET",
        "typPohybuK": "typPohybu.prijem",
        "datVyst": TODAY,
        "bezPolozek": "true",
        "sumOsv": amount,
        **fields,
    }


def pairing(number: str, rest: str = "ne", **attributes: str) -> Json:
    """What ``sparovani`` holds to pay one invoice."""
    return {"uhrazovanaFak": {"@type": "faktura-vydana", "filter": number, **attributes}, "zbytek": rest}


@asynccontextmanager
async def opened(folder: Path, **options: str) -> AsyncIterator[Desk]:
    """Open the books in a folder and serve them."""
    sandbox = create(folder, {"today": TODAY, **options})
    try:
        async with running(sandbox) as url, aiohttp.ClientSession(url, headers=basic("winstrom", "winstrom")) as http:
            yield Desk(sandbox, http, url)
    finally:
        sandbox.close()
