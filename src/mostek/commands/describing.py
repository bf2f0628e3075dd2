"""What a flow does, as sentences with their values: to be told in plain words, printed and signed.

A sentence is an id and what it quotes; words are not made here. Each field of a policy gives one by its type, so that
a field added later is told as soon as there are words for it.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Literal

import msgspec

from mostek.commands.flowing import row_of
from mostek.commands.surveying import sketched, with_policy
from mostek.core import policy as policies
from mostek.core import schedule as schedules
from mostek.core.policy import Dated, Policy
from mostek.core.rules import Rule
from mostek.core.schedule import Schedule
from mostek.desk.installation import Installation
from mostek.documents.problem import InvalidDocumentError
from mostek.hub.connections import Opened, connector_of
from mostek.hub.ledger import catalog
from mostek.hub.ledger.catalog import ConnectionRow, FlowRow
from mostek.sdk.errors import VendorError
from mostek.sdk.manifest import MappingManifest

ASKS = ("conflict", "ambiguous", "mapping", "refused", "edited", "closed")
NEVER = ("twice", "source", "deleted", "closed", "overwritten", "guessed")
# Policy fields that are tables of their own.
TABLES = ("rules", "mappings")
# Whole numbers that are a length of time.
_SECONDS = frozenset({"wait_for_order"})


class Describe(msgspec.Struct, kw_only=True):
    """What a flow does, as it is set up now; with a ``policy``, as it would with that one saved.

    Without a ``slug`` it is a flow between two connections that is not there yet.
    """

    slug: str = ""
    source: str = ""
    target: str = ""
    policy: Mapping[str, Any] | None = None
    effective: date | None = None


class Sentence(msgspec.Struct, frozen=True, kw_only=True):
    """One statement: ``id`` is its name among the words, ``values`` are what it quotes."""

    id: str
    values: Mapping[str, Any] = {}


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a table of equivalents; not ``own``: it is the connector's default."""

    value: str
    becomes: str
    own: bool


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """One table of equivalents, and whether a value that it lacks is asked of the target, or is needed."""

    name: str
    by: str
    required: bool
    asked: bool
    rows: tuple[Row, ...]


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for documents issued from a day on, up to the day before another; None: without such a day.

    ``whole``: some rule decides each document; else a person is asked about those that none matches.
    """

    version: int
    since: date | None
    before: date | None
    scope: tuple[Sentence, ...]
    rules: tuple[Rule, ...]
    whole: bool
    treatment: tuple[Sentence, ...]
    tables: tuple[Table, ...]


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """A flow between two connections, each with the id of its system."""

    slug: str
    state: str
    version: int
    source: str
    source_system: str
    target: str
    target_system: str
    reading: tuple[Sentence, ...]
    periods: tuple[Period, ...]
    asks: tuple[Sentence, ...]
    never: tuple[Sentence, ...]


async def describe(hub: Installation, request: Describe) -> Description:
    """Everything that decides what the flow does, the earliest documents first."""
    row = await row_of(hub, request.slug) if request.slug else await sketched(hub, request.source, request.target)
    if request.policy is not None:
        row = with_policy(row, request.policy, request.effective)
    ends = {each.id: each for each in await hub.ledger.read(catalog.connections)}
    source, target = ends[row.source], ends[row.target]
    periods = tuple(_periods(row, connector_of(target.connector).manifest.mappings))
    return Description(
        slug=row.slug,
        state=row.state,
        version=row.version,
        source=source.slug,
        source_system=source.connector,
        target=target.slug,
        target_system=target.connector,
        reading=tuple(await _reading(hub, row, source, target)),
        periods=periods,
        asks=tuple(Sentence(id=f"asks.{name}") for name in ASKS),
        never=tuple(Sentence(id=f"never.{name}") for name in NEVER),
    )


def variant(name: str, value: Any) -> Sentence:
    """What a field of the policy says: by its choice, or by whether there is anything."""
    path = f"policy.{name}"
    if isinstance(value, bool):
        return Sentence(id=f"{path}.{'yes' if value else 'no'}")
    if isinstance(value, str):
        return Sentence(id=f"{path}.{value}")
    if not value:
        return Sentence(id=f"{path}.none")
    if isinstance(value, date):
        return Sentence(id=f"{path}.some", values={"day": value})
    if isinstance(value, int):
        return Sentence(id=f"{path}.some", values={"seconds" if name in _SECONDS else "n": value})
    return Sentence(id=f"{path}.some", values={"names": list(value)})


async def _reading(hub: Installation, row: FlowRow, source: ConnectionRow, target: ConnectionRow) -> list[Sentence]:
    """How often what is read, how much is written at once, what limits it, and up to when the books are closed."""
    found = [
        _schedule(feed["name"], schedules.stored(feed["every"], feed["timetable"]))
        for feed in await hub.ledger.read(catalog.feeds)
        if feed["connection"] == source.id
    ]
    batch = connector_of(target.connector).manifest.limits.batch
    found.append(Sentence(id="reading.batch", values={"n": batch}))
    for end in (source, target):
        opened = await _opened(hub, end)
        if opened:
            found.append(_limit(end.slug, opened.budget.per_hour, opened.budget.per_day))
    if row.closed_until:
        found.append(Sentence(id="reading.closed", values={"day": date.fromisoformat(row.closed_until)}))
    return found


def _schedule(feed: str, schedule: Schedule) -> Sentence:
    if schedule.every:
        return Sentence(id="reading.feed", values={"feed": feed, "seconds": schedule.every})
    if schedule.by_hand:
        return Sentence(id="reading.hand", values={"feed": feed})
    return Sentence(id="reading.at", values={"feed": feed, "times": ", ".join(schedule.at), "days": schedule.days})


async def _opened(hub: Installation, end: ConnectionRow) -> Opened | None:
    """The connection; None for one whose settings have to be mended first: what limits it is not known until then."""
    try:
        return await hub.connections.get(end.id)
    except (InvalidDocumentError, VendorError):
        return None


def _limit(slug: str, per_hour: int, per_day: int) -> Sentence:
    kind: Literal["both", "hour", "day", "none"] = (
        "both" if per_hour and per_day else "hour" if per_hour else "day" if per_day else "none"
    )
    return Sentence(id=f"limit.{kind}", values={"connection": slug, "hour": per_hour, "day_calls": per_day})


def _periods(row: FlowRow, tables: Mapping[str, MappingManifest]) -> Iterator[Period]:
    """The versions that decide for anything, earliest first."""
    deciding: list[Dated] = []
    for each in policies.versions(row.versions).dated:
        after = deciding[-1].effective if deciding else date.max
        if after and (each.effective is None or each.effective < after):
            deciding.append(each)
    deciding.reverse()
    for each, following in zip(deciding, [*deciding[1:], None], strict=True):
        policy, before = each.policy, following.effective if following else None
        names = [name for name in Policy.__struct_fields__ if name not in TABLES]
        scope = [name for name in names if name in Policy.__struct_fields__[: Policy.__struct_fields__.index("rules")]]
        yield Period(
            version=each.version,
            since=each.effective,
            before=before,
            scope=tuple(variant(name, getattr(policy, name)) for name in scope),
            rules=policy.rules,
            whole=any(not rule.when and rule.since is None for rule in policy.rules),
            treatment=tuple(variant(name, getattr(policy, name)) for name in names if name not in scope),
            tables=tuple(_table(name, table, policy) for name, table in tables.items()),
        )


def _table(name: str, table: MappingManifest, policy: Policy) -> Table:
    own = policy.mappings.get(name, {})
    replaced = {key.casefold() for key in own}
    usual = {value: becomes for value, becomes in table.default.items() if value.casefold() not in replaced}
    rows = [Row(value=value, becomes=becomes, own=True) for value, becomes in own.items()]
    rows += [Row(value=value, becomes=becomes, own=False) for value, becomes in usual.items()]
    return Table(name=name, by=table.by, required=table.required, asked=table.asked, rows=tuple(rows))
