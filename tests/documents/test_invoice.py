"""When a document contradicts itself, and when it only was rounded."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mostek.documents.invoice import Invoice, contradictions
from mostek.documents.lines import Line
from mostek.documents.money import Money, total
from mostek.documents.problem import InvalidDocumentError
from mostek.documents.vat import VatRow, summed
from tests.documents.strategies import CODES, Sold, document, documents

STANDARD, REDUCED, EXEMPT, OSS = CODES


def crowns(minor: int) -> Money:
    return Money(minor, "CZK")


def row(net: int, tax: int, gross: int) -> VatRow:
    return VatRow(STANDARD, crowns(net), crowns(tax), crowns(gross))


def causes(invoice: Invoice) -> list[tuple[str, str]]:
    return [(problem.cause, problem.field) for problem in contradictions(invoice)]


@given(documents())
def test_good_documents_have_no_contradictions(invoice: Invoice) -> None:
    assert contradictions(invoice) == ()


@given(documents(), st.sampled_from((-1, 1, 100)))
def test_a_heller_in_the_total_is_seen(invoice: Invoice, off: int) -> None:
    wrong = msgspec.structs.replace(invoice, total=invoice.total + Money(off, invoice.currency))
    assert ("money.vat_sum", "vat") in causes(wrong)


@given(st.data(), documents(), st.sampled_from((-1, 1)))
def test_a_heller_in_a_stated_price_is_seen(data: st.DataObject, invoice: Invoice, off: int) -> None:
    assume(invoice.lines)
    place = data.draw(st.integers(0, len(invoice.lines) - 1))
    by = Money(off, invoice.currency)
    line = invoice.lines[place]
    # Off by one with VAT and without it, so that the line still adds up.
    changed = msgspec.structs.replace(line, net=line.net + by, gross=line.gross + by)
    lines = (*invoice.lines[:place], changed, *invoice.lines[place + 1 :])
    assert "money.vat_row" in dict(causes(msgspec.structs.replace(invoice, lines=lines)))


@given(documents(), st.integers(1, 1000))
def test_a_line_that_is_missing_is_seen(invoice: Invoice, price: int) -> None:
    extra = document([Sold(Decimal(1), Decimal(price), EXEMPT)], basis="net", currency=invoice.currency).lines
    assert causes(msgspec.structs.replace(invoice, lines=(*invoice.lines, *extra))) != []


def test_the_problem_tells_the_figures() -> None:
    invoice = document([Sold(Decimal(3), Decimal("33.33"), STANDARD)])
    wrong = msgspec.structs.replace(invoice, total=crowns(10_000))
    [by_rows, by_lines] = contradictions(wrong)
    assert by_rows.details == {"found": "99.99 CZK", "stated": "100.00 CZK", "difference": "0.01 CZK"}
    assert (by_lines.cause, by_lines.details) == ("money.line_sum", by_rows.details)


def test_the_rounding_of_the_total_belongs_to_it() -> None:
    invoice = document([Sold(Decimal(3), Decimal("33.33"), STANDARD)], rounding=1)
    assert invoice.total == crowns(10_000)
    assert contradictions(invoice) == ()
    assert dict(causes(msgspec.structs.replace(invoice, rounding=crowns(0)))).keys() == {
        "money.vat_sum",
        "money.line_sum",
    }


def test_derived_amounts_may_differ_by_a_heller_a_line_and_no_more() -> None:
    # Three lines of 0.10 net: VAT is 0.02 on each, and 0.063 -> 0.06 on the sum. Stated: up to 0.04 more or less.
    invoice = document([Sold(Decimal(1), Decimal("0.10"), STANDARD)] * 3, basis="net")
    for off in (-4, 0, 4):
        stated = (row(30, 6 + off, 36 + off),)
        assert causes(msgspec.structs.replace(invoice, vat=stated, total=crowns(36 + off))) == (
            [("money.line_sum", "items")] if abs(off) > 3 else []
        )
    for off in (-5, 5):
        stated = (row(30, 6 + off, 36 + off),)
        assert ("money.vat_row", "CZ 21 % standard tax") in causes(
            msgspec.structs.replace(invoice, vat=stated, total=crowns(36 + off))
        )


def test_vat_without_any_line_is_seen() -> None:
    # One heller of VAT that no line can carry would vanish from the books.
    invoice = document([Sold(Decimal(1), Decimal(100), EXEMPT)], basis="net")
    stray = VatRow(STANDARD, crowns(0), crowns(1), crowns(1))
    wrong = msgspec.structs.replace(invoice, vat=(*invoice.vat, stray), total=invoice.total + crowns(1))
    assert ("money.vat_row", "CZ 21 % standard tax") in causes(wrong)


def test_a_code_that_is_stated_in_two_rows_counts_as_their_sum() -> None:
    invoice = document([Sold(Decimal(1), Decimal(121), STANDARD), Sold(Decimal(1), Decimal(242), STANDARD)])
    apart = (row(10_000, 2_100, 12_100), row(20_000, 4_200, 24_200))
    assert contradictions(msgspec.structs.replace(invoice, vat=apart)) == ()
    assert summed(apart) == invoice.vat


def test_the_basis_is_net_only_when_every_price_is() -> None:
    net = document([Sold(Decimal(1), Decimal(100), STANDARD)] * 2, basis="net")
    mixed = msgspec.structs.replace(net, lines=(net.lines[0], document([Sold(Decimal(1), Decimal(1), OSS)]).lines[0]))
    assert (net.basis, mixed.basis, document([]).basis) == ("net", "gross", "gross")


@given(documents())
def test_lines_carry_their_rows(invoice: Invoice) -> None:
    assert invoice.from_lines == summed(line.row for line in invoice.lines)
    for line in invoice.lines:
        opposite = -line
        assert -opposite == line
        assert opposite.row == -line.row
        assert opposite.unit_price == line.unit_price
        assert opposite.quantity == -line.quantity
    assert total((line.gross for line in invoice.lines), invoice.currency) == total(
        (row.gross for row in invoice.from_lines), invoice.currency
    )


def test_a_line_that_does_not_add_up_cannot_be() -> None:
    [line] = document([Sold(Decimal(1), Decimal(121), STANDARD)]).lines
    for changes in ({"net": crowns(1)}, {"gross": Money(12_100, "EUR")}):
        with pytest.raises(InvalidDocumentError, match=r"money\.line_tax at 0"):
            msgspec.structs.replace(line, **changes)


def test_other_currencies_are_refused() -> None:
    invoice = document([Sold(Decimal(1), Decimal(121), STANDARD)])
    euros: tuple[Line, ...] = document([Sold(Decimal(1), Decimal(121), STANDARD)], currency="EUR").lines
    with pytest.raises(InvalidDocumentError, match=r"currency\.mixed"):
        contradictions(msgspec.structs.replace(invoice, lines=euros))
