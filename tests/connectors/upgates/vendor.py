"""A small stand-in for the vendor's server: it plays the answers that a test gives it and keeps what it was asked."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

NOON = "Sat, 01 Mar 2025 12:00:00 GMT"
Handler = Callable[[web.Request], Awaitable[web.Response]]


def listed(name: str, items: list[Any], *, pages: int = 1, total: int | None = None, **headers: str) -> web.Response:
    """A page of a list."""
    content = {"current_page": 1, "number_of_pages": pages, "number_of_items": len(items) if total is None else total}
    page = answer(json.dumps(content | {name: items}))
    page.headers.update({header.replace("_", "-"): value for header, value in headers.items()})
    return page


def answer(text: str, status: int = 200, **headers: str) -> web.Response:
    """An answer at noon of 1 March 2025 by the vendor's clock."""
    given = {"Date": NOON} | {name.replace("_", "-"): value for name, value in headers.items()}
    return web.Response(text=text, status=status, content_type="application/json", headers=given)


@dataclass
class Vendor:
    """Answers one after another, the last one again and again."""

    address: str = ""
    answers: list[web.Response | Handler] = field(default_factory=list)
    asked: list[web.Request] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        self.asked.append(request)
        given = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(given, web.Response):
            return web.Response(body=given.body, status=given.status, headers=given.headers)
        return await given(request)

    @property
    def queries(self) -> list[dict[str, str]]:
        """The parameters of each call."""
        return [dict(request.query) for request in self.asked]


@asynccontextmanager
async def vendor(*answers: web.Response | Handler) -> AsyncIterator[Vendor]:
    """Serve these answers on a free port."""
    found = Vendor(answers=list(answers))
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", found.handle)
    async with TestServer(app) as server:
        found.address = str(server.make_url("/api/v2"))
        yield found
