"""The wire between the hub and the books: it keeps what is written, loses answers, and can be cut within a request."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import NamedTuple, Self
from urllib.parse import urlsplit

import msgspec

_HEAD_END = b"\r\n\r\n"


class Written(NamedTuple):
    """One record of a write: the evidence it is of, what it does there, and its exact bytes."""

    evidence: str
    duty: str
    id: str
    payload: bytes


@dataclass
class Wire:
    """Passes every call on to the books.

    Of the writes for which ``loses`` says so the answer is lost, after the books have given it. ``cuts`` is awaited
    when half of the write number ``cut_at`` (from 1) has been passed on; the other half never follows.
    """

    target: str
    url: str = ""
    loses: Callable[[list[Written]], bool] = lambda written: False
    cuts: Callable[[], Awaitable[None]] | None = None
    cut_at: int = 0
    writes: list[list[Written]] = field(default_factory=list, repr=False)
    cut: list[Written] = field(default_factory=list, repr=False)
    lost: int = 0
    _carrying: set[asyncio.Task[None]] = field(default_factory=set, repr=False)

    @classmethod
    @asynccontextmanager
    async def opened(cls, target: str) -> AsyncIterator[Self]:
        """A wire to this address, on a port of its own."""
        wire = cls(target)
        server = await asyncio.start_server(wire._carry, "127.0.0.1", 0)
        try:
            wire.url = "http://{}:{}".format(*server.sockets[0].getsockname()[:2])
            yield wire
        finally:
            server.close()
            for task in wire._carrying:
                task.cancel()
            await asyncio.gather(*wire._carrying, return_exceptions=True)
            await server.wait_closed()

    @property
    def written(self) -> list[Written]:
        """Every record that was sent, each time it was sent."""
        return [record for records in self.writes for record in records]

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry the calls of one connection, one after another, until an end hangs up; then the other does too."""
        task = asyncio.current_task()
        assert task
        self._carrying.add(task)
        task.add_done_callback(self._carrying.discard)
        address = urlsplit(self.target)
        try:
            there, back = await asyncio.open_connection(address.hostname, address.port)
            try:
                # Cancelled is this task only when the wire is taken down, and by itself it tells nobody.
                with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                    while await self._call(reader, writer, there, back):
                        pass
            finally:
                back.transport.abort()
        finally:
            writer.transport.abort()

    async def _call(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        there: asyncio.StreamReader,
        back: asyncio.StreamWriter,
    ) -> bool:
        """Carry one call; False when the connection is to end without an answer."""
        head, body = await _message(reader)
        written = list(_records(body)) if head.startswith(b"PUT ") else []
        if written:
            self.writes.append(written)
        if written and self.cuts and len(self.writes) == self.cut_at:
            self.cut = written
            back.write(head + body[: len(body) // 2])
            await back.drain()
            await self.cuts()
            return False
        back.write(head + body)
        answer = await _unless_left(reader, there)
        if written and self.loses(written):
            self.lost += 1
            return False
        writer.write(b"".join(answer))
        await writer.drain()
        return True


async def _unless_left(reader: asyncio.StreamReader, there: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """The answer to a call; a caller who hangs up, and so sends nothing more, does not wait for it."""
    answering, leaving = asyncio.create_task(_message(there)), asyncio.create_task(reader.read(1))
    try:
        await asyncio.wait([answering, leaving], return_when=asyncio.FIRST_COMPLETED)
        if not answering.done():
            raise ConnectionResetError
        return answering.result()
    finally:
        answering.cancel()
        leaving.cancel()
        await asyncio.gather(answering, leaving, return_exceptions=True)


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """One HTTP message: its head, and as much of a body as the head says."""
    head = await reader.readuntil(_HEAD_END)
    headers = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:] if b":" in line)
    assert b"transfer-encoding" not in headers, "neither end sends in chunks"
    return head, await reader.readexactly(int(headers.get(b"content-length", 0)))


def _records(body: bytes) -> Iterator[Written]:
    """The records of a write, cut out of it without a change."""
    envelope = msgspec.json.decode(body, type=dict[str, dict[str, msgspec.Raw]])["winstrom"]
    for evidence, raw in envelope.items():
        if not evidence.startswith("@"):
            for payload in msgspec.json.decode(raw, type=list[msgspec.Raw]):
                record = json.loads(bytes(payload))
                yield Written(evidence, _duty(evidence, record), str(record["id"]), bytes(payload))


def _duty(evidence: str, record: dict[str, object]) -> str:
    if evidence == "faktura-vydana":
        if "vytvor-vazbu-dobropis" in record:
            return "link"
        if "stavUhrK" in record:
            return "payment"
        if "typDokl" not in record:
            return "cancel" if "@action" in record else "adopt"
        return "credit note" if record["typDokl"] == "code:DOBROPIS" else "create"
    return {"adresar": "contact", "banka": "payment"}[evidence]
