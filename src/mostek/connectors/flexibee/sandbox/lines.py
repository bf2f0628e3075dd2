"""A document's lines: matched, filled, summed; and the line that carries the rounding."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from mostek.connectors.flexibee.sandbox import arithmetic, fields, rates, totals
from mostek.connectors.flexibee.sandbox.arithmetic import RATES, ZERO, Given, Line, MismatchError, Sums
from mostek.connectors.flexibee.sandbox.books import Books, number_of
from mostek.connectors.flexibee.sandbox.facts import Evidence
from mostek.connectors.flexibee.sandbox.fields import Data, attribute
from mostek.connectors.flexibee.sandbox.kinds import Kind
from mostek.connectors.flexibee.sandbox.refusals import Place
from mostek.connectors.flexibee.sandbox.store import Row

_DRIVERS = {"mnozMj", "cenaMj", "typCenyDphK", "typSzbDphK", "szbDph", "slevaPol", "uplSlevaDokl"}
"""Fields from which a line's sums follow."""

_SUMS = ("sumZkl", "sumDph", "sumCelkem")
GIVEN = "@given"
"""The sums of a line that the client gave, which later changes keep."""
_RATE = "@rate"
FORGET = "@removeExternalIds"
"""On a record, a collection or a line: external ids that begin with its value are taken away."""


@dataclass
class Lines:
    """What a document's lines will be: all of them, which are new or changed, and which go."""

    kind: Kind
    all: list[Row] = field(default_factory=list)
    new: set[int] = field(default_factory=set)
    changed: set[int] = field(default_factory=set)
    gone: list[Row] = field(default_factory=list)
    externals: dict[str, int] = field(default_factory=dict)
    forgotten: dict[int, str] = field(default_factory=dict)
    """Which lines lose the external ids that begin with a text."""

    def save(self, books: Books) -> None:
        """Write what is new, changed and gone."""
        for row in self.gone:
            books.remove(self.kind.lines, row)
        for number, prefix in self.forgotten.items():
            books.detach(self.kind.lines, number, prefix)
        for ext, number in self.externals.items():
            books.attach(self.kind.lines, number, ext)
        for row in self.all:
            if row["id"] in self.new or row["id"] in self.changed:
                books.save(self.kind.lines, row, created=row["id"] in self.new)

    @property
    def touched(self) -> bool:
        """Whether anything about the lines changed."""
        return bool(self.new or self.changed or self.gone)


def apply(books: Books, kind: Kind, header: Row, data: Data, collections: Mapping[str, Any], *, place: Place) -> Lines:
    """Work a written record's collection of lines into the document's lines; sums are made for each."""
    shape = books.shape(kind.lines)
    before = books.lines(kind.lines, header["id"])
    plan = Lines(kind, [dict(row) for row in before])
    for name, value in collections.items():
        items = fields.records_of(value, kind.lines)
        named: set[int] = set()
        for position, item in enumerate(items):
            under = place.under(name, kind.lines, None)
            row = _match(books, plan, item, position, under)
            number = _write(books, shape, plan, header, row, item=item, place=under)
            named.add(number)
            prefix = item.get(FORGET, data.get(f"{name}{FORGET}"))
            if prefix is not None:
                plan.forgotten[number] = str(prefix)
        if attribute(data, f"{name}@removeAll") == "true":
            for row in [each for each in plan.all if each["id"] not in named]:
                _drop(plan, row)
    _number(plan.all)
    return plan


def _match(books: Books, plan: Lines, item: Data, position: int, place: Place) -> Row | None:
    ids = fields.ids_of(item)
    if not ids:
        if books.options["lines_without_id"] == "position":
            ordered = [row for row in plan.all if row["id"] not in plan.new and not row.get(totals.AUTOMATIC)]
            return ordered[position] if position < len(ordered) else None
        return None
    # Two items of one record with the same new identifier are one line, as two records would be one.
    known = (plan.externals.get(each) or books.find(plan.kind.lines, each) for each in ids)
    found = {number for number in known if number is not None}
    if len(found) > 1:
        raise place.refuse("Identifikátory označují různé záznamy", "id", ", ".join(ids))
    if not found:
        if any(each.isdecimal() for each in ids):
            raise place.refuse(f"Záznam s ID '{ids[0]}' neexistuje", "id", ids[0])
        return None
    number = found.pop()
    row = next((each for each in plan.all if each["id"] == number), None)
    if row is None:
        raise place.refuse(f"Položka '{ids[0]}' patří jinému dokladu", "id", ids[0])
    return row


