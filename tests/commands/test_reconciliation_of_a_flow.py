"""The command on a hub that has carried documents over: ledger, target and source say what they say."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mostek import commands
from mostek.commands import adopting
from mostek.commands.reconciling import Reconcile, Report, Series, SeriesReport
from mostek.desk.installation import Installation as Hub
from mostek.documents.problem import InvalidDocumentError
from mostek.hub.ledger import Transaction
from mostek.sdk.effect import Statement
from tests.hub import papers, toy
from tests.hub.bench import Installation
from tests.hub.conftest import Installer

SINCE, UNTIL = papers.DAY - timedelta(days=3), papers.DAY + timedelta(days=3)


async def reconciled(bench: Installation, *, fresh: bool = False, slug: str = "shop-to-books") -> Report:
    """The report of the command, as the command line asks for it."""
    hub = Hub(Path(), bench.ledger, bench.vault)
    try:
        request = Reconcile(slug=slug, since=SINCE, until=UNTIL, fresh=fresh)
        report: Report = await commands.run(hub, "reconcile", request, "test")
    finally:
        await hub.connections.close()
    return report


async def series(bench: Installation) -> SeriesReport:
    hub = Hub(Path(), bench.ledger, bench.vault)
    try:
        request = Series(slug="shop-to-books", since=SINCE, until=UNTIL)
        report: SeriesReport = await commands.run(hub, "series", request, "test")
    finally:
        await hub.connections.close()
    return report


def found(report: Report) -> dict[str, str]:
    """The causes by number."""
    return {each.number: each.cause for each in report.differences}


def told(report: Report) -> Counter[str]:
    return Counter(each.cause for each in report.told)


async def carried(installed: Installer, policy: dict[str, Any] | None = None) -> Installation:
    """Six documents of three kinds, all in the books."""
    bench = await installed({"payments": "none", **(policy or {})})
    bench.shop.put(*(papers.invoice(f"F{n}", str(100 + n)) for n in range(1, 5)))
    bench.shop.put(papers.credit_note("D1", "F1"), papers.invoice("U1", kind="receipt"))
    await bench.rest()
    return bench


async def test_after_a_transfer_both_sides_agree_to_the_cent(installed: Installer) -> None:
    report = await reconciled(await carried(installed))
    assert report.agree
    assert (report.differences, report.told) == ((), ())
    totals = {each.kind: each for each in report.totals}
    assert {kind: dict(total.counts) for kind, total in totals.items()} == {
        "credit_note": {"shop": 1, "books": 1},
        "invoice": {"shop": 4, "books": 4},
        "receipt": {"shop": 1, "books": 1},
    }
    assert str(totals["invoice"].amounts["books"]) == "410.00 CZK"
    assert not any(line.differs for line in report.lines)
    assert {line.day for line in report.lines} == {papers.DAY}


async def test_a_persons_hand_in_the_books_is_named(installed: Installer) -> None:
    bench = await carried(installed)
    bench.books.hand("F1", deleted=True)
    bench.books.hand("F2", total=papers.money("500"), rows=())
    bench.books.hand("F3", issued=papers.DAY + timedelta(days=200))
    [stands] = bench.books.of("F4")
    bench.books.enter(stands)
    report = await reconciled(bench)
    assert found(report) == {"F1": "deleted", "F2": "amount", "F3": "date", "F4": "duplicate"}
    [moved] = [each for each in report.differences if each.cause == "date"]
    assert moved.stands == str(papers.DAY + timedelta(days=200))
    [double] = [each for each in report.differences if each.cause == "duplicate"]
    assert double.id != stands.id


async def test_what_never_arrived_says_why(installed: Installer) -> None:
    rules = [{"id": "small", "when": [{"field": "total", "operator": "at_most", "values": ["50"]}], "then": "exclude"}]
    bench = await carried(installed, {"rules": [*rules, {"id": "all"}]})
    bench.books.reject.add("F5")
    bench.shop.put(papers.invoice("F5"), papers.invoice("F6", "40"), papers.credit_note("D9", "F99"))
    await bench.rest()
    bench.shop.put(papers.invoice("F7"))
    await bench.read()  # read, and not planned yet
    report = await reconciled(bench)
    assert {each.number: (each.cause, each.why) for each in report.differences} == {
        "D9": ("missing", "credit.original_missing"),
        "F5": ("missing", "toy.refused"),
        "F7": ("missing", "planning"),
    }
    [left] = report.told
    assert (left.number, left.cause, left.why, left.rule) == ("F6", "excluded", "excluded.rule", "small")
    [total] = [each for each in report.totals if each.kind == "invoice"]
    assert total.counts["left_out"] == 1
    cures = {each.number: each.cure for each in report.differences}
    assert cures["F5"].startswith("mostek inbox retry ")
    assert cures["F7"] == "mostek run --once"


async def test_another_flows_documents_are_no_alarm(installed: Installer) -> None:
    bench = await carried(installed)
    second = await bench.more_shop("outlet", {"payments": "none"})
    second.put(papers.invoice("X1", "300"))
    await bench.rest()
    first, other = await reconciled(bench), await reconciled(bench, slug="outlet-to-books")
    assert (first.differences, told(first)) == ((), {"other_flow": 1})
    assert (other.differences, told(other)) == ((), {"other_flow": 6})
    assert {each.flow for each in first.told} == {"outlet-to-books"}


async def test_a_key_that_this_ledger_does_not_know_is_an_alarm(installed: Installer) -> None:
    bench = await carried(installed)
    [stands] = bench.books.of("F1")
    bench.books.enter(msgspec.structs.replace(stands, key="of-a-ledger-that-was-lost", number="F77"))
    assert found(await reconciled(bench)) == {"F77": "extra"}


async def test_documents_entered_by_hand_are_told_and_no_alarm(installed: Installer) -> None:
    bench = await carried(installed)
    [stands] = bench.books.of("F1")
    bench.books.enter(*(msgspec.structs.replace(stands, key="", number=f"H{n}") for n in range(5)))
    report = await reconciled(bench)
    assert (report.agree, told(report)) == (True, {"not_ours": 5})


async def test_what_the_shop_changed_afterwards_is_told_as_the_policy_has_it(installed: Installer) -> None:
    bench = await carried(installed)
    bench.shop.put(papers.regrossed(papers.invoice("F1"), "150"), papers.invoice("F2", "102", cancelled=True))
    await bench.rest()
    report = await reconciled(bench)
    assert {each.number: (each.cause, each.why) for each in report.differences} == {
        "F1": ("changed", "document.changed"),
        "F2": ("changed", "document.cancelled"),
    }
    assert [str(each.shop) for each in report.differences][:1] == ["150.00 CZK"]


@pytest.mark.parametrize("changes", ["update", "reissue"])
async def test_changes_that_were_carried_over_agree(installed: Installer, changes: str) -> None:
    bench = await carried(installed, {"changes": changes, "cancellations": "cancel"})
    bench.shop.put(papers.regrossed(papers.invoice("F1"), "150"), papers.invoice("F2", "102", cancelled=True))
    await bench.rest()
    report = await reconciled(bench)
    assert found(report) == {}
    [total] = [each for each in report.totals if each.kind == "invoice"]
    assert total.counts == {"shop": 3, "books": 3}
    assert str(total.amounts["shop"]) == "357.00 CZK"
    bench.books.hand("F2", cancelled=False)
    assert found(await reconciled(bench)) == {"F2": "not_cancelled"}


async def test_while_it_is_issued_again_a_document_counts_once(installed: Installer) -> None:
    bench = await carried(installed, {"changes": "reissue"})
    bench.shop.put(papers.regrossed(papers.invoice("F1"), "150"))
    await bench.read()
    await bench.plan()  # to be cancelled and issued again, and nothing sent of it yet
    report = await reconciled(bench)
    assert found(report) == {"F1": "changed"}
    [total] = [each for each in report.totals if each.kind == "invoice"]
    assert total.counts == {"shop": 4, "books": 4}


async def test_a_run_at_work_meanwhile_raises_no_alarm(installed: Installer, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = await carried(installed)
    bench.shop.put(papers.invoice("F5"), papers.invoice("F6"))
    await bench.read()
    await bench.plan()
    plain = toy.BooksSession.totals

    async def totals(session: toy.BooksSession, since: date, until: date) -> AsyncIterator[Statement]:
        await bench.rest()  # between reading the ledger and listing the books
        async for statement in plain(session, since, until):
            yield statement

    monkeypatch.setattr(toy.BooksSession, "totals", totals)
    report = await reconciled(bench)
    assert report.agree, report.differences
    assert sum(total.counts["books"] for total in report.totals) == 8


async def test_what_a_person_accepted_is_told_and_no_alarm(installed: Installer) -> None:
    bench = await carried(installed)
    bench.books.hand("F2", total=papers.money("500"), rows=())
    await bench.elapse(2 * 86_400)
    await bench.rest()  # read back: somebody changed it there
    [seen] = (await reconciled(bench)).differences
    assert (seen.cause, seen.cure) == ("amount", f"mostek inbox accept {seen.record}")
    hub = Hub(Path(), bench.ledger, bench.vault)
    await commands.run(hub, "inbox.accept", adopting.Accept(records=(seen.record,), person="Jana"), "test")
    await hub.connections.close()
    await bench.rest()
    report = await reconciled(bench)
    assert (report.agree, told(report)) == (True, {"accepted": 1})
    [accepted] = report.told
    assert (accepted.hand, str(accepted.shop), str(accepted.books)) == ("Jana", "102.00 CZK", "500.00 CZK")


async def test_payments_are_compared_when_the_flow_books_them(installed: Installer) -> None:
    bench = await carried(installed, {"payments": "mark"})
    bench.shop.put(papers.invoice("F8", is_paid=True))
    await bench.rest()
    assert (await reconciled(bench)).agree


async def test_a_fresh_listing_names_what_is_gone_and_what_was_not_read(installed: Installer) -> None:
    bench = await carried(installed)
    del bench.shop.documents["invoice", "F1"]
    bench.shop.put(papers.invoice("F9", "90"), papers.invoice("F2", "222"))
    before = [dict(row) for row in await bench.ledger.read(Transaction.rows, "standing_all")]
    assert (await reconciled(bench)).agree
    report = await reconciled(bench, fresh=True)
    # The toy shop's summaries tell no day: what was never read cannot be placed in the period.
    assert found(report) == {"F1": "gone_from_source"}
    assert [dict(row) for row in await bench.ledger.read(Transaction.rows, "standing_all")] == before


async def test_the_series_of_both_sides_explain_their_gaps(installed: Installer) -> None:
    bench = await carried(installed)
    bench.books.reject.add("F6")
    bench.shop.put(papers.invoice("F6"), papers.invoice("F8"), papers.invoice("F5"))
    await bench.rest()
    bench.books.hand("F5", deleted=True)
    report = await series(bench)
    [books] = [each for each in report.books if each.pattern == "F#"]
    reasons = {number: reason.cause for gap in books.gaps for number, reason in gap.reasons.items()}
    assert reasons == {"F5": "gone", "F6": "parked"}
    assert [number for gap in books.gaps for number in gap.numbers] == ["F5", "F6", "F7"]
    assert not report.explained


@pytest.mark.parametrize("command", [Reconcile, Series])
async def test_a_flow_that_is_not_there_is_said(installed: Installer, command: Any) -> None:
    bench = await installed()
    hub = Hub(Path(), bench.ledger, bench.vault)
    request = command(slug="nothing", since=date(2026, 1, 1), until=date(2026, 1, 2))
    with pytest.raises(InvalidDocumentError, match=r"flow\.unknown"):
        await commands.run(hub, command.__name__.lower(), request, "test")
