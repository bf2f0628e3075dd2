"""A configuration as text: what a file may say, what is wrong with one by its place, and how two of them differ.

Everything follows from the types of the settings and the policy: a field added there is known here at once.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any, Literal, get_args, get_origin

import msgspec

from mostek.core.policy import Policy
from mostek.core.schedule import Schedule
from mostek.documents.problem import InvalidDocumentError, Problem, printable

HIDDEN = "•••"
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_PLAIN = (str, bool, int, float, date, datetime, time)


class Connection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One connection; a secret among its settings is a reference: ``{ secret = "shop.password" }``.

    ``closed_until``: the books are closed up to that day; ``feeds``: when lists are read. Left out, these stay as they
    are, and a new connection's lists are read as often as is usual for its system.
    """

    connector: str
    closed_until: date | None = None
    feeds: Mapping[str, Schedule] = {}
    settings: Mapping[str, Any] = {}


class Later(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A policy that decides for documents issued from a day on."""

    effective: date
    policy: Policy = Policy()


class Flow(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"source": "from", "target": "to"}
):
    """One flow; without a ``state`` it stays as it is, and a new one is a draft."""

    source: str
    target: str
    state: Literal["draft", "live", "paused"] | None = None
    policy: Policy = Policy()
    later: tuple[Later, ...] = ()


class Configuration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that is set up, by the short names."""

    connections: Mapping[str, Connection] = {}
    flows: Mapping[str, Flow] = {}


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One place that differs; ``only_here`` is what the file does not speak of, and what is never taken away."""

    kind: Literal["add", "change", "remove", "only_here"]
    path: str
    old: Any = None
    new: Any = None


def step(path: str, name: str) -> str:
    """The path of a name within a table, as TOML writes it."""
    key = name if _BARE.fullmatch(name) else json.dumps(name, ensure_ascii=False)
    return f"{path}.{key}" if path else key


def placed(error: InvalidDocumentError, path: str) -> Iterator[Problem]:
    """The problems of a part, with their place in the whole."""
    for problem in error.problems:
        yield msgspec.structs.replace(problem, field=f"{path}.{problem.field}" if problem.field else path)


def faults(kind: Any, value: Any, path: str) -> Iterator[Problem]:
    """Everything in ``value`` that does not fit the type ``kind``, each with its exact place."""
    origin, arguments = get_origin(kind), get_args(kind)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and isinstance(value, dict):
        inner = list(_faults_of_fields(kind, value, path))
        yield from inner or _unfit(kind, value, path)
    elif origin in {dict, Mapping} and isinstance(value, dict):
        for name, part in value.items():
            yield from faults(arguments[1], part, step(path, name))
    elif origin is tuple and arguments[-1] is Ellipsis and isinstance(value, list):
        for place, part in enumerate(value):
            yield from faults(arguments[0], part, f"{path}[{place}]")
    else:
        yield from _unfit(kind, value, path)


def _faults_of_fields(kind: type[msgspec.Struct], value: Mapping[str, Any], path: str) -> Iterator[Problem]:
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for name in sorted(value.keys() - fields.keys()):
        known = {"known": ", ".join(fields)}
        yield Problem(cause="configuration.unknown", field=step(path, name), details=known)
    for name, field in fields.items():
        if name in value:
            yield from faults(field.type, value[name], step(path, name))
        elif field.required:
            yield Problem(cause="configuration.missing", field=step(path, name))


def _unfit(kind: Any, value: Any, path: str) -> Iterator[Problem]:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        if isinstance(error.__cause__, InvalidDocumentError):
            yield from placed(error.__cause__, path)
            return
        reason, _, inner = str(error).partition(" - at `$")
        # Of all messages only this one quotes the value, which may be a secret.
        allowed = ", ".join(map(str, _choices(kind))) if reason.startswith("Invalid enum value") else ""
        details = {"reason": f"one of {allowed}" if allowed else printable(reason)}
        yield Problem(cause="configuration.invalid", field=path + inner.rstrip("`"), details=details)


def _choices(kind: Any) -> Iterator[Any]:
    for argument in get_args(kind):
        yield from _choices(argument) if get_args(argument) else [argument] if get_origin(kind) is Literal else []


def told(value: Any) -> Any:
    """What a value says beyond its defaults, as tables, lists and plain values that TOML has."""
    if isinstance(value, msgspec.Struct):
        found = {field.encode_name: (getattr(value, field.name), field) for field in msgspec.structs.fields(value)}
        return {name: told(part) for name, (part, field) in found.items() if not _is_default(part, field)}
    if isinstance(value, Mapping):
        return {str(name): told(part) for name, part in value.items() if part is not None}
    if isinstance(value, list | tuple):
        return [told(part) for part in value]
    return value if isinstance(value, _PLAIN) else msgspec.to_builtins(value)


def _is_default(value: Any, field: msgspec.structs.FieldInfo) -> bool:
    default = field.default_factory() if field.default_factory is not msgspec.NODEFAULT else field.default
    return bool(value == default)


def leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Each plain value with its path; what has an ``id`` is named by it, so that a rule moved is not a rule changed."""
    if isinstance(value, Mapping):
        for name, part in value.items():
            yield from leaves(part, step(path, name))
    elif names := _ids(value):
        yield path, names
        for name, part in zip(names, value, strict=True):
            yield from leaves({key: inner for key, inner in part.items() if key != "id"}, f"{path}[{name}]")
    else:
        yield path, value


def _ids(value: Any) -> list[str]:
    """The ids of a list of tables that all have one of their own."""
    if not isinstance(value, list | tuple) or not all(isinstance(part, dict) and "id" in part for part in value):
        return []
    names = [str(part["id"]) for part in value]
    return names if len(set(names)) == len(names) else []


def changes(here: Mapping[str, Any], wanted: Mapping[str, Any], hidden: frozenset[str]) -> Iterator[Change]:
    """How the parts (by path) differ; what is new is told without its defaults, and of ``hidden`` never the value."""
    for path, part in wanted.items():
        if path in here:
            old, new = (dict(leaves(msgspec.to_builtins(each), path)) for each in (here[path], part))
            yield from _changed(old, new, hidden)
        else:
            yield from _changed({}, dict(leaves(msgspec.to_builtins(told(part)), path)), hidden)
    gone = [path for path in here if path not in wanted]
    for path in gone:
        if not any(path.startswith(f"{other}.") for other in gone):
            yield Change(kind="remove" if ".later[" in path else "only_here", path=path)


def _changed(old: Mapping[str, Any], new: Mapping[str, Any], hidden: frozenset[str]) -> Iterator[Change]:
    for path in dict.fromkeys((*new, *old)):
        if path not in old or path not in new or old[path] != new[path]:
            shown = [HIDDEN if side.get(path) and path in hidden else side.get(path) for side in (old, new)]
            kind: Literal["add", "change", "remove"] = (
                "remove" if path not in new else "change" if path in old else "add"
            )
            yield Change(kind=kind, path=path, old=shown[0], new=shown[1])


def in_force(versions: Sequence[tuple[date | None, Policy]]) -> tuple[tuple[date | None, Policy], ...]:
    """Of stored versions, newest first, those that decide for anything; oldest first, the first one without a day."""
    found: list[tuple[date | None, Policy]] = []
    for day, policy in versions:
        if not found or (found[-1][0] and (day is None or day < found[-1][0])):
            found.append((day, policy))
    return tuple(reversed(found))
