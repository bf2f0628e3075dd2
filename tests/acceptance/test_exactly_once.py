"""Exactly one effect of each duty, whatever is killed or cut off, proven with real processes on both databases.

Each case is an installation of its own: a hub is killed by SIGKILL at one point, then a plain ``mostek run --once`` in
a new process has to bring everything to rest, and the books' own ledger is asked what came of it.
"""

import signal
import sys
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from mostek.connectors.upgates.sandbox.shop.catalogue import PAYMENTS
from tests.acceptance import killed_hub
from tests.acceptance.house import MOSTEK, House, opened, until
from tests.acceptance.judge import judged

# Per case: the 34 cases move more than 2,000.
DOCUMENTS = 60
# Of the batches that are sent: contacts are through by then, documents on their way.
THIRD = 3
# The so-manieth time a hub comes to a point is where it is killed: at the second list, the first plan, a later batch.
POINTS = {
    "before_read_commit": 2,
    "after_read_commit": 2,
    "after_plan": 1,
    "after_intent_commit": THIRD,
    "after_answer": THIRD,
    "before_outcome_commit": THIRD,
    "after_outcome_commit": THIRD,
    "in_verification": 2,
}
# What the vendor has not committed by then, he never will; later than the latest commit of any case.
LATE, SETTLED = 5, 7
HUB = (sys.executable, "-m", "tests.acceptance.killed_hub")
WRITE = {"method": "PUT", "path": "^/c/"}
POLICIES: Mapping[str, Mapping[str, Any]] = {
    "mark": {"payments": "mark"},
    "document": {
        "payments": "document",
        "mappings": {
            "document_type": {"receipt": "ÚČTENKA"},
            "bank_account": {method.name: "BANKOVNÍ ÚČET" for method in PAYMENTS},
        },
    },
}

# Whose answers are lost, how payments are booked, and which kind of record the duty is then.
EVIDENCES = {
    ("contact", "mark"): "adresar",
    ("create", "mark"): "faktura-vydana",
    ("credit note", "mark"): "faktura-vydana",
    ("payment", "mark"): "faktura-vydana",
    ("payment", "document"): "banka",
}


async def killed_at(house: House, point: str, number: int) -> None:
    """A hub that kills itself at this point."""
    process = await house.start(*HUB, point, str(number))
    assert await house.ended(process) == -signal.SIGKILL, house.log


async def at_rest(house: House, documents: int = DOCUMENTS) -> None:
    """A plain run in a new process brings everything to rest.

    What may have arrived is looked for before it is sent a second time: only what was cut goes out again, and as the
    same bytes.
    """
    await house.books.faults()
    await house.run()
    result = await judged(house)
    assert result.parked == ()
    assert result.passages["done"] == documents
    assert result.source == result.target
    again = [record for record, times in Counter(house.wire.written).items() if times > 1]
    assert again == house.wire.cut
    assert len({record.duty + record.id for record in house.wire.written}) == len(set(house.wire.written))


@pytest.mark.parametrize("point", POINTS)
async def test_killed(point: str, tmp_path: Path, database: str) -> None:
    async with opened(tmp_path, database, documents=DOCUMENTS, hostile="0") as house:
        await killed_at(house, point, POINTS[point])
        await at_rest(house)


async def test_killed_in_settlement(tmp_path: Path, database: str) -> None:
    async with opened(tmp_path, database, documents=DOCUMENTS, hostile="0") as house:
        await house.books.faults({**WRITE, "fault": "answer_lost", "every": THIRD, "times": 1})
        await killed_at(house, "in_settlement", 1)
        await at_rest(house)


async def test_killed_when_half_of_a_request_is_sent(tmp_path: Path, database: str) -> None:
    async with opened(tmp_path, database, documents=DOCUMENTS, hostile="0") as house:
        hub = await house.start(*HUB, "never", "0")

        async def cut() -> None:
            hub.kill()
            await hub.wait()

        house.wire.cuts, house.wire.cut_at = cut, THIRD
        assert await house.ended(hub) == -signal.SIGKILL, house.log
        await at_rest(house)


async def test_killed_when_the_books_have_committed(tmp_path: Path, database: str) -> None:
    async with opened(tmp_path, database, documents=DOCUMENTS, hostile="0") as house:
        await house.books.faults({**WRITE, "fault": "hold_after_commit", "every": THIRD, "times": 1})
        await killed_when(house, "held")
        await at_rest(house)


async def test_killed_before_the_books_commit(tmp_path: Path, database: str) -> None:
    async with opened(tmp_path, database, documents=DOCUMENTS, hostile="0", settles_after=SETTLED) as house:
        await house.books.faults({**WRITE, "fault": "late_commit", "every": THIRD, "times": 1, "seconds": LATE})
        await killed_when(house, "late")
        await at_rest(house)
        assert (await house.books.ask("stats"))["late"] == 0


async def killed_when(house: House, count: str) -> None:
    """Kill a hub as soon as the books count an answer that is held, or a commit that is still to come."""
    hub = await house.start(*HUB, "never", "0")

    async def happened() -> bool:
        assert hub.returncode is None, house.log
        return bool((await house.books.ask("stats"))[count])

    try:
        await until(happened)
    finally:
        hub.kill()
        await hub.wait()


@pytest.mark.parametrize(("duty", "payments"), EVIDENCES)
async def test_every_answer_lost(duty: str, payments: str, tmp_path: Path, database: str) -> None:
    async with opened(tmp_path, database, documents=DOCUMENTS, policy=POLICIES[payments], hostile="0") as house:
        house.wire.loses = lambda written: any(record.duty == duty for record in written)
        await at_rest(house)
        assert house.wire.lost
        assert {record.evidence for record in house.wire.written if record.duty == duty} == {EVIDENCES[duty, payments]}


@pytest.mark.soak
async def test_killed_again_and_again(tmp_path: Path, database: str) -> None:
    """Forty hubs die one after another at any point, while answers are lost, commits are late and documents come."""
    chance = Random(7)
    trouble = [
        {**WRITE, "fault": "answer_lost", "chance": 0.1, "seed": 1},
        {**WRITE, "fault": "late_commit", "chance": 0.1, "seed": 2, "seconds": LATE},
    ]
    async with opened(tmp_path, database, documents=1000, hostile="0", settles_after=SETTLED) as house:
        await house.books.faults(*trouble)
        kills = 0
        for _ in range(40):
            hub = await house.start(*HUB, chance.choice(killed_hub.POINTS), str(chance.randint(1, 3)))
            kills += await house.ended(hub) == -signal.SIGKILL
            now = datetime.now(UTC)
            lately = {"from": (now - timedelta(minutes=2)).isoformat(), "to": now.isoformat()}
            await house.shop.tell("generate", documents=25, **lately)
        assert kills >= 20, house.log
        await house.run()
        # Who is being planned whenever hubs die is under suspicion, guilty or not: a person has him tried again.
        await house.ended(await house.start(MOSTEK, "inbox", "retry", "--cause", "case.crashes"))
        await at_rest(house, 2000)
