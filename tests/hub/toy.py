"""A toy pair of systems in memory: a shop whose payloads are our own documents, and books with every bad habit.

They let the hub be tested without any vendor. The books commit on their own time: an answer can be lost after the
commit, and a commit can come after the connection was cut.
"""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Annotated

import msgspec

from mostek.documents import canonical
from mostek.documents.booking import Profile, computed, fit
from mostek.documents.invoice import Invoice
from mostek.documents.money import Money
from mostek.documents.order import Order
from mostek.documents.party import Contact
from mostek.documents.payment import CreditLink, Payment
from mostek.documents.problem import Problem, invalid
from mostek.sdk.capability import Connector, Context, Document, Health
from mostek.sdk.effect import (
    Absent,
    Action,
    AlreadyThere,
    CannotTell,
    Done,
    Finding,
    Found,
    Intent,
    Match,
    Question,
    Rejected,
    Result,
    StatedRow,
    Statement,
)
from mostek.sdk.errors import NotReadyError
from mostek.sdk.manifest import FeedManifest, Limits, Manifest, MappingManifest, WriteManifest
from mostek.sdk.record import Page, Record, Summary
from mostek.sdk.settings import Settings, option
from tests.hub.papers import CZ21, DAY, credit_note, invoice, line, money, order
from tests.hub.shelf import Shelf

__all__ = ["CZ21", "DAY", "credit_note", "invoice", "line", "money", "order"]
PAGE = 20
Hook = Callable[[str, Sequence[Intent]], Awaitable[None]]
_DECODE = msgspec.json.Decoder(Invoice | Order)


class Crash(BaseException):
    """The process died here: nothing in it may catch this and go on."""


