"""A rule saved by mistake on 3,000 old documents, with the real commands: held; one command releases or undoes it."""

import json
from pathlib import Path

import pytest

from mostek import demo
from tests.acceptance.house import House, opened

DOCUMENTS = 3_000
# All of them are older than the flow's first day.
OLD = {"id": "old", "when": [{"field": "issued", "operator": "at_most", "values": ["2090-01-01"]}], "then": "exclude"}
POLICY = {"contacts": "none", "products": "text", "payments": "none"}


@pytest.mark.timeout(600)
async def test_three_thousand_old_documents_are_held_until_one_command(tmp_path: Path) -> None:
    careful = {**POLICY, "rules": [OLD, {"id": "all"}]}
    mistaken = json.dumps({**POLICY, "rules": [{"id": "all"}]})
    async with opened(tmp_path, documents=DOCUMENTS, policy=careful, hostile="0") as house:
        await house.run()
        assert await standing(house) == ("live", {"excluded": DOCUMENTS})

        await house.told("flow", "change", demo.FLOW, "--policy", mistaken)
        await house.run("--patience", "1")
        assert await standing(house) == ("held", {"waiting": DOCUMENTS})
        [flow] = await house.told("flow", "list")
        assert flow["problem"]["details"]["count"] == str(DOCUMENTS)
        assert await house.books.writes() == 0

        await house.told("flow", "undo", demo.FLOW)
        await house.run()
        assert await standing(house) == ("live", {"excluded": DOCUMENTS})
        assert await house.books.writes() == 0

        await house.told("flow", "change", demo.FLOW, "--policy", mistaken)
        await house.run("--patience", "1")
        assert await standing(house) == ("held", {"waiting": DOCUMENTS})
        assert await house.books.writes() == 0
        await house.told("flow", "start", demo.FLOW)
        await house.run()
        assert await standing(house) == ("live", {"done": DOCUMENTS})
        assert len(await house.books.ask("documents")) == DOCUMENTS


async def standing(house: House) -> tuple[str, dict[str, int]]:
    """The flow's state, and how many documents stand how."""
    [flow] = await house.told("flow", "list")
    status = await house.told("status")
    return flow["state"], {state: count for state, count in status["records"].items() if count}
