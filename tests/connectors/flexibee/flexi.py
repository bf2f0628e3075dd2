"""Actions, settings and a server that answers as a test wants it, for the tests of the ABRA Flexi connector."""

import dataclasses
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import web
from hypothesis import strategies as st

from mostek.connectors.flexibee.connector import FlexibeeSession, connector
from mostek.connectors.flexibee.mapping import render
from mostek.connectors.flexibee.settings import FlexibeeSettings
from mostek.documents.invoice import Invoice
from mostek.documents.money import Money
from mostek.documents.party import Address, Contact, Party
from mostek.documents.payment import CreditLink, Payment
from mostek.documents.vat import VatCode
from mostek.sdk import settings as sdk_settings
from mostek.sdk.capability import Context
from mostek.sdk.effect import Action, Intent, Reference
from tests.documents.strategies import CODES, Sold, document, minor, sold_lines

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LEVELS = {"standard": "dphZakl", "reduced": "dphSniz", "second_reduced": "dphSniz2", "oss": "dphZakl"}
BUYER = Party(
    address=Address(name="Vzorná s.r.o.", street="Dlouhá 1", city="Brno", postcode="602 00", country="CZ"),
    is_company=True,
    company_id="270 82 440",
    tax_id="CZ27082440",
    email="ucetni@vzorna.example",
    phone="+420 777 000 000",
)


def key(name: str) -> str:
    """One of our keys, the same for the same name."""
    return str(uuid5(NAMESPACE_URL, name))


def settings(**changes: Any) -> FlexibeeSettings:
    """Settings of a company on a test system."""
    values = {
        "address": "https://flexi.example:5434",
        "company": "firma",
        "login": "mostek",
        "password": "tajne-heslo",
    }
    return sdk_settings.load(FlexibeeSettings, values | changes)


def vat_options(document: Invoice) -> dict[str, str]:
    """The VAT mapping that the flow would give."""
    codes = {line.vat for line in document.lines} | {row.code for row in document.vat}
    return {f"vat:{code}": level_of(code) for code in codes} | {"vat:rounding": "typSzbDph.dphOsv"}


def level_of(code: VatCode) -> str:
    """The level that the default mapping gives."""
    return f"typSzbDph.{LEVELS[code.category] if code.rate else 'dphOsv'}"


def create(
    document: Invoice,
    *,
    name: str = "doc",
    refs: Mapping[str, Reference] | None = None,
    options: Mapping[str, str] | None = None,
    **more: str,
) -> Action:
    """Book this document."""
    options = {"document_type": "FAKTURA", **vat_options(document), **(options or {}), **more}
    return Action(
        key=key(name),
        role="book",
        verb="create",
        kind=document.kind,
        subject=document,
        options=options,
        refs=refs or {},
    )


def contact(party: Party = BUYER, *, name: str = "contact", delivery: Address | None = None) -> Action:
    """Keep this buyer."""
    subject = Contact(identity="company_id:27082440", party=party, delivery=delivery)
    return Action(key=key(name), role="book", verb="create", kind="contact", subject=subject)


def adopt(document: Invoice, id: str, *, name: str = "doc") -> Action:
    """Take over a document that the books hold already; the hub gives no mapped values for it."""
    made, refs = create(document, name=name), {"document": Reference(id=id)}
    return msgspec.structs.replace(made, verb="adopt", refs=refs, options={})


def update(document: Invoice, *, of: str = "doc", name: str = "update") -> Action:
    """Make a document of ours say this."""
    return msgspec.structs.replace(
        create(document, name=name), verb="update", refs={"document": Reference(key=key(of))}
    )


def cancel(document: Invoice, *, of: str = "doc", name: str = "cancel") -> Action:
    """Take a document of ours back."""
    return msgspec.structs.replace(update(document, of=of, name=name), verb="cancel", options={})


def link(*, credit: Reference, original: Reference, name: str = "link") -> Action:
    """Tie a credit note to what it credits."""
    refs = {"document": credit, "corrects": original}
    subject = CreditLink(number="D1", corrects="F1")
    return Action(key=key(name), role="book", verb="link", kind="credit_note", subject=subject, refs=refs)


def settle(document: Reference, *, name: str = "payment", amount: str = "121.00", **options: str) -> Action:
    """Say that a document is paid."""
    subject = Payment(
        document="F1", amount=Money.of(Decimal(amount), "CZK"), paid=date(2026, 2, 28), variable_symbol="2026001"
    )
    return Action(
        key=key(name),
        role="book",
        verb="settle",
        kind="payment",
        subject=subject,
        options={"mode": "mark", **options},
        refs={"document": document},
    )


def domestic(sold: Sold) -> Sold:
    """The same line at home: books take one country's VAT on one document."""
    return dataclasses.replace(sold, code=CODES[0]) if sold.code.category == "oss" else sold


def bookable(currencies: tuple[str, ...] = ("CZK", "EUR", "HUF", "JPY")) -> st.SearchStrategy[Invoice]:
    """Documents as shops issue them, of every kind, with one country's VAT."""
    found = st.builds(
        document,
        st.lists(sold_lines().map(domestic), min_size=0, max_size=8),
        basis=st.sampled_from(("gross", "net")),
        per_rate=st.booleans(),
        currency=st.sampled_from(currencies),
        rounding=st.integers(-50, 50),
    )
    kinds = st.sampled_from(("invoice", "credit_note", "receipt"))
    return st.builds(lambda document, kind: msgspec.structs.replace(document, kind=kind), found, kinds)


