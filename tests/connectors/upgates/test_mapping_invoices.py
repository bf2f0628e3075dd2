"""Invoices, credit notes and receipts as documents: worked figures, VAT regimes, signs, rounding and currencies."""

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from mostek.documents.invoice import ExchangeRate, Invoice, Method, contradictions
from mostek.documents.problem import InvalidDocumentError
from tests.connectors.upgates.samples import SETTINGS, invoice, line, read_invoice, row

ONE = [line(121)]
ONE_VAT = {"21": row(100, 21)}


def rows(document: Invoice) -> list[tuple[str, str, str, str]]:
    return [(str(row.code), str(row.net.amount), str(row.tax.amount), str(row.gross.amount)) for row in document.vat]


def test_an_invoice_of_two_rates() -> None:
    # 3 x 80.67 = 242.01 at 21 %: base 200.01; 112 at 12 %: base 100; shipping 99: base 81.82.
    items = [
        line(242.01, quantity=3, price_per_unit_with_vat=80.67),
        line(112, 12),
        line(99, type="shipment", name="DPD", code=None),
    ]
    document = read_invoice(invoice(453.01, items, {"21": row(281.83, 59.18), "12": row(100, 12)}))
    assert contradictions(document) == ()
    assert rows(document) == [
        ("CZ 12 % reduced", "100.00", "12.00", "112.00"),
        ("CZ 21 % standard", "281.83", "59.18", "341.01"),
    ]
    assert [(found.kind, str(found.unit_price)) for found in document.lines] == [
        ("goods", "80.67"),
        ("goods", "112"),
        ("shipping", "99"),
    ]
    assert (document.number, document.order_number, document.variable_symbol) == ("25000001", "10001", "10001")
    assert (document.issued, document.supplied, document.due) == (date(2025, 3, 1), date(2025, 3, 1), date(2025, 3, 15))
    assert document.payment == Method("", "Kartou")


def test_days_are_those_of_the_shops_zone() -> None:
    # Half an hour after midnight in Prague is the day before in London; in summer the offset is two hours.
    winter = read_invoice(
        invoice(121, ONE, ONE_VAT, date_of_issuance="2024-12-31T23:30:00+00:00", date_of_vat_revenue_recognition=None)
    )
    assert (winter.issued, winter.supplied) == (date(2025, 1, 1), date(2025, 1, 1))
    summer = read_invoice(invoice(121, ONE, ONE_VAT, date_of_issuance="2025-06-30T22:15:00+00:00"))
    assert summer.issued == date(2025, 7, 1)
    change = read_invoice(invoice(121, ONE, ONE_VAT, date_of_issuance="2025-03-29T23:59:00+01:00"))
    assert change.issued == date(2025, 3, 29)


@pytest.mark.parametrize(
    "paid", [(True, "2025-03-02T08:00:00+01:00", date(2025, 3, 2)), (1, None, None), (False, "", None)]
)
def test_paid_or_not(paid: tuple[Any, Any, Any]) -> None:
    document = read_invoice(invoice(121, ONE, ONE_VAT, paid_yn=paid[0], paid_date=paid[1]))
    assert (document.is_paid, document.paid) == (bool(paid[0]), paid[2])


@pytest.mark.parametrize("stated", [121, 121.4])
def test_rounding_stands_outside_vat_whether_the_total_includes_it_or_not(stated: float) -> None:
    items, vats = [line(121.4)], {"21": row(100.33, 21.07)}
    document = read_invoice(invoice(stated, items, vats, total_rest=-0.4))
    assert contradictions(document) == ()
    assert (str(document.total), str(document.rounding)) == ("121.00 CZK", "-0.40 CZK")


def test_rounding_of_net_prices_whose_lines_are_a_heller_off() -> None:
    # 36.37 as below, and paid with 36.00: the total may be either.
    items, vats = [line(12.12, net=10.02) for _ in range(3)], {"21": row(30.06, 6.31)}
    for stated in (36, 36.37):
        document = read_invoice(invoice(stated, items, vats, total_rest=-0.37))
        assert contradictions(document) == ()
        assert (str(document.total), str(document.rounding)) == ("36.00 CZK", "-0.37 CZK")


def test_rounding_inside_the_summary_is_a_contradiction() -> None:
    # Lines 121.40, rounding -0.40, and a summary that holds it: nobody knows at which rate it was taxed.
    document = read_invoice(invoice(121, [line(121.4)], {"21": row(100, 21)}, total_rest=-0.4))
    assert {problem.cause for problem in contradictions(document)} == {"money.vat_sum", "money.vat_row"}


