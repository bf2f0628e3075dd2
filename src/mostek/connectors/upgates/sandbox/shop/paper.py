"""Draws a document (invoice, credit note, receipt) as the API writes it."""

from datetime import date
from typing import Any

from ..options import Options
from .amounts import count, half_up, number, rate_key
from .clock import iso, midnight
from .model import CREDIT_NOTE, RECEIPT, Document, Line, RateSum
from .shape import country

Json = dict[str, Any]

# How the money components of an order are named on a document.
ITEM_TYPES = {
    "product": "product",
    "set": "product",
    "set_part": "product",
    "gift": "product",
    "discount": "discount",
    "voucher": "discount",
    "quantity": "discount",
    "loyalty": "discount",
    "shipment": "shipment",
    "payment": "payment",
}
SUPPLIER = {
    "email": "obchod@mujobchod.example",
    "phone": "+420 777000111",
    "name": "Můj obchod s.r.o.",
    "street": "Dlouhá 12",
    "city": "Praha 1",
    "zip": "11000",
    "country_id": "CZ",
    "company_yn": True,
    "var_payer_yn": True,
    "ico": "12345679",
    "dic": "CZ12345679",
    "account_number": "19-2000145399/0800",
    "iban": "CZ6508000000192000145399",
    "swift": "GIBACZPX",
    "web": "https://www.mujobchod.example",
}


def _supplier(document: Document, options: Options) -> Json:
    payer = options.vat_payer == "yes"
    shown = {**SUPPLIER, "country_id": country("CZ", document.manner.vintage), "var_payer_yn": payer}
    if not payer:
        shown["dic"] = None
    return shown


def _customer(document: Document) -> Json:
    who = document.customer
    return {
        "email": who.email,
        "phone": who.phone,
        "name": who.company or f"{who.billing.first} {who.billing.last}",
        "street": who.billing.street,
        "city": who.billing.city,
        "zip": who.billing.zip,
        "country_id": country(who.billing.country, document.manner.vintage),
        "company_yn": who.company is not None,
        "ico": who.ico,
        "dic": who.dic,
    }


def _item(line: Line, document: Document, sign: int) -> Json:
    """One item; on a credit note the sign sits on the quantity or on the unit price."""
    on_quantity = document.manner.credit_sign == "quantity"
    of_quantity, of_price = (sign, 1) if on_quantity else (1, sign)
    shown: Json = {
        "code": line.code,
        "name": line.title,
        "description": line.note,
        "quantity": count(of_quantity * line.quantity),
        "unit": line.unit,
        "vat": number(line.rate),
        "price_per_unit_with_vat": number(of_price * line.unit_gross),
        "price_per_unit_without_vat": number(of_price * line.unit_net),
        "price_with_vat": number(sign * line.gross),
        "price_without_vat": number(sign * line.net),
    }
    if document.manner.vintage > 2024:
        if line.fee is not None:
            shown["recycling_fee"] = number(line.fee)
        shown["type"] = ITEM_TYPES[line.kind]
    return shown


def converted(rows: list[RateSum], fx: int) -> list[RateSum]:
    """The recapitulation in the shop's currency: base and total of each rate converted, VAT their difference."""
    if fx == 1000:
        return rows
    found = []
    for row in rows:
        base, total = half_up(row.base * fx, 1000), half_up(row.total * fx, 1000)
        found.append(RateSum(row.rate, base, total - base, total))
    return found


def _sums(base: int, vat: int, total: int, sign: int) -> Json:
    return {"base": number(sign * base), "vat": number(sign * vat), "total": number(sign * total)}


def _recapitulation(document: Document, options: Options, sign: int) -> Json:
    """The VAT recapitulation keyed by rate; another currency than the shop's is recapitulated in the shop's."""
    rows = converted(document.rates, document.fx)
    by_rate: Any = {rate_key(row.rate): _sums(row.base, row.vat, row.total, sign) for row in rows}
    if options.php_arrays == "yes" and list(by_rate) in ([], ["0"]):
        by_rate = list(by_rate.values())
    shown: Json = {}
    if document.fx != 1000:
        rate = document.fx / 1000 if options.recap_rate == "multiply" else round(1000 / document.fx, 6)
        shown |= {"recapitulation_currency_id": "CZK", "recapitulation_currency_rate": rate}
    elif document.manner.vintage > 2024:
        shown |= {"recapitulation_currency_id": None, "recapitulation_currency_rate": None}
    shown["recapitulation_vats"] = by_rate
    shown["recapitulation_vats_total"] = _sums(
        sum(row.base for row in rows), sum(row.vat for row in rows), sum(row.total for row in rows), sign
    )
    return shown


def _eet(document: Document, options: Options) -> Json:
    if document.kind == RECEIPT:
        block = {"send_yn": False, "production_yn": False, "id_provoz": "11", "id_pokl": "1", "rezim": "common"}
        return {"eet": block | {"bkp": "", "fik": "", "pkp": ""}}
    return {"eet": None} if options.empty_blocks == "null" and document.manner.vintage > 2024 else {}


def _days(document: Document) -> Json:
    show = (lambda day: date.fromordinal(day).isoformat()) if document.manner.date_only else midnight
    return {
        "date_of_issuance": show(document.issued),
        "date_of_vat_revenue_recognition": show(document.supplied),
        "date_of_expiration": show(document.due),
    }


def invoice_json(document: Document, options: Options) -> Json:
    """The document as GET /invoices answers it."""
    sign = -1 if document.kind == CREDIT_NOTE and document.manner.credit_sign != "positive" else 1
    paid = document.paid_at
    total = document.total if options.total_includes_rest == "yes" else document.before
    shown: Json = {
        "invoice_number": document.number,
        "related_invoice_number": document.related,
        "type": document.kind,
        "order_number": document.order if document.order is not None else (None if options.no_order == "null" else ""),
        "external_order_number": document.external,
        "case_number": document.case,
        "language_id": document.customer.language,
        "currency_id": document.currency,
    }
    shown |= _days(document)
    shown |= {
        "creation_time": iso(document.created),
        "variable_symbol": document.symbol,
        "specific_symbol": document.specific,
        "payment": document.payment,
        "paid_yn": paid is not None,
        "paid_date": None if paid is None else iso(paid)[:10] if document.manner.date_only else iso(paid),
        "oss_yn": document.oss is not None,
        "oss_country_id": country(document.oss, document.manner.vintage) if document.oss else None,
        "total_rest": number(sign * document.rest),
        "total_with_vat": number(sign * total),
        "total_without_vat": number(sign * document.base),
        "note": document.note,
        "invoice_pdf_url": f"https://{options.project_name}.admin.s24.upgates.com/documents/{document.number}.pdf",
        "supplier": _supplier(document, options),
        "customer": _customer(document),
        "items": [_item(line, document, sign) for line in document.items],
    }
    shown |= _eet(document, options)
    shown |= _recapitulation(document, options, sign)
    return shown
