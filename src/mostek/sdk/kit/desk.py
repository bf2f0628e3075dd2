"""The control API of a running sandbox, as the setup's deeds and the checks use it: never part of what is proven."""

import json
from collections.abc import Mapping
from typing import Any

import aiohttp

from mostek.sandbox import CONTROL


class Desk:
    """Someone who sits at the vendor's system: a person, a customer, the vendor himself."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._control = f"{url}{CONTROL}"

    async def get(self, path: str) -> Any:
        """Look something up."""
        return (await self._call("GET", path, None))[1]

    async def post(self, path: str, **body: Any) -> Any:
        """Do something; raises for a refusal, because a deed that did not happen proves nothing."""
        status, answer = await self._call("POST", path, body)
        if status >= 400:
            raise RuntimeError(f"the sandbox refused {path} {body}: {status} {answer}")
        return answer

    async def may(self, path: str, **body: Any) -> Any:
        """Do something that may be refused; None then."""
        status, answer = await self._call("POST", path, body)
        return None if status >= 400 else answer

    async def ledger(self) -> Any:
        """Everything booked: the judge."""
        return await self.get("ledger")

    async def _call(self, method: str, path: str, body: Mapping[str, Any] | None) -> tuple[int, Any]:
        async with self._session.request(method, f"{self._control}/{path}", json=body) as answer:
            text = await answer.text()
            try:
                return answer.status, json.loads(text)
            except ValueError:
                return answer.status, text
