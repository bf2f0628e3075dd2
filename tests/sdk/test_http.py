"""The http seam: what reaches the vendor, what comes back, and what a failure means."""

import asyncio
import gzip
import socket
import tracemalloc
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from mostek.sdk import http
from mostek.sdk.errors import BadResponseError, ConfigurationError, NotReadyError, VendorError
from mostek.sdk.http import PATIENCE, Exchange, Http, HttpPolicy, Response
from tests.sdk.wire import answer, cut, served, silent

LOCAL = HttpPolicy(private=True, plain=True)
SECRET = "s3cret/kľúč&"


@asynccontextmanager
async def opened(policy: HttpPolicy = LOCAL, traced: list[Exchange] | None = None) -> AsyncIterator[Http]:
    client = Http(policy, None if traced is None else traced.append)
    try:
        yield client
    finally:
        await client.close()


async def failure(error: type[VendorError], client: Http, url: str, method: str = "POST") -> VendorError:
    with pytest.raises(error) as raised:
        await client.send(method, url, b"{}" if method != "GET" else None)
    return raised.value


async def test_an_answer_is_given_whatever_its_status() -> None:
    async with served(answer(b"no\xff", "X-Request-ID: 7", status="418 Teapot")) as wire, opened() as client:
        found = await client.send("PUT", f"{wire.url}/a?b=1", b"{}", {"X-Own": "1"})
        assert found == Response(
            status=418,
            headers={"content-length": "3", "x-request-id": "7"},
            body=b"no\xff",
            url=f"{wire.url}/a?b=1",
        )
    [request] = wire.requests
    assert request.startswith(b"PUT /a?b=1 HTTP/1.1\r\n")
    assert b"X-Own: 1\r\n" in request
    assert request.endswith(b"\r\n\r\n{}")


async def test_headers_of_the_call_come_before_those_of_the_connection() -> None:
    policy = HttpPolicy(private=True, plain=True, headers={"Accept": "a", "Authorization": "Basic x"})
    async with served(answer(b"")) as wire, opened(policy) as client:
        await client.send("GET", wire.url, headers={"Accept": "b"})
    assert b"Accept: b\r\n" in wire.requests[0]
    assert b"Authorization: Basic x\r\n" in wire.requests[0]


async def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    async with (
        served() as other,
        served(answer(b"", f"Location: {other.url}/steal", status="302 Found")) as wire,
        opened() as client,
    ):
        found = await client.send("GET", wire.url)
        assert (found.status, found.headers["location"]) == (302, f"{other.url}/steal")
    assert other.requests == []


async def test_cookies_are_not_kept() -> None:
    async with served(answer(b"", "Set-Cookie: id=1; Path=/"), answer(b"")) as wire, opened() as client:
        url = wire.url.replace("127.0.0.1", "localhost")  # of a bare address aiohttp takes no cookies anyway
        await client.send("GET", url)
        await client.send("GET", url)
    assert b"cookie" not in wire.requests[1].lower()


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", gzip.compress(b"body" * 1000, mtime=0)),
        ("GZIP", gzip.compress(b"body" * 1000, mtime=0)),
        ("deflate", zlib.compress(b"body" * 1000)),
        ("identity", b"body" * 1000),
    ],
)
async def test_bodies_are_unpacked(encoding: str, packed: bytes) -> None:
    async with served(answer(packed, f"Content-Encoding: {encoding}")) as wire, opened() as client:
        assert (await client.send("GET", wire.url)).body == b"body" * 1000


async def test_an_empty_body_may_be_called_packed() -> None:
    async with served(answer(b"", "Content-Encoding: gzip")) as wire, opened() as client:
        assert (await client.send("GET", wire.url)).body == b""


async def test_a_bomb_is_refused_without_filling_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MAX_BODY", 2**20)
    packer = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    bomb = b"".join([*(packer.compress(bytes(2**20)) for _ in range(64)), packer.flush()])
    assert len(bomb) < 2**17
    async with served(answer(bomb, "Content-Encoding: gzip")) as wire, opened() as client:
        tracemalloc.start()
        try:
            error = await failure(BadResponseError, client, wire.url)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert (error.problem.cause, error.sent) == ("response.too_large", True)
    assert peak < 8 * 2**20


