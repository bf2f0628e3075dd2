"""Lists of orders, documents, customers and products: query parameters to SQL, and one page of JSON.

Offset pages over rows ordered by creation, as the vendor's: a row that appears or vanishes between two pages shifts the
rest.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .options import Options
from .shop.clock import moment
from .store import Store

PER_PAGE = 100
PRODUCTS_PER_PAGE = 50
DAY = 86_400


class BadParameter(ValueError):
    """A query parameter that cannot be understood; answered with 400."""


@dataclass(frozen=True, slots=True)
class Filter:
    """One query parameter: its SQL condition and how its text becomes the condition's values."""

    condition: str
    read: Callable[[str, Options], tuple[Any, ...]]


def _text(raw: str, options: Options) -> tuple[Any, ...]:
    return (raw,)


def _int(raw: str, options: Options) -> tuple[Any, ...]:
    if not raw.isdigit():
        raise BadParameter("expected a whole number")
    return (int(raw),)


def _bool(raw: str, options: Options) -> tuple[Any, ...]:
    return (flag(raw),)


def flag(raw: str) -> int:
    """0 or 1 of the ways the API writes a boolean."""
    value = {"1": 1, "true": 1, "0": 0, "false": 0}.get(raw.lower())
    if value is None:
        raise BadParameter("expected 1, 0, true or false")
    return value


def _time(raw: str, options: Options) -> tuple[Any, ...]:
    try:
        # A plus sign that was not escaped arrives as a space.
        return (moment(_plus(raw), options.naive_time),)
    except ValueError as error:
        raise BadParameter("expected an ISO 8601 date or time") from error


def _plus(raw: str) -> str:
    head, space, zone = raw.rpartition(" ")
    return f"{head}+{zone}" if space and "T" in head else raw


def _until(raw: str, options: Options) -> tuple[Any, ...]:
    (at,) = _time(raw, options)
    return (at + DAY - 1 if len(raw.strip()) == len("2025-01-01") else at,)


def _many(raw: str, options: Options) -> tuple[Any, ...]:
    wanted = [part.strip() for part in raw.split(";") if part.strip()]
    return ("[" + ",".join(_quoted(part) for part in wanted) + "]",)


def _quoted(part: str) -> str:
    return '"' + part.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _phone(raw: str, options: Options) -> tuple[Any, ...]:
    return ("".join(digit for digit in raw if digit.isdigit()),)


def _status(raw: str, options: Options) -> tuple[Any, ...]:
    return (raw or None,)


def _one_of(*choices: str) -> Callable[[str, Options], tuple[Any, ...]]:
    def read(raw: str, options: Options) -> tuple[Any, ...]:
        if raw not in choices:
            raise BadParameter(f"expected one of {', '.join(choices)}")
        return (raw,)

    return read


def _column(path: str) -> str:
    return f"json_extract(payload, '$.{path}') = ?"


_IN = "{} IN (SELECT value FROM json_each(?))"
ORDER_FILTERS: dict[str, Filter] = {
    "order_number": Filter("number = ?", _text),
    "order_numbers": Filter(_IN.format("number"), _many),
    "creation_time_from": Filter("created >= ?", _time),
    "creation_time_to": Filter("created <= ?", _until),
    "last_update_time_from": Filter("updated >= ?", _time),
    "paid_yn": Filter("paid = ?", _bool),
    "status": Filter("json_extract(payload, '$.status') IS ?", _status),
    "status_id": Filter("status = ?", _int),
    "status_ids": Filter(_IN.format("CAST(status AS TEXT)"), _many),
    "language": Filter("language = ?", _text),
    "email": Filter("email = ?", _text),
    "phone": Filter("phone = ?", _phone),
    "external_order_number": Filter("external = ?", _text),
    "payment_type": Filter("payment_type = ?", _text),
    "shipment_type": Filter("shipment_type = ?", _text),
}
DOCUMENT_FILTERS: dict[str, Filter] = {
    "invoice_number": Filter("number = ?", _text),
    "invoice_numbers": Filter(_IN.format("number"), _many),
    "creation_time_from": Filter("created >= ?", _time),
    "last_update_time_from": Filter("updated >= ?", _time),
    "paid_yn": Filter("paid = ?", _bool),
    "type": Filter("kind = ?", _one_of("invoice", "creditNote", "receipt")),
}
CUSTOMER_FILTERS: dict[str, Filter] = {
    "creation_time_from": Filter("created >= ?", _time),
    "last_update_time_from": Filter("updated >= ?", _time),
    "code": Filter("code = ?", _text),
    "customer_id": Filter("id = ?", _int),
    "ids": Filter(_IN.format("CAST(id AS TEXT)"), _many),
    "active_yn": Filter(_column("login.active_yn"), _bool),
    "blocked_yn": Filter(_column("login.blocked_yn"), _bool),
    "language": Filter(_column("language"), _text),
    "pricelist": Filter(_column("pricelist"), _text),
    "email": Filter(_column("login.email"), _text),
    "phone": Filter(_column("communication.phone"), _text),
    "company_name": Filter(_column("company.name"), _text),
    "company_number": Filter(_column("company.company_number"), _text),
    "company_vat_number": Filter(_column("company.vat_number"), _text),
    "newsletter_accept": Filter(_column("newsletter_accept"), _one_of("notset", "no", "yes", "excluded")),
}
PRODUCT_FILTERS: dict[str, Filter] = {
    "code": Filter("code = ?", _text),
    "codes": Filter(_IN.format("code"), _many),
    "product_id": Filter("id = ?", _int),
    "product_ids": Filter(_IN.format("CAST(id AS TEXT)"), _many),
    "last_update_time_from": Filter("updated >= ?", _time),
    "active_yn": Filter(_column("active_yn"), _bool),
    "archived_yn": Filter(_column("archived_yn"), _bool),
    "can_add_to_basket_yn": Filter(_column("can_add_to_basket_yn"), _bool),
    "exclude_from_search_yn": Filter(_column("exclude_from_search_yn"), _bool),
    "in_stock_yn": Filter("(json_extract(payload, '$.stock') > 0) = ?", _bool),
}


