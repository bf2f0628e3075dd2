"""What an evidence's fields are: type, length, digits, obligation, writability, values and target, read from facts.txt.

The table was gathered from the vendor's public metadata (``/c/demo/<evidence>/properties``, seen in 2026); a test
compares it with that metadata field by field.
"""

import re
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class Fact:
    """One field of an evidence."""

    name: str
    type: str
    target: str | None = None
    values: tuple[str, ...] = ()
    importable: tuple[str, ...] = ()
    length: int | None = None
    digits: int | None = None
    decimals: int | None = None
    smallest: str | None = None
    largest: str | None = None
    mandatory: bool = False
    writable: bool = False
    summary: bool = False
    upper: bool = False
    lower: bool = False
    label: str = ""


@dataclass(frozen=True)
class Evidence:
    """One evidence: its path, the vendor's class name, how it may be imported, and its fields by name."""

    path: str
    kind: str
    status: str
    external: bool
    name: str
    facts: dict[str, Fact] = field(default_factory=dict)


_SELECT = re.compile(r"=(\w+)$")
_VALUE = re.compile(r"(\S+) (.+)$")
_EVIDENCE = re.compile(r'\[(\S+)\] (\S+) (\S+) (ext|noext) "(.+)"$')
_FACT = re.compile(
    r"(?P<name>\S+) (?P<type>[a-z]+)(?:>(?P<target>[\w-]+))?(?:=(?P<select>\w+)(?:\*(?P<some>[\w,]*))?)?"
    r"(?P<sizes>(?::[\d.]+)*)(?:\[(?P<smallest>[-\d.]*?)\.\.(?P<largest>[-\d.]*)\])?"
    r" (?P<flags>[!wrsUL]+)(?: (?P<label>.+))?$"
)


@dataclass(frozen=True)
class _Table:
    evidences: dict[str, Evidence]
    labels: dict[str, str]


@cache
def _table() -> _Table:
    selects: dict[str, list[str]] = {}
    labels: dict[str, str] = {}
    evidences: dict[str, Evidence] = {}
    keys: list[str] = []
    facts: dict[str, Fact] | None = None
    for line in (files(__package__) / "facts.txt").read_text("utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        if match := _EVIDENCE.match(line):
            path, kind, status, external, name = match.groups()
            facts = {}
            evidences[path] = Evidence(path, kind, status, external == "ext", name, facts)
        elif match := _SELECT.match(line):
            keys = selects.setdefault(match[1], [])
        elif facts is not None:
            fact = _fact(line, selects)
            facts[fact.name] = fact
        elif match := _VALUE.match(line):
            keys.append(match[1])
            labels[match[1]] = match[2]
    return _Table(evidences, labels)


def _fact(line: str, selects: dict[str, list[str]]) -> Fact:
    match = _FACT.match(line)
    if match is None:
        raise ValueError(f"facts.txt: cannot read {line!r}")
    values = tuple(selects[match["select"]]) if match["select"] else ()
    importable = values
    if match["some"] is not None:
        chosen = set(match["some"].split(","))
        importable = tuple(value for value in values if value.partition(".")[2] in chosen)
    length, digits, decimals = _sizes(match["type"], match["sizes"])
    flags = match["flags"]
    return Fact(
        name=match["name"],
        type=match["type"],
        target=match["target"],
        values=values,
        importable=importable,
        length=length,
        digits=digits,
        decimals=decimals,
        smallest=match["smallest"] or None,
        largest=match["largest"] or None,
        mandatory="!" in flags,
        writable="w" in flags,
        summary="s" in flags,
        upper="U" in flags,
        lower="L" in flags,
        label=match["label"] or "",
    )


def _sizes(kind: str, text: str) -> tuple[int | None, int | None, int | None]:
    parts = text.split(":")[1:]
    if not parts:
        return None, None, None
    if kind in {"numeric", "integer"}:
        digits, _, decimals = parts[-1].partition(".")
        return None, int(digits), int(decimals) if decimals else None
    return int(parts[0]), None, None


def evidences() -> dict[str, Evidence]:
    """All evidences the sandbox knows, by path."""
    return _table().evidences


def evidence(path: str) -> Evidence | None:
    """The evidence of that path, or None when the sandbox does not know it."""
    return _table().evidences.get(path)


def label(value: str) -> str:
    """The vendor's words for a value of a select, as ``showAs`` gives them."""
    return _table().labels.get(value, value)
