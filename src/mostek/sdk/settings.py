"""Settings of a connection: one typed class per connector gives form, validation, documentation and schema.

A field is documented where it stands: ``address: Annotated[str, option("Address", "Where ...", pattern=...)]``.
"""

from collections.abc import Mapping
from typing import Any, Literal, TypeVar

import msgspec

from mostek.documents.problem import InvalidDocumentError, Problem, printable


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every connection has; a connector's class adds its own.

    ``test_address`` reaches a test system instead of the vendor's: plain http and loopback are allowed there only.
    """

    timezone: str = "Europe/Prague"
    test_address: str = ""
    settles_after: int = 0


S = TypeVar("S", bound=Settings)
Kind = Literal["text", "secret", "number", "choice", "yes_no"]


def option(title: str, question: str, *, secret: bool = False, **limits: Any) -> msgspec.Meta:
    """Describe one setting: a short title, a question in plain words, and limits of msgspec (``ge``, ``pattern``)."""
    return msgspec.Meta(title=title, description=question, extra_json_schema={"x-secret": secret}, **limits)


def load(kind: type[S], values: Mapping[str, Any]) -> S:
    """Check and convert values, texts included (``"5"`` for a number).

    Raises ``setting.invalid``, ``setting.missing`` or ``setting.unknown`` naming the field, or what the class itself
    finds wrong. The value is never quoted, it may be a secret.
    """
    try:
        return msgspec.convert(dict(values), kind, strict=False)
    except msgspec.ValidationError as error:
        if isinstance(error.__cause__, InvalidDocumentError):
            raise error.__cause__ from None
        raise InvalidDocumentError(_problem(str(error))) from None


def _problem(message: str) -> Problem:
    """Read which field msgspec means, and why, from its message."""
    for words, cause in (("unknown field `", "setting.unknown"), ("missing required field `", "setting.missing")):
        if words in message:
            return Problem(cause=cause, field=message.partition(words)[2].partition("`")[0])
    reason, _, path = message.partition(" - at `$.")
    # Of all messages only this one quotes the value.
    reason = "not one of the choices" if reason.startswith("Invalid enum value") else reason
    return Problem(cause="setting.invalid", field=path.rstrip("`"), details={"reason": printable(reason)})


def schema(kind: type[Settings]) -> dict[str, Any]:
    """The JSON schema of a settings class, ``x-secret`` on what must be hidden."""
    return msgspec.json.schema(kind)["$defs"][kind.__name__]  # type: ignore[no-any-return]


def secrets(kind: type[Settings]) -> frozenset[str]:
    """The names of the fields that are secret: encrypted at rest, never shown, redacted everywhere."""
    return frozenset(name for name, field in schema(kind)["properties"].items() if _is_secret(field))


def _is_secret(field: Mapping[str, Any]) -> bool:
    """A secret that may be left out says so within the choice between it and nothing."""
    return bool(field.get("x-secret")) or any(_is_secret(choice) for choice in field.get("anyOf", ()))
