"""The http seam: the only way a connector reaches a network.

One session per connection. Redirects are never followed (the connector decides, and credentials stay with their
host), bodies are capped before and after decompression, TLS is verified, private addresses are refused unless the
connection allows them, and a failure says whether the request may have reached the vendor.
"""

import asyncio
import ipaddress
import socket
import ssl
import zlib
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from mostek.documents.problem import Problem, printable
from mostek.sdk.errors import BadResponseError, ConfigurationError, NotReadyError, VendorError
from mostek.sdk.redaction import Redactor

MAX_BODY = 32 * 2**20
# The longest that any call waits, whatever its policy allows, in seconds: tests cannot wait as long as vendors may.
PATIENCE: ContextVar[float] = ContextVar("PATIENCE", default=3600)


@dataclass(frozen=True, kw_only=True)
class HttpPolicy:
    """How one connection may use the network.

    ``secrets`` are texts that never leave in a log or trace. ``private`` allows private and loopback addresses,
    ``plain`` allows http without TLS; both are for systems on the owner's premises and for test systems.
    """

    headers: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    private: bool = False
    plain: bool = False
    ca_file: str = ""
    timeout: float = 60
    concurrent: int = 1


@dataclass(frozen=True, kw_only=True)
class Response:
    """An answer: headers by lower-case name, the decompressed body, and where it came from."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """One call as it is traced: secrets replaced, bodies as text; status 0 when no answer came, which then says why."""

    method: str
    url: str
    request: str
    status: int
    response: str
    milliseconds: int


Recorder = Callable[[Exchange], None]

# As much of an answer as is looked at to quote its beginning.
_QUOTED = 10_000


class Http:
    """A session with one vendor's host."""

    def __init__(self, policy: HttpPolicy, recorder: Recorder | None = None) -> None:
        self._policy = policy
        self._recorder = recorder
        self._redactor = Redactor(policy.secrets)
        self._slots = asyncio.Semaphore(policy.concurrent)
        self._session: aiohttp.ClientSession | None = None
        self._origins: set[str] = set()  # those that the policy allows

    async def send(
        self, method: str, url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Response:
        """Make one call and read the whole answer, whatever its status.

        Raises :class:`NotReadyError` when no answer came (``sent`` tells whether the request may have arrived),
        :class:`BadResponseError` for a body that is cut or too large, :class:`ConfigurationError` for an address
        that the policy forbids.
        """
        self._allowed(url)
        progress = {"sent": False}
        async with self._slots:
            started = monotonic()
            try:
                response = await self._call(method, url, body, headers or {}, progress)
            except VendorError as error:
                self._record(method, url, body, started, error)
                raise
            except (aiohttp.ClientError, OSError, TimeoutError, zlib.error) as error:
                failure = self._failure(error, url, sent=progress["sent"])
                self._record(method, url, body, started, failure)
                raise failure from error
        self._record(method, url, body, started, response)
        return response

    async def close(self) -> None:
        """Close the connections."""
        if self._session:
            await self._session.close()
            self._session = None

    def redact(self, text: str) -> str:
        """The text with every secret of the connection replaced, however it is written there."""
        return self._redactor(text)

    def words(self, response: Response) -> str:
        """The beginning of an answer, to be quoted: redacted before it is cut, so that no half of a secret stays."""
        return printable(self.redact(response.body[:_QUOTED].decode(errors="backslashreplace")))

    async def _call(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], progress: dict[str, bool]
    ) -> Response:
        session = self._session or self._open()
        merged = {"Accept-Encoding": "gzip, deflate", **self._policy.headers, **headers}
        async with session.request(
            method, url, data=body, headers=merged, allow_redirects=False, trace_request_ctx=progress
        ) as answer:
            content = await _body(answer, url)
            lower = {name.lower(): value for name, value in answer.headers.items()}
            return Response(status=answer.status, headers=lower, body=content, url=str(answer.url))

    def _open(self) -> aiohttp.ClientSession:
        policy = self._policy
        seconds = min(policy.timeout, PATIENCE.get())
        try:
            context = ssl.create_default_context(cafile=policy.ca_file or None)
        except OSError as error:
            details = {"path": policy.ca_file, "reason": printable(error)}
            raise ConfigurationError(Problem(cause="address.ca_file", field="ca_file", details=details)) from error
        connector = aiohttp.TCPConnector(
            ssl=context, limit=policy.concurrent, resolver=_GuardedResolver(private=policy.private)
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            middlewares=(_sent_once,),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=seconds, sock_connect=min(seconds, 10)),
            auto_decompress=False,
            trust_env=False,
            trace_configs=[_sending_traced()],
        )
        return self._session

    def _allowed(self, url: str) -> None:
        origin = "/".join(url.split("/", 3)[:3])
        if origin not in self._origins:
            self._check(url)
            self._origins.add(origin)

    def _check(self, url: str) -> None:
        try:
            parts = urlsplit(url)
        except ValueError:  # a bracket of an IPv6 address that is not closed
            raise _forbidden("address.invalid", self.redact(url)) from None
        if parts.scheme != "https" and not (parts.scheme == "http" and self._policy.plain):
            raise _forbidden("address.not_https", f"{parts.scheme}://{_host(url)}")
        try:
            literal = ipaddress.ip_address(parts.hostname or "")
        except ValueError:
            return
        if not _reachable(literal, private=self._policy.private):
            raise _forbidden("address.private", _host(url))

    def _failure(self, error: Exception, url: str, *, sent: bool) -> VendorError:
        """What a failure of the transport means to the hub."""
        reason = self.redact(str(error) or type(error).__name__)
        match error:
            case aiohttp.ClientPayloadError() | zlib.error():
                return BadResponseError(_problem("response.cut", url, reason), sent=True)
            case aiohttp.InvalidURL():
                return _forbidden("address.invalid", self.redact(url))
            case aiohttp.ClientSSLError():
                return NotReadyError(_problem("system.certificate", url, reason))
            case _:
                return NotReadyError(
                    _problem("system.no_answer" if sent else "system.unreachable", url, reason), sent=sent
                )

    def _record(
        self, method: str, url: str, body: bytes | None, started: float, outcome: Response | VendorError
    ) -> None:
        if self._recorder is None:
            return
        self._recorder(
            Exchange(
                method=method,
                url=self.redact(url),
                request=self.redact(_text(body or b"")),
                status=outcome.status if isinstance(outcome, Response) else 0,
                response=self.redact(_text(outcome.body) if isinstance(outcome, Response) else str(outcome)),
                milliseconds=round((monotonic() - started) * 1000),
            )
        )


