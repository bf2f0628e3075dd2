"""UpGates keeps the contract of a connector that is read from."""

from collections.abc import Mapping
from typing import Any

from mostek.connectors.upgates.connector import connector
from mostek.sdk.capability import utc_now
from mostek.sdk.kit import Desk, Setup, Source, contract
from mostek.sdk.record import Record

KINDS = {"invoice": "invoice", "creditNote": "credit_note", "receipt": "receipt"}


def held(ledger: Mapping[str, Any]) -> dict[str, list[tuple[str, str]]]:
    return {
        "order": [("order", order["number"]) for order in ledger["orders"]],
        "invoice": [(KINDS[document["kind"]], document["number"]) for document in ledger["documents"]],
    }


async def change_order(desk: Desk, record: Record) -> None:
    [order] = [order for order in (await desk.ledger())["orders"] if order["number"] == record.id]
    await desk.post("pay", order=record.id, **({"date": None} if order["paid"] else {}))


async def add(desk: Desk) -> None:
    now = utc_now().isoformat()
    await desk.post("generate", **{"documents": 1, "from": now, "to": now})


async def touch(desk: Desk) -> dict[str, list[tuple[str, str]]]:
    await desk.post("touch")
    ledger = await desk.ledger()
    with_documents = {document["order"] for document in ledger["documents"]}
    found = held(ledger)
    return {**found, "order": [(kind, number) for kind, number in found["order"] if number in with_documents]}


async def delete(desk: Desk, record: Record) -> None:
    await desk.post("delete", **{"order" if record.kind == "order" else "invoice": record.id})


test_contract = contract(
    Setup(
        connector=connector,
        sandbox="upgates",
        options={"documents": "230", "hostile": "0"},
        settings=lambda url: {"login": "mostek", "api_key": "api-key", "test_address": url, "tariff": "addon"},
        source=Source(
            held=held,
            add=add,
            change={
                "order": change_order,
                "invoice": lambda desk, record: desk.post("edit", invoice=record.id, change="name"),
            },
            touch=touch,
            delete=delete,
        ),
    )
)
