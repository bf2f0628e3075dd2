"""ABRA Flexi keeps the contract of a connector that is written to."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from mostek.connectors.flexibee.connector import connector
from mostek.documents.invoice import Invoice
from mostek.sdk.kit import Desk, Effect, Setup, Target, contract

OURS = "ext:MOSTEK:"
KINDS = {"documents": "document", "contacts": "contact", "payments": "payment"}


def effects(ledger: Mapping[str, Any]) -> list[Effect]:
    books = ledger["companies"]["demo"]
    return [
        Effect(key=ext.removeprefix(OURS), kind=kind, id=str(row["id"]))
        for name, kind in KINDS.items()
        for row in books[name]
        for ext in row["ext_ids"]
        if ext.startswith(OURS)
    ]


async def foreign(desk: Desk, document: Invoice) -> str:
    return await entered(desk, document, kod=document.number)


async def unnumbered(desk: Desk, document: Invoice) -> str:
    return await entered(desk, document, cisObj=document.order_number)


async def entered(desk: Desk, document: Invoice, **identity: str | None) -> str:
    fields = {
        **identity,
        "typDokl": "code:FAKTURA",
        "datVyst": document.issued.isoformat(),
        "duzpPuv": document.supplied.isoformat(),
        "bezPolozek": "true",
        "sumOsv": str(document.total.amount),
    }
    made = await desk.may("edit", evidence="faktura-vydana", create=fields)
    return str(made["results"][0]["id"]) if made else ""


async def edit(desk: Desk, id: str) -> None:
    line = {"nazev": "Navíc", "mnozMj": "1", "cenaMj": "10", "typSzbDphK": "typSzbDph.dphZakl"}
    await desk.post("edit", evidence="faktura-vydana", id=id, change={"polozkyFaktury": [line]})


async def product(desk: Desk) -> str:
    await desk.post("edit", evidence="cenik", create={"kod": "HRNEK-1", "nazev": "Hrnek"})
    return "HRNEK-1"


async def lock(desk: Desk, id: str) -> None:
    await desk.post("edit", evidence="faktura-vydana", id=id, change={"@action": "lock"})


def settings(url: str) -> dict[str, str]:
    login = {"company": "demo", "login": "winstrom", "password": "winstrom"}
    return {"address": "https://demo.flexibee.eu", "test_address": url, **login}


TARGET = Target(
    writes={"method": "PUT"},
    effects=effects,
    mails=lambda ledger: int(ledger["companies"]["demo"]["mails"]),
    edit=edit,
    foreign=foreign,
    product=product,
    lock=lock,
    refused={"document_type": "NENI-TAKOVY"},
    more_than_a_page=1010,
    day=date(2026, 3, 10),
)
SETUP = Setup(
    connector=connector, sandbox="flexibee", options={"today": "2026-03-10"}, settings=settings, target=TARGET
)
NUMBERED_THERE = replace(
    SETUP,
    settings=lambda url: {**settings(url), "numbering": "target"},
    target=replace(TARGET, foreign=unnumbered),
)
SUMMED = replace(SETUP, settings=lambda url: {**settings(url), "content": "summary"})
PAID_BY_DOCUMENTS = replace(SETUP, target=replace(TARGET, settle={"mode": "document", "account": "code:BANKOVNÍ ÚČET"}))

test_contract = contract(SETUP)
test_contract_where_flexi_numbers = contract(NUMBERED_THERE, "find", "verify", "update", "cancel")
test_contract_of_sums_alone = contract(SUMMED, "render", "update", "cancel")
test_contract_of_payments_by_documents = contract(PAID_BY_DOCUMENTS, "write", "find", "verify")
