"""PUT orders: only the fields sent are changed, per order, with messages instead of HTTP errors.

Products are matched by uuid and appended without one. A paid_date without a value marks the order unpaid; without the
key it stays as it is.
"""

from collections.abc import Callable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from random import Random
from typing import Any

import msgspec

from .lists import BadParameter, flag
from .options import Options
from .shop.amounts import WHOLE
from .shop.catalogue import PAYMENTS, SHIPMENTS, STATUS_BY_ID, STATUSES, Status
from .shop.clock import iso, moment
from .shop.discounts import Remaining
from .shop.draw import identifier
from .shop.model import Discount, Line, Order, settle, total_up
from .shop.shape import status_name
from .trade import GENERATED, NotThere, Shop

Json = dict[str, Any]
MOST = 10**12


class Refused(ValueError):
    """A value of one order that cannot be taken; the property and what is expected."""

    def __init__(self, prop: str, text: str) -> None:
        super().__init__(text)
        self.prop = prop


def message(text: str, prop: str | None = None, level: str = "error") -> Json:
    """One entry of messages[]."""
    return {"object": "order", "property": prop, "message": text, "level": level}


def decimal(value: object, prop: str, scale: int) -> int:
    """A JSON number (or numeric text) as whole hundredths or thousandths."""
    try:
        given = Decimal(str(value))
    except InvalidOperation as error:
        raise Refused(prop, "expected a number") from error
    if isinstance(value, bool) or not given.is_finite() or abs(given) > MOST:
        raise Refused(prop, "expected a number")
    return int((given * scale).to_integral_value(ROUND_HALF_UP))


def boolean(value: object, prop: str) -> bool:
    try:
        return bool(flag(str(value)))
    except BadParameter as error:
        raise Refused(prop, str(error)) from error


def _optional_text(limit: int) -> Callable[[object, str], str | None]:
    def read(value: object, prop: str) -> str | None:
        if value is None or value == "":
            return None
        if not isinstance(value, str | int) or len(str(value)) > limit:
            raise Refused(prop, f"expected a text of at most {limit} characters")
        return str(value)

    return read


def _symbol(value: object, prop: str) -> str:
    text = str(value)
    if not text.isdigit() or len(text) > 10:
        raise Refused(prop, "expected at most 10 digits")
    return text


def _dimensions(value: object, prop: str) -> tuple[int, int, int]:
    if not isinstance(value, dict):
        raise Refused(prop, "expected an object")
    width, length, height = (decimal(value.get(side, 0), prop, 1) for side in ("width", "length", "height"))
    return width, length, height


# JSON key -> (attribute of the order, reader)
FIELDS: dict[str, tuple[str, Callable[[object, str], Any]]] = {
    "external_order_number": ("external", _optional_text(100)),
    "tracking_code": ("tracking", _optional_text(255)),
    "internal_note": ("internal", _optional_text(65_000)),
    "resolved_yn": ("resolved", boolean),
    "statistics_yn": ("statistics", boolean),
    "variable_symbol": ("symbol", _symbol),
    "dimensions": ("dimensions", _dimensions),
}
CUSTOMER_FIELDS = {"email": "email", "phone": "phone", "company": "company", "ico": "ico", "dic": "dic"}
ADDRESS_FIELDS = {
    "firstname_invoice": "first",
    "surname_invoice": "last",
    "street_invoice": "street",
    "city_invoice": "city",
    "zip_invoice": "zip",
    "country_id_invoice": "country",
}
OTHER_KEYS = frozenset(
    {
        "order_number",
        "status",
        "status_id",
        "paid_date",
        "customer",
        "products",
        "quantity_discount",
        "shipment",
        "payment",
        "metas",
    }
    | GENERATED.keys()
)


