"""UpGates' orders, invoices, credit notes and receipts as documents: pure, from one record's bytes.

Amounts are the vendor's own; only what a version of his API leaves out (the net price of a shipment before April
2025) is computed. Where his reference leaves a convention open (the sign of a credit note, whether a total includes
its rounding, which way a rate is meant), the document's own figures decide, and a document that allows no reading is
refused with the field's name.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date
from decimal import Decimal
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from mostek.connectors.upgates import fields, people
from mostek.connectors.upgates.fields import Payload
from mostek.connectors.upgates.records import KINDS
from mostek.connectors.upgates.settings import UpgatesSettings
from mostek.documents import reading
from mostek.documents.invoice import ExchangeRate, Invoice, Method, contradictions
from mostek.documents.lines import Line, LineKind
from mostek.documents.money import Money
from mostek.documents.number import divide
from mostek.documents.order import Order
from mostek.documents.party import Address, Contact, Party
from mostek.documents.problem import InvalidDocumentError, invalid
from mostek.documents.regime import Regime, corrected, zero_of
from mostek.documents.vat import Basis, VatRow, summed
from mostek.sdk.field import Field, choice, day, parse_json, texts
from mostek.sdk.items import rivals
from mostek.sdk.record import Record

ITEM_KINDS: Mapping[str, LineKind] = {
    "product": "goods",
    "discount": "discount",
    "shipment": "shipping",
    "payment": "payment_fee",
}
PRODUCT_KINDS: Mapping[str, LineKind] = {
    "product": "goods",
    "set": "set",
    "set_part": "set_part",
    "gift": "gift",
    "discount": "discount",
}
DISCOUNTS: tuple[tuple[Field[Payload], LineKind], ...] = (
    (fields.Order.voucher, "voucher"),
    (fields.Order.quantity_discount, "discount"),
    (fields.Order.loyalty, "loyalty"),
)
METHODS: tuple[tuple[Field[Payload], LineKind], ...] = (
    (fields.Order.shipment, "shipping"),
    (fields.Order.payment, "payment_fee"),
)
Attempt = tuple[Sequence[Line], reading.Rows]
# A shipment or payment for nothing would only add a VAT code (0 %) that the document has not.
FEES = frozenset(kind for _, kind in METHODS)
BASES: tuple[Basis, ...] = ("gross", "net")
_ONE = Decimal(1)
LINE_VAT, WORD = "upgates.line_vat", "upgates.word"


def _line(priced: reading.Priced, payload: Payload, path: str, **facts: Any) -> Line:
    """A line from what products, items, methods and discounts share.

    The shop's other price was absent before April 2025 for all but products, so it is computed then.
    """
    own, other = fields.Price.gross, fields.Price.net
    own, other = (own, other) if priced.basis == "gross" else (other, own)
    value = own(payload, path)
    value = fields.Price.price(payload, path) if value is None else value
    if value is None:
        raise invalid("field.missing", path + own.name)
    stated, rate = Money.of(value, priced.currency, path + own.name), fields.Price.rate(payload, path)
    return priced.line(stated, other(payload, path), rate, path + fields.Price.rate.name, **facts)


def parse(settings: UpgatesSettings, record: Record) -> Invoice | Order | Contact:
    """The document of a record; raises :class:`InvalidDocumentError` naming the field that cannot be read."""
    if rivals(record):
        raise invalid("upgates.number_twice", fields.Invoice.number.name, number=record.id)
    payload, zone = parse_json(record.payload), ZoneInfo(settings.timezone)
    if record.kind == "contact":
        return people.contact(payload, zone)
    return order(settings, payload, zone) if record.kind == "order" else invoice(settings, payload, zone)


def invoice(settings: UpgatesSettings, payload: Payload, zone: ZoneInfo) -> Invoice:
    """The document of an invoice, credit note or receipt.

    The delivery address, the buyer's ``vat_payer`` and the methods' codes stand in the order, not here. A credit
    note's amounts are turned positive, each part by the sign of its own sum.
    """
    kind = choice(KINDS, fields.Invoice.type(payload), fields.Invoice.type.name, WORD)
    number, currency = fields.Invoice.number(payload), fields.Invoice.currency(payload)
    buyer = _customer(fields.Invoice.customer(payload))
    issued = day(zone)(fields.Invoice.dated(payload), fields.Invoice.dated.name)
    supplied = _day(fields.Invoice.supplied, payload, zone) or issued
    regime = Regime(
        seller=settings.seller_country,
        days=corrected(supplied) if kind == "credit_note" else (supplied,),
        zero=zero_of(buyer, settings.seller_country, settings.domestic_zero),
        vat_payer=fields.Supplier.vat_payer(fields.Invoice.supplier(payload), "supplier."),
        oss=_oss(fields.Invoice.oss, payload, fields.Invoice.oss_country(payload)),
    )
    bare = Invoice(
        kind=kind,
        id=number,
        number=number,
        currency=currency,
        seller_country=settings.seller_country,
        buyer=buyer,
        lines=(),
        vat=(),
        rounding=Money.zero(currency),
        total=Money.zero(currency),
        issued=issued,
        supplied=supplied,
        due=_day(fields.Invoice.due, payload, zone),
        paid=_day(fields.Invoice.paid, payload, zone),
        is_paid=fields.Invoice.is_paid(payload),
        created=fields.Invoice.created(payload),
        order_number=fields.Invoice.order_number(payload),
        corrects=fields.Invoice.corrects(payload) if kind == "credit_note" else None,
        payment=Method("", payment) if (payment := fields.Invoice.payment(payload)) else None,
        variable_symbol=fields.Invoice.variable_symbol(payload),
        specific_symbol=fields.Invoice.specific_symbol(payload),
        note=fields.Invoice.note(payload),
    )
    return _read(bare, payload, regime, _stated(payload, regime, currency))


def _read(bare: Invoice, payload: Payload, regime: Regime, stated: Sequence[tuple[VatRow, ...]]) -> Invoice:
    """The document in the first reading that does not contradict itself; in the first of all when each does.

    The reference says neither which prices are exact, with VAT or without, nor with which sign a discount comes, nor
    whether the other price was rounded per line or per piece. What a summary states goes before what lines add up to.
    """
    first: Invoice | None = None
    for lines, rows in _attempts(bare, payload, regime, stated):
        with suppress(InvalidDocumentError):
            document = _filled(bare, payload, lines, rows)
            if not contradictions(document):
                return document
            first = first or document
    if first:
        return first
    lines = _items(payload, reading.Priced(regime=regime, currency=bare.currency, basis="gross", fault=LINE_VAT))
    return _filled(bare, payload, lines, stated[0] if stated else summed(line.row for line in lines))


def _attempts(bare: Invoice, payload: Payload, regime: Regime, stated: Sequence[reading.Rows]) -> Iterator[Attempt]:
    readings, net_total = [], abs(fields.Invoice.net_total(payload))
    for lowers, derives, basis in product((False, True), (False, True), BASES):
        with suppress(InvalidDocumentError):
            priced = reading.Priced(regime=regime, currency=bare.currency, basis=basis, fault=LINE_VAT, derives=derives)
            readings.append((basis, _items(payload, priced, lowers=lowers)))
            yield from ((readings[-1][1], rows) for rows in stated)
    if not stated or fields.Invoice.summary_currency(payload) not in {"", bare.currency}:
        yield from ((lines, rows) for basis, lines in readings for rows in reading.likeliest(lines, basis, net_total))


def _filled(bare: Invoice, payload: Payload, lines: Sequence[Line], rows: reading.Rows) -> Invoice:
    """The document with its amounts.

    The reference does not say whether ``total_with_vat`` includes ``total_rest``; orders include theirs. It does not
    when the VAT summary alone gives it already, and the lines do not say that the summary holds the rounding too.
    """
    rounding = _amount(fields.Invoice.rounding, payload, bare.currency)
    to_pay = _amount(fields.Invoice.total, payload, bare.currency)
    if bare.kind == "credit_note":
        lines, rows = reading.positive_lines(lines), reading.positive_rows(rows)
        rounding, to_pay = (-rounding, -to_pay) if to_pay.minor < 0 else (rounding, to_pay)
    if reading.gross_of(rows, bare.currency) == to_pay != reading.gross_of(lines, bare.currency) + rounding:
        to_pay += rounding
    exchange = _exchange(payload, bare.currency, rows)
    amounts = {"lines": tuple(lines), "vat": tuple(rows), "rounding": rounding, "total": to_pay}
    return msgspec.structs.replace(bare, exchange=exchange, **amounts)


def _stated(payload: Payload, regime: Regime, currency: str) -> list[tuple[VatRow, ...]]:
    """The VAT summary in the document's currency: as it stands, or turned back by its rate, either way round."""
    own, rate = fields.Invoice.summary_currency(payload) in {"", currency}, fields.Invoice.summary_rate(payload)
    factors = [_ONE] if own else [divide(_ONE, rate), rate] if rate else []
    return [rows for factor in factors if (rows := _summary(payload, regime, currency, factor))]


