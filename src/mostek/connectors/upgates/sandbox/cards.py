"""The lists that hardly change: customers, products, statuses, methods, languages, owner and configuration."""

from typing import Any

from .baskets import wire
from .options import Options
from .shop import catalogue
from .shop.amounts import net_of, number
from .shop.catalogue import Method, Product, Status
from .shop.clock import iso
from .shop.model import Customer
from .shop.paper import SUPPLIER
from .shop.people import customers
from .store import Store

Json = dict[str, Any]
FOUNDED = 1_704_063_600  # 2024-01-01 in the shop's zone


def registered(number: int) -> int:
    """When a customer came: some ten a day from the shop's founding on."""
    return FOUNDED + number * 8_000


def _since(kind: str, key: int) -> int:
    return registered(key) if kind == "customer" else FOUNDED


def customer_json(who: Customer, options: Options) -> Json:
    """A customer as GET /customers answers it."""
    billing, delivery = who.billing, who.delivery
    company = None
    if who.company is not None:
        company = {"name": who.company, "company_number": who.ico, "vat_number": who.dic, "vat_payer_yn": who.payer}
    postal = {}
    if delivery is not None:
        postal = {"company_name": delivery.company, "firstname": delivery.first, "surname": delivery.last}
        postal |= _place(delivery)
    return {
        "customer_id": who.id,
        "type": "company" if who.company else "customer" if who.id % 3 else "contact",
        "degree": None,
        "firstname": billing.first,
        "surname": billing.last,
        "nickname": None,
        "code": who.code,
        "language": who.language,
        "newsletter_yn": who.id % 2 == 0,
        "newsletter_accept": "yes" if who.id % 2 == 0 else "notset",
        "pricelist": "Výchozí",
        "base_turnover": 0,
        "turnover": "0",
        "turnover_currency": "CZK",
        "company": company,
        "communication": {"phone": who.phone, "fax": None, "im": None, "salutation": None, "declension": None},
        "login": {"active_yn": True, "blocked_yn": False, "email": who.email},
        "groups": [] if options.php_arrays == "yes" else {},
        "note": None,
        "addresses": {"billing": _place(billing), "postal": [postal] if postal else []},
        "metas": [],
        "creation_time": iso(registered(who.id)),
        "last_update_time": iso(registered(who.id)),
        "admin_url": f"https://{options.project_name}.admin.s24.upgates.com/customers/default/{who.id}",
    }


def _place(address: Any) -> Json:
    return {
        "street": address.street,
        "city": address.city,
        "state": None,
        "zip_code": address.zip,
        "country_id": address.country,
    }


def _prices(product: Product) -> list[Json]:
    rate = 0 if product.zero else catalogue.RATES["CZ"][1 if product.reduced else 0]
    found = []
    for language, currency in (("cs", "CZK"), ("sk", "EUR")):
        gross = product.price_in(currency)
        pricelist = {
            "name": "Výchozí",
            "price_original": number(gross),
            "product_discount": None,
            "product_discount_real": 0,
            "price_sale": None,
            "price_with_vat": number(gross),
            "price_without_vat": number(net_of(gross, rate)),
        }
        found.append(
            {
                "language": language,
                "currency": currency,
                "pricelists": [pricelist],
                "price_purchase": None,
                "price_common": 0,
                "vat": number(rate),
                "recycling_fee": None if product.fee is None else number(product.fee),
            }
        )
    return found


def product_json(product: Product, options: Options) -> Json:
    """A product as GET /products answers it."""
    url = f"https://{options.project_name}.example/p/{product.id}"
    description = {"short_description": None, "long_description": None, "url": url}
    description |= {"seo_title": None, "seo_description": None, "seo_url": None, "unit": product.unit}
    image = {"file_id": product.id, "url": f"https://cdn.example/l/{product.id}.jpg", "main_yn": True, "list_yn": True}
    place = {"main_yn": True, "position": 1, "name": "Sortiment"}
    switches = {"adult_yn": False, "set_yn": False, "in_set_yn": False, "exclude_from_search_yn": False}
    return {
        "code": product.code,
        "action_currently_yn": False,
        "code_supplier": None,
        "supplier": None,
        "ean": product.ean,
        "product_id": product.id,
        "active_yn": True,
        "archived_yn": False,
        "replacement_product_code": None,
        "can_add_to_basket_yn": True,
        **switches,
        "descriptions": [{"language": key, "title": product.title, **description} for key in ("cs", "sk")],
        "manufacturer": None,
        "stock": product.stock,
        "stock_position": None,
        "limit_orders": None,
        "availability_id": 1,
        "availability": "Skladem",
        "availability_type": "InStock",
        "weight": product.weight,
        "shipment_group": None,
        "images": [{**image, "position": 1, "titles": []}],
        "categories": [{"category_id": key, "code": code, **place} for key, code in product.categories],
        "groups": [],
        "prices": _prices(product),
        "vats": {"CZ": _prices(product)[0]["vat"]},
        "variants": [],
        "metas": [],
        "creation_time": iso(FOUNDED),
        "last_update_time": iso(FOUNDED),
        "admin_url": f"https://{options.project_name}.admin.s24.upgates.com/products/main/default/{product.id}",
    }


