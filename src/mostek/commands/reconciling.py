"""Commands that hold the two sides of a flow against each other: the reconciliation, and the series of numbers."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import Any, get_args

import msgspec

from mostek.desk import progress, series
from mostek.desk.installation import Installation
from mostek.desk.reconciliation import Comparison, Difference, Entry, Result
from mostek.desk.tally import Line, Paper, Total, paper, summary
from mostek.documents.invoice import DocumentKind
from mostek.documents.money import Money
from mostek.documents.problem import invalid
from mostek.hub.connections import Opened
from mostek.hub.engine import Flow
from mostek.hub.ledger import Transaction, catalog
from mostek.hub.ledger.dialect import Row
from mostek.sdk.effect import Action, Intent, Statement
from mostek.sdk.record import Record

# Documents are asked for so many days around the period: one that was moved to another day is found there.
_AROUND = timedelta(days=10)
_PAGE = 4_000
_ABSENT = "absent"  # the fingerprint of what the source was asked for and has no longer
_DOCUMENTS = frozenset(get_args(DocumentKind))
_PLACES = {"done": "there", "alarm": "there", "sent": "perhaps", "unknown": "perhaps", "accepted": "perhaps"}


class Reconcile(msgspec.Struct, kw_only=True):
    """Compare both sides of a flow in the days from ``since`` to ``until``, inclusive.

    ``fresh``: the source is listed again too, and what it has or lacks is compared; nothing of it is stored.
    """

    slug: str
    since: date
    until: date
    fresh: bool = False


class Series(msgspec.Struct, kw_only=True):
    """Look at the numbers of both sides of a flow in these days: gaps, doubles and order."""

    slug: str
    since: date
    until: date


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Both sides of a flow in a period. They agree when nothing differs; what is ``told`` calls for nothing."""

    flow: str
    source: str
    target: str
    since: date
    until: date
    fresh: bool
    agree: bool
    differences: tuple[Difference, ...]
    told: tuple[Difference, ...]
    totals: tuple[Total, ...]
    lines: tuple[Line, ...]


class SeriesReport(msgspec.Struct, frozen=True, kw_only=True):
    """The series of both sides; ``explained`` when each gap, double and fall of a date has a reason."""

    flow: str
    source: str
    target: str
    since: date
    until: date
    explained: bool
    shop: tuple[series.Series, ...]
    books: tuple[series.Series, ...]


class _Paid(msgspec.Struct):
    amount: Money


class _Settled(msgspec.Struct):
    subject: _Paid


_SETTLED = msgspec.json.Decoder(_Settled)
_EXPECTED = msgspec.json.Decoder(Statement)


async def reconcile(hub: Installation, request: Reconcile) -> Report:
    """Ledger and target are read once, what seems wrong a second time: both may be at work meanwhile.

    Raises :class:`VendorError` when a side cannot be asked: half a comparison would be a wrong one.
    """
    sides = await _Sides.of(hub, request.slug)
    comparison = Comparison(request.since, request.until, sides.target.row.slug)
    async for entries in sides.entries(request.since - _AROUND, request.until + _AROUND):
        comparison.know(entries)
        progress.tell("ledger", len(entries))
    place = 0
    async for statement in sides.target.writes.totals(request.since - _AROUND, request.until + _AROUND):
        comparison.see(statement)
        place += 1
        if place % 500 == 0:  # a long listing leaves the loop to others
            progress.tell("books", place)
            await asyncio.sleep(0)
    progress.tell("comparing", place)
    await sides.place_strangers(comparison)
    await sides.look_again(comparison)
    if request.fresh:
        progress.tell("shop")
        await sides.list_source(comparison, request.since, request.until)
    found = comparison.result()
    await sides.note(request.since, request.until, found)
    return Report(
        flow=request.slug,
        source=sides.source.row.slug,
        target=sides.target.row.slug,
        since=request.since,
        until=request.until,
        fresh=request.fresh,
        agree=not found.differences,
        differences=found.differences,
        told=found.told,
        totals=found.totals,
        lines=found.lines,
    )


