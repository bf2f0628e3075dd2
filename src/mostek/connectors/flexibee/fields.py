"""The vendor's fields that are written and read: names, types and lengths, as facts.

From ``/c/{company}/{evidence}/properties`` of ABRA Flexi. Values are written as text, as the plain ``/c/`` interface
gives them back.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from mostek.documents.problem import invalid
from mostek.sdk.column import table
from mostek.sdk.field import Field, flag, identifiers, mapping, moment, number, sequence, text
from mostek.sdk.items import Shape

CONTACT, DOCUMENT, LINE, BANK = "adresar", "faktura-vydana", "faktura-vydana-polozka", "banka"
PRODUCT, DOCUMENT_TYPE, VAT_RATE, LINES = "cenik", "typ-faktury-vydane", "sazba-dph", "polozkyFaktury"
OURS, CHANGED = "ext:MOSTEK:", "ext:MOSTEK-CHANGE:"  # a record's own key, and that of a change made to it

MARKED_PAID = "stavUhr.uhrazenoRucne"
PAID = frozenset({"stavUhr.uhrazeno", MARKED_PAID})
OPEN = frozenset({"", "zamek.otevreno", "zamek.prohlednuto"})
CREDITED, CREDIT_NOTE = "typVazbyDokl.hlavaDobropis", "typDokladu.dobropis"

# Header sums by bucket: base, VAT, total; "Men" at the end is the same in the document's currency.
BUCKETS: dict[str, tuple[str, str, str]] = {
    "standard": ("sumZklZakl", "sumDphZakl", "sumCelkZakl"),
    "reduced": ("sumZklSniz", "sumDphSniz", "sumCelkSniz"),
    "second_reduced": ("sumZklSniz2", "sumDphSniz2", "sumCelkSniz2"),
    "exempt": ("sumOsv", "", "sumOsv"),
}
LEVELS = dict(zip((f"typSzbDph.{name}" for name in "dphZakl dphSniz dphSniz2 dphOsv".split()), BUCKETS, strict=True))

# Evidence | type, longest text in UTF-16 units or decimals, what may be done to fit it | fields.
_WRITTEN = """
adresar | string 20 upper | kod
adresar | string 20 | ic dic
adresar | string 255 cut | nazev ulice mesto psc email tel faJmenoFirmy faUlice faMesto faPsc
adresar | string 0 | poznam
adresar | relation 0 | stat faStat
adresar | logic 0 | postovniShodna platceDph
adresar | select 0 | typVztahuK
faktura-vydana | string 20 upper | kod
faktura-vydana | string 20 | ic dic
faktura-vydana | string 30 | varSym
faktura-vydana | string 40 | cisDosle
faktura-vydana | string 255 | specSym
faktura-vydana | string 2000 | cisObj
faktura-vydana | string 255 cut | nazFirmy ulice mesto psc faNazev faUlice faMesto faPsc kontaktEmail kontaktTel popis
faktura-vydana | string 0 | poznam
faktura-vydana | date 0 | datVyst duzpPuv datSplat datUcto duzpUcto datSazbyDph
faktura-vydana | relation 0 | typDokl firma stat faStat mena formaUhradyCis formaDopravy stredisko statDph
faktura-vydana | relation 0 | clenDph clenKonVykDph
faktura-vydana | logic 0 | postovniShodna bezPolozek vytvaretKorPol
faktura-vydana | select 0 | stavUhrK stavMailK zaokrJakSumK zaokrNaSumK zaokrJakDphK zaokrNaDphK
faktura-vydana | numeric 6 | kurz kurzMnozstvi
faktura-vydana | numeric 2 | slevaDokl sumOsv sumZklZakl sumDphZakl sumCelkZakl sumZklSniz sumDphSniz sumCelkSniz
faktura-vydana | numeric 2 | sumZklSniz2 sumDphSniz2 sumCelkSniz2 sumCelkem sumOsvMen sumZklZaklMen sumDphZaklMen
faktura-vydana | numeric 2 | sumCelkZaklMen sumZklSnizMen sumDphSnizMen sumCelkSnizMen sumZklSniz2Men sumDphSniz2Men
faktura-vydana | numeric 2 | sumCelkSniz2Men sumCelkemMen
faktura-vydana-polozka | string 64 upper,cut | kod
faktura-vydana-polozka | string 255 cut | nazev
faktura-vydana-polozka | string 0 | poznam
faktura-vydana-polozka | select 0 | typPolozkyK typCenyDphK typSzbDphK
faktura-vydana-polozka | numeric 6 | mnozMj cenaMj
faktura-vydana-polozka | numeric 2 | slevaPol sumZkl sumDph sumCelkem sumZklMen sumDphMen sumCelkemMen
faktura-vydana-polozka | logic 0 | uplSlevaDokl kopClenDph kopClenKonVykDph
faktura-vydana-polozka | relation 0 | cenik sklad mj clenDph clenKonVykDph
banka | string 30 | varSym
banka | string 255 cut | popis
banka | string 0 | poznam
banka | date 0 | datVyst
banka | relation 0 | typDokl banka mena
banka | select 0 | typPohybuK
banka | logic 0 | bezPolozek
banka | numeric 2 | sumOsv sumOsvMen
"""


COLUMNS = table(_WRITTEN)


def day(value: Any, path: str) -> date:
    """A calendar day; the time zone that may follow it is to be ignored."""
    try:
        return date.fromisoformat(text(value, path)[:10])
    except ValueError:
        raise invalid("field.date", path, value=value) from None


_NONE: list[Mapping[str, Any]] = []
_EMPTY: Mapping[str, Any] = {}
_NO_IDS: tuple[str, ...] = ()

ID, IDS, NUMBER = Field("id", text), Field("id", identifiers), Field("id", number)
CODE, NAME = Field("kod", text, ""), Field("nazev", text, "")
EXTERNAL_IDS = Field("external-ids", identifiers, _NO_IDS)

# faktura-vydana and banka
TYPE, CURRENCY, PAID_STATE = Field("typDokl", text, ""), Field("mena", text, ""), Field("stavUhrK", text, "")
ISSUED, SUPPLIED, CANCELLED = Field("datVyst", day), Field("duzpPuv", day, None), Field("storno", flag, False)
ORDER_NUMBER, RECEIVED, SYMBOL, LOCK = (Field(name, text, "") for name in ("cisObj", "cisDosle", "varSym", "zamekK"))
_SUMS = dict.fromkeys(name for names in BUCKETS.values() for name in (*names, "sumCelkem") if name)
_AMOUNTS = (f"{name}{of}" for name in (*_SUMS, "zbyvaUhradit") for of in ("", "Men"))
AMOUNTS = {name: Field(name, number, Decimal(0)) for name in _AMOUNTS}
TIES, TIE_TYPE = Field("vazby", sequence, _NONE), Field("typVazbyK", text, "")
TIE_ENDS = [[Field(f"{end}{part}", identifiers, _NO_IDS) for part in ("@internalId", "@ref", "")] for end in "ab"]

# what our own records say: the document that a credit note is tied to, and the one that a payment pays
TIE, TIE_TO = Field("vytvor-vazbu-dobropis", mapping, _EMPTY), Field("dobropisovanyDokl", text, "")
PAIRING, PAIRED = Field("sparovani", mapping, _EMPTY), Field("uhrazovanaFak", mapping, _EMPTY)
PAID_BY = Field("filter", text, "")

# adresar and typ-faktury-vydane
COMPANY_ID, TAX_ID, VAT_ID = Field("ic", text, ""), Field("dic", text, ""), Field("vatId", text, "")
EMAIL, PHONE, TYPE_KIND = Field("email", text, ""), Field("tel", text, ""), Field("typDoklK", text, "")
PARTY = {"company_id": COMPANY_ID, "tax_id": TAX_ID, "email": EMAIL, "phone": PHONE}
PAYS_VAT: Field[bool | None] = Field("platceDph", flag, None)
NO_DELIVERY, UPDATED = Field("postovniShodna", flag, True), Field("lastUpdate", moment)
CARD = Shape(ID, NAME, UPDATED, frozenset({"lastUpdate"}))
# In this order: name, street, city, postcode, country.
ADDRESS, DELIVERY = "nazev ulice mesto psc stat", "faJmenoFirmy faUlice faMesto faPsc faStat"
PLACE = {name: Field(name, text, "") for name in f"{ADDRESS} {DELIVERY}".split()}

# sazba-dph
STATE, LEVEL, RATE = Field("stat", text), Field("typSzbDphK", text), Field("szbDph", number, Decimal(0))
SINCE, UNTIL = Field("platiOdData", day, date.min), Field("platiDoData", day, date.max)

# every answer
ENVELOPE, VERSION, SUCCESS = Field("winstrom", mapping), Field("@version", text, ""), Field("success", flag, True)
MESSAGE, ERRORS, ERROR = Field("message", text, ""), Field("errors", sequence, _NONE), Field("error", text, "")
STATS, SKIPPED, RESULT_ID = Field("stats", mapping, _EMPTY), Field("skipped", text, "0"), Field("id", text, "")
RESULTS, REQUEST_ID, RESULT_CODE = (
    Field("results", sequence, _NONE),
    Field("request-id", text, ""),
    Field("code", text, ""),
)
LOGIN_ERRORS, ERROR_FIELDS = Field("errors", mapping, _EMPTY), [Field(at, text, "") for at in ("for", "@for", "path")]

_HEADER = (CODE, TYPE, CURRENCY, PAID_STATE, LOCK, ORDER_NUMBER, RECEIVED, SYMBOL)
READ: dict[str, tuple[Field[Any], ...]] = {
    CONTACT: (CODE, *PLACE.values(), COMPANY_ID, TAX_ID, VAT_ID, EMAIL, PHONE, PAYS_VAT, NO_DELIVERY, UPDATED),
    PRODUCT: (CODE, NAME),
    DOCUMENT_TYPE: (CODE, TYPE_KIND),
    VAT_RATE: (STATE, LEVEL, RATE, SINCE, UNTIL),
    DOCUMENT: (*_HEADER, ISSUED, SUPPLIED, CANCELLED, *AMOUNTS.values()),
    BANK: (CODE, TYPE, ISSUED, CURRENCY, CANCELLED, *(AMOUNTS[f"{name}{of}"] for name in _SUMS for of in ("", "Men"))),
}


def detail(evidence: str) -> str:
    """What is asked for of each record; ids and external ids always come."""
    names = ",".join(field.name for field in READ[evidence])
    return f"custom:{names}" + (",vazby(typVazbyK,a,b)" if evidence == DOCUMENT else "")


def found_key(row: Mapping[str, Any], wanted: str = "") -> str:
    """Our key among a record's external ids: the wanted one if it is there, else the first, else empty."""
    keys = [found.removeprefix(OURS) for found in EXTERNAL_IDS(row) if found.startswith(OURS)]
    return wanted if wanted in keys else next(iter(keys), "")


def codes(row: Mapping[str, Any]) -> tuple[str, ...]:
    """All identifiers that a record is called by."""
    return (ID(row), f"code:{CODE(row)}", *EXTERNAL_IDS(row))
