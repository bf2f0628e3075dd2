"""Records on their way: what their bytes say of themselves, and what the vendor's answer says of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import msgspec

from mostek.connectors.flexibee import fields, mapping
from mostek.connectors.flexibee.client import Row, Saved
from mostek.documents.problem import Problem
from mostek.sdk.effect import AlreadyThere, Done, Found, Intent, Rejected, Result
from mostek.sdk.field import parse_json

# In this order references resolve: who is named first, then documents, then what ties or pays them.
_PHASES = {("contact", "create"): 0, ("credit_note", "link"): 2, ("payment", "settle"): 3}

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

    @property
    def id(self) -> str:
        return fields.ID(self.record)

    @property
    def creates(self) -> bool:
        """Whether a new record is made, or something is said about one that exists."""
        return self.id == f"{fields.OURS}{self.intent.action.key}"

    @property
    def phase(self) -> tuple[int, bool]:
        """Its turn in a write; records of one evidence stand together."""
        return _PHASES.get((self.intent.action.kind, self.intent.action.verb), 1), self.evidence == fields.BANK

    @property
    def addressed(self) -> tuple[str, str]:
        """The document that is tied or paid, and the one that it is tied to."""
        paid = fields.PAID_BY(fields.PAIRED(fields.PAIRING(self.record))) or self.id
        return paid, fields.TIE_TO(fields.TIE(self.record))


def state(piece: Piece, documents: Mapping[str, Row], payments: Mapping[str, Row]) -> Found | Problem | None:
    """What the books hold of a tie or payment: itself, something that forbids it, or nothing."""
    row, other = (documents.get(id) for id in piece.addressed)
    made = payments.get(piece.id)
    if row is None or made is not None:
        return finding(made) if made is not None else None
    details = {"number": fields.CODE(row)}
    if piece.intent.action.verb == "link":
        tied = mapping.credited(row)
        if tied and (other is None or tied not in fields.codes(other)):
            return Problem(cause="flexibee.tied", details={**details, "other": tied})
        return finding(row) if tied else None
    if fields.PAID_STATE(row) in fields.PAID:
        return finding(row)
    partly = piece.evidence == fields.DOCUMENT and fields.PAID_STATE(row) == fields.PARTLY_PAID
    return Problem(cause="flexibee.partly_paid", details=details) if partly else None


def answers(pieces: Sequence[Piece], saved: Saved) -> dict[int, Result]:
    """The vendor's results by place; records that he says nothing about are left out."""
    results: dict[int, Result] = {}
    for piece, row in _paired(pieces, saved.results):
        faults = [*fields.ERRORS(row), *([row] if fields.ERROR(row) else [])]
        if faults:
            where = next((found for read in fields.ERROR_FIELDS if (found := read(faults[0]))), "")
            results[piece.place] = rejected(where, "; ".join(fields.MESSAGE(f) or fields.ERROR(f) for f in faults))
        elif id := fields.RESULT_ID(row):
            # How many were there before is told for the batch only; where some were, none passes for new.
            made = AlreadyThere if piece.creates and saved.skipped else Done
            number = fields.RESULT_CODE(row).removeprefix("code:") or fields.CODE(piece.record)
            results[piece.place] = made(id=id, number=number)
    return results


def _paired(pieces: Sequence[Piece], rows: Sequence[Row]) -> Iterator[tuple[Piece, Row]]:
    """Records and their results: by place where their number agrees and no name contradicts, else by name."""
    names = [fields.REQUEST_ID(row) for row in rows]
    if len(rows) == len(pieces) and all(name in {"", piece.id} for name, piece in zip(names, pieces, strict=True)):
        yield from zip(pieces, rows, strict=True)
        return
    named: dict[str, list[Row]] = {}
    for name, row in zip(names, rows, strict=True):
        named.setdefault(name, []).append(row)
    for piece in pieces:
        if named.get(piece.id):
            yield piece, named[piece.id].pop(0)


def rejected(where: str, words: str) -> Rejected:
    """A record refused for good, explained by the vendor's own words."""
    cause = next((cause for part, cause in _REFUSALS if part in words), "flexibee.refused")
    return Rejected(problem=Problem(cause=cause, field=where, details={"words": words[:500]}), words=words)


def finding(*rows: Row) -> Found:
    """Records as what was found; the number is the first one's."""
    return Found(ids=tuple(fields.ID(row) for row in rows), number=fields.CODE(rows[0]))
