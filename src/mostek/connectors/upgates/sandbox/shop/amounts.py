"""Whole-number arithmetic of the shop.

Money is in hundredths, quantities in thousandths, VAT rates in hundredths of a percent.

Every rounding is half up, away from zero for negative amounts, so a credit note is the exact mirror of its invoice.
"""

from collections.abc import Sequence

WHOLE = 10_000  # 100 % in hundredths of a percent


def half_up(numerator: int, denominator: int) -> int:
    """Quotient rounded half away from zero; the denominator is positive."""
    if numerator < 0:
        return -((-2 * numerator + denominator) // (2 * denominator))
    return (2 * numerator + denominator) // (2 * denominator)


def net_of(gross: int, rate: int) -> int:
    """Price without VAT of a price with VAT: gross / (1 + r)."""
    return half_up(gross * WHOLE, WHOLE + rate) if rate else gross


def gross_of(net: int, rate: int) -> int:
    """Price with VAT of a price without VAT: net x (1 + r)."""
    return half_up(net * (WHOLE + rate), WHOLE) if rate else net


def times(unit_price: int, quantity: int) -> int:
    """Unit price times a quantity in thousandths."""
    return half_up(unit_price * quantity, 1000)


def share(amount: int, weights: Sequence[int]) -> list[int]:
    """Split an amount by non-negative weights so that the parts sum to it exactly (largest remainder)."""
    total = sum(weights)
    if total == 0:
        return [0] * len(weights)
    parts = [amount * weight // total for weight in weights]
    left = amount - sum(parts)
    by_remainder = sorted(range(len(weights)), key=lambda i: -(amount * weights[i] % total))
    for i in by_remainder[:left]:
        parts[i] += 1
    return parts


def number(hundredths: int) -> int | float:
    """The JSON number of an amount: whole values as integers, as the recorded answers have them."""
    return hundredths // 100 if hundredths % 100 == 0 else hundredths / 100


def count(thousandths: int) -> int | float:
    """The JSON number of a quantity."""
    return thousandths // 1000 if thousandths % 1000 == 0 else thousandths / 1000


def rate_key(rate: int) -> str:
    """The name of a VAT rate as the recapitulation keys it: "21", "0", "9.5"."""
    return str(number(rate))


def text(hundredths: int) -> str:
    """A decimal string with two places, for ledgers."""
    sign = "-" if hundredths < 0 else ""
    return f"{sign}{abs(hundredths) // 100}.{abs(hundredths) % 100:02d}"
