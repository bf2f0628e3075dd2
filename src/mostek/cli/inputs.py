"""What is given on the command line: settings, files, variables and JSON, each refused with its cause."""

import json
import os
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from mostek.documents.problem import invalid


def assignments(pairs: Sequence[str]) -> dict[str, str]:
    """``name=value`` pairs; ``name=@file`` reads a file and ``name=$VARIABLE`` the environment, for secrets."""
    found = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator:
            raise invalid("input.no_value", "--set")  # not quoted: it may be a secret
        found[name] = value_of(value, name)
    return found


def is_indirect(value: str) -> bool:
    """Whether the value stands elsewhere, out of sight of who lists the processes."""
    return value.startswith(("@", "$"))


def value_of(value: str, field: str) -> str:
    """The value itself, what the file ``@path`` holds, or what the variable ``$NAME`` holds."""
    if value.startswith("@"):
        return _file(value[1:], field).rstrip("\r\n")
    if value.startswith("$"):
        found = os.environ.get(value[1:])
        if found is None:
            raise invalid("input.variable", field, name=value[1:])
        return found
    return value


def json_of(text: str, field: str, expected: type[dict[str, Any]] | type[list[Any]]) -> Any:
    """A JSON object or list, given as text or as ``@file``."""
    try:
        found = json.loads(_file(text[1:], field) if text.startswith("@") else text)
    except RecursionError:
        raise invalid("input.unreadable", field, reason="nested too deeply") from None
    except json.JSONDecodeError as error:
        reason = f"line {error.lineno}, column {error.colno}: {error.msg}"
        raise invalid("input.unreadable", field, reason=reason) from None
    if not isinstance(found, expected):
        around = "{ }" if expected is dict else "[ ]"
        raise invalid("input.unreadable", field, reason=f"it must stand in {around}")
    return found


def day_of(text: str, field: str) -> date:
    """A day as ``2026-10-31``."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise invalid("input.day", field, value=text) from None


def days_of(text: str, field: str) -> list[int]:
    """Days of the week as ``1-5`` or ``1,3``; 1 is Monday."""
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        try:
            found += range(int(first), int(last or first) + 1)
        except ValueError:
            raise invalid("input.unreadable", field, reason=f"{part} is no day of the week") from None
    return found


def _file(path: str, field: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise invalid("input.file", field, path=path, reason=error.strerror or error) from None
    except ValueError:
        raise invalid("input.file", field, path=path, reason="it is no text") from None
