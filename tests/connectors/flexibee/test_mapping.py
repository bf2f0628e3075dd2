"""Documents into records and back: to the cent, whatever the shop's arithmetic and texts."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mostek.connectors.flexibee.mapping import credited, expect, known_by, render, resembles, statement
from mostek.documents.invoice import ExchangeRate, Invoice, Method
from mostek.documents.money import Money
from mostek.documents.party import Address
from mostek.documents.problem import InvalidDocumentError
from mostek.documents.vat import VatCode, VatRow
from mostek.sdk.column import short_code
from mostek.sdk.effect import Action, Match, Question, Reference
from tests.connectors.flexibee import flexi
from tests.connectors.flexibee.flexi import create, key, record, settings
from tests.documents.strategies import Sold, document

CZ21, CZ12 = VatCode("standard", Decimal(21), "CZ"), VatCode("reduced", Decimal(12), "CZ")
EXEMPT = VatCode("exempt", Decimal(0), "CZ")
HEADER = {"standard": "Zakl", "reduced": "Sniz", "second_reduced": "Sniz2"}


def sold(quantity: str, price: str, code: VatCode = CZ21, off: int = 0) -> Sold:
    return Sold(Decimal(quantity), Decimal(price), code, off)


def changed(invoice: Invoice, **values: Any) -> Invoice:
    return msgspec.structs.replace(invoice, **values)


def cause(action: Action, of: Any = None) -> tuple[str, str]:
    with pytest.raises(InvalidDocumentError) as caught:
        render(of or settings(), action)
    problem = caught.value.problems[0]
    return problem.cause, problem.field


def header_sums(sent: dict[str, Any]) -> dict[str, tuple[int, int, int]]:
    """The sums that the header states, by level, in cents."""
    found = {}
    for level, part in (("dphZakl", "Zakl"), ("dphSniz", "Sniz"), ("dphSniz2", "Sniz2")):
        sums = tuple(flexi.cents(sent, f"sum{name}{part}", 0) for name in ("Zkl", "Dph", "Celk"))
        found[level] = (sums[0], sums[1], sums[2])
    exempt = flexi.cents(sent, "sumOsv", 0)
    return {level: sums for level, sums in {**found, "dphOsv": (exempt, 0, exempt)}.items() if any(sums)}


# --- the money ------------------------------------------------------------------------------------------------------


@given(flexi.bookable(), st.sampled_from(("line", "header")), st.sampled_from(("lines", "summary")))
def test_the_books_arrive_at_what_is_stated_and_expected(invoice: Invoice, sums: str, content: str) -> None:
    of = settings(explicit_sums=sums, content=content)
    action = create(invoice)
    sent, expected = record(action, of), expect(of, action)
    assert expected is not None
    stated = header_sums(sent)
    if "polozkyFaktury" in sent:
        rates = {flexi.level_of(row.code).removeprefix("typSzbDph."): row.code.rate for row in invoice.vat}
        rates |= {flexi.level_of(line.vat).removeprefix("typSzbDph."): line.vat.rate for line in invoice.lines}
        books = flexi.computed(sent, rates)
        assert {level: parts for level, parts in books.items() if any(parts)} == stated
        assert sent["bezPolozek"] == "false"
    sign = -1 if invoice.kind == "credit_note" else 1
    scale = 1 if invoice.currency != "JPY" else 100
    rows = {row.bucket: [part.minor * scale * sign for part in (row.net, row.tax, row.gross)] for row in expected.rows}
    names = {"standard": "dphZakl", "reduced": "dphSniz", "second_reduced": "dphSniz2", "exempt": "dphOsv"}
    assert {names[bucket]: tuple(parts) for bucket, parts in rows.items()} == stated
    assert flexi.cents(sent, "sumCelkem", 0) == sign * invoice.total.minor * scale
    assert sum(row.gross.minor for row in expected.rows) == expected.total.minor == invoice.total.minor


@given(flexi.bookable())
def test_what_is_sent_reads_back_as_what_is_expected(invoice: Invoice) -> None:
    """A vendor who keeps exactly what the header says shows the statement that was expected."""
    action = create(invoice, refs={"corrects": Reference(key=key("original"))})
    sent, expected = record(action), expect(settings(), action)
    listed = {**sent, "id": "7", "external-ids": [sent["id"]], "zbyvaUhradit": "0.0"}
    kind = "credit_note" if invoice.kind == "credit_note" else "invoice"
    found = statement(listed, kind=kind, home="CZK", corrects=key("original"))
    assert expected == msgspec.structs.replace(found, id="", unpaid=None)


def test_the_same_action_has_the_same_bytes() -> None:
    action = create(document([sold("3", "33.33"), sold("1", "99", CZ12)]))
    again = msgspec.json.decode(msgspec.json.encode(action), type=Action)
    assert render(settings(), action) == render(settings(), again)


def test_three_times_33_33_is_computed_by_the_books_themselves() -> None:
    sent = record(create(document([sold("3", "33.33")])))
    (line,) = sent["polozkyFaktury"]
    assert (line["mnozMj"], line["cenaMj"], line["typCenyDphK"]) == ("3", "33.33", "typCeny.sDph")
    assert "sumDph" not in line
    assert (sent["sumZklZakl"], sent["sumDphZakl"], sent["sumCelkZakl"]) == ("82.64", "17.35", "99.99")
    assert sent["sumCelkem"] == "99.99"


def test_a_recapitulation_that_differs_by_a_cent_is_stated_on_one_line() -> None:
    """Three lines of 33.33: VAT line by line 3 x 5.78 = 17.34, from the sum 17.35; the document says 17.35."""
    invoice = document([sold("1", "33.33")] * 3, per_rate=True)
    assert [row.tax for row in invoice.vat] == [Money(1735, "CZK")]
    lines = record(create(invoice))["polozkyFaktury"]
    assert [line.get("sumDph") for line in lines] == ["5.79", None, None]
    assert [line.get("sumCelkem") for line in lines] == ["33.33", None, None]


def test_where_the_header_is_to_say_it_no_lines_are_sent() -> None:
    invoice = document([sold("1", "33.33")] * 3, per_rate=True)
    sent = record(create(invoice), settings(explicit_sums="header"))
    assert "polozkyFaktury" not in sent
    assert (sent["bezPolozek"], sent["sumDphZakl"]) == ("true", "17.35")


def test_a_voucher_above_the_goods_makes_a_negative_document() -> None:
    sent = record(create(document([sold("1", "85.00"), sold("-1", "100.00")])))
    assert [line["mnozMj"] for line in sent["polozkyFaktury"]] == ["1", "-1"]
    assert sent["sumCelkem"] == "-15"


def test_a_net_price_states_base_and_total() -> None:
    """0.333 at 10.01 is 3.33333; the shop charged 3.30."""
    invoice = document([sold("0.333", "10.01", off=-3)], basis="net")
    (line,) = record(create(invoice))["polozkyFaktury"]
    assert line["typCenyDphK"] == "typCeny.bezDph"
    assert flexi.computed({"polozkyFaktury": [line]}, {"dphZakl": Decimal(21)}) == {"dphZakl": (330, 69, 399)}


def test_euros_have_sums_of_their_own_and_the_documents_rate() -> None:
    rate = ExchangeRate(home="CZK", rate=Decimal("25.315"), source="document")
    invoice = changed(document([sold("3", "33.33")] * 1, currency="EUR", rounding=1), exchange=rate)
    sent = record(create(invoice))
    assert (sent["mena"], sent["kurz"], sent["kurzMnozstvi"]) == ("code:EUR", "25.315", "1")
    assert (sent["sumZklZaklMen"], sent["sumCelkemMen"], sent["sumOsvMen"]) == ("82.64", "100", "0.01")
    assert not [name for name in sent if name.startswith("sum") and not name.endswith("Men")]


def test_lines_in_euros_state_their_sums_in_euros() -> None:
    lines = record(create(document([sold("1", "33.33")] * 3, per_rate=True, currency="EUR")))["polozkyFaktury"]
    assert (lines[0]["sumDphMen"], lines[0]["sumCelkemMen"]) == ("5.79", "33.33")


def test_yen_are_stated_because_the_books_compute_them_to_a_hundredth() -> None:
    (line,) = record(create(document([sold("1", "0.6")], currency="JPY")))["polozkyFaktury"]
    assert (line["cenaMj"], line["sumCelkemMen"], line["sumDphMen"]) == ("0.6", "1", "0")
    assert "polozkyFaktury" not in record(
        create(document([sold("1", "0.6")], currency="JPY")), settings(explicit_sums="header")
    )


def test_books_in_euros_have_euros_at_home() -> None:
    sent = record(create(document([sold("1", "10")], currency="EUR")), settings(home_currency="EUR"))
    assert sent["sumCelkem"] == "10"
    assert "kurz" not in sent


def test_a_rate_to_another_currency_than_the_books_is_refused() -> None:
    rate = ExchangeRate(home="EUR", rate=Decimal("0.04"), source="document")
    invoice = changed(document([sold("1", "10")], currency="HUF"), exchange=rate)
    assert cause(create(invoice)) == ("flexibee.home_currency", "exchange")


def test_rounding_is_a_line_of_its_own_and_never_the_books() -> None:
    sent = record(
        create(document([sold("1", "99.60")], rounding=40), options={"vat:rounding": "typSzbDph.dphOsv;clenDph=000"})
    )
    line = sent["polozkyFaktury"][-1]
    assert (line["mnozMj"], line["cenaMj"], line["typSzbDphK"]) == ("1", "0.4", "typSzbDph.dphOsv")
    assert (line["clenDph"], line["kopClenDph"]) == ("code:000", "false")
    assert (sent["zaokrNaSumK"], sent["sumOsv"], sent["sumCelkem"]) == ("zaokrNa.zadne", "0.4", "100")


def test_a_credit_note_has_negative_quantities_and_sums() -> None:
    invoice = changed(document([sold("2", "60.50"), sold("-1", "21")], rounding=50), kind="credit_note")
    sent = record(create(invoice, document_type="DOBROPIS"))
    assert [line["mnozMj"] for line in sent["polozkyFaktury"]] == ["-2", "1", "-1"]
    assert [line["cenaMj"] for line in sent["polozkyFaktury"]] == ["60.5", "21", "0.5"]
    assert (sent["sumCelkem"], sent["sumOsv"], sent["typDokl"]) == ("-100.5", "-0.5", "code:DOBROPIS")


def test_sums_are_left_out_when_not_wanted() -> None:
    sent = record(create(document([sold("1", "10")])), settings(state_sums=False))
    assert not [name for name in sent if name.startswith("sum")]


# --- VAT ------------------------------------------------------------------------------------------------------------


def test_a_code_of_the_vat_return_goes_to_its_line() -> None:
    invoice = document([sold("1", "10"), sold("1", "20", EXEMPT)])
    options = {f"vat:{EXEMPT}": "typSzbDph.dphOsv; clenDph=040 ;clenKonVykDph=0.0."}
    taxed, exempt = record(create(invoice, options=options))["polozkyFaktury"]
    assert "clenDph" not in taxed
    assert (exempt["clenDph"], exempt["kopClenDph"]) == ("code:040", "false")
    assert (exempt["clenKonVykDph"], exempt["kopClenKonVykDph"]) == ("code:0.0.", "false")


def test_oss_names_the_consumers_country() -> None:
    oss = VatCode("oss", Decimal(23), "SK")
    sent = record(create(document([sold("1", "123", oss), sold("1", "10", EXEMPT)], currency="EUR")))
    assert sent["statDph"] == "code:SK"
    assert (sent["sumZklZaklMen"], sent["sumOsvMen"]) == ("100", "10")


@pytest.mark.parametrize(
    ("codes", "options", "found"),
    [
        ((CZ21, VatCode("oss", Decimal(23), "SK")), {}, "flexibee.same_level"),
        ((CZ12, VatCode("oss", Decimal(23), "SK")), {}, "flexibee.countries"),
        ((CZ21,), {f"vat:{CZ21}": "typSzbDph.dphOsv"}, "flexibee.vat_level"),
        ((EXEMPT,), {f"vat:{EXEMPT}": "typSzbDph.dphZakl"}, "flexibee.vat_level"),
        ((CZ21, CZ12), {f"vat:{CZ12}": "typSzbDph.dphZakl"}, "flexibee.same_level"),
        ((CZ21,), {f"vat:{CZ21}": "21 %"}, "flexibee.vat_mapping"),
        ((CZ21,), {f"vat:{CZ21}": "typSzbDph.dphZakl;clenDph="}, "flexibee.vat_mapping"),
        ((CZ21,), {f"vat:{CZ21}": "typSzbDph.dphZakl;sumCelkem=1"}, "flexibee.vat_mapping"),
        ((CZ21,), {f"vat:{CZ21}": ""}, "flexibee.unmapped"),
        ((CZ21,), {"document_type": ""}, "flexibee.unmapped"),
    ],
)
def test_vat_that_the_books_could_not_hold_is_refused(
    codes: tuple[VatCode, ...], options: dict[str, str], found: str
) -> None:
    assert cause(create(document([sold("1", "10", code) for code in codes]), options=options))[0] == found


def test_a_summary_can_say_one_code_only() -> None:
    of = settings(content="summary")
    invoice = document([sold("1", "10", EXEMPT)])
    assert (
        record(create(invoice, options={f"vat:{EXEMPT}": "typSzbDph.dphOsv;clenDph=040"}), of)["clenDph"] == "code:040"
    )
    both = document([sold("1", "10", EXEMPT), sold("1", "10")])
    assert cause(create(both, options={f"vat:{EXEMPT}": "typSzbDph.dphOsv;clenDph=040"}), of) == (
        "flexibee.summary",
        "vat",
    )


def test_a_row_of_nothing_asks_for_no_mapping() -> None:
    zero = Money.zero("CZK")
    invoice = document([sold("1", "10")])
    invoice = changed(invoice, vat=(*invoice.vat, VatRow(EXEMPT, zero, zero, zero)))
    action = create(document([sold("1", "10")]))
    assert render(settings(), msgspec.structs.replace(action, subject=invoice)) == render(settings(), action)


def test_a_document_that_contradicts_itself_is_refused() -> None:
    invoice = changed(document([sold("1", "10")]), total=Money(1001, "CZK"))
    assert cause(create(invoice))[0] == "money.vat_sum"


# --- the rest of the document ---------------------------------------------------------------------------------------


def test_the_header_says_who_when_and_for_what() -> None:
    invoice = changed(
        document([sold("1", "10")]),
        number="f2026-1",
        order_number="10001",
        variable_symbol="20261",
        due=date(2024, 3, 15),
        delivery=Address(name="Jana", street="Krátká 2", city="Brno", postcode="60200", country="CZ"),
        payment=Method("card", "Kartou"),
        buyer=flexi.BUYER,
    )
    refs = {"contact": Reference(key=key("contact"))}
    sent = record(create(invoice, refs=refs, payment_form="KARTA", shipping_form="code:PPL"), settings(centre="C"))
    expected = {
        "@update": "ignore",
        "id": f"ext:MOSTEK:{key('doc')}",
        "typDokl": "code:FAKTURA",
        "kod": "F2026-1",
        "varSym": "20261",
        "cisObj": "10001",
        "popis": "E-shop 10001",
        "datVyst": "2024-03-01",
        "duzpPuv": "2024-03-01",
        "datSplat": "2024-03-15",
        "firma": f"ext:MOSTEK:{key('contact')}",
        "nazFirmy": "Vzorná s.r.o.",
        "ic": "27082440",
        "dic": "CZ27082440",
        "stat": "code:CZ",
        "postovniShodna": "false",
        "faNazev": "Jana",
        "faStat": "code:CZ",
        "formaUhradyCis": "code:KARTA",
        "formaDopravy": "code:PPL",
        "stredisko": "code:C",
        "stavMailK": "stavMail.neodesilat",
        "slevaDokl": "0",
    }
    assert {name: sent.get(name) for name in expected} == expected
    assert "cisDosle" not in sent


def test_the_books_may_number() -> None:
    sent = record(create(document([sold("1", "10")])), settings(numbering="target"))
    assert "kod" not in sent
    assert sent["cisDosle"] == "2024001"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"number": "x" * 21}, "kod"),
        ({"variable_symbol": "1" * 31}, "varSym"),
        ({"buyer": changed(flexi.BUYER, tax_id="1" * 21)}, "dic"),  # type: ignore[arg-type]
        ({"order_number": "1" * 2001}, "cisObj"),
    ],
)
def test_what_identifies_is_never_cut(values: dict[str, Any], field: str) -> None:
    assert cause(create(changed(document([sold("1", "10")]), **values))) == ("field.too_long", field)


def test_long_and_hostile_texts_are_cut_with_a_note() -> None:
    name = "\"Koníček\" \\ 'x' <b>&amp;</b> 😀 " * 12
    invoice = document([sold("1", "10")])
    line = changed(invoice.lines[0], name=name, code="x" * 70)  # type: ignore[arg-type]
    buyer = changed(flexi.BUYER, address=changed(flexi.BUYER.address, name=name))  # type: ignore[arg-type]
    sent = record(create(changed(invoice, lines=(line,), buyer=buyer, note="Zvonit dvakrát")))
    (sold_line,) = sent["polozkyFaktury"]
    for record_, field in ((sent, "nazFirmy"), (sold_line, "nazev")):
        assert len(record_[field].encode("utf-16-le")) // 2 <= 255
        assert name.strip() in record_["poznam"]
    assert sent["poznam"].startswith("Zvonit dvakrát\n")
    assert len(sold_line["kod"]) == 64


def test_line_ids_that_would_be_ambiguous_are_digested() -> None:
    invoice = document([sold("1", "10"), sold("1", "20")])
    lines = (invoice.lines[0], changed(invoice.lines[1], id="a,b][ext:X:1"))  # type: ignore[arg-type]
    first, second = record(create(changed(invoice, lines=lines)))["polozkyFaktury"]
    assert first["id"] == f"ext:MOSTEK:{key('doc')}:0"
    assert set(second["id"].removeprefix(f"ext:MOSTEK:{key('doc')}:")) <= set("0123456789abcdef")


def test_a_product_card_comes_with_its_warehouse() -> None:
    sent = record(create(document([sold("1", "10")]), options={"product:0": "77"}), settings(warehouse="HLAVNI"))
    (line,) = sent["polozkyFaktury"]
    assert (line["cenik"], line["typPolozkyK"], line["sklad"]) == ("77", "typPolozky.katalog", "code:HLAVNI")


def test_a_quantity_finer_than_the_books_keep_is_refused() -> None:
    assert cause(create(document([sold("0.1234567", "1000")])))[0] == "field.too_precise"


# --- contacts, ties, payments ---------------------------------------------------------------------------------------


def test_a_contact_has_a_code_made_of_its_key() -> None:
    sent = record(flexi.contact(delivery=Address(name="Sklad", city="Praha", country="CZ")))
    assert (len(sent["kod"]), sent["kod"]) == (20, short_code(key("contact")))
    assert sent["kod"].isalnum()
    assert sent["kod"] == sent["kod"].upper()
    assert (sent["ic"], sent["faJmenoFirmy"], sent["postovniShodna"]) == ("27082440", "Sklad", "false")
    assert (sent["id"], sent["@update"]) == (f"ext:MOSTEK:{key('contact')}", "ignore")


def test_codes_of_contacts_differ() -> None:
    assert len({short_code(key(str(number))) for number in range(2000)}) == 2000


def test_a_tie_never_makes_a_document() -> None:
    sent = json.loads(render(settings(), flexi.link(credit=Reference(key=key("c")), original=Reference(id="8"))))
    tie = {"dobropisovanyDokl": "8"}
    assert sent == {"faktura-vydana": {"@create": "fail", "id": f"ext:MOSTEK:{key('c')}", "vytvor-vazbu-dobropis": tie}}


def test_a_document_that_is_not_ours_is_named_by_its_number() -> None:
    action = flexi.link(credit=Reference(key=key("c")), original=Reference())
    assert record(action)["vytvor-vazbu-dobropis"] == {"dobropisovanyDokl": "code:F1"}
    assert cause(action, settings(numbering="target")) == ("flexibee.no_document", "corrects")


def test_paid_is_marked_on_the_document() -> None:
    assert record(flexi.settle(Reference(key=key("doc")))) == {
        "@create": "fail",
        "id": f"ext:MOSTEK:{key('doc')}",
        "stavUhrK": "stavUhr.uhrazenoRucne",
    }


def test_a_payment_by_document_is_paired_to_the_cent() -> None:
    sent = record(
        flexi.settle(Reference(key=key("doc")), mode="document", bank_account="BANKA", document_type="FAKTURA")
    )
    assert sent["id"] == f"ext:MOSTEK:{key('payment')}"
    assert (sent["typDokl"], sent["banka"], sent["sumOsv"]) == ("code:STANDARD", "code:BANKA", "121")
    assert (sent["typPohybuK"], sent["datVyst"]) == ("typPohybu.prijem", "2026-02-28")
    pairing = {"@type": "faktura-vydana", "@castka": "121", "filter": f"ext:MOSTEK:{key('doc')}"}
    assert sent["sparovani"] == {"uhrazovanaFak": pairing, "zbytek": "ne"}


def test_a_payment_back_leaves_the_account() -> None:
    sent = record(flexi.settle(Reference(id="7"), mode="document", account="BANKA", amount="-121.00"))
    assert (sent["typPohybuK"], sent["sumOsv"]) == ("typPohybu.vydej", "121")


def test_only_documents_are_expected() -> None:
    assert expect(settings(), flexi.contact()) is None
    assert expect(settings(), flexi.settle(Reference(id="7"))) is None
    paid = expect(settings(), flexi.settle(Reference(id="7"), mode="document", bank_account="B"))
    assert paid is not None
    assert paid.total == Money(12100, "CZK")


def test_what_the_connector_does_not_know_is_refused() -> None:
    action = msgspec.structs.replace(flexi.contact(), verb="link")
    assert cause(action)[0] == "flexibee.not_supported"
    mixed = msgspec.structs.replace(flexi.contact(), kind="invoice")
    assert cause(mixed)[0] == "flexibee.not_supported"


# --- reading --------------------------------------------------------------------------------------------------------


def test_native_values_read_like_text() -> None:
    texts = flexi.row(105, sumCelkem="1.21E2")
    natives = texts | {"id": 105, "storno": False, "sumCelkem": Decimal("121.0"), "sumZklZakl": 100}
    assert statement(natives, kind="invoice", home="CZK") == statement(texts, kind="invoice", home="CZK")


def test_binary_fractions_are_cents() -> None:
    found = statement(flexi.row(1, sumOsv="0.30000000000000004"), kind="invoice", home="CZK")
    assert found.rows[-1].net == Money(30, "CZK")


def test_paid_by_hand_leaves_nothing_to_pay() -> None:
    row = flexi.row(1, stavUhrK="stavUhr.uhrazenoRucne")
    assert statement(row, kind="invoice", home="CZK").unpaid == Money(0, "CZK")
    assert statement(flexi.row(1), kind="invoice", home="CZK").unpaid == Money(12100, "CZK")


@pytest.mark.parametrize(
    "tie",
    [
        {"a": "code:F1", "a@internalId": "1", "b": "code:D2", "b@internalId": "2"},
        {"b": "1", "a": "2"},
        {"a": ["1"], "b": ["2"]},
        {"a": "Faktura", "a@ref": "/c/firma/faktura-vydana/1.json", "b@ref": "/c/firma/faktura-vydana/2.json"},
    ],
)
def test_either_end_of_a_tie_may_be_the_credit_note(tie: dict[str, Any]) -> None:
    row = flexi.row(2, kod="D2", vazby=[{"typVazbyK": "typVazbyDokl.uhrada", "a": "9", "b": "2"}])
    assert credited(row) == ""
    row["vazby"].append({"typVazbyK": "typVazbyDokl.hlavaDobropis", **tie})
    assert credited(row) == "1"


def test_a_number_is_an_identity_an_order_number_is_not() -> None:
    invoice = changed(document([sold("1", "121")]), order_number="10001", variable_symbol="55")
    action, target = create(invoice), settings(numbering="target")
    assert known_by(settings(), action) == Question(about="document", by={"number": "2024001"})
    weak = {"received": "2024001", "order": "10001", "symbol": "55"}
    assert known_by(target, action) == Question(about="document", by=weak)
    same = statement(flexi.row(1), kind="invoice", home="CZK")
    match = Match(id="1", by="order", statement=same)
    assert resembles(match, action, target)
    others = {"key": key("x"), "cancelled": True, "kind": "credit_note", "total": Money(1, "CZK")}
    for name, value in others.items():
        other = msgspec.structs.replace(match, statement=msgspec.structs.replace(same, **{name: value}))
        assert not resembles(other, action, target)
        assert resembles(other, action, settings()) == (name in {"kind", "total"})
