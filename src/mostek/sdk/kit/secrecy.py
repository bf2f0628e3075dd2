"""Secrets: whatever the vendor echoes back, none appears in an error, a trace, a log line or a result."""

import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any

from mostek.sdk import settings as settings_
from mostek.sdk.effect import Question
from mostek.sdk.errors import VendorError
from mostek.sdk.kit.check import checks, must, provable
from mostek.sdk.kit.finding import documents
from mostek.sdk.kit.room import Bench, Room, opened
from mostek.sdk.kit.samples import Story, intents
from mostek.sdk.kit.wire import Answer, Bend, Call
from mostek.sdk.redaction import spellings

# Long, and with what JSON, HTML and addresses spell otherwise.
PLANTED = 'kit-planted "secret" <§ž&/+= ?> 7f3a'


@contextmanager
def _listening() -> Iterator[list[str]]:
    """Every log line of the process, also those below what is shown."""
    lines: list[str] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    handler, root = Kept(level=0), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield lines
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def _works(bench: Bench) -> Iterator[tuple[str, Callable[[], Awaitable[Any]]]]:
    """Everything that a session can be asked to do."""
    yield "check", bench.session.check
    if bench.setup.source is not None:
        for feed in bench.feeds:
            yield f"read {feed}", partial(bench.passed, feed)
            yield f"get {feed}", partial(bench.reads.get, feed, ["1"])
    if bench.setup.target is not None:
        sent = intents(bench, Story(bench.setup, "9901").actions())
        yield "write", lambda: bench.writes.write(sent)
        yield "find", lambda: bench.writes.find(sent)
        yield "verify", lambda: bench.writes.verify(documents(bench, sent))
        yield "ask", lambda: bench.writes.ask([Question(about="contact", by={"email": "x@buyer.example"})])
        yield "totals", lambda: _all(bench)


async def _all(bench: Bench) -> list[Any]:
    return [statement async for statement in bench.writes.totals(bench.target.day, bench.target.day)]


def _echo(status: int, kind: str) -> Bend:
    """The vendor repeats what he was sent: the header with the credentials, and the secret itself."""

    def bend(call: Call, answer: Answer) -> Answer:
        told = "; ".join(f"{name}: {value}" for name, value in call.headers.items())
        every = " ".join(spellings([PLANTED]))
        body = f"Wrong login in {call.url} {told} {PLANTED} {every}"
        text = {"json": f'{{"message": {json.dumps(body)}}}', "html": f"<p>{body}</p>"}
        return Answer(status, text[kind].encode(), {"Content-Type": f"text/{kind}", "X-Echo": "yes"})

    return bend


def _told(error: BaseException | None) -> str:
    """Everything that an error and its causes would show."""
    texts: list[str] = []
    while error is not None:
        texts += [str(error), repr(error)]
        if isinstance(error, VendorError):
            texts += [str(error.problem), repr(error.problem), error.words, error.request_id]
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n".join(texts)


@asynccontextmanager
async def _planted(room: Room) -> AsyncIterator[tuple[Bench, tuple[str, ...]]]:
    """A session whose every secret is the planted one."""
    names = settings_.secrets(room.setup.connector.settings)
    provable(names, "the settings have no secret")

    def plant(values: dict[str, Any]) -> None:
        values.update(dict.fromkeys(names, PLANTED))

    async with room.bench(plant) as bench:
        yield bench, spellings([PLANTED])


def _clean(text: str, secret: tuple[str, ...], law: str, **facts: Any) -> None:
    shown = [spelling for spelling in secret if spelling in text]
    must(not shown, law, spelling=shown[:1], within=text[:400], **facts)


async def are_in_no_error_trace_log_or_result(room: Room) -> None:
    """Whatever the vendor echoes, with any status, as JSON or as a page, on any call."""
    async with _planted(room) as (bench, secret):
        for status in (200, 400, 401, 403, 404, 429, 500):
            for kind in ("json", "html"):
                # A session each time: some remember that they were refused, and ask no more.
                values = {**room.setup.settings(bench.url), **_secrets(bench)}
                fresh = opened(room.setup, bench.sandbox, bench.wire, bench.desk, bench.url, values)
                bench.wire.bend = _echo(status, kind)
                try:
                    await _tried(fresh, secret, {"status": status, "as": kind})
                finally:
                    await fresh.session.close()
        provable(bench.wire.log, "nothing was asked")


def _secrets(bench: Bench) -> dict[str, str]:
    return dict.fromkeys(settings_.secrets(bench.setup.connector.settings), PLANTED)


async def _tried(bench: Bench, secret: tuple[str, ...], facts: dict[str, Any]) -> None:
    for doing, work in _works(bench):
        with _listening() as lines:
            try:
                result = repr(await work())
            except Exception as error:  # noqa: BLE001 - whatever comes out, no secret may be in it
                result = _told(error)
        _clean(result, secret, "a secret is in no error and no result", doing=doing, **facts)
        _clean("\n".join(lines), secret, "a secret is in no log line", doing=doing, **facts)
        for exchange in bench.exchanges:
            _clean(repr(exchange), secret, "a secret is in no trace", doing=doing, **facts)


async def calls_are_recorded_for_the_trace(room: Room) -> None:
    """Every call is handed to the recorder: what was sent and answered can be shown to the owner."""
    async with room.bench() as bench:
        await bench.session.check()
        must(len(bench.exchanges) == len(bench.wire.log), "each call is recorded", recorded=len(bench.exchanges))
        for _, work in _works(bench):
            await work()
        must(len(bench.exchanges) == len(bench.wire.log), "each call is recorded", recorded=len(bench.exchanges))
        for exchange in bench.exchanges:
            _clean(repr(exchange), bench.secrets, "a secret is in no trace of good calls either")


async def are_not_in_rendered_bytes(room: Room) -> None:
    """What is frozen in the ledger holds no credentials."""
    async with _planted(room) as (bench, secret):
        for each in intents(bench, Story(room.setup, "9902").actions()):
            _clean(each.payload.decode(errors="replace"), secret, "a secret is in no rendered bytes")


CHECKS = (
    *checks("secrets", "any", are_in_no_error_trace_log_or_result, calls_are_recorded_for_the_trace),
    *checks("secrets", "target", are_not_in_rendered_bytes),
)
