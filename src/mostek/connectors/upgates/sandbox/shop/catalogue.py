"""What the shop sells and how it ships and is paid: products, methods, order statuses, VAT rates of its countries."""

from dataclasses import dataclass
from functools import lru_cache
from random import Random

from .amounts import half_up

# Standard and reduced rates in hundredths of a percent, 2025; the reduced one is what food takes where several exist.
RATES: dict[str, tuple[int, int]] = {
    "CZ": (2100, 1200),
    "SK": (2300, 500),
    "DE": (1900, 700),
    "AT": (2000, 1000),
    "PL": (2300, 500),
    "FI": (2550, 1400),
    "SI": (2200, 950),
    "FR": (2000, 550),
}
CZK_FOR_EUR = 25_125  # thousandths


@dataclass(frozen=True, slots=True)
class Product:
    """One product; prices are with VAT, hundredths; `reduced` picks the rate; `zero` are books."""

    id: int
    code: str | None
    title: str
    unit: str
    price: int
    price_eur: int
    reduced: bool
    zero: bool
    fee: int | None
    weight: int
    ean: str | None
    categories: tuple[tuple[int, str], ...]
    stock: int

    def price_in(self, currency: str) -> int:
        return self.price if currency == "CZK" else self.price_eur


@dataclass(frozen=True, slots=True)
class Method:
    """A shipment or payment method; prices with VAT by currency."""

    id: int
    code: str | None
    type: str
    name: str
    price: int
    price_eur: int
    tracking: str | None = None

    def price_in(self, currency: str) -> int:
        return self.price if currency == "CZK" else self.price_eur


@dataclass(frozen=True, slots=True)
class Status:
    """An order status with what it marks."""

    id: int
    type: str
    cs: str
    sk: str
    color: str
    resolved: bool = False
    paid: bool = False


SHIPMENTS = (
    Method(4, "INB", "wedo", "WEDO (celá ČR)", 8900, 390, "https://track.example/wedo/"),
    Method(5, "ZAS", "zasilkovna", "Zásilkovna", 7900, 350, "https://track.example/zasilkovna/"),
    Method(6, "PPL", "ppl", "PPL – doručení na adresu", 11900, 590, "https://track.example/ppl/"),
    Method(7, None, "custom", "Osobní odběr v prodejně", 0, 0),
    Method(8, "GLS", "gls", "GLS Europe", 24990, 999, "https://track.example/gls/"),
)
PAYMENTS = (
    Method(3, None, "command", "Platba předem bankovním převodem", 0, 0),
    Method(4, "DOB", "cashOnDelivery", "Dobírka", 3900, 199),
    Method(5, "GOP", "gopay", "Kartou online (GoPay)", 0, 0),
    Method(6, None, "cash", "Hotově při převzetí", 0, 0),
    Method(7, "PPL1", "paypal", "PayPal", 1250, 50),
)
STATUSES = (
    Status(1, "Received", "Přijatá", "Prijatá", "#03a9f4"),
    Status(2, "PaymentSuccessful", "Platba úspěšná", "Platba úspešná", "#4caf50", paid=True),
    Status(3, "PaymentFailed", "Platba selhala", "Platba zlyhala", "#f44336"),
    Status(4, "PaymentInProcess", "Platba probíhá", "Platba prebieha", "#ff9800"),
    Status(5, "Sent", "Odeslaná", "Odoslaná", "#8bc34a", resolved=True),
    Status(6, "Canceled", "Storno", "Storno", "#9e9e9e", resolved=True),
    Status(7, "Unresolved", "Nedořešená", "Nedoriešená", "#795548"),
    Status(8, "Custom", "Zabaleno, čeká na dopravce", "Zabalené, čaká na dopravcu", "#673ab7"),
)
STATUS_BY_ID = {status.id: status for status in STATUSES}
SHIPMENT_BY_ID = {method.id: method for method in SHIPMENTS}
PAYMENT_BY_ID = {method.id: method for method in PAYMENTS}

_FOOD = (
    "Permon 11° Pšeničné",
    "Káva Žižkov výběrová",
    "Čaj Říční máta",
    "Sýr Ďábelský zrající",
    "Med z Třeboně",
    "Žitný kvas",
)
_GOODS = (
    "Lampa Šárka",
    "Dětská postýlka Růženka",
    "Kabel USB-C",
    "Batoh Ještěd",
    "Hrnec Čeněk 5 l",
    "Svíčka „Útěcha“",
    "Nůž & prkénko",
)
_BOOKS = ("Kniha: Žluťoučký kůň", "Kniha: Babička", "Mapa Krkonoš")
_ENDINGS = (0, 0, 0, 90, 50, 33, 10, 99)
_UNITS = ("ks", "ks", "ks", "ks", "bal", "kg", "m", "sada")


@lru_cache(maxsize=8)
def products(seed: int) -> tuple[Product, ...]:
    """The shop's catalogue, 180 products, the same for the same seed."""
    rng = Random(f"catalogue {seed}")
    found = []
    for i in range(180):
        kind = ("food", "goods", "goods", "book")[i % 4] if i % 12 else "goods"
        names = {"food": _FOOD, "goods": _GOODS, "book": _BOOKS}[kind]
        whole = rng.choice((rng.randrange(9, 60), rng.randrange(60, 900), rng.randrange(900, 30_000)))
        price = 3333 if i == 7 else whole * 100 + rng.choice(_ENDINGS)
        found.append(
            Product(
                id=30 + i,
                code=None if i % 29 == 11 else f"{2000 + 7 * i}",
                title=f"{names[i % len(names)]} {i + 1}",
                unit=_UNITS[i % len(_UNITS)] if kind != "book" else "ks",
                price=price,
                price_eur=max(half_up(price * 1000, CZK_FOR_EUR), 10),
                reduced=kind == "food",
                zero=kind == "book" and i % 8 != 3,
                fee=300 if kind == "goods" and i % 5 == 0 else None,
                weight=rng.randrange(50, 4000, 50),
                ean=f"859{rng.randrange(10**9, 10**10)}" if i % 3 else None,
                categories=tuple((111 + (i * k) % 40, f"K{(i * k) % 40 + 2:05d}") for k in (1, 3)),
                stock=rng.randrange(0, 500),
            )
        )
    return tuple(found)
