"""The comparison finds exactly what was injected, with its cause, and its sums add up to the cent."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mostek.desk.reconciliation import TOLD, Comparison, Difference, Entry, Result
from mostek.desk.tally import Paper, paper
from mostek.documents.money import Money
from mostek.sdk.effect import StatedRow, Statement

SINCE, UNTIL = date(2026, 5, 1), date(2026, 5, 31)
BUCKETS = {"standard": 21, "reduced": 12, "exempt": 0}
change = msgspec.structs.replace
Injection = Callable[[Entry, Statement], tuple[Entry, list[Statement]]]


def row(bucket: str, net: int, currency: str) -> StatedRow:
    tax = net * BUCKETS[bucket] // 100
    return StatedRow(
        bucket=bucket, net=Money(net, currency), tax=Money(tax, currency), gross=Money(net + tax, currency)
    )


def stated(number: int, kind: str, currency: str, day: date, nets: Mapping[str, int]) -> Statement:
    rows = tuple(row(bucket, net, currency) for bucket, net in nets.items())
    gross = Money(sum(each.gross.minor for each in rows), currency)
    return Statement(
        key=f"key-{number}",
        id=f"T{number}",
        number=f"F{number:04d}",
        kind=kind,
        total=gross,
        rows=rows,
        issued=day,
        supplied=day,
        reference=f"O{number}",
        unpaid=gross,
    )


def entry_of(number: int, statement: Statement, **more: Any) -> Entry:
    """The ledger's side of a document that was carried over and stands as it should."""
    meant = change(paper(statement), paid=None if statement.kind == "credit_note" else 0)
    known: dict[str, Any] = {
        "record": number,
        "shop": meant,
        "key": statement.key,
        "expected": meant,
        "id": statement.id,
        "place": "there",
        "state": "done",
        "cause": "done",
    }
    return Entry(**known | more)


def scaled(statement: Statement, factor: int) -> Statement:
    rows = tuple(row(each.bucket, each.net.minor * factor, each.net.currency) for each in statement.rows)
    total = Money(sum(each.gross.minor for each in rows), statement.total.currency)
    return change(statement, rows=rows, total=total, unpaid=total)


def other_rate(statement: Statement) -> Statement:
    """The same bases, those of one rate at another."""
    others = {"standard": "reduced", "reduced": "standard", "exempt": "standard"}
    nets = {each.bucket: each.net.minor for each in statement.rows}
    first = min(nets)
    moved = {**nets, others[first]: nets.get(others[first], 0) + nets[first]}
    del moved[first]
    changed = stated(0, statement.kind, statement.total.currency, statement.issued, moved)
    return change(statement, rows=changed.rows, total=changed.total, unpaid=changed.total)


def other_currency(statement: Statement) -> Statement:
    code = "EUR" if statement.total.currency == "CZK" else "CZK"
    rows = tuple(row(each.bucket, each.net.minor, code) for each in statement.rows)
    total = Money(statement.total.minor, code)
    return change(statement, rows=rows, total=total, unpaid=total)


def absent(state: str) -> Injection:
    def inject(entry: Entry, statement: Statement) -> tuple[Entry, list[Statement]]:
        del statement
        return change(entry, place="absent", state=state, cause=f"cause.{state}", id=""), []

    return inject


def edited(edit: Callable[[Statement], Statement]) -> Injection:
    return lambda entry, statement: (entry, [edit(statement)])


def day_moved(statement: Statement) -> Statement:
    return change(statement, issued=statement.issued + timedelta(days=3))


