"""UpGates' fields that are read: our own table of names, types and defaults, one class per object.

Reference: https://upgatesapiv2.docs.apiary.io/ , "Seznam objednávek" and "Seznam faktur", read in the version of
9 April 2025. Blocks that a shop does not use, or that the vendor added later, are absent, so they have defaults here;
texts may be ``""`` or null alike.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from mostek.documents.money import currency
from mostek.documents.number import decimal, half_up, normal
from mostek.documents.problem import invalid
from mostek.sdk.field import Field, country, flag, mapping, moment, sequence, text
from mostek.sdk.items import Shape

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


def _optional(*names: str) -> Iterator[Field[str]]:
    """Texts that may be missing, by their names."""
    return (Field(name, text, "") for name in names)


def _objects(*names: str) -> Iterator[Field[Payload]]:
    return (Field(name, mapping, _NOTHING) for name in names)


def _amounts(*names: str) -> Iterator[Field[Decimal | None]]:
    return (Field(name, amount, _NONE) for name in names)


def _place(**names: str) -> Texts:
    """An address by our names; the country is a code."""
    return {ours: Field(name, country if ours == "country" else text, "") for ours, name in names.items()}


class Order:
    """``orders[]``. ``order_total`` includes VAT and ``order_total_rest``, the rounding."""

    number = Field("order_number", text)
    currency = Field("currency_id", currency_code)
    with_vat = Field("prices_with_vat_yn", flag, True)
    status, variable_symbol, origin = _optional("status", "variable_symbol", "origin")
    paid = Field("paid_date", date_text, "")
    resolved = Field("resolved_yn", flag, False)
    oss = Field("oss_yn", flag, False)
    dated = Field("creation_time", date_text)
    created, changed = Field("creation_time", moment), Field("last_update_time", moment)
    total = Field("order_total", amount)
    rounding = Field("order_total_rest", amount, _ZERO)
    customer, shipment, payment = _objects("customer", "shipment", "payment")
    voucher, quantity_discount, loyalty = _objects("discount_voucher", "quantity_discount", "loyalty_points")
    products: Field[list[Payload]] = Field("products", sequence, [])


class Buyer:
    """``orders[].customer``: who ordered; the invoiced and the delivery address stand in the same object."""

    code, id, company = _optional("code", "customer_id", "company")
    is_company, elsewhere = (Field(name, flag, False) for name in ("company_yn", "postal_yn"))
    vat_payer: Field[bool | None] = Field("vat_payer_yn", flag, None)
    first_name, surname = _optional("firstname_invoice", "surname_invoice")
    post_company, post_first_name, post_surname = _optional("company_postal", "firstname_postal", "surname_postal")


# Texts that go over as they are, by their names in our documents.
_OURS = ("company_id", "tax_id", "email", "phone")
CONTACTS: Texts = dict(zip(_OURS, _optional("ico", "dic", "email", "phone"), strict=True))
INVOICED = _place(street="street_invoice", city="city_invoice", postcode="zip_invoice", country="country_id_invoice")
POSTED = _place(street="street_postal", city="city_postal", postcode="zip_postal", country="country_id_postal")
CUSTOMER = _place(name="name", street="street", city="city", postcode="zip", country="country_id")
PLACE = _place(street="street", city="city", postcode="zip_code", country="country_id")


class Account:
    """``customers[]``: who is known to the shop, with or without an account; his e-mail is what he is known by."""

    id, changed = Field("customer_id", text), Field("last_update_time", moment, None)
    first_name, surname = _optional("firstname", "surname")
    company, communication, login, addresses = _objects("company", "communication", "login", "addresses")


class Firm:
    """``customers[].company``."""

    name, company_id, tax_id = _optional("name", "company_number", "vat_number")
    vat_payer: Field[bool | None] = Field("vat_payer_yn", flag, None)


class Recipient:
    """``customers[].addresses.postal[]``: beside the address."""

    company, first_name, surname = _optional("company_name", "firstname", "surname")


PHONE, EMAIL, BILLING = CONTACTS["phone"], CONTACTS["email"], Field("billing", mapping, _NOTHING)
POSTAL: Field[list[Payload]] = Field("postal", sequence, [])


# What the shop counts of a customer is no change of him.
_COUNTED = frozenset({"turnover", "turnover_currency", "last_update_time", "admin_url"})
CUSTOMER_SHAPE = Shape(Account.id, lambda found: EMAIL(Account.login(found)), Account.changed, _COUNTED)


class Price:
    """What products, shipments, payments, discounts and items of invoices share.

    ``price`` is in the order's basis; the pair with and without VAT came on 8 April 2025 to discounts, shipment and
    payment. ``rate`` is in percent.
    """

    price, gross, net = _amounts("price", "price_with_vat", "price_without_vat")
    rate = Field("vat", decimal, _ZERO)


class Product:
    """``orders[].products[]``; a part of a set, a gift or a discount names its parent's ``uuid``."""

    type = Field("type", text, "product")
    uuid, parent, code, ean, title, unit = _optional("uuid", "parent_uuid", "code", "ean", "title", "unit")
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

    code, name, type = _optional("code", "name", "type")


class Invoice:
    """``invoices[]``: invoices, credit notes and receipts."""

    number, type = Field("invoice_number", text), Field("type", text)
    corrects, order_number = (Field(name, text, None) for name in ("related_invoice_number", "order_number"))
    currency, dated = Field("currency_id", currency_code), Field("date_of_issuance", date_text)
    supplied = Field("date_of_vat_revenue_recognition", date_text, "")
    due, paid = (Field(name, date_text, "") for name in ("date_of_expiration", "paid_date"))
    created = Field("creation_time", moment, None)
    variable_symbol, specific_symbol = _optional("variable_symbol", "specific_symbol")
    payment, note = _optional("payment", "note")
    is_paid, oss = (Field(name, flag, False) for name in ("paid_yn", "oss_yn"))
    oss_country = Field("oss_country_id", country, "")
    rounding, net_total = (Field(name, amount, _ZERO) for name in ("total_rest", "total_without_vat"))
    total, items = Field("total_with_vat", amount), Field("items", sequence)
    supplier, customer, summary_total = _objects("supplier", "customer", "recapitulation_vats_total")
    summary_currency = Field("recapitulation_currency_id", currency_code, "")
    summary_rate = Field("recapitulation_currency_rate", decimal, _NONE)
    summary: Field[dict[Decimal, Payload]] = Field("recapitulation_vats", by_rate, {})


class Supplier:
    """``invoices[].supplier``; ``var_payer_yn`` is the vendor's own spelling."""

    vat_payer = Field("var_payer_yn", flag, True)


class Customer:
    """``invoices[].customer``: no delivery address and no ``vat_payer_yn``, the order has them."""

    is_company = Field("company_yn", flag, False)


class Item:
    """``invoices[].items[]``; ``type`` came on 20 August 2024."""

    type, quantity = Field("type", text, "product"), Field("quantity", amount)
    code, name, unit = _optional("code", "name", "unit")
    unit_gross, unit_net = _amounts("price_per_unit_with_vat", "price_per_unit_without_vat")


class Summed:
    """``invoices[].recapitulation_vats`` and ``recapitulation_vats_total``."""

    net, tax, gross = (Field(name, amount, _ZERO) for name in ("base", "vat", "total"))
