"""Commands that only look: how everything stands, what needs a person, and the story of one document."""

import json
from collections.abc import Mapping
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
    """Records that need a person, optionally of one cause."""

    cause: str = ""
    after: int = 0
    limit: int = 100


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

    ``halt`` is why nothing at all is read or sent now.
    """

    flows: Mapping[str, str]
    records: Mapping[str, int]
    standing: tuple[Standing, ...]
    connections: tuple[connecting.View, ...]
    feeds: tuple[FeedView, ...]
    endpoints: tuple[EndpointView, ...]
    waiting: tuple[Waiting, ...]
    queues: Mapping[str, Mapping[str, int]]
    halt: Problem | None = None


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A record in the inbox: ``record`` is its number there."""

    record: int
    flow: str
    kind: str
    number: str
    total: Money | None
    problem: Problem


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
        halt=await place.halt(hub.ledger),
    )


async def inbox(hub: Installation, request: Inbox) -> tuple[Item, ...]:
    """What needs a person, oldest first, a page at a time by record number."""
    rows = await hub.ledger.read(
        Transaction.rows, "inbox", cause=request.cause, after=request.after, limit=request.limit
    )
    return tuple(
        Item(
            record=row["record"],
            flow=row["flow"],
            kind=row["kind"],
            number=row["number"] or row["source_id"],
            total=_total(row),
            problem=msgspec.json.decode(row["problem"], type=Problem),
        )
        for row in rows
    )


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
