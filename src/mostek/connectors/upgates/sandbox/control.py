"""The control API of this sandbox: make the shop do what its owner, customers and vendor would do."""

from collections.abc import Awaitable, Callable, Iterable
from random import Random
from typing import Any

from aiohttp import web

from .access import Door, answer
from .customers import Customers
from .edits import AT_RANDOM, EDITS
from .judge import document_json, totals
from .options import Options, assumed
from .shop.clock import moment
from .shop.model import INVOICE, RECEIPT
from .store import Store
from .trade import NotThere, Shop
from .webhooks import Webhooks

Json = dict[str, Any]


class Control:
    """Handlers take a JSON object and answer one; what they cannot take is 400, what is not there 404."""

    def __init__(self, store: Store, shop: Shop, door: Door, webhooks: Webhooks, options: Options) -> None:
        self.store, self.shop, self.door, self.webhooks, self.options = store, shop, door, webhooks, options

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        posts: dict[str, Callable[[Json], Json]] = {
            "generate": self.generate,
            "touch": self.touch,
            "edit": self.edit,
            "pay": self.pay,
            "credit": self.credit,
            "delete": self.delete,
            "insert": self.insert,
            "customers": self.customers,
            "raw": self.raw,
            "move-server": self.move_server,
            "clock": self.clock,
            "users": self.users,
            "webhooks/mischief": self.webhooks.mischief.set,
        }
        yield from (web.post(f"/{path}", self._taking(action)) for path, action in posts.items())
        yield web.post("/webhooks/deliver", self.deliver)
        yield web.get("/webhooks/sent", self.sent)
        yield web.get("/totals", self.totals)
        yield web.get("/assumed", self.assumed)

    def _taking(self, action: Callable[[Json], Json]) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                given = await request.json() if request.can_read_body else {}
                if not isinstance(given, dict):
                    raise TypeError("expected a JSON object")
                return answer(200, action(given))
            except NotThere as error:
                return answer(404, {"error": f"there is no {error}"})
            except (ValueError, TypeError, KeyError) as error:
                return answer(400, {"error": f"{type(error).__name__}: {error}"})
            finally:
                self.webhooks.wake()

        return handle

    # -- the shop -----------------------------------------------------------------------------------------------------

    def generate(self, given: Json) -> Json:
        """{"seed", "documents", "from", "to"}: draw stories until that many more documents exist."""
        since, until = (moment(str(given[key])) if given.get(key) else None for key in ("from", "to"))
        made = self.shop.generate(
            int(given.get("seed", self.options.seed)), int(given.get("documents", 100)), since, until
        )
        return dict(made)

    def touch(self, given: Json) -> Json:
        """{"invoices": [...]}, {"count": n} or nothing for all: move last_update_time without a change."""
        count = given.get("count")
        return {"touched": self.shop.touch(given.get("invoices"), None if count is None else int(count))}

    def edit(self, given: Json) -> Json:
        """One edit, a list of them in "edits", or {"random": n, "seed", "changes"}; all are done or none.

        An edit is {"invoice" or "invoices", "change": one of EDITS, "value"}; without a value it chooses one.
        """
        chosen: list[tuple[str, str, Any]] = []
        if "random" in given:
            rng = Random(given.get("seed", self.options.seed))
            changes = list(given.get("changes", AT_RANDOM))
            numbers = [document.number for document in self.store.documents()]
            picked = rng.sample(numbers, min(int(given["random"]), len(numbers)))
            chosen = [(number, rng.choice(changes), None) for number in picked]
        else:
            for each in given.get("edits", [given]):
                chosen += [(number, str(each.get("change")), each.get("value")) for number in _named(each, "invoice")]
        if unknown := [change for _, change, _ in chosen if change not in EDITS]:
            raise ValueError(f"change: {unknown[0]!r} is none of {', '.join(EDITS)}")
        with self.store.transaction():
            for number, change, value in chosen:
                self.shop.edit(self.shop.document(number), change, value)
        return {"edited": [{"invoice": number, "change": change} for number, change, _ in chosen]}

    def pay(self, given: Json) -> Json:
        """{"invoice" or "invoices" or "order" or "orders"}, "date": when (null takes the payment back)."""
        at: int | None = self.shop.now()
        if "date" in given:
            at = None if given["date"] is None else moment(str(given["date"]))
        with self.store.transaction():
            if not {"order", "orders"} & set(given):
                documents = [self.shop.document(number) for number in _named(given, "invoice")]
                for document in documents:
                    self.shop.pay_document(document, at)
                return _told([document_json(document) for document in documents], given, "invoice")
            orders = [self.shop.order(number) for number in _named(given, "order")]
            for order in orders:
                self.shop.pay_order(order, at)
                self.shop.changed(order)
            return _told([{"order": order.number, "paid": at is not None} for order in orders], given, "order")

    def credit(self, given: Json) -> Json:
        """{"invoice" or "invoices", "partial": bool}: a credit note as written in the administration."""
        with self.store.transaction():
            invoices = [self.shop.document(number) for number in _named(given, "invoice")]
            notes = [self.shop.credit(invoice, partial=bool(given.get("partial", False))) for invoice in invoices]
        return _told([document_json(note) for note in notes], given, "invoice")

    def delete(self, given: Json) -> Json:
        """{"invoice" or "invoices" or "order" or "orders"}."""
        with self.store.transaction():
            ordered = bool({"order", "orders"} & set(given))
            numbers = _named(given, "order" if ordered else "invoice")
            for number in numbers:
                (self.shop.delete_order if ordered else self.shop.delete_document)(number)
        return {"deleted": True, "numbers": numbers}

    def insert(self, given: Json) -> Json:
        """{"at": moment or list, "kind", "order": bool, "updated": moment}: documents that came to be just then.

        A moment without an offset is in the shop's zone. They are known as changed now, unless told otherwise: a reader
        that goes by the time of the last change would never see them else.
        """
        kind = str(given.get("kind", INVOICE))
        ordered = bool(given.get("order", True))
        if kind not in {INVOICE, RECEIPT} or (kind == RECEIPT and not ordered):
            raise ValueError("kind: expected invoice, or receipt with an order")
        told = given["at"] if isinstance(given["at"], list) else [given["at"]]
        moments = [moment(str(each)) for each in told]
        updated = moment(str(given["updated"])) if given.get("updated") else None
        with self.store.transaction():
            made = [self.shop.insert(at, kind, ordered=ordered, updated=updated) for at in moments]
        return {"documents": [document_json(document) for document in made]}

    def customers(self, given: Json) -> Json:
        """{"save": [customers], "delete": [e-mails]}: written as POST or, where the e-mail is known, as PUT would."""
        writer = Customers(self.shop, self.options)
        saved = [writer.save(each) for each in given.get("save", [])]
        gone = [result for email in given.get("delete", []) for result in writer.delete([], str(email))]
        return {"saved": saved, "deleted": gone}

    def raw(self, given: Json) -> Json:
        """{"list": "invoices" or "orders", "number": n, "payload": text}: an item whose text is sent as it is given.

        The number only finds the item again (by a filter, or to replace it); the text may name another, or none.
        """
        tables = {"invoices": "documents", "orders": "orders"}
        if given.get("list") not in tables:
            raise ValueError(f"list: expected one of {', '.join(tables)}")
        number, payload = str(given["number"]), str(given["payload"])
        with self.store.transaction():
            self.store.save_raw(tables[given["list"]], number, payload, int(self.shop.now()))
        return {"number": number, "characters": len(payload)}

    # -- the vendor ---------------------------------------------------------------------------------------------------

    def move_server(self, given: Json) -> Json:
        """{"api_url": "http://new-host/api/v2"}: every other host answers 301; null ends the move."""
        with self.store.transaction():
            self.store.set_meta("moved", str(given.get("api_url") or ""))
        return {"api_url": self.store.meta("moved") or None}

    def clock(self, given: Json) -> Json:
        """{"advance": seconds}: move the shop's clock; quotas, locks and webhook retries follow it."""
        return {"now": self.shop.advance(float(given.get("advance", 0)))}

    def users(self, given: Json) -> Json:
        """{"login", "key", "group", "active", "privileges"}: create or change an API user."""
        user = self.door.save_user(given)
        return {"login": user.login, "group": user.team, "active": user.active, "privileges": user.privileges}

    async def deliver(self, request: web.Request) -> web.StreamResponse:
        """Deliver all webhooks that are due and answer when that is done."""
        await self.webhooks.flush()
        return answer(200, {"waiting": self.store.rows("SELECT count(*) FROM outbox")[0][0]})

    async def sent(self, request: web.Request) -> web.StreamResponse:
        """The last thousand webhook calls with their bodies."""
        return answer(200, {"sent": self.webhooks.sent})

    async def totals(self, request: web.Request) -> web.StreamResponse:
        """?from=&to= (days of issue): sums per kind and currency."""
        try:
            return answer(200, totals(self.store, request.query.get("from"), request.query.get("to")))
        except ValueError as error:
            return answer(400, {"error": str(error)})

    async def assumed(self, request: web.Request) -> web.StreamResponse:
        """What is in no source, and how it is set now."""
        return answer(200, {"assumed": assumed(self.options)})


def _named(given: Json, what: str) -> list[str]:
    """The numbers under ``invoice`` or ``invoices`` (or ``order`` or ``orders``)."""
    many = given.get(f"{what}s")
    return [str(number) for number in many] if many is not None else [str(given[what])]


def _told(found: list[Json], given: Json, what: str) -> Json:
    """One answer where one thing was named, a list under the name of many else."""
    return {f"{what}s": found} if f"{what}s" in given else found[0]