class ShopSettings(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which shop of this process it is, and a secret nobody may see."""

    shop: str
    password: Annotated[str, option("Password", "The password of the shop.", secret=True)] = "shop-secret"


class BooksSettings(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which books of this process they are."""

    books: str


@dataclass
class Shop:
    """A shop: documents by kind and id, in the order they last changed; ``stamp`` moves without any change.

    ``moved``: roots of records that no longer lie where their order says. ``numbers``: what summaries tell instead.
    ``killers``: ids whose parsing kills the process. ``away``: no call gets through. ``gate``: each page takes until
    it is open.
    """

    documents: dict[tuple[str, str], Document] = field(default_factory=dict)
    raw: dict[tuple[str, str], bytes] = field(default_factory=dict)
    reads: Counter[str] = field(default_factory=Counter)
    failures: deque[Exception] = field(default_factory=deque)
    moved: dict[tuple[str, str], str] = field(default_factory=dict)
    numbers: dict[tuple[str, str], str] = field(default_factory=dict)
    killers: set[str] = field(default_factory=set)
    away: bool = False
    gate: asyncio.Event | None = None
    stamp: int = 0

    def put(self, *documents: Document) -> None:
        """Add or change documents."""
        for document in documents:
            kind = document.kind if isinstance(document, Invoice) else "order"
            assert isinstance(document, Invoice | Order)
            self.documents.pop((kind, document.id), None)
            self.documents[kind, document.id] = document

    def record(self, kind: str, name: str) -> Record:
        """One record as the shop shows it."""
        document = self.documents[kind, name]
        assert isinstance(document, Invoice | Order)
        payload = self.raw.get((kind, name)) or msgspec.json.encode(document)
        order = document.order_number if isinstance(document, Invoice) else document.number
        number = document.number
        return Record(
            kind=kind,
            id=name,
            root=self.moved.get((kind, name)) or (f"order:{order}" if order else f"invoice:{number}"),
            payload=payload,
            fingerprint=canonical.digest(payload.decode("utf-8", "replace")),
            summary=Summary(number=self.numbers.get((kind, name), number), total=document.total),
        )


@dataclass
class Books(Shelf):
    """Books: entries by our key, documents as they stand, and faults that are used up one by one, a name per call.

    ``lost``: committed, the answer is cut. ``late``: cut, committed at :meth:`settle`. ``cut``: cut, never committed.
    ``unreachable``: nothing was sent. ``faults_of``: the same, for calls that hold such an action: ``payment``, or
    ``payment F1`` (see :func:`duty`, :func:`label`). ``findings``: how the next looks go: ``cannot`` tell, ``stale``
    index, ``down``. ``reject``: numbers that are refused; ``reject_duties``: duties that are. ``broken``: numbers on
    which the client itself fails; ``broken_asks``: values of questions on which it does. ``dead``: no call gets
    through. ``hook`` is awaited with the name of each call and its intents. ``frozen``: the bytes of what the hub does
    not know the fate of, by key. ``violations``: what never may be seen here.
    """

    entries: dict[str, tuple[str, Action]] = field(default_factory=dict)
    every: list[tuple[str, Action]] = field(default_factory=list)
    faults: deque[str] = field(default_factory=deque)
    faults_of: dict[str, deque[str]] = field(default_factory=dict)
    findings: deque[str] = field(default_factory=deque)
    late: list[Sequence[Intent]] = field(default_factory=list)
    foreign: dict[str, list[Match]] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    reject: set[str] = field(default_factory=set)
    reject_duties: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)
    broken_asks: set[str] = field(default_factory=set)
    wrong_totals: set[str] = field(default_factory=set)
    frozen: dict[str, bytes] = field(default_factory=dict)
    hook: Hook | None = None
    dead: bool = False
    idempotent: bool = True

    async def called(self, name: str, intents: Sequence[Intent] = ()) -> None:
        """Count a call, and let a test step in."""
        self.calls[name] += 1
        if self.hook:
            await self.hook(name, intents)
        if self.dead:
            raise NotReadyError(Problem(cause="system.unreachable"), sent=False)

    def fault(self, intents: Sequence[Intent]) -> str:
        """The fault that this call meets, if any."""
        for intent in intents:
            for name in (f"{duty(intent.action)} {label(intent.action)}", duty(intent.action)):
                if self.faults_of.get(name):
                    return self.faults_of[name].popleft()
        return self.faults.popleft() if self.faults else ""

    def settle(self) -> None:
        """Now the vendor commits what he had taken in before the line was cut."""
        for intents in self.late:
            for intent in intents:
                self.book(intent)
        self.late.clear()

    def book(self, intent: Intent) -> Result:
        """Enter one action; without idempotency a second one is a second entry."""
        action = intent.action
        if getattr(action.subject, "number", "") in self.reject or duty(action) in self.reject_duties:
            return Rejected(problem=Problem(cause="toy.refused"), words="not today")
        if action.key in self.entries and self.idempotent and self.has(*self.entries[action.key]):
            return AlreadyThere(id=self.entries[action.key][0])
        refused = self.change(action, expect(BooksSettings(books=""), action))
        if refused:
            return refused
        if any(name not in self.entries for name in action.needs):
            self.violations.append(f"{action.kind} {action.verb} before what it needs")
        name = f"T{len(self.every) + 1}"
        if action.verb == "create" and isinstance(action.subject, Invoice):
            stands = expect(BooksSettings(books=""), action)
            assert stands
            self.put(name, stands)
        self.every.append((name, action))
        self.entries[action.key] = (name, action)
        name = action.refs["document"].id if action.verb == "adopt" else name
        return Done(id=name, number=getattr(action.subject, "number", ""))

    def count(self, verb: str = "create", kind: str | None = None) -> int:
        """How many entries of a verb and kind there are, doubles included."""
        return sum(action.verb == verb and kind in {None, action.kind} for _, action in self.every)

    def has(self, name: str, action: Action) -> bool:
        """Whether what an action made is still here: a person may have deleted the document."""
        return not (action.verb == "create" and isinstance(action.subject, Invoice)) or name in self.standing

    @property
    def doubles(self) -> list[str]:
        """Keys that were entered more than once."""
        return [key for key, times in Counter(action.key for _, action in self.every).items() if times > 1]

    def holds(self, number: str) -> bool:
        """Whether a document of this number was entered by us."""
        return any(
            action.verb == "create" and getattr(action.subject, "number", "") == number for _, action in self.every
        )


def duty(action: Action) -> str:
    """What kind of effect it is: ``contact``, ``invoice``, ``credit_note``, ``receipt``, ``link`` or ``payment``."""
    return "link" if action.verb == "link" else action.kind


def label(action: Action) -> str:
    """Whose effect it is: the number of the document, or the buyer's e-mail."""
    match action.subject:
        case Contact():
            return action.subject.party.email
        case Payment():
            return action.subject.document
        case Invoice() | CreditLink():
            return action.subject.number


SHOPS: dict[str, Shop] = {}
BOOKS: dict[str, Books] = {}


