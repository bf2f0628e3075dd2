"""First sync into books that are in use: what an older bridge made is taken over, the ambiguous asks, the rest is made.

The older bridge knew nothing of our keys: its documents carry the shop's number, or only the order's number.
"""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from mostek import commands, demo
from mostek.commands.adopting import Difference, FirstSync
from mostek.commands.flowing import Pause
from mostek.hub.ledger import Transaction
from mostek.hub.runner import Runner
from tests.acceptance.house import House, opened

DOCUMENTS, FOREIGN = 1_100, 3_000
BY_NUMBER, BY_ORDER, AMBIGUOUS, CONFLICTS = 350, 150, 20, 20
LOCKED = 30  # of those of the same number
POLICY = {"contacts": "none", "products": "text", "payments": "none"}


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("locked_ids", "refused"), [("take", 0), ("refuse", LOCKED)])
async def test_an_older_bridges_documents_are_taken_over_and_none_is_doubled(
    tmp_path: Path, locked_ids: str, refused: int
) -> None:
    """Some of the older bridge's documents are locked: books may take our key on them all the same, or refuse it."""
    options = {"locked_ids": locked_ids}
    async with opened(tmp_path, documents=DOCUMENTS, policy=POLICY, hostile="0", books_options=options) as house:
        plain = await read_and_told(house)
        ours = BY_NUMBER + BY_ORDER
        assert len(plain) >= ours + AMBIGUOUS + CONFLICTS, "the shop drew too few plain invoices"
        await house.books.tell("fill", documents=foreign(plain), company="demo")
        locked = [row["number"] for row in plain[:LOCKED]]
        await house.books.tell("edit", ids=[f"code:{number}" for number in locked], lock=True)
        before = await numbers(house)
        assert sum(before.values()) == FOREIGN

        found = await first_sync(house, accept=False)
        assert found.counts["adopt"] == ours
        assert found.counts["ask"] == AMBIGUOUS + CONFLICTS
        assert found.counts["create"] == len(found.lines) - ours - AMBIGUOUS - CONFLICTS
        assert dict(found.causes) == {"document.ambiguous": AMBIGUOUS, "document.conflict": CONFLICTS}
        assert found.only_in_target == FOREIGN - ours
        assert await numbers(house) == before, "nothing is written before it is accepted"

        await first_sync(house, accept=True)
        await house.run()
        after = await numbers(house)
        assert sum(after.values()) == FOREIGN + found.counts["create"]
        assert max(after.values()) == 1, "no number twice"
        keyed = [each for each in await house.books.ask("documents") if our_keys(each)]
        assert len(keyed) == ours - refused + found.counts["create"]
        assert all(len(our_keys(each)) == 1 for each in keyed)
        states = await counted(house)
        parked = AMBIGUOUS + CONFLICTS + refused
        assert states == {"done": ours - refused + found.counts["create"], "parked": parked}
        assert {each["number"] for each in keyed}.isdisjoint(locked) == bool(refused)
        writes = await house.books.writes()
        await house.run()
        assert await house.books.writes() == writes
        assert await numbers(house) == after


async def read_and_told(house: House) -> list[dict[str, Any]]:
    """Read the shop without sending; returns its plain invoices of one document an order, in the home currency."""
    async with house.hub() as hub:
        await commands.run(hub, "flow.pause", Pause(slug=demo.FLOW), "test")
        await Runner(hub.engine).read()
        rows = [dict(row) for row in await hub.ledger.read(shop_rows)]
    alone = Counter(row["root"] for row in rows)
    wanted = [row for row in rows if row["kind"] == "invoice" and row["currency"] == "CZK"]
    return [row for row in wanted if row["root"].startswith("order:") and alone[row["root"]] == 1 and row["total"] > 0]


def shop_rows(tx: Transaction) -> list[Any]:
    """What was read of the shop."""
    cursor = tx._connection.execute(
        "SELECT r.kind, r.number, r.currency, r.total, r.dated, c.root FROM record r JOIN cases c ON c.id = r.case_id"
        " WHERE r.kind <> 'order' ORDER BY r.id"
    )
    return list(cursor.fetchall())


def foreign(plain: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The documents of the older bridge, of a person who entered some twice or wrong, and of other business."""
    made: list[dict[str, Any]] = []
    shop = iter(plain)
    for _ in range(BY_NUMBER):
        row = next(shop)
        made.append(paper(row["number"], row))
    for place in range(BY_ORDER):
        row = next(shop)
        made.append(paper(f"OLD{place}", row, cisObj=row["root"].partition(":")[2]))
    for place in range(AMBIGUOUS):
        row = next(shop)
        made += [paper(f"{name}{place}", row, cisObj=row["root"].partition(":")[2]) for name in ("FIRST", "SECOND")]
    for _ in range(CONFLICTS):
        row = next(shop)
        made.append(paper(row["number"], row | {"total": row["total"] + 100}))
    other = {"total": 12_345, "dated": plain[0]["dated"]}
    return made + [paper(f"OTHER{place}", other) for place in range(FOREIGN - len(made))]


def paper(number: str, row: dict[str, Any], **more: str) -> dict[str, Any]:
    """A document without lines over this total, outside VAT: only its total has to be the shop's."""
    total = f"{row['total'] // 100}.{row['total'] % 100:02}"
    plain = {"typDokl": "code:FAKTURA", "kod": number, "datVyst": row["dated"], "bezPolozek": "true", "sumOsv": total}
    return {**plain, "nazFirmy": "Starý odběratel", **more}


async def first_sync(house: House, *, accept: bool) -> Difference:
    """The command, beside the installation's processes."""
    async with house.hub() as hub:
        found: Difference = await commands.run(hub, "first_sync", FirstSync(slug=demo.FLOW, accept=accept), "test")
        return found


async def numbers(house: House) -> Counter[str]:
    """How often each number stands in the books."""
    return Counter(each["number"] for each in await house.books.ask("documents"))


def our_keys(document: dict[str, Any]) -> list[str]:
    """Those of its external ids that are ours."""
    return [id for id in document["ext_ids"] if str(id).startswith("ext:MOSTEK:")]


async def counted(house: House) -> dict[str, int]:
    """How many documents stand how."""
    status = await house.told("status")
    return {state: count for state, count in status["records"].items() if count}