async def series_(hub: Installation, request: Series) -> SeriesReport:
    """Numbers of the shop as the ledger has them, and of the books as they list them, documents not ours included."""
    sides = await _Sides.of(hub, request.slug)
    shop, books = series.Numbers(), series.Numbers()
    after = 0
    while rows := await sides.rows("numbers_of_flow", after=after, since=request.since, until=request.until):
        after = rows[-1]["record"]
        for row in rows:
            if not row["absent"]:
                shop.add(row["number"], row["kind"], date.fromisoformat(row["dated"]), str(row["record"]))
        progress.tell("ledger", len(rows))
    async for stated in sides.target.writes.totals(request.since, request.until):
        if stated.number:
            books.add(stated.number, stated.kind, stated.issued, stated.id)
    found = {name: numbers.series() for name, numbers in (("shop", shop), ("books", books))}
    missing = sorted({number for each in found.values() for one in each for number in one.missing})
    reasons = {"shop": await sides.reasons_of_source(missing), "books": await sides.reasons_of_flow(missing)}
    explained = {name: tuple(one.explained(reasons[name]) for one in each) for name, each in found.items()}
    return SeriesReport(
        flow=request.slug,
        source=sides.source.row.slug,
        target=sides.target.row.slug,
        since=request.since,
        until=request.until,
        explained=all(one.is_explained for each in explained.values() for one in each),
        **explained,
    )


