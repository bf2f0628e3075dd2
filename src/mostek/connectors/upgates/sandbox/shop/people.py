"""The shop's customers: persons and companies of several countries, with tax numbers that pass their checksums."""

from collections.abc import Callable
from functools import lru_cache
from random import Random

from stdnum.at import uid
from stdnum.cz import dic
from stdnum.de import vat
from stdnum.pl import nip
from stdnum.sk import dph

from .model import Address, Customer

FIRST = ("Karel", "Žofie", "Jiří", "Šárka", "Ondřej", "Růžena", "Ľubomír", "Łukasz", "Jürgen", "Zoë", "Anna", "Petr")
LAST = (
    "Novák",
    "Dvořáková",
    "Říha",
    "Šťastná",
    "Kučera",
    "Ďurišová",
    "Wójcik",
    "Müller",
    "O'Brien",
    "Černý",
    "Svobodová",
)
STREETS = (
    "Na Vsi {n}",
    "Sokolovská {n}/86",
    "Třída Míru {n}",
    "Žižkova {n}",
    "Příčná {n}a",
    "Hauptstraße {n}",
    "ul. Świętokrzyska {n}",
)
CITIES = {
    "CZ": (("Beroun", "26601"), ("Praha 8", "186 00"), ("Ústí nad Labem", "40001"), ("Brno", "602 00")),
    "SK": (("Košice", "04001"), ("Žilina", "010 01")),
    "DE": (("München", "80331"), ("Görlitz", "02826")),
    "AT": (("Wien", "1010"), ("Graz", "8010")),
    "PL": (("Łódź", "90-001"), ("Kraków", "30-001")),
    "FI": (("Jyväskylä", "40100"),),
    "SI": (("Škofja Loka", "4220"),),
    "FR": (("Besançon", "25000"),),
    "GB": (("London", "SW1A 1AA"),),
    "CH": (("Zürich", "8001"),),
}
COMPANIES = ("Tintítko", "Žluťoučký kůň & syn", "Stavby Říha", "ACME", "„U Lva“", "Šroubárna")
FORMS = {"CZ": "s.r.o.", "SK": "s. r. o.", "DE": "GmbH", "AT": "GmbH", "PL": "Sp. z o.o."}
PREFIXES = {
    "CZ": "+420",
    "SK": "+421",
    "DE": "+49",
    "AT": "+43",
    "PL": "+48",
    "FI": "+358",
    "SI": "+386",
    "FR": "+33",
    "GB": "+44",
    "CH": "+41",
}
LANGUAGES = {"CZ": "cs", "SK": "sk"}

# Prefix, validator and range of the number of each country's VAT numbers.
VAT_NUMBERS: dict[str, tuple[str, Callable[[str], bool], int, int]] = {
    "SK": ("SK", dph.is_valid, 2_020_000_000, 2_029_999_999),
    "DE": ("DE", vat.is_valid, 100_000_000, 999_999_999),
    "AT": ("ATU", lambda digits: uid.is_valid(f"U{digits}"), 10_000_000, 99_999_999),
    "PL": ("PL", nip.is_valid, 1_000_000_000, 9_999_999_999),
}

# (country, company, payer) with weights: what the demo shop's customers are.
MIX = (
    (("CZ", False, False), 54),
    (("CZ", True, True), 14),
    (("CZ", True, False), 7),
    (("SK", False, False), 6),
    (("DE", False, False), 3),
    (("AT", False, False), 2),
    (("PL", False, False), 2),
    (("FI", False, False), 1),
    (("SI", False, False), 1),
    (("FR", False, False), 1),
    (("SK", True, True), 3),
    (("DE", True, True), 2),
    (("AT", True, True), 1),
    (("PL", True, True), 1),
    (("GB", False, False), 1),
    (("CH", False, False), 1),
)


def _valid(check: Callable[[str], bool], draw: Callable[[], str]) -> str:
    """The first drawn number that passes its checksum (about one of ten does)."""
    while not check(number := draw()):
        pass
    return number


def company_numbers(country: str, payer: bool, rng: Random) -> tuple[str, str | None]:
    """A registration number and, for a payer, a VAT number, both valid by their checksums."""
    if country == "CZ":
        ico = _valid(dic.is_valid, lambda: f"{rng.randrange(1_000_000, 80_000_000):08d}")
        return ico, f"CZ{ico}" if payer else None
    prefix, check, low, high = VAT_NUMBERS[country]
    vat_id = prefix + _valid(check, lambda: str(rng.randrange(low, high)))
    return str(rng.randrange(30_000_000, 54_000_000)), vat_id if payer else None


def _address(country: str, rng: Random, first: str, last: str, company: str | None) -> Address:
    city, zip_code = rng.choice(CITIES[country])
    return Address(first, last, rng.choice(STREETS).format(n=rng.randrange(1, 400)), city, zip_code, country, company)


def customer(number: int, rng: Random) -> Customer:
    """One customer drawn from the mix."""
    country, is_company, payer = rng.choices([kind for kind, _ in MIX], [weight for _, weight in MIX])[0]
    first, last = rng.choice(FIRST), rng.choice(LAST)
    company = f"{rng.choice(COMPANIES)} {number} {FORMS[country]}" if is_company else None
    ico, vat_id = company_numbers(country, payer, rng) if is_company else (None, None)
    elsewhere = rng.random() < 0.2
    return Customer(
        id=number,
        email=f"zakaznik{number}@posta.example",
        phone=f"{PREFIXES[country]} {rng.randrange(600_000_000, 799_999_999)}",
        billing=_address(country, rng, first, last, None),
        delivery=_address(country, rng, rng.choice(FIRST), rng.choice(LAST), "Výdejna" if rng.random() < 0.3 else None)
        if elsewhere
        else None,
        company=company,
        ico=ico,
        dic=vat_id,
        payer=payer,
        language=LANGUAGES.get(country, "cs"),
    )


@lru_cache(maxsize=8)
def customers(seed: int) -> tuple[Customer, ...]:
    """The shop's 600 customers, the same for the same seed."""
    rng = Random(f"customers {seed}")
    return tuple(customer(number, rng) for number in range(1, 601))
