"""The toy's session and descriptor. Its small methods are what the broken toys replace."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any

import msgspec

from mostek.documents.canonical import digest
from mostek.documents.money import Money
from mostek.documents.party import compact_id
from mostek.documents.problem import InvalidDocumentError, Problem
from mostek.sdk import errors, paging
from mostek.sdk.batch import findings, in_batches
from mostek.sdk.capability import Connector, Context, Health
from mostek.sdk.effect import AlreadyThere, Done, Finding, Found, Intent, Match, Question, Rejected, Result, Statement
from mostek.sdk.errors import BadResponseError, understood
from mostek.sdk.field import parse_json, utc
from mostek.sdk.manifest import load
from mostek.sdk.record import Page, Record, Summary
from mostek.sdk.slices import slices
from tests.sdk.kit.toy import fields, mapping
from tests.sdk.kit.toy.client import Client, Row
from tests.sdk.kit.toy.settings import ToySettings

MANIFEST = load("tests.sdk.kit.toy")
VOLATILE = {"changed"}
DOCUMENTS = {"invoice", "receipt", "credit_note"}


class ToySession:
    """An opened toy."""

    client: type[Client] = Client
    law: type[paging.Changes] = paging.Changes
    batch = MANIFEST.limits.batch

    def __init__(self, settings: ToySettings, context: Context) -> None:
        self._context = context
        self._client = self.client(settings, context)

    async def check(self) -> Health:
        """Who is there."""
        await self._client.status()
        return Health(system="Toy")

    async def close(self) -> None:
        """Let the connections go."""
        await self._client.http.close()

    # reading

    async def read(self, feed: str, cursor: str, since: date | None) -> AsyncIterator[Page]:
        """Pages by the time of change."""
        law = self.law()
        start = datetime.combine(since or date(2000, 1, 1), time.min, UTC)
        at, more = paging.load(cursor) if cursor else law.first(start), True
        while more:
            items, pages = self.taken(await self._client.page(feed, utc(at.since), at.page))
            records = tuple(self.record(feed, payload) for payload in items)
            times = [_lenient(fields.CHANGED, payload) for payload in items]
            sheet = paging.Sheet(ids=[record.id for record in records], times=times, pages=pages, at=datetime.now(UTC))
            step = law.after(at, sheet)
            at, more = step.cursor, step.more
            yield Page(records=records, cursor=paging.dump(at), more=more, watermark=step.watermark)

    async def get(self, feed: str, ids: Sequence[str]) -> tuple[Record, ...]:
        """Records by number."""
        wanted = [id for id in dict.fromkeys(ids) if id]
        items, _ = self.taken(await self._client.some(feed, wanted)) if wanted else ((), 0)
        return tuple(self.record(feed, payload) for payload in items)

    def taken(self, body: bytes) -> tuple[tuple[bytes, ...], int | None]:
        """The items of a page, each as its own bytes."""
        found = slices(body, "items")
        if found is None or found.items is None:
            raise BadResponseError(Problem(cause="toy.unreadable"), sent=True)
        return found.items, int(fields.PAGES(found.fields))

    def record(self, feed: str, payload: bytes) -> Record:
        """One item, read leniently."""
        content = _content(payload)
        kept = {name: value for name, value in content.items() if name not in self.volatile()}
        try:
            fingerprint = digest(kept) if content else digest(repr(payload))
        except ValueError:
            fingerprint = digest(repr(payload))
        number = _lenient(fields.NUMBER, payload) or f"unread-{fingerprint}"
        total = _lenient(fields.TOTAL, payload)
        return Record(
            kind=_lenient(fields.KIND, payload) or ("order" if feed == "order" else "invoice"),
            id=number,
            root=f"order:{number}",
            payload=payload,
            fingerprint=fingerprint,
            summary=Summary(
                number=number,
                total=None if total is None else Money.rounded(abs(total), "CZK"),
                dated=_lenient(fields.DATED, payload),
            ),
        )

    def volatile(self) -> set[str]:
        """What moves on every touch."""
        return VOLATILE

    # writing

    async def write(self, intents: Sequence[Intent]) -> Sequence[Result]:
        """What is needed first is written first; results stand where their intents stood."""
        places = sorted(range(len(intents)), key=lambda place: self.phase(intents[place]))
        ordered = [intents[place] for place in places]
        results = await in_batches(ordered, self.batch, self.send, self._context.now())
        placed = dict(zip(places, results, strict=True))
        return [placed[place] for place in range(len(intents))]

    def phase(self, intent: Intent) -> int:
        """Its turn."""
        return {"create": 0, "adopt": 0, "link": 1, "update": 2, "settle": 3, "cancel": 4}[intent.action.verb]

    async def send(self, intents: Sequence[Intent]) -> list[Result]:
        """One batch."""
        known = await self._known([intent for intent in intents if intent.action.verb == "create"])
        left = [intent for intent in intents if intent.action.key not in known]
        rows = await self._client.write([msgspec.Raw(intent.payload) for intent in left]) if left else []
        if len(rows) != len(left):
            raise BadResponseError(Problem(cause="toy.unreadable"), sent=True)
        with understood():
            sent = {intent.action.key: self.result(row) for intent, row in zip(left, rows, strict=True)}
        return [sent.get(intent.action.key) or known[intent.action.key] for intent in intents]

    async def _known(self, intents: Sequence[Intent]) -> dict[str, Result]:
        """Those that are there by our key: the toy knows no upsert."""
        try:
            rows = await self._client.search([("key", intent.action.key) for intent in intents])
        except errors.VendorError as error:
            error.sent = False  # only a look
            raise
        with understood():
            return {fields.KEY(row): AlreadyThere(id=fields.ID(row)) for row in rows}

    def result(self, row: Row) -> Result:
        """What the toy says of one record."""
        words = fields.ERROR(row)
        if words:
            problem = Problem(cause="toy.refused", field=fields.WHERE(row), details={"words": words})
            return Rejected(problem=problem, words=words)
        return AlreadyThere(id=fields.ID(row)) if fields.THERE(row) else Done(id=fields.ID(row))

    async def find(self, intents: Sequence[Intent]) -> Sequence[Finding]:
        """By key, then by number."""
        return await findings(intents, self.look, self._context.now())

    async def look(self, intents: Sequence[Intent]) -> Mapping[int, Finding]:
        """What is there, by place."""
        rows = await self._client.search([hint for intent in intents for hint in self.hints(intent)])
        found: dict[int, Finding] = {}
        for place, intent in enumerate(intents):
            ids = tuple(fields.ID(row) for row in rows if self.fits(intent, row))
            if ids:
                found[place] = Found(ids=ids)
        return found

    def hints(self, intent: Intent) -> list[tuple[str, str]]:
        """What to look by."""
        action = intent.action
        if action.verb == "adopt":
            return [("key", action.key)]
        if action.verb != "create":
            return [("key", action.refs["document"].key)]
        number = getattr(action.subject, "number", "")
        return [("key", action.key), *([("number", number)] if number else [])]

    def fits(self, intent: Intent, row: Row) -> bool:
        """Whether an entry is this effect."""
        action = intent.action
        if action.verb == "link":
            same = fields.KEY(row) == action.refs["document"].key
            return same and fields.CREDITED(row) == action.refs["corrects"].key
        if action.verb == "adopt":
            return fields.KEY(row) == action.key
        if action.verb == "update":
            return action.key in fields.CHANGES(row)
        if action.verb == "cancel":
            return fields.KEY(row) == action.refs["document"].key and fields.CANCELLED(row)
        if action.verb == "settle":
            return fields.KEY(row) == action.refs["document"].key and not fields.UNPAID(row)
        number = getattr(action.subject, "number", "")
        by_number = bool(number) and fields.IDENTIFIERS["number"](fields.BODY(row)) == number
        return fields.KEY(row) == action.key or (not fields.KEY(row) and by_number)

    async def verify(self, intents: Sequence[Intent]) -> Sequence[Statement | None]:
        """Read entries back."""
        rows = await self._client.search([hint for intent in intents for hint in self.hints(intent)[:1]])
        with understood():
            stated = {fields.KEY(row): self.stated(row) for row in rows}
        return [stated.get(self.hints(intent)[0][1]) for intent in intents]

    def stated(self, row: Row) -> Statement:
        """An entry as a statement."""
        return mapping.statement(row)

    async def ask(self, questions: Sequence[Question]) -> Sequence[tuple[Match, ...]]:
        """Look entries up; a rate is asked for alone."""
        return [await self.answer(question) for question in questions]

    async def answer(self, question: Question) -> tuple[Match, ...]:
        """All matches of one question."""
        if question.about == "vat_rate":
            rows = await self._client.search([("rate", question.by["rate"])])
            return tuple(Match(id=fields.CODE(row), by="rate") for row in rows)
        where = [(name, self.normal(name, value)) for name, value in question.by.items() if _storable(value)]
        kinds = {"contact": {"contact"}, "product": {"product"}}.get(question.about, DOCUMENTS)
        rows = [row for row in await self._client.search(where) if fields.KIND(row) in kinds]
        return tuple(self.match(where, row) for row in rows)

    def normal(self, name: str, value: str) -> str:
        """A value as it is stored."""
        return value.strip().lower() if name == "email" else compact_id(value) if name.endswith("_id") else value

    def match(self, where: Sequence[tuple[str, str]], row: Row) -> Match:
        """An entry as an answer."""
        by = next(name for name, value in where if value == _identifiers(row)[name])
        paper = fields.KIND(row) in DOCUMENTS
        return Match(id=fields.ID(row), by=by, key=fields.KEY(row), statement=self.stated(row) if paper else None)

    async def totals(self, since: date, until: date) -> AsyncIterator[Statement]:
        """Everything of these days, ten at a time."""
        last: int | None = 0
        while last is not None:
            rows = await self._client.listed(since.isoformat(), until.isoformat(), last)
            for row in rows:
                yield self.stated(row)
            last = int(fields.ID(rows[-1])[1:]) if rows else None


def _identifiers(row: Row) -> dict[str, str]:
    found = {name: field(row) or field(fields.BODY(row)) for name, field in fields.IDENTIFIERS.items()}
    return {"key": fields.KEY(row), **found}


def _storable(value: str) -> bool:
    return bool(value) and "\x00" not in value and value.isprintable()


def _content(payload: bytes) -> dict[str, Any]:
    try:
        return parse_json(payload)
    except InvalidDocumentError:
        return {}


def _lenient(field: Any, payload: bytes) -> Any:
    try:
        return field(_content(payload))
    except InvalidDocumentError:
        return None


connector = Connector(
    manifest=MANIFEST,
    settings=ToySettings,
    open=ToySession,
    parse=mapping.parse,
    render=mapping.render,
    expect=mapping.expect,
    profile=mapping.PROFILE,
    messages="tests.sdk.kit.toy.messages",
)
