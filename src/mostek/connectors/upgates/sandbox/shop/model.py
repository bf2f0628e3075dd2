"""What the shop remembers of an order and of a document: the truth, from which the JSON is drawn and never read back.

Amounts are hundredths, quantities thousandths, rates hundredths of a percent, times whole UNIX seconds, days
ordinal dates.
"""

import msgspec

from .amounts import gross_of, half_up, net_of, times

INVOICE, CREDIT_NOTE, RECEIPT = "invoice", "creditNote", "receipt"
KINDS = (INVOICE, CREDIT_NOTE, RECEIPT)


class Line(msgspec.Struct):
    """One money component: goods, a discount, the shipment or the payment method.

    `price` is per unit in the basis of the order; `fixed` is an agreed total of the line, when it is not
    price x quantity. `counted` is false for set parts whose price only informs.
    """

    kind: str
    title: str
    rate: int
    price: int
    quantity: int = 1000
    fixed: int | None = None
    code: str | None = None
    unit: str = "ks"
    uuid: str = ""
    parent: str | None = None
    product: int | None = None
    fee: int | None = None
    weight: int = 0
    note: str = ""
    counted: bool = True
    unit_net: int = 0
    unit_gross: int = 0
    net: int = 0
    gross: int = 0


class Discount(msgspec.Struct):
    """A discount on the whole order; `parts` hold one (negative) line per VAT rate."""

    kind: str  # voucher | quantity | loyalty
    type: str  # percent | price
    amount: int  # hundredths of a percent or of the currency
    parts: list[Line]
    code: str | None = None
    point: int = 0


class Address(msgspec.Struct, frozen=True):
    """A postal address."""

    first: str
    last: str
    street: str
    city: str
    zip: str
    country: str
    company: str | None = None


class Customer(msgspec.Struct, frozen=True):
    """Who buys; `payer` says whether a company is registered for VAT."""

    id: int
    email: str
    phone: str
    billing: Address
    delivery: Address | None = None
    company: str | None = None
    ico: str | None = None
    dic: str | None = None
    payer: bool = False
    language: str = "cs"

    @property
    def code(self) -> str:
        return f"C{self.id:05d}"


class Manner(msgspec.Struct):
    """How this order or document is computed and drawn; fixed once, so that an edit stays consistent."""

    vintage: int  # 2024 | 2025
    gross_basis: bool
    per_unit: bool  # net rounded per unit (True) or per line
    per_rate: bool  # recapitulation from the sum per rate (True) or the sum of lines
    date_only: bool
    free_listed: bool  # a free shipment or payment method stands on the document
    credit_sign: str = "quantity"


class RateSum(msgspec.Struct, frozen=True):
    """One row of a VAT recapitulation in the currency of the document."""

    rate: int
    base: int
    vat: int
    total: int


class Order(msgspec.Struct):
    """An order; `rest` is the rounding of the total."""

    id: int
    number: str
    uuid: str
    currency: str
    fx: int  # thousandths of the shop's currency for one unit of the order's
    manner: Manner
    regime: str
    customer: Customer
    rows: list[Line]
    shipment: Line
    payment: Line
    shipment_id: int
    payment_id: int
    created: int
    updated: int
    status: int
    symbol: str
    step: int  # the total is rounded to multiples of this
    discounts: list[Discount] = []
    oss: str | None = None
    paid_at: int | None = None
    external: str | None = None
    tracking: str | None = None
    resolved: bool = False
    statistics: bool = True
    internal: str | None = None
    origin: str = "frontend"
    message: str = ""
    dimensions: tuple[int, int, int] | None = None
    affiliate: tuple[str, str] | None = None
    carrier: int | None = None
    document: str | None = None
    before: int = 0
    rest: int = 0

    @property
    def case(self) -> str:
        return f"B{self.id:05d}"

    @property
    def total(self) -> int:
        return self.before + self.rest

    def lines(self) -> list[Line]:
        """Every counted money component, each exactly once."""
        found = [row for row in self.rows if row.counted]
        found += [part for discount in self.discounts for part in discount.parts]
        return [*found, self.shipment, self.payment]


class Document(msgspec.Struct):
    """An issued invoice, credit note or receipt; a credit note's amounts are the positive amounts given back."""

    id: int
    number: str
    kind: str
    currency: str
    fx: int
    manner: Manner
    regime: str
    customer: Customer
    items: list[Line]
    issued: int
    supplied: int
    due: int
    created: int
    updated: int
    symbol: str
    payment: str
    order: str | None = None
    case: str | None = None
    external: str | None = None
    related: str | None = None
    specific: str = ""
    oss: str | None = None
    paid_at: int | None = None
    part_paid: bool = False
    note: str | None = None
    rest: int = 0
    rates: list[RateSum] = []
    hostile: str | None = None

    @property
    def before(self) -> int:
        return sum(row.total for row in self.rates)

    @property
    def total(self) -> int:
        return self.before + self.rest

    @property
    def base(self) -> int:
        return sum(row.base for row in self.rates)


def settle(line: Line, manner: Manner) -> Line:
    """Compute a line's four amounts from its unit price, in place.

    Which of unit or line is rounded is in no source: `Manner.per_unit` chooses. A line with an agreed total is always
    taken as a whole.
    """
    by_unit = manner.per_unit and line.fixed is None
    basis = times(line.price, line.quantity) if line.fixed is None else line.fixed
    if manner.gross_basis:
        line.unit_gross, line.gross = line.price, basis
        line.unit_net = net_of(line.price, line.rate)
        line.net = times(line.unit_net, line.quantity) if by_unit else net_of(basis, line.rate)
    else:
        line.unit_net, line.net = line.price, basis
        line.unit_gross = gross_of(line.price, line.rate)
        line.gross = times(line.unit_gross, line.quantity) if by_unit else gross_of(basis, line.rate)
    return line


def recapitulate(lines: list[Line], manner: Manner) -> list[RateSum]:
    """The VAT recapitulation, highest rate first; a rate with neither base nor total (a free payment) makes no row."""
    sums: dict[int, tuple[int, int]] = {}
    for line in lines:
        net, gross = sums.get(line.rate, (0, 0))
        sums[line.rate] = (net + line.net, gross + line.gross)
    rows = []
    for rate in sorted(sums, reverse=True):
        net, gross = sums[rate]
        if manner.per_rate and manner.gross_basis:
            net = net_of(gross, rate)
        elif manner.per_rate:
            gross = gross_of(net, rate)
        if net or gross:
            rows.append(RateSum(rate, net, gross - net, gross))
    return rows


def round_total(before: int, step: int) -> int:
    """The rounding that brings a total to a multiple of `step` hundredths."""
    return half_up(before, step) * step - before if step > 1 else 0


def total_up(order: Order) -> Order:
    """Compute the order's total and rounding from its lines, in place."""
    order.before = sum(row.total for row in recapitulate(order.lines(), order.manner))
    order.rest = round_total(order.before, order.step)
    return order
