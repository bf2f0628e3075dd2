"""Connections and flows in the ledger: what is set up, as far as the loops need it."""

import json
from collections.abc import Sequence
from datetime import date
from typing import Any, TypeVar

import msgspec

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
    """One flow with its current policy."""

    id: int
    workspace: int
    slug: str
    source: int
    target: int
    state: str
    version: int
    policy: dict[str, Any]


def put_connection(
    tx: Transaction,
    slug: str,
    connector: str,
    *,
    settings: dict[str, Any],
    secrets: str,
    feeds: dict[str, int],
    writes: bool,
) -> int | None:
    """Add or change a connection with its feeds (name to pause in seconds); None if the slug is another connector's."""
    row = tx.one(
        "put_connection", workspace=WORKSPACE, slug=slug, connector=connector, settings=settings, secrets=secrets
    )
    if row is None:
        return None
    for name, every in feeds.items():
        tx.run("put_feed", workspace=WORKSPACE, connection=row["id"], name=name, every=every * 1000, since=None)
    if writes:
        tx.run("put_endpoint", connection=row["id"], workspace=WORKSPACE)
    return int(row["id"])


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
) -> int | None:
    """Add a flow and open passages for what was read before; None when the slug is taken."""
    row = tx.one("add_flow", workspace=WORKSPACE, slug=slug, source=source, target=target, state="live")
    if row is None:
        return None
    flow = int(row["id"])
    tx.run("put_flow_version", flow=flow, version=1, workspace=WORKSPACE, policy=policy)
    rows = [{"kind": kind} for kind in kinds]
    tx.run("put_flow_kinds", flow=flow, source=source, workspace=WORKSPACE, kinds=rows)
    day = since.isoformat() if since else None
    first = tx.one("flows_from", connection=source, flow=flow) is None
    tx.run("set_since" if first else "widen_since", connection=source, since=day)
    tx.run("open_flow", flow=flow)
    return flow


def change_flow(
    tx: Transaction, flow: FlowRow, policy: dict[str, Any], kinds: Sequence[str], since: date | None
) -> int:
    """Save a new version of a flow's policy; what is not done yet is decided again by it, new kinds are taken up."""
    version = flow.version + 1
    tx.run("drop_flow_kinds", flow=flow.id)
    rows = [{"kind": kind} for kind in kinds]
    tx.run("put_flow_kinds", flow=flow.id, source=flow.source, workspace=flow.workspace, kinds=rows)
    tx.run("widen_since", connection=flow.source, since=since.isoformat() if since else None)
    tx.run("open_flow", flow=flow.id)
    tx.run("put_flow_version", flow=flow.id, version=version, workspace=flow.workspace, policy=policy)
    tx.run("set_flow_version", flow=flow.id, version=version)
    tx.run("revise_flow", flow=flow.id)
    return version


def flows(tx: Transaction) -> list[FlowRow]:
    """All flows with their current policies, oldest first."""
    return [_decoded(FlowRow, row) for row in tx.rows("flows")]


def feeds(tx: Transaction) -> list[Row]:
    """All feeds with how they stand."""
    return tx.rows("feeds")


def _decoded(type: type[S], row: Row) -> S:
    """A row as its struct, column by column; columns of JSON text are decoded."""
    return type(**{name: json.loads(value) if value and name in _JSON else value for name, value in dict(row).items()})
