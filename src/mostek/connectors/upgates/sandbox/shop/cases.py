"""Whole stories of the shop: an order with the documents that came of it, or a document that stands alone."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count, repeat
from random import Random

from ..options import Options
from .draw import draw_order
from .hostile import HOSTILE
from .issue import Numbers, credit, issue, without_order
from .model import INVOICE, RECEIPT, Document, Order

DAY = 86_400


@dataclass(frozen=True, slots=True)
class Span:
    """The time in which stories happen, UNIX seconds, and how many are expected in it."""

    since: int
    until: int
    expected: int


@dataclass(slots=True)
class Case:
    """One story; `order` is None for a document written by hand."""

    order: Order | None
    documents: list[Document] = field(default_factory=list)


def _pay(rng: Random, order: Order, until: int) -> None:
    chance = rng.random()
    if order.payment_id in {5, 7}:
        order.paid_at = order.created + 60
    elif chance < 0.7:
        order.paid_at = min(order.created + int(chance * 10 * DAY), until)


def draw_case(rng: Random, options: Options, numbers: Numbers, created: int, until: int) -> Case:
    """One story that begins at `created` and ends before `until`."""
    if rng.random() < 0.02:
        return Case(None, [without_order(rng, options, numbers, created)])
    order = draw_order(rng, options, numbers.order(), created)
    case = Case(order)
    _pay(rng, order, until)
    chance = rng.random()
    if chance < 0.1:
        order.status = (1, 1, 4, 6, 7)[int(chance * 50)]
        if order.status == 6:
            order.paid_at, order.resolved = None, True
        return case
    kind = RECEIPT if order.payment_id == 6 and chance < 0.6 else INVOICE
    issued_at = min(created + int(rng.random() * 3 * DAY), until)
    document = issue(rng, numbers, order, kind, issued_at)
    document.part_paid = document.paid_at is None and chance > 0.95
    order.status = 2 if order.paid_at and chance > 0.6 else 5
    order.resolved = order.status == 5
    if order.resolved:
        order.tracking = f"TR{100_000_000 + order.id}"
    order.updated = issued_at
    case.documents.append(document)
    if kind == INVOICE and chance < 0.2:
        back_at = min(issued_at + int(rng.random() * 10 * DAY), until)
        case.documents.append(credit(rng, numbers, document, back_at, partial=chance < 0.15))
        order.updated = back_at
    return case


def spoil(rng: Random, case: Case, places: Iterator[bool]) -> None:
    """Label some documents as hostile; what that does to the JSON is in `hostile`.

    A document that is credited stays sound, or its credit note could not be carried over either: then the next sound
    place takes its turn.
    """
    credited = {document.related for document in case.documents}
    for document in case.documents:
        if document.number not in credited and next(places):
            fitting = [label for label, (_, fits) in HOSTILE.items() if fits(document)]
            document.hostile = fitting[int(rng.random() * len(fitting))]


def hostile_places(seed: int, rate: float) -> Iterator[bool]:
    """One place in the second half of each run of 1/rate documents, so that never more than the rate is hostile."""
    size = max(round(1 / rate), 1)
    for block in count():
        chosen = Random(f"{seed} {block}").randrange(size // 2, size)
        yield from (place == chosen for place in range(size))


def cases(seed: int, options: Options, numbers: Numbers, span: Span) -> Iterator[Case]:
    """An endless run of stories whose beginnings are spread over the span; the surplus begins at its end."""
    places = hostile_places(seed, options.hostile) if options.hostile > 0 else repeat(False)
    step = max((span.until - span.since) / max(span.expected, 1), 1 / 64)
    number = 0
    while True:
        # The multiplier keeps the generators of neighbouring seeds apart.
        rng = Random(seed * 1_000_003 + number)
        created = min(int(span.since + (number + rng.random()) * step), span.until)
        case = draw_case(rng, options, numbers, created, span.until)
        spoil(rng, case, places)
        yield case
        number += 1
