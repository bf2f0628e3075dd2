"""A document side by side: as the source has it, as it should stand in the target, as it stands there now."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import zip_longest
from typing import Any, NamedTuple

from mostek.commands.casework import Course, Paper
from mostek.commands.tracing import Standing
from mostek.documents.invoice import Invoice
from mostek.documents.lines import Line
from mostek.documents.money import Money
from mostek.documents.order import Order
from mostek.documents.vat import VatCode
from mostek.sdk.effect import Statement


class Row(NamedTuple):
    """One thing both sides say: its name (``search.<name>``), the source's, the meant and the standing value."""

    name: str
    source: Any
    meant: Any
    stands: Any

    @property
    def differs(self) -> bool:
        """Whether it stands otherwise than it should, as far as both say it."""
        return _told(self.meant) and _told(self.stands) and self.meant != self.stands


class Cell(NamedTuple):
    """One line of one side."""

    name: str
    quantity: Decimal
    unit: str
    vat: VatCode
    gross: Money


class Vat(NamedTuple):
    """Base, VAT and total of one bucket in the target's terms: as it should stand, and as it stands."""

    bucket: str
    meant: tuple[Money, Money, Money] | None
    stands: tuple[Money, Money, Money] | None

    @property
    def differs(self) -> bool:
        """Whether both are told, and are not the same."""
        return self.meant is not None and self.stands is not None and self.meant != self.stands


class Side(NamedTuple):
    """One paper with one course of it, or without any; ``missing``: it was asked for there, and is not there."""

    paper: Paper
    course: Course | None
    rows: tuple[Row, ...]
    lines: tuple[tuple[Cell | None, Cell | None], ...]
    vat: tuple[Vat, ...]
    asked: bool
    missing: bool
    stands: Statement | None


# By name: the source's and the meant value of a document, and the value of a statement.
_ROWS: tuple[tuple[str, Callable[[Any], Any], Callable[[Statement], Any]], ...] = (
    ("number", lambda document: document.number, lambda stated: stated.number),
    ("issued", lambda document: getattr(document, "issued", None), lambda stated: stated.issued),
    ("supplied", lambda document: getattr(document, "supplied", None), lambda stated: stated.supplied),
    ("due", lambda document: getattr(document, "due", None), lambda _: None),
    ("order", lambda document: getattr(document, "order_number", None), lambda stated: stated.reference),
    ("symbol", lambda document: document.variable_symbol, lambda stated: stated.symbol),
    ("corrects", lambda document: getattr(document, "corrects", None), lambda _: None),
    ("buyer", lambda document: document.buyer.name, lambda _: None),
    ("company_id", lambda document: document.buyer.company_id, lambda _: None),
    ("tax_id", lambda document: document.buyer.tax_id, lambda _: None),
    ("payment", lambda document: document.payment and document.payment.name, lambda _: None),
    ("rounding", lambda document: document.rounding or None, lambda _: None),
    ("total", lambda document: document.total, lambda stated: stated.total),
    ("unpaid", lambda _: None, lambda stated: stated.unpaid),
)


def sides(paper: Paper, asked: Mapping[str, Standing] | None) -> tuple[Side, ...]:
    """A paper beside what each flow makes of it; alone where none does."""
    return tuple(_side(paper, course, asked) for course in paper.courses) or (_side(paper, None, asked),)


def _side(paper: Paper, course: Course | None, asked: Mapping[str, Standing] | None) -> Side:
    made = course.made if course else None
    answer = asked.get(made.key) if asked and made else None
    planned, stands = made.planned if made else None, answer.statement if answer else None
    return Side(
        paper=paper,
        course=course,
        rows=tuple(_rows(paper.document, planned, made.expected if made else None, stands)),
        lines=_lines(paper.document, planned),
        vat=_vat(made.expected if made else None, stands),
        asked=asked is not None,
        missing=answer is not None and stands is None,
        stands=stands,
    )


def _rows(
    source: Invoice | Order | None, planned: Invoice | None, expected: Statement | None, stands: Statement | None
) -> Iterator[Row]:
    for name, of_document, of_statement in _ROWS:
        meant = of_document(planned) if planned else None
        if expected and _told(of_statement(expected)):
            meant = of_statement(expected)
        row = Row(
            name,
            of_document(source) if source else None,
            meant,
            of_statement(stands) if stands else None,
        )
        if any(map(_told, row[1:])):
            yield row


def _told(value: Any) -> bool:
    return value is not None and value != ""


def _lines(source: Invoice | Order | None, planned: Invoice | None) -> tuple[tuple[Cell | None, Cell | None], ...]:
    """Line by line; one that both sides have under an id stands beside itself, further ones of the target follow."""
    left, right = source.lines if source else (), planned.lines if planned else ()
    by_id = {line.id: line for line in right}
    if not by_id.keys() & {line.id for line in left}:
        return tuple(zip_longest(map(_cell, left), map(_cell, right)))
    beside = [(_cell(line), _cell(by_id[line.id]) if line.id in by_id else None) for line in left]
    known = {line.id for line in left}
    return (*beside, *((None, _cell(line)) for line in right if line.id not in known))


def _cell(line: Line) -> Cell:
    return Cell(line.name, line.quantity, line.unit, line.vat, line.gross)


def _vat(expected: Statement | None, stands: Statement | None) -> tuple[Vat, ...]:
    if stands is None:
        return ()
    meant, now = _buckets(expected.rows if expected else ()), _buckets(stands.rows)
    return tuple(Vat(name, meant.get(name), now.get(name)) for name in dict.fromkeys([*meant, *now]))


def _buckets(rows: Sequence[Any]) -> dict[str, tuple[Money, Money, Money]]:
    return {row.bucket: (row.net, row.tax, row.gross) for row in rows if row.gross or row.net}
