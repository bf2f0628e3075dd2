"""The control API of this sandbox: make the shop do what its owner, customers and vendor would do."""

from collections.abc import Awaitable, Callable, Iterable
from random import Random
from typing import Any

from aiohttp import web

from .access import Door, answer
from .judge import document_json, totals
from .options import Options, assumed
from .shop.clock import moment
from .shop.model import Document
from .store import Store
from .trade import EDITS, NotThere, Shop
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
        """{"invoice": n, "change": c} or {"random": n, "seed": s}; c is one of the keys of EDITS."""
        chosen: list[tuple[Document, str]] = []
        if "random" in given:
            rng = Random(given.get("seed", self.options.seed))
            numbers = [document.number for document in self.store.documents()]
            picked = rng.sample(numbers, min(int(given["random"]), len(numbers)))
            chosen = [(self.shop.document(number), rng.choice(list(EDITS))) for number in picked]
        else:
            if given.get("change") not in EDITS:
                raise ValueError(f"change: expected one of {', '.join(EDITS)}")
            chosen.append((self.shop.document(str(given["invoice"])), given["change"]))
        with self.store.transaction():
            for document, change in chosen:
                self.shop.edit(document, change)
        return {"edited": [{"invoice": document.number, "change": change} for document, change in chosen]}

    def pay(self, given: Json) -> Json:
        """{"invoice": n} or {"order": n}, "date": when (null takes the payment back)."""
        at: int | None = self.shop.now()
        if "date" in given:
            at = None if given["date"] is None else moment(str(given["date"]))
        if "invoice" in given:
            document = self.shop.document(str(given["invoice"]))
            self.shop.pay_document(document, at)
            return document_json(document)
        with self.store.transaction():
            order = self.shop.order(str(given["order"]))
            self.shop.pay_order(order, at)
            self.shop.changed(order)
        return {"order": order.number, "paid": at is not None}

    def credit(self, given: Json) -> Json:
        """{"invoice": n, "partial": bool}: a credit note as written in the administration."""
        invoice = self.shop.document(str(given["invoice"]))
        return document_json(self.shop.credit(invoice, partial=bool(given.get("partial", False))))

    def delete(self, given: Json) -> Json:
        """{"invoice": n} or {"order": n}."""
        if "invoice" in given:
            self.shop.delete_document(str(given["invoice"]))
        else:
            self.shop.delete_order(str(given["order"]))
        return {"deleted": True}

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
