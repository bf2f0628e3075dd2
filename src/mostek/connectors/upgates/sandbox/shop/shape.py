"""Draws an order as the API writes it, in the shape recorded in 2024 or the one documented in 2025.

The vintage 2024 leaves out what the API did not have yet and keeps its oddities: lower-case countries, empty strings,
and a dumped PHP date object in the agreements.
"""

from functools import lru_cache
from typing import Any

from ..options import Options
from . import catalogue
from .amounts import count, net_of, number
from .catalogue import PAYMENT_BY_ID, SHIPMENT_BY_ID, STATUS_BY_ID
from .clock import iso, year_later
from .model import Customer, Discount, Line, Order

Json = dict[str, Any]


@lru_cache(maxsize=8)
def product_index(seed: int) -> dict[int, catalogue.Product]:
    """The catalogue by product id."""
    return {product.id: product for product in catalogue.products(seed)}


def country(code: str, vintage: int) -> str:
    return code.lower() if vintage == 2024 else code


def _agreements(order: Order) -> list[Json]:
    until = year_later(order.created)
    valid: Any = until.isoformat()
    if order.manner.vintage == 2024:
        valid = {"date": f"{until:%Y-%m-%d %H:%M:%S.000000}", "timezone_type": 3, "timezone": "Europe/Prague"}
    return [
        {"name": "Obchodní podmínky", "valid_to": None, "status": True},
        {"name": "Výzva ke kontrole košíku", "valid_to": valid, "status": True},
    ]


def _customer(order: Order) -> Json:
    who, vintage = order.customer, order.manner.vintage
    billing, delivery = who.billing, who.delivery
    empty = "" if vintage == 2024 else None
    return {
        "email": who.email,
        "phone": who.phone,
        "code": who.code,
        "customer_id": who.id,
        "customer_pricelist_id": 1,
        "pricelist_name": "Výchozí",
        "pricelist_percent": None,
        "firstname_invoice": billing.first,
        "surname_invoice": billing.last,
        "street_invoice": billing.street,
        "city_invoice": billing.city,
        "state_invoice": empty,
        "zip_invoice": billing.zip,
        "country_id_invoice": country(billing.country, vintage),
        "postal_yn": delivery is not None,
        "firstname_postal": delivery.first if delivery else None,
        "surname_postal": delivery.last if delivery else None,
        "street_postal": delivery.street if delivery else None,
        "city_postal": delivery.city if delivery else None,
        "state_postal": empty if delivery else None,
        "zip_postal": delivery.zip if delivery else None,
        "country_id_postal": country(delivery.country, vintage) if delivery else None,
        "company_postal": (delivery.company or empty) if delivery else None,
        "company_yn": who.company is not None,
        "company": who.company,
        "ico": who.ico,
        "dic": who.dic,
        "vat_payer_yn": who.payer,
        "customer_note": order.message,
        "agreements": _agreements(order),
    }


def _row(line: Line, order: Order, product: catalogue.Product | None) -> Json:
    how = order.manner
    row: Json = {"product_id": line.product, "option_set_id": None}
    if how.vintage > 2024:
        row["type"], row["uuid"], row["parent_uuid"] = line.kind, line.uuid, line.parent
    row |= {
        "code": line.code,
        "code_supplier": None,
        "supplier": None,
        "ean": product.ean if product else None,
        "title": line.title,
        "adult_yn": False,
        "unit": line.unit,
        "length": None,
        "length_unit": line.unit,
        "quantity": count(line.quantity),
        "price_per_unit": number(line.price),
    }
    if how.vintage > 2024:
        row["price_per_unit_with_vat"], row["price_per_unit_without_vat"] = (
            number(line.unit_gross),
            number(line.unit_net),
        )
    row |= {
        "price": number(line.gross if how.gross_basis else line.net),
        "price_with_vat": number(line.gross),
        "price_without_vat": number(line.net),
        "vat": number(line.rate),
        "buy_price": None,
        "recycling_fee": None if line.fee is None else number(line.fee),
        "weight": line.weight,
        "availability": "Skladem 3-5 ks" if product else None,
        "stock_position": None,
        "invoice_info": line.note,
        "parameters": [],
        "configurations": [],
        "categories": [{"category_id": key, "code": code} for key, code in product.categories] if product else [],
        "image_url": f"https://cdn.example/l/{line.product}.jpg" if product else None,
    }
    return row


def _discount(discount: Discount, order: Order, sign: int) -> Json:
    """A discount block; the two amounts with and without VAT came in 2025-04."""
    parts = []
    for part in discount.parts:
        shown: Json = {"price": number(sign * (part.gross if order.manner.gross_basis else part.net))}
        if order.manner.vintage > 2024:
            shown["price_with_vat"], shown["price_without_vat"] = number(sign * part.gross), number(sign * part.net)
        shown["vat"] = number(part.rate)
        parts.append(shown)
    if discount.kind == "loyalty":
        return {"one_point_for": number(discount.point), "amount": number(discount.amount), "discounts": parts}
    block: Json = {"type": discount.type, "amount": number(discount.amount), "discounts": parts}
    return {"code": discount.code, **block} if discount.kind == "voucher" else block


