"""The table of hostile records: each by name, with what must become of it and why."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.acceptance.hostile_invoice import (
    DAY,
    Json,
    Spoil,
    both,
    company,
    credit,
    customer,
    first_item,
    having,
    invoice,
    lines,
    order,
    rate,
    replaced,
    without,
)

DUMPED = {"date": f"{DAY} 00:00:00.000000", "timezone_type": 3, "timezone": "Europe/Prague"}
NESTED = '{"a":' * 3000 + "1" + "}" * 3000
LONG_NAME = "Příliš žluťoučký kůň " * 15  # 315 characters
NOTE = "Poznámka. " * 6554  # 64 kB
ODD = """O'Neill "x" \\ [1],{2} (a eq 'b' or id gt 0) & <i>;--"""
RTL = "\u202eekil\u202c שלום"

MANY_LINES = 1000


@dataclass(frozen=True, kw_only=True)
class Hostile:
    """One hostile input.

    ``spoil`` changes the sound invoice and ``text`` its JSON; ``number`` replaces the one it gets by its place.
    ``state`` and ``cause`` are what must become of it, ``where`` is in the field that is named. What is done must
    stand in the books once, with this ``total`` and with what it ``shows``; what is parked not at all, until it is
    ``freed`` by the cure. ``orders`` and a ``twin`` of the same number, with another total, are put beside it.
    """

    name: str
    spoil: Spoil = lambda invoice: None
    text: Callable[[str], str] = lambda text: text
    number: str = ""
    state: str = "parked"
    cause: str = ""
    where: str = ""
    total: str = "121.00"
    shows: Mapping[str, Any] = field(default_factory=dict[str, Any])
    orders: Sequence[Json] = ()
    twin: str = ""
    freed: bool = False


def done(name: str, spoil: Spoil = lambda invoice: None, **more: Any) -> Hostile:
    """An input that looks wrong and is right: it must get through."""
    return Hostile(name=name, spoil=spoil, state="done", **more)


