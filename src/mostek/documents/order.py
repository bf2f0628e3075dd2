"""Orders, as far as documents and rules need them."""

from datetime import date, datetime

import msgspec

from mostek.documents.invoice import Method
from mostek.documents.lines import Line
from mostek.documents.money import Money
from mostek.documents.party import Address, Party


class Order(msgspec.Struct, frozen=True, kw_only=True, tag="order"):
    """One order: what was bought, by whom, how it is paid and delivered.

    ``lines`` hold every money component exactly once: goods, discounts per VAT rate, delivery and payment fees;
    with ``rounding`` they give ``total``.
    """

    id: str
    number: str
    status: str
    currency: str
    buyer: Party
    lines: tuple[Line, ...]
    rounding: Money
    total: Money
    created: datetime
    changed: datetime
    paid: date | None = None
    delivery: Address | None = None
    payment: Method | None = None
    shipping: Method | None = None
    variable_symbol: str = ""
    is_oss: bool = False
    channel: str = ""
    resolved: bool = False
