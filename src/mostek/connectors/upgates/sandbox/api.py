"""The vendor's API below /api/v2: every endpoint as a row of a table, and the one handler that all calls pass.

A call passes, in this order: the server move, the login, calls at once, the quota, the user's right, the method, the
body.
"""

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from . import cards, lists
from .access import SERVICES, Door, User, answer, refusal
from .baskets import wire
from .customers import Customers
from .lists import BadParameter, Listing
from .options import Options
from .shop.catalogue import PAYMENTS, SHIPMENTS, STATUSES
from .store import Store
from .trade import NotThere, Shop
from .update import OrderUpdate, Refused, message
from .webhooks import EVENTS, Webhooks

Json = dict[str, Any]
ROOT = "/api/v2"
MOST_ITEMS = 100
METHODS = ("GET", "POST", "PUT", "DELETE")


@dataclass(frozen=True, slots=True)
class Call:
    """One call that was let in: `path` are the parts of the address, `body` the JSON object of a POST or PUT."""

    user: User
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Json


Handler = Callable[[Call], web.Response]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address: its handlers by method; `unsimulated` are the vendor's methods this sandbox answers 501."""

    path: str
    service: str
    handlers: Mapping[str, Handler]
    unsimulated: tuple[str, ...] = ()


# Documented addresses without any simulation: 501 says so, where 404 would claim that the vendor has none.
UNSIMULATED = (
    "stocks",
    "availabilities",
    "parameters",
    "labels",
    "manufacturers",
    "categories",
    "groups",
    "carts",
    "vouchers",
    "metas",
    "redirections",
    "files",
    "conversion-codes",
    "news",
    "articles",
    "advisor",
    "graphics",
)