@pytest.mark.parametrize("packed", [False, True])
async def test_a_body_without_end_is_refused(monkeypatch: pytest.MonkeyPatch, packed: bool) -> None:
    # Packed: what follows the end of the compressed data counts as well, it is kept by the unpacker.
    monkeypatch.setattr(http, "MAX_BODY", 2**16)

    async def endless(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if packed:
            writer.write(answer(gzip.compress(b"{}", mtime=0), "Content-Encoding: gzip", length=10**12))
        else:
            writer.write(answer(b"", length=10**12))
        while not writer.is_closing():
            writer.write(bytes(2**14))
            await writer.drain()

    async with served(endless) as wire, opened() as client:
        assert (await failure(BadResponseError, client, wire.url)).problem.cause == "response.too_large"


async def test_the_largest_body_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MAX_BODY", 1000)
    packed = gzip.compress(b"a" * 1000, mtime=0)
    async with (
        served(answer(b"a" * 1000), answer(packed, "Content-Encoding: gzip"), answer(b"a" * 1001)) as wire,
        opened() as client,
    ):
        assert len((await client.send("GET", wire.url)).body) == 1000
        assert len((await client.send("GET", wire.url)).body) == 1000
        await failure(BadResponseError, client, wire.url)


@pytest.mark.parametrize(
    "broken",
    [
        answer(b'{"half": ', length=100),
        answer(gzip.compress(b"a" * 1000, mtime=0)[:-9], "Content-Encoding: gzip"),
        answer(gzip.compress(b"a", mtime=0) + gzip.compress(b"b", mtime=0), "Content-Encoding: gzip"),
        answer(b"not packed", "Content-Encoding: gzip"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    ],
    ids=["length", "packed", "packed twice", "not packed", "chunked"],
)
async def test_a_damaged_body_says_that_it_was_sent(broken: bytes) -> None:
    async def half(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(broken)
        await writer.drain()

    async with served(half) as wire, opened() as client:
        error = await failure(BadResponseError, client, wire.url)
    assert (error.problem.cause, error.sent) == ("response.cut", True)


async def test_a_refused_connection_sent_nothing() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        async with opened() as client:
            error = await failure(NotReadyError, client, f"http://127.0.0.1:{free.getsockname()[1]}")
    assert (error.problem.cause, error.sent) == ("system.unreachable", False)


async def test_a_name_that_does_not_exist_sent_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Nowhere:
        async def resolve(self, host: str, _port: int, _family: int) -> list[dict[str, str]]:
            raise OSError(f"no such host {host}")

        async def close(self) -> None: ...

    monkeypatch.setattr(http, "ThreadedResolver", Nowhere)
    async with opened() as client:
        error = await failure(NotReadyError, client, "http://shop.example")
    assert (error.problem.cause, error.sent) == ("system.unreachable", False)
    assert error.problem.details["host"] == "shop.example"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
async def test_a_connection_that_is_cut_after_the_request_may_have_done_it(method: str) -> None:
    async with served(cut, cut) as wire, opened() as client:
        error = await failure(NotReadyError, client, wire.url, method)
    assert (error.problem.cause, error.sent) == ("system.no_answer", True)
    assert len(wire.requests) == 1


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_nothing_is_sent_twice_over_a_kept_connection(method: str) -> None:
    # The first answer keeps the connection; the vendor takes the second request, does it, and cuts.
    async with served(answer(b"{}"), cut, answer(b"{}")) as wire, opened() as client:
        await client.send("GET", wire.url)
        error = await failure(NotReadyError, client, wire.url, method)
    assert error.sent
    assert len(wire.requests) == 2


async def test_a_time_out_may_have_done_it() -> None:
    policy = HttpPolicy(private=True, plain=True, timeout=0.2)
    async with served(silent) as wire, opened(policy) as client:
        error = await failure(NotReadyError, client, wire.url)
    assert (error.problem.cause, error.sent) == ("system.no_answer", True)
    assert error.problem.details["reason"]


async def test_tests_may_be_less_patient_than_a_policy() -> None:
    token = PATIENCE.set(0.2)
    try:
        async with served(silent) as wire, opened(HttpPolicy(private=True, plain=True, timeout=60)) as client:
            error = await failure(NotReadyError, client, wire.url)
    finally:
        PATIENCE.reset(token)
    assert (error.problem.cause, error.sent) == ("system.no_answer", True)


async def test_a_cancelled_call_leaves_its_slot_to_the_next() -> None:
    arrived = asyncio.Event()

    async def busy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        arrived.set()
        await silent(reader, writer)

    async with served(busy, answer(b"{}")) as wire, opened() as client:
        call = asyncio.create_task(client.send("GET", wire.url))
        await arrived.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert (await client.send("GET", wire.url)).body == b"{}"


@pytest.mark.parametrize("concurrent", [1, 3])
async def test_no_more_calls_at_once_than_allowed(concurrent: int) -> None:
    at_once, most = 0, 0
    full = asyncio.Event()

    async def busy(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        if at_once == concurrent:
            full.set()
        await full.wait()
        at_once -= 1
        writer.write(answer(b"{}", "Connection: close"))
        await writer.drain()

    policy = HttpPolicy(private=True, plain=True, concurrent=concurrent)
    async with served(*[busy] * 6) as wire, opened(policy) as client:
        await asyncio.gather(*(client.send("GET", wire.url) for _ in range(6)))
    assert most == concurrent


async def test_a_closed_session_opens_again() -> None:
    async with served(answer(b"1"), answer(b"2")) as wire, opened() as client:
        await client.send("GET", wire.url)
        await client.close()
        assert (await client.send("GET", wire.url)).body == b"2"


# --- what is traced


async def test_a_call_is_traced_without_its_secrets() -> None:
    traced: list[Exchange] = []
    policy = HttpPolicy(private=True, plain=True, secrets=(SECRET,), headers={"Authorization": SECRET.encode().hex()})
    echo = '{"key": "s3cret\\/kľúč&", "again": "s3cret%2Fk%C4%BE%C3%BA%C4%8D%26"}'.replace("\\/", "/").encode()
    async with served(answer(echo)) as wire, opened(policy, traced) as client:
        await client.send("POST", f"{wire.url}/a?key=s3cret%2Fk%C4%BE%C3%BA%C4%8D%26", f"key={SECRET}\xff".encode())
    [exchange] = traced
    assert (exchange.method, exchange.url, exchange.status) == ("POST", f"{wire.url}/a?key=•••", 200)
    assert exchange.request == "key=•••ÿ"
    assert exchange.response == '{"key": "•••", "again": "•••"}'
    assert exchange.milliseconds >= 0


async def test_a_call_without_an_answer_is_traced_too() -> None:
    traced: list[Exchange] = []
    async with served(cut) as wire, opened(traced=traced) as client:
        await failure(NotReadyError, client, wire.url)
    assert [(exchange.status, exchange.request) for exchange in traced] == [(0, "{}")]
    assert traced[0].response.startswith("system.no_answer")


async def test_bytes_that_are_no_text_are_traced() -> None:
    traced: list[Exchange] = []
    async with served(answer(b"\xff\x00")) as wire, opened(traced=traced) as client:
        await client.send("POST", wire.url, b"\xfe")
    assert (traced[0].request, traced[0].response) == ("\\xfe", "\\xff\x00")


async def test_errors_tell_no_secret() -> None:
    policy = HttpPolicy(private=True, plain=True, secrets=(SECRET,))
    async with opened(policy) as client:
        for url in (f"ftp://user:pass@shop.example/{SECRET}", f"http://[::1/{SECRET}", f"http://a:b/{SECRET}"):
            error = await failure(ConfigurationError, client, url)
            assert SECRET not in str(error)
            assert "pass" not in repr(error.problem)


# --- which addresses are allowed


@pytest.mark.parametrize("url", ["http://shop.example/", "ftp://shop.example/", "shop.example", "", "HTTP://127.0.0.1"])
async def test_plain_http_is_refused_unless_allowed(url: str) -> None:
    async with opened(HttpPolicy(private=True)) as client:
        error = await failure(ConfigurationError, client, url)
    assert (error.problem.cause, error.problem.field, error.sent) == ("address.not_https", "address", False)


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),  # noqa: S104
        *("[::1]", "[fe80::1]", "[fd00::1]", "[::ffff:127.0.0.1]", "[::]"),
    ],
)
async def test_private_addresses_are_refused(host: str) -> None:
    async with opened(HttpPolicy()) as client:
        error = await failure(ConfigurationError, client, f"https://user:s3cret@{host}:8443/x?key=s3cret")
    assert (error.problem.cause, error.problem.details) == ("address.private", {"address": f"{host}:8443"})


@pytest.mark.parametrize("host", ["169.254.169.254", "[fe80::1]", "[::ffff:169.254.169.254]", "224.0.0.1", "0.0.0.0"])  # noqa: S104
async def test_what_clouds_tell_their_machines_is_out_of_reach_also_inside(host: str) -> None:
    async with opened(HttpPolicy(private=True, plain=True)) as client:
        error = await failure(ConfigurationError, client, f"http://{host}/latest/meta-data/")
    assert error.problem.cause == "address.private"


@pytest.mark.parametrize(
    "url", ["https://[::1", "https://", "https:///path", "https://shop.example:port/", "https://2130706433"]
)
async def test_what_is_no_address_is_a_wrong_setting(url: str) -> None:
    async with opened() as client:
        error = await failure(ConfigurationError, client, url)
    assert (error.problem.cause, error.sent) == ("address.invalid", False)


class Names:
    """A resolver that knows two names."""

    async def resolve(self, host: str, port: int, _family: int) -> list[dict[str, object]]:
        addresses = {"inside.example": ["10.0.0.7"], "both.example": ["10.0.0.7", "203.0.114.5"]}
        return [
            {"hostname": host, "host": address, "port": port, "family": socket.AF_INET, "proto": 0, "flags": 0}
            for address in addresses[host]
        ]

    async def close(self) -> None: ...


async def test_a_name_that_leads_inside_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "ThreadedResolver", Names)
    async with opened(HttpPolicy(plain=True)) as client:
        error = await failure(ConfigurationError, client, "http://inside.example/")
    assert (error.problem.cause, error.problem.details["address"]) == ("address.private", "inside.example")


async def test_of_a_name_that_leads_both_ways_only_the_public_way_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "ThreadedResolver", Names)
    for private, addresses in ((False, ["203.0.114.5"]), (True, ["10.0.0.7", "203.0.114.5"])):
        resolver = http._GuardedResolver(private=private)
        assert [entry["host"] for entry in await resolver.resolve("both.example", 443)] == addresses
        await resolver.close()