class _Sides:
    """The ledger of one flow with its two opened connections."""

    def __init__(self, hub: Installation, flow: Flow, source: Opened, target: Opened) -> None:
        self._hub, self._flow, self.source, self.target = hub, flow, source, target
        self._kinds = [kind for kind in flow.policy.kinds if kind in _DOCUMENTS]
        self._payments = flow.policy.payments != "none" and "payment" in flow.target.kinds
        self._named: dict[tuple[str, str], tuple[int, str]] = {}  # record and fingerprint by kind and id

    @classmethod
    async def of(cls, hub: Installation, slug: str) -> "_Sides":
        """Raises ``flow.unknown``, and ``flow.stopped`` where a connection cannot be opened."""
        flow = next((flow for flow in (await hub.engine.flows()).values() if flow.row.slug == slug), None)
        if flow is None:
            known = {row.slug for row in await hub.ledger.read(catalog.flows)}
            raise invalid("flow.stopped" if slug in known else "flow.unknown", "slug", slug=slug)
        source, target = await hub.connections.get(flow.row.source), await hub.connections.get(flow.row.target)
        return cls(hub, flow, source, target)

    async def rows(self, statement: str, *, after: int, since: date, until: date, **more: Any) -> list[Row]:
        """One page of the flow's records dated in these days."""
        days = {"since": since.isoformat(), "until": until.isoformat()}
        given = {"flow": self._flow.row.id, "kinds": self._kinds, "after": after, "limit": _PAGE, **days, **more}
        return await self._hub.ledger.read(Transaction.rows, statement, **given)

    async def entries(
        self, since: date, until: date, records: Sequence[int] | None = None
    ) -> AsyncIterator[Sequence[Entry]]:
        """What the ledger holds of these days, or of these records, a page at a time."""
        chosen = {"chosen": int(records is not None), "records": list(records or ())}
        after = 0
        while rows := await self.rows("reconciled_records", after=after, since=since, until=until, **chosen):
            after = rows[-1]["record"]
            found = sorted({row["record"] for row in rows})
            ledger, flow = self._hub.ledger, self._flow.row.id
            booked = await ledger.read(Transaction.rows, "booked_for_records", flow=flow, records=found)
            self._named |= {(row["kind"], row["source_id"]): (row["record"], row["fingerprint"]) for row in rows}
            yield list(self._entries(rows, booked))

    def _entries(self, rows: Iterable[Row], booked: Iterable[Row]) -> Iterator[Entry]:
        paid, tied = self._paid(booked)
        for record, group in groupby(rows, key=lambda row: row["record"]):
            made = [self._entry(row, paid.get(record, 0), record in tied) for row in group]
            standing = [entry for entry in made if not entry.withdrawn]
            # Issued again, a document has several keys; it counts once.
            current = next((entry for entry in standing if entry.place != "absent"), (standing or made)[-1])
            yield from (entry for entry in made if entry is current or entry.withdrawn)

    def _paid(self, booked: Iterable[Row]) -> tuple[dict[int, int | None], frozenset[int]]:
        """What was booked as paid by record, None where that is not known yet; and the records that are tied."""
        paid: dict[int, int | None] = {}
        tied = set()
        for row in booked:
            record, before = row["record"], paid.get(row["record"], 0)
            if row["verb"] == "link":
                tied.add(record)
            elif row["state"] != "done" or before is None:
                paid[record] = None
            else:
                paid[record] = before + _SETTLED.decode(row["body"]).subject.amount.minor
        return paid, frozenset(tied)

    def _entry(self, row: Row, paid: int | None, tied: bool) -> Entry:
        expected = self._expected(row)
        number = row["number"] or (expected.number if expected else "") or row["source_id"]
        changed = row["carried"] not in {None, 0, row["version"]} and row["state"] not in {"done", "excluded"}
        shop = Paper(
            kind=row["kind"],
            number=number,
            currency=row["currency"] or "",
            total=row["total"] or 0,
            day=date.fromisoformat(row["dated"]) if row["dated"] else None,
        )
        if expected:
            compared = self._payments and row["kind"] != "credit_note"
            expected = msgspec.structs.replace(
                expected,
                number=expected.number or row["target_number"] or "",
                corrects=expected.corrects if tied else "",
                paid=paid if compared else None,
            )
            # What a person accepted in the books is meant to stand there, and is not what the shop says.
            if not changed and (not row["hand"] or (shop.total, shop.currency) == (expected.total, expected.currency)):
                shop = msgspec.structs.replace(expected, kind=row["kind"], number=number)
        return Entry(
            record=row["record"],
            shop=shop,
            key=row["key"] or "",
            expected=expected,
            id=row["target_id"] or "",
            place=_PLACES.get(row["action_state"], "absent"),  # type: ignore[arg-type]
            state=row["state"],
            cause=row["cause"],
            problem=row["problem"],
            rule=row["rule"],
            hand=row["hand"] or "",
            withdrawn=bool(row["cancelled"]),
            changed=changed,
            gone=row["fingerprint"] == _ABSENT,
            alarmed=row["action_state"] == "alarm",
        )

    def _expected(self, row: Row) -> Paper | None:
        if row["expected"]:
            return paper(_EXPECTED.decode(row["expected"]))
        expect = self.target.connector.expect
        if not row["body"] or expect is None:
            return None
        stated = expect(self.target.settings, msgspec.json.decode(row["body"], type=Action))
        return paper(stated) if stated else None

    async def note(self, since: date, until: date, found: Result) -> None:
        """Keep how it went, for whoever closes the month."""
        await self._hub.ledger.write(
            Transaction.run,
            "put_reconciled",
            flow=self._flow.row.id,
            since=since.isoformat(),
            until=until.isoformat(),
            workspace=self._flow.row.workspace,
            differences=len(found.differences),
            told=len(found.told),
            body=msgspec.to_builtins(list(summary(found.lines))),
        )

    async def place_strangers(self, comparison: Comparison) -> None:
        """Keys of ours that stand in these days, and are of another day, another flow, or of no document."""
        for keys in _batches(comparison.strangers, _PAGE):
            found = await self._hub.ledger.read(
                Transaction.rows, "owners_of_keys", target=self._flow.row.target, keys=keys
            )
            own = [row for row in found if row["flow"] == self._flow.row.slug]
            records = [row["record"] for row in own if row["verb"] in {"create", "adopt"}]
            await self._know(comparison, records)
            comparison.own({row["key"]: row["flow"] for row in found if row not in own})
            comparison.own({row["key"]: "" for row in own if row["record"] not in records})

    async def look_again(self, comparison: Comparison) -> None:
        """Before an alarm is given, the ledger is read again for it, and the target asked for the very document."""
        records, _ = comparison.doubted()
        if not records:
            return
        await self._know(comparison, records)
        _, unseen = comparison.doubted()
        for keys in _batches(unseen, self.target.connector.manifest.limits.batch):
            rows = await self._hub.ledger.read(Transaction.rows, "intents_of_keys", keys=keys)
            intents = [
                Intent.of(
                    msgspec.json.decode(row["body"], type=Action), row["payload"].encode(), row["target_id"] or ""
                )
                for row in rows
            ]
            for row, found in zip(rows, await self.target.writes.verify(intents), strict=True):
                comparison.see_again(row["key"], found)

    async def _know(self, comparison: Comparison, records: Sequence[int]) -> None:
        for wanted in _batches(records, _PAGE):
            async for entries in self.entries(date.min, date.max, wanted):
                comparison.know(entries)

    async def list_source(self, comparison: Comparison, since: date, until: date) -> None:
        """List the source as it is now; what it did not list is asked for by its id before it counts as gone."""
        feeds = {
            kind: name
            for name, feed in self.source.connector.manifest.feeds.items()
            for kind in feed.kinds
            if kind in self._kinds
        }
        listed: dict[tuple[str, str], Record] = {}
        for feed in sorted(set(feeds.values())):
            async for page in self.source.reads.read(feed, "", since - _AROUND):
                listed |= {(each.kind, each.id): each for each in page.records if each.kind in self._kinds}
        lacking = [name for name, (_, print_) in self._named.items() if name not in listed and print_ != _ABSENT]
        for kind, feed in feeds.items():
            ids = [name for found, name in lacking if found == kind]
            listed |= {(each.kind, each.id): each for each in await self.source.reads.get(feed, ids) if ids}
        usage = msgspec.to_builtins(self.source.budget.usage)
        await self._hub.ledger.write(Transaction.run, "put_usage", connection=self.source.row.id, usage=usage)
        gone = {self._named[name][0] for name in lacking if name not in listed}
        comparison.know([msgspec.structs.replace(e, gone=True) for e in comparison.entries if e.record in gone])
        strange = [record for record in listed.values() if self._is_strange(record, since, until)]
        read = await self._read_since(strange)
        comparison.list_unread(dict(self._unread(record) for record in strange if record.fingerprint not in read))

    def _is_strange(self, record: Record, since: date, until: date) -> bool:
        """Whether the ledger lacks this record of the period, or had another version of it."""
        known, dated = self._named.get((record.kind, record.id)), record.summary.dated
        if dated is None or (known and known[1] == record.fingerprint):
            return False
        return bool(known) or since <= dated <= until

    async def _read_since(self, records: Sequence[Record]) -> frozenset[str]:
        """Fingerprints of those of these records that a run has stored meanwhile."""
        found: set[str] = set()
        for ids in _batches([record.id for record in records], _PAGE):
            rows = await self._hub.ledger.read(
                Transaction.rows, "fingerprints_of_source", source=self._flow.row.source, ids=ids
            )
            found |= {row["fingerprint"] for row in rows}
        return frozenset(found)

    def _unread(self, record: Record) -> tuple[str, Paper]:
        known, summary = self._named.get((record.kind, record.id)), record.summary
        return (
            f"record:{known[0]}" if known else record.id,
            Paper(
                kind=record.kind,
                number=summary.number or record.id,
                currency=summary.total.currency if summary.total else "",
                total=summary.total.minor if summary.total else 0,
                day=summary.dated,
            ),
        )

    async def reasons_of_source(self, numbers: Sequence[str]) -> Mapping[str, series.Reason]:
        """Why the shop's series lacks numbers: another kind's or another period's, or gone from the shop."""
        found: dict[str, series.Reason] = {}
        for wanted in _batches(numbers, _PAGE):
            rows = await self._hub.ledger.read(
                Transaction.rows, "numbers_of_source", source=self._flow.row.source, numbers=wanted
            )
            for row in rows:
                cause = "deleted" if row["absent"] else "elsewhere"
                reason = series.Reason(cause=cause, detail=row["dated"] or "", kind=row["kind"])
                found[row["number"] or row["source_id"]] = reason
        return found

    async def reasons_of_flow(self, numbers: Sequence[str]) -> Mapping[str, series.Reason]:
        """Why the books' series lacks numbers: what the ledger knows of the documents that have them in the shop."""
        found: dict[str, series.Reason] = {}
        for wanted in _batches(numbers, _PAGE):
            given = {"flow": self._flow.row.id, "kinds": self._kinds, "numbers": wanted}
            for row in await self._hub.ledger.read(Transaction.rows, "carried_numbers", **given):
                number = row["target_number"] or row["number"]
                place = _PLACES.get(row["action_state"], "absent")
                if place == "there":
                    found[number] = series.Reason(cause="gone", detail=row["dated"] or "", kind=row["kind"])
                else:
                    detail = row["rule"] or row["cause"]
                    found[number] = series.Reason(cause=row["state"], detail=detail, kind=row["kind"])
        return found


def _batches(values: Sequence[Any], size: int) -> Iterator[list[Any]]:
    return (list(values[start : start + size]) for start in range(0, len(values), size))
