"""A month is told as it stands: what is open, how both sides compared, when it was closed, and what came after."""

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from mostek.commands import adopting, closing, counting, filing
from mostek.commands.closing import Month, MonthView
from mostek.commands.filing import Sent, SentPage
from mostek.commands.reconciling import Reconcile
from mostek.documents.problem import InvalidDocumentError
from tests.hub import papers
from tests.hub.bench import Installation
from tests.hub.conftest import Installer

MAY: dict[str, Any] = {"since": date(2026, 5, 1), "until": date(2026, 5, 31)}


async def month(bench: Installation, name: str = "2026-05", slug: str = "books") -> MonthView:
    found: MonthView = await bench.command("books.month", Month(slug=slug, month=name))
    return found


async def dated(bench: Installation) -> None:
    """The toy shop's summaries tell no day."""
    await bench.sql("UPDATE record SET dated = '2026-05-04' WHERE dated IS NULL AND kind <> 'order'")


async def carried(installed: Installer) -> Installation:
    bench = await installed({"payments": "none"})
    bench.shop.put(
        papers.invoice("F1", "121"), papers.invoice("F2", "242", is_paid=True), papers.credit_note("D1", "F1")
    )
    await bench.rest()
    await dated(bench)
    await bench.command("report.count", counting.Count())
    return bench


async def reconciled(bench: Installation) -> None:
    await bench.command("reconcile", Reconcile(slug="shop-to-books", **MAY))


async def test_a_month_is_ready_once_all_is_done_and_both_sides_agree(installed: Installer) -> None:
    bench = await carried(installed)
    view = await month(bench)
    [flow] = view.flows
    assert (view.since, view.until, view.is_over, view.is_closed, view.is_ready) == (*MAY.values(), True, False, False)
    assert {state: found.count for state, found in flow.states.items() if found.count} == {"done": 3}
    assert [str(amount) for amount in flow.states["done"].amounts] == ["242.00 CZK"]
    assert (flow.open, flow.unread, flow.undated, flow.checked) == ((), (), 0, None)
    assert (flow.unpaid.count, [str(amount) for amount in flow.unpaid.amounts]) == (1, ["121.00 CZK"])
    await reconciled(bench)
    view = await month(bench)
    assert view.flows[0].checked is not None
    assert (view.flows[0].checked.differences, view.flows[0].checked.stale) == (0, False)
    assert view.is_ready


async def test_what_is_open_is_told_by_state_and_cause(installed: Installer) -> None:
    bench = await carried(installed)
    bench.books.reject.add("F3")
    bench.shop.put(papers.invoice("F3", "50"))
    await bench.rest()
    bench.shop.put(papers.invoice("F4", "60"))
    await bench.read()
    await dated(bench)
    [flow] = (await month(bench)).flows
    assert [(each.state, each.cause, each.sum.count) for each in flow.open] == [
        ("parked", "toy.refused", 1),
        ("waiting", "planning", 1),
    ]
    assert flow.documents == 5
    assert not flow.is_ready


async def test_a_document_without_a_day_may_belong_to_any_month(installed: Installer) -> None:
    bench = await carried(installed)
    bench.shop.put(papers.invoice("F9"))
    await bench.read()
    assert [flow.undated for flow in (await month(bench, "2026-03")).flows] == [1]


async def test_a_list_of_documents_that_was_not_read_to_the_end_is_told(installed: Installer) -> None:
    bench = await carried(installed)
    await bench.sql("UPDATE feed SET watermark = NULL WHERE name = 'order'")
    assert (await month(bench)).flows[0].unread == ()
    for stamp in ("NULL", "1780271999999"):  # the last millisecond of May, as UTC has it
        await bench.sql(f"UPDATE feed SET watermark = {stamp} WHERE name = 'invoice'")
        assert (await month(bench)).flows[0].unread == ("invoice",)
    await bench.sql("UPDATE feed SET watermark = 1780272000000 WHERE name = 'invoice'")
    assert (await month(bench)).flows[0].unread == ()


async def test_a_comparison_is_stale_once_something_changed(installed: Installer) -> None:
    bench = await carried(installed)
    await reconciled(bench)
    await bench.sql("UPDATE reconciled SET at = at - 5000")
    bench.shop.put(papers.regrossed(papers.invoice("F2", is_paid=True), "300"))
    await bench.read()
    await dated(bench)
    checked = (await month(bench)).flows[0].checked
    assert checked is not None
    assert checked.stale