def test_net_prices_are_recognised_by_the_summary() -> None:
    # 3 x 10.02 net: each 12.12 with VAT, 36.36 together; but 30.06 x 1.21 = 36.37, as the summary says.
    items = [line(12.12, net=10.02) for _ in range(3)]
    document = read_invoice(invoice(36.37, items, {"21": row(30.06, 6.31)}))
    assert contradictions(document) == ()
    assert document.basis == "net"
    assert [str(found.unit_price) for found in document.lines] == ["10.02"] * 3


@pytest.mark.parametrize(
    ("gross", "net", "vats", "basis"),
    [
        # 12 pieces of 17,876.90: each 15,961.52 net, together 191,538.24; from the whole 191,538.21.
        (214522.8, 191538.24, row(191538.24, 22984.56), "gross"),
        (214522.8, 191538.24, row(191538.21, 22984.59), "gross"),
        # 12 pieces of 5,173.21 net: each 5,794.00, together 69,528.00; from the whole 69,527.94.
        (69528, 62078.52, row(62078.52, 7449.42), "net"),
    ],
)
def test_the_other_price_may_be_rounded_per_piece(gross: float, net: float, vats: dict[str, float], basis: str) -> None:
    document = read_invoice(invoice(vats["total"], [line(gross, 12, net=net, quantity=12)], {"12": vats}))
    assert contradictions(document) == ()
    assert document.basis == basis
    assert rows(document) == [("CZ 12 % reduced", *(f"{vats[part]:.2f}" for part in ("base", "vat", "total")))]


def test_net_prices_in_euro_pay_the_vat_of_the_rates_sum() -> None:
    # 486.54 - 11.11 + 2.85 + 0.41 = 478.69 net; 23 % of it is 110.10, together 588.79; the lines give 588.78.
    items = [
        line(598.44, 23, net=486.54),
        line(-13.67, 23, net=-11.11, type="discount"),
        line(3.51, 23, net=2.85),
        line(0.5, 23, net=0.41),
    ]
    content = invoice(588.79, items, [], currency_id="EUR", oss_yn=True, oss_country_id="SK")
    document = read_invoice(content)
    assert contradictions(document) == ()
    assert rows(document) == [("SK 23 % oss", "478.69", "110.10", "588.79")]
    assert document.basis == "net"


@pytest.mark.parametrize(
    ("without_vat", "net", "tax"),
    [(None, "59.49", "12.51"), (59.49, "59.49", "12.51"), (59.5, "59.50", "12.50"), (1, "59.49", "12.51")],
)
def test_without_a_summary_the_net_total_tells_how_vat_was_rounded(
    without_vat: float | None, net: str, tax: str
) -> None:
    # 3 x 24.00: each 19.83 net, together 59.49; of the sum 72.00 it is 59.50.
    document = read_invoice(invoice(72, [line(24) for _ in range(3)], [], total_without_vat=without_vat))
    assert contradictions(document) == ()
    assert rows(document) == [("CZ 21 % standard", net, tax, "72.00")]


@pytest.mark.parametrize("sign", [1, -1])
def test_a_discount_lowers_whatever_its_sign(sign: int) -> None:
    items = [line(121), line(12.1 * sign, type="discount", name="Sleva")]
    document = read_invoice(invoice(108.9, items, {"21": row(90, 18.9)}))
    assert contradictions(document) == ()
    assert [str(found.gross.amount) for found in document.lines] == ["121.00", "-12.10"]
    assert document.lines[1].unit_price == Decimal("-12.1")


CREDITS = {
    "all positive": (1, 1, 1, 1),
    "all negative": (-1, -1, -1, 1),
    "negative by quantity": (-1, -1, -1, -1),
    "only the total is negative": (1, 1, -1, 1),
    "only the items are negative": (-1, 1, 1, -1),
}


@pytest.mark.parametrize("name", CREDITS)
def test_a_credit_note_is_positive_whatever_its_signs(name: str) -> None:
    items, summary, stated, quantity = CREDITS[name]
    unit = 121 * items * quantity
    content = invoice(
        133 * stated,
        [
            line(121 * items, quantity=quantity, price_per_unit_with_vat=unit),
            line(12.1 * items, quantity=quantity, price_per_unit_with_vat=12.1 * items * quantity),
        ],
        {"21": {"base": 110 * summary, "vat": 23.1 * summary, "total": 133.1 * summary}},
        type="creditNote",
        related_invoice_number="25000001",
        invoice_number="D25000001",
        total_rest=-0.1 * stated,
    )
    document = read_invoice(content)
    assert contradictions(document) == ()
    assert (document.kind, document.corrects) == ("credit_note", "25000001")
    assert (str(document.total), str(document.rounding)) == ("133.00 CZK", "-0.10 CZK")
    assert rows(document) == [("CZ 21 % standard", "110.00", "23.10", "133.10")]
    assert [(found.quantity, found.unit_price) for found in document.lines] == [
        (Decimal(1), Decimal(121)),
        (Decimal(1), Decimal("12.1")),
    ]