INJECTIONS: Mapping[str, Injection] = {
    "missing": absent("waiting"),
    "excluded": absent("excluded"),
    "deleted": lambda entry, statement: (entry, []),
    "duplicate": lambda entry, statement: (entry, [change(statement, id=f"X{statement.id}"), statement]),
    "extra": lambda entry, statement: (change(entry, place="absent", state="waiting", id=""), [statement]),
    "amount": edited(lambda statement: scaled(statement, 2)),
    "vat_rate": edited(other_rate),
    "currency": edited(other_currency),
    "kind": edited(lambda statement: change(statement, kind="advance")),
    "number": edited(lambda statement: change(statement, number="X" + statement.number)),
    "reference": edited(lambda statement: change(statement, reference="")),
    "date": edited(day_moved),
    "cancelled": edited(lambda statement: change(statement, cancelled=True)),
    "not_cancelled": lambda entry, statement: (change(entry, withdrawn=True), [statement]),
    "gone_from_source": lambda entry, statement: (change(entry, gone=True), [statement]),
    "pending": lambda entry, statement: (change(entry, state="parked", cause="payment.overpaid"), [statement]),
    "changed": lambda entry, statement: (
        change(entry, changed=True, state="parked", shop=change(entry.shop, total=entry.shop.total + 1, rows=())),
        [statement],
    ),
    "untied": lambda entry, statement: (
        change(entry, expected=change(entry.expected or entry.shop, corrects="key-other")),
        [statement],
    ),
    "accepted": lambda entry, statement: (
        change(entry, hand="Jana", expected=paper(scaled(statement, 2))),
        [scaled(statement, 2)],
    ),
    "nothing": lambda entry, statement: (entry, [statement]),
    "unkeyed": lambda entry, statement: (entry, [change(statement, key="")]),  # known again by the target's id
}
SILENT = {"nothing", "unkeyed"}
documents = st.lists(
    st.tuples(
        st.sampled_from(["invoice", "receipt", "credit_note"]),
        st.sampled_from(["CZK", "EUR"]),
        st.integers(-9, 39),
        st.dictionaries(st.sampled_from(sorted(BUCKETS)), st.integers(100, 10**7), min_size=1),
        st.sampled_from(sorted(INJECTIONS)),
    ),
    max_size=40,
)


def compared(entries: list[Entry], statements: list[Statement]) -> Result:
    comparison = Comparison(SINCE, UNTIL, "books")
    comparison.know(entries)
    for statement in statements:
        comparison.see(statement)
    return comparison.result()


def in_period(*days: date | None) -> bool:
    return any(day is not None and SINCE <= day <= UNTIL for day in days)


@given(documents, st.randoms(use_true_random=False), st.integers(0, 20))
def test_exactly_what_was_injected_is_found(drawn: list[Any], random: Random, foreign: int) -> None:
    entries, statements, injected = [], [], {}
    for number, (kind, currency, offset, nets, injection) in enumerate(drawn, 1):
        meant = stated(number, kind, currency, SINCE + timedelta(days=offset), nets)
        entry, stands = INJECTIONS[injection](entry_of(number, meant), meant)
        entries.append(entry)
        statements += stands
        if injection not in SILENT and in_period(entry.shop.day, *(each.issued for each in stands)):
            injected[number] = injection
    for number in range(1000, 1000 + foreign):
        statements.append(change(stated(number, "invoice", "CZK", SINCE, {"standard": 100}), key=""))
    random.shuffle(statements)
    result = compared(entries, statements)
    named = [each for each in (*result.differences, *result.told) if each.record]
    assert {each.record: each.cause for each in named} == injected
    assert len(named) == len(injected), "one cause each"
    assert {each.cause for each in result.differences} <= set(INJECTIONS) - TOLD - SILENT
    assert all(each.id.startswith("X") for each in named if each.cause == "duplicate"), "the ledger's own is the first"
    assert sum(each.cause == "not_ours" for each in result.told) == foreign
    assert all(each.cure for each in result.differences)
    assert not any(each.cure for each in result.told)
    _sums_add_up(result)


def _sums_add_up(result: Result) -> None:
    """What the sides differ by, is what the differences come to; and lines add up to totals."""
    apart: Counter[str] = Counter()
    for total in result.totals:
        sides = Counter({side: amount.minor for side, amount in total.amounts.items()})
        apart[total.currency] += sides["shop"] - sides["books"]
    told: Counter[str] = Counter()
    for each in (*result.differences, *result.told):
        if each.record and in_period(each.day):
            for amount, sign in ((each.shop, 1), (each.books, -1)):
                if amount:
                    told[amount.currency] += sign * amount.minor
    moved = [each for each in result.differences if each.cause == "date"]
    if not moved:  # what was moved over the edge of the period is counted on one side only
        assert {code: sum_ for code, sum_ in apart.items() if sum_} == {code: s for code, s in told.items() if s}
    by_kind: Counter[tuple[str, str, str]] = Counter()
    for line in result.lines:
        for side, sums in line.sides.items():
            by_kind[line.currency, line.kind, side] += sums.gross.minor
    totals = {(t.currency, t.kind, side): m.minor for t in result.totals for side, m in t.amounts.items()}
    assert {key: sum_ for key, sum_ in by_kind.items() if sum_} == {key: sum_ for key, sum_ in totals.items() if sum_}


