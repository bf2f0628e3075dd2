"""The document generator: deterministic, varied, and its truth agrees with the JSON it sends."""

import json
import time
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from stdnum.cz import dic
from stdnum.eu import vat

from mostek.connectors.upgates.sandbox.baskets import Basket, Truth, baskets, documents, expected, texts
from mostek.connectors.upgates.sandbox.options import Options
from mostek.connectors.upgates.sandbox.shop.hostile import HOSTILE
from mostek.connectors.upgates.sandbox.shop.people import customers

Json = dict[str, Any]
CLEAN = Options(seed=5, hostile=0.0)
SIZE = 3000


@pytest.fixture(scope="module")
def drawn() -> list[Basket]:
    return list(baskets(5, SIZE))


def exact(pair: tuple[str, str]) -> tuple[Json, Json]:
    order, invoice = (json.loads(text, parse_float=Decimal, parse_int=Decimal) for text in pair)
    return order, invoice


def test_the_same_seed_gives_the_same_bytes() -> None:
    assert list(texts(3, 50)) == list(texts(3, 50))
    assert list(texts(3, 50)) != list(texts(4, 50))


def test_a_longer_run_begins_like_a_shorter_one_but_for_its_times(drawn: list[Basket]) -> None:
    shorter = list(baskets(5, 100))
    assert [basket.truth.total for basket in shorter] == [basket.truth.total for basket in drawn[:100]]


def test_expected_belongs_to_documents() -> None:
    truths = expected(3, 80)
    assert [invoice["invoice_number"] for _, invoice in documents(3, 80)] == list(truths)


