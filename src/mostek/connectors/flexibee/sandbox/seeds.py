"""What a new company has in its books: countries, rates, currencies, types, series, accounts and code lists."""

import re
import unicodedata
import uuid
from decimal import Decimal
from typing import Any

from mostek.connectors.flexibee.sandbox.books import Books, Company
from mostek.connectors.flexibee.sandbox.clock import Clock
from mostek.connectors.flexibee.sandbox.options import Options
from mostek.connectors.flexibee.sandbox.store import Row, Store

CURRENCIES = (
    ("CZK", "Česká koruna", "1", None),
    ("EUR", "Euro", "1", "25.000000"),
    ("USD", "Americký dolar", "1", "23.000000"),
    ("PLN", "Polský zlotý", "1", "5.800000"),
    ("HUF", "Maďarský forint", "100", "6.200000"),
    ("GBP", "Britská libra", "1", "29.000000"),
    ("CHF", "Švýcarský frank", "1", "26.000000"),
)
"""Code, name, the amount a rate is for, and a rate in CZK (round figures, not any bank's)."""

STATES = (
    ("CZ", "Česká republika", "CZK", True),
    ("SK", "Slovensko", "EUR", True),
    ("DE", "Německo", "EUR", True),
    ("AT", "Rakousko", "EUR", True),
    ("PL", "Polsko", "PLN", True),
    ("HU", "Maďarsko", "HUF", True),
    ("FR", "Francie", "EUR", True),
    ("IT", "Itálie", "EUR", True),
    ("NL", "Nizozemsko", "EUR", True),
    ("SI", "Slovinsko", "EUR", True),
    ("FI", "Finsko", "EUR", True),
    ("CH", "Švýcarsko", "CHF", False),
    ("GB", "Spojené království", "GBP", False),
    ("US", "Spojené státy americké", "USD", False),
)
VAT_STATES = ("CZ", "SK", "DE", "AT", "PL", "HU", "FR", "IT", "NL", "SI", "FI")
EVER = "9999-12-31"

VAT_RATES = (
    ("CZ", "Zakl", "21", "2013-01-01", None),
    ("CZ", "Sniz", "15", "2013-01-01", "2023-12-31"),
    ("CZ", "Sniz2", "10", "2015-01-01", "2023-12-31"),
    ("CZ", "Sniz", "12", "2024-01-01", None),
    ("SK", "Zakl", "20", "2011-01-01", "2024-12-31"),
    ("SK", "Sniz", "10", "2011-01-01", "2024-12-31"),
    ("SK", "Sniz2", "5", "2023-01-01", "2024-12-31"),
    ("SK", "Zakl", "23", "2025-01-01", None),
    ("SK", "Sniz", "19", "2025-01-01", None),
    ("SK", "Sniz2", "5", "2025-01-01", None),
    ("DE", "Zakl", "19", "2021-01-01", None),
    ("DE", "Sniz", "7", "2021-01-01", None),
    ("AT", "Zakl", "20", "1995-01-01", None),
    ("AT", "Sniz", "10", "1995-01-01", None),
    ("AT", "Sniz2", "13", "2016-01-01", None),
    ("PL", "Zakl", "23", "2011-01-01", None),
    ("PL", "Sniz", "8", "2011-01-01", None),
    ("PL", "Sniz2", "5", "2011-01-01", None),
    ("HU", "Zakl", "27", "2012-01-01", None),
    ("HU", "Sniz", "18", "2009-07-01", None),
    ("HU", "Sniz2", "5", "2004-05-01", None),
    ("FR", "Zakl", "20", "2014-01-01", None),
    ("FR", "Sniz", "10", "2014-01-01", None),
    ("FR", "Sniz2", "5.5", "2014-01-01", None),
    ("IT", "Zakl", "22", "2013-10-01", None),
    ("IT", "Sniz", "10", "2013-10-01", None),
    ("IT", "Sniz2", "4", "2013-10-01", None),
    ("NL", "Zakl", "21", "2012-10-01", None),
    ("NL", "Sniz", "9", "2019-01-01", None),
    ("SI", "Zakl", "22", "2013-07-01", None),
    ("SI", "Sniz", "9.5", "2013-07-01", None),
    ("SI", "Sniz2", "5", "2020-01-01", None),
    ("FI", "Zakl", "25.5", "2024-09-01", None),
    ("FI", "Sniz", "14", "2013-01-01", None),
    ("FI", "Sniz2", "10", "2013-01-01", None),
)

