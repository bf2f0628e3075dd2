"""The toy on the wire."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

import msgspec

from mostek.documents.problem import Problem
from mostek.sdk import errors
from mostek.sdk.capability import Context
from mostek.sdk.errors import understood
from mostek.sdk.field import parse_json
from mostek.sdk.http import Http, HttpPolicy, Response
from tests.sdk.kit.toy import fields
from tests.sdk.kit.toy.settings import ToySettings

Row = Mapping[str, Any]


class Client:
    """The toy's calls."""

    def __init__(self, settings: ToySettings, context: Context) -> None:
        self._address = settings.address
        self._context = context
        self.password = settings.password
        headers = {"Authorization": f"Bearer {settings.password.encode('ascii', 'backslashreplace').decode()}"}
        secrets = (settings.password, headers["Authorization"].removeprefix("Bearer "))
        self.http = Http(HttpPolicy(headers=headers, secrets=secrets, private=True, plain=True), context.recorder)

    async def status(self) -> Row:
        """``GET /status``."""
        return self.read(await self.call("GET", "/status"))

    async def page(self, feed: str, since: str, page: int) -> bytes:
        """``GET /records/{feed}``: sorted by the time of change."""
        query = urlencode({"from": since, "page": page})
        return (await self.call("GET", f"/records/{feed}?{query}")).body

    async def some(self, feed: str, numbers: Sequence[str]) -> bytes:
        """``POST /records/{feed}``: those with these numbers."""
        return (await self.call("POST", f"/records/{feed}", {"numbers": numbers})).body

    async def write(self, entries: Sequence[msgspec.Raw]) -> list[Row]:
        """``PUT /entries``."""
        answer = self.read(await self.call("PUT", "/entries", {"entries": entries}))
        with understood():
            return list(fields.RESULTS(answer))

    async def search(self, where: Sequence[tuple[str, str]]) -> list[Row]:
        """``POST /entries``: those that meet one of these conditions."""
        if not where:
            return []
        return self._entries(await self.call("POST", "/entries", {"where": where}))

    async def listed(self, since: str, until: str, after: int) -> list[Row]:
        """``GET /entries``: ten of these days, after an id."""
        query = urlencode({"from": since, "to": until, "after": after})
        return self._entries(await self.call("GET", f"/entries?{query}"))

    async def call(self, method: str, path: str, body: Any = None) -> Response:
        """Make one call."""
        self.take()
        data = None if body is None else msgspec.json.encode(body)
        response = await self.http.send(method, self._address + path, data)
        self.refused(response)
        return response

    def take(self) -> None:
        """Ask the budget."""
        self._context.budget.take(self._context.now())

    def refused(self, response: Response) -> None:
        """What an answer means that is none."""
        status, words = response.status, self.http.redact(response.body[:100].decode(errors="replace"))
        if status == 200:
            return
        problem = Problem(cause="toy.failed", details={"status": str(status)})
        if status in {401, 403}:
            raise errors.AuthFailedError(Problem(cause="toy.login", field="password"), words=words)
        if status == 429:
            raise errors.RateLimitedError(Problem(cause="toy.busy"), self.until(response), words=words)
        if status >= 500:
            raise errors.NotReadyError(problem, words=words, sent=True)
        raise errors.BadResponseError(problem, words=words, sent=True)

    def until(self, response: Response) -> datetime:
        """The end of a limit, as seconds or as a date."""
        given = response.headers.get("retry-after", "60")
        if given.isdecimal():
            return self._context.now() + timedelta(seconds=int(given))
        return parsedate_to_datetime(given).astimezone(UTC)

    def read(self, response: Response) -> Row:
        """The object in an answer."""
        with understood():
            return parse_json(response.body)

    def _entries(self, response: Response) -> list[Row]:
        with understood():
            return list(fields.ENTRIES(self.read(response)))
