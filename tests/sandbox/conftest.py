"""A toy vendor whose only business is a list of words, to try the runtime on."""

import sqlite3
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from mostek.sandbox import running


class Words:
    """Keeps words in SQLite; a POST adds one, a GET lists them."""

    name = "words"

    def __init__(self, folder: Path, options: Mapping[str, str]) -> None:
        self.options = options
        self._db = sqlite3.connect(folder / "words.sqlite", isolation_level=None)
        self._db.execute("CREATE TABLE IF NOT EXISTS word (id INTEGER PRIMARY KEY, text TEXT)")

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        return [
            web.get("/words", self._list),
            web.post("/words", self._add),
            web.get("/words/{id}", self._one),
        ]

    def control(self) -> Iterable[web.AbstractRouteDef]:
        return [web.get("/options", self._options)]

    def ledger(self) -> dict[str, Any]:
        return {"words": self._words()}

    def close(self) -> None:
        self._db.close()

    def _words(self) -> list[str]:
        return [text for (text,) in self._db.execute("SELECT text FROM word ORDER BY id")]

    async def _list(self, request: web.Request) -> web.Response:
        return web.json_response(self._words())

    async def _add(self, request: web.Request) -> web.Response:
        self._db.execute("INSERT INTO word (text) VALUES (?)", [(await request.json())["text"]])
        return web.json_response({"saved": True}, status=201)

    async def _one(self, request: web.Request) -> web.Response:
        raise web.HTTPNotFound(text="no such word")

    async def _options(self, request: web.Request) -> web.Response:
        return web.json_response(dict(self.options))


@pytest.fixture
def words(tmp_path: Path) -> Iterator[Words]:
    sandbox = Words(tmp_path, {"colour": "blue"})
    yield sandbox
    sandbox.close()


@pytest.fixture
async def http(words: Words) -> AsyncIterator[aiohttp.ClientSession]:
    async with running(words) as url, aiohttp.ClientSession(url) as session:
        yield session
