"""Two flows between the same two systems: a duty has one effect, and the other flow says who did it."""

from mostek.hub.ledger import catalog
from mostek.hub.runner import Runner
from tests.hub import papers
from tests.hub.conftest import Installer


async def test_what_one_flow_carries_over_the_other_leaves_to_it(installed: Installer) -> None:
    hub = await installed()
    source, target = [row.id for row in await hub.ledger.read(catalog.connections)]
    await hub.flow("second", source, target, {})
    hub.shop.put(*(papers.invoice(f"F{number}") for number in range(30)))
    await hub.rest()
    assert hub.books.count(kind="invoice") == 30
    rows = await hub.rows("standing")
    assert {(row["state"], row["cause"]): row["n"] for row in rows} == {
        ("done", ""): 30,
        ("excluded", "excluded.other_flow"): 30,
    }
    assert not await Runner(hub.engine).left()
