"""UpGates' fields that are read: our own table of names, types and defaults, one class per object.

Reference: https://upgatesapiv2.docs.apiary.io/ , "Seznam objednávek" and "Seznam faktur", read in the version of
9 April 2025. Blocks that a shop does not use, or that the vendor added later, are absent, so they have defaults here;
texts may be ``""`` or null alike.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from mostek.documents.money import currency
from mostek.documents.number import decimal, half_up, normal
from mostek.documents.problem import invalid
from mostek.sdk.field import Field, country, flag, mapping, moment, sequence, text

Payload = Mapping[str, Any]
Texts = Mapping[str, Field[str]]

_ZERO = Decimal(0)
_NOTHING: Payload = {}
_NONE: Decimal | None = None
# PHP prints floats in full (168.60000000000002); no price has more than six decimals.
_AMOUNT_DECIMALS = 6


def amount(value: Any, path: str) -> Decimal:
    """A price or total in major units; what a float leaves behind the sixth decimal is dropped."""
    return normal(half_up(decimal(value, path), _AMOUNT_DECIMALS))


def currency_code(value: Any, path: str) -> str:
    """An ISO 4217 code; lower case is taken, as countries come in it too."""
    return currency(text(value, path).upper(), path)


def date_text(value: Any, path: str) -> str:
    """An ISO 8601 date or instant, as text: which day it was depends on the shop's zone."""
    return text(value, path)


def by_rate(value: Any, path: str) -> dict[Decimal, Mapping[str, Any]]:
    """Objects by their VAT rate in percent.

    PHP writes an empty table as ``[]``, and one with the only key 0 as a list of one: a list's index is the rate.
    """
    pairs = enumerate(value) if isinstance(value, list) else mapping(value, path).items()
    found = [(decimal(str(rate), path), mapping(row, f"{path}.{rate}")) for rate, row in pairs]
    if len(dict(found)) != len(found):
        raise invalid("payload.repeated_key", path, value=", ".join(str(rate) for rate, _ in found))
    return dict(found)


class Order:
    """``orders[]``. ``order_total`` includes VAT and ``order_total_rest``, the rounding."""

    number = Field("order_number", text)
    currency = Field("currency_id", currency_code)
    with_vat = Field("prices_with_vat_yn", flag, True)
    status = Field("status", text, "")
    paid = Field("paid_date", date_text, "")
    resolved = Field("resolved_yn", flag, False)
    oss = Field("oss_yn", flag, False)
    dated = Field("creation_time", date_text)
    created = Field("creation_time", moment)
    changed = Field("last_update_time", moment)
    variable_symbol = Field("variable_symbol", text, "")
    total = Field("order_total", amount)
    rounding = Field("order_total_rest", amount, _ZERO)
    origin = Field("origin", text, "")
    customer = Field("customer", mapping, _NOTHING)
    products: Field[list[Payload]] = Field("products", sequence, [])
    voucher = Field("discount_voucher", mapping, _NOTHING)
    quantity_discount = Field("quantity_discount", mapping, _NOTHING)
    loyalty = Field("loyalty_points", mapping, _NOTHING)
    shipment = Field("shipment", mapping, _NOTHING)
    payment = Field("payment", mapping, _NOTHING)


class Buyer:
    """``orders[].customer``: who ordered; the invoiced and the delivery address stand in the same object."""

    code = Field("code", text, "")
    id = Field("customer_id", text, "")
    is_company = Field("company_yn", flag, False)
    company = Field("company", text, "")
    vat_payer: Field[bool | None] = Field("vat_payer_yn", flag, None)
    first_name = Field("firstname_invoice", text, "")
    surname = Field("surname_invoice", text, "")
    elsewhere = Field("postal_yn", flag, False)
    post_company = Field("company_postal", text, "")
    post_first_name = Field("firstname_postal", text, "")
    post_surname = Field("surname_postal", text, "")


# Texts that go over as they are, by their names in our documents.
CONTACTS: Texts = {
    "company_id": Field("ico", text, ""),
    "tax_id": Field("dic", text, ""),
    "email": Field("email", text, ""),
    "phone": Field("phone", text, ""),
}
INVOICED: Texts = {
    "street": Field("street_invoice", text, ""),
    "city": Field("city_invoice", text, ""),
    "postcode": Field("zip_invoice", text, ""),
    "country": Field("country_id_invoice", country, ""),
}
POSTED: Texts = {
    "street": Field("street_postal", text, ""),
    "city": Field("city_postal", text, ""),
    "postcode": Field("zip_postal", text, ""),
    "country": Field("country_id_postal", country, ""),
}


