"""Mostek itself: a new installation between the stand's two sides, set up by the commands a user has, run once."""

import asyncio
from functools import cache
from typing import Any

import structlog

from bench import connector
from bench.task import Task, began, task, told
from mostek import commands
from mostek.commands import connecting, flowing
from mostek.desk import installation
from mostek.desk.installation import Installation
from mostek.hub import connections
from mostek.hub.runner import Runner

_PERSON = "bench"
# The books of the stand hold the buyer within the invoice and know no payments. A bench is no surge.
_POLICY = {"kinds": ["invoice"], "contacts": "none", "payments": "none", "products": "text", "brake": 0}


async def move(task: Task) -> None:
    """Set up and run until everything is at rest; what is left is a fault."""
    hub = installation.create(task.folder / "hub")
    try:
        await _set_up(hub, task)
        began()
        before = (hub.ledger.groups, hub.ledger.statements_run)
        left = await Runner(hub.engine).once()
        told(groups=hub.ledger.groups - before[0], statements=hub.ledger.statements_run - before[1])
        assert not left, vars(left)
    finally:
        await hub.close()


async def _set_up(hub: Installation, task: Task) -> None:
    for slug, address in (("shop", task.shop), ("books", task.books)):
        adding = connecting.Add(slug=slug, connector="stand", settings={"address": address})
        await commands.run(hub, "connect.add", adding, _PERSON)
    flow = flowing.Add(slug="invoices", source="shop", target="books", policy=_POLICY, live=True)
    await commands.run(hub, "flow.add", flow, _PERSON)


def main() -> None:
    """Run with the stand as the only connector, and without the log's lines."""
    given = task()
    stand = connector.connector(given.batch, given.at_once)
    known: dict[str, Any] = {stand.id: stand}
    connections.connectors = cache(lambda: known)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    asyncio.run(move(given))


if __name__ == "__main__":
    main()
