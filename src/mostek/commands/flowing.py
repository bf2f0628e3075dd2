"""Commands on flows: add, change, pause, and the preview that shows what a run would do."""

import json
from collections.abc import AsyncIterator, Mapping
from datetime import date
from typing import Any

import msgspec

from mostek.commands.connecting import SLUG, number_of
from mostek.core import policy as policies
from mostek.desk.installation import Installation
from mostek.documents.invoice import Invoice
from mostek.documents.money import Money
from mostek.documents.problem import Problem, invalid
from mostek.hub.engine import Flow
from mostek.hub.ledger import Transaction, catalog
from mostek.hub.ledger.catalog import FlowRow
from mostek.hub.planning import GROUP, Planned, decide


class Add(msgspec.Struct, kw_only=True):
    """Add a flow between two connections; ``policy`` holds what differs from the defaults.

    It begins as a draft, which shows what it would do and sends nothing; with ``live`` it sends at once.
    """

    slug: str
    source: str
    target: str
    policy: Mapping[str, Any] = {}
    live: bool = False


class List(msgspec.Struct, kw_only=True):
    """All flows."""


class Change(msgspec.Struct, kw_only=True):
    """Save a new version of a flow's policy; what is not done yet is decided again by it.

    With ``effective`` it decides for documents issued from that day on, and the version before for earlier ones.
    """

    slug: str
    policy: Mapping[str, Any]
    effective: date | None = None


class Pause(msgspec.Struct, kw_only=True):
    """Stop a flow: nothing is planned or sent for it until it is started; reading goes on."""

    slug: str


class Start(msgspec.Struct, kw_only=True):
    """Let a paused flow go on, a draft go live, or one that the brake holds make what waits."""

    slug: str


class Undo(msgspec.Struct, kw_only=True):
    """Save the policy before the present one as a new version; what is planned and not sent is planned again."""

    slug: str


class Preview(msgspec.Struct, kw_only=True):
    """What a run would do now with what has been read and is not done: nothing is written anywhere."""

    slug: str
    limit: int = 0


class Versions(msgspec.Struct, kw_only=True):
    """The policies that a flow had, newest first."""

    slug: str


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One saved policy; ``saved`` in milliseconds since 1970."""

    version: int
    policy: Mapping[str, Any]
    effective: date | None
    saved: int


class View(msgspec.Struct, frozen=True, kw_only=True):
    """A flow as it is shown."""

    slug: str
    source: str
    target: str
    state: str
    version: int
    policy: Mapping[str, Any]
    effective: date | None = None
    problem: Mapping[str, Any] | None = None


class PreviewedAction(msgspec.Struct, frozen=True, kw_only=True):
    """One action a run would take, with the exact bytes it would send."""

    key: str
    verb: str
    kind: str
    payload: str


class PreviewedRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What would happen with one record, and why. ``target`` is the id of a document it would be tied to."""

    root: str
    kind: str
    id: str
    number: str
    total: Money | None
    verdict: str
    rule: str
    actions: tuple[PreviewedAction, ...]
    problems: tuple[Problem, ...]
    target: str = ""


async def add(hub: Installation, request: Add) -> View:
    """Check the policy and the two ends, and store the flow."""
    if not SLUG.fullmatch(request.slug):
        raise invalid("flow.slug", "slug", slug=request.slug)
    policy = policies.load(request.policy)
    source, target = await number_of(hub, request.source), await number_of(hub, request.target)
    if source == target:
        raise invalid("flow.itself", "target", slug=request.target)
    feeds = (await hub.connections.get(source)).connector.manifest.feeds
    if not feeds:
        raise invalid("connection.no_source", "source", slug=request.source)
    if not (await hub.connections.get(target)).connector.manifest.writes:
        raise invalid("connection.no_target", "target", slug=request.target)
    # A connection may be older than what its connector reads by now.
    on_demand = [name for name, feed in feeds.items() if feed.on_demand]
    await hub.ledger.write(catalog.put_feeds, source, {name: feed.every for name, feed in feeds.items()}, on_demand)
    number = await hub.ledger.write(
        catalog.add_flow,
        request.slug,
        source,
        target,
        policy=msgspec.to_builtins(policy),
        kinds=policy.kinds,
        since=policy.starts_from,
        state="live" if request.live else "draft",
    )
    if number is None:
        raise invalid("flow.taken", "slug", slug=request.slug)
    return await _view(hub, await row_of(hub, request.slug))


async def list_(hub: Installation, _: List) -> tuple[View, ...]:
    """All flows, oldest first."""
    return tuple([await _view(hub, row) for row in await hub.ledger.read(catalog.flows)])


async def change(hub: Installation, request: Change) -> View:
    """Save the policy as the next version."""
    return await _save(hub, await row_of(hub, request.slug), request.policy, request.effective)


