"""Fields of a vendor's payload as data: where each stands, how it is read, and what a missing one means.

A connector's ``fields.py`` is a list of these; its mapping calls them: ``TOTAL(payload)``. Tests compare the table
with the vendor's schema, so a field that the vendor does not document cannot be read by mistake.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from typing import Any, Generic, TypeVar

from mostek.documents.number import decimal
from mostek.documents.problem import InvalidDocumentError, invalid
from mostek.documents.text import clean

T = TypeVar("T")
C = TypeVar("C")
_MISSING: Any = object()


@dataclass(frozen=True)
class Field(Generic[T]):
    """One field: ``name`` in the payload, ``read(value, path)``, and ``default`` when absent, null or empty.

    Without a default the field is required: ``field.missing`` names it.
    """

    name: str
    read: Callable[[Any, str], T]
    default: T = _MISSING

    def __call__(self, payload: Mapping[str, Any], prefix: str = "") -> T:
        """The value in this payload; raises :class:`InvalidDocumentError` naming ``prefix`` and the field."""
        value = payload.get(self.name)
        path = f"{prefix}{self.name}"
        if value is None or (isinstance(value, str) and not value.strip()):
            if self.default is _MISSING:
                raise invalid("field.missing", path)
            return self.default
        return self.read(value, path)


def text(value: Any, path: str) -> str:
    """A text; whole numbers are taken as text because vendors send codes both ways."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise invalid("field.type", path, value=value, expected="text")
    return clean(str(value), path)


def identifiers(value: Any, path: str) -> tuple[str, ...]:
    """Identifiers as one text or as a list of them."""
    return tuple(text(item, path) for item in (value if isinstance(value, list) else [value]))


def flag(value: Any, path: str) -> bool:
    """A yes or no, as true/false, 1/0 or the texts of these."""
    known = {"true": True, "1": True, "false": False, "0": False}
    found = known.get(str(value).lower())
    if found is None:
        raise invalid("field.type", path, value=value, expected="yes or no")
    return found


def choice(known: Mapping[str, C], value: str, path: str, cause: str) -> C:
    """What a word of the vendor's stands for; a new word may mean anything, so it is refused by name."""
    if value not in known:
        raise invalid(cause, path, value=value, known=", ".join(known))
    return known[value]


def texts(table: Mapping[str, Field[str]], payload: Mapping[str, Any], path: str = "") -> dict[str, str]:
    """The values of a table of fields, by our names."""
    return {name: field(payload, path) for name, field in table.items()}


def number(value: Any, path: str) -> Decimal:
    """An exact decimal, see :func:`mostek.documents.number.decimal`."""
    return decimal(value, path)


def country(value: Any, path: str) -> str:
    """An ISO 3166-1 alpha-2 code; lower case is taken, anything but two letters is refused."""
    code = text(value, path)
    if len(code) != 2 or not (code.isascii() and code.isalpha()):
        raise invalid("field.country", path, value=value)
    return code.upper()


def moment(value: Any, path: str) -> datetime:
    """An instant with its offset (ISO 8601)."""
    found = _iso(value, path)
    if found.tzinfo is None:
        raise invalid("field.no_offset", path, value=value)
    return found


def day(zone: tzinfo) -> Callable[[Any, str], date]:
    """A calendar day: a plain date as it is, an instant as the day it was in the shop's zone."""

    def read(value: Any, path: str) -> date:
        found = _iso(value, path)
        return found.astimezone(zone).date() if found.tzinfo else found.date()

    return read


def _iso(value: Any, path: str) -> datetime:
    spelt = text(value, path)
    try:
        found = datetime.fromisoformat(spelt)
    except ValueError:
        raise invalid("field.date", path, value=value) from None
    if found.tzinfo and not 1 < found.year < 9999:  # at the calendar's ends there is no other zone to go to
        raise invalid("field.date", path, value=value)
    return found


def mapping(value: Any, path: str) -> Mapping[str, Any]:
    """A JSON object; an empty list counts as an empty one, as PHP writes it."""
    if value == []:
        return {}
    if not isinstance(value, dict):
        raise invalid("field.type", path, value=value, expected="object")
    return value


def sequence(value: Any, path: str) -> list[Mapping[str, Any]]:
    """A JSON array of objects."""
    if not isinstance(value, list):
        raise invalid("field.type", path, value=value, expected="list")
    return [mapping(item, f"{path}[{place}]") for place, item in enumerate(value)]


def parse_json(payload: bytes) -> dict[str, Any]:
    """Decode a JSON object with exact decimals; NaN, infinities, repeated keys and other roots are refused."""
    try:
        found = json.loads(payload, parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=_unique)
    except RecursionError:
        raise invalid("payload.too_deep") from None
    except InvalidDocumentError:
        raise
    except (ValueError, ArithmeticError) as error:  # arithmetic: a decimal beyond what Decimal can hold
        raise invalid("payload.no_json", reason=error) from None
    return dict(mapping(found, "payload"))


def _no_constant(name: str) -> None:
    raise invalid("number.invalid", value=name)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        times = Counter(name for name, _ in pairs)
        raise invalid("payload.repeated_key", value=", ".join(name for name in times if times[name] > 1))
    return found


def utc(value: datetime) -> str:
    """An instant as the text that cursors and calls use: UTC, seconds, ``+00:00``."""
    return value.astimezone(UTC).isoformat(timespec="seconds")
