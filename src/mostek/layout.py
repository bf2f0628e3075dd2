"""A configuration laid out as TOML for people: to be read, commented and kept under version control.

Tables in their order, short lists on one line, references as ``{ secret = "shop.password" }``.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import tomli_w

_WIDTH = 100


def toml(tables: Mapping[str, Any], head: Sequence[str] = ()) -> str:
    """The tables as text, below a comment; reading it gives the same tables."""
    comment = "".join(f"# {line}\n" for line in head)
    return (comment + "\n".join(_table((), tables))).strip("\n") + "\n"


def _table(path: tuple[str, ...], table: Mapping[str, Any], heading: str = "[{}]") -> Iterator[str]:
    """A table: its plain values, and then the tables within; within one of a list, lists of tables stay inline."""
    listed = heading != "[{}]"
    parts = {key: value for key, value in table.items() if _is_table(value) or (_is_list(value) and not listed)}
    plain = {key: value for key, value in table.items() if key not in parts}
    if path and (plain or listed or not parts):
        yield ""
        yield heading.format(".".join(map(_key, path)))
    for key, value in plain.items():
        yield f"{_key(key)} = {_value(value)}"
    for key, value in parts.items():
        inner = [value] if _is_table(value) else value
        for one in inner:
            yield from _table((*path, key), one, "[{}]" if _is_table(value) else "[[{}]]")


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping) and not (set(value) == {"secret"} and isinstance(value["secret"], str))


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(part, Mapping) for part in value)


def _value(value: Any) -> str:
    line = _inline(value)
    if not isinstance(value, list) or len(line) <= _WIDTH:
        return line
    return "".join(["[\n", *(f"    {_inline(part)},\n" for part in value), "]"])


def _inline(value: Any) -> str:
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(key)} = {_inline(part)}" for key, part in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list):
        return f"[{', '.join(map(_inline, value))}]"
    return tomli_w.dumps({"_": value})[len("_ = ") : -1]


def _key(key: str) -> str:
    return tomli_w.dumps({key: 0})[: -len(" = 0\n")]
