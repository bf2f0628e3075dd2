"""ABRA Flexi as Mostek sees it: the session with its capabilities, and the descriptor."""

from collections.abc import AsyncIterator, Sequence
from datetime import date
from functools import partial

import msgspec

from mostek.connectors.flexibee import fields, lookup, mapping
from mostek.connectors.flexibee.client import PAGE, Client, Row, Saved
from mostek.connectors.flexibee.draft import PROFILES
from mostek.connectors.flexibee.fields import BANK, CONTACT, DOCUMENT, DOCUMENT_TYPE, OURS
from mostek.connectors.flexibee.outcome import Piece, answers, card, finding, rejected, state
from mostek.connectors.flexibee.settings import FlexibeeSettings
from mostek.documents.problem import Problem
from mostek.sdk import effect, manifest, paging
from mostek.sdk.batch import each_alone, findings, held, in_turns, states_first
from mostek.sdk.capability import Connector, Context, Health
from mostek.sdk.effect import Finding, Found, Intent, Question, Result, Statement
from mostek.sdk.errors import understood
from mostek.sdk.field import utc
from mostek.sdk.items import alone
from mostek.sdk.record import Page, Record

MANIFEST = manifest.load(__package__)
ASKED_AT_ONCE = 40


class FlexibeeSession:
    """An opened connection to one company."""

    def __init__(self, settings: FlexibeeSettings, context: Context) -> None:
        self._settings = settings
        self._context = context
        self._client = Client(settings, context)
        self._kinds: dict[str, str] = {}

    async def close(self) -> None:
        """Let the connections go."""
        await self._client.close()

    async def check(self) -> Health:
        """Log in, read the document types, and try a write that is only validated (``dry-run``)."""
        rows, version, skew = await self._client.listing(DOCUMENT_TYPE)
        sample = msgspec.Raw(msgspec.json.encode({"kod": "MOSTEK-CHECK", "nazev": "Mostek"}))
        await self._client.save({CONTACT: [sample]}, dry_run=True)
        with understood():
            kinds = {fields.TYPE_KIND(row) for row in rows}
        problems = () if fields.CREDIT_NOTE in kinds else (Problem(cause="flexibee.no_credit_type"),)
        rights, system = ("read", "write"), f"ABRA Flexi {self._settings.company}"
        return Health(system=system, version=version, rights=rights, problems=problems, clock_skew_seconds=skew)

    def read(self, feed: str, cursor: str, since: date | None) -> AsyncIterator[Page]:
        """Pages of the address book, what changed since the last pass; see :class:`mostek.sdk.paging.Keyset`."""
        return paging.follow(paging.Keyset(PAGE), cursor, since, self._context.zone, self._page)

    async def _page(self, at: paging.Cursor) -> paging.Listing:
        condition = f"lastUpdate gte '{utc(at.since)}' and id gt {at.page}"
        items, clock = await self._client.slices(CONTACT, condition=condition)
        return paging.Listing(
            items=[alone("contact", item, self._context.zone, fields.CARD) for item in items], pages=None, at=clock
        )

    async def get(self, feed: str, ids: Sequence[str]) -> tuple[Record, ...]:
        """These cards."""
        wanted = [id for id in dict.fromkeys(ids) if id.isascii() and id.isdigit()]
        items, _ = await self._client.slices(CONTACT, ids=wanted) if wanted else ((), None)
        return tuple(alone("contact", item, self._context.zone, fields.CARD).record for item in items)

    async def write(self, intents: Sequence[Intent]) -> Sequence[Result]:
        """Send in batches, in an order in which references resolve."""
        pieces = [Piece(place, intent) for place, intent in enumerate(intents)]
        send = partial(states_first, states=self._states, send=self._send)
        return await in_turns(pieces, lambda each: each.phase, MANIFEST.limits.batch, send, self._context.now())

    async def _send(self, pieces: Sequence[Piece]) -> dict[int, Result]:
        records: dict[str, list[msgspec.Raw]] = {}
        for piece in pieces:
            records.setdefault(piece.evidence, []).append(piece.envelope[piece.evidence])
        saved = await self._client.save(records)
        with understood():
            results = answers(pieces, saved)
        left = [piece for piece in pieces if piece.place not in results]
        return results | (await self._left(left, saved, alone=len(pieces) == 1) if left else {})

    async def _left(self, pieces: Sequence[Piece], saved: Saved, *, alone: bool) -> dict[int, Result]:
        """Records that the answer says nothing about: a refusal may have ended the batch, or named no record.

        What is there by our key is done. Of the others each is sent alone, to get an answer of its own; but no tie,
        since whether a second one would be refused is not documented.
        """

        async def look(piece: Piece) -> Result | None:
            with understood():
                rows = await self._rows(piece.evidence, [piece])
            return held(finding(*rows.values())) if rows else None

        async def again(piece: Piece) -> Result | None:
            if alone or piece.verb == "link":
                return rejected("", saved.message) if alone and saved.refused else None
            return (await self._send([piece]))[piece.place]

        silent = effect.Unknown(problem=Problem(cause="flexibee.silent", details={"reason": saved.message}))
        results = await each_alone(pieces, look, again, silent, self._context.now())
        return {piece.place: result for piece, result in zip(pieces, results, strict=True)}

    async def _states(self, pieces: Sequence[Piece]) -> dict[int, Found | Problem]:
        """Of changes, ties and payments: those that are there already, and those that what is there forbids."""
        cards = [piece for piece in pieces if piece.verb != "create" and piece.evidence == CONTACT]
        pieces = [piece for piece in pieces if piece.verb != "create" and piece.evidence != CONTACT]
        contacts = await self._indexed(CONTACT, [id for piece in cards for id in (piece.ids[0], piece.mark)])
        documents = await self._indexed(DOCUMENT, [id for piece in pieces for id in (*piece.addressed, piece.mark)])
        payments = await self._indexed(BANK, [piece.mark for piece in pieces if piece.evidence == BANK])
        states = [(piece.place, state(piece, payments | documents)) for piece in pieces]
        states += [(piece.place, card(piece, self._settings, contacts)) for piece in cards]
        return {place: found for place, found in states if found}

    async def find(self, intents: Sequence[Intent]) -> Sequence[Finding]:
        """Look by our key, then by what else identifies the effect."""
        pieces = [Piece(place, intent) for place, intent in enumerate(intents)]
        return await findings(pieces, self._found, self._context.now())

    async def _found(self, pieces: Sequence[Piece]) -> dict[int, Finding]:
        states = await self._states(pieces)
        found: dict[int, Finding] = {place: held for place, held in states.items() if isinstance(held, Found)}
        made = [piece for piece in pieces if piece.verb == "create"]
        for evidence in (CONTACT, DOCUMENT):
            found |= {place: finding(row) for place, row in (await self._rows(evidence, made)).items()}
        return found | await self._resembling([piece for piece in made if piece.place not in found])

    async def _resembling(self, pieces: Sequence[Piece]) -> dict[int, Finding]:
        """Documents and contacts without our key that are these all the same: all of them, one or more."""
        questions = [mapping.known_by(self._settings, piece.intent.action) for piece in pieces]
        found: dict[int, Finding] = {}
        for piece, question, matches in zip(pieces, questions, await self.ask(questions), strict=True):
            alike = [each for each in matches if mapping.resembles(each, piece.intent.action, self._settings)]
            if alike:
                number = alike[0].statement.number if alike[0].statement else question.by["code"]
                found[piece.place] = Found(ids=tuple(each.id for each in alike), number=number)
        return found

    async def verify(self, intents: Sequence[Intent]) -> Sequence[Statement | None]:
        """Read documents and payments back in bulk."""
        pieces = [Piece(place, intent) for place, intent in enumerate(intents)]
        found: dict[int, Statement] = {}
        with understood():
            for evidence in (DOCUMENT, BANK):
                rows = await self._rows(evidence, pieces)
                found |= dict(zip(rows, await self._stated(list(rows.values()), evidence), strict=True))
        return [found.get(place) for place in range(len(intents))]

    async def ask(self, questions: Sequence[Question]) -> Sequence[tuple[effect.Match, ...]]:
        """Look contacts, products and documents up, one call for some forty values; rates by the books' own list."""
        held: dict[str, list[tuple[Row, Statement | None]]] = {}
        with understood():
            for about, (evidence, _) in lookup.LOOKUPS.items():
                held[about] = await self._candidates(evidence, [each for each in questions if each.about == about])
            if any(question.about == "vat_rate" for question in questions):
                held["vat_rate"] = [(row, None) for row in (await self._client.listing(fields.VAT_RATE))[0]]
            answered = [[lookup.matched(question, *row) for row in held[question.about]] for question in questions]
        return [tuple(match for match in found if match) for found in answered]

    async def totals(self, since: date, until: date) -> AsyncIterator[Statement]:
        """Every issued document dated in these days, page by page."""
        condition = f"datVyst gte '{since.isoformat()}' and datVyst lte '{until.isoformat()}'"
        async for page in self._client.query(DOCUMENT, condition):
            with understood():
                stated = await self._stated(page)
            for statement in stated:
                yield statement

    async def _rows(self, evidence: str, pieces: Sequence[Piece]) -> dict[int, Row]:
        """The records of these intents by place: by our key, or by the id that the vendor gave them."""
        pieces = [piece for piece in pieces if piece.mark and piece.evidence == evidence]
        index = await self._indexed(evidence, [id for piece in pieces for id in (piece.mark, piece.intent.id)])
        rows = ((piece.place, index.get(piece.mark) or index.get(piece.intent.id)) for piece in pieces)
        return {place: row for place, row in rows if row is not None}

    async def _indexed(self, evidence: str, ids: Sequence[str]) -> dict[str, Row]:
        """Records by each of their identifiers."""
        return {code: row for row in await self._client.by_ids(evidence, ids) for code in fields.codes(row)}

    async def _candidates(self, evidence: str, asked: Sequence[Question]) -> list[tuple[Row, Statement | None]]:
        """The records that may answer one of these questions, and how documents stand."""
        keys = [f"{OURS}{question.by['key']}" for question in asked if question.by.get("key")]
        keys += [question.by["id"] for question in asked if question.by.get("id")]
        rows = {fields.ID(row): row for row in await self._client.by_ids(evidence, keys)}
        known = list(dict.fromkeys(found for question in asked for found in lookup.conditions(question)))
        for start in range(0, len(known), ASKED_AT_ONCE):
            async for page in self._client.query(evidence, f"({' or '.join(known[start : start + ASKED_AT_ONCE])})"):
                rows |= {fields.ID(row): row for row in page}
        stated = await self._stated(list(rows.values())) if evidence == DOCUMENT else [None] * len(rows)
        return list(zip(rows.values(), stated, strict=True))

    async def _stated(self, rows: Sequence[Row], evidence: str = DOCUMENT) -> list[Statement]:
        """The rows as statements: what kind each is, and which document a credit note corrects, read in bulk."""
        kinds = ["payment" if evidence == BANK else await self._kind(fields.TYPE(row)) for row in rows]
        tied = [mapping.credited(row) if kind == "credit_note" else "" for row, kind in zip(rows, kinds, strict=True)]
        originals = await self._indexed(DOCUMENT, [end for end in tied if end])
        named = {end: fields.found_key(row) or fields.ID(row) for end, row in originals.items()}
        return [
            mapping.statement(row, kind=kind, home=self._settings.home_currency, corrects=named.get(end, end))
            for row, kind, end in zip(rows, kinds, tied, strict=True)
        ]

    async def _kind(self, type_code: str) -> str:
        """The kind of a document by its type; the list of types is read once, and again for a type not on it."""
        if type_code not in self._kinds:
            self._kinds[type_code] = "other"
            for row in (await self._client.listing(DOCUMENT_TYPE))[0]:
                self._kinds |= dict.fromkeys(fields.codes(row), mapping.KINDS.get(fields.TYPE_KIND(row), "other"))
        return self._kinds[type_code]


connector = Connector(
    manifest=MANIFEST,
    settings=FlexibeeSettings,
    open=FlexibeeSession,
    render=mapping.render,
    parse=mapping.parse,
    expect=mapping.expect,
    shows=mapping.shows,
    profile=PROFILES["line"],
    messages=f"{__package__}.messages",
)
