"""Commands for who makes a flow: what the source holds, what its tables lack, and what a policy would do with it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import msgspec

from mostek.commands.connecting import by_slug
from mostek.commands.flowing import PreviewedRecord, previewed
from mostek.core import cases
from mostek.core import policy as policies
from mostek.core.cases import Case, StoredRecord
from mostek.core.policy import Policy
from mostek.core.rules import FIELDS, Subject
from mostek.desk.installation import Installation
from mostek.documents.invoice import Invoice
from mostek.documents.problem import invalid
from mostek.hub.connections import Opened
from mostek.hub.engine import flow_of
from mostek.hub.ledger import Transaction, passages
from mostek.hub.ledger.catalog import WORKSPACE, ConnectionRow, FlowRow
from mostek.hub.planning import decide
from mostek.sdk.manifest import MappingManifest

# How many values of a kind are worth listing; what has more is no choice but a number or a name.
_LISTED = 40
# Of these every document has another value.
_UNLISTED = frozenset({"number", "total", "issued", "order", "tax_id"})


class Survey(msgspec.Struct, kw_only=True):
    """Look at the latest documents that were read of a source, as a flow of this policy into a target would."""

    source: str
    target: str
    policy: Mapping[str, Any] = {}
    sample: int = 300


class Sketch(msgspec.Struct, kw_only=True):
    """What a flow that is not there yet would do with the latest documents: nothing is written, the target is asked."""

    source: str
    target: str
    policy: Mapping[str, Any] = {}
    sample: int = 20


class KindSeen(msgspec.Struct, frozen=True, kw_only=True):
    """How many records of a kind were read, and their first and last day."""

    kind: str
    count: int
    earliest: date | None
    latest: date | None


class ValueSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A value that a table is asked for: what it becomes, or empty; ``own``: by the owner's entry.

    ``lacking`` ones keep their documents waiting. ``asked`` of the target, when there is no entry.
    """

    value: str
    name: str
    count: int
    becomes: str
    own: bool
    lacking: bool
    asked: bool


class TableSeen(msgspec.Struct, frozen=True, kw_only=True):
    """One table of the target, with the values that were seen, the most frequent first."""

    name: str
    by: str
    required: bool
    asked: bool
    values: tuple[ValueSeen, ...]


class Surveyed(msgspec.Struct, frozen=True, kw_only=True):
    """What was found: ``fields`` are values by condition field with counts; ``left_out`` are before the cut-off."""

    kinds: tuple[KindSeen, ...]
    looked_at: int
    fields: Mapping[str, Mapping[str, int]]
    tables: tuple[TableSeen, ...]
    left_out: int

    @property
    def lacking(self) -> int:
        """How many values have no entry and need one."""
        return sum(value.lacking for table in self.tables for value in table.values)


async def survey(hub: Installation, request: Survey) -> Surveyed:
    """Only what is stored is looked at; raises ``connection.no_source`` and ``connection.no_target``."""
    row, policy = await sketched(hub, request.source, request.target), policies.load(request.policy)
    source, target = await hub.connections.get(row.source), await hub.connections.get(row.target)
    found = await _latest(hub, source, policy.kinds, request.sample)
    subjects = [subject for case in found for subject in _subjects(case, policy.kinds)]
    rows = await hub.ledger.read(Transaction.rows, "kinds_of_source", source=row.source)
    left_out = 0
    if policy.starts_from:
        values = {"source": row.source, "kinds": list(policy.kinds), "day": policy.starts_from.isoformat()}
        left_out = (await hub.ledger.read(Transaction.rows, "issued_before", **values))[0]["n"]
    tables = target.connector.manifest.mappings
    return Surveyed(
        kinds=tuple(
            KindSeen(kind=each["kind"], count=each["n"], earliest=_day(each["earliest"]), latest=_day(each["latest"]))
            for each in rows
        ),
        looked_at=len(subjects),
        fields=_fields(subjects),
        tables=tuple(_table(name, table, subjects, policy) for name, table in tables.items()),
        left_out=left_out,
    )


