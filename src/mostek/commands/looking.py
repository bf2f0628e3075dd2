"""Commands that only look: how everything stands, what needs a person, and the story of one document."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from mostek.commands import connecting
from mostek.desk.installation import Installation
from mostek.documents.money import Money
from mostek.documents.problem import Problem, invalid
from mostek.hub import place, trace
from mostek.hub.ledger import Transaction, catalog
from mostek.hub.ledger.dialect import Row

STATES = ("done", "waiting", "parked", "excluded", "in_doubt")


class Status(msgspec.Struct, kw_only=True):
    """How everything stands."""


class Inbox(msgspec.Struct, kw_only=True):
    """Records that need a person: parked ones, and those that wait for a value that a mapping lacks.

    Optionally of one cause, flow or kind, or of whom somebody is to look after. ``left_out``: those that a person left
    out, instead. A page begins after a record, or after a ``passage`` of it.
    """

    cause: str = ""
    flow: str = ""
    kind: str = ""
    assignee: str = ""
    left_out: bool = False
    after: int = 0
    passage: int = 2**62
    limit: int = 100


class Groups(msgspec.Struct, kw_only=True):
    """What needs a person by cause, optionally of one flow or kind, or of whom somebody is to look after."""

    flow: str = ""
    kind: str = ""
    assignee: str = ""


class Show(msgspec.Struct, kw_only=True):
    """One document: what it is, what was decided and done. ``text`` is its number or id in the source."""

    text: str


class Trace(msgspec.Struct, kw_only=True):
    """The stored story of the case a document belongs to."""

    text: str


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How many records of a flow, kind and currency are in a state, for which cause, and what they come to."""

    flow: str
    kind: str
    state: str
    cause: str
    count: int
    total: Money | None


class FeedView(msgspec.Struct, frozen=True, kw_only=True):
    """How far a source list has been read; times in milliseconds since 1970, ``due_ms`` from now."""

    connection: str
    feed: str
    watermark: int | None
    last_ok: int | None
    due_ms: int
    problem: Mapping[str, Any] | None


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """How long the oldest record of a state and cause has been there, and the problem of one of them."""

    state: str
    cause: str
    count: int
    oldest_ms: int
    example: Mapping[str, Any]


class EndpointView(msgspec.Struct, frozen=True, kw_only=True):
    """How a target can be written to: why not, if it cannot, and in how many milliseconds it is tried again."""

    connection: str
    due_ms: int
    problem: Mapping[str, Any] | None


class StatusView(msgspec.Struct, frozen=True, kw_only=True):
    """Everything on one page: the counts add up to what the sources had. ``flows`` are their states by slug.

    ``unverified``: effects that are made and not read back yet. ``halt`` is why nothing at all is read or sent now.
    """

    flows: Mapping[str, str]
    records: Mapping[str, int]
    standing: tuple[Standing, ...]
    connections: tuple[connecting.View, ...]
    feeds: tuple[FeedView, ...]
    endpoints: tuple[EndpointView, ...]
    waiting: tuple[Waiting, ...]
    queues: Mapping[str, Mapping[str, int]]
    unverified: int = 0
    halt: Problem | None = None


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A document of the target that may be meant: its id there, and what it is called."""

    id: str
    label: str


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A record in the inbox: ``record`` is its number there.

    ``deeds`` are what can be done with it: see :func:`deeds`. ``since`` in milliseconds since 1970.
    """

    record: int
    flow: str
    kind: str
    number: str
    total: Money | None
    problem: Problem
    passage: int = 0
    case: int = 0
    state: str = "parked"
    target: str = ""
    since: int = 0
    assignee: str = ""
    note: str = ""
    candidates: tuple[Candidate, ...] = ()
    deeds: tuple[str, ...] = ()


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """The records of a state and cause: how many, for how long the oldest has been there, the problem of one."""

    state: str
    cause: str
    count: int
    oldest_ms: int
    example: Problem


