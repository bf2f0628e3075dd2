"""ABRA Flexi keeps the contract of a connector that is written to."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from mostek.connectors.flexibee.connector import connector
from mostek.connectors.flexibee.sandbox import FlexiSandbox, create, hand
from mostek.documents.invoice import Invoice
from mostek.documents.party import Contact
from mostek.sdk.kit import CHECKS, Desk, Effect, People, Setup, Source, Target, contract
from mostek.sdk.record import Record

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


def book(ledger: Mapping[str, Any]) -> list[dict[str, Any]]:
    return list(ledger["companies"]["demo"]["contacts"])


async def add_card(desk: Desk) -> None:
    await desk.post("edit", evidence="adresar", create={"nazev": "Nový"})


async def edit_card(desk: Desk, id: str, _: str = "") -> None:
    await desk.post("edit", evidence="adresar", id=id, change={"tel": "+420 600"})


async def touch_cards(desk: Desk) -> dict[str, list[tuple[str, str]]]:
    ids = [str(card["id"]) for card in book(await desk.ledger())]
    for note in ("x", ""):
        await desk.post("edit", evidence="adresar", ids=ids, change={"poznam": note})
    return {"contact": [("contact", id) for id in ids]}


async def delete_card(desk: Desk, record: Record) -> None:
    await desk.post("edit", evidence="adresar", id=record.id, delete=True)


async def enter_card(desk: Desk, contact: Contact) -> str:
    fields = {"nazev": contact.party.name, "email": contact.party.email}
    return str((await desk.post("edit", evidence="adresar", create=fields))["results"][0]["id"])


def filled(folder: Path, options: Mapping[str, str]) -> FlexiSandbox:
    """Books with more cards than a page holds, entered on several days."""
    sandbox = create(folder, options)
    for day in (1, 2, 3):
        cards = [{"nazev": f"Osoba {day} {number}", "email": f"{day}.{number}@b.example"} for number in range(337)]
        hand.fill(sandbox._control._books("demo"), "adresar", cards, datetime(2026, 1, day, 12, tzinfo=UTC))
    return sandbox


SOURCE = Source(
    held=lambda ledger: {"contact": [("contact", str(card["id"])) for card in book(ledger)]},
    add=add_card,
    change={"contact": lambda desk, record: edit_card(desk, record.id)},
    touch=touch_cards,
    delete=delete_card,
    cached=False,
)
PEOPLE = People(
    held=lambda ledger: {str(card["id"]): card for card in book(ledger)},
    mails=lambda ledger: int(ledger["companies"]["demo"]["mails"]),
    enter=enter_card,
    edit=edit_card,
)
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
    connector=connector,
    sandbox="flexibee",
    options={"today": "2026-03-10"},
    settings=settings,
    source=SOURCE,
    target=TARGET,
    people=PEOPLE,
)
READ = replace(SETUP, sandbox=filled, options={})
# What is read needs more than a page of cards, which every other check would pay for.
READING = ("read", "parse")
OTHERS = sorted({check.area for check in CHECKS} - set(READING))
NUMBERED_THERE = replace(
    SETUP,
    settings=lambda url: {**settings(url), "numbering": "target"},
    target=replace(TARGET, foreign=unnumbered),
)
SUMMED = replace(SETUP, settings=lambda url: {**settings(url), "content": "summary"})
PAID_BY_DOCUMENTS = replace(SETUP, target=replace(TARGET, settle={"mode": "document", "account": "code:BANKOVNÍ ÚČET"}))

test_contract = contract(SETUP, *OTHERS)
test_contract_of_reading_cards = contract(READ, *READING)
test_contract_where_flexi_numbers = contract(NUMBERED_THERE, "find", "verify", "update", "cancel")
test_contract_of_sums_alone = contract(SUMMED, "render", "update", "cancel")
test_contract_of_payments_by_documents = contract(PAID_BY_DOCUMENTS, "write", "find", "verify")
