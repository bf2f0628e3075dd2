"""What happens in the shop: stories are generated, orders paid, documents issued, credited, edited and deleted.

Every method is one transaction; it moves last_update_time and queues the webhooks it causes.
"""

import time
from collections.abc import Callable, Iterable
from itertools import islice
from random import Random
from typing import Any

import msgspec

from .edits import edit
from .options import Options
from .shop.cases import Case, Span, cases
from .shop.clock import iso
from .shop.draw import draw_order
from .shop.issue import Numbers, credit, issue, items_of, without_order
from .shop.model import CREDIT_NOTE, INVOICE, RECEIPT, Document, Order, recapitulate
from .shop.shape import status_name
from .store import Store

Json = dict[str, Any]
Announce = Callable[[str, str, Json], None]
YEAR = 365 * 86_400


class NotThere(LookupError):
    """An order or document that the shop does not have."""


class Shop:
    """The shop's business; `announce(event, collection, record)` is told of everything a webhook may be about."""

    def __init__(self, store: Store, options: Options) -> None:
        self.store, self.options = store, options
        self.announce: Announce = lambda event, collection, record: None

    def now(self) -> int:
        """The shop's clock, UNIX seconds: the machine's plus the offset."""
        return int(time.time() + self.options.clock_offset + float(self.store.meta("clock", "0")))

    def advance(self, seconds: float) -> int:
        """Move the shop's clock."""
        with self.store.transaction():
            self.store.set_meta("clock", str(float(self.store.meta("clock", "0")) + seconds))
        return self.now()

    # -- stories ------------------------------------------------------------------------------------------------------

    def generate(self, seed: int, count: int, since: int | None = None, until: int | None = None) -> dict[str, int]:
        """Draw whole stories until `count` more documents exist; their beginnings are spread over the time given."""
        until = self.now() if until is None else until
        since = until - YEAR if since is None else since
        numbers = self.store.numbers()
        made = {"orders": 0, "documents": 0}
        # A second run with the same seed must not repeat the first one's stories.
        stories = cases(seed + 7919 * numbers.documents, self.options, numbers, Span(since, until, count))
        while made["documents"] < count:
            batch: list[Case] = list(islice(stories, min(200, count - made["documents"])))
            if made["documents"] + sum(len(case.documents) for case in batch) > count:
                batch = _cut(batch, count - made["documents"], numbers)
            with self.store.transaction():
                self._keep(batch)
                self.store.save_numbers(numbers)
            made["orders"] += sum(case.order is not None for case in batch)
            made["documents"] += sum(len(case.documents) for case in batch)
        return made

    def _keep(self, batch: list[Case]) -> None:
        orders = [case.order for case in batch if case.order is not None]
        documents = [document for case in batch for document in case.documents]
        self.store.save_orders(orders)
        self.store.save_documents(documents)
        for order in orders:
            self.tell_order("create", order)
        for document in documents:
            self.tell_document("create", document)

    # -- telling ------------------------------------------------------------------------------------------------------

    def tell_order(self, what: str, order: Order) -> None:
        record: Json = {
            "order_number": order.number,
            STAMPS[what]: iso(order.created if what == "create" else order.updated),
            "status_id": order.status,
            "status": status_name(order.status, order.customer),
        }
        self.announce(f"Orders.{what}", "orders", record)

    def tell_document(self, what: str, document: Document) -> None:
        stamp = iso(document.created if what == "create" else document.updated)
        record: Json = {"invoice_number": document.number, "type": document.kind, STAMPS[what]: stamp}
        self.announce(f"Invoices.{what}", "invoices", record)

    # -- changes ------------------------------------------------------------------------------------------------------

    def order(self, number: str) -> Order:
        found = self.store.order(number)
        if found is None:
            raise NotThere(f"order {number}")
        return found

    def document(self, number: str) -> Document:
        found = self.store.document(number)
        if found is None:
            raise NotThere(f"document {number}")
        return found

    def changed(self, *things: Order | Document) -> None:
        """Write changed orders and documents with a new last_update_time."""
        with self.store.transaction():
            for thing in things:
                thing.updated = max(self.now(), thing.created)
                if isinstance(thing, Order):
                    self.store.save_orders([thing])
                    self.tell_order("update", thing)
                else:
                    self.store.save_documents([thing])
                    self.tell_document("update", thing)

    def created(self, document: Document) -> Document:
        """Write a document that was just issued."""
        with self.store.transaction():
            self.store.save_documents([document])
            self.tell_document("create", document)
        return document

    def touch(self, numbers: Iterable[str] | None = None, count: int | None = None) -> int:
        """Move last_update_time of documents and their orders without changing anything else; how many documents."""
        now = self.now()
        with self.store.transaction():
            if numbers is None:
                sql = "SELECT number FROM documents ORDER BY id LIMIT ?"
                numbers = [row[0] for row in self.store.rows(sql, (-1 if count is None else count,))]
            touched = msgspec.json.encode(list(numbers)).decode()
            self.store.db.execute(TOUCH_ORDERS, (now, iso(now), touched))
            return self.store.db.execute(TOUCH_DOCUMENTS, (now, touched)).rowcount

    def pay_order(self, order: Order, at: int | None) -> None:
        """Mark an order paid (or, with None, unpaid), and with it its documents."""
        order.paid_at = at
        if self.options.paid_to_documents == "yes":
            for document in list(self.store.documents("order_number=? AND kind<>?", (order.number, CREDIT_NOTE))):
                if document.paid_at != at:
                    document.paid_at, document.part_paid = at, False
                    self.changed(document)

    def pay_document(self, document: Document, at: int | None) -> None:
        """Mark a document paid or unpaid, and with it the order it belongs to."""
        with self.store.transaction():
            document.paid_at, document.part_paid = at, False
            self.changed(document)
            order = self.store.order(document.order) if document.order and document.kind != CREDIT_NOTE else None
            if order is not None:
                order.paid_at = at
                self.changed(order)

    def issue(self, order: Order, kind: str) -> Document:
        """Issue a document of an order, or rewrite the one there is from the order; an order is credited once."""
        with self.store.transaction():
            if kind == CREDIT_NOTE:
                return self._credit_order(order)
            known = next(iter(self.store.documents("order_number=? AND kind=?", (order.number, kind))), None)
            if known is not None:
                known.items, known.rest, known.customer = items_of(order), order.rest, order.customer
                known.rates, known.external = recapitulate(known.items, known.manner), order.external
                self.changed(known)
                return known
            numbers = self.store.numbers()
            document = issue(self._random(order.number), numbers, order, kind, self.now())
            self.store.save_numbers(numbers)
            return self.created(document)

    def _credit_order(self, order: Order) -> Document:
        invoice = next(iter(self.store.documents("order_number=? AND kind=?", (order.number, INVOICE))), None)
        if invoice is None:
            raise NotThere(f"invoice of order {order.number}")
        known = next(iter(self.store.documents("related=?", (invoice.number,))), None)
        return known if known is not None else self.credit(invoice, partial=False)

    def credit(self, invoice: Document, *, partial: bool) -> Document:
        """Issue a credit note of a whole invoice or of some of its goods."""
        with self.store.transaction():
            numbers = self.store.numbers()
            note = credit(self._random(invoice.number), numbers, invoice, self.now(), partial=partial)
            self.store.save_numbers(numbers)
            return self.created(note)

    def _random(self, text: str) -> Random:
        return Random(f"{self.options.seed} {text} {self.store.numbers().documents}")

    def delete_order(self, number: str) -> None:
        """Delete an order; its documents stay."""
        with self.store.transaction():
            order = self.order(number)
            order.updated = self.now()
            self.store.delete("orders", number)
            self.tell_order("delete", order)

    def delete_document(self, number: str) -> None:
        """Delete a document; its order forgets it."""
        with self.store.transaction():
            document = self.document(number)
            document.updated = self.now()
            self.store.delete("documents", number)
            self.tell_document("delete", document)
            order = self.store.order(document.order) if document.order else None
            if order is not None and order.document == number:
                order.document = None
                self.changed(order)

    def edit(self, document: Document, change: str, value: Any = None) -> None:
        """Change one thing of a document as an administrator would, all its amounts following."""
        edit(document, change, value, self.now())
        self.changed(document)

    def insert(self, at: int, kind: str, *, ordered: bool, updated: int | None = None) -> Document:
        """A document that came to be at a given moment, and with it the order it is of; known as changed now."""
        with self.store.transaction():
            numbers = self.store.numbers()
            rng = self._random(f"insert {at} {kind}")
            order = draw_order(rng, self.options, numbers.order(), at) if ordered else None
            document = (
                issue(rng, numbers, order, kind, at)
                if order is not None
                else without_order(rng, self.options, numbers, at)
            )
            document.updated = max(at, self.now()) if updated is None else updated
            self.store.save_numbers(numbers)
            if order is not None:
                order.updated = document.updated
                self.store.save_orders([order])
                self.tell_order("create", order)
            return self.created(document)


def _cut(batch: list[Case], room: int, numbers: Numbers) -> list[Case]:
    """The stories with `room` documents at most; what falls away gives its numbers back, last first."""
    kept = list(batch)
    surplus = sum(len(case.documents) for case in kept) - room
    while surplus > 0:
        last = kept[-1]
        while last.documents and surplus > 0:
            numbers.give_back(last.documents.pop())
            surplus -= 1
        if surplus > 0:
            kept.pop()
            numbers.orders -= last.order is not None
    return kept


STAMPS = {"create": "creation_time", "update": "last_update_time", "delete": "deletion_time"}

TOUCH_DOCUMENTS = "UPDATE documents SET updated=? WHERE number IN (SELECT value FROM json_each(?))"
TOUCH_ORDERS = """
UPDATE orders SET updated=?, payload=json_set(payload, '$.last_update_time', ?)
WHERE number IN (SELECT order_number FROM documents WHERE number IN (SELECT value FROM json_each(?)))
"""


GENERATED = {"invoice": INVOICE, "receipt": RECEIPT, "credit_note": CREDIT_NOTE}
