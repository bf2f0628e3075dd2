"""Exact decimals: read strictly, normalised so that equal values have equal bytes."""

import re
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import cache
from typing import Any

from mostek.documents.problem import invalid

# Plain or exponent notation, short enough that no arithmetic on it can be made to run for minutes.
_NUMBER = re.compile(r"[+-]?(\d{1,30}(\.\d{1,30})?|\.\d{1,30})([eE][+-]?\d{1,2})?", re.ASCII)
_EXACT = Context(prec=60)
LIMIT = Decimal(10) ** 15


def decimal(value: Any, field: str) -> Decimal:
    """Read an int, Decimal or numeric text as a normalised Decimal.

    Raises ``number.invalid`` for floats, booleans, NaN, infinities and text that is no number, and
    ``number.too_large`` from 10**15 on: no amount or quantity of a shop is that large, so it is a fault.
    """
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise invalid("number.invalid", field, value=value)
    if isinstance(value, int) and abs(value) >= LIMIT:  # Python refuses to spell an int of thousands of digits
        raise invalid("number.too_large", field, value=value)
    text = str(value).strip()
    if not _NUMBER.fullmatch(text):
        raise invalid("number.invalid", field, value=value)
    number = Decimal(text)
    if number.copy_abs() >= LIMIT:
        raise invalid("number.too_large", field, value=value)
    return normal(number)


def normal(number: Decimal) -> Decimal:
    """The one representation of a value: no trailing zeros, no exponent, no negative zero; NaN has none."""
    if not number.is_finite():
        raise invalid("number.invalid", value=number)
    if not number:
        return Decimal(0)
    stripped = number.normalize(_EXACT)
    exponent = stripped.as_tuple().exponent
    if isinstance(exponent, int) and exponent > 0:
        if stripped.adjusted() >= _EXACT.prec:
            raise invalid("number.too_large", value=number)
        return stripped.quantize(Decimal(1), context=_EXACT)
    return stripped


def half_up(number: Decimal, decimals: int) -> Decimal:
    """Round half away from zero to this many decimals, as invoices are rounded."""
    return number.quantize(_unit(decimals), ROUND_HALF_UP, context=_EXACT)


def whole(number: Decimal) -> int:
    """Round half away from zero to an int."""
    return int(number.to_integral_value(ROUND_HALF_UP, context=_EXACT))


def multiply(left: Decimal, right: Decimal) -> Decimal:
    """Multiply with 60 digits, whatever precision the running program has set."""
    return _EXACT.multiply(left, right)


def shifted(number: Decimal, places: int) -> Decimal:
    """Move the decimal point to the right, exactly: major units to minor ones, and back with a negative count."""
    return number.scaleb(places, context=_EXACT)


@cache
def _unit(decimals: int) -> Decimal:
    return Decimal(1).scaleb(-decimals)


def divide(dividend: Decimal, divisor: Decimal) -> Decimal:
    """Divide with 60 digits, far more than any rounding step that follows needs."""
    return _EXACT.divide(dividend, divisor)
