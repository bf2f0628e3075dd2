"""A toy address book under the contract, for the laws about contacts that are kept up; and toys that break one each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
from aiohttp import web

from mostek.documents.party import Contact
from mostek.sdk.effect import Done, Finding, Found, Intent, Match, Question, Result
from mostek.sdk.kit import Desk, People, Setup
from mostek.sdk.record import Record
from tests.hub.people import BOOK, BOOKS, Book, BookSession
from tests.sdk.kit.broken import Broken


class BookBox:
    """The sandbox of the toy: a book in memory, and mails that somebody sent."""

    name = "toybook"

    def __init__(self) -> None:
        self.number = uuid4().hex
        self.book = BOOKS[self.number] = Book()

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        return ()

    def control(self) -> Iterable[web.AbstractRouteDef]:
        return ()

    def ledger(self) -> dict[str, Any]:
        people = {id: msgspec.to_builtins(each) for id, each in self.book.people.items()}
        return {"people": people, "mails": self.book.calls["mail"]}

    def close(self) -> None:
        return None


BOXES: list[BookBox] = []


def box(folder: Path, options: Mapping[str, str]) -> BookBox:
    BOXES.append(BookBox())
    return BOXES[-1]


async def enter(desk: Desk, contact: Contact) -> str:
    return BOXES[-1].book.put(contact)[0]


async def edit(desk: Desk, id: str, email: str) -> None:
    BOXES[-1].book.edit(id, phone="+420 600")


PEOPLE = Setup(
    connector=BOOK,
    sandbox=box,
    settings=lambda url: {"book": BOXES[-1].number},
    people=People(
        held=lambda ledger: ledger["people"], mails=lambda ledger: int(ledger["mails"]), enter=enter, edit=edit
    ),
)


def session(**methods: Any) -> Setup:
    """The toy with other methods of its session."""
    opened = type("BrokenSession", (BookSession,), methods)
    return replace(PEOPLE, connector=replace(BOOK, open=opened))


async def _blind(self: BookSession, intents: Sequence[Intent]) -> Sequence[Result]:
    """Writes over whatever stands there, and makes whom it is asked to change."""
    results: list[Result] = []
    for intent in intents:
        action, book = intent.action, self._book
        if action.verb != "update":
            results.append(book.enter(intent))
            continue
        id = action.refs["document"].id
        assert isinstance(action.subject, Contact)
        book.people[id] = action.subject
        results.append(Done(id=id))
    return results


async def _twice(self: BookSession, intents: Sequence[Intent]) -> Sequence[Result]:
    """Somebody new each time."""
    self._book.keys.clear()
    return [self._book.enter(intent) for intent in intents]


async def _mailing(self: BookSession, intents: Sequence[Intent]) -> Sequence[Result]:
    self._book.calls["mail"] += 1
    return [self._book.enter(intent) for intent in intents]


async def _merging(self: BookSession, intents: Sequence[Intent]) -> Sequence[Result]:
    """Who is taken over says what the source says."""
    for intent in intents:
        if intent.action.verb == "adopt":
            assert isinstance(intent.action.subject, Contact)
            self._book.people[intent.action.refs["document"].id] = intent.action.subject
    return [self._book.enter(intent) for intent in intents]


async def _sure(self: BookSession, intents: Sequence[Intent]) -> Sequence[Finding]:
    return [Found(ids=(intent.action.refs["document"].id,)) for intent in intents]


def _shouting(self: BookSession, id: str, contact: Contact) -> Record:
    loud = msgspec.structs.replace(contact.party.address, city=contact.party.address.city + "!")
    changed = msgspec.structs.replace(contact, party=msgspec.structs.replace(contact.party, address=loud))
    return BookSession._record(self, id, changed)


def _forgetful(self: BookSession, question: Question) -> list[Match]:
    return [msgspec.structs.replace(match, contact=None) for match in BookSession._matches(self, question)]


def _loud(settings: Any, action: Any) -> Contact:
    shows = BOOK.shows
    assert shows
    said = shows(settings, action)
    address = msgspec.structs.replace(said.party.address, city="Praha")
    return msgspec.structs.replace(said, party=msgspec.structs.replace(said.party, address=address))


BROKEN = (
    Broken("people.says_what_was_told_beforehand", "what he says", lambda: session(_matches=_forgetful)),
    Broken(
        "people.says_what_was_told_beforehand",
        "says what was told",
        lambda: replace(PEOPLE, connector=replace(BOOK, shows=_loud)),
    ),
    Broken("people.again_makes_nobody_and_changes_nothing", "the same id", lambda: session(write=_twice)),
    Broken("people.is_not_written_over_somebodys_word", "planned on", lambda: session(write=_blind)),
    Broken("people.change_is_found_only_once_it_is_done", "is absent", lambda: session(find=_sure)),
    Broken("people.taken_over_stays_as_it_is", "stays as he is", lambda: session(write=_merging)),
    Broken("people.who_is_gone_is_not_made_again", "cannot be changed", lambda: session(write=_blind)),
    Broken("people.is_read_as_it_is_asked_for", "what the target answers", lambda: session(_record=_shouting)),
    Broken("people.customers_hear_nothing_of_it", "no mail", lambda: session(write=_mailing)),
)