INVOICE_TYPES: tuple[tuple[str, str, str, str, dict[str, Any]], ...] = (
    ("FAKTURA", "Faktura - daňový doklad", "faktura", "VF1-", {"primarni": True}),
    ("DOBROPIS", "Dobropis", "dobropis", "VD1-", {}),
    (
        "ÚČTENKA",
        "Účtenka - zjednodušený daňový doklad",
        "faktura",
        "UC1-",
        {"splatDny": 0, "zaokrNaSumK": "zaokrNa.jednotky", "zaokrJakSumK": "zaokrJak.matem"},
    ),
    ("ZÁLOHA", "Zálohová faktura", "zalohFaktura", "VZ1-", {}),
    ("ZDD", "Daňový doklad k záloze", "zdd", "VZD1-", {}),
    ("PROFORMA", "Proforma", "proforma", "VP1-", {}),
    *(
        (f"{name}-OSS-{state}", f"{title} v režimu OSS, {state}", kind, f"{prefix}{state}-", {"@state": state})
        for name, title, kind, prefix in (
            ("FAKTURA", "Faktura", "faktura", "OF"),
            ("DOBROPIS", "Dobropis", "dobropis", "OD"),
        )
        for state in VAT_STATES
        if state != "CZ"
    ),
)
"""Code, name, kind, the beginning of its numbers, and what else it says."""

CODE_LISTS: dict[str, tuple[tuple[str, str, dict[str, Any]], ...]] = {
    "forma-uhrady": (
        ("PREVOD", "Bankovním převodem", {"formaUhrK": "formaUhr.prevod"}),
        ("HOTOVE", "Hotově", {"formaUhrK": "formaUhr.hotove"}),
        ("KARTA", "Kartou", {"formaUhrK": "formaUhr.platKart"}),
        ("DOBIRKA", "Dobírkou", {"formaUhrK": "formaUhr.dobirka"}),
    ),
    "forma-dopravy": (
        ("PPL", "PPL", {}),
        ("ZASILKOVNA", "Zásilkovna", {}),
        ("OSOBNI", "Osobní odběr", {}),
    ),
    "stredisko": (("C", "Centrála", {}), ("ESHOP", "E-shop", {})),
    "merna-jednotka": (("KS", "kus", {}), ("HOD", "hodina", {}), ("KG", "kilogram", {})),
    "konst-symbol": (("0008", "Platby za zboží", {}), ("0308", "Platby za služby", {})),
    "sklad": (("SKLAD", "Hlavní sklad", {}), ("HLAVNI", "Sklad e-shopu", {})),
}

VAT_LINES = (
    ("01-02", "Tuzemské plnění", None),
    ("20", "Dodání zboží do jiného členského státu", "kodPlneni.zbozi"),
    ("21", "Poskytnutí služby do jiného členského státu", "kodPlneni.sluzby"),
    ("22", "Vývoz zboží", None),
    ("25", "Přenesení daňové povinnosti", "kodPlneni.prenDanPov"),
    ("50", "Osvobozená plnění bez nároku na odpočet", "kodPlneni.osv"),
    ("OSS", "Zasílání zboží v režimu OSS", "kodPlneni.zboziOSS"),
    ("000U", "Mimo přiznání", None),
)

PERIODS_BEFORE, PERIODS_AFTER = 6, 2


def found(store: Store, options: Options, clock: Clock, name: str, country: str, *, db: str = "") -> Company:
    """Create a company with full code lists; ``db`` is made of the name unless given, and never taken twice."""
    taken = {row[0] for row in store.db.execute("SELECT db FROM company")}
    stem = db or identifier(name)
    chosen, attempt = stem, 1
    while chosen in taken:
        attempt += 1
        chosen = f"{stem}{attempt}"
    with store.transaction():
        cursor = store.db.execute(
            "INSERT INTO company (db, name, country, uuid, created) VALUES (?, ?, ?, ?, ?)",
            (chosen, name, country, str(uuid.uuid4()), clock.stamp()),
        )
        company = companies(store, number=cursor.lastrowid)[0]
        _Seeder(Books(store, company, options, clock)).all()
    return company


