"""Documents without a server: pairs of an order and its document as the API would send them, and what is true of them.

Pure and deterministic: the same seed, count and options give the same documents. `documents` is what a mapping is
tested with, `baskets` adds the engine's own totals, which are never read back from the JSON.
"""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from .options import Options
from .shop.amounts import rate_key
from .shop.cases import Span, cases
from .shop.hostile import HOSTILE
from .shop.issue import Numbers
from .shop.model import KINDS, Document, Order
from .shop.paper import invoice_json
from .shop.shape import order_json

Json = dict[str, Any]
SINCE, UNTIL = 1_735_689_600, 1_764_547_200  # 2025-01-01 to 2025-12-01


@dataclass(frozen=True, slots=True)
class Truth:
    """What the engine knows of a document; amounts are positive for every kind, in the document's currency.

    `rates` maps a VAT rate ("21", "9.5", "0") to (base, vat, total); `total` is what is paid or given back: the sum of
    the totals plus `rest`. `regime` is standard, reverse, oss, export or non_payer. `hostile` names a contradiction in
    the JSON: such a document must be stopped.
    """

    number: str
    kind: str
    currency: str
    total: Decimal
    rest: Decimal
    rates: dict[str, tuple[Decimal, Decimal, Decimal]]
    order: str | None
    related: str | None
    paid: str
    regime: str
    oss_country: str | None
    hostile: str | None


@dataclass(frozen=True, slots=True)
class Basket:
    """One document with its order (None for a document without one) and its truth."""

    order: Json | None
    invoice: Json
    truth: Truth


def _money(hundredths: int) -> Decimal:
    return Decimal(hundredths).scaleb(-2)


def truth(document: Document) -> Truth:
    """The engine's own totals of a document."""
    return Truth(
        number=document.number,
        kind=document.kind,
        currency=document.currency,
        total=_money(document.total),
        rest=_money(document.rest),
        rates={rate_key(row.rate): (_money(row.base), _money(row.vat), _money(row.total)) for row in document.rates},
        order=document.order,
        related=document.related,
        paid="full" if document.paid_at is not None else "partial" if document.part_paid else "none",
        regime=document.regime,
        oss_country=document.oss,
        hostile=document.hostile,
    )


def drawn(document: Document, options: Options) -> Json:
    """The JSON of a document, spoiled if it is hostile."""
    shown = invoice_json(document, options)
    if document.hostile is not None:
        HOSTILE[document.hostile][0](shown)
    return shown


def wire(shown: Json) -> str:
    """The text the API sends: escaped as PHP escapes it."""
    return json.dumps(shown, separators=(",", ":")).replace("/", "\\/")


def baskets(
    seed: int,
    count: int,
    *,
    kinds: Collection[str] = KINDS,
    without_order: bool = False,
    options: Options | None = None,
) -> Iterator[Basket]:
    """`count` documents of the given kinds; by default only those that have an order, and none hostile."""
    chosen = options or Options(seed=seed, hostile=0.0)
    found = 0
    for case in cases(seed, chosen, Numbers(), Span(SINCE, UNTIL, count)):
        if case.order is None and not without_order:
            continue
        fitting = [document for document in case.documents if document.kind in kinds]
        for document in fitting[: count - found]:
            yield Basket(_order(case.order, chosen), drawn(document, chosen), truth(document))
            found += 1
        if found >= count:
            return


def _order(order: Order | None, options: Options) -> Json | None:
    return None if order is None else order_json(order, options)


def documents(seed: int, count: int, **settings: Any) -> Iterator[tuple[Json, Json]]:
    """Pairs (order, document) as decoded JSON; `settings` as for `baskets`.

    With `without_order` the order of a document that has none is an empty dict.
    """
    for basket in baskets(seed, count, **settings):
        yield basket.order or {}, basket.invoice


def texts(seed: int, count: int, **settings: Any) -> Iterator[tuple[str, str]]:
    """The same pairs as the raw text of the wire, for readers that decode amounts exactly."""
    for order, invoice in documents(seed, count, **settings):
        yield wire(order), wire(invoice)


def expected(seed: int, count: int, **settings: Any) -> dict[str, Truth]:
    """The truth of the same documents by invoice number."""
    return {basket.truth.number: basket.truth for basket in baskets(seed, count, **settings)}
