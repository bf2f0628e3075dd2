"""The ledger: what the shop really issued, from the engine's own data, for tests to compare a receiver's books with."""

import json
from collections.abc import Iterable
from datetime import date
from typing import Any

from .shop.amounts import rate_key, text
from .shop.model import Document, RateSum
from .store import Store

Json = dict[str, Any]
_CUSTOMERS = "SELECT payload FROM cards WHERE kind='customer' ORDER BY id"


def rates_json(rows: Iterable[RateSum]) -> dict[str, Json]:
    """Base, VAT and total of each rate as decimal strings."""
    return {
        rate_key(row.rate): {"base": text(row.base), "vat": text(row.vat), "total": text(row.total)} for row in rows
    }


def document_json(document: Document) -> Json:
    """The truth of one document; amounts are positive for every kind and in the document's currency."""
    return {
        "number": document.number,
        "kind": document.kind,
        "currency": document.currency,
        "total": text(document.total),
        "rest": text(document.rest),
        "rates": rates_json(document.rates),
        "order": document.order,
        "related": document.related,
        "paid": "full" if document.paid_at is not None else "partial" if document.part_paid else "none",
        "regime": document.regime,
        "oss_country": document.oss,
        "issued": date.fromordinal(document.issued).isoformat(),
        "supplied": date.fromordinal(document.supplied).isoformat(),
        "due": date.fromordinal(document.due).isoformat(),
        "variable_symbol": document.symbol,
        "hostile": document.hostile,
    }


def orders_json(store: Store) -> list[Json]:
    """What a receiver can change of an order, as it stands."""
    return [
        {
            "number": order.number,
            "status_id": order.status,
            "paid": order.paid_at is not None,
            "tracking_code": order.tracking,
            "internal_note": order.internal,
            "external_order_number": order.external,
            "currency": order.currency,
            "total": text(order.total),
            "document": order.document,
        }
        for order in store.orders()
    ]


def ledger(store: Store) -> Json:
    """Everything booked: documents, orders, customers, the mails and SMS that customers got, and subscriptions."""
    sent = dict(store.rows("SELECT channel, count(*) FROM messages GROUP BY channel"))
    messages = store.rows("SELECT channel, order_number, status FROM messages ORDER BY id")
    return {
        "documents": [document_json(document) for document in store.documents()],
        "orders": orders_json(store),
        "mails": sent.get("email", 0),
        "sms": sent.get("sms", 0),
        "messages": [{"channel": row[0], "order": row[1], "status_id": row[2]} for row in messages],
        "customers": [json.loads(row[0]) for row in store.rows(_CUSTOMERS)],
        "webhooks": store.rows("SELECT count(*) FROM webhooks WHERE active=1")[0][0],
        "webhooks_waiting": store.rows("SELECT count(*) FROM outbox")[0][0],
    }


def totals(store: Store, since: str | None, until: str | None) -> Json:
    """Sums per kind and currency over the days of issue given, hostile documents apart."""
    first = date.fromisoformat(since).toordinal() if since else 0
    last = date.fromisoformat(until).toordinal() if until else date.max.toordinal()
    groups: dict[tuple[bool, str, str], tuple[list[int], dict[int, list[int]]]] = {}
    for document in store.documents("issued BETWEEN ? AND ?", (first, last)):
        key = (document.hostile is not None, document.kind, document.currency)
        sums, rates = groups.setdefault(key, ([0, 0, 0], {}))
        sums[0] += 1
        sums[1] += document.total
        sums[2] += document.rest
        for row in document.rates:
            rate = rates.setdefault(row.rate, [0, 0, 0])
            for i, amount in enumerate((row.base, row.vat, row.total)):
                rate[i] += amount
    shown: dict[str, list[Json]] = {"totals": [], "hostile": []}
    for (hostile, kind, currency), (sums, rates) in sorted(groups.items()):
        rows = [RateSum(rate, *amounts) for rate, amounts in sorted(rates.items(), reverse=True)]
        shown["hostile" if hostile else "totals"].append(
            {
                "kind": kind,
                "currency": currency,
                "count": sums[0],
                "total": text(sums[1]),
                "rest": text(sums[2]),
                "rates": rates_json(rows),
            }
        )
    return {**shown, "orders": store.rows("SELECT count(*) FROM orders")[0][0]}
