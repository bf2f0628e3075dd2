"""The toy's records to documents, and actions to its entries."""

from collections.abc import Mapping
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any

from mostek.documents import canonical
from mostek.documents.booking import Profile, computed, fit
from mostek.documents.invoice import Invoice
from mostek.documents.lines import Line
from mostek.documents.money import Money, total
from mostek.documents.number import multiply
from mostek.documents.order import Order
from mostek.documents.party import Address, Contact, Party, compact_id
from mostek.documents.payment import CreditLink
from mostek.documents.problem import invalid
from mostek.documents.text import clean
from mostek.documents.vat import domestic, summed, tax_of
from mostek.sdk.effect import Action, Reference, StatedRow, Statement
from mostek.sdk.field import parse_json
from mostek.sdk.record import Record
from tests.sdk.kit.toy import fields
from tests.sdk.kit.toy.settings import ToySettings

PROFILE = Profile(line_sums=True)
CURRENCY = "CZK"


def parse(_settings: ToySettings, record: Record) -> Invoice | Order:
    """A record as a document; a credit note's signs are turned."""
    payload = parse_json(record.payload)
    kind, dated = fields.KIND(payload), fields.DATED(payload)
    sign = Decimal(-1 if kind == "credit_note" else 1)
    items = fields.ITEMS(payload)
    lines = tuple(_line(item, f"items[{place}].", payload, sign) for place, item in enumerate(items))
    amount = Money.of(multiply(sign, fields.TOTAL(payload)), CURRENCY, "total")
    buyer = Party(address=Address(name=fields.NAME(payload), country=fields.COUNTRY(payload)))
    number = fields.NUMBER(payload)
    if kind == "order":
        moment = datetime.combine(dated, time.min, UTC)
        return Order(
            id=number,
            number=number,
            status="new",
            currency=CURRENCY,
            buyer=buyer,
            lines=lines,
            rounding=Money.zero(CURRENCY),
            total=amount,
            created=moment,
            changed=fields.CHANGED(payload),
        )
    if kind not in {"invoice", "credit_note"}:
        raise invalid("field.type", "kind", value=kind, expected="invoice or credit_note")
    return Invoice(
        kind="credit_note" if kind == "credit_note" else "invoice",
        id=number,
        number=number,
        currency=CURRENCY,
        seller_country="CZ",
        buyer=buyer,
        lines=lines,
        vat=summed(line.row for line in lines),
        rounding=Money.zero(CURRENCY),
        total=amount,
        issued=dated,
        supplied=dated,
        order_number=fields.ORDER(payload),
        corrects=fields.CORRECTS(payload),
    )


def _line(item: Mapping[str, Any], path: str, payload: Mapping[str, Any], sign: Decimal) -> Line:
    price, quantity = fields.PRICE(item, path), multiply(sign, fields.QUANTITY(item, path))
    gross = Money.rounded(multiply(price, quantity), CURRENCY)
    vat = domestic(fields.RATE(item, path), "CZ", fields.DATED(payload), f"{path}rate")
    tax = tax_of(gross, vat.rate, "gross")
    return Line(
        id=path,
        kind="goods",
        name=fields.TITLE(item, path),
        quantity=quantity,
        unit="",
        unit_price=price,
        basis="gross",
        vat=vat,
        net=gross - tax,
        tax=tax,
        gross=gross,
    )


def render(_settings: ToySettings, action: Action) -> bytes:
    """One entry."""
    head = {"key": action.key, "kind": action.kind, "verb": action.verb}
    return canonical.encode({**head, **_content(action)})


def _content(action: Action) -> dict[str, Any]:
    subject = action.subject
    if isinstance(subject, Contact):
        party = subject.party
        values = {"name": party.name or "Neznámý", "email": party.email.lower(), "phone": party.phone}
        values |= {"company_id": compact_id(party.company_id), "tax_id": compact_id(party.tax_id)}
        return {"body": {name: clean(value, name) or "-" for name, value in values.items()}}
    if action.verb in {"adopt", "cancel"}:
        named = action.refs["document"]
        return {"document": named.key or named.id}
    if isinstance(subject, Invoice):
        lines = [{"name": clean(line.name, "name"), "gross": line.gross.amount} for line in subject.lines]
        buyer = {"name": clean(subject.buyer.name, "name"), "street": clean(subject.buyer.address.street, "street")}
        body = _body(expect_(action, subject)) | {"lines": lines, **buyer}
        changed = {"document": action.refs["document"].key} if action.verb == "update" else {}
        return {"document_type": action.options["document_type"], "body": body, **changed}
    document = action.refs.get("document", Reference(id="?"))
    corrects = action.refs.get("corrects", Reference())
    texts = {"number": subject.number} if isinstance(subject, CreditLink) else {"number": subject.document}
    body = {name: clean(value, name) for name, value in texts.items()}
    return {"document": document.key, "corrects": corrects.key, "body": body}


def _body(statement: Statement) -> dict[str, Any]:
    rows = [
        {"bucket": row.bucket, "net": row.net.amount, "tax": row.tax.amount, "gross": row.gross.amount}
        for row in statement.rows
    ]
    texts = {"number": statement.number, "order": statement.reference, "symbol": statement.symbol}
    days = {"issued": statement.issued.isoformat(), "supplied": str(statement.supplied)}
    return {**texts, **days, "total": statement.total.amount, "currency": statement.total.currency, "rows": rows}


def expect(_settings: ToySettings, action: Action) -> Statement | None:
    """What the toy will show."""
    if not isinstance(action.subject, Invoice) or action.verb == "cancel":
        return None
    return expect_(action, action.subject)


def expect_(action: Action, document: Invoice) -> Statement:
    """The statement of a document that is made, changed or taken over with the rows that it has."""
    rows = [
        StatedRow(bucket=action.options[f"vat:{row.code}"], net=row.net, tax=row.tax, gross=row.gross)
        for row in (computed(fit(document, PROFILE).lines) if action.verb != "adopt" else ())
    ]
    if document.rounding and action.verb != "adopt":
        none = Money.zero(document.currency)
        rows.append(StatedRow(bucket="V0", net=document.rounding, tax=none, gross=document.rounding))
    return Statement(
        key=action.refs["document"].key if action.verb == "update" else action.key,
        id="",
        number=clean(document.number, "number"),
        kind=action.kind,
        total=document.total,
        rows=tuple(rows),
        issued=document.issued,
        supplied=document.supplied,
        reference=clean(document.order_number or "", "order_number"),
        corrects=action.refs.get("corrects", Reference()).key,
        symbol=clean(document.variable_symbol, "variable_symbol"),
    )


def statement(row: Mapping[str, Any]) -> Statement:
    """An entry as it stands."""
    body = fields.BODY(row)
    currency = fields.CURRENCY(body)
    rows = tuple(
        StatedRow(
            bucket=fields.BUCKET(part),
            net=Money.of(fields.NET(part), currency),
            tax=Money.of(fields.TAX(part), currency),
            gross=Money.of(fields.GROSS(part), currency),
        )
        for part in fields.ROWS(body)
    )
    return Statement(
        key=fields.KEY(row),
        id=fields.ID(row),
        number=fields.IDENTIFIERS["number"](body),
        kind=fields.KIND(row),
        total=total([Money.of(fields.TOTAL(body), currency)], currency),
        rows=rows,
        issued=fields.ISSUED(body),
        supplied=fields.SUPPLIED(body),
        reference=fields.REFERENCE(body),
        corrects=fields.CREDITED(row),
        symbol=fields.SYMBOL(body),
        locked=fields.LOCKED(row),
        cancelled=fields.CANCELLED(row),
    )