def fill(store: Store, options: Options) -> None:
    """Put customers and products into an empty store."""
    if store.meta("cards"):
        return
    cards: list[tuple[str, int, str | None, str]] = [
        ("customer", who.id, who.code, wire(customer_json(who, options))) for who in customers(options.seed)
    ]
    cards += [("product", p.id, p.code, wire(product_json(p, options))) for p in catalogue.products(options.seed)]
    with store.transaction():
        store.db.executemany(
            "INSERT OR REPLACE INTO cards VALUES(?,?,?,?,?,?)",
            ((kind, key, code, _since(kind, key), _since(kind, key), payload) for kind, key, code, payload in cards),
        )
        store.set_meta("cards", "1")


def status_json(status: Status) -> Json:
    """An order status as GET /order-statuses answers it."""
    return {
        "id": status.id,
        "type": status.type,
        "color": status.color,
        "descriptions": [{"language_id": "cs", "name": status.cs}, {"language_id": "sk", "name": status.sk}],
        "mark_resolved_yn": status.resolved,
        "mark_paid_yn": status.paid,
        "last_update_time": iso(FOUNDED),
        "creation_time": iso(FOUNDED),
    }


def shipment_json(method: Method) -> Json:
    """A shipment method as GET /shipments answers it."""
    texts = [
        {"language_id": key, "name": method.name, "description": None, "price": number(price), "free_from": None}
        for key, price in (("cs", method.price), ("sk", method.price_eur))
    ]
    return {
        "id": str(method.id),
        "code": method.code,
        "image_url": None,
        "type": method.type,
        "active_yn": True,
        "affiliates": ["zasilkovna"] if method.type == "zasilkovna" else None,
        "tracking_url": method.tracking,
        "internal_note": None,
        "descriptions": texts,
        "metas": [],
    }


def payment_json(method: Method) -> Json:
    """A payment method as GET /payments answers it."""
    texts = [
        {
            "language_id": key,
            "name": method.name,
            "description": None,
            "price": number(price),
            "price_type": "fixed",
            "free_from": None,
        }
        for key, price in (("cs", method.price), ("sk", method.price_eur))
    ]
    return {
        "id": str(method.id),
        "code": method.code,
        "image_url": None,
        "type": method.type,
        "active_yn": True,
        "descriptions": texts,
        "metas": [],
    }


def config_json(options: Options) -> Json:
    """GET /config; a shop whose orders mix both price bases stores prices with VAT."""
    config = {
        "prices_with_vat_yn": options.prices_with_vat != "no",
        "vat_payer_yn": options.vat_payer == "yes",
        "oss_yn": options.oss == "yes",
        "limit_orders": "0",
    }
    return {"config": config, "languages": {}, "pricelists": {}}


def owner_json(options: Options) -> Json:
    """GET /owner."""
    owner = {
        "company": SUPPLIER["name"],
        "company_number": SUPPLIER["ico"],
        "vat_number": SUPPLIER["dic"] if options.vat_payer == "yes" else None,
        "vat_country_id": "CZ",
        "street": SUPPLIER["street"],
        "city": SUPPLIER["city"],
        "state": "",
        "zip": SUPPLIER["zip"],
        "country_id": "CZ",
        "language_id": "cs",
        "email": SUPPLIER["email"],
        "phone": SUPPLIER["phone"],
        "firstname": None,
        "surname": None,
        "bank_account": "19-2000145399",
        "bank_symbol": "0800",
        "bank_specific_symbol": None,
        "iban": SUPPLIER["iban"],
        "swift": SUPPLIER["swift"],
    }
    return {"owner": [owner]}


def languages_json(options: Options) -> Json:
    """GET /languages."""
    found = [
        {
            "language_id": key,
            "actual_language_id": key,
            "active_yn": True,
            "default_yn": key == "cs",
            "domain": f"https://{key}.{options.project_name}.example",
            "currency_id": currency,
            "default_country_id": country,
            "logo_url": None,
            "logo_no_svg": None,
        }
        for key, currency, country in (("cs", "CZK", "CZ"), ("sk", "EUR", "SK"))
    ]
    return {"languages": found}


def pricelists_json(options: Options) -> Json:
    """GET /pricelists."""
    return {"pricelists": [{"id": 1, "name": "Výchozí", "percent": 0, "default_yn": "1"}]}
