"""What must hold when a hub is at rest: the books' own ledger is the judge, document by document, cent by cent."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from mostek import commands, demo
from mostek.commands import looking
from mostek.desk.installation import Installation
from mostek.hub.ledger import Transaction
from mostek.hub.runner import Runner
from tests.acceptance.house import House

OURS = "ext:MOSTEK:"


async def judged(house: House, company: str = "demo") -> demo.Result:
    """Everything is done, once, to the cent, and without a person; gives what the two sides hold."""
    async with house.hub() as hub:
        result = await demo.compare(hub, house.shop.url, house.books.url)
        status = await commands.run(hub, "status", looking.Status(), "test")
        actions = await actions_of(hub)
        left = await Runner(hub.engine).left()
    assert result.differences == (), house.log
    assert result.agreed, result.passages
    assert not left, vars(left)
    assert not status.queues, "an action is neither done nor waiting for a person's record"
    assert {(row["state"], row["verified"] is None) for row in actions} == {("done", False)}
    books = (await house.books.ask("ledger"))["companies"][company]
    once(books, [row["key"] for row in actions if row["verb"] == "create"])
    paid_once(books)
    assert books["mails"] == 0
    return result


async def actions_of(hub: Installation) -> list[Mapping[str, Any]]:
    """Every action in the hub's ledger."""
    records = [row["id"] for row in await hub.ledger.read(Transaction.rows, "standing_all")]
    return list(await hub.ledger.read(Transaction.rows, "actions_of_records", records=records))


def once(books: Mapping[str, Any], created: Iterable[str]) -> None:
    """Each record we meant to create is in the books once, under our key, and so is each buyer and each number.

    Payments may be marks on documents instead of records: those that are records bear their keys too.
    """
    records = [*books["documents"], *books["contacts"], *books["payments"]]
    keys = Counter(name for record in records for name in record["ext_ids"] if name.startswith(OURS))
    payments = {name for record in books["payments"] for name in record["ext_ids"]}
    assert set(keys.values()) == {1}
    assert set(keys) - payments == {OURS + key for key in created}
    buyers = Counter(
        contact["ic"] or contact["dic"] or contact["email"]
        for contact in books["contacts"]
        if any(name.startswith(OURS) for name in contact["ext_ids"])
    )
    assert not [buyer for buyer, times in buyers.items() if times > 1]
    assert not _doubles((document["kind"], document["number"]) for document in books["documents"])


def paid_once(books: Mapping[str, Any]) -> None:
    """No document is paid, credited or cancelled more than it should be."""
    paid: dict[str, list[Decimal]] = defaultdict(list)
    for payment in books["payments"]:
        assert not payment["cancelled"]
        assert len(payment["pays"]) == 1, f"payment {payment['number']} pays {payment['pays']}"
        paid[payment["pays"][0]["document"]].append(Decimal(payment["amount"]))
    for document in books["documents"]:
        assert not document["cancelled"]
        payments = paid.pop(document["number"], [])
        assert payments in ([], [Decimal(document["total"])]), f"{document['number']} is paid {payments}"
        assert not _doubles(document["credited_by"])
    assert not paid


def _doubles(things: Iterable[Any]) -> list[Any]:
    return [thing for thing, times in Counter(things).items() if times > 1]