def _summary(payload: Payload, regime: Regime, currency: str, factor: Decimal) -> tuple[VatRow, ...]:
    rows = []
    for rate, row in fields.Invoice.summary(payload).items():
        path, sums = f"{fields.Invoice.summary.name}.{rate}.", fields.Summed
        named = [(field(row, path), path + field.name) for field in (sums.net, sums.tax, sums.gross)]
        if factor == _ONE:
            net, tax, gross = (Money.of(amount, currency, name) for amount, name in named)
        else:
            net, tax, gross = (Money.rounded(amount * factor, currency) for amount, _ in named)
            tax = gross - net
        if net or gross:
            rows.append(VatRow(regime.code(rate, path), net, tax, gross))
    return summed(rows)


def _items(payload: Payload, priced: reading.Priced, *, lowers: bool = False) -> tuple[Line, ...]:
    unit_price = fields.Item.unit_gross if priced.basis == "gross" else fields.Item.unit_net
    lines = []
    for place, item in enumerate(fields.Invoice.items(payload)):
        path, by = f"items[{place}].", fields.Item
        kind = choice(ITEM_KINDS, by.type(item, path), path + by.type.name, WORD)
        line = _line(
            priced,
            item,
            path,
            kind=kind,
            id=f"item-{place + 1}",
            name=by.name(item, path),
            lowers=lowers and kind == "discount",
            quantity=by.quantity(item, path),
            unit=by.unit(item, path),
            unit_price=unit_price(item, path),
            code=by.code(item, path) or None,
        )
        if line.gross or kind not in FEES:
            lines.append(line)
    return tuple(lines)


