"""Cutting the items of a list out of a JSON answer, each as the bytes that were sent.

``{"number_of_items": 120, "orders": [{...}, {...}], "messages": []}``
One item that is no JSON must not spoil the others: where the answer does not decode, it is cut by its brackets.
"""

import re
from typing import Any

import msgspec

# Strings are passed over as a whole, so that a bracket in a name is none. Possessive: no quadratic search.
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|["\[\]{},:]', re.DOTALL)
_DEPTH = {b"{": 1, b"[": 1, b"}": -1, b"]": -1}
_MARK = b"\xef\xbb\xbf"
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Slices(msgspec.Struct, frozen=True, kw_only=True):
    """An answer taken apart: the list's items (None when there is no such list), and what stands beside the list."""

    items: tuple[bytes, ...] | None
    fields: dict[str, Any]

    def whole(self, name: str) -> int | None:
        """A count that stands beside the list; None when there is none."""
        return whole(self.fields.get(name))


def whole(value: Any) -> int | None:
    """A count of at most nine digits, as a number or as text; None for anything else."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def slices(body: bytes, name: str) -> Slices | None:
    """Take an answer with the list ``name`` apart; None when it is cut, or no JSON object beside its items either."""
    body = body.removeprefix(_MARK)
    try:
        fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        items = _items(fields.pop(name, None))
        return Slices(items=items, fields={key: msgspec.json.decode(value) for key, value in fields.items()})
    except _UNREADABLE:
        pass
    parts = _split(body, name)
    if parts is None:
        return None
    try:
        fields_beside = msgspec.json.decode(parts[1], type=dict[str, Any])
    except _UNREADABLE:
        return None
    del fields_beside[name]
    return Slices(items=parts[0], fields=fields_beside)


def _items(value: msgspec.Raw | None) -> tuple[bytes, ...] | None:
    """The items' own bytes; PHP writes a list with gaps as an object keyed by number."""
    first = bytes(value or b"")[:1]
    if first == b"{":
        return tuple(map(bytes, msgspec.json.decode(value or b"", type=dict[str, msgspec.Raw]).values()))
    if first == b"[":
        return tuple(map(bytes, msgspec.json.decode(value or b"", type=list[msgspec.Raw])))
    return None


def _split(body: bytes, name: str) -> tuple[tuple[bytes, ...], bytes] | None:
    """Cut the items of the list ``name`` out by brackets alone, and give the rest with an empty list in their place.

    None when the list is not found or not closed: then the answer is cut, and a part of it would be a loss.
    """
    key = b'"' + name.encode() + b'"'
    depth, before = 0, (b"", b"")
    items: list[bytes] = []
    start = begin = -1
    for match in _TOKEN.finditer(body):
        token = match[0]
        if token == b'"':  # a string without an end
            return None
        if start < 0 and depth == 1 and token == b"[" and before == (key, b":"):
            start, begin = match.start(), match.end()
        elif start >= 0 and depth == 2 and token in (b",", b"]"):
            items.append(body[begin : match.start()].strip())
            begin = match.end()
            if token == b"]":
                rest = body[:start] + b"[]" + body[begin:]
                return tuple(item for item in items if item), rest
        depth += _DEPTH.get(token, 0)
        before = (before[1], token)
    return None
