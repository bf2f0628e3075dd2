"""Webhooks in: a plain ASGI route before Django, because a shop waits for its answer one second at most.

Whoever knows the secret in the address is believed that something changed, and nothing else: what he sends is kept
through the ledger's group commit, answered, and read again from the system itself (:mod:`mostek.hub.hinting`).
"""

import asyncio
import hashlib
import hmac
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog

from mostek.commands.hooking import digest
from mostek.hub.ledger import DATABASE_ERRORS, Ledger, hooks

LOG = structlog.get_logger()
ROOT = "/hooks/"
# Of a longer body only is kept that there was one: then anything may have changed. One beyond the second is refused.
_KEPT, _TAKEN = 64 * 1024, 4 * 1024 * 1024
_PATIENCE = 10.0  # seconds for a body
# How often at most the ledger is asked for secrets when one is not known here, in seconds.
_LOOK = 0.2
# So many calls are made durable together.
_AT_ONCE = 500
_NOBODY = (0, digest(""))

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]


class Hooks:
    """The door for one installation; it knows the digests of the secrets, so that a guess costs the ledger nothing."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._known: Mapping[str, tuple[int, str]] = {}
        self._looked = -_LOOK
        self._looking = asyncio.Lock()
        self._pending: list[tuple[hooks.Call, asyncio.Future[bool]]] = []
        self._keeping: asyncio.Task[None] | None = None

    async def answer(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one call: 204 when it is kept, 404 for a wrong address, 503 when it should be sent again."""
        slug, _, secret = scope["path"].removeprefix(ROOT).partition("/")
        try:
            status = await self._taken(scope["method"], slug, digest(secret.rstrip("/")), receive)
        except DATABASE_ERRORS as error:
            LOG.warning("webhook not kept", connection=slug, reason=type(error).__name__)
            status = 503
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    async def _taken(self, method: str, slug: str, given: str, receive: Receive) -> int:
        connection = await self._connection(slug, given)
        if not connection:
            return 404
        if method != "POST":
            return 405
        try:
            async with asyncio.timeout(_PATIENCE):
                size, told, body = await _body(receive)
        except TimeoutError:
            return 408
        if size > _TAKEN:
            return 413
        kept = await self._kept(hooks.Call(connection, given, told, body if size <= _KEPT else b""))
        if not kept:  # another process has replaced the secret
            self._looked = -_LOOK
        return 204 if kept else 404

    async def _kept(self, call: hooks.Call) -> bool:
        """Keep a call together with all that came in while the ones before were being made durable."""
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._pending.append((call, answer))
        if self._keeping is None or self._keeping.done():
            self._keeping = asyncio.create_task(self._keep())
        return await answer

    async def _keep(self) -> None:
        while self._pending:
            batch, self._pending = self._pending[:_AT_ONCE], self._pending[_AT_ONCE:]
            try:
                kept: list[bool | Exception] = [*await self._ledger.write(hooks.receive, [call for call, _ in batch])]
            except Exception as error:  # noqa: BLE001 - whatever failed belongs to those who wait for it
                kept = [error] * len(batch)
            for (_, answer), done in zip(batch, kept, strict=True):
                if answer.cancelled():  # who asked is gone
                    continue
                if isinstance(done, Exception):
                    answer.set_exception(done)
                else:
                    answer.set_result(done)

    async def _connection(self, slug: str, given: str) -> int:
        """The number of the connection whose secret was given, or 0; compared in constant time."""
        if not self._fits(slug, given):
            async with self._looking:
                if time.monotonic() - self._looked > _LOOK:
                    self._known, self._looked = await self._ledger.read(hooks.digests), time.monotonic()
        return self._known[slug][0] if self._fits(slug, given) else 0

    def _fits(self, slug: str, given: str) -> bool:
        return hmac.compare_digest(self._known.get(slug, _NOBODY)[1], given) and slug in self._known


async def _body(receive: Receive) -> tuple[int, str, bytes]:
    """Size, digest and, as far as it is kept, content; never more than that is held in memory."""
    size, sum_, kept, more = 0, hashlib.sha256(), bytearray(), True
    while more and size <= _TAKEN:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise TimeoutError
        part = message.get("body", b"")
        size, more = size + len(part), message.get("more_body", False)
        sum_.update(part)
        if size <= _KEPT:
            kept += part
    return size, sum_.hexdigest(), bytes(kept)