def _exchange(payload: Payload, currency: str, rows: reading.Rows) -> ExchangeRate | None:
    """The document's own rate when its VAT summary is in another currency.

    The reference says "rate of the summary's currency" and not in which direction; of an order's rate it says that
    the shop's price is price x (1 / rate). The summary's total tells: it is the document's times the rate, or
    divided by it.
    """
    home = fields.Invoice.summary_currency(payload)
    rate = fields.Invoice.summary_rate(payload)
    if home in {"", currency} or not rate:
        return None
    document = abs(reading.gross_of(rows, currency).amount)
    summary = abs(fields.Summed.gross(fields.Invoice.summary_total(payload), "recapitulation_vats_total."))
    best = reading.exchanged(rate, document, summary)
    if best is None:
        path = fields.Invoice.summary_rate.name
        raise invalid("upgates.exchange", path, rate=rate, total=document, summary=summary, currency=home)
    return ExchangeRate(home=home, rate=best, source="document")


def _customer(customer: Payload) -> Party:
    path = "customer."
    address, is_company = Address(**texts(fields.CUSTOMER, customer, path)), fields.Customer.is_company(customer, path)
    return Party(address=address, is_company=is_company, vat_payer=None, **texts(fields.CONTACTS, customer, path))


def order(settings: UpgatesSettings, payload: Payload, zone: ZoneInfo) -> Order:
    """The document of an order; raises ``money.line_sum`` when a part of its total stands in no line."""
    customer = fields.Order.customer(payload)
    buyer, delivery = _buyer(customer), _delivery(customer)
    created, changed = fields.Order.created(payload), fields.Order.changed(payload)
    regime = Regime(
        seller=settings.seller_country,
        days=(created.astimezone(zone).date(), changed.astimezone(zone).date()),
        zero=zero_of(buyer, settings.seller_country, settings.domestic_zero),
        oss=_oss(fields.Order.oss, payload, (delivery or buyer.address).country),
    )
    currency = fields.Order.currency(payload)
    to_pay = _amount(fields.Order.total, payload, currency)
    rounding = _amount(fields.Order.rounding, payload, currency)
    basis: Basis = "gross" if fields.Order.with_vat(payload) else "net"
    readings = (
        reading.Priced(regime=regime, currency=currency, basis=basis, fault=LINE_VAT, derives=derives)
        for derives in (False, True)
    )
    return Order(
        id=fields.Order.number(payload),
        number=fields.Order.number(payload),
        status=fields.Order.status(payload),
        currency=currency,
        buyer=buyer,
        lines=reading.told_once(
            (tuple(_order_lines(payload, each)) for each in readings), to_pay - rounding, basis, "products"
        ),
        rounding=rounding,
        total=to_pay,
        created=created,
        changed=changed,
        paid=_day(fields.Order.paid, payload, zone),
        delivery=delivery,
        payment=_method(fields.Order.payment(payload), "payment."),
        shipping=_method(fields.Order.shipment(payload), "shipment."),
        variable_symbol=fields.Order.variable_symbol(payload),
        is_oss=fields.Order.oss(payload),
        channel=fields.Order.origin(payload),
        resolved=fields.Order.resolved(payload),
    )