def test_a_credited_discount_stays_negative() -> None:
    items = [line(-121), line(12.1, type="discount")]
    document = read_invoice(invoice(-108.9, items, {"21": row(-90, -18.9)}, type="creditNote"))
    assert contradictions(document) == ()
    assert [str(found.gross.amount) for found in document.lines] == ["121.00", "-12.10"]


def test_a_credit_note_keeps_the_rate_of_what_it_corrects() -> None:
    content = invoice(-115, [line(-115, 15)], {"15": row(-100, -15)}, type="creditNote")
    assert str(read_invoice(content).vat[0].code) == "CZ 15 % reduced"
    with pytest.raises(InvalidDocumentError, match=r"vat\.unknown_rate"):
        read_invoice(content | {"type": "invoice"})


def test_a_receipt() -> None:
    document = read_invoice(invoice(121, ONE, ONE_VAT, type="receipt", related_invoice_number="1", eet={"fik": "x"}))
    assert (document.kind, document.corrects) == ("receipt", None)


@pytest.mark.parametrize("vats", [{}, [], None])
def test_without_a_summary_the_lines_are_it(vats: Any) -> None:
    document = read_invoice(invoice(233, [line(121), line(112, 12)], vats))
    assert contradictions(document) == ()
    assert [found[1:] for found in rows(document)] == [("100.00", "12.00", "112.00"), ("100.00", "21.00", "121.00")]


def test_a_free_payment_adds_no_vat_row_and_no_line() -> None:
    free = line(0, 0, net=0, type="payment", name="Hotově")
    document = read_invoice(invoice(121, [*ONE, free], ONE_VAT | {"0": row(0, 0)}))
    assert rows(document) == [("CZ 21 % standard", "100.00", "21.00", "121.00")]
    assert len(document.lines) == 1


REGIMES: dict[str, tuple[dict[str, Any], str]] = {
    "consumer at home": ({"country_id": "cz"}, "CZ 0 % exempt"),
    "no country at all": ({"country_id": None}, "CZ 0 % exempt"),
    "company at home": ({"country_id": "cz", "dic": "CZ27082440"}, "CZ 0 % exempt"),
    "company in Slovakia": ({"country_id": "sk", "dic": "SK2020270780"}, "CZ 0 % reverse"),
    "Greek prefix": ({"country_id": "gr", "dic": "EL094014249"}, "CZ 0 % reverse"),
    "Polish number without a prefix": ({"country_id": "pl", "dic": "526-104-08-28"}, "CZ 0 % reverse"),
    "foreign number, address at home": ({"country_id": "cz", "dic": "DE811569869"}, "CZ 0 % reverse"),
    "consumer in Slovakia": ({"country_id": "sk"}, "CZ 0 % exempt"),
    "Swiss buyer": ({"country_id": "ch"}, "CZ 0 % zero"),
    "British company": ({"country_id": "gb", "dic": "GB980780684"}, "CZ 0 % zero"),
}


@pytest.mark.parametrize("name", REGIMES)
@pytest.mark.parametrize("vats", [{"0": row(100, 0)}, [row(100, 0)]], ids=["object", "list"])
def test_what_zero_percent_means(name: str, vats: Any) -> None:
    customer, code = REGIMES[name]
    document = read_invoice(invoice(100, [line(100, 0)], vats, customer=customer))
    assert contradictions(document) == ()
    assert [str(found.code) for found in document.vat] == [code]


def test_the_setting_says_what_zero_means_at_home() -> None:
    settings = msgspec.structs.replace(SETTINGS, domestic_zero="zero")
    assert str(read_invoice(invoice(100, [line(100, 0)], []), settings).vat[0].code) == "CZ 0 % zero"


def test_a_seller_who_pays_no_vat() -> None:
    supplier = {"var_payer_yn": False}
    assert str(read_invoice(invoice(100, [line(100, 0)], [], supplier=supplier)).vat[0].code) == "CZ 0 % outside"
    with pytest.raises(InvalidDocumentError, match=r"vat\.not_payer"):
        read_invoice(invoice(121, ONE, [], supplier=supplier))


