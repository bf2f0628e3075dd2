"""Writing people into a system that knows them by number and e-mail and has no place for our key: states, read first.

A connector says how his people are asked for, read and saved (:class:`Register`); what an answer means is the same for
all: somebody of the same e-mail is the same person, a change is written only onto what stood there when it was planned.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, partial
from typing import Any, NamedTuple, Protocol

import msgspec

from mostek.documents.party import Contact
from mostek.documents.problem import Problem
from mostek.sdk.batch import findings, in_batches, states_first
from mostek.sdk.capability import Context
from mostek.sdk.effect import (
    Action,
    AlreadyThere,
    Done,
    Finding,
    Found,
    Intent,
    Match,
    Question,
    Rejected,
    Result,
    Statement,
)
from mostek.sdk.errors import understood
from mostek.sdk.lookup import Way, changed, matched

Row = Mapping[str, Any]


class Saved(NamedTuple):
    """What the system said of one of those it was to save; ``field`` and ``words`` where it refused."""

    ok: bool
    field: str = ""
    words: str = ""


class Register(Protocol):
    """One system's people: how they are read, asked for and saved."""

    @property
    def ways(self) -> Sequence[Way]:
        """How people are recognised, the strongest first."""

    @property
    def batch(self) -> int:
        """How many are saved in one call."""

    def person(self, row: Row) -> tuple[str, Contact]:
        """The number of somebody, and what he says."""

    def values(self, row: Row) -> Row:
        """What ``ways`` look at."""

    def forbids(self, row: Row, payload: msgspec.Raw) -> Problem | None:
        """Why this must not be written over him, if so."""

    def shows(self, action: Action) -> Contact:
        """What he will say once the action is done."""

    def refused(self, saved: Saved) -> Problem:
        """A refusal as a problem."""

    async def rows(self, by: str, values: Sequence[str]) -> list[Row]:
        """People by ``id``, ``company_id``, ``tax_id`` or ``email``; any of the values; or, by ``new``, the latest."""

    async def save(self, verb: str, people: Sequence[msgspec.Raw]) -> Sequence[Saved]:
        """Create or update these, each with an answer of its own, in order."""


@dataclass(frozen=True)
class _Piece:
    """One intent: the frozen bytes, and whom it changes or takes over."""

    place: int
    intent: Intent

    @cached_property
    def payload(self) -> msgspec.Raw:
        return next(iter(msgspec.json.decode(self.intent.payload, type=dict[str, msgspec.Raw]).values()))

    @property
    def id(self) -> str:
        reference = self.intent.action.refs.get("document")
        return reference.id if reference else ""

    @property
    def email(self) -> str:
        subject = self.intent.action.subject
        return subject.party.email.strip().lower() if isinstance(subject, Contact) else ""


