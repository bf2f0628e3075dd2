"""Payments: pairing a bank or cash document with invoices, undoing it, paying in cash, and what is left to pay.

Source: the handbook's "Payment matching" and the vendor's article 4729399 (cash payment).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from mostek.connectors.flexibee.sandbox import arithmetic, locks, totals
from mostek.connectors.flexibee.sandbox.arithmetic import ZERO, Sums
from mostek.connectors.flexibee.sandbox.books import Books, number_of
from mostek.connectors.flexibee.sandbox.kinds import KINDS, Kind
from mostek.connectors.flexibee.sandbox.refusals import Place
from mostek.connectors.flexibee.sandbox.store import Row

PAYERS = ("banka", "pokladni-pohyb")
PAID = "faktura-vydana"
REST_MODES = {
    "ne",
    "zauctovat",
    "ignorovat",
    "castecnaUhrada",
    "castecnaUhradaNeboZauctovat",
    "castecnaUhradaNeboIgnorovat",
}
USUAL = "typVazbyDokl.uhrada"
_MANUAL = "stavUhr.uhrazenoRucne"


@dataclass(frozen=True)
class Due:
    """An invoice to be paid, and how much of it, in the invoice's currency and with its sign."""

    row: Row
    amount: Decimal


def direction(row: Row) -> int:
    """1 for money that comes in, -1 for money that goes out."""
    return -1 if row.get("typPohybuK") == "typPohybu.vydej" else 1


def _links(books: Books, row: Row) -> list[Row]:
    return [books.row("vazba", number) for number in row.get("@links", [])]


def _amount(books: Books, row: Row) -> Decimal:
    return number_of(row, "sumCelkemMen" if totals.is_foreign(books, row) else "sumCelkem")


def rest_of(books: Books, invoice: Row) -> Decimal:
    """What is left to pay of an invoice, in its currency and with its sign."""
    return _amount(books, invoice) - sum((Decimal(link["@men"]) for link in _links(books, invoice)), ZERO)


def available(books: Books, payer: Row) -> Decimal:
    """What a paying document has left, in its currency; negative for money that goes out."""
    used = sum((Decimal(link["@used"]) for link in _links(books, payer)), ZERO)
    return direction(payer) * _amount(books, payer) - used


def refresh(books: Books, kind: Kind, row: Row, changes: Mapping[str, Any]) -> None:
    """Bring a document's payment state in line with its links."""
    if kind.path in PAYERS:
        row["sparovano"] = bool(row.get("@links")) and available(books, row) == 0
        return
    if kind.path != PAID:
        return
    links = _links(books, row)
    total, rest = _amount(books, row), rest_of(books, row)
    over = rest if rest * total < 0 else ZERO
    foreign = totals.is_foreign(books, row)
    home = number_of(row, "sumCelkem") - sum((Decimal(link["castka"]) for link in links), ZERO)
    left = ZERO if over or rest == 0 else home
    row["juhSum"] = str(sum((Decimal(link["castka"]) for link in links), ZERO))
    row["juhSumMen"] = str(sum((Decimal(link["@men"]) for link in links), ZERO) if foreign else ZERO)
    row["sumPrepl"] = str(abs(over) if not foreign else totals.exchange(row, Sums(abs(over))).net)
    row["sumPreplMen"] = str(abs(over) if foreign else ZERO)
    manual = changes.get("stavUhrK", row.get("stavUhrK")) == _MANUAL
    if manual and books.options["manual_paid_rest"] == "zero":
        left, rest = ZERO, ZERO
    row["zbyvaUhradit"] = str(left)
    row["zbyvaUhraditMen"] = str((ZERO if over else rest) if foreign else ZERO)
    _set_state(books, row, links, manual=manual, settled=bool(links) and (rest == 0 or bool(over)))


def _set_state(books: Books, row: Row, links: list[Row], *, manual: bool, settled: bool) -> None:
    row.pop("datUhr", None)
    if manual:
        row["stavUhrK"] = _MANUAL
        row["datUhr"] = row.setdefault("@manual", books.clock.today().isoformat())
        return
    row.pop("@manual", None)
    row.pop("stavUhrK", None)
    if settled:
        row["stavUhrK"] = "stavUhr.uhrazeno"
        row["datUhr"] = max(link["@day"] for link in links)
    elif links:
        row["stavUhrK"] = "stavUhr.castUhr"


