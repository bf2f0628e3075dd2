"""Sums of sales, VAT and products are what a full count of the documents gives, whatever happens to the documents."""

from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import msgspec
import pytest

from mostek.commands import counting, reporting
from mostek.commands.reporting import Products, Sales, Vat
from mostek.desk.counting import Counted, Sums
from mostek.documents.invoice import Invoice
from mostek.documents.problem import InvalidDocumentError
from mostek.documents.vat import VatCode, VatRow
from mostek.hub.ledger import Transaction
from tests.hub import papers
from tests.hub.bench import Installation
from tests.hub.conftest import Installer

YEAR = {"since": date(2026, 1, 1), "until": date(2026, 12, 31)}
DE19 = VatCode("oss", Decimal(19), "DE")


async def counted(bench: Installation) -> int:
    return int((await bench.command("report.count", counting.Count())).documents)


async def sales(bench: Installation, **request: Any) -> reporting.SalesReport:
    found: reporting.SalesReport = await bench.command("report.sales", Sales(**{**YEAR, **request}))
    return found


def shown(report: reporting.SalesReport) -> list[tuple[str, str, int, str, str]]:
    return [(str(each.start), each.part, each.documents, str(each.net), str(each.gross)) for each in report.lines]


async def sums_of(bench: Installation) -> list[list[Any]]:
    """The three tables without the rows that came to nothing, in one order."""
    found = []
    for table in ("sale", "sale_vat", "sale_product"):
        rows = await bench.sql(f"SELECT * FROM {table} WHERE n <> 0")
        found.append(sorted(tuple(sorted((k, str(v)) for k, v in row.items() if k != "name")) for row in rows))
    return found


async def test_a_document_is_counted_once_and_again_when_it_changes(installed: Installer) -> None:
    bench = await installed()
    bench.shop.put(papers.invoice("F1", "121"), papers.invoice("F2", "242"), papers.credit_note("D1", "F1"))
    await bench.read()
    assert await counted(bench) == 3
    assert await counted(bench) == 0
    assert shown(await sales(bench)) == [("2026-05-01", "", 3, "200.00 CZK", "242.00 CZK")]
    bench.shop.put(papers.regrossed(papers.invoice("F2"), "363"))
    await bench.read()
    assert shown(await sales(bench)) == [("2026-05-01", "", 3, "300.00 CZK", "363.00 CZK")]


async def test_sales_by_step_and_part(installed: Installer) -> None:
    bench = await installed()
    june: dict[str, Any] = {"issued": date(2026, 6, 30), "supplied": date(2026, 6, 30)}
    bench.shop.put(papers.invoice("F1"), papers.invoice("F2", **june), papers.credit_note("D1", "F1"))
    await bench.read()
    assert [line[:3] for line in shown(await sales(bench, step="week"))] == [
        ("2026-05-04", "", 2),
        ("2026-06-29", "", 1),
    ]
    assert [line[:3] for line in shown(await sales(bench, step="quarter"))] == [("2026-04-01", "", 3)]
    assert [line[:3] for line in shown(await sales(bench, step="year"))] == [("2026-01-01", "", 3)]
    by_kind = await sales(bench, split="kind")
    assert [(each.part, str(each.gross)) for each in by_kind.totals] == [
        ("credit_note", "-121.00 CZK"),
        ("invoice", "242.00 CZK"),
    ]
    assert {each.part for each in (await sales(bench, split="channel")).lines} == {"shop"}
    assert {each.part for each in (await sales(bench, split="country")).lines} == {"CZ"}
    within = await sales(bench, since=date(2026, 5, 5), until=date(2026, 6, 30))
    assert [line[:3] for line in shown(within)] == [("2026-06-01", "", 1)]
    assert shown(await sales(bench, since=date(2026, 7, 1), until=date(2026, 7, 31))) == []


async def test_what_is_cancelled_gone_or_unreadable(installed: Installer) -> None:
    bench = await installed()
    bench.shop.put(papers.invoice("F1"), papers.invoice("F2"), papers.invoice("F3"), papers.invoice("F4"))
    await bench.read()
    assert (await sales(bench)).totals[0].documents == 4
    bench.shop.put(papers.invoice("F1", cancelled=True))
    bench.shop.put(papers.invoice("F2", note="changed"))
    bench.shop.raw["invoice", "F2"] = b"no document at all"
    del bench.shop.documents["invoice", "F3"]
    await bench.read()
    await bench.sql("UPDATE record SET dated = '2026-05-04'")
    await bench.reread()
    report = await sales(bench)
    assert (report.unreadable, report.uncounted) == (1, 0)
    [total] = report.totals
    # F2 counts with its total and without any VAT, F4 as it is.
    assert (total.documents, str(total.gross), str(total.tax)) == (2, "242.00 CZK", "21.00 CZK")


async def test_unpaid_is_what_remains_and_no_credit_note_is(installed: Installer) -> None:
    bench = await installed()
    bench.shop.put(
        papers.invoice("F1", received=papers.money("21")),
        papers.invoice("F2", is_paid=True),
        papers.credit_note("D1", "F1"),
        papers.invoice("F3", received=papers.money("500")),
    )
    await bench.read()
    await counted(bench)
    rows = await bench.rows("unpaid_of_source", source=1, since="2026-05-01", until="2026-05-31")
    assert [(row["currency"], row["n"], row["total"]) for row in rows] == [("CZK", 1, 100_00)]