BLOCKS = (("voucher", "discount_voucher"), ("quantity", "quantity_discount"), ("loyalty", "loyalty_points"))


def _discounts(order: Order, options: Options) -> Json:
    sign = -1 if options.discount_sign == "positive" else 1
    found = {discount.kind: _discount(discount, order, sign) for discount in order.discounts}
    nulls = options.empty_blocks == "null" and order.manner.vintage > 2024
    return {name: found.get(kind) for kind, name in BLOCKS if kind in found or nulls}


def _method(line: Line, method_id: int, code: str | None, order: Order) -> Json:
    shown: Json = {
        "id": method_id,
        "code": code,
        "name": line.title,
        "price": number(line.gross if order.manner.gross_basis else line.net),
    }
    if order.manner.vintage > 2024:
        shown["price_with_vat"], shown["price_without_vat"] = number(line.gross), number(line.net)
    shown["vat"] = number(line.rate)
    return shown


def _methods(order: Order) -> Json:
    shipment = _method(order.shipment, order.shipment_id, order.shipment.code, order)
    affiliate_id, affiliate = order.affiliate or (None, None)
    kind = SHIPMENT_BY_ID[order.shipment_id].type
    shipment |= {"affiliate_id": affiliate_id, "affiliate_name": affiliate, "type": kind}
    if kind == "zasilkovna":
        shipment["packeta_carrier_id"] = order.carrier
    payment = _method(order.payment, order.payment_id, order.payment.code, order)
    payment |= {"eet_yn": False, "type": PAYMENT_BY_ID[order.payment_id].type}
    return {"shipment": shipment, "payment": payment}


def default_currency_rate(order: Order) -> int | float:
    """What one crown is in the order's currency: an amount is converted by amount x (1 / rate)."""
    return 1 if order.fx == 1000 else round(1000 / order.fx, 6)


def status_name(status: int, customer: Customer) -> str:
    return STATUS_BY_ID[status].sk if customer.language == "sk" else STATUS_BY_ID[status].cs


def tracking_url(order: Order) -> str | None:
    template = SHIPMENT_BY_ID[order.shipment_id].tracking
    return f"{template}{order.tracking}" if template and order.tracking else None


def order_json(order: Order, options: Options) -> Json:
    """The order as GET /orders answers it."""
    recent = order.manner.vintage > 2024
    index = product_index(options.seed)
    shown: Json = {"order_number": order.number}
    if recent:
        shown["order_id"] = order.id
    shown |= {"case_number": order.case, "external_order_number": order.external}
    if recent:
        shown["uuid"] = order.uuid
    shown |= {
        "language_id": order.customer.language,
        "currency_id": order.currency,
        "default_currency_rate": default_currency_rate(order),
        "prices_with_vat_yn": order.manner.gross_basis,
        "status_id": order.status,
        "status": status_name(order.status, order.customer),
        "paid_date": None if order.paid_at is None else iso(order.paid_at),
        "tracking_code": order.tracking,
        "tracking_url": tracking_url(order),
    }
    if recent:
        shown["statistics_yn"] = order.statistics
    shown |= {
        "resolved_yn": order.resolved,
        "oss_yn": order.oss is not None,
        "internal_note": order.internal,
        "last_update_time": iso(order.updated),
        "creation_time": iso(order.created),
        "variable_symbol": order.symbol,
    }
    if recent and order.dimensions:
        shown["dimensions"] = dict(zip(("width", "length", "height"), order.dimensions, strict=True))
    shown |= {
        "total_weight": sum(row.weight * row.quantity for row in order.rows) // 1000,
        "order_total": number(order.total),
        "order_total_before_round": number(order.before),
        "order_total_rest": number(order.rest),
        "invoice_number": order.document,
        "origin": order.origin,
        "admin_url": f"https://{options.project_name}.admin.s24.upgates.com/orders/edit-order/default/{order.id}",
        "customer": _customer(order),
        "products": [_row(row, order, index.get(row.product or 0)) for row in order.rows],
    }
    shown |= _discounts(order, options)
    shown |= _methods(order)
    if recent:
        shown["attachments"] = []
    shown["metas"] = []
    return shown


def home_price(product: catalogue.Product) -> int:
    """The catalogue price without VAT in crowns."""
    standard, reduced = catalogue.RATES["CZ"]
    return net_of(product.price, 0 if product.zero else reduced if product.reduced else standard)