async def undo(hub: Installation, request: Undo) -> View:
    """Save the version before as the next one; raises ``flow.first_version`` where there is none."""
    row = await row_of(hub, request.slug)
    before = await hub.ledger.read(Transaction.one, "version_before", flow=row.id, version=row.version)
    if before is None:
        raise invalid("flow.first_version", "slug", slug=request.slug)
    effective = date.fromisoformat(before["effective"]) if before["effective"] else None
    return await _save(hub, row, json.loads(before["policy"]), effective)


async def _save(hub: Installation, row: FlowRow, values: Mapping[str, Any], effective: date | None) -> View:
    policy = policies.load(values)
    checked = msgspec.to_builtins(policy)
    await hub.ledger.write(catalog.change_flow, row, checked, policy.kinds, policy.starts_from, effective=effective)
    return await _view(hub, await row_of(hub, row.slug))


async def versions(hub: Installation, request: Versions) -> tuple[Version, ...]:
    """At most the latest hundred."""
    row = await row_of(hub, request.slug)
    return tuple(
        Version(
            version=each["version"],
            policy=json.loads(each["policy"]),
            effective=date.fromisoformat(each["effective"]) if each["effective"] else None,
            saved=each["saved"],
        )
        for each in await hub.ledger.read(Transaction.rows, "versions_of_flow", flow=row.id)
    )


async def pause(hub: Installation, request: Pause) -> View:
    """Set the flow aside."""
    row = await row_of(hub, request.slug)
    await hub.ledger.write(Transaction.run, "set_flow_state", flow=row.id, state="paused", unbraked=0, problem=None)
    return await _view(hub, await row_of(hub, request.slug))


async def start(hub: Installation, request: Start) -> View:
    """Put the flow to work; what waits is planned again by today's facts."""
    await hub.ledger.write(catalog.go_live, await row_of(hub, request.slug))
    return await _view(hub, await row_of(hub, request.slug))


async def preview(hub: Installation, request: Preview) -> tuple[PreviewedRecord, ...]:
    """Decide, by the code of the run itself, every case that is not done; stop after ``limit`` records (0: all)."""
    flow = await loaded(hub, request.slug)
    shown: list[PreviewedRecord] = []
    async for planned in planned_cases(hub, flow):
        shown += [previewed(planned, place) for place in range(len(planned.decisions))]
        if request.limit and len(shown) >= request.limit:
            break
    return tuple(shown[: request.limit or None])


async def loaded(hub: Installation, slug: str) -> Flow:
    """A flow ready to plan with; raises ``connection.paused``, or ``flow.stopped`` when a system cannot be opened."""
    row = await row_of(hub, slug)
    for connection in await hub.ledger.read(catalog.connections):
        if connection.id in {row.source, row.target} and connection.state == "paused":
            raise invalid("connection.paused", "slug", slug=connection.slug)
    flow = (await hub.engine.flows()).get(row.id)
    if flow is None:
        raise invalid("flow.stopped", "slug", slug=slug)
    return flow


async def planned_cases(hub: Installation, flow: Flow) -> AsyncIterator[Planned]:
    """Every case that is not done, decided as a run would decide it now."""
    after = 0
    while rows := await hub.ledger.read(_open_cases, flow.row.id, after):
        after = rows[-1]["passage"]
        for planned in await decide(hub.engine, flow, [r["case_id"] for r in rows], [r["passage"] for r in rows]):
            yield planned


def _open_cases(tx: Transaction, flow: int, after: int) -> list[Mapping[str, Any]]:
    return tx.rows("open_cases_of_flow", flow=flow, after=after, limit=GROUP)


def previewed(planned: Planned, place: int) -> PreviewedRecord:
    """One decision as it is shown."""
    decision = planned.decisions[place]
    entry = next(entry for entry in planned.case.entries if entry.record == decision.record)
    actions = tuple(
        PreviewedAction(
            key=action.key, verb=action.verb, kind=action.kind, payload=planned.payloads[action.key].decode()
        )
        for action in decision.actions
    )
    adopted = next((a.refs["document"].id for a in decision.actions if a.verb == "adopt"), "")
    document = entry.document if isinstance(entry.document, Invoice) else None
    return PreviewedRecord(
        root=planned.case.root,
        kind=entry.kind,
        id=entry.id,
        number=document.number if document else "",
        total=document.total if document else None,
        target=adopted,
        verdict=decision.verdict,
        rule=decision.rule,
        actions=actions,
        problems=decision.problems,
    )


async def row_of(hub: Installation, slug: str) -> FlowRow:
    """A flow as stored; raises ``flow.unknown``."""
    rows = await hub.ledger.read(catalog.flows)
    found = next((row for row in rows if row.slug == slug), None)
    if found is None:
        raise invalid("flow.unknown", "slug", slug=slug)
    return found


async def _view(hub: Installation, row: FlowRow) -> View:
    slugs = {connection.id: connection.slug for connection in await hub.ledger.read(catalog.connections)}
    return View(
        slug=row.slug,
        source=slugs[row.source],
        target=slugs[row.target],
        state=row.state,
        version=row.version,
        policy=row.policy,
        effective=row.versions[0]["effective"],
        problem=row.problem,
    )
