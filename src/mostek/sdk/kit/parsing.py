"""Records to documents: pure, exact, without contradictions, and never an exception but the one that names a field."""

import json
from collections.abc import AsyncIterator, Iterable
from typing import Any

import msgspec

from mostek.documents import canonical
from mostek.documents.invoice import Invoice, contradictions
from mostek.documents.order import Order
from mostek.documents.party import Contact
from mostek.documents.problem import InvalidDocumentError
from mostek.sdk.kit.check import broken, checks, must, provable
from mostek.sdk.kit.hostile import spoilt
from mostek.sdk.kit.purity import no_floats, twice
from mostek.sdk.kit.room import Bench, Room, records
from mostek.sdk.record import Record

# Enough to meet what a shop sells and how; a pass of all would prove the same more slowly.
MOST = 120
# Constants that are no JSON: the decoder meets them before it knows of which field they are.
_NO_JSON = {"NaN", "Infinity", "-Infinity"}


async def _read(room: Room) -> AsyncIterator[tuple[Bench, Record]]:
    """Records of every kind, as many as MOST of each, and the setup's own samples."""
    async with room.bench() as bench:
        found = [record for feed in bench.feeds for record in records(await bench.passed(feed))]
    by_kind: dict[str, list[Record]] = {}
    for record in found:
        by_kind.setdefault(record.kind, []).append(record)
    provable(by_kind, "the sandbox holds no records")
    for some in [*by_kind.values(), list(bench.source.samples)]:
        for record in some[:MOST]:
            yield bench, record


def _parsed(bench: Bench, record: Record) -> Any:
    parse = bench.setup.connector.parse
    if parse is None:
        broken("a connector with feeds can parse")
    return parse(bench.settings, record)


async def sound_records_become_documents(room: Room) -> None:
    """Every record of a sound source can be read, as a document of its kind, number and total."""
    async for bench, record in _read(room):
        try:
            document = _parsed(bench, record)
        except InvalidDocumentError as error:
            broken("a sound record can be parsed", record=(record.kind, record.id), problems=error.problems)
        must(isinstance(document, Invoice | Order | Contact), "parse gives a document", document=document)
        if isinstance(document, Invoice):
            must(document.kind == record.kind, "the document is of its record's kind", record=record.id)
        if isinstance(document, Invoice | Order):
            must(document.number, "a document has its number", record=record.id)
            totals = (document.total, record.summary.total)
            must(totals[1] in {totals[0], None}, "record and document tell one total", record=record.id, totals=totals)


async def documents_do_not_contradict_themselves(room: Room) -> None:
    """Lines, VAT summary, rounding and total of a sound document agree to the cent."""
    invoices = 0
    async for bench, record in _read(room):
        document = _parsed(bench, record)
        if isinstance(document, Invoice):
            invoices += 1
            problems = contradictions(document)
            must(not problems, "every cent of a sound document is accounted for", record=record.id, problems=problems)
        if isinstance(document, Order):
            left = document.total.minor - document.rounding.minor - sum(line.gross.minor for line in document.lines)
            allowed = len(document.lines) if any(line.basis == "net" for line in document.lines) else 0
            must(abs(left) <= allowed, "no money of an order is left over", record=record.id, minor=left)
    provable(invoices or "invoice" not in room.setup.connector.manifest.feeds, "no invoice was parsed")


async def is_pure_and_the_same_everywhere(room: Room) -> None:
    """A replay needs neither the network nor this machine's clock, zone or precision."""
    async for bench, record in _read(room):
        twice(lambda bench=bench, record=record: canonical.encode(_parsed(bench, record)), "parse")  # type: ignore[misc]


async def credit_notes_are_positive(room: Room) -> None:
    """The kind carries the sign: what is given back stands as a positive amount."""
    seen = 0
    async for bench, record in _read(room):
        document = _parsed(bench, record)
        if isinstance(document, Invoice) and document.kind == "credit_note":
            seen += 1
            must(document.total.minor >= 0, "a credit note's total is positive", record=record.id, total=document.total)
            net = sum(row.net.minor for row in document.vat)
            must(net >= 0, "a credit note's VAT summary is positive", record=record.id, net=net)
    kinds = {kind for feed in room.setup.connector.manifest.feeds.values() for kind in feed.kinds}
    provable(seen or "credit_note" not in kinds, "the sandbox holds no credit note")


async def holds_no_float(room: Room) -> None:
    """No binary fraction anywhere in a document."""
    async for bench, record in _read(room):
        no_floats(_parsed(bench, record), f"{record.kind} {record.id}")


async def spelling_of_numbers_and_keys_does_not_matter(room: Room) -> None:
    """168.6 is 168.60, and the order of keys says nothing: the document is the same."""
    changed = 0
    async for bench, record in _read(room):
        again = _respelt(record.payload)
        if again is None or again == record.payload:
            continue
        changed += 1
        twin = _parsed(bench, msgspec.structs.replace(record, payload=again))
        must(twin == _parsed(bench, record), "another spelling of the same payload is the same", record=record.id)
    provable(changed, "no payload is JSON: a connector of another format needs samples in another spelling")


class _Number(str):
    __slots__ = ()


def _respelt(payload: bytes) -> bytes | None:
    """The payload with its keys backwards and its decimals a zero longer."""
    try:
        content = json.loads(payload, parse_float=_Number)
    except ValueError:
        return None
    return _spell(content).encode("utf-8", "surrogatepass")


def _spell(value: Any) -> str:
    if isinstance(value, _Number):
        return value if "e" in value.lower() else f"{value}0"
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(name)}:{_spell(value[name])}" for name in reversed(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_spell, value)) + "]"
    return json.dumps(value)


async def broken_records_name_their_field(room: Room) -> None:
    """Whatever is deleted, replaced, nested or cut: a document, or an error with a cause and the field."""
    chosen: dict[str, list[Record]] = {}
    async for bench, record in _read(room):
        chosen.setdefault(record.kind, []).append(record)
        opened = bench
    tried = 0
    for found in chosen.values():
        for record in _extremes(found):
            for deed, payload in spoilt(record.payload):
                tried += 1
                _survives(opened, msgspec.structs.replace(record, payload=payload), deed)
    provable(tried, "no payload could be broken")


def _extremes(found: list[Record]) -> Iterable[Record]:
    """The record that holds the most, and the one that holds the least."""
    by_size = sorted(found, key=lambda record: len(record.payload))
    return by_size[-1], by_size[0]


def _survives(bench: Bench, record: Record, deed: str) -> None:
    try:
        document = _parsed(bench, record)
    except InvalidDocumentError as error:
        for problem in error.problems:
            named = problem.field or problem.cause.startswith("payload.") or problem.details.get("value") in _NO_JSON
            must("." in problem.cause and named, "an error names cause and field", did=deed, problem=problem)
        return
    except Exception as error:  # noqa: BLE001 - whatever else comes out is what is looked for
        broken("parse raises only InvalidDocumentError", did=deed, record=(record.kind, record.id), raised=error)
    no_floats(document, deed)
    canonical.encode(document)


CHECKS = checks(
    "parse",
    "source",
    sound_records_become_documents,
    documents_do_not_contradict_themselves,
    is_pure_and_the_same_everywhere,
    credit_notes_are_positive,
    holds_no_float,
    spelling_of_numbers_and_keys_does_not_matter,
    broken_records_name_their_field,
)
