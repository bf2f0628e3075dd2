"""UpGates keeps the contract of a connector that is read from."""

from collections.abc import Mapping
from typing import Any

from mostek.connectors.upgates.connector import connector
from mostek.documents.party import Contact
from mostek.sdk.capability import utc_now
from mostek.sdk.kit import Desk, People, Setup, Source, contract
from mostek.sdk.record import Record

KINDS = {"invoice": "invoice", "creditNote": "credit_note", "receipt": "receipt"}


def held(ledger: Mapping[str, Any]) -> dict[str, list[tuple[str, str]]]:
    return {
        "contact": [("contact", str(each["customer_id"])) for each in ledger["customers"]],
        "order": [("order", order["number"]) for order in ledger["orders"]],
        "invoice": [(KINDS[document["kind"]], document["number"]) for document in ledger["documents"]],
    }


async def change_order(desk: Desk, record: Record) -> None:
    [order] = [order for order in (await desk.ledger())["orders"] if order["number"] == record.id]
    await desk.post("pay", order=record.id, **({"date": None} if order["paid"] else {}))


async def add(desk: Desk) -> None:
    now = utc_now().isoformat()
    await desk.post("generate", **{"documents": 1, "from": now, "to": now})
    email = f"{now.translate(dict.fromkeys(map(ord, ':+.')))}@buyer.example"
    await desk.post("customers", save=[{"type": "contact", "language": "cs", "login": {"email": email}}])


async def touch(desk: Desk) -> dict[str, list[tuple[str, str]]]:
    await desk.post("touch")
    ledger = await desk.ledger()
    emails = [each["login"]["email"] for each in ledger["customers"]]
    await desk.post("customers", save=[{"login": {"email": email}} for email in emails])
    with_documents = {document["order"] for document in ledger["documents"]}
    found = held(ledger)
    return {**found, "order": [(kind, number) for kind, number in found["order"] if number in with_documents]}


async def email_of(desk: Desk, id: str) -> str:
    customers = (await desk.ledger())["customers"]
    return next(str(e["login"]["email"]) for e in customers if str(e["customer_id"]) == id)


async def change_contact(desk: Desk, record: Record) -> None:
    await edit(desk, record.id, await email_of(desk, record.id))


async def edit(desk: Desk, _: str, email: str) -> None:
    await desk.post("customers", save=[{"login": {"email": email}, "communication": {"phone": "+420 600 000 000"}}])


async def enter(desk: Desk, contact: Contact) -> str:
    first, _, last = contact.party.name.partition(" ")
    named = {"type": "contact", "language": "cs", "firstname": first, "surname": last}
    await desk.post("customers", save=[{**named, "login": {"email": contact.party.email}}])
    customers = (await desk.ledger())["customers"]
    return next(str(e["customer_id"]) for e in customers if e["login"]["email"] == contact.party.email)


def kept(ledger: Mapping[str, Any]) -> dict[str, Any]:
    volatile = ("last_update_time", "admin_url")
    return {
        str(each["customer_id"]): {name: value for name, value in each.items() if name not in volatile}
        for each in ledger["customers"]
    }


async def delete(desk: Desk, record: Record) -> None:
    if record.kind == "contact":
        await desk.post("customers", delete=[await email_of(desk, record.id)])
        return
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
                "contact": change_contact,
                "order": change_order,
                "invoice": lambda desk, record: desk.post("edit", invoice=record.id, change="name"),
            },
            touch=touch,
            delete=delete,
        ),
        people=People(
            held=kept, mails=lambda ledger: int(ledger["mails"]) + int(ledger["sms"]), enter=enter, edit=edit
        ),
    )
)
