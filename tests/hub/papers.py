"""The toy shop's documents: plain ones of one line, changed where a test wants them changed."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import msgspec

from mostek.documents.invoice import Invoice, Method
from mostek.documents.lines import Line
from mostek.documents.money import Money
from mostek.documents.number import decimal
from mostek.documents.order import Order
from mostek.documents.party import Address, Party
from mostek.documents.vat import VatCode, summed, tax_of

DAY = date(2026, 5, 4)
CZ21 = VatCode("standard", Decimal(21), "CZ")


def money(amount: str, currency: str = "CZK") -> Money:
    """An amount from its text."""
    return Money.of(decimal(amount, "amount"), currency)


def line(gross: str, name: str = "Hrnek", code: str | None = None, number: int = 1) -> Line:
    """One line of one piece with 21 % VAT in its price."""
    amount = money(gross)
    tax = tax_of(amount, CZ21.rate, "gross")
    return Line(
        id=f"{number}",
        kind="goods",
        name=name,
        quantity=Decimal(1),
        unit="ks",
        unit_price=decimal(gross, "price"),
        basis="gross",
        vat=CZ21,
        net=amount - tax,
        tax=tax,
        gross=amount,
        code=code,
    )


def invoice(number: str, gross: str = "121", **changes: object) -> Invoice:
    """A paid invoice of one line to a private buyer."""
    lines = (line(gross),)
    plain = Invoice(
        kind="invoice",
        id=number,
        number=number,
        currency="CZK",
        seller_country="CZ",
        buyer=Party(address=Address(name="Jana Testová", country="CZ"), email=f"{number.lower()}@buyer.example"),
        lines=lines,
        vat=summed(item.row for item in lines),
        rounding=money("0"),
        total=money(gross),
        issued=DAY,
        supplied=DAY,
        due=DAY + timedelta(days=14),
        created=datetime(2026, 5, 4, 10, tzinfo=UTC),
    )
    return msgspec.structs.replace(plain, **changes)


def credit_note(number: str, corrects: str, gross: str = "121", **changes: object) -> Invoice:
    """A credit note of one line."""
    return invoice(number, gross, **{"kind": "credit_note", "corrects": corrects, **changes})


def order(number: str, **changes: object) -> Order:
    """An order of one line."""
    plain = Order(
        id=number,
        number=number,
        status="Vyřízena",
        currency="CZK",
        buyer=Party(address=Address(name="Jana Testová", country="CZ"), reference=f"C{number}"),
        lines=(line("121"),),
        rounding=money("0"),
        total=money("121"),
        created=datetime(2026, 5, 4, 9, tzinfo=UTC),
        changed=datetime(2026, 5, 4, 9, tzinfo=UTC),
        payment=Method("card", "Kartou"),
    )
    return msgspec.structs.replace(plain, **changes)


def regrossed(document: Invoice, gross: str) -> Invoice:
    """The same document over another amount."""
    lines = (line(gross),)
    rows = summed(each.row for each in lines)
    return msgspec.structs.replace(document, lines=lines, vat=rows, total=money(gross))
