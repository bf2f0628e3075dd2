"""What is wrong with an input, told so that a person can mend it."""

from collections.abc import Mapping
from typing import Any

import msgspec


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One fault of one input.

    ``cause`` is a dotted id with a text and a cure in every language (``money.line_sum``); ``field`` is the
    path in the source's own words (``items[2].vat``); ``details`` are the values that the text quotes, as strings.
    """

    cause: str
    field: str = ""
    details: Mapping[str, str] = {}

    def __str__(self) -> str:
        quoted = ", ".join(f"{name}={value}" for name, value in self.details.items())
        return f"{self.cause} at {self.field or 'the document'}" + (f" ({quoted})" if quoted else "")


class InvalidDocumentError(ValueError):
    """An input that contradicts itself or cannot be represented; the record is parked with these problems."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


def invalid(cause: str, field: str = "", **details: Any) -> InvalidDocumentError:
    """Build the error for one problem; values are quoted as text, cut to 200 characters."""
    return InvalidDocumentError(
        Problem(cause=cause, field=field, details={name: printable(value) for name, value in details.items()})
    )


def printable(value: Any) -> str:
    """A short, storable text of any value: lone surrogates and NUL are escaped, 200 characters at most."""
    try:
        text = value if isinstance(value, str) else str(value)
    except (ValueError, RecursionError):  # an int of thousands of digits, lists in lists without end
        text = f"({type(value).__name__})"
    return text[:200].encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")