def one(**more: Any) -> tuple[Entry, Statement]:
    statement = stated(1, "invoice", "CZK", SINCE, {"standard": 10_000})
    return entry_of(1, statement, **more), statement


def causes(result: Result) -> list[str]:
    return [each.cause for each in result.differences]


def test_what_both_sides_agree_on_is_counted_and_not_told() -> None:
    entry, statement = one()
    result = compared([entry], [statement])
    assert (result.differences, result.told) == ((), ())
    [total], [line] = result.totals, result.lines
    assert (total.counts, total.amounts["books"]) == ({"shop": 1, "books": 1}, Money(12_100, "CZK"))
    assert (line.bucket, line.sides["shop"].tax, line.differs) == ("standard", Money(2_100, "CZK"), False)


def test_a_rate_changed_within_the_same_total_and_a_changed_amount_are_told_apart() -> None:
    entry, statement = one()
    gross = Money(12_100, "CZK")
    moved = StatedRow(bucket="reduced", net=Money(10_804, "CZK"), tax=Money(1_296, "CZK"), gross=gross)
    [found] = compared([entry], [change(statement, rows=(moved,))]).differences
    assert (found.cause, found.meant) == ("vat_rate", "standard 100.00 + 21.00 = 121.00")
    both = scaled(change(statement, rows=(row("reduced", 10_000, "CZK"),)), 2)
    assert causes(compared([entry], [both])) == ["amount", "vat_rate"]


def test_of_two_under_our_key_the_one_that_the_ledger_knows_is_ours() -> None:
    entry, statement = one()
    for stands in ([change(statement, id="X1"), statement], [statement, change(statement, id="X1")]):
        [double] = compared([entry], stands).differences
        assert (double.cause, double.id, double.shop) == ("duplicate", "X1", None)


def test_the_same_number_entered_by_hand_is_offered_for_adoption() -> None:
    entry, statement = one(place="absent", state="parked", cause="money.line_sum", id="")
    [found] = compared([entry], [change(statement, key="", id="77")]).differences
    assert (found.cause, found.why, found.cure) == ("unlinked", "money.line_sum", "mostek inbox adopt 1 --id 77")


def test_payments_are_compared_where_the_flow_books_them() -> None:
    entry, statement = one()
    paid = change(statement, unpaid=Money(0, "CZK"))
    [found] = compared([entry], [paid]).differences
    assert (found.cause, found.meant, found.stands) == ("payment", "0.00 CZK", "121.00 CZK")
    silent = change(entry, expected=change(entry.shop, paid=None))
    assert compared([silent], [paid]).differences == ()


def test_what_a_credit_note_pays_off_is_no_payment() -> None:
    entry, statement = one()
    note = change(stated(2, "credit_note", "CZK", SINCE, {"standard": 10_000}), corrects=statement.key)
    settled = change(statement, unpaid=Money(0, "CZK"))
    assert compared([entry, entry_of(2, note)], [settled, note]).differences == ()


def test_a_credit_note_tied_to_another_document_is_untied() -> None:
    entry, statement = one()
    note = change(stated(2, "credit_note", "CZK", SINCE, {"standard": 10_000}), corrects=statement.key)
    assert causes(compared([entry, entry_of(2, note)], [statement, change(note, corrects="key-9")])) == ["untied"]
    # The books may name the corrected document by their own id.
    assert compared([entry, entry_of(2, note)], [statement, change(note, corrects="T1")]).differences == ()


