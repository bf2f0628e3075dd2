"""Commands on what is in the target already: first sync, adopting, accepting, reading back, closed books."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Literal

import msgspec

from mostek.commands.connecting import number_of
from mostek.commands.flowing import PreviewedRecord, loaded, planned_cases, previewed, row_of
from mostek.commands.mending import Mended, named
from mostek.core.keys import duty_key
from mostek.core.policy import Versions
from mostek.desk.installation import Installation
from mostek.documents.invoice import Invoice
from mostek.documents.money import Money
from mostek.documents.problem import invalid
from mostek.hub.engine import Flow
from mostek.hub.ledger import Transaction, actions, catalog
from mostek.hub.ledger.dialect import Row
from mostek.sdk.effect import Action, Intent, Statement

# Of what these say there is one, so that it need not be named.
_CHOSEN = frozenset({"document.exists", "contact.exists"})
Fate = Literal["create", "adopt", "ask", "wait", "leave", "change"]


class FirstSync(msgspec.Struct, kw_only=True):
    """The difference of both sides before anything is written; ``accept`` ties what is the same, and goes live."""

    slug: str
    accept: bool = False
    person: str = "command line"


class Adopt(msgspec.Struct, kw_only=True):
    """Tie parked records to the documents that were found for them; ``target_id`` names it where there are several."""

    records: tuple[int, ...]
    target_id: str = ""
    person: str = "command line"


class Accept(msgspec.Struct, kw_only=True):
    """What stands in the target is right: take it as it is, also against what the source says now."""

    records: tuple[int, ...]
    person: str = "command line"


class Close(msgspec.Struct, kw_only=True):
    """Nothing dated up to this day is written into these books, changed or cancelled there; None opens them."""

    slug: str
    until: date | None


class Verify(msgspec.Struct, kw_only=True):
    """Read back now what was written into a target, as it is done every day."""

    slug: str


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """What would happen with one document, or what only the target has (``fate`` left, without a ``kind``)."""

    fate: Fate
    kind: str
    number: str
    total: Money | None
    cause: str = ""
    target: str = ""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """What a first sync found: ``counts`` by fate and by cause, each document, and how many only the target has."""

    slug: str
    state: str
    counts: Mapping[str, int]
    causes: Mapping[str, int]
    lines: tuple[Line, ...]
    only_in_target: int


class Closed(msgspec.Struct, frozen=True, kw_only=True):
    """Up to which day the books of a target are closed."""

    slug: str
    until: date | None


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """How many documents are being read back."""

    slug: str
    documents: int


async def first_sync(hub: Installation, request: FirstSync) -> Difference:
    """Plan everything that is not done as if what is the same were taken over; write only when accepted."""
    flow = await loaded(hub, request.slug)
    same = msgspec.structs.replace
    dated = tuple(same(each, policy=same(each.policy, adopt="same")) for each in flow.versions.dated)
    adopting = Flow(row=flow.row, versions=Versions(dated), target=flow.target)
    lines: list[Line] = []
    ties: dict[str, str] = {}
    days: list[date] = []
    async for planned in planned_cases(hub, adopting):
        for place, decision in enumerate(planned.decisions):
            shown = previewed(planned, place)
            lines.append(_line(shown))
            ties |= {action.key: shown.target for action in decision.actions if action.verb == "adopt"}
        days += [entry.document.issued for entry in planned.case.entries if isinstance(entry.document, Invoice)]
    only = await _only_in_target(hub, flow, set(ties.values()), days)
    if request.accept:
        await hub.ledger.write(_accept_first_sync, flow, ties, request.person)
    return Difference(
        slug=request.slug,
        state=(await row_of(hub, request.slug)).state,
        counts=dict(sorted(Counter(line.fate for line in lines).items())),
        causes=dict(sorted(Counter(line.cause for line in lines if line.cause).items())),
        lines=tuple(lines),
        only_in_target=only,
    )


async def adopt(hub: Installation, request: Adopt) -> Mended:
    """Tie them; the next run writes our key into the documents. One with several candidates needs ``target_id``."""
    if request.target_id and len(request.records) != 1:
        raise invalid("adopt.one_record", "records")
    rows = await hub.ledger.read(Transaction.rows, "duties_of_records", records=list(request.records))
    ties: dict[str, str] = {}
    tied: set[int] = set()
    passages: set[int] = set()
    for row in rows:
        found = msgspec.json.decode(row["problem"]).get("details", {}).get("ids", "").split()
        chosen = request.target_id or (found[0] if len(found) == 1 and row["cause"] in _CHOSEN else "")
        if chosen:
            ties[_key(row)] = chosen
            tied.add(row["id"])
            passages.add(row["passage"])
    if ties:
        await hub.ledger.write(_tie, ties, request.person, passages)
    untouched = tuple(sorted(set(request.records) - tied))
    return await named(hub, Mended(records=tuple(sorted(tied)), untouched=untouched))


async def accept(hub: Installation, request: Accept) -> Mended:
    """Read how the documents stand and take that as what is meant; later changes of these in the source will ask."""
    rows = await hub.ledger.read(Transaction.rows, "standing_of_records", records=list(request.records))
    accepted: list[dict[str, object]] = []
    for endpoint in sorted({row["endpoint"] for row in rows}):
        own = [row for row in rows if row["endpoint"] == endpoint]
        opened = await hub.connections.get(endpoint)
        found = await opened.writes.verify([_intent(row) for row in own])
        accepted += [_accepted(row, statement) for row, statement in zip(own, found, strict=True) if statement]
    done = await hub.ledger.write(_accept, accepted, request.person) if accepted else set()
    untouched = tuple(sorted(set(request.records) - done))
    return await named(hub, Mended(records=tuple(sorted(done)), untouched=untouched))


async def close(hub: Installation, request: Close) -> Closed:
    """Move the day up to which a target's books are closed; what waited for them is planned again."""
    number = await number_of(hub, request.slug)
    if not (await hub.connections.get(number)).connector.manifest.writes:
        raise invalid("connection.no_target", "target", slug=request.slug)
    await hub.ledger.write(close_books, number, request)
    return Closed(slug=request.slug, until=request.until)