class Price:
    """What products, shipments, payments, discounts and items of invoices share.

    ``price`` is in the order's basis; the pair with and without VAT came on 8 April 2025 to discounts, shipment and
    payment. ``rate`` is in percent.
    """

    price = Field("price", amount, _NONE)
    gross = Field("price_with_vat", amount, _NONE)
    net = Field("price_without_vat", amount, _NONE)
    rate = Field("vat", decimal, _ZERO)


class Product:
    """``orders[].products[]``; a part of a set, a gift or a discount names its parent's ``uuid``."""

    type = Field("type", text, "product")
    uuid = Field("uuid", text, "")
    parent = Field("parent_uuid", text, "")
    code = Field("code", text, "")
    ean = Field("ean", text, "")
    title = Field("title", text, "")
    unit = Field("unit", text, "")
    quantity = Field("quantity", amount)
    unit_price = Field("price_per_unit", amount)


class Discount:
    """``orders[].discount_voucher``, ``quantity_discount`` and ``loyalty_points``, split by VAT rate.

    Only the voucher has a code.
    """

    code = Field("code", text, "")
    rows: Field[list[Payload]] = Field("discounts", sequence, [])


class Method:
    """``orders[].shipment`` and ``orders[].payment``; ``type`` is the vendor's own word (``command``, ``dpd``)."""

    code = Field("code", text, "")
    name = Field("name", text, "")
    type = Field("type", text, "")


class Invoice:
    """``invoices[]``: invoices, credit notes and receipts."""

    number = Field("invoice_number", text)
    type = Field("type", text)
    corrects = Field("related_invoice_number", text, None)
    order_number = Field("order_number", text, None)
    currency = Field("currency_id", currency_code)
    dated = Field("date_of_issuance", date_text)
    supplied = Field("date_of_vat_revenue_recognition", date_text, "")
    due = Field("date_of_expiration", date_text, "")
    created = Field("creation_time", moment, None)
    variable_symbol = Field("variable_symbol", text, "")
    specific_symbol = Field("specific_symbol", text, "")
    payment = Field("payment", text, "")
    is_paid = Field("paid_yn", flag, False)
    paid = Field("paid_date", date_text, "")
    oss = Field("oss_yn", flag, False)
    oss_country = Field("oss_country_id", country, "")
    rounding = Field("total_rest", amount, _ZERO)
    total = Field("total_with_vat", amount)
    net_total = Field("total_without_vat", amount, _ZERO)
    note = Field("note", text, "")
    supplier = Field("supplier", mapping, _NOTHING)
    customer = Field("customer", mapping, _NOTHING)
    items = Field("items", sequence)
    summary_currency = Field("recapitulation_currency_id", currency_code, "")
    summary_rate = Field("recapitulation_currency_rate", decimal, _NONE)
    summary: Field[dict[Decimal, Payload]] = Field("recapitulation_vats", by_rate, {})
    summary_total = Field("recapitulation_vats_total", mapping, _NOTHING)


class Supplier:
    """``invoices[].supplier``; ``var_payer_yn`` is the vendor's own spelling."""

    vat_payer = Field("var_payer_yn", flag, True)


class Customer:
    """``invoices[].customer``: no delivery address and no ``vat_payer_yn``, the order has them."""

    is_company = Field("company_yn", flag, False)


CUSTOMER: Texts = {
    "name": Field("name", text, ""),
    "street": Field("street", text, ""),
    "city": Field("city", text, ""),
    "postcode": Field("zip", text, ""),
    "country": Field("country_id", country, ""),
}


class Item:
    """``invoices[].items[]``; ``type`` came on 20 August 2024."""

    type = Field("type", text, "product")
    code = Field("code", text, "")
    name = Field("name", text, "")
    unit = Field("unit", text, "")
    quantity = Field("quantity", amount)
    unit_gross = Field("price_per_unit_with_vat", amount, _NONE)
    unit_net = Field("price_per_unit_without_vat", amount, _NONE)


class Summed:
    """``invoices[].recapitulation_vats`` and ``recapitulation_vats_total``."""

    net = Field("base", amount, _ZERO)
    tax = Field("vat", amount, _ZERO)
    gross = Field("total", amount, _ZERO)
