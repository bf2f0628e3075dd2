"""Records on their way: what their bytes say of themselves, and what the vendor's answer says of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec

from mostek.connectors.flexibee import fields, mapping
from mostek.connectors.flexibee.client import Row, Saved
from mostek.connectors.flexibee.settings import FlexibeeSettings
from mostek.documents.problem import Problem
from mostek.sdk.batch import paired
from mostek.sdk.effect import AlreadyThere, Done, Found, Intent, Rejected, Result
from mostek.sdk.field import parse_json
from mostek.sdk.lookup import changed

# In this order one makes way for another; who is named stands before all documents, what pays them behind.
_TURNS = ("cancel", "adopt", "create", "update", "link", "settle")

# The vendor's refusals have no codes of their own; the words only choose the explanation, never what happens next.
_REFUSALS = (("liší od vypočten", "flexibee.sums_differ"), ("protože je spárován", "flexibee.paired"))


@dataclass(frozen=True)
class Piece:
    """One intent as a record: its place among the intents, its evidence, its frozen bytes."""

    place: int
    intent: Intent

    @cached_property
    def envelope(self) -> dict[str, msgspec.Raw]:
        return msgspec.json.decode(self.intent.payload, type=dict[str, msgspec.Raw])

    @cached_property
    def evidence(self) -> str:
        return next(iter(self.envelope))

    @cached_property
    def record(self) -> Row:
        return parse_json(bytes(self.envelope[self.evidence]))

    @cached_property
    def ids(self) -> tuple[str, ...]:
        return fields.IDS(self.record)

    @property
    def verb(self) -> str:
        return self.intent.verb

    @property
    def mark(self) -> str:
        """What a record is called by once this is done; empty for ties, cancellations and “paid”, which leave no id."""
        return next((id for id in self.ids if id.endswith(f":{self.intent.key}")), "")

    @property
    def phase(self) -> tuple[bool, int, bool]:
        """Its turn in a write; records of one evidence stand together."""
        return self.evidence != fields.CONTACT, _TURNS.index(self.verb), self.evidence == fields.BANK

    @property
    def addressed(self) -> tuple[str, str]:
        """The document that is changed, tied or paid, and the one that it is tied to."""
        paid = fields.PAID_BY(fields.PAIRED(fields.PAIRING(self.record))) or self.ids[0]
        return paid, fields.TIE_TO(fields.TIE(self.record))


# What a document shows before something is said about it, first come first served: verbs, cause, test. Without a
# cause it stands already as it should, with one it may not be touched.
_SHOWS: tuple[tuple[set[str], str, Callable[[Piece, Row, Row | None], Any]], ...] = (
    ({"link"}, "", lambda _, row, other: other is not None and mapping.credited(row) in fields.codes(other)),
    ({"link"}, "flexibee.tied", lambda _, row, __: mapping.credited(row)),
    ({"adopt"}, "flexibee.adopted_already", lambda _, row, __: fields.found_key(row)),
    ({"cancel"}, "", lambda _, row, __: fields.CANCELLED(row)),
    ({"update"}, "flexibee.cancelled", lambda _, row, __: fields.CANCELLED(row)),
    ({"update", "cancel"}, "flexibee.locked", lambda _, row, __: fields.LOCK(row) not in fields.OPEN),
    ({"update", "cancel"}, "flexibee.paid", lambda _, row, __: fields.PAID_STATE(row)),
    ({"settle"}, "", lambda _, row, __: fields.PAID_STATE(row) in fields.PAID),
    ({"settle"}, "flexibee.partly_paid", lambda piece, row, _: not piece.mark and fields.PAID_STATE(row)),
)


def state(piece: Piece, records: Mapping[str, Row]) -> Found | Problem | None:
    """What the books hold of a change, tie or payment: itself, something that forbids it, or nothing."""
    row, other, made = (records.get(id) for id in (*piece.addressed, piece.mark))
    if row is None or made is not None:
        return finding(made) if made is not None else None
    for verbs, cause, shows in _SHOWS:
        if piece.verb in verbs and (found := shows(piece, row, other)):
            details = {"number": fields.CODE(row), "other": str(found)}
            return Problem(cause=cause, details=details) if cause else finding(row)
    return None


def card(piece: Piece, settings: FlexibeeSettings, records: Mapping[str, Row]) -> Found | Problem | None:
    """The same of a card: taken over already, or saying what it is to say; or something else than it did."""
    row, made, action = records.get(piece.ids[0]), records.get(piece.mark), piece.intent.action
    if made is not None or piece.verb != "update":
        return finding(made) if made is not None else None
    told = changed(action, mapping.shows(settings, action), mapping.contact_of(row) if row is not None else None)
    return told if isinstance(told, Problem) else finding(row) if told and row is not None else None


def answers(pieces: Sequence[Piece], saved: Saved) -> dict[int, Result]:
    """The vendor's results by place; records that he says nothing about are left out."""
    results: dict[int, Result] = {}
    names = [fields.REQUEST_ID(row) for row in saved.results]
    for piece, row in paired(pieces, lambda piece: piece.ids, saved.results, names):
        faults = [*fields.ERRORS(row), *([row] if fields.ERROR(row) else [])]
        if faults:
            where = next((found for read in fields.ERROR_FIELDS if (found := read(faults[0]))), "")
            results[piece.place] = rejected(where, "; ".join(fields.MESSAGE(f) or fields.ERROR(f) for f in faults))
        elif id := fields.RESULT_ID(row):
            # How many were there before is told for the batch only; where some were, none passes for new.
            made = AlreadyThere if piece.mark and saved.skipped else Done
            number = fields.RESULT_CODE(row).removeprefix("code:") or fields.CODE(piece.record)
            results[piece.place] = made(id=id, number=number)
    return results


def rejected(where: str, words: str) -> Rejected:
    """A record refused for good, explained by the vendor's own words."""
    cause = next((cause for part, cause in _REFUSALS if part in words), "flexibee.refused")
    return Rejected(problem=Problem(cause=cause, field=where, details={"words": words[:500]}), words=words)


def finding(*rows: Row) -> Found:
    """Records as what was found; the number is the first one's."""
    return Found(ids=tuple(fields.ID(row) for row in rows), number=fields.CODE(rows[0]))