class GroupsView(msgspec.Struct, frozen=True, kw_only=True):
    """The inbox by cause; ``left_out`` are those a person left out. The flows, kinds and persons that have some."""

    groups: tuple[Group, ...]
    left_out: tuple[Group, ...]
    flows: tuple[str, ...]
    kinds: tuple[str, ...]
    assignees: tuple[str, ...]


class RecordView(msgspec.Struct, frozen=True, kw_only=True):
    """A record with its decisions and actions, as stored."""

    record: int
    kind: str
    number: str
    connection: str
    total: Money | None
    versions: int
    payload: str
    decisions: tuple[Mapping[str, Any], ...]
    actions: tuple[Mapping[str, Any], ...]


async def status(hub: Installation, _: Status) -> StatusView:
    """Count everything."""
    rows = await hub.ledger.read(catalog.flows)
    flows = {row.id: row.slug for row in rows}
    slugs = {row.id: row.slug for row in await hub.ledger.read(catalog.connections)}
    standing = [_standing(row, flows) for row in await hub.ledger.read(Transaction.rows, "standing")]
    endpoints = await hub.ledger.read(Transaction.rows, "endpoints")
    queues: dict[str, dict[str, int]] = {}
    for row in await hub.ledger.read(Transaction.rows, "queue_lengths"):
        queues.setdefault(slugs[row["endpoint"]], {})[row["state"]] = row["n"]
    return StatusView(
        flows={row.slug: row.state for row in rows},
        records={state: sum(line.count for line in standing if line.state == state) for state in STATES},
        standing=tuple(standing),
        connections=await connecting.list_(hub, connecting.List()),
        feeds=tuple([_feed(row) for row in await hub.ledger.read(catalog.feeds)]),
        endpoints=tuple([_endpoint(row, slugs) for row in endpoints]),
        waiting=tuple([_waiting(row) for row in await hub.ledger.read(Transaction.rows, "oldest_by_cause")]),
        queues=queues,
        unverified=(await hub.ledger.read(Transaction.rows, "work_left"))[0]["verifying"],
        halt=await place.halt(hub.ledger),
    )


async def inbox(hub: Installation, request: Inbox) -> tuple[Item, ...]:
    """What needs a person, oldest first, a page at a time by record number."""
    if request.left_out:
        wanted = [("excluded", "excluded.person")]
    else:
        parked = await hub.ledger.read(Transaction.rows, "inbox_causes")
        wanted = [(row["state"], row["cause"]) for row in parked] + [("waiting", "mapping.missing")]
    causes = [{"state": state, "cause": cause} for state, cause in wanted if request.cause in {"", cause}]
    chosen = {name: getattr(request, name) for name in ("flow", "kind", "assignee", "after", "passage", "limit")}
    rows = await hub.ledger.read(Transaction.rows, "inbox", wanted=causes, **chosen)
    return tuple(_item(row) for row in rows)


async def groups(hub: Installation, request: Groups) -> GroupsView:
    """Count what needs a person, by cause."""
    rows = await hub.ledger.read(Transaction.rows, "inbox_groups")
    chosen = {name: value for name, value in msgspec.structs.asdict(request).items() if value}
    found: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if all(row[name] == value for name, value in chosen.items()):
            found.setdefault((row["state"], row["cause"]), []).append(row)
    every = [_group(*name, of_it) for name, of_it in found.items()]
    return GroupsView(
        groups=tuple(group for group in every if group.state != "excluded"),
        left_out=tuple(group for group in every if group.state == "excluded"),
        flows=tuple(sorted({row["flow"] for row in rows})),
        kinds=tuple(sorted({row["kind"] for row in rows})),
        assignees=tuple(sorted({row["assignee"] for row in rows} - {""})),
    )


def deeds(state: str, cause: str, problem: Problem, *, stands: bool) -> tuple[str, ...]:
    """What a person can do with a record in this state: names of commands of the inbox, the likeliest cure first.

    ``stands``: a document made for it is in the target. ``undo`` is a retry of what a person left out.
    """
    if state == "excluded":
        return ("undo",) if cause == "excluded.person" else ()
    if state == "waiting":
        return ("reread", "exclude")
    if state != "parked":
        return ("reread",) if state == "done" else ()
    named = ("adopt",) if problem.details.get("ids") else ()
    return (*named, *(("accept",) if stands else ()), "retry", "reread", "exclude")


