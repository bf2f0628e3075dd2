"""A person's hand in the books, as the control API lends it: what somebody does in the vendor's application.

Each deed is a record for the ordinary import, so that what the server refuses to everybody it refuses here too. Only
paying is done beside it: a person may take any amount from a bank statement, less or more than is owed.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from mostek.connectors.flexibee.sandbox import copies, imports, lines, payments, records, totals
from mostek.connectors.flexibee.sandbox.books import Books
from mostek.connectors.flexibee.sandbox.kinds import KINDS
from mostek.connectors.flexibee.sandbox.locks import check_open
from mostek.connectors.flexibee.sandbox.options import User
from mostek.connectors.flexibee.sandbox.refusals import Denied, Place, Refused
from mostek.connectors.flexibee.sandbox.store import Row

Json = dict[str, Any]

PERSON = User("ucetni", "", {"*": "rw"})
"""Whose hand it is."""
ACTIONS = ("delete", "storno", "lock", "lock-for-ucetni", "unlock")
_UNSEEN = {"lastUpdate", "updatedBy"}


class AskedWrongError(ValueError):
    """A deed that cannot be understood; the text says what is expected."""


class NotThereError(LookupError):
    """A record to work on that is not in the books."""


@dataclass
class Done:
    """What came of one deed: the import's numbers and results, and what is different now."""

    evidence: str
    id: int | None = None
    stats: dict[str, int] = field(default_factory=dict)
    results: list[Json] = field(default_factory=list)
    changed: dict[str, list[Any]] = field(default_factory=dict)

    @property
    def success(self) -> bool:
        """Whether the server took it."""
        return not self.stats.get("failed")


Deed = Callable[[Books, str, int | None, Mapping[str, Any]], Done]
"""Does one thing to a record of an evidence, or to none, as the deed's JSON says."""


def do(books: Books, deed: Mapping[str, Any]) -> list[Done]:
    """Do one deed, to the record ``id`` or to each of ``ids``, every one in a transaction of its own."""
    path = str(deed.get("evidence", payments.PAID))
    chosen = [name for name in (*ACTIONS, *_DEEDS) if deed.get(name, False) not in (None, False)]
    if len(chosen) != 1:
        told = ", ".join((*ACTIONS, *_DEEDS))
        raise AskedWrongError(f"give exactly one of {told}" + (f", not {' and '.join(chosen)}" if chosen else ""))
    (name,) = chosen
    if name in _ALONE:
        return [_DEEDS[name](books, path, None, deed)]
    numbers = [_found(books, path, str(each)) for each in deed.get("ids", [deed.get("id", "")])]
    return [_tried(_DEEDS.get(name, _act), books, path, number, deed) for number in numbers]


def _tried(work: Deed, books: Books, path: str, number: int, deed: Mapping[str, Any]) -> Done:
    try:
        return work(books, path, number, deed)
    except Refused as refused:
        return Done(path, number, {"failed": 1}, [{"errors": [refused.to_json()]}])


def _found(books: Books, path: str, named: str) -> int:
    number = books.find(path, named) if named else None
    if number is None:
        raise NotThereError(f"no record {named!r} in {path}")
    return number


def _import(books: Books, path: str, number: int | None, record: Mapping[str, Any]) -> Done:
    before = dict(books.row(path, number)) if number is not None else {}
    named = {"id": [str(number), *_listed(record.get("id"))]} if number is not None else {}
    try:
        report = imports.run(books, PERSON, {path: {**record, **named}}, imports.How())
    except Denied as denied:
        raise AskedWrongError(str(denied)) from denied
    done = Done(path, number, report.stats, report.results)
    if done.success and number is None:
        done.id = int(report.results[0]["id"])
    done.changed = _difference(books, path, before, done.id)
    return done


def _listed(value: object) -> list[str]:
    return [str(each) for each in (value if isinstance(value, list) else [value] if value else [])]