def _order_lines(payload: Payload, priced: reading.Priced) -> Iterator[Line]:
    for place, entry in enumerate(fields.Order.products(payload)):
        path, by = f"products[{place}].", fields.Product
        kind = choice(PRODUCT_KINDS, by.type(entry, path), path + by.type.name, WORD)
        yield _line(
            priced,
            entry,
            path,
            kind=kind,
            id=by.uuid(entry, path) or f"product-{place + 1}",
            name=by.title(entry, path),
            lowers=kind == "discount",
            quantity=by.quantity(entry, path),
            unit=by.unit(entry, path),
            unit_price=by.unit_price(entry, path),
            code=by.code(entry, path) or None,
            ean=by.ean(entry, path) or None,
            parent=by.parent(entry, path) or None,
        )
    for block, kind in DISCOUNTS:
        discount = block(payload)
        name = fields.Discount.code(discount, f"{block.name}.") or block.name
        for place, row in enumerate(fields.Discount.rows(discount, f"{block.name}.")):
            path = f"{block.name}.discounts[{place}]."
            yield _line(priced, row, path, kind=kind, id=f"{block.name}-{place + 1}", name=name, lowers=True)
    for block, kind in METHODS:
        method, path = block(payload), f"{block.name}."
        if method:
            line = _line(priced, method, path, kind=kind, id=block.name, name=fields.Method.name(method, path))
            if line.gross:
                yield line


def _buyer(customer: Payload) -> Party:
    path, by = "customer.", fields.Buyer
    is_company = by.is_company(customer, path)
    person = f"{by.first_name(customer, path)} {by.surname(customer, path)}".strip()
    name = (by.company(customer, path) if is_company else "") or person
    return Party(
        address=Address(name=name, **texts(fields.INVOICED, customer, path)),
        is_company=is_company,
        vat_payer=by.vat_payer(customer, path),
        reference=by.id(customer, path) or by.code(customer, path),
        **texts(fields.CONTACTS, customer, path),
    )


def _delivery(customer: Payload) -> Address | None:
    path, by = "customer.", fields.Buyer
    if not by.elsewhere(customer, path):
        return None
    person = f"{by.post_first_name(customer, path)} {by.post_surname(customer, path)}".strip()
    return Address(name=by.post_company(customer, path) or person, **texts(fields.POSTED, customer, path))


def _method(payload: Payload, path: str) -> Method | None:
    """How it is paid or delivered: the shop's own code, or the vendor's type where the shop gave none."""
    if not payload:
        return None
    code = fields.Method.code(payload, path) or fields.Method.type(payload, path)
    return Method(code, fields.Method.name(payload, path))


def _oss(flag: Field[bool], payload: Payload, country: str) -> str:
    """The consumer's country when the one-stop shop is used, else nothing."""
    if flag(payload) and not country:
        raise invalid("upgates.oss_country", flag.name)
    return country if flag(payload) else ""


def _amount(field: Field[Decimal], payload: Payload, currency: str) -> Money:
    return Money.of(field(payload), currency, field.name)


def _day(field: Field[str], payload: Payload, zone: ZoneInfo) -> date | None:
    value = field(payload)
    return day(zone)(value, field.name) if value else None