RECORDS: tuple[Hostile, ...] = (
    # --- shapes
    Hostile(
        name="PHP-dumped date",
        cause="field.type",
        where="date_of_issuance",
        spoil=having(date_of_issuance=DUMPED),
    ),
    done("PHP-dumped date where none is read", customer(agreements=[{"valid_to": DUMPED}])),
    done("lower-case country", customer(country_id="cz")),
    Hostile(
        name="country of three letters", cause="field.country", where="country_id", spoil=customer(country_id="CZE")
    ),
    done(
        "missing optional blocks",
        without(
            "note",
            "supplier",
            "recapitulation_currency_id",
            "recapitulation_currency_rate",
            "recapitulation_vats_total",
            "payment",
            "paid_date",
            "oss_yn",
            "oss_country_id",
            "total_rest",
            "variable_symbol",
            "order_number",
            "customer",
        ),
    ),
    done("empty strings beside nulls", having(note="", order_number="", payment="", paid_date="", oss_country_id="")),
    done(
        "recapitulation as list",
        both(
            rate(0, 121.0, 0.0, "0"),
            lambda invoice: invoice.update(recapitulation_vats=list(invoice["recapitulation_vats"].values())),
        ),
    ),
    done("metas as object", having(metas={"0": {"key": "a", "values": {"cs": "x"}}})),
    Hostile(name="items as text", cause="field.type", where="items", spoil=having(items="none")),
    Hostile(name="record without id", cause="field.missing", where="invoice_number", spoil=without("invoice_number")),
    Hostile(
        name="duplicate invoice numbers in the shop",
        cause="upgates.number_twice",
        where="invoice_number",
        twin="242.00",
    ),
    Hostile(name="unknown kind of document", cause="upgates.word", where="type", spoil=having(type="proforma")),
    # --- JSON
    Hostile(
        name="duplicate keys", cause="payload.repeated_key", text=replaced('"note":null', '"note":null,"note":"x"')
    ),
    Hostile(name="deep nesting", cause="payload.too_deep", text=replaced('"note":null', f'"note":{NESTED}')),
    Hostile(name="NaN", cause="number.invalid", text=replaced('"total_rest":0', '"total_rest":NaN')),
    Hostile(name="Infinity", cause="number.invalid", text=replaced('"total_rest":0', '"total_rest":Infinity')),
    Hostile(
        name="1e999999",
        cause="number.invalid",
        where="total_rest",
        text=replaced('"total_rest":0', '"total_rest":1e999999'),
    ),
    Hostile(
        name="a decimal beyond all measure",
        cause="payload.no_json",
        text=replaced('"total_rest":0', '"total_rest":1e9999999999999999999'),
    ),
    Hostile(
        name="huge integer",
        cause="number.too_large",
        where="total_rest",
        text=replaced('"total_rest":0', f'"total_rest":{"9" * 40}'),
    ),
    Hostile(
        name="integer of 5,000 digits",
        cause="payload.no_json",
        text=replaced('"total_rest":0', f'"total_rest":{"9" * 5000}'),
    ),
    Hostile(name="raw NUL byte", cause="payload.no_json", text=replaced("Hrnek", "Hr\x00nek")),
    Hostile(name="text that is no JSON", cause="payload.no_json", text=replaced('"note":null', '"note":Honza')),
    # --- amounts
    done("negative zero", text=replaced('"total_rest":0', '"total_rest":-0.0')),
    done("float dust", text=replaced('"total_rest":0', '"total_rest":0.00000000000000004')),
    done("float dust in an amount", text=replaced('"total_with_vat":121.0', '"total_with_vat":121.00000000000004')),
    Hostile(
        name="fraction of a heller",
        cause="money.decimals",
        where="total_with_vat",
        spoil=having(total_with_vat=121.005),
    ),
    Hostile(
        name="amount in words", cause="number.invalid", where="total_with_vat", spoil=having(total_with_vat="121,00 Kč")
    ),
    Hostile(name="unknown VAT rate", cause="vat.unknown_rate", spoil=rate(17.3, 100.0, 17.3, "17.3")),
    Hostile(name="unknown currency", cause="currency.unknown", where="currency_id", spoil=having(currency_id="XYZ")),
    done("lower-case currency", having(currency_id="czk")),
    Hostile(name="lines that differ from the total", cause="money.vat_sum", spoil=having(total_with_vat=121.07)),
    Hostile(
        name="VAT summary that differs",
        cause="money.vat_sum",
        spoil=lambda invoice: invoice.update(recapitulation_vats={"21": {"base": 101.0, "vat": 21.0, "total": 122.0}}),
    ),
    Hostile(
        name="VAT summary that contradicts itself",
        cause="vat.row_sum",
        spoil=lambda invoice: invoice.update(recapitulation_vats={"21": {"base": 100.0, "vat": 22.0, "total": 121.0}}),
    ),
    Hostile(name="tax that is not of its rate", cause="upgates.line_vat", spoil=first_item(price_without_vat=90.0)),
    Hostile(name="document with an amount and no lines", cause="money.line_sum", spoil=having(items=[])),
    done("document without lines and amounts", lines(0, 0, 0), total="0.00"),
    done("1,000 lines", lines(MANY_LINES, 12.1, 10.0), total="12100.00"),
    done(
        "zero quantity of nothing",
        lambda invoice: invoice["items"].append(
            {
                **invoice["items"][0],
                "quantity": 0,
                "price_with_vat": 0,
                "price_without_vat": 0,
                "price_per_unit_with_vat": 0,
                "price_per_unit_without_vat": 0,
            }
        ),
    ),
    done("zero quantity with a price", first_item(quantity=0)),
    done("negative total of an invoice", rate(21, -100.0, -21.0, "21"), total="-121.00"),
    # --- texts
    Hostile(name="NUL", cause="text.nul", spoil=customer(name="Karel\x00Novák")),
    Hostile(name="lone surrogate", cause="text.surrogate", spoil=customer(name="Karel \ud83d Novák")),
    done("emoji", customer(name="Květinářství 🌷🌻"), shows={"nazFirmy": "Květinářství 🌷🌻"}),
    done("right to left", customer(name=RTL), shows={"nazFirmy": RTL}),
    done("control characters", customer(name="Karel\x1b[31m\x07 Novák\x7f"), shows={"nazFirmy": "Karel[31m Novák"}),
    done(
        "300-character names",
        both(customer(name=LONG_NAME, street=LONG_NAME), first_item(name=LONG_NAME)),
        shows={"nazFirmy": f"{LONG_NAME[:254].rstrip()}…"},
    ),
    done("64 kB note", having(note=NOTE)),
    done(
        "quotes, brackets and filters in texts",
        both(customer(name=ODD, street=ODD), first_item(name=ODD, code=ODD)),
        shows={"nazFirmy": ODD},
    ),
    done(
        "markup of a terminal in a name", customer(name="[/] [bold]Jan\\[/]"), shows={"nazFirmy": "[/] [bold]Jan\\[/]"}
    ),
    done("filter syntax in a number", number="A' OR ID GT 0"),
    done("quotes of both kinds in a number", number="Q'\"[1],{2}\\"),
    done("markup of a terminal in a number", number="M\\[/]"),
    done("path-like order number", having(order_number="../../c/demo?x=1#y"), shows={"cisObj": "../../c/demo?x=1#y"}),
    done("list separator in an order number", having(order_number="1;2;3"), shows={"cisObj": "1;2;3"}),
    Hostile(name="number over 20 characters", cause="field.too_long", where="kod", number="FAKTURA-2026-000000001"),
    # --- days
    Hostile(
        name="day 0000-00-00", cause="field.date", where="date_of_issuance", spoil=having(date_of_issuance="0000-00-00")
    ),
    done(
        "29 February of a leap year",
        having(date_of_issuance="2024-02-29", date_of_vat_revenue_recognition="2024-02-29"),
        shows={"datVyst": "2024-02-29"},
    ),
    Hostile(
        name="29 February of another year",
        cause="field.date",
        where="date_of_issuance",
        spoil=having(date_of_issuance="2026-02-29"),
    ),
    Hostile(
        name="year 9999",
        cause="flexibee.refused",
        spoil=having(date_of_issuance="9999-12-31", date_of_vat_revenue_recognition="9999-12-31"),
    ),
    Hostile(
        name="instant in the year 9999", cause="field.date", spoil=having(date_of_issuance="9999-12-31T23:59:59+00:00")
    ),
    done("hour that DST left out", having(date_of_issuance="2025-03-30T02:30:00"), shows={"datVyst": "2025-03-30"}),
    done("midnight of the shop", having(date_of_issuance="2026-02-28T23:00:00+00:00"), shows={"datVyst": "2026-03-01"}),
    done(
        "a second before midnight",
        having(date_of_issuance="2026-02-28T22:59:59+00:00"),
        shows={"datVyst": "2026-02-28"},
    ),
    # --- orders beside them
    done("order that is no JSON", having(order_number="ORD1"), orders=[{"order_number": "ORD1", "products": "x"}]),
    done("order whose parts do not add up", having(order_number="ORD2"), orders=[order("ORD2", order_total=500)]),
    done(
        "order with PHP-dumped agreements",
        having(order_number="ORD3"),
        orders=[order("ORD3", customer={"agreements": [{"valid_to": DUMPED}], "company_yn": False})],
    ),
    # --- credit notes
    Hostile(name="credit note of an unknown invoice", cause="credit.original_missing", spoil=credit("1999000000")),
    Hostile(name="credit note of a parked invoice", cause="credit.original_parked", spoil=credit("PARKED")),
    Hostile(name="credit note of itself", cause="credit.original_missing", spoil=credit("SELF"), number="SELF"),
    Hostile(name="cycle of credit notes, one", cause="credit.original_missing", spoil=credit("CYC2"), number="CYC1"),
    Hostile(name="cycle of credit notes, two", cause="credit.original_missing", spoil=credit("CYC1"), number="CYC2"),
    Hostile(
        name="invoice that is parked and credited",
        cause="money.vat_sum",
        number="PARKED",
        spoil=having(total_with_vat=121.07),
    ),
    # --- what the books say
    Hostile(
        name="locked period",
        cause="flexibee.refused",
        spoil=having(date_of_issuance="2025-02-10", date_of_vat_revenue_recognition="2025-02-10"),
    ),
    Hostile(name="number of a foreign document", cause="document.conflict", number="FOREIGN1"),
    Hostile(name="ambiguous contact", cause="contact.ambiguous", spoil=company("ambiguous")),
    Hostile(name="contact refused", cause="flexibee.refused", spoil=company("refused"), freed=True),
    Hostile(
        name="second document of the refused contact", cause="flexibee.refused", spoil=company("refused"), freed=True
    ),
    Hostile(name="unknown type of document", cause="flexibee.refused", spoil=having(currency_id="EUR")),
    Hostile(name="400 with errors[]", cause="flexibee.refused", spoil=having(note="REFUSE-ERRORS"), freed=True),
    Hostile(name="400 with an error string", cause="flexibee.refused", spoil=having(note="REFUSE-ERROR"), freed=True),
    Hostile(
        name="400 with a message at its top", cause="flexibee.refused", spoil=having(note="REFUSE-MESSAGE"), freed=True
    ),
    Hostile(
        name="400 with markup and brackets", cause="flexibee.refused", spoil=having(note="REFUSE-MARKUP"), freed=True
    ),
)


def numbers(place: int) -> tuple[str, str]:
    """The number of a hostile record that has none of its own, and of the sound one that follows it."""
    return f"H{place:03}", f"G{place:03}"


def payload(case: Hostile, number: str, total: str = "121.00") -> str:
    """The text of a hostile record."""
    made = invoice(number, total)
    made["marker"] = case.name
    case.spoil(made)
    return case.text(json.dumps(made, separators=(",", ":")))