def test_one_stop_shop() -> None:
    content = invoice(119, [line(119, 19)], {"19": row(100, 19)}, oss_yn=True, oss_country_id="de")
    document = read_invoice(content)
    assert contradictions(document) == ()
    assert rows(document) == [("DE 19 % oss", "100.00", "19.00", "119.00")]
    assert (
        str(read_invoice(invoice(121, ONE, ONE_VAT, oss_yn=True, oss_country_id="cz")).vat[0].code)
        == "CZ 21 % standard"
    )
    with pytest.raises(InvalidDocumentError, match=r"upgates\.oss_country"):
        read_invoice(content | {"oss_country_id": None})


@pytest.mark.parametrize(("rate", "expected"), [(25.215, "25.215"), (0.03966, "25.214322")])
def test_a_summary_in_crowns_gives_the_rate_and_no_amount(rate: float, expected: str) -> None:
    # 121 EUR x 25.215 = 3,051.02 CZK; an order's rate would be the other way round, 0.03966 EUR for a crown.
    content = invoice(
        121,
        ONE,
        {"21": row(2521.5, 529.52)},
        currency_id="EUR",
        recapitulation_currency_id="CZK",
        recapitulation_currency_rate=rate,
        recapitulation_vats_total=row(2521.5, 529.52),
    )
    document = read_invoice(content)
    assert contradictions(document) == ()
    assert document.exchange == ExchangeRate(home="CZK", rate=Decimal(expected), source="document")
    assert rows(document) == [("CZ 21 % standard", "100.00", "21.00", "121.00")]
    for broken in (
        {"recapitulation_vats_total": None},
        {"recapitulation_vats_total": row(5000, 0)},
        {"recapitulation_currency_rate": -1},
    ):
        with pytest.raises(InvalidDocumentError, match=r"upgates\.exchange"):
            read_invoice(content | broken)


def test_a_summary_in_the_documents_currency_gives_no_rate() -> None:
    content = invoice(121, ONE, ONE_VAT, recapitulation_currency_id="CZK", recapitulation_currency_rate=1)
    assert read_invoice(content).exchange is None


@pytest.mark.parametrize(
    ("content", "causes"),
    [
        (invoice(122, ONE, ONE_VAT), {"money.vat_sum", "money.line_sum"}),
        (invoice(121, [line(60.5)], ONE_VAT), {"money.line_sum", "money.vat_row"}),
        (invoice(121, [line(121, 12)], ONE_VAT), {"money.vat_row"}),
    ],
)
def test_what_contradicts_itself_is_seen(content: dict[str, Any], causes: set[str]) -> None:
    assert {problem.cause for problem in contradictions(read_invoice(content))} == causes


HOSTILE: dict[str, tuple[dict[str, Any], str]] = {
    "no number": ({"invoice_number": None}, "field.missing"),
    "unknown type": ({"type": "proforma"}, "upgates.word"),
    "no type": ({"type": None}, "field.missing"),
    "unknown kind of item": ({"items": [line(121, type="deposit")]}, "upgates.word"),
    "items are an object": ({"items": {"a": 1}}, "field.type"),
    "no items": ({"items": None}, "field.missing"),
    "no such rate": ({"items": [line(113, 13)], "recapitulation_vats": []}, "vat.unknown_rate"),
    "VAT on top of a gross price": ({"items": [line(121, net=121)]}, "upgates.line_vat"),
    "summary row that does not add up": (
        {"recapitulation_vats": {"21": {"base": 100, "vat": 21, "total": 120}}},
        "vat.row_sum",
    ),
    "summary by name": ({"recapitulation_vats": {"basic": row(100, 21)}}, "number.invalid"),
    "nul in the note": ({"note": "a\x00b"}, "text.nul"),
    "half a surrogate pair": ({"variable_symbol": "\udc00"}, "text.surrogate"),
    "unknown currency": ({"currency_id": "BTC"}, "currency.unknown"),
    "no date": ({"date_of_issuance": "včera"}, "field.date"),
    "a thousandth of a crown": ({"total_with_vat": 121.001}, "money.decimals"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile(name: str) -> None:
    facts, cause = HOSTILE[name]
    with pytest.raises(InvalidDocumentError) as error:
        read_invoice(invoice(121, ONE, ONE_VAT) | facts)
    assert error.value.problems[0].cause == cause