class People:
    """The people of one system, to be looked for and written."""

    def __init__(self, register: Register, context: Context) -> None:
        self._register, self._now = register, context.now

    async def write(self, intents: Sequence[Intent]) -> Sequence[Result]:
        """Those of one verb after those of another, each in as few calls as the vendor allows."""
        results: dict[int, Result] = {}
        for verb in ("adopt", "update", "create"):
            pieces = [_Piece(place, each) for place, each in enumerate(intents) if each.action.verb == verb]
            send: Callable[[Sequence[_Piece]], Awaitable[list[Result]]] = partial(self._batch, verb)
            done = await in_batches(pieces, self._register.batch, send, self._now())
            results |= {piece.place: result for piece, result in zip(pieces, done, strict=True)}
        return [results[place] for place in range(len(intents))]

    async def _batch(self, verb: str, pieces: Sequence[_Piece]) -> list[Result]:
        return await states_first(pieces, self._states, partial(self._send, verb))

    async def _states(self, pieces: Sequence[_Piece]) -> dict[int, Found | Problem]:
        changes = [piece for piece in pieces if piece.id]
        rows = await self._by_ids(piece.id for piece in changes)
        states = ((piece, self._state(piece, rows.get(piece.id))) for piece in changes)
        return {each.place: Found(ids=(each.id,)) if state is True else state for each, state in states if state}

    async def _send(self, verb: str, pieces: Sequence[_Piece]) -> dict[int, Result]:
        saved = await self._register.save(verb, [piece.payload for piece in pieces])
        with understood():
            ids = await self._ids([piece.email for piece in pieces]) if verb == "create" else {}
            return {
                piece.place: self._result(piece.id or ids.get(piece.email, ""), said)
                for piece, said in zip(pieces, saved, strict=True)
            }

    def _result(self, id: str, said: Saved) -> Result:
        """Done; or there before, under the same e-mail; else refused in the vendor's words."""
        if id and said.ok:
            return Done(id=id)
        if id and said.field.endswith("email"):
            return AlreadyThere(id=id)
        return Rejected(problem=self._register.refused(said), words=said.words)

    def _state(self, piece: _Piece, row: Row | None) -> bool | Problem:
        """Whether it stands there already; a problem where it must not be written."""
        stands = self._register.person(row)[1] if row is not None else None
        if piece.intent.action.verb == "adopt" and stands:
            return True
        told = changed(piece.intent.action, self._register.shows(piece.intent.action), stands)
        return told or (self._register.forbids(row or {}, piece.payload) or False)

    async def _ids(self, emails: Sequence[str]) -> dict[str, str]:
        """The numbers of people who were just made; one who was there before is asked for by himself."""
        found = self._emails(await self._register.rows("new", ()))
        missing = [email for email in emails if email not in found]
        return found | (self._emails(await self._register.rows("email", missing)) if missing else {})

    def _emails(self, rows: Iterable[Row]) -> dict[str, str]:
        people = (self._register.person(row) for row in rows)
        return {contact.party.email.strip().lower(): id for id, contact in people}

    async def find(self, intents: Sequence[Intent]) -> Sequence[Finding]:
        """Look whether these effects are there: somebody new by his e-mail, a change by what he says now."""
        return await findings([_Piece(place, each) for place, each in enumerate(intents)], self._found, self._now())

    async def _found(self, pieces: Sequence[_Piece]) -> dict[int, Finding]:
        rows = await self._by_ids(piece.id for piece in pieces)
        new = [piece.email for piece in pieces if not piece.id]
        emails = self._emails(await self._register.rows("email", new)) if new else {}
        there = ((each, each.id or emails.get(each.email, "")) for each in pieces)
        same = ((each, id) for each, id in there if not each.id or self._state(each, rows.get(id)) is True)
        return {piece.place: Found(ids=(id,)) for piece, id in same if id}

    async def ask(self, questions: Sequence[Question]) -> Sequence[tuple[Match, ...]]:
        """Look people up by whatever the questions name."""
        asked = [question.by for question in questions if question.about == "contact"]
        with understood():
            rows = await self._by_ids(by.get("id", "") for by in asked)
            for way in self._register.ways:
                values = sorted({by[way.by] for by in asked if by.get(way.by)})
                found = await self._register.rows(way.by, values) if values else []
                rows |= {self._register.person(row)[0]: row for row in found}
            return [tuple(self._matches(question, rows.values())) for question in questions]

    def _matches(self, question: Question, rows: Iterable[Row]) -> Iterable[Match]:
        for row in rows if question.about == "contact" else ():
            id, contact = self._register.person(row)
            by = "id" if question.by.get("id") == id else ""
            by = by or matched(self._register.ways, self._register.values(row), question.by)
            if by:
                label = f"{contact.party.name} {contact.party.email}".strip()
                yield Match(id=id, by=by, label=label, contact=contact)

    async def verify(self, intents: Sequence[Intent]) -> Sequence[Statement | None]:
        """Documents are not written."""
        return [None for _ in intents]

    async def totals(self, since: date, until: date) -> AsyncIterator[Statement]:
        """Documents are not written, so there are none to reconcile."""
        for statement in await self.verify(()):
            if statement:
                yield statement

    async def _by_ids(self, ids: Iterable[str]) -> dict[str, Row]:
        numbers = sorted({id for id in ids if id.isascii() and id.isdigit()})
        rows = await self._register.rows("id", numbers) if numbers else []
        people = ((self._register.person(row)[0], row) for row in rows)
        return {id: row for id, row in people if id in numbers}