class ShopSession:
    """The shop's client."""

    def __init__(self, settings: ShopSettings, context: Context) -> None:
        self._shop = SHOPS[settings.shop]
        self._context = context

    async def check(self) -> Health:
        return Health(system="Toy shop")

    async def close(self) -> None:
        return None

    async def read(self, feed: str, cursor: str, since: date | None) -> AsyncIterator[Page]:
        kinds = SHOP.manifest.feeds[feed].kinds
        names = [key for key in self._shop.documents if key[0] in kinds]
        start = int(cursor or 0)
        while True:
            self._shop.reads[feed] += 1
            if self._shop.gate:
                await self._shop.gate.wait()
            if self._shop.away:
                raise NotReadyError(Problem(cause="system.unreachable"), sent=False)
            if self._shop.failures:
                raise self._shop.failures.popleft()
            picked = names[start : start + PAGE]
            start += PAGE
            more = start < len(names)
            yield Page(
                records=tuple(self._shop.record(*key) for key in picked),
                cursor=str(start) if more else "",
                more=more,
                watermark=None if more else datetime.now(UTC),
            )
            if not more:
                return

    async def get(self, feed: str, ids: Sequence[str]) -> tuple[Record, ...]:
        self._shop.reads[f"get {feed}"] += 1
        if self._shop.away:
            raise NotReadyError(Problem(cause="system.unreachable"), sent=False)
        kinds = SHOP.manifest.feeds[feed].kinds
        keys = [(kind, name) for kind in kinds for name in ids]
        return tuple(self._shop.record(*key) for key in keys if key in self._shop.documents)


class BooksSession:
    """The books' client."""

    def __init__(self, settings: BooksSettings, context: Context) -> None:
        self._books = BOOKS[settings.books]
        self._context = context

    async def check(self) -> Health:
        return Health(system="Toy books")

    async def close(self) -> None:
        return None

    async def write(self, intents: Sequence[Intent]) -> Sequence[Result]:
        books = self._books
        await books.called("write", intents)
        fault = books.fault(intents)
        problem = Problem(cause="system.no_answer")
        if fault == "unreachable":
            raise NotReadyError(Problem(cause="system.unreachable"), sent=False)
        for intent in intents:
            if books.frozen.setdefault(intent.action.key, intent.payload) != intent.payload:
                books.violations.append(f"{label(intent.action)}: other bytes than those whose fate is unknown")
        if any(getattr(intent.action.subject, "number", "") in books.broken for intent in intents):
            raise RuntimeError("the client itself fails")
        if fault == "late":
            books.late.append(intents)
            raise NotReadyError(problem, sent=True)
        if fault == "cut":
            raise NotReadyError(problem, sent=True)
        results = [books.book(intent) for intent in intents]
        if books.hook:
            await books.hook("written", intents)
        if fault == "lost":
            raise NotReadyError(problem, sent=True)
        for intent in intents:
            del books.frozen[intent.action.key]
        return results

    async def find(self, intents: Sequence[Intent]) -> Sequence[Finding]:
        await self._books.called("find", intents)
        answer = self._books.findings.popleft() if self._books.findings else ""
        if answer == "down":
            raise NotReadyError(Problem(cause="system.unreachable"), sent=False)
        return [self._finding(intent.action.key, answer) for intent in intents]

    def _finding(self, key: str, answer: str) -> Finding:
        if answer == "cannot":
            return CannotTell(problem=Problem(cause="system.busy"))
        if answer == "stale":
            return Absent(as_of=datetime.now(UTC) - timedelta(days=1))
        ids = tuple(name for name, action in self._books.every if action.key == key and self._books.has(name, action))
        return Found(ids=ids) if ids else Absent(as_of=datetime.now(UTC))

    async def verify(self, intents: Sequence[Intent]) -> Sequence[Statement | None]:
        await self._books.called("verify", intents)
        return [self._statement(intent.action) for intent in intents]

    def _statement(self, action: Action) -> Statement | None:
        stands = next((found for found in self._books.standing.values() if found.key == action.key), None)
        if stands and stands.number in self._books.wrong_totals:
            return msgspec.structs.replace(stands, total=stands.total + Money(1, stands.total.currency))
        return stands

    async def ask(self, questions: Sequence[Question]) -> Sequence[tuple[Match, ...]]:
        await self._books.called("ask")
        if any(value in self._books.broken_asks for question in questions for value in question.by.values()):
            raise RuntimeError("the client itself fails")
        return [self._answer(question) for question in questions]

    def _answer(self, question: Question) -> tuple[Match, ...]:
        key = question.by.get("key", "")
        ours = [Match(id=self._books.entries[key][0], by="key", key=key)] if key in self._books.entries else []
        if question.about == "document":
            ours = [
                Match(id=stands.id, by=by, key=stands.key, label=stands.number, statement=stands)
                for stands in self._books.standing.values()
                if (by := _matched_by(question.by, stands))
            ]
        if question.about == "contact":
            ours = [
                Match(id=name, by=by, key=action.key, contact=action.subject)
                for name, action in self._books.every
                if isinstance(action.subject, Contact)
                and (by := _known_by(question.by, name, action.key, action.subject.party.email))
            ]
        foreign = [match for value in question.by.values() for match in self._books.foreign.get(value, ())]
        return (*ours, *foreign)

    async def totals(self, since: date, until: date) -> AsyncIterator[Statement]:
        for statement in list(self._books.standing.values()):
            if since <= statement.issued <= until:
                yield statement


