"""Values on the wire: how a written one is checked and kept, and how a kept one is shown.

Types: https://podpora.flexibee.eu (data types, read through the third-party handbook of 2026-07).
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from mostek.connectors.flexibee.sandbox.books import Books
from mostek.connectors.flexibee.sandbox.clock import day_offset
from mostek.connectors.flexibee.sandbox.facts import Fact, evidences, label
from mostek.connectors.flexibee.sandbox.identifiers import is_identifier, split
from mostek.connectors.flexibee.sandbox.refusals import INVALID, PROP, Place

_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(?:Z|[+-]\d{2}:\d{2})?$")
_WHOLE = re.compile(r"[+-]?\d+$")
_INT = 2**31

Missing = str
"""What ``field@if-not-found`` says: null, create, nearest-invalid or an empty text."""


def read(books: Books, fact: Fact, raw: Any, place: Place, missing: Missing = "") -> Any:
    """The value to keep for a written one; None clears the field. Raises ``Refused``."""
    if raw is None or raw == "":
        return None
    if isinstance(raw, Mapping | list):
        raise place.refuse("Hodnota má nesprávný tvar", fact.name, raw, PROP)
    text = ("true" if raw else "false") if isinstance(raw, bool) else str(raw)
    if fact.type == "relation":
        return _read_relation(books, fact, text, place, missing)
    return _READERS[fact.type](books, fact, text, place)


def _read_text(books: Books, fact: Fact, text: str, place: Place) -> str:
    if fact.upper and text != text.upper():
        if books.options["upper_case"] == "refuse":
            raise place.refuse(f"Pole '{fact.label}' smí obsahovat jen velká písmena.", fact.name, text, INVALID)
        text = text.upper()
    if fact.lower:
        text = text.lower()
    if fact.length is not None and len(text) > fact.length:
        message = f"Pole '{fact.label}' nesmí být delší než {fact.length} znaků."
        raise place.refuse(message, fact.name, text, books.options["length_code"])
    return text


def _read_whole(books: Books, fact: Fact, text: str, place: Place) -> int:
    if not _WHOLE.match(text) or not -_INT <= int(text) < _INT:
        raise place.refuse(f"Je očekáváno celé číslo, ale '{text}' není číslo", fact.name, text, PROP)
    return int(text)


def _read_decimal(books: Books, fact: Fact, text: str, place: Place) -> str:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise place.refuse(f"Je očekáváno číslo, ale '{text}' není číslo", fact.name, text, PROP)
    decimals = fact.decimals if fact.decimals is not None else 2
    number = number.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    whole = (fact.digits or 15) - decimals
    if abs(number) >= Decimal(10) ** whole:
        raise place.refuse(f"Hodnota '{text}' má příliš mnoho číslic", fact.name, text, PROP)
    if (fact.smallest and number < Decimal(fact.smallest)) or (fact.largest and number > Decimal(fact.largest)):
        message = f"Hodnota '{text}' je mimo rozsah {fact.smallest or ''}..{fact.largest or ''}"
        raise place.refuse(message, fact.name, text, INVALID)
    return str(number)


def _read_day(books: Books, fact: Fact, text: str, place: Place) -> str:
    match = _DAY.match(text.partition("T")[0])
    try:
        return date.fromisoformat(match[1] if match else text).isoformat()
    except ValueError:
        raise place.refuse(f"Je očekáváno datum, ale '{text}' není datum", fact.name, text, PROP) from None


def _read_moment(books: Books, fact: Fact, text: str, place: Place) -> str:
    try:
        return datetime.fromisoformat(text).isoformat()
    except ValueError:
        raise place.refuse(f"Je očekáván datum a čas, ale '{text}' jím není", fact.name, text, PROP) from None


def _read_logic(books: Books, fact: Fact, text: str, place: Place) -> bool:
    if text not in {"true", "false"}:
        raise place.refuse(f"Je očekáváno true nebo false, ale je zadáno '{text}'", fact.name, text, PROP)
    return text == "true"


def _read_select(books: Books, fact: Fact, text: str, place: Place) -> str:
    if text not in fact.importable:
        raise place.refuse(f"Hodnota '{text}' není v nabídce možných hodnot", fact.name, text, PROP)
    return text


_READERS: dict[str, Callable[[Books, Fact, str, Place], Any]] = {
    "string": _read_text,
    "integer": _read_whole,
    "numeric": _read_decimal,
    "date": _read_day,
    "datetime": _read_moment,
    "logic": _read_logic,
    "select": _read_select,
}


def _read_relation(books: Books, fact: Fact, text: str, place: Place, missing: Missing) -> int | str | None:
    if not is_identifier(text):
        raise place.refuse_plain(f"Je očekáváno číselné ID, ale '{text}' není číslo", fact.name, text)
    target = fact.target or ""
    if target not in evidences():
        if books.options["open_targets"] == "accept":
            return text
        raise place.refuse(f"Zadaný text '{text}' musí identifikovat objekt", fact.name, text, PROP)
    found = books.find(target, text)
    if found is not None:
        return found
    if missing == "null":
        return None
    if missing == "create":
        return _create_target(books, fact, target, text, place)
    raise place.refuse(f"Zadaný text '{text}' musí identifikovat objekt", fact.name, text, PROP)


def _create_target(books: Books, fact: Fact, target: str, text: str, place: Place) -> int:
    kod = next((part[len("code:") :] for part in split(text) if part.startswith("code:")), None)
    facts = books.shape(target).facts
    others = [each.name for each in facts.values() if each.mandatory and each.name not in {"kod", "nazev"}]
    if kod is None or others or "nazev" not in facts:
        raise place.refuse(f"Zadaný text '{text}' musí identifikovat objekt", fact.name, text, PROP)
    number = books.new_id(target)
    books.save(target, {"id": number, "kod": kod.upper(), "nazev": kod}, created=True)
    return number


def fold(text: str) -> str:
    """A text without accents and case.

    >>> fold("Žluťoučký")
    'zlutoucky'
    """
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()


def show_number(text: str) -> str:
    """A decimal as the vendor writes it: no idle zeros, but at least one decimal.

    >>> show_number("798.00"), show_number("0.05"), show_number("1000")
    ('798.0', '0.05', '1000.0')
    """
    whole, _, rest = text.partition(".")
    return f"{whole}.{rest.rstrip('0') or '0'}"


def show(books: Books, fact: Fact, value: Any, *, native: bool) -> Any:
    """A kept value as answers carry it: all texts under /c/, native types under /v2/c/."""
    if value is None:
        return "" if not native or fact.type == "string" else None
    if fact.type == "date":
        return value + day_offset(value) if books.options["dates"] == "offset" else value
    if fact.type == "relation":
        return reference(books, fact.target or "", value)
    if fact.type == "numeric":
        return _native_number(value) if native else show_number(value)
    if native:
        return value
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _native_number(text: str) -> int | float:
    number = Decimal(text)
    # JSON has one kind of number; the sandbox's amounts have too few digits for a float to bend them.
    return int(number) if number == number.to_integral_value() else float(number)


def reference(books: Books, target: str, value: int | str) -> str:
    """A relation's value: the target's code, or its number when it has none."""
    if isinstance(value, str):
        return value
    kod = books.code(target, value)
    return f"code:{kod}" if kod else str(value)


def decorations(books: Books, fact: Fact, value: Any) -> dict[str, str]:
    """The ``@ref`` and ``@showAs`` that go with a relation or select."""
    if value is None:
        return {}
    if fact.type == "select":
        return {f"{fact.name}@showAs": label(value)}
    if fact.type != "relation" or isinstance(value, str):
        return {}
    target = fact.target or ""
    row = books.store.get(books.company.id, target, value) or {}
    shown = ": ".join(str(row[key]) for key in ("kod", "nazev") if row.get(key))
    return {
        f"{fact.name}@ref": f"/c/{books.company.db}/{target}/{value}.json",
        f"{fact.name}@showAs": shown or str(value),
    }