async def test_vat_by_regime_rate_and_country_of_supply(installed: Installer) -> None:
    bench = await installed()
    home = papers.invoice("F1", "121", supplied=date(2026, 4, 30))
    oss = VatRow(DE19, papers.money("100"), papers.money("19"), papers.money("119"))
    line = msgspec.structs.replace(papers.line("119"), vat=DE19, net=oss.net, tax=oss.tax)
    abroad = papers.invoice("F2", "119", vat=(oss,), lines=(line,))
    bench.shop.put(home, abroad, papers.credit_note("D1", "F1"))
    await bench.read()
    months: dict[str, Any] = {"slug": "shop-to-books", "since": "2026-05", "until": "2026-05"}
    report: reporting.VatReport = await bench.command("report.vat", Vat(**months))
    assert [(each.category, each.country, str(each.rate), str(each.net), str(each.tax)) for each in report.lines] == [
        ("standard", "CZ", "21", "-100.00 CZK", "-21.00 CZK"),
        ("oss", "DE", "19", "100.00 CZK", "19.00 CZK"),
    ]
    issued: reporting.VatReport = await bench.command("report.vat", Vat(**months, by="issued"))
    assert [(each.category, str(each.net), each.documents) for each in issued.lines] == [
        ("standard", "0.00 CZK", 2),
        ("oss", "100.00 CZK", 1),
    ]
    assert (report.books, report.checked) == ((), None)


async def test_products_are_counted_less_what_came_back(installed: Installer) -> None:
    bench = await installed()
    cup = papers.line("121", "Hrnek", "HR-1")
    fee = msgspec.structs.replace(papers.line("60.50", "Zásilkovna", number=2), kind="shipping")
    two = msgspec.structs.replace(cup, id="3", quantity=Decimal("2.5"))
    bench.shop.put(_of("F1", cup, fee), _of("F2", two), _of("D1", cup, kind="credit_note", corrects="F1"))
    await bench.read()
    report: reporting.ProductReport = await bench.command("report.products", Products(since="2026-01", until="2026-12"))
    assert [(each.code, each.name, str(each.quantity), str(each.gross)) for each in report.products] == [
        ("HR-1", "Hrnek", "2.5", "121.00 CZK")
    ]
    assert [(each.line, str(each.gross)) for each in report.others] == [("shipping", "60.50 CZK")]
    assert (report.currency, report.more) == ("CZK", False)
    one: reporting.ProductReport = await bench.command(
        "report.products", Products(since="2026-01", until="2026-12", limit=0)
    )
    assert (one.products, one.more) == ((), True)


def _of(number: str, *lines: Any, **more: Any) -> Invoice:
    from mostek.documents.money import total
    from mostek.documents.vat import summed

    gross = total((line.gross for line in lines), "CZK")
    rows = summed(line.row for line in lines)
    return papers.invoice(number, **{"lines": lines, "vat": rows, "total": gross, **more})


@pytest.mark.parametrize("seed", range(3))
async def test_after_any_story_the_sums_are_those_of_a_full_count(installed: Installer, seed: int) -> None:
    chance, bench = Random(seed), await installed()
    for _ in range(6):
        for _ in range(chance.randint(1, 6)):
            number = f"F{chance.randint(1, 8)}"
            day = date(2026, chance.randint(1, 3), chance.randint(1, 28))
            document = papers.regrossed(papers.invoice(number), str(chance.randint(1, 900)))
            changes = {"issued": day, "supplied": day + timedelta(days=chance.randint(-9, 9))}
            bench.shop.put(msgspec.structs.replace(document, **changes, cancelled=chance.random() < 0.2))
        await bench.read()
        if chance.random() < 0.6:
            await counted(bench)
    await counted(bench)
    kept = await sums_of(bench)
    fresh = Sums()
    for row in await bench.sql("SELECT body FROM counted"):
        fresh.add(msgspec.json.decode(row["body"], type=Counted))
    assert sum(row["n"] for row in fresh.sales) == sum(int(dict(row)["n"]) for row in kept[0])
    await bench.sql("DELETE FROM sale", "DELETE FROM sale_vat", "DELETE FROM sale_product", "DELETE FROM counted")
    await bench.command("report.count", counting.Count(anew=True))
    assert await sums_of(bench) == kept


async def test_a_version_that_came_while_it_was_counted_is_counted_too(installed: Installer) -> None:
    bench = await installed()
    bench.shop.put(papers.invoice("F1", "121"))
    await bench.read()
    rows = await bench.rows("uncounted", after=0, limit=10)
    read = counting._read_all(rows, {1: await bench.connections.get(1)})
    bench.shop.put(papers.regrossed(papers.invoice("F1"), "242"))
    await bench.read()
    assert await bench.ledger.write(counting._put, read) == 0
    await bench.ledger.write(Transaction.rows, "uncounted_left")
    assert [str(each.gross) for each in (await sales(bench)).totals] == ["242.00 CZK"]


async def test_what_cannot_be_asked_for(installed: Installer) -> None:
    bench = await installed()
    with pytest.raises(InvalidDocumentError, match=r"report\.backwards"):
        await sales(bench, until=date(2025, 1, 1))
    with pytest.raises(InvalidDocumentError, match=r"report\.too_long"):
        await sales(bench, since=date(2016, 1, 1), step="day")
    with pytest.raises(InvalidDocumentError, match=r"month\.invalid"):
        await bench.command("report.products", Products(since="2026-13", until="2026-01"))
    with pytest.raises(InvalidDocumentError, match=r"flow\.unknown"):
        await bench.command("report.vat", Vat(slug="nobody", since="2026-01", until="2026-01"))
