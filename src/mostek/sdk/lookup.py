"""How a record is recognised: by which of its values, and when two spellings of a value are the same.

And what a contact that stands in a target means for a change of it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from mostek.documents.party import Contact, compact_id, differing, spellings
from mostek.documents.problem import Problem
from mostek.sdk.effect import Action
from mostek.sdk.field import Field


class Way(NamedTuple):
    """One way to recognise a record: by which value of the question, in which fields, and when two are the same.

    ``spellings`` are the forms in which people store a value, for vendors who compare texts letter by letter.
    """

    by: str
    fields: tuple[Field[str], ...]
    normal: Callable[[str], str] = str.strip
    spellings: Callable[[str], Iterable[str]] = lambda value: (value.strip(),)

    def fits(self, row: Mapping[str, Any], value: str) -> bool:
        """Whether the record has this value, spaces and case put aside where they mean nothing."""
        wanted = self.normal(value)
        return bool(wanted) and wanted in {self.normal(field(row)) for field in self.fields}


def upper(value: str) -> str:
    """The value without spaces around it, in capitals."""
    return value.strip().upper()


def of_contacts(company_id: Field[str], tax_ids: tuple[Field[str], ...], email: Field[str]) -> tuple[Way, ...]:
    """The ways in which people and companies are recognised, the strongest first."""
    return (
        Way("company_id", (company_id,), compact_id, spellings),
        Way("tax_id", tax_ids, compact_id, spellings),
        Way("email", (email,), upper, lambda value: dict.fromkeys((value.strip(), value.strip().lower()))),
    )


def quoted(value: str) -> str | None:
    """A value in the kind of quotes that it lacks, backslashes doubled; None for one with both, or unprintable."""
    quote = "'" if "'" not in value else '"'
    if quote in value or not value.isprintable():
        return None
    return f"{quote}{value.replace(chr(92), chr(92) * 2)}{quote}"


def matched(ways: Sequence[Way], row: Mapping[str, Any], by: Mapping[str, str]) -> str:
    """The strongest value that the record matches by, or empty."""
    return next((way.by for way in ways if way.fits(row, by.get(way.by, ""))), "")


def changed(action: Action, shown: Contact, stands: Contact | None) -> bool | Problem:
    """Whether a contact says already what a change of it is to make it say; a problem where it must not be changed.

    ``shown`` is what the target will show once it is done. It is written only while it says what it said ``before``.
    """
    details = {"name": shown.party.name or shown.party.email}
    if stands is None:
        return Problem(cause="contact.gone", details=details)
    if not differing(shown, stands):
        return True
    if action.before is None or differing(action.before, stands):
        return Problem(cause="contact.moved", details=details)
    return False