def _write(
    books: Books, shape: Evidence, plan: Lines, header: Row, row: Row | None, *, item: Data, place: Place
) -> int:
    if attribute(item, "@action") == "delete":
        if row is None:
            raise place.refuse("Mazaná položka neexistuje", "id")
        _drop(plan, row)
        return int(row["id"])
    parsed = fields.parse(books, shape, item, place)
    changes = parsed.changes
    if row is None:
        row = {"id": books.new_id(plan.kind.lines), "@parent": header["id"], plan.kind.parent: header["id"]}
        plan.all.append(row)
        plan.new.add(row["id"])
        _defaults(books, shape, header, changes)
    kept = {name for name, value in changes.items() if row.get(name) != value}
    plan.externals.update((each, row["id"]) for each in fields.ids_of(item) if each.startswith("ext:"))
    row.update(changes)
    for name in [name for name, value in row.items() if value is None]:
        del row[name]
    if kept or row["id"] in plan.new:
        plan.changed.add(row["id"])
        reckon(books, header, row, changes, place)
    fields.check_mandatory(shape, row, place)
    return int(row["id"])


def _drop(plan: Lines, row: Row) -> None:
    plan.all.remove(row)
    plan.externals = {ext: number for ext, number in plan.externals.items() if number != row["id"]}
    if row["id"] not in plan.new:
        plan.gone.append(row)
    plan.new.discard(row["id"])


def _number(rows: Iterable[Row]) -> None:
    last = 0
    for row in rows:
        last = row.setdefault("cisRad", last + 1)


def _defaults(books: Books, shape: Evidence, header: Row, changes: dict[str, Any]) -> None:
    card = books.rows("cenik").get(changes.get("cenik") or 0)
    if card is not None:
        changes.setdefault("typPolozkyK", "typPolozky.katalog")
        for name, source in (
            ("nazev", "nazev"),
            ("kod", "kod"),
            ("eanKod", "eanKod"),
            ("typSzbDphK", "typSzbDphK"),
            ("typCenyDphK", "typCenyDphK"),
            ("cenaMj", "cenaZakl"),
            ("mj", "mj1"),
        ):
            if card.get(source) is not None:
                changes.setdefault(name, card[source])
    changes.setdefault("typPolozkyK", "typPolozky.obecny")
    if changes["typPolozkyK"] != "typPolozky.text" and "mnozMj" in shape.facts:
        changes.setdefault("mnozMj", "1.000000")
    for name in ("zdrojProSkl", "zaloha"):
        if name in shape.facts:
            changes.setdefault(name, False)
    changes["mena"] = header.get("mena")
    changes["datVyst"] = header["datVyst"]


def reckon(books: Books, header: Row, row: Row, sent: Mapping[str, Any], place: Place) -> None:
    """Make a line's sums, in the document's currency and in the domestic one."""
    home = "Men" if totals.is_foreign(books, header) else ""
    rate = _rate(books, header, row, sent, place)
    given = _given(row, sent, home)
    gross = row.get("typCenyDphK") == "typCeny.sDph"
    if given:
        sums = _explicit(books, given, rate, place)
        if sent.get("cenaMj") is None and "mnozMj" in row:
            row["cenaMj"] = str(arithmetic.unit_price(sums, number_of(row, "mnozMj"), gross=gross))
    else:
        discounts = [number_of(row, "slevaPol")]
        if row.get("uplSlevaDokl", True):
            discounts.append(number_of(header, "slevaDokl"))
        line = Line(number_of(row, "mnozMj"), number_of(row, "cenaMj"), gross, rate, tuple(d for d in discounts if d))
        sums = _round_vat(header, arithmetic.from_price(line), gross=gross)
    write(books, header, row, sums)
    for name in _SUMS:
        if home and sent.get(name) is not None and Decimal(sent[name]) != number_of(row, name):
            raise totals.differs(place, name, Decimal(sent[name]), number_of(row, name))


def write(books: Books, header: Row, row: Row, sums: Sums) -> None:
    """Put sums into a line: as they are, and converted when the document is foreign."""
    foreign = totals.is_foreign(books, header)
    domestic = totals.exchange(header, sums) if foreign else sums
    for ending, shown in (("Men", sums if foreign else Sums()), ("", domestic)):
        for name, amount in zip(_SUMS, (shown.net, shown.vat, shown.total), strict=True):
            row[f"{name}{ending}"] = str(amount)


