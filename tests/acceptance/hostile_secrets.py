"""Secrets that are easy to tell, all the ways to write them down, and where they may turn up."""

import html
import json
import secrets
import sqlite3
import zlib
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, quote_plus

KEY_FILE = "mostek.key"


def planted(name: str) -> str:
    """A random secret with characters that JSON, addresses, HTML and base64 each write in another way."""
    return f'{name} {secrets.token_hex(12)}/+&"<ž%7E'


def written(secret: str) -> dict[str, bytes]:
    """Each way to write a secret down, by its name; the part of base64 that no neighbours change."""
    found = {
        "plain": secret,
        "in a URL": quote(secret, safe=""),
        "in a URL, slashes kept": quote(secret),
        "in a form": quote_plus(secret),
        "in JSON": json.dumps(secret)[1:-1],
        "in JSON, letters kept": json.dumps(secret, ensure_ascii=False)[1:-1],
        "in JSON, slashes escaped": json.dumps(secret)[1:-1].replace("/", "\\/"),
        "in JSON in JSON": json.dumps(json.dumps(secret)[1:-1])[1:-1],
        "in HTML": html.escape(secret),
    }
    if " " in secret:  # a planted one: no text has its random part by chance
        found["its random part"] = secret.split(" ")[1].partition("/")[0]
    for shift in range(3):
        for kind, encode in (("base64", b64encode), ("base64 for URLs", urlsafe_b64encode)):
            text = encode(b"x" * shift + secret.encode()).decode()
            found[f"{kind}, shifted by {shift}"] = text[-(-shift * 8 // 6) : len(text) - 8]
    return {name: text.encode() for name, text in found.items()}


def echo(secret: str, login: str = "") -> str:
    """What a careless server says when it quotes a request: the secret in every spelling."""
    texts = [text.decode() for name, text in written(secret).items() if not name.startswith(("base64", "its "))]
    texts += [b64encode(f"{login[:length]}:{secret}".encode()).decode() for length in range(3)]
    texts += [urlsafe_b64encode(secret.encode()).decode(), f"Basic {b64encode(f'{login}:{secret}'.encode()).decode()}"]
    return " | ".join(texts)


def leaks(places: Mapping[str, bytes], *known: str) -> list[str]:
    """Where one of the secrets can be read: the place, and how it is written there."""
    return [
        f"{place}: {name}"
        for place, content in places.items()
        for secret in known
        for name, spelling in written(secret).items()
        if spelling in content
    ]


def stored(folder: Path) -> dict[str, bytes]:
    """Every file of a data folder but the key, as it lies there, and every trace unpacked."""
    files = {path.name: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
    assert files.pop(KEY_FILE)
    assert {"mostek.db", "mostek.db-wal", "mostek.trace.db"} <= files.keys()
    return files | dict(_traces(folder / "mostek.trace.db"))


def _traces(path: Path) -> Iterator[tuple[str, bytes]]:
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT id, kind, body FROM step ORDER BY id").fetchall()
    connection.close()
    for number, kind, body in rows:
        yield f"trace {number} {kind}", body if body[:1] == b"{" else zlib.decompress(body)
