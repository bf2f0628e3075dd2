"""Differences between the two sides of a flow, told in a person's language: in words, and as tables to keep."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal

from mostek.desk.reconciliation import Difference
from mostek.desk.series import Reason, Series
from mostek.desk.sheets import Cell, Table
from mostek.desk.tally import SIDES, Line
from mostek.documents.money import Money
from mostek.documents.problem import Problem
from mostek.wording import Wording

_RATE = re.compile(r"(.+) (-?[\d.]+) \+ (-?[\d.]+) = (-?[\d.]+)")
_PARTS = ("net", "tax", "gross")
_HEADS = ("difference", "day", "kind", "number", "currency", "shop", "books", "apart", "detail", "why", "cure", "id")


def detail(each: Difference, language: Wording) -> str:
    """What should be and what is, as the reader writes it."""
    if not (each.meant or each.stands):
        return ""
    if each.cause == "vat_rate":
        meant, stands = _rates(each.meant, language), _rates(each.stands, language)
    else:
        told = language.problem(Problem(cause="", details={"meant": each.meant, "stands": each.stands})).details
        meant, stands = told["meant"], told["stands"]
    return f"{meant or '–'} → {stands or '–'}"


def _rates(text: str, language: Wording) -> str:
    rows = (_RATE.fullmatch(part) for part in text.split("; "))
    parts = ((row[1], *(language.number(Decimal(part)) for part in row.groups()[1:])) for row in rows if row)
    return "; ".join(f"{language.word('vat', bucket)} {net} + {tax} = {gross}" for bucket, net, tax, gross in parts)


def why(each: Difference, language: Wording) -> str:
    """Why it is not there or not finished: in a word while it waits, in a sentence where somebody has to act."""
    known = language.word("reason", each.why) if each.why else ""
    if each.problem and known == each.why:
        known = language.explained(each.problem).text
    return f"{known} ({each.rule})" if known and each.rule else known


def counted(each: Difference) -> Money | None:
    """What a document counts for: what the shop says, or the books where the shop says nothing."""
    return each.books if each.shop is None else each.shop


def differences(found: Iterable[Difference], language: Wording) -> Table:
    """Document by document: both sides, what differs, why, and what cures it."""
    rows = ([*_document(each, language), *_judged(each, language)] for each in found)
    return Table(language.word("sheet", "difference"), [language.word("sheet", name) for name in _HEADS], rows)


def sums(lines: Iterable[Line], language: Wording) -> Table:
    """What each side comes to per day, currency, kind and VAT bucket."""
    columns = [language.word("sheet", name) for name in ("day", "currency", "kind", "vat")]
    columns += [f"{language.word('side', side)}: {language.word('sheet', part)}" for side in SIDES for part in _PARTS]
    return Table(language.word("sheet", "sums"), columns, (_sums(line, language) for line in lines))


def _document(each: Difference, language: Wording) -> Sequence[Cell]:
    amount = counted(each)
    return (
        language.word("difference", each.cause),
        each.day,
        language.word("kind", each.kind),
        each.number,
        amount.currency if amount is not None else "",
        each.shop,
        each.books,
        _apart(each),
    )


def _judged(each: Difference, language: Wording) -> Sequence[Cell]:
    return (detail(each, language), why(each, language) or each.flow or each.hand, each.cure, each.id)


def _apart(each: Difference) -> Money | None:
    """What the shop counts more than the books, where both count in one currency."""
    if each.shop is None or each.books is None:
        return each.shop if each.books is None else -each.books
    return each.shop - each.books if each.shop.currency == each.books.currency else None


def _sums(line: Line, language: Wording) -> Sequence[Cell]:
    bucket = language.word("vat", line.bucket) if line.bucket else ""
    parts = [getattr(line.sides[side], part) if side in line.sides else None for side in SIDES for part in _PARTS]
    return (line.day, line.currency, language.word("kind", line.kind), bucket, *parts)


def gaps(shop: Iterable[Series], books: Iterable[Series], language: Wording) -> Table:
    """The series of both sides, a row for each thing that is wrong with one, or one row where nothing is."""
    names = ("side", "series", "first", "last", "count", "finding", "number", "why")
    sides = (("shop", shop), ("books", books))
    rows = (row for side, found in sides for one in found for row in _series(side, one, language))
    return Table(language.word("sheet", "series"), [language.word("sheet", name) for name in names], rows)


def why_missing(reason: Reason, language: Wording) -> str:
    """Why a number is not there, in a word and its detail."""
    told = language.word("reason_of_gap", reason.cause)
    detail = language.word("reason", reason.detail)
    if reason.cause == "elsewhere" and reason.detail:
        detail = f"{language.word('kind', reason.kind)}, {language.day(date.fromisoformat(reason.detail))}"
    return f"{told} ({detail})" if detail else told


def _series(side: str, one: Series, language: Wording) -> Iterator[Sequence[Cell]]:
    head = (language.word("side", side), one.pattern, one.first, one.last, one.count)
    whole = True
    for gap in one.gaps:
        whole = False
        for number in gap.numbers or (f"{gap.first} – {gap.last}",):
            reason = gap.reasons.get(number)
            yield (*head, language.word("sheet", "gap"), number, why_missing(reason, language) if reason else "")
    for double in one.doubles:
        whole = False
        yield (*head, language.word("sheet", "double"), double.number, ", ".join(double.ids))
    for fall in one.falls:
        whole = False
        yield (*head, language.word("sheet", "fall"), fall.number, f"{fall.day} < {fall.after} {fall.after_day}")
    if whole:
        yield (*head, "", "", "")