class Api:
    """The endpoints over the shop."""

    def __init__(self, store: Store, shop: Shop, door: Door, webhooks: Webhooks, options: Options) -> None:
        self.store, self.shop, self.door, self.webhooks, self.options = store, shop, door, webhooks, options
        self.customers = Customers(shop, options)

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Every simulated address."""
        return (
            Endpoint(
                "/orders",
                "orders",
                {"GET": self.orders, "PUT": self.put_orders, "DELETE": self.delete_orders},
                ("POST",),
            ),
            Endpoint("/orders/{order_number}", "orders", {"GET": self.orders, "DELETE": self.delete_orders}),
            Endpoint("/orders/{order_number}/pdf", "orders", {"GET": self.order_pdf}),
            Endpoint("/orders/{order_number}/history", "orders", {"GET": self.history, "POST": self.add_history}),
            Endpoint("/orders/{order_number}/{what:file|urls|attachments}", "orders", {}, ("POST", "DELETE")),
            Endpoint("/order-statuses", "order-statuses", {"GET": self.statuses}, ("POST", "PUT")),
            Endpoint("/order-statuses/{id}", "order-statuses", {"GET": self.statuses}, ("DELETE",)),
            Endpoint("/invoices", "invoices", {"GET": self.invoices}),
            Endpoint("/invoices/{invoice_number}", "invoices", {"GET": self.invoices}),
            Endpoint("/invoices/{invoice_number}/pdf", "invoices", {"GET": self.invoice_pdf}),
            Endpoint(
                "/customers",
                "customers",
                {
                    "GET": self.listing(lists.CUSTOMERS),
                    "POST": self.writing(self.customers.insert),
                    "PUT": self.writing(self.customers.update),
                    "DELETE": self.delete_customers,
                },
            ),
            Endpoint("/products", "products", {"GET": self.listing(lists.PRODUCTS)}, ("POST", "PUT", "DELETE")),
            Endpoint("/products/{code}", "products", {"GET": self.listing(lists.PRODUCTS)}, ("DELETE",)),
            Endpoint("/products/{rest:.+}", "products", {}, METHODS),
            Endpoint("/customers/{rest:.+}", "customers", {}, METHODS),
            Endpoint("/shipments", "shipments", {"GET": self.shipments}),
            Endpoint("/shipments/{id}", "shipments", {"GET": self.shipments}),
            Endpoint("/payments", "payments", {"GET": self.payments}),
            Endpoint("/payments/{id}", "payments", {"GET": self.payments}),
            Endpoint(
                "/webhooks",
                "webhooks",
                {"GET": self.hooks, "POST": self.post_hook, "PUT": self.put_hook, "DELETE": self.delete_hooks},
            ),
            Endpoint("/webhooks/events", "webhooks", {"GET": self.events}),
            Endpoint("/webhooks/{id}", "webhooks", {"GET": self.hooks, "DELETE": self.delete_hooks}),
            Endpoint("/config", "config", {"GET": self.static(cards.config_json)}),
            Endpoint("/owner", "owner", {"GET": self.static(cards.owner_json)}),
            Endpoint("/languages", "languages", {"GET": self.static(cards.languages_json)}),
            Endpoint("/pricelists", "pricelists", {"GET": self.static(cards.pricelists_json)}, ("POST", "DELETE")),
            Endpoint("/status", "status", {"GET": self.status}),
            *(Endpoint(f"/{name}{tail}", name, {}, METHODS) for name in UNSIMULATED for tail in ("", "/{rest:.+}")),
        )

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """The table as routes, each address with and without a slash at its end; the rest of /api/v2 is 404."""
        for endpoint in self.endpoints():
            passing = self._passing(endpoint)
            for slash in ("", "/"):
                yield web.route("*", f"{ROOT}{endpoint.path}{slash}", passing)
        yield web.route("*", f"{ROOT}/{{unknown:.*}}", self._passing(None))

    def _passing(self, endpoint: Endpoint | None) -> Callable[[web.Request], Any]:
        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                return await self._enter(endpoint, request)
            finally:
                self.webhooks.wake()

        return handle

    async def _enter(self, endpoint: Endpoint | None, request: web.Request) -> web.Response:
        door = self.door
        user = door.moved(request) or door.login(request)
        if isinstance(user, web.Response):
            return user
        if (crowd := door.crowded(user)) is not None:
            return crowd
        door.inside[user.team] += 1
        try:
            headers, refused = door.spend()
            result = refused or await self._dispatch(endpoint, user, request)
        finally:
            door.inside[user.team] -= 1
        result.headers.update(headers)
        return result

    async def _dispatch(self, endpoint: Endpoint | None, user: User, request: web.Request) -> web.Response:
        method = request.headers.get("X-HTTP-Method-Override", request.method).upper()
        raw = await request.read()
        await asyncio.sleep(self.options.latency)
        if endpoint is None:
            return refusal(404, "Unknown address.")
        if (forbidden := self.door.allowed(user, endpoint.service, method)) is not None:
            return forbidden
        handler = endpoint.handlers.get(method)
        if handler is None and method in endpoint.unsimulated:
            return refusal(501, f"{method} of this endpoint is not simulated.")
        if handler is None:
            return refusal(405, f"{method} is not supported here.", {"Allow": ", ".join(endpoint.handlers)})
        try:
            body = _object(raw) if method in {"POST", "PUT"} else {}
            return handler(Call(user, request.match_info, dict(request.query), body))
        except (BadParameter, Refused) as error:
            return refusal(400, str(error))

    # -- lists --------------------------------------------------------------------------------------------------------

    def _page(self, listing: Listing, call: Call) -> web.Response:
        text = lists.page(self.store, listing, {**call.query, **call.path})
        if text is None:
            return refusal(404, "There is no such page.")
        if call.path and self.options.missing == "404" and '"number_of_items":0,' in text:
            return refusal(404, "There is no such item.")
        return answer(200, text)

    def listing(self, listing: Listing) -> Handler:
        return lambda call: self._page(listing, call)

    def static(self, draw: Callable[[Options], Json]) -> Handler:
        return lambda call: answer(200, draw(self.options))

    def orders(self, call: Call) -> web.Response:
        return self._page(lists.ORDERS, call)

    def invoices(self, call: Call) -> web.Response:
        known = lists.DOCUMENT_FILTERS.keys() | {"page"}
        if self.options.invoices_need_parameter == "yes" and not known & {*call.query, *call.path}:
            return refusal(400, "At least one parameter must be given.")
        return self._page(lists.INVOICES, call)

    def _chosen(self, call: Call, name: str, items: Iterable[Json]) -> web.Response:
        """A short list filtered by id, ids, code, codes and type, all on one page."""
        wanted = {**call.query, **call.path}
        plural = {"ids": "id", "codes": "code"}
        found = list(items)
        for key, raw in wanted.items():
            if key in plural:
                found = [item for item in found if str(item[plural[key]]) in raw.split(";")]
            elif key in {"id", "code", "type"}:
                found = [item for item in found if str(item[key]) == raw]
        count = len(found)
        pages = {"current_page": 1, "current_page_items": count, "number_of_pages": 1, "number_of_items": count}
        return answer(200, wire({**pages, name: found}))

    def shipments(self, call: Call) -> web.Response:
        return self._chosen(call, "shipments", map(cards.shipment_json, SHIPMENTS))

    def payments(self, call: Call) -> web.Response:
        return self._chosen(call, "payments", map(cards.payment_json, PAYMENTS))

    def statuses(self, call: Call) -> web.Response:
        wanted = {**call.query, **call.path}
        found = [
            cards.status_json(status)
            for status in STATUSES
            if wanted.get("id", str(status.id)) == str(status.id) and wanted.get("type", status.type) == status.type
        ]
        return answer(200, {"order_statuses": found})

    def status(self, call: Call) -> web.Response:
        services = [
            {"service": service, "url": f"{ROOT}/{service}", "privilege": call.user.right(service)}
            for service in (*SERVICES, "webhooks", "status")
        ]
        return answer(200, {"services": services, "documentation_link": "https://upgatesapiv2.docs.apiary.io/"})

    # -- customers ----------------------------------------------------------------------------------------------------

    def writing(self, write: Callable[[object], Json]) -> Handler:
        """A POST or PUT of up to a hundred customers."""

        def handle(call: Call) -> web.Response:
            items = call.body.get("customers", [])
            if not isinstance(items, list):
                return refusal(400, "customers: expected an array.")
            if len(items) > MOST_ITEMS:
                return refusal(413, f"At most {MOST_ITEMS} items are allowed, nothing was processed.")
            return answer(200, {"customers": [write(each) for each in items]})

        return handle

    def delete_customers(self, call: Call) -> web.Response:
        ids = [call.query.get("id", ""), *call.query.get("ids", "").split(";")]
        return answer(200, {"customers": self.customers.delete(filter(None, ids), call.query.get("email"))})

    # -- orders -------------------------------------------------------------------------------------------------------

    def put_orders(self, call: Call) -> web.Response:
        orders = call.body.get("orders", [])
        if not isinstance(orders, list):
            return refusal(400, "orders: expected an array.")
        if len(orders) > MOST_ITEMS:
            return refusal(413, f"At most {MOST_ITEMS} items are allowed, nothing was processed.")
        update = OrderUpdate(self.shop, self.options, call.body)
        return answer(200, {"orders": [update.apply(order) for order in orders]})

    def delete_orders(self, call: Call) -> web.Response:
        wanted = {**call.query, **call.path}
        numbers = [wanted.get("order_number", ""), *wanted.get("order_numbers", "").split(";")]
        results: list[Json] = []
        for number in filter(None, numbers):
            messages: list[Json] = []
            try:
                self.shop.delete_order(number)
            except NotThere as error:
                messages.append(message(f"does not exist: {error}", "order_number"))
            results.append({"order_number": number, "deleted_yn": not messages, "messages": messages})
        return answer(200, {"orders": results})

    def history(self, call: Call) -> web.Response:
        sql = "SELECT payload FROM history WHERE order_number=? ORDER BY id"
        entries = [row[0] for row in self.store.rows(sql, (call.path["order_number"],))]
        return answer(200, f'{{"number_of_items":{len(entries)},"history":[{",".join(entries)}]}}')

    def add_history(self, call: Call) -> web.Response:
        number, data = call.path["order_number"], call.body.get("data")
        if self.store.order(number) is None:
            return answer(200, {"updated": False, "messages": [message("does not exist", "order_number")]})
        if not isinstance(data, list) or not all(isinstance(each, dict) for each in data):
            return answer(200, {"updated": False, "messages": [message("expected an array of objects", "data")]})
        kept = [{"name": _plain(each.get("name"), 50), "value": _plain(each.get("value"), 500)} for each in data]
        with self.store.transaction():
            OrderUpdate(self.shop, self.options, {}).record(number, "Událost z API", [], kept)
        return answer(200, {"updated": True, "messages": []})

    def order_pdf(self, call: Call) -> web.Response:
        number = call.path["order_number"]
        return _pdf(number) if self.store.order(number) is not None else refusal(404, "There is no such order.")

    def invoice_pdf(self, call: Call) -> web.Response:
        number = call.path["invoice_number"]
        return _pdf(number) if self.store.document(number) is not None else refusal(404, "There is no such invoice.")

    # -- webhooks -----------------------------------------------------------------------------------------------------

    def hooks(self, call: Call) -> web.Response:
        chosen = call.path.get("id")
        if chosen is None:
            return answer(200, {"webhooks": self.webhooks.subscriptions()})
        return answer(200, {"webhooks": self.webhooks.subscriptions(int(chosen)) if chosen.isdigit() else []})

    def post_hook(self, call: Call) -> web.Response:
        if missing := [key for key in ("name", "url", "event") if not call.body.get(key)]:
            return refusal(400, f"{missing[0]}: required")
        if (problem := self.webhooks.problem(call.body)) is not None:
            return refusal(400, problem)
        return answer(200, {"webhook": self.webhooks.create(call.user.login, call.body)})

    def put_hook(self, call: Call) -> web.Response:
        chosen = str(call.body.get("id", ""))
        if not chosen.isdigit() or not self.webhooks.shown(int(chosen)):
            return refusal(400, "id: no such webhook")
        if (problem := self.webhooks.problem(call.body)) is not None:
            return refusal(400, problem)
        return answer(200, {"webhook": self.webhooks.update(int(chosen), call.body)})

    def delete_hooks(self, call: Call) -> web.Response:
        wanted = [call.path.get("id", ""), *call.query.get("ids", "").split(";")]
        results: list[Json] = []
        for chosen in filter(None, wanted):
            gone = chosen.isdigit() and self.webhooks.delete(int(chosen))
            messages = [] if gone else [message("does not exist", "id")]
            results.append({"id": chosen, "deleted": gone, "messages": messages})
        return answer(200, {"webhooks": results})

    def events(self, call: Call) -> web.Response:
        return answer(200, {"events": [{"name": event, "allowed_yn": "1"} for event in EVENTS]})


def _object(raw: bytes) -> Json:
    """The JSON object of a body."""
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise BadParameter("The body is not valid JSON.") from error
    if not isinstance(body, dict):
        raise BadParameter("The body must be a JSON object.")
    return body


def _plain(value: object, limit: int) -> str:
    """Text without HTML tags, cut to the vendor's length."""
    text = str(value if value is not None else "")
    while (start := text.find("<")) >= 0 and (end := text.find(">", start)) >= 0:
        text = text[:start] + text[end + 1 :]
    return text[:limit]


def _pdf(number: str) -> web.Response:
    """A one-page PDF that shows the number."""
    stream = f"BT /F1 18 Tf 72 760 Td ({number}) Tj ET".encode("latin-1", "replace")
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )
    body, offsets = b"%PDF-1.4\n", []
    for i, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj%s endobj\n" % (i, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"xref\n0 6\n0000000000 65535 f \n%strailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF"
    return web.Response(body=body + trailer % (table, len(body)), content_type="application/pdf")