def test_keys_of_other_flows_are_told_and_unknown_keys_are_an_alarm() -> None:
    _, statement = one()
    comparison = Comparison(SINCE, UNTIL, "books")
    for key in ("other", "unknown", "payment"):
        comparison.see(change(statement, key=key, id=key))
    assert sorted(comparison.strangers) == ["other", "payment", "unknown"]
    comparison.own({"other": "second-shop", "payment": ""})
    result = comparison.result()
    assert [(each.cause, each.id) for each in result.differences] == [("extra", "unknown")]
    [told] = result.told
    assert (told.cause, told.flow) == ("other_flow", "second-shop")
    assert told.cure == "mostek reconcile second-shop --from 2026-05-01 --to 2026-05-31"
    [total] = result.totals
    assert dict(total.counts) == {"books": 1, "other_flows": 1}


def test_a_document_moved_out_of_the_period_is_a_date_and_not_a_deletion() -> None:
    entry, statement = one()
    comparison = Comparison(SINCE, UNTIL, "books")
    comparison.know([entry])
    assert comparison.doubted() == ([1], ["key-1"])
    comparison.see_again("key-1", change(statement, issued=date(2027, 1, 1)))
    [found] = comparison.result().differences
    assert (found.cause, found.meant, found.stands) == ("date", "2026-05-01", "2027-01-01")
    comparison.see_again("key-1", None)
    assert causes(comparison.result()) == ["deleted"]


def test_what_was_written_meanwhile_is_no_alarm_after_the_second_look() -> None:
    planned, statement = one(place="absent", state="waiting", cause="delivery", id="")
    comparison = Comparison(SINCE, UNTIL, "books")
    comparison.know([change(planned, key="")])  # when the ledger was read nothing was planned yet
    comparison.see(statement)
    assert (comparison.strangers, comparison.doubted()) == ([statement.key], ([1], []))
    comparison.know([one()[0]])
    assert comparison.result().differences == ()


def test_what_the_source_lists_and_the_ledger_lacks_is_unread() -> None:
    entry, statement = one()
    comparison = Comparison(SINCE, UNTIL, "books")
    comparison.know([entry])
    comparison.see(statement)
    new = Paper(kind="invoice", number="F0002", currency="CZK", total=500, day=SINCE)
    comparison.list_unread({"F0002": new, "record:1": change(entry.shop, total=12_200, rows=())})
    result = comparison.result()
    assert [(each.cause, each.number, str(each.shop)) for each in result.differences] == [
        ("unread", "F0001", "121.00 CZK"),
        ("unread", "F0002", "5.00 CZK"),
    ]
    assert str(result.totals[0].amounts["shop"]) == "127.00 CZK"


@pytest.mark.parametrize(
    ("state", "alarmed", "cause", "cure"),
    [
        ("done", False, "amount", "mostek books verify books"),
        ("parked", True, "amount", "mostek inbox accept 1"),
        ("parked", True, "deleted", "mostek inbox retry 1"),
        ("parked", False, "missing", "mostek inbox retry 1"),
        ("waiting", False, "missing", "mostek run --once"),
        ("parked", False, "changed", "mostek inbox accept 1"),
        ("done", False, "duplicate", "mostek inbox show F0001"),
    ],
)
def test_each_cause_names_its_cure(state: str, alarmed: bool, cause: str, cure: str) -> None:
    entry, statement = one(state=state, alarmed=alarmed)
    changed, stands = INJECTIONS[cause](entry, statement)
    found: tuple[Difference, ...] = compared([change(changed, state=state)], stands).differences
    assert [(each.cause, each.cure) for each in found] == [(cause, cure)]


def test_fifty_thousand_documents_are_compared_in_three_seconds() -> None:
    """In processor time: what the test's own statements cost is not counted."""
    random = Random(7)
    meant = [
        stated(n, "invoice", "CZK", SINCE + timedelta(days=n % 31), {"standard": random.randrange(10**6), "exempt": n})
        for n in range(1, 50_001)
    ]
    entries = [entry_of(n, each) for n, each in enumerate(meant, 1)]
    began = time.process_time()
    comparison = Comparison(SINCE, UNTIL, "books")
    comparison.know(entries)
    for statement in meant[1:]:
        comparison.see(statement)
    comparison.doubted()
    result = comparison.result()
    spent = time.process_time() - began
    assert causes(result) == ["deleted"]
    assert spent < 3, f"{spent:.2f} s"
