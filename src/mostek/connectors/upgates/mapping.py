"""UpGates' orders, invoices, credit notes and receipts as documents: pure, from one record's bytes.

Amounts are the vendor's own; only what a version of his API leaves out (the net price of a shipment before April
2025) is computed. Where his reference leaves a convention open (the sign of a credit note, whether a total includes
its rounding, which way a rate is meant), the document's own figures decide, and a document that allows no reading is
refused with the field's name.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date
from decimal import Decimal
from itertools import product
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from mostek.connectors.upgates import fields
from mostek.connectors.upgates.fields import Payload
from mostek.connectors.upgates.records import KINDS, rivals
from mostek.connectors.upgates.settings import UpgatesSettings
from mostek.documents.invoice import ExchangeRate, Invoice, Method, contradictions
from mostek.documents.lines import Line, LineKind
from mostek.documents.money import Money, total
from mostek.documents.number import divide, half_up, normal
from mostek.documents.order import Order
from mostek.documents.party import Address, Party
from mostek.documents.problem import InvalidDocumentError, invalid
from mostek.documents.regime import Regime, corrected, zero_of
from mostek.documents.vat import Basis, VatRow, summed, tax_of
from mostek.sdk.field import Field, day, parse_json
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
C = TypeVar("C")
Rows = Sequence[VatRow]
Attempt = tuple[Sequence[Line], Rows]
# A shipment or payment for nothing would only add a VAT code (0 %) that the document has not.
FEES = frozenset(kind for _, kind in METHODS)
BASES: tuple[Basis, ...] = ("gross", "net")
_ONE = Decimal(1)
_DECIMALS = 6
_PIECES = 10  # minor units that a discount, spread over products, may be off
# How far the summary may be from rate x amount, in parts and in units: it is rounded per VAT rate.
_TOLERANCE, _ROUNDING = Decimal("0.01"), Decimal("0.05")


class Priced(msgspec.Struct, frozen=True, kw_only=True):
    """How the amounts of one document are read: with VAT (``gross``) or without it they are exact.

    The other price is the shop's own, or with ``derives`` computed.
    """

    regime: Regime
    currency: str
    basis: Basis
    derives: bool = False

    def line(
        self,
        payload: Payload,
        path: str,
        *,
        quantity: Decimal = Decimal(1),
        unit: str = "",
        unit_price: Decimal | None = None,
        lowers: bool = False,
        **facts: Any,
    ) -> Line:
        """A line from what products, items, methods and discounts share; ``lowers`` makes its amounts negative.

        The shop's other price was absent before April 2025 for all but products, so it is computed then. Raises
        ``upgates.line_vat`` when the VAT is not that of the rate, by more than rounding per piece (of a discount: per
        piece of what it was spread over).
        """
        own, other = fields.Price.gross, fields.Price.net
        own, other = (own, other) if self.basis == "gross" else (other, own)
        value, rate = own(payload, path), fields.Price.rate(payload, path)
        value = fields.Price.price(payload, path) if value is None else value
        if value is None:
            raise invalid("field.missing", path + own.name)
        stated, derived = Money.of(value, self.currency, path + own.name), other(payload, path)
        tax = tax_of(stated, rate, self.basis)
        computed = stated - tax if self.basis == "gross" else stated + tax
        second = computed if derived is None else Money.rounded(derived, self.currency)
        if abs((second - computed).minor) > max(_PIECES + abs(quantity) / 2, abs(tax.minor) * _TOLERANCE):
            raise invalid("upgates.line_vat", path + fields.Price.rate.name, rate=rate, stated=stated, other=second)
        second = computed if self.derives else second
        if unit_price is None:
            unit_price = normal(half_up(divide(stated.amount, quantity or _ONE), _DECIMALS))
        if lowers and stated.minor > 0:
            stated, second, unit_price = -stated, -second, unit_price.copy_negate()
        net, gross = (second, stated) if self.basis == "gross" else (stated, second)
        return Line(
            quantity=quantity,
            unit=unit,
            unit_price=unit_price,
            basis=self.basis,
            vat=self.regime.code(rate, path + fields.Price.rate.name),
            net=net,
            tax=gross - net,
            gross=gross,
            **facts,
        )


def parse(settings: UpgatesSettings, record: Record) -> Invoice | Order:
    """The document of a record; raises :class:`InvalidDocumentError` naming the field that cannot be read."""
    if rivals(record):
        raise invalid("upgates.number_twice", fields.Invoice.number.name, number=record.id)
    payload, zone = parse_json(record.payload), ZoneInfo(settings.timezone)
    return order(settings, payload, zone) if record.kind == "order" else invoice(settings, payload, zone)


def invoice(settings: UpgatesSettings, payload: Payload, zone: ZoneInfo) -> Invoice:
    """The document of an invoice, credit note or receipt.

    The delivery address, the buyer's ``vat_payer`` and the methods' codes stand in the order, not here. A credit
    note's amounts are turned positive, each part by the sign of its own sum.
    """
    kind = _choice(KINDS, fields.Invoice.type(payload), fields.Invoice.type.name)
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
    lines = _items(payload, Priced(regime=regime, currency=bare.currency, basis="gross"))
    return _filled(bare, payload, lines, stated[0] if stated else summed(line.row for line in lines))


def _attempts(bare: Invoice, payload: Payload, regime: Regime, stated: Sequence[Rows]) -> Iterator[Attempt]:
    readings = []
    for lowers, derives, basis in product((False, True), (False, True), BASES):
        with suppress(InvalidDocumentError):
            priced = Priced(regime=regime, currency=bare.currency, basis=basis, derives=derives)
            readings.append((basis, _items(payload, priced, lowers=lowers)))
            yield from ((readings[-1][1], rows) for rows in stated)
    if not stated or fields.Invoice.summary_currency(payload) not in {"", bare.currency}:
        yield from ((lines, rows) for basis, lines in readings for rows in _likeliest(payload, lines, basis))


def _filled(bare: Invoice, payload: Payload, lines: Sequence[Line], rows: Rows) -> Invoice:
    """The document with its amounts.

    The reference does not say whether ``total_with_vat`` includes ``total_rest``; orders include theirs. It does not
    when the VAT summary alone gives it already, and the lines do not say that the summary holds the rounding too.
    """
    rounding = _amount(fields.Invoice.rounding, payload, bare.currency)
    to_pay = _amount(fields.Invoice.total, payload, bare.currency)
    if bare.kind == "credit_note":
        lines, rows = _positive(lines, _negated), _positive(rows, VatRow.__neg__)
        rounding, to_pay = (-rounding, -to_pay) if to_pay.minor < 0 else (rounding, to_pay)
    if _gross(rows, bare.currency) == to_pay != _gross(lines, bare.currency) + rounding:
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


def _likeliest(payload: Payload, lines: Sequence[Line], basis: Basis) -> list[Rows]:
    """What a summary that is not stated may be: the lines' VAT, or the VAT on each rate's sum; the total tells."""
    rows = summed(line.row for line in lines)
    taxes = [(row, tax_of(row.gross if basis == "gross" else row.net, row.code.rate, basis)) for row in rows]
    nets = [(row, tax, row.gross - tax if basis == "gross" else row.net) for row, tax in taxes]
    by_rate = [VatRow(row.code, net, tax, net + tax) for row, tax, net in nets]
    net_total = abs(fields.Invoice.net_total(payload))
    return sorted((rows, by_rate), key=lambda found: abs(sum(row.net.amount for row in found)) != net_total)


def _gross(parts: Iterable[Line | VatRow], currency: str) -> Money:
    return total((part.gross for part in parts), currency)


def _items(payload: Payload, priced: Priced, *, lowers: bool = False) -> tuple[Line, ...]:
    unit_price = fields.Item.unit_gross if priced.basis == "gross" else fields.Item.unit_net
    lines = []
    for place, item in enumerate(fields.Invoice.items(payload)):
        path, by = f"items[{place}].", fields.Item
        kind = _choice(ITEM_KINDS, by.type(item, path), path + by.type.name)
        line = priced.line(
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


def _positive(parts: Sequence[Any], negated: Callable[[Any], Any]) -> Sequence[Any]:
    """Lines or rows of a credit note with a positive sum: the reference does not say with which sign they come."""
    return [negated(part) for part in parts] if sum(part.gross.minor for part in parts) < 0 else parts


def _negated(line: Line) -> Line:
    """The line with the opposite sign, in its quantity where that is negative, in its price otherwise."""
    turned = -line
    if line.quantity < 0:
        return turned
    return msgspec.structs.replace(turned, quantity=line.quantity, unit_price=line.unit_price.copy_negate())


def _exchange(payload: Payload, currency: str, rows: Rows) -> ExchangeRate | None:
    """The document's own rate when its VAT summary is in another currency.

    The reference says "rate of the summary's currency" and not in which direction; of an order's rate it says that
    the shop's price is price x (1 / rate). The summary's total tells: it is the document's times the rate, or
    divided by it.
    """
    home = fields.Invoice.summary_currency(payload)
    rate = fields.Invoice.summary_rate(payload)
    if home in {"", currency} or not rate:
        return None
    document = abs(_gross(rows, currency).amount)
    summary = abs(fields.Summed.gross(fields.Invoice.summary_total(payload), "recapitulation_vats_total."))
    candidates = (rate, normal(half_up(divide(_ONE, rate), _DECIMALS)))
    missed = {candidate: abs(document * candidate - summary) for candidate in candidates}
    best = min(candidates, key=lambda candidate: missed[candidate])
    if document and (not summary or missed[best] > max(summary * _TOLERANCE, _ROUNDING)):
        path = fields.Invoice.summary_rate.name
        raise invalid("upgates.exchange", path, rate=rate, total=document, summary=summary, currency=home)
    return ExchangeRate(home=home, rate=best, source="document")


def _customer(customer: Payload) -> Party:
    path = "customer."
    address, is_company = Address(**_texts(fields.CUSTOMER, customer, path)), fields.Customer.is_company(customer, path)
    return Party(address=address, is_company=is_company, vat_payer=None, **_texts(fields.CONTACTS, customer, path))


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
    readings = (Priced(regime=regime, currency=currency, basis=basis, derives=derives) for derives in (False, True))
    return Order(
        id=fields.Order.number(payload),
        number=fields.Order.number(payload),
        status=fields.Order.status(payload),
        currency=currency,
        buyer=buyer,
        lines=_once((tuple(_order_lines(payload, priced)) for priced in readings), to_pay - rounding, basis),
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


def _order_lines(payload: Payload, priced: Priced) -> Iterator[Line]:
    for place, entry in enumerate(fields.Order.products(payload)):
        path, by = f"products[{place}].", fields.Product
        kind = _choice(PRODUCT_KINDS, by.type(entry, path), path + by.type.name)
        yield priced.line(
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
            yield priced.line(row, path, kind=kind, id=f"{block.name}-{place + 1}", name=name, lowers=True)
    for block, kind in METHODS:
        method, path = block(payload), f"{block.name}."
        if method:
            line = priced.line(method, path, kind=kind, id=block.name, name=fields.Method.name(method, path))
            if line.gross:
                yield line


def _once(readings: Iterable[tuple[Line, ...]], expected: Money, basis: Basis) -> tuple[Line, ...]:
    """The lines with each amount once: a set and its parts may both show the price, and the total tells whose counts.

    ``expected`` is the total before rounding. Net prices give a total that was derived too: a minor unit per line.
    """
    missed = []
    for lines in readings:
        for candidate in (lines, *_sets_told_once(lines)):
            missed.append(expected - _gross(candidate, expected.currency))
            if abs(missed[-1].minor) <= (len(lines) if basis == "net" else 0):
                return candidate
    found = expected - missed[0]
    raise invalid("money.line_sum", "products", found=found, stated=expected, difference=missed[0])


def _sets_told_once(lines: tuple[Line, ...]) -> Iterator[tuple[Line, ...]]:
    """The lines without the prices of parts whose set has one; then without those of sets whose parts have one."""
    sets = {line.id for line in lines if line.kind == "set" and line.gross}
    parts = {line.id for line in lines if line.kind == "set_part" and line.gross and line.parent in sets}
    parents = {line.parent for line in lines if line.id in parts}
    for hidden in (parts, parents):
        if hidden:
            yield tuple(_free(line) if line.id in hidden else line for line in lines)


def _free(line: Line) -> Line:
    zero = Money.zero(line.gross.currency)
    return msgspec.structs.replace(line, unit_price=Decimal(0), net=zero, tax=zero, gross=zero)


def _buyer(customer: Payload) -> Party:
    path, by = "customer.", fields.Buyer
    is_company = by.is_company(customer, path)
    person = f"{by.first_name(customer, path)} {by.surname(customer, path)}".strip()
    name = (by.company(customer, path) if is_company else "") or person
    return Party(
        address=Address(name=name, **_texts(fields.INVOICED, customer, path)),
        is_company=is_company,
        vat_payer=by.vat_payer(customer, path),
        reference=by.id(customer, path) or by.code(customer, path),
        **_texts(fields.CONTACTS, customer, path),
    )


def _delivery(customer: Payload) -> Address | None:
    path, by = "customer.", fields.Buyer
    if not by.elsewhere(customer, path):
        return None
    person = f"{by.post_first_name(customer, path)} {by.post_surname(customer, path)}".strip()
    return Address(name=by.post_company(customer, path) or person, **_texts(fields.POSTED, customer, path))


def _texts(table: fields.Texts, payload: Payload, path: str = "") -> dict[str, str]:
    return {name: field(payload, path) for name, field in table.items()}


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


def _choice(known: Mapping[str, C], value: str, path: str) -> C:
    """What a word of the vendor's stands for; a new word may mean anything, so it is refused by name."""
    if value not in known:
        raise invalid("upgates.word", path, value=value, known=", ".join(known))
    return known[value]


def _amount(field: Field[Decimal], payload: Payload, currency: str) -> Money:
    return Money.of(field(payload), currency, field.name)


def _day(field: Field[str], payload: Payload, zone: ZoneInfo) -> date | None:
    value = field(payload)
    return day(zone)(value, field.name) if value else None