def _difference(books: Books, path: str, before: Row, number: int | None) -> dict[str, list[Any]]:
    after = books.rows(path).get(number or 0, {})
    shown = [name for name in books.shape(path).facts if name not in _UNSEEN]
    return {name: [before.get(name), after.get(name)] for name in shown if before.get(name) != after.get(name)}


def _act(books: Books, path: str, number: int | None, deed: Mapping[str, Any]) -> Done:
    action = next(name for name in ACTIONS if deed.get(name))
    return _import(books, path, number, {"@action": action})


def _create(books: Books, path: str, number: int | None, deed: Mapping[str, Any]) -> Done:
    return _import(books, path, None, _object(deed, "create"))


def _change(books: Books, path: str, number: int | None, deed: Mapping[str, Any]) -> Done:
    return _import(books, path, number, _object(deed, "change"))


def _object(deed: Mapping[str, Any], name: str) -> Json:
    value = deed[name]
    if not isinstance(value, dict):
        raise AskedWrongError(f"{name}: expected an object")
    return value


def _line(books: Books, path: str, number: int | None, deed: Mapping[str, Any]) -> Done:
    """``{"position": 1, fields}``: a line by its place on the document, counted from one, gets these fields."""
    wanted, kind = dict(_object(deed, "line")), KINDS.get(path)
    if kind is None or not kind.lines or number is None:
        raise AskedWrongError(f"line: {path} has no lines")
    rows = [row for row in books.lines(kind.lines, number) if not row.get(totals.AUTOMATIC)]
    position = wanted.pop("position", 1)
    if not isinstance(position, int) or not 1 <= position <= len(rows):
        raise AskedWrongError(f"position: {position!r}, but the document has {len(rows)} lines")
    line = {**wanted, "id": str(rows[position - 1]["id"])}
    return _import(books, path, number, {kind.collections[0]: [line]})


def _duplicate(books: Books, path: str, number: int | None, deed: Mapping[str, Any]) -> Done:
    """True or fields of the copy; ``"take_ids": true`` moves the external ids from the original to the copy."""
    told = deed["duplicate"]
    fields = {} if told is True else dict(_object(deed, "duplicate"))
    taken = books.exts(path, number or 0) if fields.pop("take_ids", False) else []
    if taken:
        _import(books, path, number, {lines.FORGET: ""})
    return _import(books, path, None, {**fields, "id": taken, copies.SOURCE: str(number)})


def _forget(books: Books, path: str, number: int | None, deed: Mapping[str, Any]) -> Done:
    """The beginning of the external ids that are taken away; an empty text takes all."""
    return _import(books, path, number, {lines.FORGET: str(deed["forget_ids"])})


def _close(books: Books, path: str, number: int | None, deed: Mapping[str, Any]) -> Done:
    """``{"from", "to", "modules", "state"}``: a lock of a period; issued invoices only, unless modules are named."""
    wanted = _object(deed, "lock_period")
    modules = wanted.get("modules", [KINDS[payments.PAID].module])
    record = {
        "zamekK": wanted.get("state", "zamek.zamceno"),
        "platiOdData": wanted.get("from"),
        "platiDoData": wanted.get("to"),
        **dict.fromkeys(modules, "true"),
    }
    return _import(books, "zamek", None, record)


def _open(books: Books, path: str, number: int | None, deed: Mapping[str, Any]) -> Done:
    """The lock's id, or true for all locks; the documents that they locked stay locked, as the vendor warns."""
    wanted = deed["unlock_period"]
    numbers = list(books.rows("zamek")) if wanted is True else [_found(books, "zamek", str(wanted))]
    done = Done("zamek", stats={"deleted": 0})
    for each in numbers:
        one = _import(books, "zamek", each, {"@action": "delete"})
        done.stats["deleted"] += one.stats["deleted"]
        done.results += one.results
    return done


