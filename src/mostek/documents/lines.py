"""Lines of a document: goods, services, discounts and fees, each with its own net, VAT and gross."""

from decimal import Decimal
from typing import Literal

import msgspec

from mostek.documents.money import Money
from mostek.documents.number import normal
from mostek.documents.problem import invalid
from mostek.documents.vat import Basis, VatCode, VatRow

LineKind = Literal["goods", "gift", "set", "set_part", "discount", "voucher", "loyalty", "shipping", "payment_fee"]


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line as the source gave it; ``net + tax == gross`` in the document's currency.

    ``id`` is stable within the document. ``unit_price`` is in major units and may have more decimals than the
    currency; ``basis`` says whether it contains VAT. ``code`` is the stock-keeping code, ``parent`` the id of the
    set or goods the line belongs to. A discount has a negative gross on an invoice.
    """

    id: str
    kind: LineKind
    name: str
    quantity: Decimal
    unit: str
    unit_price: Decimal
    basis: Basis
    vat: VatCode
    net: Money
    tax: Money
    gross: Money
    code: str | None = None
    ean: str | None = None
    parent: str | None = None

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "quantity", normal(self.quantity))
        msgspec.structs.force_setattr(self, "unit_price", normal(self.unit_price))
        if self.net + self.tax != self.gross:
            raise invalid("money.line_tax", self.id, net=self.net, tax=self.tax, gross=self.gross)

    def __neg__(self) -> "Line":
        """The same line with the opposite sign, carried by the quantity as credit notes write it."""
        return msgspec.structs.replace(
            self, quantity=self.quantity.copy_negate(), net=-self.net, tax=-self.tax, gross=-self.gross
        )

    @property
    def row(self) -> VatRow:
        """What the line adds to the document's VAT row."""
        return VatRow(self.vat, self.net, self.tax, self.gross)
