"""Documents as shops issue them, for property tests: each one agrees with itself, whichever way its VAT was rounded.

A shop states prices with or without VAT, rounds VAT on each line or on each rate's sum, sells parts of a unit, gives
discounts as negative lines, and prints unit prices that do not multiply to the line's total.
"""

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import groupby

from hypothesis import strategies as st

from mostek.documents.invoice import ExchangeRate, Invoice, Method
from mostek.documents.lines import Line
from mostek.documents.money import Money, decimals
from mostek.documents.party import Address, Party
from mostek.documents.vat import Basis, VatCode, VatRow

CODES = (
    VatCode("standard", Decimal(21), "CZ"),
    VatCode("reduced", Decimal(12), "CZ"),
    VatCode("exempt", Decimal(0), "CZ"),
    VatCode("oss", Decimal("5.5"), "FR"),
)
BUYER = Party(address=Address(name="Jan Vzorný", street="Dlouhá 1", city="Brno", postcode="602 00", country="CZ"))


def minor(amount: Fraction) -> int:
    """Round half away from zero with fractions: not the way the code under test does it."""
    whole = abs(amount) + Fraction(1, 2)
    return (whole.numerator // whole.denominator) * (1 if amount >= 0 else -1)


def parts(amount: int, rate: Decimal, basis: Basis) -> tuple[int, int, int]:
    """Split an amount in minor units into net, tax and gross."""
    divisor = 100 + Fraction(rate) if basis == "gross" else Fraction(100)
    tax = minor(amount * Fraction(rate) / divisor)
    return (amount - tax, tax, amount) if basis == "gross" else (amount, tax, amount + tax)


@dataclass(frozen=True)
class Sold:
    """One line before its VAT is computed: `off` is how far its total lies from quantity x unit price."""

    quantity: Decimal
    unit_price: Decimal
    code: VatCode
    off: int = 0


def amount_of(sold: Sold, currency: str) -> int:
    """Give what the shop charges for the line, in minor units."""
    return minor(Fraction(sold.quantity) * Fraction(sold.unit_price) * 10 ** decimals(currency)) + sold.off


def lines_of(sold: list[Sold], basis: Basis, currency: str) -> tuple[Line, ...]:
    """Compute VAT on each line from its own total."""
    lines = []
    for place, item in enumerate(sold):
        net, tax, gross = (Money(part, currency) for part in parts(amount_of(item, currency), item.code.rate, basis))
        lines.append(
            Line(
                id=str(place),
                kind="discount" if item.quantity * item.unit_price < 0 else "goods",
                name=f"Zboží {place}",
                quantity=item.quantity,
                unit="ks",
                unit_price=item.unit_price,
                basis=basis,
                vat=item.code,
                net=net,
                tax=tax,
                gross=gross,
            )
        )
    return tuple(lines)


def rows_of(lines: tuple[Line, ...], basis: Basis, currency: str, *, per_rate: bool) -> tuple[VatRow, ...]:
    """Sum VAT up as the shop does: line by line, or anew from each rate's sum."""
    rows = []
    for code, group in groupby(sorted(lines, key=lambda line: str(line.vat)), key=lambda line: line.vat):
        members = list(group)
        summed = [sum(getattr(line, part).minor for line in members) for part in ("net", "tax", "gross")]
        figures = parts(summed[2] if basis == "gross" else summed[0], code.rate, basis) if per_rate else tuple(summed)
        rows.append(VatRow(code, *(Money(figure, currency) for figure in figures)))
    return tuple(rows)


def document(
    sold: list[Sold], *, basis: Basis = "gross", per_rate: bool = False, currency: str = "CZK", rounding: int = 0
) -> Invoice:
    """Issue an invoice for these lines."""
    lines = lines_of(sold, basis, currency)
    rows = rows_of(lines, basis, currency, per_rate=per_rate)
    return Invoice(
        kind="invoice",
        id="1",
        number="2024001",
        currency=currency,
        seller_country="CZ",
        buyer=BUYER,
        lines=lines,
        vat=rows,
        rounding=Money(rounding, currency),
        total=Money(sum(row.gross.minor for row in rows) + rounding, currency),
        issued=date(2024, 3, 1),
        supplied=date(2024, 3, 1),
    )


def decimals_between(low: int, high: int, places: int) -> st.SearchStrategy[Decimal]:
    """Decimals with up to this many places, from low to high."""
    step = Decimal(1).scaleb(-places)
    return st.integers(low * 10**places, high * 10**places).map(lambda count: (count * step).quantize(step))


def quantities() -> st.SearchStrategy[Decimal]:
    """Pieces mostly, metres and kilograms sometimes, and returned goods."""
    return st.one_of(st.integers(1, 40).map(Decimal), decimals_between(0, 50, 3), st.integers(-3, -1).map(Decimal))


def sold_lines() -> st.SearchStrategy[Sold]:
    """One line; the total mostly follows from the unit price, and sometimes misses it by a little or by a discount."""
    return st.builds(
        Sold,
        quantity=quantities(),
        unit_price=st.one_of(decimals_between(0, 3000, 2), decimals_between(-200, 3000, 4)),
        code=st.sampled_from(CODES),
        off=st.one_of(st.just(0), st.just(0), st.integers(-3, 3), st.integers(-5000, 5000)),
    )


def documents(currencies: tuple[str, ...] = ("CZK", "EUR", "HUF", "JPY", "KWD")) -> st.SearchStrategy[Invoice]:
    """Whole invoices that agree with themselves."""
    return st.builds(
        document,
        st.lists(sold_lines(), min_size=0, max_size=8),
        basis=st.sampled_from(("gross", "net")),
        per_rate=st.booleans(),
        currency=st.sampled_from(currencies),
        rounding=st.integers(-50, 50),
    )


def spelt(number: Decimal) -> st.SearchStrategy[Decimal]:
    """The same value, written with more zeros or with an exponent."""
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)
    longer = st.integers(0, 4).map(lambda zeros: number.quantize(Decimal(1).scaleb(exponent - zeros), ROUND_HALF_UP))
    return st.one_of(st.just(number), longer, st.just(number.normalize()))


EXCHANGES = st.builds(
    ExchangeRate,
    home=st.just("CZK"),
    rate=decimals_between(1, 40, 3),
    source=st.sampled_from(("document", "order", "target")),
)
METHODS = st.builds(Method, code=st.text(max_size=5), name=st.text(max_size=10))