async def sketch(hub: Installation, request: Sketch) -> tuple[PreviewedRecord, ...]:
    """Decide the latest cases by the code of a run; what another flow has done is left to it."""
    row = with_policy(await sketched(hub, request.source, request.target), request.policy)
    source, target = await hub.connections.get(row.source), await hub.connections.get(row.target)
    flow = flow_of(row, target.row.slug, target.connector)
    found = await _latest(hub, source, flow.policy.kinds, request.sample)
    planned = await decide(hub.engine, flow, [case.id for case in found], [])
    return tuple(previewed(each, place) for each in planned for place in range(len(each.decisions)))


async def sketched(hub: Installation, source: str, target: str) -> FlowRow:
    """A flow between two connections as if it were stored; raises what adding one does."""
    ends = await _end(hub, source, "feeds", "source"), await _end(hub, target, "writes", "target")
    row = FlowRow(
        id=0,
        workspace=WORKSPACE,
        slug=f"{source}-to-{target}",
        source=ends[0].id,
        target=ends[1].id,
        state="draft",
        version=0,
        policy={},
        versions=(),
        unbraked=0,
        problem=None,
        closed_until=None,
    )
    return with_policy(row, {})


async def _end(hub: Installation, slug: str, ability: str, role: str) -> ConnectionRow:
    row = await by_slug(hub, slug)
    if row is None:
        raise invalid("connection.unknown", role, slug=slug)
    if not getattr((await hub.connections.get(row.id)).connector.manifest, ability):
        raise invalid("connection.no_source" if role == "source" else "connection.no_target", role, slug=slug)
    return row


def with_policy(row: FlowRow, policy: Mapping[str, Any], effective: date | None = None) -> FlowRow:
    """The flow as it would be with this policy saved as its next version; raises ``policy.invalid``."""
    checked = msgspec.to_builtins(policies.load(policy))
    version = row.version + 1
    newest = {"flow": row.id, "version": version, "policy": checked, "effective": None}
    if effective:
        newest["effective"] = effective.isoformat()
    older = row.versions if effective else ()
    return msgspec.structs.replace(row, version=version, policy=checked, versions=(newest, *older))


async def _latest(hub: Installation, source: Opened, kinds: Sequence[str], limit: int) -> list[Case]:
    values = {"source": source.row.id, "kinds": list(kinds), "limit": limit}
    numbers = [row["case_id"] for row in await hub.ledger.read(Transaction.rows, "latest_cases", **values)]
    grouped: dict[int, list[StoredRecord]] = {number: [] for number in numbers}
    for row in await hub.ledger.read(passages.records, numbers) if numbers else ():
        grouped[row["case_id"]].append(msgspec.convert(dict(row), StoredRecord))
    identity = (source.row.id, source.row.slug)
    return [
        cases.assemble(number, identity, records, source.connector, source.settings)
        for number, records in grouped.items()
    ]


def _subjects(case: Case, kinds: Sequence[str]) -> list[Subject]:
    """The readable documents of a case, as rules and tables look at them."""
    return [
        Subject(document=cases.joined(entry.document, case.order), order=case.order)
        for entry in case.entries
        if isinstance(entry.document, Invoice) and entry.kind in kinds and not entry.absent
    ]


def _fields(subjects: Sequence[Subject]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for name in FIELDS.keys() - _UNLISTED:
        values = Counter(_shown(FIELDS[name](subject)) for subject in subjects)
        if len(values) <= _LISTED:
            found[name] = dict(values.most_common())
    return found


def _shown(value: Any) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _table(name: str, table: MappingManifest, subjects: Sequence[Subject], policy: Policy) -> TableSeen:
    own = {key.casefold() for key in policy.mappings.get(name, {})}
    counts: Counter[str] = Counter()
    values: dict[str, ValueSeen] = {}
    for subject in subjects:
        for lookup in policies.lookups(subject.document, policy, {name: table}):
            counts[lookup.shown] += 1
            values[lookup.shown] = ValueSeen(
                value=lookup.shown,
                name=lookup.name if lookup.name != lookup.shown else "",
                count=0,
                becomes=lookup.value or "",
                own=lookup.shown.casefold() in own,
                lacking=lookup.value is None and table.required and not lookup.question,
                asked=lookup.value is None and lookup.question is not None,
            )
    seen = tuple(msgspec.structs.replace(values[value], count=count) for value, count in counts.most_common() if value)
    return TableSeen(name=name, by=table.by, required=table.required, asked=table.asked, values=seen)


def _day(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None