def link(
    books: Books, source: tuple[str, int], invoice: int, used: Decimal, paid: Decimal, *, kind: str = USUAL
) -> None:
    """Record that a document pays ``paid`` (invoice's currency) with ``used`` (its own) and settle both."""
    target = books.row(PAID, invoice)
    payer = books.row(*source)
    home = totals.exchange(target, Sums(paid)).net if totals.is_foreign(books, target) else paid
    if _settles(books, target, paid):
        # The last payment takes the domestic rest as it is: conversion must not leave hellers behind.
        paid_before = sum((Decimal(each["castka"]) for each in _links(books, target)), ZERO)
        home = number_of(target, "sumCelkem") - paid_before
    row = {
        "id": books.new_id("vazba"),
        "typVazbyK": kind,
        "castka": str(home),
        "storno": False,
        "@a": list(source),
        "@b": [PAID, invoice],
        "@men": str(paid),
        "@used": str(used),
        "@day": payer["datVyst"],
    }
    books.save("vazba", row, created=True)
    for path, number in (source, (PAID, invoice)):
        each = dict(books.row(path, number))
        each["@links"] = [*each.get("@links", []), row["id"]]
        refresh(books, KINDS[path], each, {})
        books.save(path, each)


def _settles(books: Books, target: Row, paid: Decimal) -> bool:
    return totals.is_foreign(books, target) and rest_of(books, target) == paid


def unlink(books: Books, links: Iterable[Row]) -> None:
    """Take links away and settle the documents they joined; documents made for a remainder go with them."""
    for row in list(links):
        books.remove("vazba", row)
        for path, number in (row["@a"], row["@b"]):
            each = dict(books.row(path, number))
            each["@links"] = [other for other in each.get("@links", []) if other != row["id"]]
            if path == "interni-doklad":
                books.remove(path, each)
                continue
            refresh(books, KINDS[path], each, {})
            books.save(path, each)


def pair(books: Books, path: str, number: int, spec: Mapping[str, Any], place: Place) -> None:
    """Do what ``sparovani`` says. Pairing what is paired already does nothing."""
    payer = books.row(path, number)
    mode = str(spec.get("zbytek") or books.options["default_rest"])
    if mode not in REST_MODES:
        raise place.refuse(f"Neznámý způsob naložení se zbytkem '{mode}'", "zbytek", mode)
    dues = [due for due in _dues(books, spec, place) if not _paired(books, payer, due.row)]
    if not dues:
        return
    if books.options["pair_locked"] == "no":
        for due in dues:
            locks.check_open(due.row, place)
    sign = direction(payer)
    money = available(books, payer) * sign
    if money <= 0:
        raise place.refuse("Doklad již nemá co uhradit, protože je spárován", "sparovani")
    foreign = _check_currencies(books, payer, dues, place)
    wanted = sum((due.amount for due in dues), ZERO) * sign
    if wanted <= 0:
        raise place.refuse("Není co uhradit", "sparovani")
    if foreign:
        _pay_converted(books, (path, number), dues, money * sign)
        return
    _pay(books, (path, number), dues, money - wanted, mode, place=place)


def _paired(books: Books, payer: Row, invoice: Row) -> bool:
    return bool(set(payer.get("@links", [])) & set(invoice.get("@links", [])))


def _dues(books: Books, spec: Mapping[str, Any], place: Place) -> list[Due]:
    raw = spec.get("uhrazovanaFak")
    dues = []
    for each in raw if isinstance(raw, list) else [raw]:
        data = each if isinstance(each, Mapping) else {"filter": each}
        if data.get("@type", PAID) != PAID:
            raise place.refuse(f"Evidence '{data['@type']}' není simulována", "uhrazovanaFak")
        text = str(data.get("filter") or "")
        number = books.find(PAID, text) if text else None
        if number is None:
            raise place.refuse(f"Zadaný text '{text}' musí identifikovat objekt", "uhrazovanaFak", text, "PROP")
        row = books.row(PAID, number)
        if row.get("storno"):
            raise place.refuse("Stornovaný doklad nelze uhradit", "uhrazovanaFak", text)
        rest = rest_of(books, row)
        amount = Decimal(str(data["@castka"])) if data.get("@castka") else abs(rest)
        if amount > abs(rest) and rest:
            raise place.refuse("Částka je vyšší, než kolik zbývá uhradit", "uhrazovanaFak", amount)
        dues.append(Due(row, amount if rest >= 0 else -amount))
    return dues


def _check_currencies(books: Books, payer: Row, dues: list[Due], place: Place) -> bool:
    currencies = {due.row.get("mena") for due in dues}
    if currencies == {payer.get("mena")}:
        return False
    if len(currencies) > 1 or totals.is_foreign(books, payer):
        raise place.refuse("Doklady mají různé měny", "sparovani")
    return True


def _pay_converted(books: Books, source: tuple[str, int], dues: list[Due], money: Decimal) -> None:
    """A domestic payment of foreign invoices: the rate is what was paid by what was owed."""
    wanted = sum((due.amount for due in dues), ZERO)
    left = money
    for position, due in enumerate(dues, 1):
        used = left if position == len(dues) else arithmetic.cents(money * due.amount / wanted)
        left -= used
        link(books, source, due.row["id"], used, due.amount)