class OrderUpdate:
    """The PUT of up to a hundred orders; `emails` and `sms` say whether a changed status is told to the customer."""

    def __init__(self, shop: Shop, options: Options, request: Json) -> None:
        self.shop, self.options = shop, options
        self.emails = boolean(request.get("send_emails_yn", True), "send_emails_yn")
        self.sms = boolean(request.get("send_sms_yn", True), "send_sms_yn")
        self.delete_missing = boolean(request.get("delete_missing_products_yn", False), "delete_missing_products_yn")

    def apply(self, given: object) -> Json:
        """Change one order in one transaction; a refused value changes nothing of it."""
        number = str(given.get("order_number", "")) if isinstance(given, dict) else ""
        result: Json = {"order_number": number, "order_url": None, "updated_yn": False, "messages": []}
        if not isinstance(given, dict):
            result["messages"].append(message("expected an object"))
            return result
        try:
            with self.shop.store.transaction():
                order = self.shop.order(number)
                self._change(order, given)
        except NotThere as error:
            result["messages"].append(message(f"does not exist: {error}", "order_number"))
            return result
        except Refused as error:
            result["messages"].append(message(str(error), error.prop))
            return result
        result["order_url"] = f"https://{self.options.project_name}.example/order/{order.uuid}"
        result["updated_yn"] = True
        for key in given.keys() - FIELDS.keys() - OTHER_KEYS:
            result["messages"].append(message("unknown property is ignored", key, "warning"))
        return result

    def _change(self, order: Order, given: Json) -> None:
        changes: list[Json] = []
        for key in FIELDS.keys() & given.keys():
            attribute, read = FIELDS[key]
            value = read(given[key], key)
            changes.append({"name": key, "before": _shown(getattr(order, attribute)), "after": _shown(value)})
            setattr(order, attribute, value)
        if "status" in given or "status_id" in given:
            changes += self._status(order, given)
        if "paid_date" in given:
            self.shop.pay_order(order, self._paid(given["paid_date"]))
            changes.append({"name": "paid_date", "before": None, "after": _shown(given["paid_date"])})
        if "customer" in given:
            _change_customer(order, given["customer"])
        self._change_goods(order, given)
        self.shop.changed(order)
        for key in GENERATED.keys() & given.keys():
            self._generate(order, key, given[key])
        self.record(order.number, "Úprava objednávky", changes)

    # -- parts --------------------------------------------------------------------------------------------------------

    def _paid(self, value: object) -> int | None:
        if value in (None, ""):
            return None
        try:
            return moment(str(value), self.options.naive_time)
        except ValueError as error:
            raise Refused("paid_date", "expected an ISO 8601 date or time") from error

    def _status(self, order: Order, given: Json) -> list[Json]:
        """Set the status; only a real change sends mail and SMS and marks the order paid or resolved."""
        status = _find_status(given)
        if status.id == order.status:
            return []
        before = status_name(order.status, order.customer)
        order.status = status.id
        order.resolved = order.resolved or status.resolved
        if status.paid and order.paid_at is None:
            self.shop.pay_order(order, self.shop.now())
        for channel, wanted in (("email", self.emails), ("sms", self.sms)):
            if wanted:
                self.shop.store.db.execute(
                    "INSERT INTO messages(channel, order_number, status, at) VALUES(?,?,?,?)",
                    (channel, order.number, status.id, self.shop.now()),
                )
        return [{"name": "status", "before": before, "after": status_name(status.id, order.customer)}]

    def _change_goods(self, order: Order, given: Json) -> None:
        """Rows, shipment, payment and quantity discount; vouchers keep their amounts."""
        if "products" in given:
            rows = given["products"]
            if not isinstance(rows, list):
                raise Refused("products", "expected an array")
            kept = {_product(order, row) for row in rows}
            if self.delete_missing:
                order.rows = [row for row in order.rows if row.uuid in kept or row.parent in kept]
        for key, methods in (("shipment", SHIPMENTS), ("payment", PAYMENTS)):
            if key in given:
                line = _method(order, key, given[key])
                setattr(order, key, line)
                known = next((method.id for method in methods if method.code and method.code == line.code), None)
                if known is not None:
                    setattr(order, f"{key}_id", known)
        if "quantity_discount" in given:
            _quantity_discount(order, given["quantity_discount"])
        if given.keys() & {"products", "shipment", "payment", "quantity_discount"}:
            total_up(order)

    def _generate(self, order: Order, key: str, given: object) -> None:
        if not isinstance(given, dict) or not boolean(given.get("generate_yn", False), f"{key}.generate_yn"):
            return
        before = order.document
        try:
            document = self.shop.issue(order, GENERATED[key])
        except NotThere as error:
            raise Refused(key, f"there is no {error}") from error
        days = {"expiration_date": "due", "date_of_issuance": "issued", "date_of_vat_revenue_recognition": "supplied"}
        sent = {attribute: given[name] for name, attribute in days.items() if given.get(name)}
        for attribute, raw in sent.items():
            try:
                setattr(document, attribute, _day(str(raw)))
            except ValueError as error:
                raise Refused(key, "expected ISO 8601 dates") from error
        if sent:
            self.shop.store.save_documents([document])
        if order.document != before:
            self.shop.changed(order)

    def record(self, number: str, event: str, changes: list[Json], data: list[Json] | None = None) -> None:
        """Add an entry to the history of an order."""
        entry = {
            "event": event,
            "user_name": "API",
            "changes": changes,
            "admin_yn": True,
            "origin": "api",
            "data": data or [],
            "creation_time": iso(self.shop.now()),
        }
        self.shop.store.db.execute(
            "INSERT INTO history(order_number, payload) VALUES(?,?)", (number, msgspec.json.encode(entry).decode())
        )