@pytest.mark.parametrize("sign", ["quantity", "price", "positive"])
def test_truth_agrees_with_the_json_to_the_cent(sign: str) -> None:
    """Totals, recapitulation and items of the wire, read exactly, are the engine's; a credit note with its sign."""
    options = replace(CLEAN, credit_sign=sign)
    truths = expected(5, SIZE // 3, options=options)
    for pair in texts(5, SIZE // 3, options=options):
        _, invoice = exact(pair)
        truth = truths[invoice["invoice_number"]]
        factor = -1 if truth.kind == "creditNote" and sign != "positive" else 1
        assert factor * invoice["total_with_vat"] == truth.total
        assert factor * invoice["total_rest"] == truth.rest
        assert factor * invoice["total_without_vat"] == sum(base for base, _, _ in truth.rates.values())
        assert sum(total for _, _, total in truth.rates.values()) + truth.rest == truth.total
        for base, tax, total in truth.rates.values():
            assert base + tax == total
        check_recapitulation(invoice, truth, factor)
        check_items(invoice, truth, factor)


def check_recapitulation(invoice: Json, truth: Truth, factor: int) -> None:
    rows = invoice["recapitulation_vats"]
    assert rows.keys() == truth.rates.keys()
    rate = invoice.get("recapitulation_currency_rate") or 1
    assert (truth.currency == "CZK") == (rate == 1)
    for key, (base, _, total) in truth.rates.items():
        # A crown is less than a euro, so what was converted can be converted back to the very cent.
        shown = [(factor * rows[key][name] / rate).quantize(Decimal("0.01")) for name in ("base", "total")]
        assert shown == [base, total]
    whole = invoice["recapitulation_vats_total"]
    assert all(whole[name] == sum(row[name] for row in rows.values()) for name in ("base", "vat", "total"))


def check_items(invoice: Json, truth: Truth, factor: int) -> None:
    """Items sum to each rate's base and total, but for the rounding per rate, which is at most half a cent per item."""
    for key, (base, _, total) in truth.rates.items():
        items = [item for item in invoice["items"] if item["vat"] == Decimal(key)]
        net = factor * sum(item["price_without_vat"] for item in items)
        gross = factor * sum(item["price_with_vat"] for item in items)
        assert net == base or gross == total
        quantities = sum(abs(item["quantity"]) for item in items)
        room = Decimal("0.005") * (len(items) + quantities) + Decimal("0.01")
        assert abs(net - base) <= room
        assert abs(gross - total) <= room


def test_an_invoice_of_an_order_costs_what_the_order_does(drawn: list[Basket]) -> None:
    for basket in drawn:
        assert basket.order is not None
        if basket.truth.kind == "invoice":
            assert Decimal(str(basket.order["order_total"])) == basket.truth.total
            assert basket.order["invoice_number"] == basket.truth.number


def test_an_order_adds_up(drawn: list[Basket]) -> None:
    """Rows, discounts, shipment and payment with VAT are the total before rounding, where VAT is summed by lines."""
    checked = 0
    for pair in texts(5, 600, options=replace(CLEAN, vintage="2025", recap="lines")):
        order, _ = exact(pair)
        total = sum(row["price_with_vat"] for row in order["products"])
        for block in ("discount_voucher", "quantity_discount", "loyalty_points"):
            total -= sum(part["price_with_vat"] for part in order.get(block, {}).get("discounts", []))
            checked += block in order
        total += order["shipment"]["price_with_vat"] + order["payment"]["price_with_vat"]
        assert total == order["order_total_before_round"]
        assert order["order_total_before_round"] + order["order_total_rest"] == order["order_total"]
    assert checked > 50


def test_a_partial_credit_is_less_than_its_invoice(drawn: list[Basket]) -> None:
    invoices = {basket.truth.number: basket.truth for basket in drawn if basket.truth.kind == "invoice"}
    notes = [basket.truth for basket in drawn if basket.truth.kind == "creditNote" and basket.truth.related in invoices]
    smaller = [note for note in notes if note.total < invoices[note.related or ""].total]
    assert len(smaller) > 20
    assert len(notes) - len(smaller) > 20
    assert all(0 < note.total <= invoices[note.related or ""].total + 1 for note in notes)


def row_kinds(drawn: list[Basket]) -> Counter[str]:
    return Counter(row.get("type", "untyped") for basket in drawn if basket.order for row in basket.order["products"])


def test_everything_that_a_shop_sells_occurs(drawn: list[Basket]) -> None:
    kinds = row_kinds(drawn)
    assert all(kinds[kind] > 10 for kind in ("product", "set", "set_part", "gift", "discount", "untyped"))
    truths = [basket.truth for basket in drawn]
    assert {truth.kind for truth in truths} == {"invoice", "creditNote", "receipt"}
    assert {truth.regime for truth in truths} == {"standard", "reverse", "oss", "export"}
    assert {truth.currency for truth in truths} == {"CZK", "EUR"}
    assert {truth.paid for truth in truths} == {"none", "partial", "full"}
    rates = {rate for truth in truths for rate in truth.rates}
    assert {"21", "12", "0", "23", "19", "7", "25.5", "9.5", "5.5"} <= rates
    assert any(truth.rest < 0 for truth in truths)
    assert any(truth.rest > 0 for truth in truths)
    orders = [basket.order for basket in drawn if basket.order]
    assert {len([row for row in order["products"] if row.get("type") == "product"]) for order in orders} > {1, 5, 8}
    assert any(row["quantity"] != int(row["quantity"]) for order in orders for row in order["products"])
    assert any(order["variable_symbol"] != order["order_number"] for order in orders)
    assert {order["prices_with_vat_yn"] for order in orders} == {True, False}


def test_vouchers_of_every_size_occur(drawn: list[Basket]) -> None:
    vouchers = [
        basket.order["discount_voucher"] for basket in drawn if basket.order and "discount_voucher" in basket.order
    ]
    whole = [voucher for voucher in vouchers if voucher["type"] == "percent" and voucher["amount"] == 100]
    above = [
        voucher
        for voucher in vouchers
        if voucher["type"] == "price" and sum(part["price"] for part in voucher["discounts"]) < voucher["amount"]
    ]
    assert whole
    assert above
    assert any(len(voucher["discounts"]) > 1 for voucher in vouchers)
    assert all(basket.truth.total > 0 for basket in drawn)


def test_unit_price_times_quantity_is_not_always_the_total(drawn: list[Basket]) -> None:
    rows = [row for basket in drawn if basket.order for row in basket.order["products"] if row["quantity"] == 3]
    assert any(abs(row["price_per_unit"] * 3 - row["price"]) > 0.005 for row in rows)


def test_documents_without_an_order_are_drawn_on_request() -> None:
    alone = [basket for basket in baskets(5, 400, without_order=True) if basket.order is None]
    assert alone
    assert all(basket.invoice["order_number"] is None for basket in alone)


def test_hostile_documents_contradict_their_truth() -> None:
    """Each label occurs, and only labelled documents differ from a clean run of the same shop."""
    seen: Counter[str] = Counter()
    for basket in baskets(5, 1500, options=replace(CLEAN, hostile=0.3)):
        if basket.truth.hostile is not None:
            seen[basket.truth.hostile] += 1
            assert contradicts(basket), basket.truth.hostile
    assert seen.keys() == HOSTILE.keys()


def contradicts(basket: Basket) -> bool:
    invoice, truth = basket.invoice, basket.truth
    rows = invoice["recapitulation_vats"]
    return (
        not isinstance(invoice["total_with_vat"], int | float)
        or Decimal(str(abs(invoice["total_with_vat"]))) != truth.total
        or {item["vat"] for item in invoice["items"]} == {17.3}
        or invoice["type"] not in {"invoice", "creditNote", "receipt"}
        or invoice["currency_id"] not in {"CZK", "EUR"}
        or invoice["date_of_issuance"].startswith("0000")
        or "\0" in invoice["customer"]["name"]
        or invoice["related_invoice_number"] == "1999000000"
        or any(abs(row["base"] + row["vat"] - row["total"]) > 0.02 for row in rows.values())
        or abs(sum(item["price_with_vat"] for item in invoice["items"]) - float(invoice["total_with_vat"])) > 0.6
    )


def test_tax_numbers_of_companies_are_valid() -> None:
    companies = [who for who in customers(5) if who.company]
    assert all(dic.is_valid(who.ico or "") for who in companies if who.billing.country == "CZ")
    assert all(vat.is_valid(who.dic) for who in companies if who.dic)
    assert {bool(who.dic) for who in companies} == {True, False}


def test_two_thousand_documents_a_second() -> None:
    started = time.process_time()
    count = sum(1 for _ in documents(9, 2000))
    assert count / (time.process_time() - started) > 2000
