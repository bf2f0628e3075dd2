"""Whatever a shop issued stands in the books to the heller, or nothing is booked."""

from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mostek.documents.booking import BookedLine, Booking, Profile, computed, fit
from mostek.documents.invoice import Invoice
from mostek.documents.money import Money, decimals, total
from mostek.documents.problem import InvalidDocumentError
from mostek.documents.vat import VatRow, summed
from tests.documents.strategies import CODES, Sold, document, documents, minor, parts

STANDARD, REDUCED, EXEMPT, OSS = CODES
ANY = Profile(line_sums=True)
PROFILES = st.builds(
    Profile,
    bases=st.sampled_from((frozenset({"gross", "net"}), frozenset({"gross"}), frozenset({"net"}))),
    unit_decimals=st.sampled_from((2, 4, 6)),
    line_sums=st.just(True),
)


def sold(quantity: str, unit_price: str, code: int = 0, off: int = 0) -> Sold:
    return Sold(Decimal(quantity), Decimal(unit_price), CODES[code], off)


# Worked by hand from what shops really send.
THREE_THIRDS = document([sold("3", "33.33")], rounding=1)
BUNDLE = document([sold("3", "33.33", off=1), sold("1", "59", 1)])  # 100.00 for three, shown as 33.33 each
DISCOUNTED = document(
    [sold("2", "249"), sold("1", "99.90", 1), sold("-1", "59.79"), sold("-1", "10.01", 1)], per_rate=True
)
BY_WEIGHT = document([sold("0.375", "389.90", 1), sold("1.25", "12.9999")], basis="net", per_rate=True)
VOUCHER = document([sold("1", "500"), sold("1", "-500"), sold("1", "0", 2)])
ABROAD = document([sold("7", "1.99", 3), sold("1", "4.90", 3)], currency="EUR", per_rate=True)
YEN = document([sold("3", "333"), sold("1", "1", 1)], currency="JPY", basis="net", per_rate=True)


def own(booked: BookedLine) -> tuple[int, int, int]:
    """What the books make of the line by themselves, computed with fractions."""
    currency = booked.gross.currency
    price = Fraction(booked.unit_price) * Fraction(booked.line.quantity) * 10 ** decimals(currency)
    return parts(minor(price), booked.line.vat.rate, booked.basis)


def figures(booked: BookedLine) -> tuple[int, int, int]:
    return booked.net.minor, booked.tax.minor, booked.gross.minor


@given(documents(), PROFILES)
@settings(max_examples=300)
@example(THREE_THIRDS, ANY)
@example(BUNDLE, ANY)
@example(DISCOUNTED, ANY)
@example(BY_WEIGHT, ANY)
@example(VOUCHER, ANY)
@example(ABROAD, ANY)
@example(YEN, ANY)
def test_every_heller_is_in_the_books(invoice: Invoice, profile: Profile) -> None:
    booking = fit(invoice, profile)
    assert computed(booking.lines) == summed(invoice.vat) == booking.rows
    assert total((line.gross for line in booking.lines), invoice.currency) + booking.rounding == booking.total
    assert booking.total == invoice.total
    assert [booked.line for booked in booking.lines] == list(invoice.lines)


@given(documents(), PROFILES)
@settings(max_examples=300)
def test_sums_are_stated_exactly_where_the_books_would_differ(invoice: Invoice, profile: Profile) -> None:
    for booked in fit(invoice, profile).lines:
        assert booked.net + booked.tax == booked.gross
        assert booked.basis in profile.bases
        assert booked.unit_price == round(booked.unit_price, profile.unit_decimals)
        assert booked.explicit == (own(booked) != figures(booked))
        # What the source stated is never changed; only the derived part may move, by hellers.
        stated = (booked.line.gross, booked.gross) if invoice.basis == "gross" else (booked.line.net, booked.net)
        assert stated[0] == stated[1]
        assert abs(booked.tax.minor - booked.line.tax.minor) <= 1


@given(documents(), PROFILES)
def test_books_that_add_up_by_themselves_are_left_alone(invoice: Invoice, profile: Profile) -> None:
    booking = fit(invoice, profile)
    for row in booking.rows:
        group = [booked for booked in booking.lines if booked.line.vat == row.code]
        reached = [sum(column) for column in zip(*map(own, group), strict=True)]
        exact = all(
            getattr(booked.line, invoice.basis).minor == own(booked)[2 if invoice.basis == "gross" else 0]
            for booked in group
        )
        if exact and reached == [row.net.minor, row.tax.minor, row.gross.minor]:
            assert not any(booked.explicit for booked in group)