def _reachable(address: ipaddress.IPv4Address | ipaddress.IPv6Address, *, private: bool) -> bool:
    """Whether a connection may go there: link-local ones never, where clouds tell machines their own secrets."""
    inner = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped else address
    barred = inner.is_link_local or inner.is_multicast or inner.is_unspecified
    return not barred and (inner.is_global or private)


class _GuardedResolver(AbstractResolver):
    """Checks what a name resolves to, so that a public name cannot lead into the private network."""

    def __init__(self, *, private: bool) -> None:
        self._private = private
        self._resolver = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        found = [entry for entry in found if _reachable(ipaddress.ip_address(entry["host"]), private=self._private)]
        if not found:
            raise _forbidden("address.private", host)
        return found

    async def close(self) -> None:
        await self._resolver.close()


def _sending_traced() -> aiohttp.TraceConfig:
    """Notes the moment from which the vendor may have seen something of the request."""
    config = aiohttp.TraceConfig()

    async def sending(_session: Any, context: Any, _params: Any) -> None:
        context.trace_request_ctx["sent"] = True

    config.on_request_headers_sent.append(sending)
    config.on_request_chunk_sent.append(sending)
    return config


async def _sent_once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending a PUT or DELETE again by itself when a kept connection breaks: it may have arrived."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise aiohttp.ClientError(str(error) or type(error).__name__) from error


async def _body(answer: aiohttp.ClientResponse, url: str) -> bytes:
    """Read at most MAX_BODY bytes and decompress to at most as many, so that no body can fill the memory."""
    encoding = answer.headers.get("Content-Encoding", "").lower()
    inflate = zlib.decompressobj(zlib.MAX_WBITS | 32) if encoding in {"gzip", "deflate"} else None
    parts, size, received = [], 0, 0
    async for chunk in answer.content.iter_any():
        part = inflate.decompress(chunk, MAX_BODY - size + 1) if inflate else chunk
        size, received = size + len(part), received + len(chunk)
        if max(size, received) > MAX_BODY:
            raise BadResponseError(_problem("response.too_large", url, f"{MAX_BODY} bytes"), sent=True)
        parts.append(part)
    if inflate and received and (inflate.unused_data or not inflate.eof):
        raise BadResponseError(_problem("response.cut", url, "compressed body ends at the wrong place"), sent=True)
    return b"".join(parts)


def _text(body: bytes) -> str:
    return body.decode(errors="backslashreplace")


def _host(url: str) -> str:
    """Host and port of an address; never the user and password before them."""
    return urlsplit(url).netloc.rpartition("@")[2]


def _problem(cause: str, url: str, reason: str) -> Problem:
    return Problem(cause=cause, details={"host": _host(url), "reason": printable(reason)})


def _forbidden(cause: str, address: str) -> ConfigurationError:
    return ConfigurationError(Problem(cause=cause, field="address", details={"address": printable(address)}))
