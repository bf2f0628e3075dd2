"""A toy pair of systems in memory: a shop whose payloads are our own documents, and books with every bad habit.

They let the hub be tested without any vendor. The books commit on their own time: an answer can be lost after the
commit, and a commit can come after the connection was cut.
"""

from collections import Counter, deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Annotated

import msgspec

from mostek.documents import canonical
from mostek.documents.booking import Profile, computed, fit
from mostek.documents.invoice import Invoice, Method
from mostek.documents.lines import Line
from mostek.documents.money import Money
from mostek.documents.number import decimal
from mostek.documents.order import Order
from mostek.documents.party import Address, Party
from mostek.documents.problem import Problem, invalid
from mostek.documents.vat import VatCode, summed, tax_of
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
    StatedRow,
)
from mostek.sdk.errors import NotReadyError
from mostek.sdk.manifest import FeedManifest, Limits, Manifest, MappingManifest, WriteManifest
from mostek.sdk.record import Page, Record, Summary
from mostek.sdk.settings import Settings, option

PAGE = 20
DAY = date(2026, 5, 4)
CZ21 = VatCode("standard", Decimal(21), "CZ")
_DECODE = msgspec.json.Decoder(Invoice | Order)


class ShopSettings(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which shop of this process it is, and a secret nobody may see."""

    shop: str
    password: Annotated[str, option("Password", "The password of the shop.", secret=True)] = "shop-secret"


class BooksSettings(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which books of this process they are."""

    books: str


@dataclass
class Shop:
    """A shop: documents by kind and id, in the order they last changed; ``stamp`` moves without any change."""

    documents: dict[tuple[str, str], Document] = field(default_factory=dict)
    raw: dict[tuple[str, str], bytes] = field(default_factory=dict)
    reads: Counter[str] = field(default_factory=Counter)
    failures: deque[Exception] = field(default_factory=deque)
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
            root=f"order:{order}" if order else f"invoice:{number}",
            payload=payload,
            fingerprint=canonical.digest(payload.decode("utf-8", "replace")),
            summary=Summary(number=number, total=document.total),
        )


@dataclass
class Books:
    """Books: entries by our key, counted writes, and faults that are used up one by one, a name per call.

    ``lost``: committed, the answer is cut. ``late``: cut, committed at :meth:`settle`. ``cut``: cut, never committed.
    ``unreachable``: nothing was sent. ``reject``: each record is refused.
    """

    entries: dict[str, tuple[str, Action]] = field(default_factory=dict)
    every: list[tuple[str, Action]] = field(default_factory=list)
    faults: deque[str] = field(default_factory=deque)
    late: list[Sequence[Intent]] = field(default_factory=list)
    foreign: dict[str, list[Match]] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    reject: set[str] = field(default_factory=set)
    wrong_totals: set[str] = field(default_factory=set)
    idempotent: bool = True

    def settle(self) -> None:
        """Now the vendor commits what he had taken in before the line was cut."""
        for intents in self.late:
            for intent in intents:
                self.book(intent)
        self.late.clear()

    def book(self, intent: Intent) -> Result:
        """Enter one action; without idempotency a second one is a second entry."""
        action = intent.action
        if getattr(action.subject, "number", "") in self.reject:
            return Rejected(problem=Problem(cause="toy.refused"), words="not today")
        if action.key in self.entries and self.idempotent:
            return AlreadyThere(id=self.entries[action.key][0])
        for name in action.needs:
            assert name in self.entries, f"{action.kind} {action.verb} before what it needs"
        name = f"T{len(self.every) + 1}"
        self.every.append((name, action))
        self.entries[action.key] = (name, action)
        return Done(id=name, number=getattr(action.subject, "number", ""))

    def count(self, verb: str = "create", kind: str | None = None) -> int:
        """How many entries of a verb and kind there are, doubles included."""
        return sum(action.verb == verb and kind in {None, action.kind} for _, action in self.every)


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

    async def read(self, feed: str, cursor: str, since: date | None) -> AsyncIterator[Page]:  # noqa: ARG002
        kinds = SHOP.manifest.feeds[feed].kinds
        names = [key for key in self._shop.documents if key[0] in kinds]
        start = int(cursor or 0)
        while True:
            self._shop.reads[feed] += 1
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
        self._books.calls["write"] += 1
        fault = self._books.faults.popleft() if self._books.faults else ""
        problem = Problem(cause="system.no_answer")
        if fault == "unreachable":
            raise NotReadyError(Problem(cause="system.unreachable"), sent=False)
        if fault == "late":
            self._books.late.append(intents)
            raise NotReadyError(problem, sent=True)
        if fault == "cut":
            raise NotReadyError(problem, sent=True)
        results = [self._books.book(intent) for intent in intents]
        if fault == "lost":
            raise NotReadyError(problem, sent=True)
        return results

    async def find(self, intents: Sequence[Intent]) -> Sequence[Finding]:
        self._books.calls["find"] += 1
        return [self._finding(intent.action.key) for intent in intents]

    def _finding(self, key: str) -> Finding:
        ids = tuple(name for name, action in self._books.every if action.key == key)
        return Found(ids=ids) if ids else Absent(as_of=datetime.now(UTC))

    async def verify(self, intents: Sequence[Intent]) -> Sequence[Statement | None]:
        self._books.calls["verify"] += 1
        return [self._statement(intent.action) for intent in intents]

    def _statement(self, action: Action) -> Statement | None:
        if action.key not in self._books.entries:
            return None
        stands = expect(BooksSettings(books=""), self._books.entries[action.key][1])
        if stands and stands.number in self._books.wrong_totals:
            return msgspec.structs.replace(stands, total=stands.total + Money(1, stands.total.currency))
        return stands

    async def ask(self, questions: Sequence[Question]) -> Sequence[tuple[Match, ...]]:
        self._books.calls["ask"] += 1
        return [self._answer(question) for question in questions]

    def _answer(self, question: Question) -> tuple[Match, ...]:
        key = question.by.get("key", "")
        ours = [Match(id=self._books.entries[key][0], by="key", key=key)] if key in self._books.entries else []
        foreign = [match for value in question.by.values() for match in self._books.foreign.get(value, ())]
        return tuple([*ours, *foreign])

    async def totals(self, since: date, until: date) -> AsyncIterator[Statement]:
        for name, action in self._books.every:
            statement = expect(BooksSettings(books=""), action)
            if statement and since <= statement.issued <= until:
                yield msgspec.structs.replace(statement, id=name)


