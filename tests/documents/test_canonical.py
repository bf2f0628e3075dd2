"""Equal values have equal bytes: fingerprints, keys and the exact bytes that are sent depend on it."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mostek.documents.canonical import digest, encode
from mostek.documents.invoice import ExchangeRate, Invoice
from mostek.documents.lines import Line
from mostek.documents.money import Money
from mostek.documents.problem import InvalidDocumentError
from mostek.documents.vat import VatCode
from tests.documents.strategies import EXCHANGES, METHODS, decimals_between, documents, spelt

TEN = [Decimal("1E+1"), Decimal(10), Decimal("10.00"), Decimal("0.10E+2")]


@pytest.mark.parametrize("spelling", TEN)
def test_plain_decimals_have_one_form(spelling: Decimal) -> None:
    assert encode(spelling) == b'"10"'
    assert encode({"b": [spelling], "a": (spelling, {"c": spelling})}) == b'{"a":["10",{"c":"10"}],"b":["10"]}'


def test_there_is_no_negative_zero() -> None:
    assert encode([Decimal("-0.00"), Decimal(0), Decimal("0E+3")]) == b'["0","0","0"]'


@pytest.mark.parametrize("spelling", TEN)
def test_codes_and_rates_are_equal_however_they_were_spelt(spelling: Decimal) -> None:
    code = VatCode("standard", spelling, "CZ")
    assert str(code) == "CZ 10 % standard"
    assert encode(code) == encode(VatCode("standard", Decimal(10), "CZ"))
    rate = ExchangeRate(home="CZK", rate=spelling, source="order")
    assert encode(rate) == encode(ExchangeRate(home="CZK", rate=Decimal(10), source="order"))


@given(st.data(), documents(), EXCHANGES, METHODS)
def test_equal_documents_have_equal_bytes(
    data: st.DataObject, document: Invoice, exchange: ExchangeRate, method: Any
) -> None:
    document = msgspec.structs.replace(document, exchange=exchange, payment=method)
    other = msgspec.structs.replace(
        document,
        lines=tuple(_respelt(data, line) for line in document.lines),
        exchange=msgspec.structs.replace(exchange, rate=data.draw(spelt(exchange.rate))),
    )
    assert other == document
    assert encode(other) == encode(document)
    assert digest(other) == digest(document)


def _respelt(data: st.DataObject, line: Line) -> Line:
    return msgspec.structs.replace(
        line,
        quantity=data.draw(spelt(line.quantity)),
        unit_price=data.draw(spelt(line.unit_price)),
        vat=msgspec.structs.replace(line.vat, rate=data.draw(spelt(line.vat.rate))),
    )


@given(documents())
def test_documents_come_back_from_their_bytes(document: Invoice) -> None:
    found = msgspec.json.decode(encode(document), type=Invoice)
    assert found == document
    assert encode(found) == encode(document)


@given(documents(), documents())
def test_different_documents_have_different_bytes(one: Invoice, two: Invoice) -> None:
    assert (one == two) == (encode(one) == encode(two)) == (digest(one) == digest(two))


@given(st.dictionaries(st.text(), decimals_between(-10, 10, 3)), st.randoms(use_true_random=False))
def test_the_order_of_keys_does_not_matter(values: dict[str, Decimal], chance: Any) -> None:
    keys = list(values)
    chance.shuffle(keys)
    assert digest({key: values[key] for key in keys}) == digest(values)


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity")])
def test_no_number_has_no_bytes(value: Decimal) -> None:
    with pytest.raises(InvalidDocumentError):
        encode({"price": value})


def test_bytes_are_what_they_were() -> None:
    # Stored fingerprints are compared with new ones for years: this must never change by accident.
    value = {"z": Money(-5, "CZK"), "ž": date(2024, 1, 2), "a": datetime(2024, 1, 2, 3, 4, tzinfo=UTC), "n": None}
    assert encode(value) == (
        '{"a":"2024-01-02T03:04:00Z","n":null,"z":{"minor":-5,"currency":"CZK"},"ž":"2024-01-02"}'.encode()
    )
    assert digest(value) == "ba71304c584b614a435c680619a60d7e"
