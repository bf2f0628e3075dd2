"""The vendor's identifiers: 123, code:, key:, ext:, ean:, plu:, in:, vatid:, iban:, ws:, alone or as [a][b]."""

from collections.abc import Callable, Iterable

from mostek.connectors.flexibee.sandbox.facts import evidence as known
from mostek.connectors.flexibee.sandbox.store import Row, Store

PREFIXES = ("code:", "key:", "uuid:", "ext:", "ean:", "plu:", "in:", "vatid:", "iban:", "ws:")

_FIELDS = {
    "key": ("uuid",),
    "uuid": ("uuid",),
    "ean": ("eanKod", "baleniEan1", "baleniEan2", "baleniEan3", "baleniEan4", "baleniEan5"),
    "plu": ("kodPlu",),
    "in": ("ic",),
    "vatid": ("dic", "vatId"),
    "iban": ("iban",),
}
"""Which fields a prefix looks into."""

ON_CREATE = {"code": "kod", "ean": "eanKod", "plu": "kodPlu", "in": "ic", "vatid": "dic", "iban": "iban"}
"""Which field a prefix fills in a record that it creates."""


def split(text: str) -> list[str]:
    """Take ``[123][code:CZK]`` apart; a backslash protects a bracket, a comma or itself.

    >>> split("[123][code:A\\\\]B]")
    ['123', 'code:A]B']
    >>> split("code:CZK")
    ['code:CZK']
    """
    if not text.startswith("["):
        return [text]
    parts: list[str] = []
    current: list[str] | None = None
    letters = iter(text)
    for letter in letters:
        if letter == "\\":
            letter = next(letters, "")  # noqa: PLW2901 - the protected letter itself
        elif letter == "[" and current is None:
            current = []
            continue
        elif letter == "]" and current is not None:
            parts.append("".join(current))
            current = None
            continue
        if current is not None:
            current.append(letter)
    return parts


def is_identifier(text: str) -> bool:
    """Whether a text has the form of an identifier at all."""
    return all(part.isdecimal() or part.startswith(PREFIXES) for part in split(text))


def lookup(store: Store, company: int, evidence: str, identifier: str) -> int | None:
    """The id of the record that a single identifier names, or None."""
    if identifier.isdecimal():
        number = int(identifier)
        return number if store.get(company, evidence, number) is not None else None
    prefix, _, value = identifier.partition(":")
    if prefix == "code":
        return store.by_code(company, evidence, code(evidence, value))
    if prefix in {"ext", "ws"}:
        return store.by_ext(company, evidence, identifier)
    return _scan(store.all(company, evidence).values(), _FIELDS.get(prefix, ()), value)


def lookup_all(store: Store, company: int, evidence: str, text: str) -> int | None:
    """The id that an identifier or a bracketed list of them names; the first that exists counts."""
    found = (lookup(store, company, evidence, part) for part in split(text))
    return next((number for number in found if number is not None), None)


def code(evidence: str, value: str) -> str:
    """A code as the evidence keeps it: most are upper case."""
    shape = known(evidence)
    fact = shape.facts.get("kod") if shape is not None else None
    convert: Callable[[str], str] = str.upper if fact is not None and fact.upper else str
    return convert(value)


def _scan(rows: Iterable[Row], fields: tuple[str, ...], value: str) -> int | None:
    for row in rows:
        if any(row.get(field) == value for field in fields):
            return int(row["id"])
    return None
