"""What passes between connector and sandbox: every call seen, answers bent on the way, and a stranger who listens."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from mostek.sandbox import Faults, Rule

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Call:
    """One request as it arrived at the vendor's door."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    url: str

    @property
    def everything(self) -> str:
        """All of it as text, to look for what must not be there."""
        lines = [f"{self.method} {self.url}", *(f"{name}: {value}" for name, value in self.headers.items())]
        return "\n".join(lines) + "\n\n" + self.body.decode(errors="replace")


@dataclass(frozen=True)
class Answer:
    """An answer before it leaves."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


Bend = Callable[[Call, Answer], Answer]


class Wire(Faults):
    """The sandboxes' faults, with a log of every call, and answers that a check may bend.

    ``busy`` is how many calls are being handled, also for clients that have left.
    """

    def __init__(self) -> None:
        super().__init__()
        self.log: list[Call] = []
        self.busy = 0
        self.bend: Bend | None = None

    async def handle(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Note the call, and bend its answer."""
        call = await _seen(request)
        self.log.append(call)
        self.busy += 1
        try:
            answer = await super().handle(request, handler)
        finally:
            self.busy -= 1
        if self.bend is None or not isinstance(answer, web.Response) or not isinstance(answer.body, bytes):
            return answer
        kept = {name: value for name, value in answer.headers.items() if name.lower() != "content-length"}
        bent = self.bend(call, Answer(answer.status, answer.body, kept))
        return web.Response(status=bent.status, body=bent.body, headers=dict(bent.headers))

    def count(self, part: Mapping[str, str] | None = None) -> int:
        """How many calls arrived, of all or of those that a part of a fault rule meets."""
        rule = Rule.from_json({"fault": "drop", **(part or {})})
        return sum(rule.meets(call.method, call.path) for call in self.log)


async def _seen(request: web.Request) -> Call:
    return Call(request.method, request.path, dict(request.headers), await request.read(), str(request.url))


@asynccontextmanager
async def stranger() -> AsyncIterator[tuple[str, list[Call]]]:
    """Somebody else's server: its address, which has another host name, and what it got to see."""
    seen: list[Call] = []

    async def listen(request: web.Request) -> web.StreamResponse:
        seen.append(await _seen(request))
        return web.json_response({"success": True, "records": [], "results": []})

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", listen)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://localhost:{runner.addresses[0][1]}", seen
    finally:
        await runner.cleanup()
