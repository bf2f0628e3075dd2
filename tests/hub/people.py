"""A toy address book that is read and written: two of them hold the same people, and each has its own hand and habits.

Like the toy books it commits on its own time: an answer can be lost after the commit, and a commit can come later.
"""

from collections import Counter, deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import msgspec

from mostek.documents import canonical
from mostek.documents.party import Address, Contact, Party, differing
from mostek.documents.problem import Problem, invalid
from mostek.sdk.capability import Connector, Context, Document, Health
from mostek.sdk.effect import (
    Absent,
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
from mostek.sdk.errors import NotReadyError
from mostek.sdk.manifest import FeedManifest, Limits, Manifest, WriteManifest
from mostek.sdk.record import Page, Record, Summary
from mostek.sdk.settings import Settings

PAGE = 20
LONGEST_NAME = 30


class BookSettings(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which address book of this process it is."""

    book: str


def person(name: str, **changes: object) -> Contact:
    """A private person, known by his e-mail."""
    party = Party(address=Address(name=name, street="Dlouhá 1", city="Brno", country="CZ"), email=f"{name}@b.example")
    return Contact(party=msgspec.structs.replace(party, **changes))


@dataclass
class Book:
    """People by their id here. ``keys``: of ours, by id. ``faults`` are used up one by one, a name per write.

    ``lost``: committed, the answer is cut. ``late``: cut, committed at :meth:`settle`. ``cut``: never committed.
    ``deaf``: parts that are not taken over, without a word. ``shown``: what the list shows of somebody instead.
    """

    people: dict[str, Contact] = field(default_factory=dict)
    keys: dict[str, set[str]] = field(default_factory=dict)
    faults: deque[str] = field(default_factory=deque)
    late: list[Sequence[Intent]] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    written: list[Action] = field(default_factory=list)
    deaf: set[str] = field(default_factory=set)
    shown: dict[str, Contact] = field(default_factory=dict)
    dead: bool = False
    made: int = 0

    def put(self, *contacts: Contact) -> list[str]:
        """People that somebody enters by hand; their ids."""
        for contact in contacts:
            self.made += 1
            self.people[f"{self.made}"] = contact
        return [f"{self.made - len(contacts) + place + 1}" for place in range(len(contacts))]

    def edit(self, id: str, **changes: object) -> None:
        """A person changes somebody here: parts of his party, or of his address."""
        contact = self.people[id]
        own = {name: value for name, value in changes.items() if name in Party.__struct_fields__}
        place = {name: value for name, value in changes.items() if name not in own}
        address = msgspec.structs.replace(contact.party.address, **place)
        party = msgspec.structs.replace(contact.party, address=address, **own)
        self.people[id] = msgspec.structs.replace(contact, party=party)

    def named(self, name: str) -> list[Contact]:
        """Everybody of that name."""
        return [contact for contact in self.people.values() if contact.party.name == name]

    def settle(self) -> None:
        """Now the vendor commits what he had taken in before the line was cut."""
        for intents in self.late:
            for intent in intents:
                self.enter(intent)
        self.late.clear()

    def enter(self, intent: Intent) -> Result:
        """Do one action: a create is known by its key, a change goes only onto what stood there."""
        action = intent.action
        if action.verb == "create":
            return self._made(action)
        id = action.refs["document"].id
        if id not in self.people:
            return Rejected(problem=Problem(cause="contact.gone"))
        if action.verb == "adopt":
            self.keys.setdefault(id, set()).add(action.key)
            return Done(id=id)
        return self._changed(action, id)

    def _made(self, action: Action) -> Result:
        there = next((id for id, keys in self.keys.items() if action.key in keys and id in self.people), "")
        if there:
            return AlreadyThere(id=there)
        [there] = self.put(shows(BookSettings(book=""), action))
        self.keys[there] = {action.key}
        self.written.append(action)
        return Done(id=there)

    def _changed(self, action: Action, id: str) -> Result:
        stands, said = self.people[id], shows(BookSettings(book=""), action)
        assert action.before is not None
        if not differing(said, stands):
            return AlreadyThere(id=id)
        if differing(action.before, stands):
            return Rejected(problem=Problem(cause="contact.moved"))
        self.written.append(action)
        kept = {name: getattr(stands.party, name) for name in self.deaf}
        self.people[id] = msgspec.structs.replace(said, party=msgspec.structs.replace(said.party, **kept))
        return Done(id=id)


BOOKS: dict[str, Book] = {}


class BookSession:
    """The address book's client."""

    def __init__(self, settings: BookSettings, context: Context) -> None:
        self._book = BOOKS[settings.book]
        self._context = context

    async def check(self) -> Health:
        return Health(system="Toy address book")

    async def close(self) -> None:
        return None

    def _record(self, id: str, contact: Contact) -> Record:
        payload = msgspec.json.encode(contact)
        return Record(
            kind="contact",
            id=id,
            root=f"contact:{id}",
            payload=payload,
            fingerprint=canonical.digest(payload.decode()),
            summary=Summary(number=contact.party.name),
        )

    async def read(self, feed: str, cursor: str, since: date | None) -> AsyncIterator[Page]:
        self._called("read")
        records = [self._record(id, self._book.shown.get(id, each)) for id, each in self._book.people.items()]
        for start in range(0, max(len(records), 1), PAGE):
            more = start + PAGE < len(records)
            yield Page(
                records=tuple(records[start : start + PAGE]),
                cursor="",
                more=more,
                watermark=None if more else datetime.now(UTC),
            )

    async def get(self, feed: str, ids: Sequence[str]) -> tuple[Record, ...]:
        self._called("get")
        return tuple(self._record(id, self._book.people[id]) for id in ids if id in self._book.people)

    def _called(self, name: str) -> None:
        self._book.calls[name] += 1
        if self._book.dead:
            raise NotReadyError(Problem(cause="system.unreachable"), sent=False)

    async def write(self, intents: Sequence[Intent]) -> Sequence[Result]:
        self._called("write")
        fault = self._book.faults.popleft() if self._book.faults else ""
        if fault == "late":
            self._book.late.append(intents)
        results = [self._book.enter(intent) for intent in intents] if fault not in {"late", "cut"} else []
        if fault:
            raise NotReadyError(Problem(cause="system.no_answer"), sent=True)
        return results

    async def find(self, intents: Sequence[Intent]) -> Sequence[Finding]:
        self._called("find")
        return [self._finding(intent.action) for intent in intents]

    def _finding(self, action: Action) -> Finding:
        keyed = tuple(id for id, keys in self._book.keys.items() if action.key in keys and id in self._book.people)
        if action.verb == "update":
            id = action.refs["document"].id
            stands = self._book.people.get(id)
            keyed = (id,) if stands and not differing(shows(BookSettings(book=""), action), stands) else ()
        return Found(ids=keyed) if keyed else Absent(as_of=datetime.now(UTC))

    async def verify(self, intents: Sequence[Intent]) -> Sequence[Statement | None]:
        return [None for _ in intents]

    async def ask(self, questions: Sequence[Question]) -> Sequence[tuple[Match, ...]]:
        self._called("ask")
        return [tuple(self._matches(question)) for question in questions]

    def _matches(self, question: Question) -> list[Match]:
        found = []
        for id, contact in self._book.people.items():
            keys, by = self._book.keys.get(id, set()), question.by
            says = {"id": id, "email": contact.party.email, "company_id": contact.party.company_id}
            says["tax_id"] = contact.party.tax_id
            matched = next((name for name in ("id", "company_id", "tax_id", "email") if by.get(name) == says[name]), "")
            matched = "key" if by.get("key") in keys else matched if says.get(matched) else ""
            key = by["key"] if matched == "key" else next(iter(sorted(keys)), "")
            if matched:
                found.append(Match(id=id, by=matched, key=key, label=contact.party.name, contact=contact))
        return found

    async def totals(self, since: date, until: date) -> AsyncIterator[Statement]:
        nothing: tuple[Statement, ...] = ()
        for statement in nothing:
            yield statement


def parse(_: BookSettings, record: Record) -> Document:
    """The payload is the contact itself."""
    try:
        return msgspec.json.decode(record.payload, type=Contact)
    except msgspec.DecodeError as error:
        raise invalid("payload.no_json", reason=error) from None


def render(_: BookSettings, action: Action) -> bytes:
    """The canonical bytes of the action."""
    return canonical.encode(action)


def shows(_: BookSettings, action: Action) -> Contact:
    """Names are cut here."""
    assert isinstance(action.subject, Contact)
    party = action.subject.party
    address = msgspec.structs.replace(party.address, name=party.name[:LONGEST_NAME])
    return Contact(party=msgspec.structs.replace(party, address=address), delivery=action.subject.delivery)


BOOK: Connector[BookSettings] = Connector(
    manifest=Manifest(
        id="toybook",
        names={"en": "Toy address book"},
        docs="tests",
        api_version="1",
        proof={"en": "toy"},
        settles_after=1,
        feeds={"contact": FeedManifest(kinds=("contact",), changes="listing", every=60)},
        writes={"contact": WriteManifest(key_strength="upsert", verbs=("create", "adopt", "update"))},
        limits=Limits(concurrent=1, batch=10),
    ),
    settings=BookSettings,
    open=BookSession,
    parse=parse,
    render=render,
    shows=shows,
)
