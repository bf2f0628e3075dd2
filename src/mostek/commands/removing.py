"""Commands that take a connection or a flow away: what hangs on it, and its removal.

Nothing is forgotten that keeps a document from being entered twice: what was sent stays in the ledger under its keys,
which hold the connection's name. That name stays taken by its system; connected again, it goes on where it was.
"""

import msgspec

from mostek.commands.connecting import number_of
from mostek.commands.flowing import row_of
from mostek.desk.installation import Installation
from mostek.documents.problem import invalid
from mostek.hub.ledger import Transaction, catalog
from mostek.hub.ledger.catalog import FlowRow


class Uses(msgspec.Struct, kw_only=True):
    """What hangs on a connection, or on a flow: one of the two is named."""

    connection: str = ""
    flow: str = ""


class RemoveConnection(msgspec.Struct, kw_only=True):
    """Disconnect a system and take away its flows; ``confirm`` repeats its name."""

    slug: str
    confirm: str


class RemoveFlow(msgspec.Struct, kw_only=True):
    """Take a flow away; ``confirm`` repeats its name."""

    slug: str
    confirm: str


class Used(msgspec.Struct, frozen=True, kw_only=True):
    """What would be taken away, and what stays.

    ``records`` were read from it; ``documents`` are in the target and stay there; ``open`` ones wait or are in the
    inbox and would not be moved any more; while ``unsettled`` ones are being looked for, nothing can be removed.
    """

    flows: tuple[str, ...]
    records: int
    documents: int
    open: int
    unsettled: int


async def uses(hub: Installation, request: Uses) -> Used:
    """Count what hangs on it."""
    if request.flow:
        return await hub.ledger.read(_use_of_flow, await row_of(hub, request.flow))
    return await hub.ledger.read(_uses, await number_of(hub, request.connection))


async def remove_connection(hub: Installation, request: RemoveConnection) -> Used:
    """Take its flows away, and lock nothing of its settings any longer: secrets are gone. Returns what was there.

    Raises ``remove.confirm``, and ``remove.unsettled`` while an effect is being looked for.
    """
    number = await number_of(hub, request.slug)
    if request.confirm != request.slug:
        raise invalid("remove.confirm", "confirm", slug=request.slug)
    return await hub.ledger.write(_remove_connection, number, hub.vault.lock({}), request.slug)


async def remove_flow(hub: Installation, request: RemoveFlow) -> Used:
    """Take it away; its name is free again. Raises as for a connection."""
    row = await row_of(hub, request.slug)
    if request.confirm != request.slug:
        raise invalid("remove.confirm", "confirm", slug=request.slug)
    return await hub.ledger.write(_remove_flow, row)


def _uses(tx: Transaction, number: int) -> Used:
    flows = tuple(row.slug for row in catalog.flows(tx) if number in {row.source, row.target})
    return Used(flows=flows, **dict(tx.rows("uses", connection=number)[0]))


def _use_of_flow(tx: Transaction, row: FlowRow) -> Used:
    return Used(flows=(row.slug,), records=0, **dict(tx.rows("use_of_flow", flow=row.id)[0]))


def _remove_connection(tx: Transaction, number: int, nothing: str, slug: str) -> Used:
    found = _uses(tx, number)
    if found.unsettled:
        raise invalid("remove.unsettled", "slug", slug=slug, n=found.unsettled)
    for row in catalog.flows(tx):
        if number in {row.source, row.target}:
            _remove_flow(tx, row)
    tx.run("revoke_endpoint", connection=number)
    tx.run("forget_feeds", connection=number)
    tx.run("remove_connection", connection=number, secrets=nothing)
    return found


def _remove_flow(tx: Transaction, row: FlowRow) -> Used:
    found = _use_of_flow(tx, row)
    if found.unsettled:
        raise invalid("remove.unsettled", "slug", slug=row.slug, n=found.unsettled)
    unsent = [dict(action) for action in tx.rows("unsent_of_flow", flow=row.id)]
    keys = [action["key"] for action in unsent]
    tx.run("revise_dependents", stopped=unsent)  # other flows make themselves what this one would have made for them
    tx.run("drop_needs", keys=keys)
    tx.run("forget_actions", keys=keys)
    tx.run("forget_open_decisions", flow=row.id)
    tx.run("drop_flow_kinds", flow=row.id, kept=[])
    tx.run("remove_flow", flow=row.id)
    return found
