"""Commands on when a system is read, and on what is spent of the calls it allows."""

import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from mostek.commands import connecting
from mostek.commands.connecting import by_slug, number_of
from mostek.core import schedule as schedules
from mostek.core.schedule import SHORTEST, Schedule
from mostek.desk.installation import Installation
from mostek.documents.problem import InvalidDocumentError, invalid
from mostek.hub.connections import connectors
from mostek.hub.ledger import Transaction, catalog
from mostek.hub.ledger.dialect import Row
from mostek.sdk.capability import utc_now
from mostek.sdk.errors import VendorError
from mostek.sdk.limits import Budget
from mostek.sdk.manifest import FeedManifest

_UNKNOWN_ZONE = "Europe/Prague"


class Reschedule(msgspec.Struct, kw_only=True):
    """Set when one list of a connection is read; a shorter pause than a minute is refused."""

    slug: str
    feed: str
    schedule: Schedule


class ReadNow(msgspec.Struct, kw_only=True):
    """Have the lists of a connection, or one of them, read as soon as somebody works."""

    slug: str
    feed: str = ""


class Show(msgspec.Struct, kw_only=True):
    """One connection with what is read from it and when, and who spends its calls."""

    slug: str


class FeedShown(msgspec.Struct, frozen=True, kw_only=True):
    """One list: ``due_ms`` from now; ``calls_a_day`` are the least that its schedule costs, one a reading."""

    name: str
    kinds: tuple[str, ...]
    schedule: Schedule
    due_ms: int
    last_ok: int | None
    calls_a_day: int
    problem: dict[str, Any] | None


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """``written`` are the documents that flows sent there in the last day; used and allowed calls, 0: no limit."""

    view: connecting.View
    feeds: tuple[FeedShown, ...]
    flows: tuple[str, ...]
    written: tuple[tuple[str, int], ...]
    used_in_hour: int
    used_in_day: int
    per_hour: int
    per_day: int


async def reschedule(hub: Installation, request: Reschedule) -> Shown:
    """Store it; the next reading follows the new schedule."""
    row = await by_slug(hub, request.slug)
    if row is None:
        raise invalid("connection.unknown", "slug", slug=request.slug)
    if 0 < request.schedule.every < SHORTEST:
        raise invalid("schedule.short", "every", seconds=SHORTEST)
    now = datetime.now(ZoneInfo(row.settings.get("timezone", _UNKNOWN_ZONE)))
    if not await hub.ledger.write(put, row.id, request.feed, request.schedule, now):
        raise invalid("schedule.unknown", "feed", feed=request.feed, slug=request.slug)
    return await show(hub, Show(slug=request.slug))


def put(tx: Transaction, connection: int, feed: str, schedule: Schedule, now: datetime) -> bool:
    """Store a schedule; False where there is no such list. ``now`` is in the connection's zone."""
    values = {"every": schedule.every * 1000, "timetable": schedules.timetable(schedule)}
    pause = schedule.pause_ms(now)
    return bool(tx.rows("set_schedule", connection=connection, name=feed, pause=pause, **values))


async def read_now(hub: Installation, request: ReadNow) -> Shown:
    """Make it due."""
    number = await number_of(hub, request.slug)
    if not await hub.ledger.write(Transaction.rows, "read_now", connection=number, name=request.feed):
        raise invalid("schedule.unknown", "feed", feed=request.feed or "–", slug=request.slug)
    return await show(hub, Show(slug=request.slug))


async def show(hub: Installation, request: Show) -> Shown:
    """Raises ``connection.unknown``."""
    row = await by_slug(hub, request.slug)
    if row is None:
        raise invalid("connection.unknown", "slug", slug=request.slug)
    try:
        budget = await connecting.budget_of(hub, row)
    except (InvalidDocumentError, VendorError):  # told by the view
        budget = Budget()
    usual = connectors()[row.connector].manifest.feeds if row.connector in connectors() else {}
    feeds = [feed for feed in await hub.ledger.read(catalog.feeds) if feed["connection"] == row.id]
    written = await hub.ledger.read(Transaction.rows, "written_lately", connection=row.id)
    used = budget.used(utc_now())
    return Shown(
        view=await connecting.view_of(hub, row),
        feeds=tuple(_feed(feed, usual.get(feed["name"])) for feed in feeds),
        flows=tuple(flow.slug for flow in await hub.ledger.read(catalog.flows) if row.id in {flow.source, flow.target}),
        written=tuple((each["slug"], each["n"]) for each in written),
        used_in_hour=used.in_hour,
        used_in_day=used.in_day,
        per_hour=budget.per_hour,
        per_day=budget.per_day,
    )


def _feed(row: Row, usual: FeedManifest | None) -> FeedShown:
    schedule = schedules.stored(row["every"], row["timetable"])
    return FeedShown(
        name=row["name"],
        kinds=usual.kinds if usual else (),
        schedule=schedule,
        due_ms=row["due_ms"],
        last_ok=row["last_ok"],
        calls_a_day=round(schedule.passes_a_day()),
        problem=json.loads(row["problem"]) if row["problem"] else None,
    )
