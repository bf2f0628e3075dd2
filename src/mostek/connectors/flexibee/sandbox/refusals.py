"""How the vendor says no: the errors of one record, in the shape its answers give them.

The words in quotes were seen in real answers (other people's logs and clients); the rest is our own.
"""

from dataclasses import dataclass
from typing import Any

PROP = "PROP"
INVALID = "INVALID"


@dataclass(frozen=True)
class Place:
    """Where in an import a value stands: the path and the tag the vendor puts behind its words."""

    path: str
    tag: str = ""

    def refuse(self, message: str, field: str = "", value: object = None, code: str = INVALID) -> "Refused":
        """An error about a field of this record."""
        text = f"{message} [{self.tag}]" if self.tag else message
        return Refused(text, field, f"{self.path}.{field}" if field else self.path, value, code)

    def refuse_plain(self, message: str, field: str, value: object) -> "Refused":
        """An error about a value's form, to which the vendor puts no tag."""
        return Refused(message, field, f"{self.path}.{field}", value, PROP)

    def under(self, collection: str, evidence: str, known: int | None) -> "Place":
        """The place of a line of this record."""
        return Place(f"{self.path}.{collection}.{evidence}[{identity(known)}]", self.tag)


def identity(known: int | None) -> str:
    """How a path names a record: a new one has no id yet."""
    return "temporary-id=null" if known is None else f"id={known}"


class Refused(Exception):
    """A record the vendor does not take."""

    def __init__(
        self, message: str, field: str = "", path: str = "", value: object = None, code: str = INVALID
    ) -> None:
        super().__init__(message)
        self.field = field
        self.path = path
        self.value = value
        self.code = code

    def to_json(self) -> dict[str, Any]:
        """One element of ``results[].errors``."""
        error: dict[str, Any] = {"message": str(self)}
        if self.field:
            error["for"] = self.field
        if self.path:
            error["path"] = self.path
        if self.value is not None:
            error["value"] = str(self.value)
        return {**error, "code": self.code}


class Denied(Exception):
    """A whole request the vendor does not serve, with its HTTP status and words."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
