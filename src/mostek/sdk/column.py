"""Fields of a vendor's record as data, for writing: what :mod:`mostek.sdk.field` is for reading.

A connector's ``fields.py`` holds a table of them, its mapping calls :func:`encode`. Tests compare the table with the
vendor's schema, so nothing can be sent that the vendor does not take.
"""

import re
from base64 import b32encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from hashlib import blake2b
from typing import Any

from mostek.documents.number import half_up, normal
from mostek.documents.problem import invalid
from mostek.documents.text import clean


@dataclass(frozen=True)
class Column:
    """One field: the vendor's type, its longest text (0: any) or its decimals, and what may be done to fit it.

    Names and addresses may be cut (``cut``), their full text then goes into a note; what identifies something may
    not. ``upper``: the vendor keeps capitals only.
    """

    type: str
    size: int
    cut: bool = False
    upper: bool = False


_PLAIN_ID = re.compile(r"[A-Za-z0-9._-]{1,40}")


def pairs(text: str) -> dict[str, str]:
    """Read lines of two words each."""
    return dict(line.split() for line in text.strip().splitlines())


def plain_id(id: str, path: str) -> str:
    """An id that any vendor takes: as it is where it is plain, digested where brackets, commas or length would harm."""
    return id if _PLAIN_ID.fullmatch(id) else blake2b(clean(id, path).encode(), digest_size=12).hexdigest()


def short_code(key: str) -> str:
    """Twenty capitals and digits made of one of our keys, the same whenever they are made."""
    return "M" + b32encode(blake2b(key.encode(), digest_size=12).digest()).decode()[:19]


def table(text: str) -> dict[str, dict[str, Column]]:
    """Read lines of ``record | type size [cut,upper] | field field ...`` as columns by record and field."""
    found: dict[str, dict[str, Column]] = {}
    for line in text.strip().splitlines():
        record, facts, names = (part.split() for part in line.split("|"))
        column = Column(facts[0], int(facts[1]), "cut" in facts[-1], "upper" in facts[-1])
        found.setdefault(record[0], {}).update(dict.fromkeys(names, column))
    return found


def encode(columns: Mapping[str, Column], values: Mapping[str, Any], note: str) -> dict[str, str]:
    """The values as plain text, empty ones left out, long names cut and their full text added to the field ``note``.

    Texts with a longest length are one line. What follows ``@`` in a name is an attribute, passed on as it is. Raises
    ``field.too_long`` and ``field.too_precise`` for what may not be cut.
    """
    kept, notes = {}, [clean(values.get(note) or "", note)]
    for name, value in values.items():
        column = columns[name.partition("@")[0]]
        written = value if value is None or "@" in name else _written(value, name, column)
        if written and column.cut and _units(written) > column.size:
            notes.append(f"{name}: {written}")
            written = _shortened(written, column.size)
        if written:
            kept[name] = written
    told = "\n".join(filter(None, notes))
    return kept | ({note: told} if told else {})


def _written(value: Any, name: str, column: Column) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        rounded = normal(half_up(value, column.size))
        if rounded != value:
            raise invalid("field.too_precise", name, value=value, decimals=column.size)
        return format(rounded, "f")
    found = " ".join(clean(value, name).split()) if column.size else clean(value, name)
    found = found.upper() if column.upper else found
    if column.size and not column.cut and _units(found) > column.size:
        raise invalid("field.too_long", name, value=found, most=column.size)
    return found


def _units(value: str) -> int:
    """Length as UTF-16 counts it, never less than any vendor does: a character outside the basic plane is two."""
    return len(value.encode("utf-16-le")) // 2


def _shortened(value: str, size: int) -> str:
    while _units(value) >= size:
        value = value[: -max(1, (_units(value) - size) // 2)]
    return f"{value.rstrip()}…"