def _pay(books: Books, path: str, number: int | None, deed: Mapping[str, Any]) -> Done:
    """An amount, or true for all that is left; ``date`` is the day of the bank document."""
    if path != payments.PAID or number is None:
        raise AskedWrongError(f"pay: only {payments.PAID} is paid")
    before = dict(books.row(path, number))
    with books.store.transaction():
        made = _paid(books, number, deed["pay"], deed.get("date"))
    results = [{"id": str(made), "ref": f"/c/{books.company.db}/banka/{made}.json"}]
    return Done(path, number, {"created": 1, "failed": 0}, results, _difference(books, path, before, number))


def _paid(books: Books, number: int, told: object, day: object) -> int:
    invoice, place = books.row(payments.PAID, number), Place(f"{payments.PAID}[id={number}]")
    if invoice.get("storno"):
        raise place.refuse("Stornovaný doklad nelze uhradit")
    if books.options["pair_locked"] == "no":
        check_open(invoice, place)
    income = payments.rest_of(books, {**invoice, "@links": []}) >= 0
    rest = payments.rest_of(books, invoice) * (1 if income else -1)
    try:
        amount = rest if told is True else Decimal(str(told))
    except InvalidOperation:
        raise AskedWrongError(f"pay: {told!r} is no amount") from None
    if amount <= 0:
        raise place.refuse("Není co uhradit")
    foreign = "Men" if totals.is_foreign(books, invoice) else ""
    accounts = books.rows("bankovni-ucet").values()
    account = next(row["id"] for row in accounts if not foreign or row["mena"] == invoice["mena"])
    record = {
        "typDokl": "code:STANDARD",
        "banka": str(account),
        "typPohybuK": "typPohybu.prijem" if income else "typPohybu.vydej",
        "datVyst": str(day or books.clock.today().isoformat()),
        "mena": str(invoice["mena"]),
        "varSym": invoice.get("varSym"),
        "bezPolozek": "true",
        f"sumOsv{foreign}": str(amount),
    }
    made = records.write(books, "banka", record).id
    if made is None:
        raise LookupError("banka")
    signed = amount if income else -amount
    # All of it goes to the invoice, even what is too much: the overpayment is seen there.
    payments.link(books, ("banka", made), number, signed, signed)
    return made


def _unpay(books: Books, path: str, number: int | None, deed: Mapping[str, Any]) -> Done:
    """True unpairs all payments of an invoice and takes "paid by hand" off; "delete" deletes their documents too."""
    before = dict(books.row(path, number or 0))
    with books.store.transaction():
        links = [books.row("vazba", each) for each in before.get("@links", [])]
        payments.unlink(books, links)
        if deed["unpay"] == "delete":
            for source, payer in {tuple(link["@a"]) for link in links if link["@a"][0] in payments.PAYERS}:
                records.write(books, source, {"id": str(payer), "@action": "delete"})
        row = dict(books.row(path, number or 0))
        payments.refresh(books, KINDS[path], row, {"stavUhrK": None})
        books.save(path, row)
    return Done(path, number, {"updated": 1, "failed": 0}, [], _difference(books, path, before, number))


_DEEDS: dict[str, Deed] = {
    "create": _create,
    "change": _change,
    "line": _line,
    "duplicate": _duplicate,
    "forget_ids": _forget,
    "pay": _pay,
    "unpay": _unpay,
    "lock_period": _close,
    "unlock_period": _open,
}
_ALONE = {"create", "lock_period", "unlock_period"}
"""Deeds that are done to no record that is already there."""


def fill(books: Books, path: str, entered: Iterable[Mapping[str, Any]], at: datetime | None) -> Json:
    """Enter many records in one transaction, as somebody else did at that moment; a refused one undoes them all."""
    still = replace(books, clock=books.clock.stopped(at))
    made: list[int | None] = []
    with still.store.transaction():
        for position, record in enumerate(entered):
            try:
                made.append(records.write(still, path, record).id)
            except Refused as refused:
                raise AskedWrongError(f"record {position}: {refused}") from refused
    return {"entered": len(made), "first": made[0] if made else None, "last": made[-1] if made else None}
