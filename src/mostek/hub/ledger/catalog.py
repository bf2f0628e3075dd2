"""Connections and flows in the ledger: what is set up, as far as the loops need it."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any, TypeVar

import msgspec

from mostek.documents.problem import Problem
from mostek.hub.ledger.dialect import Row
from mostek.hub.ledger.store import Transaction

S = TypeVar("S", bound=msgspec.Struct)
WORKSPACE = 1
_JSON = frozenset({"settings", "usage", "problem", "policy"})


class ConnectionRow(msgspec.Struct, frozen=True, kw_only=True):
    """One connection as stored: ``settings`` without secrets, ``secrets`` locked, ``usage`` of its call budget."""

    id: int
    workspace: int
    slug: str
    connector: str
    settings: dict[str, Any]
    secrets: str
    state: str
    usage: dict[str, Any]
    problem: dict[str, Any] | None


class FlowRow(msgspec.Struct, frozen=True, kw_only=True):
    """One flow with its policy: the version in force, and before it those that count for earlier documents.

    ``versions`` are newest first, the last one without a day. ``closed_until`` is the target's.
    """

    id: int
    workspace: int
    slug: str
    source: int
    target: int
    state: str
    version: int
    policy: dict[str, Any]
    versions: tuple[dict[str, Any], ...]
    unbraked: int
    problem: dict[str, Any] | None
    closed_until: str | None


def put_connection(
    tx: Transaction,
    slug: str,
    connector: str,
    *,
    settings: dict[str, Any],
    secrets: str,
    feeds: dict[str, int],
    writes: bool,
    on_demand: Collection[str] = (),
) -> int | None:
    """Add or change a connection with its feeds (name to pause in seconds); None if the slug is another connector's."""
    row = tx.one(
        "put_connection", workspace=WORKSPACE, slug=slug, connector=connector, settings=settings, secrets=secrets
    )
    if row is None:
        return None
    put_feeds(tx, row["id"], feeds, on_demand)
    if writes:
        tx.run("put_endpoint", connection=row["id"], workspace=WORKSPACE)
    return int(row["id"])


def put_feeds(tx: Transaction, connection: int, feeds: Mapping[str, int], on_demand: Collection[str]) -> None:
    """Add the feeds that a connection has not yet; those ``on_demand`` are read while a flow moves what they hold."""
    for name, every in feeds.items():
        asked = int(name in on_demand)
        tx.run("put_feed", workspace=WORKSPACE, connection=connection, name=name, every=every * 1000, on_demand=asked)


def connections(tx: Transaction) -> list[ConnectionRow]:
    """All connections, oldest first."""
    return [_decoded(ConnectionRow, row) for row in tx.rows("connections")]


def connection(tx: Transaction, number: int) -> ConnectionRow | None:
    """One connection by its number."""
    row = tx.one("connection", id=number)
    return _decoded(ConnectionRow, row) if row else None


def add_flow(
    tx: Transaction,
    slug: str,
    source: int,
    target: int,
    *,
    policy: dict[str, Any],
    kinds: Sequence[str],
    since: date | None,
    state: str = "draft",
) -> int | None:
    """Add a flow and open passages for what was read before; None when the slug is taken.

    A draft is planned and sends nothing; ``live`` sends at once.
    """
    row = tx.one("add_flow", workspace=WORKSPACE, slug=slug, source=source, target=target, state=state)
    if row is None:
        return None
    flow = int(row["id"])
    tx.run("put_flow_version", flow=flow, version=1, workspace=WORKSPACE, policy=policy, effective=None)
    rows = [{"kind": kind} for kind in kinds]
    tx.run("put_flow_kinds", flow=flow, source=source, workspace=WORKSPACE, kinds=rows)
    day = since.isoformat() if since else None
    first = tx.one("flows_from", connection=source, flow=flow) is None
    tx.run("set_since" if first else "widen_since", connection=source, since=day)
    tx.run("open_flow", flow=flow)
    return flow


def change_flow(
    tx: Transaction,
    flow: FlowRow,
    policy: dict[str, Any],
    kinds: Sequence[str],
    since: date | None,
    *,
    effective: date | None = None,
) -> int:
    """Save a new version of a flow's policy; what is not done yet is decided again by it, new kinds are taken up.

    With ``effective`` it decides for documents issued from that day on. A flow that sends is weighed first.
    """
    version = flow.version + 1
    tx.run("drop_flow_kinds", flow=flow.id, kept=list(kinds))
    rows = [{"kind": kind} for kind in kinds]
    tx.run("put_flow_kinds", flow=flow.id, source=flow.source, workspace=flow.workspace, kinds=rows)
    tx.run("widen_since", connection=flow.source, since=since.isoformat() if since else None)
    tx.run("open_flow", flow=flow.id)
    day = effective.isoformat() if effective else None
    tx.run("put_flow_version", flow=flow.id, version=version, workspace=flow.workspace, policy=policy, effective=day)
    tx.run("set_flow_version", flow=flow.id, version=version)
    tx.run("revise_flow", flow=flow.id)
    return version


def flows(tx: Transaction) -> list[FlowRow]:
    """All flows with their policies, oldest first."""
    counting: dict[int, list[dict[str, Any]]] = {}
    for row in tx.rows("flow_versions"):
        found = counting.setdefault(row["flow"], [])
        if not found or found[-1]["effective"] is not None:
            found.append({**row, "policy": json.loads(row["policy"])})
    return [_decoded(FlowRow, {**row, "versions": tuple(counting[row["id"]])}) for row in tx.rows("flows")]


def go_live(tx: Transaction, flow: FlowRow) -> None:
    """Let a draft, paused or held flow send what is planned by today's facts; what waits now is wanted."""
    tx.run("set_flow_state", flow=flow.id, state="live", unbraked=1, problem=None)
    tx.run("revise_flow", flow=flow.id)


def weigh(tx: Transaction, flow: int, brake: int) -> None:
    """Hold a flow that has unusually many effects to make; let one go on that was just weighed.

    ``brake`` is how many are usual at least; three times the busiest of the last thirty days is, too. A flow whose
    waiting effects were released is braked again once they are made.
    """
    row = tx.one("weight", flow=flow)
    if row is None or row["state"] not in {"live", "weighing", "held"}:
        return
    planning = row["planning"]
    if planning and row["state"] != "live":
        return  # it sends nothing: what it would send is known once all is planned
    effects = tx.rows("effects", flow=flow)[0]["n"] if brake and not row["unbraked"] else 0
    over = effects > brake
    usual = max(brake, 3 * (tx.rows("busiest_day", flow=flow)[0]["n"] or 0)) if over else 0
    if over and effects > usual:
        problem = Problem(cause="flow.surge", details={"count": str(effects), "usual": str(usual)})
        tx.run("set_flow_state", flow=flow, state="held", unbraked=0, problem=msgspec.to_builtins(problem))
    elif row["state"] == "held":
        return  # only a person lets it go on
    elif row["state"] == "weighing" and not planning:
        tx.run("set_flow_state", flow=flow, state="live", unbraked=row["unbraked"], problem=None)
    elif row["unbraked"] and not (planning or row["waiting"] or row["reading"]):
        tx.run("set_flow_state", flow=flow, state=row["state"], unbraked=0, problem=None)


def feeds(tx: Transaction) -> list[Row]:
    """All feeds with how they stand."""
    return tx.rows("feeds")


def _decoded(type: type[S], row: Row) -> S:
    """A row as its struct, column by column; columns of JSON text are decoded."""
    return type(**{name: json.loads(value) if value and name in _JSON else value for name, value in dict(row).items()})
