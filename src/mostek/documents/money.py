"""Money: whole minor units of one currency, never a float."""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from mostek.documents.number import shifted, whole
from mostek.documents.problem import invalid

# ISO 4217, active codes by the number of their decimals; two where nothing else is said.
_CODES = frozenset(
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF "
    "CLF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL "
    "HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL "
    "MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON "
    "RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH "
    "UGX USD UYI UYU UYW UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG".split()
)
_DECIMALS = dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0)
_DECIMALS |= dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3) | {"CLF": 4, "UYW": 4}
_LIMIT = 2**63


def currency(code: str, field: str = "currency") -> str:
    """Return an ISO 4217 code as it is; raises ``currency.unknown`` for anything else, lower case included."""
    if code not in _CODES:
        raise invalid("currency.unknown", field, value=code)
    return code


def decimals(code: str) -> int:
    """How many decimals the minor unit of a currency has: 2 for CZK, 0 for JPY, 3 for KWD."""
    return _DECIMALS.get(code, 2)


class Money(msgspec.Struct, frozen=True):
    """An amount in minor units (hellers, cents) of one currency; arithmetic across currencies raises."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:  # a float would be taken in silence, and lose cents later
            raise invalid("number.invalid", value=self.minor)
        if not -_LIMIT <= self.minor < _LIMIT:
            raise invalid("number.too_large", value=self.minor)
        currency(self.currency)

    @classmethod
    def of(cls, amount: Decimal, code: str, field: str = "") -> "Money":
        """The exact amount; raises ``money.decimals`` when it has a fraction of the minor unit."""
        money = cls.rounded(amount, code)
        if money.amount != amount:
            raise invalid("money.decimals", field, value=amount, currency=code)
        return money

    @classmethod
    def rounded(cls, amount: Decimal, code: str) -> "Money":
        """The amount rounded half away from zero to the minor unit."""
        return cls(whole(shifted(amount, decimals(code))), code)

    @classmethod
    def zero(cls, code: str) -> "Money":
        """Nothing, in this currency."""
        return cls(0, code)

    @property
    def amount(self) -> Decimal:
        """The amount in major units, with all its decimals: ``Decimal('12.30')``."""
        return shifted(Decimal(self.minor), -decimals(self.currency))

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor + self._same(other).minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.minor - self._same(other).minor, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __bool__(self) -> bool:
        return self.minor != 0

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"

    def _same(self, other: "Money") -> "Money":
        if self.currency != other.currency:
            raise invalid("currency.mixed", value=f"{self.currency}, {other.currency}")
        return other


def total(amounts: Iterable[Money], code: str) -> Money:
    """Sum amounts of one currency; the sum of none is zero."""
    zero, minor = Money.zero(code), 0
    for amount in amounts:
        minor += amount.minor if amount.currency == code else (zero + amount).minor  # which raises
    return Money(minor, code)