def _known_by(by: Mapping[str, str], name: str, key: str, email: str) -> str:
    has = {"id": name, "key": key, "email": email}
    return next((what for what, value in by.items() if value and has.get(what) == value), "")


def _matched_by(by: Mapping[str, str], stands: Statement) -> str:
    has = {"key": stands.key, "number": stands.number, "order": stands.reference, "symbol": stands.symbol}
    return next((name for name, value in by.items() if value and has.get(name) == value), "")


def parse(settings: ShopSettings, record: Record) -> Document:
    """The payload is the document itself."""
    if settings.shop in SHOPS and record.id in SHOPS[settings.shop].killers:
        raise Crash(record.id)
    try:
        document: Invoice | Order = _DECODE.decode(record.payload)
    except msgspec.DecodeError as error:
        raise invalid("payload.no_json", reason=error) from None
    return document


def render(_: BooksSettings, action: Action) -> bytes:
    """The canonical bytes of the action; a number of more than thirty characters has no place in these books."""
    if len(getattr(action.subject, "number", "")) > LONGEST_NUMBER:
        raise invalid("toy.too_long", "number")
    if isinstance(action.subject, Invoice):
        fit(action.subject, PROFILE)
    return canonical.encode(action)


def expect(_: BooksSettings, action: Action) -> Statement | None:
    """What the books show for a document."""
    document = action.subject
    if not isinstance(document, Invoice) or action.verb == "cancel":
        return None
    rows = computed(fit(document, PROFILE).lines)
    return Statement(
        key=action.refs["document"].key if action.verb == "update" else action.key,
        id="",
        number=document.number,
        kind=document.kind,
        reference=document.order_number or "",
        symbol=document.variable_symbol,
        unpaid=document.total,
        total=document.total,
        rows=tuple(StatedRow(bucket=str(row.code), net=row.net, tax=row.tax, gross=row.gross) for row in rows),
        issued=document.issued,
        supplied=document.supplied,
    )


PROFILE = Profile(line_sums=True)
LONGEST_NUMBER = 30
SHOP: Connector[ShopSettings] = Connector(
    manifest=Manifest(
        id="toyshop",
        names={"en": "Toy shop"},
        docs="tests",
        api_version="1",
        proof={"en": "toy"},
        feeds={
            "order": FeedManifest(kinds=("order",), changes="listing", every=60),
            "invoice": FeedManifest(kinds=("invoice", "credit_note", "receipt"), changes="listing", every=60),
        },
    ),
    settings=ShopSettings,
    open=ShopSession,
    parse=parse,
)
BOOKS_CONNECTOR: Connector[BooksSettings] = Connector(
    manifest=Manifest(
        id="toybooks",
        names={"en": "Toy books"},
        docs="tests",
        api_version="1",
        proof={"en": "toy"},
        settles_after=1,
        writes={
            "contact": WriteManifest(key_strength="upsert", verbs=("create",)),
            "invoice": WriteManifest(key_strength="upsert", verbs=("create", "adopt", "update", "cancel")),
            "credit_note": WriteManifest(key_strength="upsert", verbs=("create", "adopt", "update", "cancel", "link")),
            "receipt": WriteManifest(key_strength="upsert", verbs=("create", "adopt", "update", "cancel")),
            "payment": WriteManifest(key_strength="upsert", verbs=("settle",)),
        },
        limits=Limits(concurrent=1, batch=10),
        mappings={
            "document_type": MappingManifest(
                by="kind", required=True, default={"invoice": "F", "credit_note": "D", "receipt": "U"}
            ),
            "payment_form": MappingManifest(by="payment", required=False),
        },
    ),
    settings=BooksSettings,
    open=BooksSession,
    render=render,
    expect=expect,
    profile=PROFILE,
)
