"""Commands on flows: add, change, pause, and the preview that shows what a run would do."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import msgspec

from mostek.commands.connecting import SLUG, number_of
from mostek.documents.problem import Problem, invalid
from mostek.hub import policy as policies
from mostek.hub.engine import Flow
from mostek.hub.installation import Installation
from mostek.hub.ledger import Transaction, catalog
from mostek.hub.ledger.catalog import FlowRow
from mostek.hub.planning import GROUP, Planned, decide


class Add(msgspec.Struct, kw_only=True):
    """Add a flow between two connections; ``policy`` holds what differs from the defaults."""

    slug: str
    source: str
    target: str
    policy: Mapping[str, Any] = {}


class List(msgspec.Struct, kw_only=True):
    """All flows."""


class Change(msgspec.Struct, kw_only=True):
    """Save a new version of a flow's policy; what is not done yet is decided again by it."""

    slug: str
    policy: Mapping[str, Any]


class Pause(msgspec.Struct, kw_only=True):
    """Stop a flow: nothing is planned or sent for it until it is resumed; reading goes on."""

    slug: str


class Resume(msgspec.Struct, kw_only=True):
    """Let a paused flow go on."""

    slug: str


class Preview(msgspec.Struct, kw_only=True):
    """What a run would do now with what has been read and is not done: nothing is written anywhere."""

    slug: str
    limit: int = 0


class View(msgspec.Struct, frozen=True, kw_only=True):
    """A flow as it is shown."""

    slug: str
    source: str
    target: str
    state: str
    version: int
    policy: Mapping[str, Any]


class PreviewedAction(msgspec.Struct, frozen=True, kw_only=True):
    """One action a run would take, with the exact bytes it would send."""

    key: str
    verb: str
    kind: str
    payload: str


class PreviewedRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What would happen with one record, and why."""

    root: str
    kind: str
    id: str
    verdict: str
    rule: str
    actions: tuple[PreviewedAction, ...]
    problems: tuple[Problem, ...]


async def add(hub: Installation, request: Add) -> View:
    """Check the policy and the two ends, and store the flow as live."""
    if not SLUG.fullmatch(request.slug):
        raise invalid("flow.slug", "slug", slug=request.slug)
    policy = policies.load(request.policy)
    source, target = await number_of(hub, request.source), await number_of(hub, request.target)
    if not (await hub.connections.get(source)).connector.manifest.feeds:
        raise invalid("connection.no_source", "source", slug=request.source)
    if not (await hub.connections.get(target)).connector.manifest.writes:
        raise invalid("connection.no_target", "target", slug=request.target)
    number = await hub.ledger.write(
        catalog.add_flow,
        request.slug,
        source,
        target,
        policy=msgspec.to_builtins(policy),
        kinds=policy.kinds,
        since=policy.starts_from,
    )
    if number is None:
        raise invalid("flow.taken", "slug", slug=request.slug)
    return await _view(hub, await _row(hub, request.slug))


async def list_(hub: Installation, _: List) -> tuple[View, ...]:
    """All flows, oldest first."""
    return tuple([await _view(hub, row) for row in await hub.ledger.read(catalog.flows)])


async def change(hub: Installation, request: Change) -> View:
    """Save the policy as the next version."""
    policy = policies.load(request.policy)
    row = await _row(hub, request.slug)
    values = msgspec.to_builtins(policy)
    await hub.ledger.write(catalog.change_flow, row, values, policy.kinds, policy.starts_from)
    return await _view(hub, await _row(hub, request.slug))


async def pause(hub: Installation, request: Pause) -> View:
    """Set the flow aside."""
    return await _set_state(hub, request.slug, "paused")


async def resume(hub: Installation, request: Resume) -> View:
    """Put the flow back to work."""
    return await _set_state(hub, request.slug, "live")


async def preview(hub: Installation, request: Preview) -> tuple[PreviewedRecord, ...]:
    """Decide, by the code of the run itself, every case that is not done; stop after ``limit`` records (0: all)."""
    row = await _row(hub, request.slug)
    flow = (await hub.engine.flows()).get(row.id)
    if flow is None:
        raise invalid("flow.stopped", "slug", slug=request.slug)
    shown: list[PreviewedRecord] = []
    async for planned in _planned(hub, flow):
        shown += [_previewed(planned, place) for place in range(len(planned.decisions))]
        if request.limit and len(shown) >= request.limit:
            break
    return tuple(shown[: request.limit or None])


async def _planned(hub: Installation, flow: Flow) -> AsyncIterator[Planned]:
    after = 0
    while rows := await hub.ledger.read(_open_cases, flow.row.id, after):
        after = rows[-1]["passage"]
        for planned in await decide(hub.engine, flow, [r["case_id"] for r in rows], [r["passage"] for r in rows]):
            yield planned


def _open_cases(tx: Transaction, flow: int, after: int) -> list[Mapping[str, Any]]:
    return tx.rows("open_cases_of_flow", flow=flow, after=after, limit=GROUP)


def _previewed(planned: Planned, place: int) -> PreviewedRecord:
    decision = planned.decisions[place]
    entry = next(entry for entry in planned.case.entries if entry.record == decision.record)
    actions = tuple(
        PreviewedAction(
            key=action.key, verb=action.verb, kind=action.kind, payload=planned.payloads[action.key].decode()
        )
        for action in decision.actions
    )
    return PreviewedRecord(
        root=planned.case.root,
        kind=entry.kind,
        id=entry.id,
        verdict=decision.verdict,
        rule=decision.rule,
        actions=actions,
        problems=decision.problems,
    )


async def _set_state(hub: Installation, slug: str, state: str) -> View:
    row = await _row(hub, slug)
    await hub.ledger.write(Transaction.run, "set_flow_state", flow=row.id, state=state)
    return await _view(hub, await _row(hub, slug))


async def _row(hub: Installation, slug: str) -> FlowRow:
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
    )