async def test_what_changed_after_the_closing_is_listed(installed: Installer) -> None:
    bench = await carried(installed)
    await bench.command("books.close", adopting.Close(slug="books", until=MAY["until"]))
    await bench.sql("UPDATE audit SET at = at - 5000", "UPDATE record SET changed = changed - 9000")
    view = await month(bench)
    assert view.closed is not None
    assert (view.is_closed, view.closed.person, view.closed.until, view.changes) == (True, "eva", MAY["until"], ())
    bench.shop.put(papers.regrossed(papers.invoice("F2"), "300"), papers.invoice("F5"))
    await bench.read()
    await dated(bench)
    changes = {each.number: (each.is_new, each.gone, str(each.total)) for each in (await month(bench)).changes}
    assert changes == {"F2": (False, False, "300.00 CZK"), "F5": (True, False, "121.00 CZK")}
    assert (await month(bench, "2026-06")).changes == ()


async def test_the_month_to_close_is_the_one_after_the_closed_ones(installed: Installer) -> None:
    bench = await carried(installed)
    assert (await month(bench, "")).month == "2026-05"
    await bench.command("books.close", adopting.Close(slug="books", until=MAY["until"]))
    view = await month(bench, "")
    assert (view.month, view.is_closed) == ("2026-06", False)
    assert "2026-05" in view.months
    await bench.command("books.close", adopting.Close(slug="books", until=None))
    assert (await month(bench)).closed is None


def test_a_day_is_closed_since_the_last_time_it_was_not() -> None:
    may, june = date(2026, 5, 31), date(2026, 6, 30)
    steps = [(1, may), (2, june), (3, None), (4, june), (5, may), (6, june)]
    closings = [closing.Closing(at=at, person="eva", until=until) for at, until in steps]
    assert [
        found.at if found else 0 for found in (closing._closed(closings, may), closing._closed(closings, june))
    ] == [4, 6]
    assert closing._closed(closings, june + timedelta(days=1)) is None


@pytest.mark.parametrize("name", ["2026-13", "05/2026", "2026-05-01", "x"])
async def test_what_is_no_month_is_refused(installed: Installer, name: str) -> None:
    bench = await installed()
    with pytest.raises(InvalidDocumentError, match=r"month\.invalid"):
        await month(bench, name)


async def test_only_books_have_months(installed: Installer) -> None:
    bench = await installed()
    found = await bench.command("books.list", closing.Books())
    assert [(each.slug, each.flows) for each in found] == [("books", ("shop-to-books",))]
    for slug, cause in (("shop", r"connection\.no_target"), ("nobody", r"connection\.unknown")):
        with pytest.raises(InvalidDocumentError, match=cause):
            await month(bench, slug=slug)


async def test_sent_documents_come_page_by_page_and_none_is_parted(installed: Installer) -> None:
    bench = await installed({"payments": "none", "changes": "update"})
    bench.shop.put(*(papers.invoice(f"F{n}", issued=date(2026, 5, n)) for n in range(1, 8)))
    await bench.rest()
    bench.shop.put(papers.invoice("F2", "500", issued=date(2026, 5, 2)))
    await bench.rest()
    await bench.sql("UPDATE record SET dated = '2026-05-0' || substr(number, 2, 1)")
    seen: list[tuple[str, str]] = []
    request = Sent(slug="shop-to-books", **MAY, limit=2)
    for _ in range(20):
        page: SentPage = await bench.command("documents.sent", request)
        seen += [(each.number, each.verb) for each in page.documents]
        if page.day is None:
            break
        request = msgspec.structs.replace(request, day=page.day, after=page.after)
    assert seen == [("F1", "create"), ("F2", "create"), ("F2", "update"), *((f"F{n}", "create") for n in range(3, 8))]
    whole: SentPage = await bench.command("documents.sent", Sent(slug="shop-to-books", **MAY, whole=True))
    assert all(each.payload.startswith("{") for each in whole.documents)
    some = filing.Sent(slug="shop-to-books", **MAY, kinds=("credit_note",))
    assert (await bench.command("documents.sent", some)).documents == ()
    with pytest.raises(InvalidDocumentError, match=r"flow\.unknown"):
        await bench.command("documents.sent", Sent(slug="nobody", **MAY))
