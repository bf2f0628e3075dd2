"""A running shop and a client that speaks to it with a login."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from mostek.connectors.upgates.sandbox import UpgatesSandbox, create
from mostek.sandbox import running

Json = dict[str, Any]


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass
class Client:
    """Calls the API with a login, and the control API without."""

    url: str
    session: aiohttp.ClientSession
    sandbox: UpgatesSandbox
    login: str = "mostek"
    key: str = "api-key"

    async def call(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        if "Authorization" not in headers:
            headers["Authorization"] = aiohttp.encode_basic_auth(self.login, self.key)
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        address = f"{self.url}/api/v2{path}"
        async with self.session.request(method, address, data=data, headers=headers, allow_redirects=False) as reply:
            return Answer(reply.status, dict(reply.headers), await reply.text())

    async def get(self, path: str, **headers: str) -> Answer:
        return await self.call("GET", path, **headers)

    async def put(self, order: Json, **options: object) -> Json:
        """PUT one order and give its result."""
        answer = await self.call("PUT", "/orders", {**options, "orders": [order]})
        assert answer.status == 200, answer.text
        result: Json = answer.json["orders"][0]
        return result

    async def control(self, path: str, body: Json | None = None, method: str = "POST") -> Any:
        async with self.session.request(method, f"{self.url}/_sandbox/{path}", json=body) as reply:
            assert reply.status == 200, await reply.text()
            return await reply.json()

    async def order(self, number: str) -> Json:
        found: Json = (await self.get(f"/orders/{number}")).json["orders"][0]
        return found

    async def invoice(self, number: str) -> Json:
        found: Json = (await self.get(f"/invoices/{number}")).json["invoices"][0]
        return found

    async def ledger(self) -> Json:
        found: Json = await self.control("ledger", method="GET")
        return found


Open = Callable[..., Awaitable[Client]]


@pytest.fixture
async def open_shop(tmp_path: Path) -> AsyncIterator[Open]:
    """Open shops with options; the same folder is the same shop."""
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())

        async def opened(folder: str = "shop", **options: str) -> Client:
            sandbox = create(tmp_path / folder, {"hostile": "0", **options})
            stack.callback(sandbox.close)
            url = await stack.enter_async_context(running(sandbox))
            return Client(url, session, sandbox)

        yield opened


@pytest.fixture
async def shop(open_shop: Open) -> Client:
    """A shop with thirty documents of the vintage 2025."""
    return await open_shop(documents="30", vintage="2025")
