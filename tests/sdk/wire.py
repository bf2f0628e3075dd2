"""A server that answers byte by byte as a test wants it: also wrongly, late or not at all."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Wire:
    """Where the server listens and the requests that reached it, head and body."""

    url: str = ""
    requests: list[bytes] = field(default_factory=list)


async def request(reader: asyncio.StreamReader) -> bytes:
    """Read one request; empty when the client has gone."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""
    length = next((line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), b":0")
    return head + await reader.readexactly(int(length.partition(b":")[2]))


def answer(body: bytes, *headers: str, status: str = "200 OK", length: int | None = None) -> bytes:
    """Spell an answer; `length` may lie."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


@asynccontextmanager
async def served(*answers: bytes | Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[Wire]:
    """Serve these answers, one a request; a handler does as it likes, and the connection is cut after it."""
    wire = Wire()
    left = list(answers)
    open_writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_writers.append(writer)
        try:
            while found := await request(reader):
                wire.requests.append(found)
                turn = left.pop(0)
                if callable(turn):
                    await turn(reader, writer)
                    return
                writer.write(turn)
                await writer.drain()
        except ConnectionError:
            pass  # the client would not read on: what some of the tests are about
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    host, port = server.sockets[0].getsockname()
    wire.url = f"{'https' if tls else 'http'}://{host}:{port}"
    try:
        yield wire
    finally:
        server.close()
        for writer in open_writers:
            writer.transport.abort()
        await asyncio.sleep(0)


async def cut(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Cut the connection without a word."""
    writer.transport.abort()


async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Say nothing until the client leaves."""
    await reader.read()