def identifier(name: str) -> str:
    """A company's identifier: lower-case letters, digits and underscores of its name.

    >>> identifier("Žlutý kůň s.r.o.")
    'zluty_kun_s_r_o_'
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]", "_", plain) or "firma"


def companies(store: Store, number: int | None = None) -> list[Company]:
    """All companies, or the one with this number."""
    rows = store.db.execute("SELECT id, db, name, country, uuid FROM company ORDER BY id")
    return [Company(*row) for row in rows if number is None or row[0] == number]


class _Seeder:
    """Writes one company's code lists; each method needs those before it."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def all(self) -> None:
        self._money()
        self._states()
        self._vat()
        self._periods()
        self._series()
        self._lists()
        self._places()
        self._types()

    def _add(self, path: str, **values: Any) -> int:
        number = self._books.new_id(path)
        row: Row = {"id": number, **{name: value for name, value in values.items() if value is not None}}
        for fact in self._books.shape(path).facts.values():
            if fact.mandatory and fact.writable and fact.type == "logic":
                row.setdefault(fact.name, False)
        self._books.save(path, row, created=True)
        return number

    def _code(self, path: str, kod: str) -> int | None:
        return self._books.by_code(path, kod)

    def _money(self) -> None:
        first = self._books.clock.today().year - PERIODS_BEFORE
        home = self._books.company.currency
        to_czk = {code: rate for code, _, _, rate in CURRENCIES}
        for code, name, quantity, rate in CURRENCIES:
            number = self._add("mena", kod=code, nazev=name, kurzMnozstvi=f"{quantity}.000000")
            if home == "CZK" and rate is not None:
                self._rate(number, first, rate, quantity)
            elif home == "EUR" and code != "EUR":
                value = float(rate or 1) / float(to_czk["EUR"] or 1)
                self._rate(number, first, f"{value:.6f}", quantity)

    def _rate(self, currency: int, year: int, rate: str, quantity: str) -> None:
        self._add("kurz", platiOdData=f"{year}-01-01", kurz=rate, kurzMnozstvi=f"{quantity}.000000", mena=currency)

    def _states(self) -> None:
        for code, name, currency, union in STATES:
            values = {"kod": code, "nazev": name, "kodDph": code, "clenEu": union, "mena": self._code("mena", currency)}
            self._add("stat", **values)
            if code in VAT_STATES:
                self._add("stat-dph", **values)

    def _vat(self) -> None:
        for code in VAT_STATES:
            state = self._code("stat", code)
            self._add("sazba-dph", stat=state, typSzbDphK="typSzbDph.dphOsv", szbDph="0.00", platiOdData="1993-01-01")
        for code, ending, rate, begin, end in VAT_RATES:
            self._add(
                "sazba-dph",
                stat=self._code("stat", code),
                typSzbDphK=f"typSzbDph.dph{ending}",
                szbDph=f"{Decimal(rate):.2f}",
                platiOdData=begin,
                platiDoData=end,
            )
        for code, name, kind in VAT_LINES:
            self._add("cleneni-dph", kod=code, nazev=name, kodPlneniK=kind, stat=self._code("stat", "CZ"))

    def _periods(self) -> None:
        this = self._books.clock.today().year
        for year in range(this - PERIODS_BEFORE, this + PERIODS_AFTER):
            values = {"platiOdData": f"{year}-01-01", "platiDoData": f"{year}-12-31", "rokProRadu": year}
            self._add("ucetni-obdobi", kod=str(year), **values)

    def _series(self) -> None:
        for code, name, _, prefix, _ in INVOICE_TYPES:
            self._add("rada-faktury-vydane", kod=code, nazev=name, modul="FAV", **{"@prefix": prefix})
        self._add("rada-banka", kod="BANKA", nazev="Banka", modul="BAN", **{"@prefix": "B1-"})
        self._add("rada-pokladni-pohyb", kod="POKLADNA", nazev="Pokladna", modul="POK", **{"@prefix": "P1-"})

    def _lists(self) -> None:
        for path, rows in CODE_LISTS.items():
            for code, name, values in rows:
                self._add(path, kod=code, nazev=name, **values)

    def _places(self) -> None:
        for path, rows in (
            ("bankovni-ucet", (("BANKOVNÍ ÚČET", "Hlavní účet", "CZK"), ("ÚČET EUR", "Účet v eurech", "EUR"))),
            ("pokladna", (("POKLADNA KČ", "Hlavní pokladna", "CZK"), ("POKLADNA EUR", "Pokladna v eurech", "EUR"))),
        ):
            for code, name, currency in rows:
                self._add(path, kod=code, nazev=name, mena=self._code("mena", currency), **_duplicates(path))

    def _types(self) -> None:
        for code, name, kind, _, values in INVOICE_TYPES:
            rest = {key: value for key, value in values.items() if not key.startswith("@")}
            state = values.get("@state", self._books.company.country)
            row = {
                "metodaZaokrDoklK": "metodaZaokr.0sazba",
                "vytvaretKorPol": True,
                "zaokrNaSumK": "zaokrNa.zadne",
                "zaokrJakSumK": "zaokrJak.matem",
                "splatDny": 14,
                **rest,
            }
            self._add(
                "typ-faktury-vydane",
                kod=code,
                nazev=name,
                modul="FAV",
                typDoklK=f"typDokladu.{kind}",
                radaPrijem=self._code("rada-faktury-vydane", code),
                statDph=self._code("stat-dph", state),
                ucetni=True,
                **row,
            )
        self._payment_types()

    def _payment_types(self) -> None:
        bank = {"modul": "BAN", "radaPrijem": self._code("rada-banka", "BANKA")}
        self._add("typ-banka", kod="STANDARD", nazev="Standardní bankovní doklad", ucetni=True, **bank)
        self._add(
            "typ-pokladni-pohyb",
            kod="STANDARD",
            nazev="Standardní pokladní doklad",
            modul="POK",
            radaPrijem=self._code("rada-pokladni-pohyb", "POKLADNA"),
            metodaZaokrDoklK="metodaZaokr.0sazba",
            vytvaretKorPol=True,
            ucetni=True,
        )


def _duplicates(path: str) -> dict[str, str]:
    return {"vypisDuplicitaK": "elVypisDuplicita.vypis"} if path == "bankovni-ucet" else {}