def _rate(books: Books, header: Row, row: Row, sent: Mapping[str, Any], place: Place) -> Decimal:
    told = Decimal(sent["szbDph"]) if sent.get("szbDph") is not None else None
    if told is not None and sent.get("typSzbDphK") is None:
        kind = rates.kind_of_rate(header, told)
        if kind is not None:
            row["typSzbDphK"] = kind
    kind = row.setdefault("typSzbDphK", "typSzbDph.dphZakl")
    ending = RATES[kind]
    lawful = totals.rate_of(header, ending)
    if told is not None and told != lawful:
        if books.options["line_rate"] == "refuse":
            raise place.refuse(f"Sazba {told} % není platnou sazbou dokladu", "szbDph", told)
        row[_RATE] = str(told)
    elif told is not None or "typSzbDphK" in sent:
        row.pop(_RATE, None)
    if _RATE not in row and ending != "Osv" and header.get(f"sazbaDph{ending}") is None:
        raise place.refuse("Sazba DPH není k datu dokladu platná", "typSzbDphK", kind)
    rate = number_of(row, _RATE) if _RATE in row else lawful
    row["szbDph"] = str(rate)
    row["sazbaDph"] = header.get(f"sazbaDph{ending}")
    if row["sazbaDph"] is None:
        del row["sazbaDph"]
    return rate


def _given(row: Row, sent: Mapping[str, Any], home: str) -> Given:
    told = {name: sent[f"{name}{home}"] for name in _SUMS if sent.get(f"{name}{home}") is not None}
    if told:
        row[GIVEN] = told
    elif _DRIVERS & set(sent):
        row.pop(GIVEN, None)
    kept = row.get(GIVEN, {})
    return Given(*(Decimal(kept[name]) if name in kept else None for name in _SUMS))


def _explicit(books: Books, given: Given, rate: Decimal, place: Place) -> Sums:
    try:
        sums = arithmetic.from_given(given, rate)
    except MismatchError as error:
        raise totals.differs(place, "sumCelkem", error.given, error.computed) from None
    expected = arithmetic.vat_below(sums.net, rate)
    tolerance = Decimal(books.options["vat_tolerance"]) if rate else ZERO
    if abs(sums.vat - expected) > tolerance:
        raise totals.differs(place, "sumDph", sums.vat, expected)
    return sums


def _round_vat(header: Row, sums: Sums, *, gross: bool) -> Sums:
    vat = arithmetic.round_to(sums.vat, header.get("zaokrJakDphK"), header.get("zaokrNaDphK"))
    if gross:
        return Sums(sums.total - vat, vat, sums.total)
    return Sums(sums.net, vat, sums.net + vat)


def again(books: Books, header: Row, plan: Lines, place: Place) -> None:
    """Make all lines' sums anew after the header's rates, discount or currency changed."""
    for row in plan.all:
        if row.get(totals.AUTOMATIC):
            continue
        before = dict(row)
        row["mena"] = header.get("mena")
        row["datVyst"] = header["datVyst"]
        reckon(books, header, row, {}, place)
        if row != before:
            plan.changed.add(row["id"])


def carry_rounding(books: Books, header: Row, plan: Lines, difference: Sums, ending: str) -> None:
    """Keep, make or remove the line that the vendor makes for the rounding."""
    old = next((row for row in plan.all if row.get(totals.AUTOMATIC)), None)
    if not difference.total or not header.get("vytvaretKorPol"):
        if old is not None:
            _drop(plan, old)
        return
    row = old
    if row is None:
        row = {"id": books.new_id(plan.kind.lines), "@parent": header["id"], plan.kind.parent: header["id"]}
        plan.all.append(row)
        plan.new.add(row["id"])
    before = dict(row)
    kind = next(each for each, name in RATES.items() if name == ending)
    row.update(
        {
            totals.AUTOMATIC: True,
            "nazev": "Zaokrouhlení",
            "typPolozkyK": "typPolozky.obecny",
            "typSzbDphK": kind,
            "typCenyDphK": "typCeny.bezDph",
            "szbDph": str(totals.rate_of(header, RATES[kind])),
            "mnozMj": "1.000000",
            "cenaMj": str(difference.net),
            "autogen": True,
            "autoZaokr": True,
            "zdrojProSkl": False,
            "zaloha": False,
            "mena": header.get("mena"),
            "datVyst": header["datVyst"],
        }
    )
    write(books, header, row, difference)
    _number(plan.all)
    if row != before:
        plan.changed.add(row["id"])