async def verify(hub: Installation, request: Verify) -> Reading:
    """Have the next run read everything back that was written there."""
    number = await number_of(hub, request.slug)
    rows = await hub.ledger.write(Transaction.rows, "recheck_now", connection=number)
    return Reading(slug=request.slug, documents=len(rows))


def _line(shown: PreviewedRecord) -> Line:
    verbs = [action.verb for action in shown.actions]
    acting: Fate = "adopt" if "adopt" in verbs else "create" if "create" in verbs else "change"
    fates: Mapping[str, Fate] = {"act": acting, "agree": "leave", "park": "ask", "wait": "wait", "exclude": "leave"}
    return Line(
        fate=fates[shown.verdict],
        kind=shown.kind,
        number=shown.number or shown.id,
        total=shown.total,
        cause=shown.problems[0].cause if shown.problems else "",
        target=shown.target or next((p.details["ids"] for p in shown.problems if "ids" in p.details), ""),
    )


async def _only_in_target(hub: Installation, flow: Flow, tied: set[str], days: Sequence[date]) -> int:
    """How many documents of these days are in the target, and neither ours nor to be taken over."""
    if not days:
        return 0
    target = await hub.connections.get(flow.row.target)
    found = 0
    async for statement in target.writes.totals(min(days), max(days)):
        found += not statement.key and statement.id not in tied
    return found


def _accept_first_sync(tx: Transaction, flow: Flow, ties: Mapping[str, str], person: str) -> None:
    _put_ties(tx, ties, person)
    catalog.go_live(tx, flow.row)


def _tie(tx: Transaction, ties: Mapping[str, str], person: str, passages: set[int]) -> None:
    _put_ties(tx, ties, person)
    tx.run("revise_passages", passages=sorted(passages))


def _put_ties(tx: Transaction, ties: Mapping[str, str], person: str) -> None:
    rows = [{"key": key, "workspace": catalog.WORKSPACE, "target_id": id} for key, id in ties.items()]
    tx.run("put_adoptions", adoptions=rows, person=person)


def _key(row: Row) -> str:
    return duty_key(
        source=row["source"],
        kind=row["kind"],
        source_id=row["source_id"],
        role="book",
        duty=row["kind"],
        target=row["target"],
    )


def _intent(row: Row) -> Intent:
    action = msgspec.json.decode(row["body"], type=Action)
    return Intent.of(action, row["payload"].encode(), row["target_id"] or "")


def _accepted(row: Row, statement: Statement) -> dict[str, object]:
    return {"key": row["key"], "expected": msgspec.json.encode(statement).decode(), "version": row["version"]}


def _accept(tx: Transaction, accepted: list[dict[str, object]], person: str) -> set[int]:
    rows = tx.rows("accept_standing", accepted=accepted, person=person)
    actions.follow(tx, rows)
    tx.run("revise_passages", passages=sorted({row["passage"] for row in rows}))
    return {int(row["record"]) for row in rows}


def close_books(tx: Transaction, number: int, request: Close) -> None:
    tx.run("close_books", connection=number, until=request.until.isoformat() if request.until else None)
    tx.run("wake", keys=[f"closed:{request.slug}"])
    tx.run("revise_closed", connection=number)