def record(action: Action, of: FlexibeeSettings | None = None) -> dict[str, Any]:
    """The record that is sent, without the name of its evidence."""
    (found,) = json.loads(render(of or settings(), action)).values()
    return dict(found)


def intent(action: Action, of: FlexibeeSettings | None = None) -> Intent:
    """The action with its frozen bytes."""
    return Intent.of(action, render(of or settings(), action))


def computed(sent: Mapping[str, Any], rates: Mapping[str, Decimal]) -> dict[str, tuple[int, int, int]]:
    """What the books make of a record's lines: base, VAT and total by bucket in minor units of two decimals.

    From the vendor's pages alone, and with fractions: VAT from a gross amount is what is more than amount / (1 + rate),
    on a net amount it is amount x rate; stated sums of a line count instead; the header adds the lines up.
    """
    found: dict[str, tuple[int, int, int]] = {}
    for line in sent["polozkyFaktury"]:
        level = line["typSzbDphK"].removeprefix("typSzbDph.")
        rate, gross_price = Fraction(rates.get(level, Decimal(0))) / 100, line["typCenyDphK"] == "typCeny.sDph"
        amount = minor(Fraction(line["mnozMj"]) * Fraction(line["cenaMj"]) * 100)
        amount = cents(line, "sumCelkem" if gross_price else "sumZkl", amount)
        tax = minor(amount * rate / (1 + rate) if gross_price else amount * rate)
        if gross_price:
            tax = cents(line, "sumDph", tax)
            part = (amount - tax, tax, amount)
        else:
            total = cents(line, "sumCelkem", amount + tax)
            part = (amount, total - amount, total)
        before = found.get(level, (0, 0, 0))
        found[level] = (before[0] + part[0], before[1] + part[1], before[2] + part[2])
    return found


def cents(values: Mapping[str, Any], name: str, default: int) -> int:
    """An amount as stated at home or in a foreign currency, else the default."""
    found = values.get(name, values.get(f"{name}Men"))
    return default if found is None else minor(Fraction(found) * 100)


def row(id: int, action: Action | None = None, **values: Any) -> dict[str, Any]:
    """A document as the vendor lists it: everything is text."""
    listed = {
        "id": str(id),
        "kod": f"F{id}",
        "typDokl": "code:FAKTURA",
        "mena": "code:CZK",
        "datVyst": "2026-02-01+01:00",
        "storno": "false",
        "sumCelkem": "121.0",
        "sumZklZakl": "100.0",
        "sumDphZakl": "21.0",
        "sumCelkZakl": "121.0",
        "zbyvaUhradit": "121.0",
        "external-ids": [f"ext:MOSTEK:{action.key}"] if action else [],
    }
    return listed | values


@dataclass
class Call:
    """One request as it arrived."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Any
    headers: Mapping[str, str]


Answer = Any
Script = Callable[[Call], Answer]


@dataclass
class Books:
    """A server for tests: what was asked of it, and what it answers."""

    url: str = ""
    calls: list[Call] = field(default_factory=list)

    def of(self, service: str) -> list[Call]:
        """The calls of one service: get, query, or the name of an evidence."""
        return [call for call in self.calls if call.path.endswith(f"{service}.json")]


TYPES = [
    {"id": "1", "kod": "FAKTURA", "typDoklK": "typDokladu.faktura"},
    {"id": "2", "kod": "DOBROPIS", "typDoklK": "typDokladu.dobropis"},
]


@asynccontextmanager
async def books(script: Script) -> AsyncIterator[Books]:
    """Serve answers of a function: a body, (status, body), or a response of aiohttp; None is an empty listing."""
    found = Books()

    async def handle(request: web.Request) -> web.StreamResponse:
        text = await request.text()
        call = Call(
            request.method, request.path, dict(request.query), json.loads(text or "null"), dict(request.headers)
        )
        found.calls.append(call)
        answer = script(call)
        if isinstance(answer, web.StreamResponse):
            return answer
        status, body = answer if isinstance(answer, tuple) else (200, answer)
        if body is None:
            evidence = call.path.split("/")[3].removesuffix(".json")
            body = listed(evidence, *(TYPES if evidence == "typ-faktury-vydane" else ()))
        return web.Response(status=status, body=msgspec.json.encode(body), content_type="application/json")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    found.url = f"http://{host}:{port}"
    try:
        yield found
    finally:
        await runner.cleanup()


def listed(evidence: str, *rows: Mapping[str, Any]) -> dict[str, Any]:
    """A listing as the vendor gives it."""
    return {"winstrom": {"@version": "1.0", evidence: list(rows)}}


def saved(*results: Mapping[str, Any], **stats: int) -> dict[str, Any]:
    """The answer to a write, in text as the vendor writes it."""
    counts = {name: str(stats.get(name, 0)) for name in ("created", "updated", "deleted", "skipped", "failed")}
    success = "false" if stats.get("failed") else "true"
    return {"winstrom": {"@version": "1.0", "success": success, "stats": counts, "results": list(results)}}


@asynccontextmanager
async def session(url: str, **changes: Any) -> AsyncIterator[FlexibeeSession]:
    """An opened connection to a test system."""
    context = Context(slug="ucto", zone=ZoneInfo("Europe/Prague"), now=lambda: NOW)
    opened = connector.open(settings(test_address=url, **changes), context)
    assert isinstance(opened, FlexibeeSession)
    try:
        yield opened
    finally:
        await opened.close()