def _day(raw: str) -> int:
    return date.fromisoformat(raw[:10]).toordinal()


def _shown(value: object) -> str | None:
    return None if value is None else str(value)


def _find_status(given: Json) -> Status:
    """The status meant by id, or by its name in any language."""
    if "status_id" in given:
        raw = given["status_id"]
        status = STATUS_BY_ID.get(int(raw)) if str(raw).isdigit() else None
        if status is None:
            raise Refused("status_id", "no such status")
        return status
    for status in STATUSES:
        if given["status"] in (status.cs, status.sk):
            return status
    raise Refused("status", "no such status")


def _change_customer(order: Order, given: object) -> None:
    if not isinstance(given, dict):
        raise Refused("customer", "expected an object")
    billing = {attribute: str(given[key]) for key, attribute in ADDRESS_FIELDS.items() if given.get(key)}
    fields: Json = {attribute: given[key] for key, attribute in CUSTOMER_FIELDS.items() if key in given}
    if "vat_payer_yn" in given:
        fields["payer"] = boolean(given["vat_payer_yn"], "vat_payer_yn")
    address = msgspec.structs.replace(order.customer.billing, **billing)
    order.customer = msgspec.structs.replace(order.customer, billing=address, **fields)


def _product(order: Order, given: object) -> str:
    """Change the row of a uuid, or append a row; the row's uuid."""
    if not isinstance(given, dict) or "price_per_unit" not in given:
        raise Refused("price_per_unit", "required")
    price = decimal(given["price_per_unit"], "price_per_unit", 100)
    uuid = given.get("uuid")
    if uuid:
        row = next((row for row in order.rows if row.uuid == uuid), None)
        if row is None:
            raise Refused("uuid", "no such product in the order")
    else:
        if not given.get("title"):
            raise Refused("title", "required")
        seed = f"{order.uuid} {len(order.rows)}"
        row = Line("product", "", 0, 0, uuid=identifier(Random(seed)))
        order.rows.append(row)
    row.price, row.fixed = price, None
    row.title = str(given.get("title", row.title))
    row.code = given.get("code", row.code)
    row.unit = str(given.get("unit", row.unit))
    row.note = str(given.get("invoice_info", row.note))
    if "quantity" in given:
        row.quantity = decimal(given["quantity"], "quantity", 1000)
    if "vat" in given:
        row.rate = decimal(given["vat"], "vat", 100)
    if given.get("recycling_fee") is not None:
        row.fee = decimal(given["recycling_fee"], "recycling_fee", 100)
    if "weight" in given:
        row.weight = decimal(given["weight"], "weight", 1)
    settle(row, order.manner)
    return row.uuid


def _method(order: Order, key: str, given: object) -> Line:
    if not isinstance(given, dict) or not all(name in given for name in ("name", "price", "vat")):
        raise Refused(key, "expected name, price and vat")
    rate, price = decimal(given["vat"], f"{key}.vat", 100), decimal(given["price"], f"{key}.price", 100)
    return settle(Line(key, str(given["name"]), rate, price, code=given.get("code")), order.manner)


def _quantity_discount(order: Order, given: object) -> None:
    if not isinstance(given, dict) or given.get("type") not in {"price", "percent"}:
        raise Refused("quantity_discount", "expected amount and type price or percent")
    amount = decimal(given.get("amount"), "quantity_discount.amount", 100)
    others = [discount for discount in order.discounts if discount.kind != "quantity"]
    remaining = Remaining(order.rows + [part for other in others for part in other.parts], order.manner)
    if given["type"] == "percent":
        parts = remaining.percent("quantity", min(amount, WHOLE))
    else:
        parts = remaining.fixed("quantity", amount)
    new = [Discount("quantity", str(given["type"]), amount, parts)] if parts else []
    order.discounts = others + new
