"""Issues documents: invoices, receipts and whole or partial credit notes of orders, and documents without an order."""

from dataclasses import dataclass, field
from datetime import date
from random import Random

from ..options import Options
from .amounts import half_up
from .clock import day_of
from .draw import Basket, manner
from .model import CREDIT_NOTE, INVOICE, RECEIPT, Customer, Document, Line, Order, recapitulate, round_total, settle
from .people import customers

DUE_DAYS = 14
PREFIX = {INVOICE: "", CREDIT_NOTE: "D", RECEIPT: "U"}
GOODS = frozenset({"product", "set", "set_part"})
NOTES = {
    "reverse": "Daň odvede zákazník.",
    "export": "Osvobozeno od DPH – vývoz.",
    "non_payer": "Nejsme plátci DPH.",
}


@dataclass(slots=True)
class Numbers:
    """The counters of a shop; documents are numbered without gaps per kind and year."""

    orders: int = 0
    documents: int = 0
    series: dict[str, int] = field(default_factory=dict)

    def order(self) -> int:
        self.orders += 1
        return self.orders

    def document(self, kind: str, issued: int) -> tuple[int, str]:
        """The next internal id and number of a kind in the year of the day of issue."""
        self.documents += 1
        name = _series(kind, issued)
        self.series[name] = self.series.get(name, 0) + 1
        return self.documents, f"{name}{self.series[name]:05d}"

    def give_back(self, document: Document) -> None:
        """Take back the number of the document issued last."""
        self.documents -= 1
        self.series[_series(document.kind, document.issued)] -= 1


def _series(kind: str, issued: int) -> str:
    return f"{PREFIX[kind]}{date.fromordinal(issued).year}"


def items_of(order: Order) -> list[Line]:
    """The items of an order's document, each money component once; a free method only where the shop lists it."""
    found = [_copy(row) for row in order.rows if row.counted]
    for discount in order.discounts:
        found += [_copy(part) for part in discount.parts]
    methods = (order.shipment, order.payment)
    return found + [_copy(line) for line in methods if line.gross or order.manner.free_listed]


def _copy(line: Line) -> Line:
    return Line(**{name: getattr(line, name) for name in Line.__struct_fields__})


def issue(rng: Random, numbers: Numbers, order: Order, kind: str, created: int) -> Document:
    """An invoice or receipt of the whole order, or a credit note of all of it."""
    issued = day_of(created)
    document_id, number = numbers.document(kind, issued)
    chance = rng.random()
    document = Document(
        id=document_id,
        number=number,
        kind=kind,
        currency=order.currency,
        fx=order.fx,
        manner=order.manner,
        regime=order.regime,
        customer=order.customer,
        items=items_of(order),
        issued=issued,
        supplied=day_of(order.created) if chance < 0.5 else issued,
        due=issued + DUE_DAYS,
        created=created,
        updated=created,
        symbol=order.symbol if chance < 0.7 else "".join(digit for digit in number if digit.isdigit()),
        payment=order.payment.title,
        order=order.number,
        case=order.case,
        external=order.external,
        oss=order.oss,
        note=NOTES.get(order.regime),
        rest=order.rest,
    )
    if kind == CREDIT_NOTE:
        document.related = order.document
    else:
        order.document = order.document or number
        document.paid_at = order.paid_at
    document.rates = recapitulate(document.items, document.manner)
    return document


def credit(rng: Random, numbers: Numbers, invoice: Document, created: int, *, partial: bool) -> Document:
    """A credit note of an invoice; a partial one takes some goods, some of them only in part, and no rounding."""
    issued = max(day_of(created), invoice.issued)
    document_id, number = numbers.document(CREDIT_NOTE, issued)
    note = Document(**{name: getattr(invoice, name) for name in Document.__struct_fields__})
    note.id, note.number, note.kind, note.related = document_id, number, CREDIT_NOTE, invoice.number
    note.issued = note.supplied = issued
    note.due, note.created, note.updated, note.hostile = issued + DUE_DAYS, created, created, None
    note.items = [_copy(line) for line in invoice.items]
    if partial:
        note.items = _returned(rng, note) or note.items
        note.rest = 0
    note.rates = recapitulate(note.items, note.manner)
    note.paid_at = created if rng.random() < 0.5 else None
    note.part_paid = False
    return note


def _returned(rng: Random, note: Document) -> list[Line]:
    """Some of the goods, less their share of the discounts of the same VAT rate; empty if nothing would be given."""
    goods = [line for line in note.items if line.kind in GOODS and line.gross > 0]
    discounts = [line for line in note.items if line.gross < 0]
    bought: dict[int, int] = {}
    for line in goods:
        bought[line.rate] = bought.get(line.rate, 0) + line.gross
    picked = [_part_of(rng, line, note) for line in goods[: rng.randrange(1, 3)]]
    shares = []
    for discount in discounts:
        part = sum(line.gross for line in picked if line.rate == discount.rate)
        if part:
            side = discount.gross if note.manner.gross_basis else discount.net
            amount = half_up(side * part, bought[discount.rate])
            shares.append(settle(Line("voucher", discount.title, discount.rate, amount), note.manner))
    if sum(line.gross for line in picked + shares) <= 0:
        return []
    return picked + [line for line in shares if line.gross]


def _part_of(rng: Random, line: Line, note: Document) -> Line:
    """One piece of a line of several pieces, with its share of the line's amounts; else the whole line."""
    whole = line.quantity
    if whole < 2000 or rng.random() < 0.3:
        return line
    line = _copy(line)
    line.quantity = 1000
    line.gross = half_up(line.gross * 1000, whole)
    line.net = half_up(line.net * 1000, whole)
    line.fixed = line.gross if note.manner.gross_basis else line.net
    return line


def without_order(rng: Random, options: Options, numbers: Numbers, created: int) -> Document:
    """An invoice written by hand in the administration."""
    people = customers(options.seed)
    customer: Customer = people[int(rng.random() * len(people))]
    how = manner(rng, options)
    basket = Basket(rng, options, how, customer)
    issued = day_of(created)
    document_id, number = numbers.document(INVOICE, issued)
    items = [row for row in basket.rows(options.seed, options) if row.counted]
    document = Document(
        id=document_id,
        number=number,
        kind=INVOICE,
        currency=basket.currency,
        fx=25_125 if basket.currency == "EUR" else 1000,
        manner=how,
        regime=basket.regime,
        customer=customer,
        items=items,
        issued=issued,
        supplied=issued,
        due=issued + DUE_DAYS,
        created=created,
        updated=created,
        symbol=number,
        payment="Bankovní převod",
        oss=basket.country if basket.regime == "oss" else None,
        note=NOTES.get(basket.regime),
        rates=recapitulate(items, how),
    )
    document.rest = round_total(document.before, 100 if basket.currency == "CZK" and rng.random() < 0.3 else 1)
    return document