def _pay(books: Books, source: tuple[str, int], dues: list[Due], surplus: Decimal, mode: str, *, place: Place) -> None:
    books_it = mode in {"zauctovat", "castecnaUhradaNeboZauctovat"}
    if surplus > 0 and mode in {"ne", "castecnaUhrada"}:
        raise place.refuse("Částky se neshodují: na uhrazujícím dokladu zbývá", "sparovani", surplus)
    if surplus < 0 and mode == "ne":
        raise place.refuse("Částky se neshodují: na uhrazujícím dokladu chybí", "sparovani", -surplus)
    if surplus > 0 and not books_it and books.options["ignored_rest"] == "leave":
        return
    if surplus < 0 and mode == "ignorovat":
        return
    for due in dues:
        _pay_one(books, source, due, remainder=mode == "zauctovat")
    if surplus > 0 and books_it:
        _book_surplus(books, source, surplus)


def _pay_one(books: Books, source: tuple[str, int], due: Due, *, remainder: bool) -> None:
    payer = books.row(*source)
    left = available(books, payer)
    amount = due.amount if abs(due.amount) <= abs(left) else left
    if amount:
        link(books, source, due.row["id"], amount, amount)
    missing = due.amount - amount
    if missing and remainder:
        internal = ("interni-doklad", _internal(books, payer, missing))
        link(books, internal, due.row["id"], missing, missing, kind="typVazbyDokl.ZB")


def _internal(books: Books, payer: Row, amount: Decimal) -> int:
    number = books.new_id("interni-doklad")
    day = payer["datVyst"]
    row = {
        "id": number,
        "kod": f"ID{number:04}/{day[:4]}",
        "datVyst": day,
        "mena": payer.get("mena"),
        "sumOsv": str(amount),
        "sumCelkem": str(amount),
        "sumCelkemMen": str(amount),
        "popis": "Zbytek úhrady",
        "storno": False,
        "zamekK": "zamek.otevreno",
        "@links": [],
    }
    books.save("interni-doklad", row, created=True)
    return number


def _book_surplus(books: Books, source: tuple[str, int], surplus: Decimal) -> None:
    payer = dict(books.row(*source))
    internal = _internal(books, payer, surplus)
    row = {
        "id": books.new_id("vazba"),
        "typVazbyK": "typVazbyDokl.ZB",
        "castka": str(surplus),
        "storno": False,
        "@a": list(source),
        "@b": ["interni-doklad", internal],
        "@men": str(surplus),
        "@used": str(surplus * direction(payer)),
        "@day": payer["datVyst"],
    }
    books.save("vazba", row, created=True)
    payer["@links"] = [*payer.get("@links", []), row["id"]]
    refresh(books, KINDS[source[0]], payer, {})
    books.save(source[0], payer)


def unpair(books: Books, path: str, number: int, spec: Mapping[str, Any], place: Place) -> None:
    """Do what ``odparovani`` says: undo the pairing with the invoices named, or with all."""
    payer = books.row(path, number)
    links = _links(books, payer)
    if spec.get("uhrazovanaFak"):
        chosen = {due.row["id"] for due in _dues(books, spec, place)}
        links = [row for row in links if row["@b"] in [[PAID, each] for each in chosen]]
    invoices = {row["@b"][1] for row in links if row["@b"][0] == PAID}
    remainders = [
        row
        for invoice in invoices
        for row in _links(books, books.row(PAID, invoice))
        if row["@a"][0] == "interni-doklad"
    ]
    unlink(books, [*links, *remainders])


def match(books: Books, mode: str) -> int:
    """Pair unpaired bank documents with invoices by variable symbol and amount; gives how many were paired."""
    paired = 0
    for payer in list(books.rows("banka").values()):
        if payer.get("sparovano") or payer.get("storno") or not available(books, payer):
            continue
        for invoice in list(books.rows(PAID).values()):
            rest = rest_of(books, invoice)
            same_symbol = bool(payer.get("varSym")) and payer.get("varSym") == invoice.get("varSym")
            same_amount = rest == available(books, payer)
            if mode == "jenCastka":
                fits = same_amount and not same_symbol
            else:
                fits = same_symbol and (same_amount or mode == "jenVar")
            if fits and rest and not invoice.get("storno") and invoice.get("mena") == payer.get("mena"):
                spec = {"uhrazovanaFak": {"filter": str(invoice["id"])}, "zbytek": "castecnaUhradaNeboIgnorovat"}
                pair(books, "banka", payer["id"], spec, Place("banka"))
                paired += 1
                break
    return paired
