"""Style sheets, scripts and pictures: read once from the packages that bring them, sent from memory.

Addresses carry a digest of the content, so a browser keeps each file until the product is upgraded. Nothing is ever
fetched from another host.
"""

import gzip
import hashlib
import mimetypes
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

# Package, folder in it, and which files of it are served; everything is under /static/.
_FROM = (
    ("mostek.web", "static", ""),
    ("django_htmx", "static", "django_htmx/htmx-2.min.js"),
    ("ninja", "static", "ninja/"),
)
_ROOT = "/static/"
_FOREVER = b"public, max-age=31536000, immutable"

Send = Callable[[Mapping[str, Any]], Awaitable[None]]


@dataclass(frozen=True)
class Asset:
    """One file: its bytes, packed and not, its type and its digest."""

    content: bytes
    packed: bytes
    kind: str
    digest: str


@cache
def found() -> Mapping[str, Asset]:
    """Every file by its path under ``/static/``."""
    assets: dict[str, Asset] = {}
    for package, folder, wanted in _FROM:
        _gather(files(package).joinpath(folder), "", wanted, assets)
    return assets


def _gather(folder: Traversable, path: str, wanted: str, into: dict[str, Asset]) -> None:
    for entry in folder.iterdir():
        name = path + entry.name
        if entry.is_dir():
            _gather(entry, f"{name}/", wanted, into)
        elif name.startswith(wanted):
            content = entry.read_bytes()
            kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
            digest = hashlib.sha256(content).hexdigest()[:16]
            into[name] = Asset(content, gzip.compress(content, mtime=0), kind, digest)


def url(path: str) -> str:
    """The address of a file; KeyError for one that is not there."""
    return f"{_ROOT}{path}?v={found()[path].digest}"


async def send(scope: Mapping[str, Any], send_: Send) -> None:
    """Answer an ASGI request for a file."""
    asset = found().get(scope["path"].removeprefix(_ROOT))
    if asset is None or scope["method"] not in {"GET", "HEAD"}:
        await _answer(send_, 404, [(b"content-type", b"text/plain")], b"")
        return
    headers = dict(scope["headers"])
    tag = f'"{asset.digest}"'.encode()
    kept = _FOREVER if scope["query_string"] == b"v=" + asset.digest.encode() else b"no-cache"
    common = [(b"etag", tag), (b"cache-control", kept), (b"vary", b"accept-encoding")]
    if headers.get(b"if-none-match") == tag:
        await _answer(send_, 304, common, b"")
        return
    text = asset.kind.startswith("text/") or "javascript" in asset.kind
    kind = f"{asset.kind}; charset=utf-8" if text else asset.kind
    common += [(b"content-type", kind.encode()), (b"x-content-type-options", b"nosniff")]
    packed = b"gzip" in headers.get(b"accept-encoding", b"") and len(asset.packed) < len(asset.content)
    body = asset.packed if packed else asset.content
    common += [(b"content-encoding", b"gzip")] if packed else []
    await _answer(send_, 200, [*common, (b"content-length", str(len(body)).encode())], body, scope["method"] == "HEAD")


async def _answer(
    send_: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes, head: bool = False
) -> None:
    await send_({"type": "http.response.start", "status": status, "headers": headers})
    await send_({"type": "http.response.body", "body": b"" if head else body})