@dataclass(frozen=True, slots=True)
class Listing:
    """One list of the API: where its rows are and which parameters it takes."""

    name: str
    table: str
    filters: Mapping[str, Filter]
    page_size: int = PER_PAGE
    card: str | None = None
    sortable: bool = False


ORDERS = Listing("orders", "orders", ORDER_FILTERS, sortable=True)
INVOICES = Listing("invoices", "documents", DOCUMENT_FILTERS)
CUSTOMERS = Listing("customers", "cards", CUSTOMER_FILTERS, card="customer")
PRODUCTS = Listing("products", "cards", PRODUCT_FILTERS, PRODUCTS_PER_PAGE, card="product")
SORT_COLUMNS = {"creation_time": "created", "last_update_time": "updated"}


def _conditions(listing: Listing, query: Mapping[str, str], options: Options) -> tuple[str, list[Any]]:
    conditions, values = ["1"], []
    if listing.card is not None:
        conditions, values = ["kind = ?"], [listing.card]
    known = {"page", "order_by", "order_dir"} if listing.sortable else {"page"}
    for name, raw in query.items():
        chosen = listing.filters.get(name)
        if chosen is None:
            if name not in known and options.unknown_params == "reject":
                raise BadParameter(f"{name}: unknown parameter")
            continue
        try:
            found = chosen.read(raw, options)
        except BadParameter as error:
            raise BadParameter(f"{name}: {error}") from error
        conditions.append(chosen.condition)
        values += found
    return " AND ".join(conditions), values


def _order(listing: Listing, query: Mapping[str, str], options: Options) -> str:
    direction = options.list_order
    if not listing.sortable:
        return f"id {direction}"
    column, way = query.get("order_by", "creation_time"), query.get("order_dir", direction)
    if column not in SORT_COLUMNS or way not in {"asc", "desc"}:
        raise BadParameter("order_by: expected creation_time or last_update_time; order_dir: expected asc or desc")
    return f"{SORT_COLUMNS[column]} {way}, id {way}"


def page_number(query: Mapping[str, str]) -> int:
    """The page asked for; nothing is the first."""
    raw = query.get("page", "1")
    if not raw.isdigit() or int(raw) < 1:
        raise BadParameter("page: expected a whole number from 1")
    return int(raw)


def page(store: Store, listing: Listing, query: Mapping[str, str]) -> str | None:
    """One page of a list as JSON text; None is a page past the end where that is not found. BadParameter is a 400."""
    options = store.options
    where, values = _conditions(listing, query, options)
    order = _order(listing, query, options)
    wanted, size = page_number(query), listing.page_size
    (total,) = store.db.execute(f"SELECT count(*) FROM {listing.table} WHERE {where}", values).fetchone()  # noqa: S608
    pages = max(-(-total // size), 1)
    if wanted > pages and options.past_end == "404":
        return None
    if wanted > pages and options.past_end == "last":
        wanted = pages
    # The rows are chosen in a narrow index first: skipping an offset must not read the payloads before it.
    chosen = f"SELECT id FROM {listing.table} WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?"  # noqa: S608
    kind = f"kind = '{listing.card}' AND " if listing.card else ""
    sql = f"SELECT payload FROM {listing.table} WHERE {kind}id IN ({chosen}) ORDER BY {order}"  # noqa: S608
    found = [row[0] for row in store.db.execute(sql, (*values, size, (wanted - 1) * size))]
    return (
        f'{{"current_page":{wanted},"current_page_items":{len(found)},"number_of_pages":{pages},'
        f'"number_of_items":{total},"{listing.name}":[{",".join(found)}]}}'
    )