def candidates(problem: Problem) -> tuple[Candidate, ...]:
    """The documents of the target that a problem names."""
    ids, labels = problem.details.get("ids", "").replace(",", " ").split(), problem.details.get("found", "").split(", ")
    named = labels if len(labels) == len(ids) else ids
    return tuple(Candidate(id=id, label=label) for id, label in zip(ids, named, strict=True))


async def show(hub: Installation, request: Show) -> tuple[RecordView, ...]:
    """Every record of that number with its decisions and actions; raises ``record.unknown`` when there is none."""
    rows = await hub.ledger.read(Transaction.rows, "find_records", text=request.text)
    if not rows:
        raise invalid("record.unknown", "text", text=request.text)
    records = [row["id"] for row in rows]
    decisions = await hub.ledger.read(Transaction.rows, "decisions_of_records", records=records)
    actions = await hub.ledger.read(Transaction.rows, "actions_of_records", records=records)
    return tuple(
        RecordView(
            record=row["id"],
            kind=row["kind"],
            number=row["number"] or row["source_id"],
            connection=row["connection"],
            total=_total(row),
            versions=row["version"],
            payload=row["payload"],
            decisions=tuple(dict(found) for found in decisions if found["record"] == row["id"]),
            actions=tuple(dict(found) for found in actions if found["record"] == row["id"]),
        )
        for row in rows
    )


async def trace_(hub: Installation, request: Trace) -> tuple[Mapping[str, Any], ...]:
    """The steps of the case, oldest first, with what was read, decided, sent and answered."""
    rows = await hub.ledger.read(Transaction.rows, "find_records", text=request.text)
    if not rows:
        raise invalid("record.unknown", "text", text=request.text)
    found = [await hub.ledger.read(trace.of_case, case) for case in sorted({row["case_id"] for row in rows})]
    return tuple(step for steps in found for step in steps)


def _standing(row: Row, flows: Mapping[int, str]) -> Standing:
    return Standing(
        flow=flows[row["flow"]],
        kind=row["kind"],
        state=row["state"],
        cause=row["cause"],
        count=row["n"],
        total=_total(row),
    )


def _item(row: Row) -> Item:
    problem = msgspec.json.decode(row["problem"], type=Problem)
    return Item(
        record=row["record"],
        flow=row["flow"],
        kind=row["kind"],
        number=row["number"] or row["source_id"],
        total=_total(row),
        problem=problem,
        passage=row["passage"],
        case=row["case_id"],
        state=row["state"],
        target=row["target"],
        since=row["changed"],
        assignee=row["assignee"],
        note=row["note"],
        candidates=candidates(problem),
        deeds=deeds(row["state"], row["cause"], problem, stands=bool(row["stands"])),
    )


def _group(state: str, cause: str, rows: Sequence[Row]) -> Group:
    return Group(
        state=state,
        cause=cause,
        count=sum(row["n"] for row in rows),
        oldest_ms=max(row["oldest_ms"] for row in rows),
        example=msgspec.json.decode(rows[0]["problem"], type=Problem),
    )


def _total(row: Row) -> Money | None:
    return Money(row["total"], row["currency"]) if row["currency"] is not None else None


def _feed(row: Row) -> FeedView:
    return FeedView(
        connection=row["slug"],
        feed=row["name"],
        watermark=row["watermark"],
        last_ok=row["last_ok"],
        due_ms=row["due_ms"],
        problem=json.loads(row["problem"]) if row["problem"] else None,
    )


def _endpoint(row: Row, slugs: Mapping[int, str]) -> EndpointView:
    return EndpointView(
        connection=slugs[row["connection"]],
        due_ms=row["due_ms"],
        problem=json.loads(row["problem"]) if row["problem"] else None,
    )


def _waiting(row: Row) -> Waiting:
    return Waiting(
        state=row["state"],
        cause=row["cause"],
        count=row["n"],
        oldest_ms=row["oldest_ms"],
        example=json.loads(row["problem"]),
    )
