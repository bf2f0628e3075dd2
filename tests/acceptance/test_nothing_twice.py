"""What has not changed costs nothing: counted calls at both vendors over ten thousand documents.

How many pages a pass reads follows from the shop's connector (its README, and mostek.sdk.paging):

* invoices, a list in no known order: all pages of what was changed since the pass before, twice when there are several;
* orders, a list sorted by the time of change: the pages from the last time seen; of changes within the same second,
  after the page that showed it, all pages, twice.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mostek.hub.ledger import Transaction
from tests.acceptance.house import House, opened

DOCUMENTS = 10_000
PAGE = 100
# Documents alone: buyers' cards, products and payments would take as long again.
BARE = {"contacts": "none", "products": "text", "payments": "none"}
INVOICES, ORDERS = "GET /api/v2/invoices", "GET /api/v2/orders"
# A pass over lists in which next to nothing changed: a page of each.
QUIET = {INVOICES: 1, ORDERS: 1}


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "policy", [pytest.param(BARE, id="documents"), pytest.param({}, id="everything", marks=pytest.mark.soak)]
)
async def test_what_has_not_changed_is_not_written_twice(policy: Mapping[str, Any], tmp_path: Path) -> None:
    async with opened(tmp_path, documents=0, policy=policy, hostile="0") as house:
        await generated(house, DOCUMENTS - 1, hours=1, span=timedelta(days=365))
        # A pass begins five minutes before the last change that was seen. The generator crowds the end of its span: one
        # document more, well after that, and a quiet pass has one page.
        await generated(house, 1, hours=0.5, span=timedelta(minutes=1))
        await house.run()
        assert len(await decided(house)) == DOCUMENTS
        await a_second_run_writes_nothing(house)
        await edited_invoices_are_decided_and_no_others(house)
        await moved_stamps_are_read_and_nothing_else(house)


async def generated(house: House, documents: int, hours: float, span: timedelta) -> None:
    """Documents of a span of time that ended so many hours ago."""
    until = datetime.now(UTC) - timedelta(hours=hours)
    within = {"from": (until - span).isoformat(), "to": until.isoformat()}
    assert (await house.shop.tell("generate", documents=documents, **within))["documents"] == documents


async def a_second_run_writes_nothing(house: House) -> None:
    before = await decided(house)
    assert await passed(house) == QUIET
    assert await decided(house) == before


async def edited_invoices_are_decided_and_no_others(house: House) -> None:
    """A changed price of a booked invoice is a person's matter: decided, and not written."""
    before = await decided(house)
    chosen = alone((await house.shop.ask("ledger"))["documents"], 10)
    for number in chosen:
        await house.shop.tell("edit", invoice=number, change="price")
    assert await passed(house) == QUIET
    after = await decided(house)
    assert sorted(number for number in after if after[number] != before[number]) == sorted(chosen)
    assert [after[number]["cause"] for number in chosen] == ["document.changed"] * 10


async def moved_stamps_are_read_and_nothing_else(house: House) -> None:
    before = await decided(house)
    documents = (await house.shop.ask("ledger"))["documents"]
    assert (await house.shop.tell("touch"))["touched"] == DOCUMENTS
    orders = len({document["order"] for document in documents if document["order"]})
    assert await passed(house) == {INVOICES: 2 * pages(DOCUMENTS), ORDERS: 1 + 2 * pages(orders)}
    assert await decided(house) == before


async def passed(house: House) -> Mapping[str, int]:
    """One more run; the calls it made at the shop, once it is sure that it wrote nothing to the books."""
    for vendor in (house.shop, house.books):
        await vendor.tell("stats/reset")
    await house.run()
    assert await house.books.writes() == 0
    return await house.shop.calls()


async def decided(house: House) -> dict[str, Mapping[str, Any]]:
    """Every document's decision, and when it was taken."""
    async with house.hub() as hub:
        rows = await hub.ledger.read(Transaction.rows, "standing_all")
        numbers = {row["id"]: row["number"] for row in rows}
        found = await hub.ledger.read(Transaction.rows, "decisions_of_records", records=list(numbers))
        return {numbers[row["record"]]: dict(row) for row in found}


def alone(documents: list[dict[str, Any]], count: int) -> list[str]:
    """So many invoices, from all over, that are decided by themselves: their order has no other document."""
    orders = Counter(document["order"] for document in documents)
    found = [each["number"] for each in documents if each["kind"] == "invoice" and orders[each["order"]] == 1]
    return found[:: len(found) // count][:count]


def pages(count: int) -> int:
    """How many pages hold so many."""
    return -(-count // PAGE)