def parse(_: ShopSettings, record: Record) -> Document:
    """The payload is the document itself."""
    try:
        return _DECODE.decode(record.payload)
    except msgspec.DecodeError as error:
        raise invalid("payload.no_json", reason=error) from None


def render(_: BooksSettings, action: Action) -> bytes:
    """The canonical bytes of the action."""
    if isinstance(action.subject, Invoice):
        fit(action.subject, PROFILE)
    return canonical.encode(action)


def expect(_: BooksSettings, action: Action) -> Statement | None:
    """What the books show for a document."""
    document = action.subject
    if not isinstance(document, Invoice) or action.verb != "create":
        return None
    rows = computed(fit(document, PROFILE).lines)
    return Statement(
        key=action.key,
        id="",
        number=document.number,
        kind=document.kind,
        total=document.total,
        rows=tuple(StatedRow(bucket=str(row.code), net=row.net, tax=row.tax, gross=row.gross) for row in rows),
        issued=document.issued,
        supplied=document.supplied,
    )


PROFILE = Profile(line_sums=True)
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
            "invoice": WriteManifest(key_strength="upsert", verbs=("create",)),
            "credit_note": WriteManifest(key_strength="upsert", verbs=("create", "link")),
            "receipt": WriteManifest(key_strength="upsert", verbs=("create",)),
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


def money(amount: str, currency: str = "CZK") -> Money:
    """An amount from its text."""
    return Money.of(decimal(amount, "amount"), currency)


def line(gross: str, name: str = "Hrnek", code: str | None = None, number: int = 1) -> Line:
    """One line of one piece with 21 % VAT in its price."""
    amount = money(gross)
    tax = tax_of(amount, CZ21.rate, "gross")
    return Line(
        id=f"{number}",
        kind="goods",
        name=name,
        quantity=Decimal(1),
        unit="ks",
        unit_price=decimal(gross, "price"),
        basis="gross",
        vat=CZ21,
        net=amount - tax,
        tax=tax,
        gross=amount,
        code=code,
    )


def invoice(number: str, gross: str = "121", **changes: object) -> Invoice:
    """A paid invoice of one line to a private buyer."""
    lines = (line(gross),)
    plain = Invoice(
        kind="invoice",
        id=number,
        number=number,
        currency="CZK",
        seller_country="CZ",
        buyer=Party(address=Address(name="Jana Testová", country="CZ"), email=f"{number.lower()}@buyer.example"),
        lines=lines,
        vat=summed(item.row for item in lines),
        rounding=money("0"),
        total=money(gross),
        issued=DAY,
        supplied=DAY,
        due=DAY + timedelta(days=14),
        created=datetime(2026, 5, 4, 10, tzinfo=UTC),
    )
    return msgspec.structs.replace(plain, **changes)


def credit_note(number: str, corrects: str, gross: str = "121", **changes: object) -> Invoice:
    """A credit note of one line."""
    return invoice(number, gross, **{"kind": "credit_note", "corrects": corrects, **changes})


def order(number: str, **changes: object) -> Order:
    """An order of one line."""
    plain = Order(
        id=number,
        number=number,
        status="Vyřízena",
        currency="CZK",
        buyer=Party(address=Address(name="Jana Testová", country="CZ"), reference=f"C{number}"),
        lines=(line("121"),),
        rounding=money("0"),
        total=money("121"),
        created=datetime(2026, 5, 4, 9, tzinfo=UTC),
        changed=datetime(2026, 5, 4, 9, tzinfo=UTC),
        payment=Method("card", "Kartou"),
    )
    return msgspec.structs.replace(plain, **changes)