@given(documents(), PROFILES, st.booleans())
def test_books_that_take_no_sums_get_the_summary_or_nothing(invoice: Invoice, profile: Profile, summary: bool) -> None:
    wanted = fit(invoice, profile)
    strict = msgspec.structs.replace(profile, line_sums=False, summary=summary)
    if not any(line.explicit for line in wanted.lines):
        assert fit(invoice, strict) == wanted
    elif summary:
        booking = fit(invoice, strict)
        assert booking == Booking(lines=(), rows=wanted.rows, rounding=wanted.rounding, total=wanted.total)
        assert total((row.gross for row in booking.rows), invoice.currency) + booking.rounding == invoice.total
    else:
        with pytest.raises(InvalidDocumentError) as refused:
            fit(invoice, strict)
        [problem] = refused.value.problems
        first = next(line for line in wanted.lines if line.explicit)
        assert (problem.cause, problem.field) == ("money.unreachable", first.line.id)
        assert problem.details == {"line": first.line.name, "tax": str(first.tax), "gross": str(first.gross)}


@given(documents(), st.sampled_from((-1, 1)))
def test_a_document_that_contradicts_itself_is_not_booked(invoice: Invoice, off: int) -> None:
    wrong = msgspec.structs.replace(invoice, total=invoice.total + Money(off, invoice.currency))
    with pytest.raises(InvalidDocumentError, match=r"money\.vat_sum"):
        fit(wrong, ANY)


@given(documents(), PROFILES)
def test_credit_notes_are_fitted_as_the_mirror(invoice: Invoice, profile: Profile) -> None:
    mirror = msgspec.structs.replace(
        invoice,
        lines=tuple(-line for line in invoice.lines),
        vat=tuple(-row for row in invoice.vat),
        rounding=-invoice.rounding,
        total=-invoice.total,
    )
    there, back = fit(invoice, profile), fit(mirror, profile)
    for booked, mirrored in zip(there.lines, back.lines, strict=True):
        assert figures(mirrored) == tuple(-figure for figure in figures(booked))
        assert (mirrored.unit_price, mirrored.explicit) == (booked.unit_price, booked.explicit)


def test_plain_prices_need_no_sums() -> None:
    [booked] = fit(THREE_THIRDS, Profile()).lines
    assert (booked.unit_price, booked.basis, booked.explicit) == (Decimal("33.33"), "gross", False)
    assert figures(booked) == (8264, 1735, 9999)  # 99.99 x 21 / 121 = 17.3536…


def test_a_total_that_misses_the_unit_price_gets_a_longer_unit_price() -> None:
    three, _ = fit(BUNDLE, Profile()).lines
    assert (three.unit_price, three.explicit, three.gross) == (Decimal("33.333333"), False, Money(10_000, "CZK"))
    three, _ = fit(BUNDLE, Profile(unit_decimals=2, line_sums=True)).lines
    assert (three.unit_price, three.explicit, three.gross) == (Decimal("33.33"), True, Money(10_000, "CZK"))


def test_vat_that_was_rounded_on_the_sum_is_moved_to_the_heaviest_line() -> None:
    # 0.10 + 0.10 + 0.10 net at 21 %: 0.02 VAT on each line, 0.063 on the sum, and the shop states 0.07.
    invoice = document([sold("1", "0.10"), sold("1", "0.20"), sold("1", "0.10")], basis="net")
    row = VatRow(STANDARD, Money(40, "CZK"), Money(9, "CZK"), Money(49, "CZK"))
    invoice = msgspec.structs.replace(invoice, vat=(row,), total=row.gross)
    assert [line.tax.minor for line in invoice.lines] == [2, 4, 2]
    assert [(line.tax.minor, line.explicit) for line in fit(invoice, ANY).lines] == [(2, False), (5, True), (2, False)]


def test_a_code_that_is_stated_in_two_rows_is_booked_once() -> None:
    invoice = document([sold("1", "121"), sold("1", "242")])
    one = VatRow(STANDARD, Money(10_000, "CZK"), Money(2_100, "CZK"), Money(12_100, "CZK"))
    two = VatRow(STANDARD, Money(20_000, "CZK"), Money(4_200, "CZK"), Money(24_200, "CZK"))
    booking = fit(msgspec.structs.replace(invoice, vat=(one, two)), Profile())
    assert computed(booking.lines) == invoice.vat == booking.rows


def test_a_quantity_of_nothing_is_stated() -> None:
    [booked] = fit(document([sold("0", "100", off=500)]), ANY).lines
    assert (booked.unit_price, booked.explicit, booked.gross) == (Decimal(0), True, Money(500, "CZK"))


def test_a_document_of_nothing_is_booked_as_nothing() -> None:
    assert fit(document([]), Profile()) == Booking(
        lines=(), rows=(), rounding=Money.zero("CZK"), total=Money.zero("CZK")
    )
