"""The toy under the contract: the setup that the toy's own test and the broken toys share."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from mostek.documents.invoice import Invoice
from mostek.sdk.kit import Desk, Effect, Setup, Source, Target
from mostek.sdk.record import Record
from tests.sdk.kit.toy.connector import connector
from tests.sdk.kit.toy.sandbox import create

Held = dict[str, list[tuple[str, str]]]


def held(ledger: Mapping[str, Any]) -> Held:
    found: Held = {"order": [], "invoice": []}
    for item in ledger["items"]:
        found["order" if item["kind"] == "order" else "invoice"].append((item["kind"], item["number"]))
    return found


def effects(ledger: Mapping[str, Any]) -> list[Effect]:
    return [Effect(key=e["key"], kind=e["kind"], id=e["id"]) for e in ledger["entries"] if e["key"]]


async def change(desk: Desk, record: Record) -> None:
    await desk.post("change", number=record.id)


async def touch(desk: Desk) -> Held:
    await desk.post("touch")
    return held(await desk.ledger())


async def delete(desk: Desk, record: Record) -> None:
    await desk.post("delete", number=record.id)


async def foreign(desk: Desk, document: Invoice) -> str:
    body = {
        "number": document.number,
        "issued": document.issued.isoformat(),
        "supplied": document.supplied.isoformat(),
        "total": str(document.total.amount),
        "currency": document.currency,
    }
    return str((await desk.post("foreign", body=body))["id"])


async def product(desk: Desk) -> str:
    return str((await desk.post("product"))["code"])


SOURCE = Source(
    held=held,
    add=lambda desk: desk.post("add"),
    change={"order": change, "invoice": change},
    touch=touch,
    delete=delete,
)
TARGET = Target(
    writes={"method": "PUT"},
    effects=effects,
    mails=lambda ledger: int(ledger["mails"]),
    edit=lambda desk, id: desk.post("edit", id=id),
    foreign=foreign,
    refused={"document_type": "X"},
    more_than_a_page=21,
    product=product,
    lock=lambda desk, id: desk.post("lock", id=id),
    day=date(2026, 3, 10),
)
TOY = Setup(
    connector=connector,
    sandbox=create,
    settings=lambda url: {"address": url, "password": "toy-password"},
    source=SOURCE,
    target=TARGET,
)
