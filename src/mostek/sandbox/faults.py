"""The middleware that makes faults happen between any client and any sandbox; it knows no vendor."""

import asyncio
import zlib
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache
from typing import Any

from aiohttp import web

from mostek.sandbox.rules import Fault, Rule, RuleError

__all__ = ["Fault", "Faults", "Rule", "RuleError"]

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_BOMB_BYTES = 200_000_000
_POLL_SECONDS = 0.02
_PAGES_KEPT = 500
_PAGE_BYTES = 2_000_000


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class _Page:
    status: int
    content_type: str
    body: bytes

    def answer(self) -> web.Response:
        return web.Response(status=self.status, body=self.body, headers={"Content-Type": self.content_type})


class Faults:
    """Holds the rules, counts calls and fired faults, and keeps what a stale page needs.

    The first rule that fires decides; a request meets at most one fault.
    """

    def __init__(self, rules: Iterable[Rule] = ()) -> None:
        self.rules = list(rules)
        self.calls: Counter[str] = Counter()
        self.handled: Counter[str] = Counter()
        self.fired: Counter[str] = Counter()
        self.held = 0
        self.clock: Callable[[], datetime] = _now
        self._release = asyncio.Event()
        self._late: set[asyncio.Task[None]] = set()
        self._pages: OrderedDict[str, tuple[_Page | None, _Page]] = OrderedDict()

    def replace(self, rules: Iterable[Rule]) -> None:
        """Put these rules in place of all others; counters of calls stay."""
        self.rules = list(rules)

    def stats(self) -> dict[str, Any]:
        """Calls received and handled per route, faults fired per name, answers held now, late commits pending."""
        return {
            "calls": dict(self.calls),
            "handled": dict(self.handled),
            "fired": dict(self.fired),
            "held": self.held,
            "late": len(self._late),
        }

    def reset(self) -> None:
        """Set all counters of calls and faults to zero."""
        self.calls.clear()
        self.handled.clear()
        self.fired.clear()

    def release(self) -> int:
        """Let every held request go on; returns how many there were."""
        held = self.held
        self._release.set()
        self._release = asyncio.Event()
        return held

    async def close(self) -> None:
        """Let held requests go and drop late commits that are still to come, as a stopped server would."""
        self.release()
        for task in tuple(self._late):
            task.cancel()
        await asyncio.gather(*self._late, return_exceptions=True)

    async def handle(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Pass one request to its handler, with the fault of the first rule that fires."""
        route = _template(request)
        self.calls[route] += 1

        async def run(passed: web.Request) -> web.StreamResponse:
            self.handled[route] += 1
            try:
                return await handler(passed)
            except web.HTTPException as error:
                # Raised answers are answers too, and every fault works on answers.
                headers = {key: value for key, value in error.headers.items() if key != "Content-Length"}
                return web.Response(status=error.status, reason=error.reason, body=error.body, headers=headers)

        rule = self._choose(request)
        if rule is None:
            return self._remember(request, await run(request))
        if rule.fault is not Fault.STALE_PAGE:
            self.fired[rule.fault] += 1
        return await _ACTIONS[rule.fault](self, rule, request, run)

    def _choose(self, request: web.Request) -> Rule | None:
        for rule in self.rules:
            if rule.fault is Fault.STALE_PAGE and request.method != "GET":
                continue
            if rule.meets(request.method, request.path) and rule.fires():
                return rule
        return None

    def _remember(self, request: web.Request, answer: web.StreamResponse) -> web.StreamResponse:
        page = _page(answer) if request.method == "GET" else None
        if page is not None:
            key = request.path_qs
            older, newest = self._pages.pop(key, (None, page))
            self._pages[key] = (newest, page) if newest != page else (older, page)
            while len(self._pages) > _PAGES_KEPT:
                self._pages.popitem(last=False)
        return answer

    async def hold(self, request: web.Request) -> bool:
        """Wait until released or until the client leaves; True when released."""
        event = self._release
        self.held += 1
        try:
            while not event.is_set():
                if _left(request):
                    return False
                with suppress(TimeoutError):
                    await asyncio.wait_for(event.wait(), _POLL_SECONDS)
            return True
        finally:
            self.held -= 1

    def later(self, seconds: float, request: web.Request, run: Handler) -> None:
        """Run the handler after the client is gone."""

        async def commit() -> None:
            await asyncio.sleep(seconds)
            await run(request)

        task = asyncio.create_task(commit())
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    def stale(self, rule: Rule, request: web.Request, answer: web.StreamResponse) -> web.StreamResponse:
        """What this address answered before its last change; the true answer, and no firing, when it never changed."""
        self._remember(request, answer)
        older, _ = self._pages.get(request.path_qs, (None, None))
        if older is None:
            rule.fired -= 1
            return answer
        self.fired[Fault.STALE_PAGE] += 1
        return older.answer()


def _template(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return f"{request.method} {resource.canonical if resource is not None else '(no route)'}"


def _left(request: web.Request) -> bool:
    transport = request.transport
    return transport is None or transport.is_closing()


def _page(answer: web.StreamResponse) -> _Page | None:
    if not isinstance(answer, web.Response) or not isinstance(answer.body, bytes) or len(answer.body) > _PAGE_BYTES:
        return None
    return _Page(answer.status, answer.headers.get("Content-Type", "application/octet-stream"), answer.body)


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    # Never reaches the client: the transport is gone.
    return web.Response(status=500)


async def _answer_lost(faults: Faults, rule: Rule, request: web.Request, run: Handler) -> web.StreamResponse:
    await request.read()
    await run(request)
    return _cut(request)


async def _late_commit(faults: Faults, rule: Rule, request: web.Request, run: Handler) -> web.StreamResponse:
    await request.read()
    faults.later(rule.seconds or 0, request, run)
    return _cut(request)


async def _hold_after_commit(faults: Faults, rule: Rule, request: web.Request, run: Handler) -> web.StreamResponse:
    answer = await run(request)
    await faults.hold(request)
    return answer


async def _hold_before_commit(faults: Faults, rule: Rule, request: web.Request, run: Handler) -> web.StreamResponse:
    await request.read()
    # A client that leaves while it waits was never served: the late commit is a fault of its own.
    return await run(request) if await faults.hold(request) else _cut(request)


async def _error_before(faults: Faults, rule: Rule, request: web.Request, run: Handler) -> web.StreamResponse:
    return web.Response(status=rule.status or 500, text="Internal Server Error")


async def _error_after(faults: Faults, rule: Rule, request: web.Request, run: Handler) -> web.StreamResponse:
    await run(request)
    return web.Response(status=rule.status or 500, text="Internal Server Error")


async def _unavailable(faults: Faults, rule: Rule, request: web.Request, run: Handler) -> web.StreamResponse:
    return web.Response(status=503, text="Service Unavailable")


async def _rate_limited(faults: Faults, rule: Rule, request: web.Request, run: Handler) -> web.StreamResponse:
    seconds = rule.seconds if rule.seconds is not None else 1
    until = faults.clock() + timedelta(seconds=seconds)
    value = format_datetime(until, usegmt=True) if rule.format == "date" else str(round(seconds))
    return web.Response(status=429, text="Too Many Requests", headers={"Retry-After": value})


async def _slow(faults: Faults, rule: Rule, request: web.Request, run: Handler) -> web.StreamResponse:
    await request.read()
    await asyncio.sleep(rule.seconds or 0)
    return await run(request)


async def _truncated(faults: Faults, rule: Rule, request: web.Request, run: Handler) -> web.StreamResponse:
    page = _page(await run(request))
    if page is None:
        return _cut(request)
    answer = web.StreamResponse(status=page.status, headers={"Content-Type": page.content_type})
    answer.content_length = len(page.body)
    with suppress(ConnectionError):
        await answer.prepare(request)
        await answer.write(page.body[: len(page.body) // 2])
    if request.transport is not None:
        # Closed and not aborted: what was written is to arrive.
        request.transport.close()
    return answer


@cache
def _bomb_body() -> bytes:
    packer = zlib.compressobj(level=6, wbits=31)
    blanks = b" " * 1_000_000
    packed = [packer.compress(blanks) for _ in range(_BOMB_BYTES // len(blanks))]
    return b"".join([*packed, packer.compress(b"{}"), packer.flush()])


async def _bomb(faults: Faults, rule: Rule, request: web.Request, run: Handler) -> web.StreamResponse:
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    return web.Response(body=_bomb_body(), headers=headers)


async def _html(faults: Faults, rule: Rule, request: web.Request, run: Handler) -> web.StreamResponse:
    page = (
        "<!DOCTYPE html><html><head><title>Maintenance</title></head><body><h1>We will be back soon</h1></body></html>"
    )
    return web.Response(text=page, content_type="text/html")


async def _stale_page(faults: Faults, rule: Rule, request: web.Request, run: Handler) -> web.StreamResponse:
    return faults.stale(rule, request, await run(request))


async def _redirect(faults: Faults, rule: Rule, request: web.Request, run: Handler) -> web.StreamResponse:
    return web.Response(status=rule.status or 302, headers={"Location": rule.location or "/"})


async def _drop(faults: Faults, rule: Rule, request: web.Request, run: Handler) -> web.StreamResponse:
    return _cut(request)


_ACTIONS: dict[Fault, Callable[[Faults, Rule, web.Request, Handler], Awaitable[web.StreamResponse]]] = {
    Fault.ANSWER_LOST: _answer_lost,
    Fault.LATE_COMMIT: _late_commit,
    Fault.HOLD_AFTER_COMMIT: _hold_after_commit,
    Fault.HOLD_BEFORE_COMMIT: _hold_before_commit,
    Fault.ERROR_BEFORE: _error_before,
    Fault.ERROR_AFTER: _error_after,
    Fault.UNAVAILABLE: _unavailable,
    Fault.RATE_LIMITED: _rate_limited,
    Fault.SLOW: _slow,
    Fault.TRUNCATED: _truncated,
    Fault.BOMB: _bomb,
    Fault.HTML: _html,
    Fault.STALE_PAGE: _stale_page,
    Fault.REDIRECT: _redirect,
    Fault.DROP: _drop,
}
