"""What one document adds to the sums of sales, VAT and products: pure, and taken back by the same figures.

Amounts are minor units of the document's currency, positive for credit notes too: the kind carries the sign.
``net + tax == gross`` always; what was rounded outside VAT is in ``net``.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from mostek.documents.invoice import Invoice
from mostek.documents.money import Money
from mostek.documents.number import multiply, whole

Row = dict[str, Any]
MILLIONTHS = 1_000_000
_PRODUCTS = frozenset({"goods", "gift", "set", "set_part"})
# Longer texts of a hostile shop would make rows that no page can show.
_LONGEST = 200


class VatPart(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One row of a document's VAT summary; ``rate`` in percent as text."""

    category: str
    rate: str
    country: str
    net: int
    tax: int
    gross: int


class LinePart(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a document says of one product, or of one kind of other lines; ``quantity`` in millionths."""

    line: str
    product: str
    name: str
    quantity: int
    net: int
    gross: int


class Counted(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One document as it was counted; days are ISO texts. One without a currency adds nothing anywhere."""

    connection: int
    kind: str
    currency: str
    issued: str
    supplied: str
    country: str
    tax: int
    gross: int
    vat: tuple[VatPart, ...] = ()
    lines: tuple[LinePart, ...] = ()

    @property
    def counts(self) -> bool:
        """Whether it adds anything: it has an amount and a day, and was not cancelled."""
        return bool(self.currency and self.issued)


def of_document(connection: int, kind: str, document: Invoice) -> Counted:
    """A document that could be read; a cancelled one counts for nothing."""
    if document.cancelled:
        return nothing(connection, kind)
    delivery = document.delivery.country if document.delivery else ""
    return Counted(
        connection=connection,
        kind=kind,
        currency=document.currency,
        issued=document.issued.isoformat(),
        supplied=document.supplied.isoformat(),
        country=delivery or document.buyer.address.country or document.seller_country,
        tax=sum(row.tax.minor for row in document.vat),
        gross=document.total.minor,
        vat=tuple(
            VatPart(code.category, str(code.rate), code.country, row.net.minor, row.tax.minor, row.gross.minor)
            for code, row in ((row.code, row) for row in document.vat)
        ),
        lines=tuple(_lines(document)),
    )


def of_summary(connection: int, kind: str, total: Money | None, issued: str) -> Counted:
    """A document that cannot be read, by the little that is known of it: its total, with nothing about VAT."""
    if total is None or not issued:
        return nothing(connection, kind)
    return Counted(connection, kind, total.currency, issued, issued, "", 0, total.minor)


def nothing(connection: int, kind: str) -> Counted:
    """A document that adds nothing."""
    return Counted(connection, kind, "", "", "", "", 0, 0)


def unpaid(document: Invoice) -> int:
    """What remains to be paid of it, in minor units; nobody pays a credit note."""
    if document.kind == "credit_note" or document.cancelled:
        return 0
    return max((document.total - document.settled).minor, 0)


def _lines(document: Invoice) -> Iterator[LinePart]:
    sums: dict[tuple[str, str], tuple[str, list[int]]] = {}
    for line in document.lines:
        is_product = line.kind in _PRODUCTS
        product = (line.code or line.name)[:_LONGEST] if is_product else ""
        key = ("goods" if is_product else line.kind, product)
        _, parts = sums.setdefault(key, (line.name[:_LONGEST] if is_product else "", [0, 0, 0]))
        parts[0] += whole(multiply(line.quantity, Decimal(MILLIONTHS))) if is_product else 0
        parts[1] += line.net.minor
        parts[2] += line.gross.minor
    return (LinePart(line, product, name, *parts) for (line, product), (name, parts) in sums.items())


class Sums:
    """Changes of the sums, gathered over many documents: rows to add, by table."""

    def __init__(self) -> None:
        self._sale: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0] * 4)
        self._vat: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0] * 4)
        self._product: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0] * 4)
        self._names: dict[tuple[Any, ...], str] = {}

    def add(self, counted: Counted, sign: int = 1) -> None:
        """Add a document, or with ``sign`` -1 take it back."""
        if not counted.counts:
            return
        month, of = counted.issued[:7], (counted.connection, counted.kind, counted.currency)
        net = counted.gross - counted.tax
        for grain, period in (("day", counted.issued), ("month", month)):
            _grow(self._sale[grain, period, *of, counted.country], sign, 1, net, counted.tax, counted.gross)
        for row in counted.vat:
            code = (month, counted.supplied[:7], *of, row.category, row.rate, row.country)
            _grow(self._vat[code], sign, 1, row.net, row.tax, row.gross)
        for line in counted.lines:
            product = (month, *of, line.line, line.product)
            _grow(self._product[product], sign, 1, line.quantity, line.net, line.gross)
            if sign > 0 or product not in self._names:
                self._names[product] = line.name

    @property
    def sales(self) -> list[Row]:
        """Rows for the sums by period and country."""
        names = ("grain", "period", "connection", "kind", "currency", "country")
        return _rows(self._sale, names, ("n", "net", "tax", "gross"))

    @property
    def vat(self) -> list[Row]:
        """Rows for the sums by VAT code."""
        names = ("issued", "supplied", "connection", "kind", "currency", "category", "rate", "country")
        return _rows(self._vat, names, ("n", "net", "tax", "gross"))

    @property
    def products(self) -> list[Row]:
        """Rows for the sums by product."""
        names = ("month", "connection", "kind", "currency", "line", "product")
        rows = _rows(self._product, names, ("n", "quantity", "net", "gross"))
        return [{**row, "name": self._names[tuple(row[name] for name in names)]} for row in rows]


def _grow(sums: list[int], sign: int, *parts: int) -> None:
    for place, part in enumerate(parts):
        sums[place] += sign * part


def _rows(found: Mapping[tuple[Any, ...], Iterable[int]], names: Sequence[str], parts: Sequence[str]) -> list[Row]:
    """In one order everywhere, so that writers side by side never wait for each other in a circle."""
    columns = (*names, *parts)
    return [dict(zip(columns, (*key, *sums), strict=True)) for key, sums in sorted(found.items()) if any(sums)]
