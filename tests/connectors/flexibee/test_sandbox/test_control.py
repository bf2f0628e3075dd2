"""The control API, the ledger, restarts, faults, and the README."""

from pathlib import Path

import aiohttp
import pytest

from mostek.connectors.flexibee import sandbox as package
from mostek.connectors.flexibee.sandbox import ASSUMED
from tests.connectors.flexibee.test_sandbox.desk import Desk, bank, invoice, line, opened, pairing


async def test_a_second_company_has_books_of_its_own(desk: Desk) -> None:
    answer = await desk.ask("POST", "/_sandbox/company", json={"name": "Druhá a.s.", "country": "SK"})
    assert answer.body == {"company": "druha_a_s_", "name": "Druhá a.s."}
    again = await desk.ask("POST", "/_sandbox/company", json={"name": "Druhá a.s."})
    assert again.body["company"] == "druha_a_s_2"
    await desk.invoice(line("121"), kod="F1")
    desk.company = "druha_a_s_"
    number = await desk.invoice(line("123"), kod="F1")
    assert await desk.sums(number, "mena", "sumZklZakl") == ["code:EUR", "100.0"]
    foreign = await desk.invoice(line("2500"), mena="code:CZK")
    assert await desk.sums(foreign, "kurz", "sumCelkem") == ["0.04", "100.0"]
    ledger = (await desk.get("/_sandbox/ledger")).body["companies"]
    assert [len(books["documents"]) for books in ledger.values()] == [1, 2, 0]
    assert (await desk.ask("POST", "/_sandbox/company", json={"country": "US"})).status == 400


async def test_a_persons_hand(desk: Desk) -> None:
    number = await desk.invoice(line("1000"), id="ext:H:1")

    async def edit(**what: object) -> int:
        return (
            await desk.ask("POST", "/_sandbox/edit", json={"evidence": "faktura-vydana", "id": "ext:H:1", **what})
        ).status

    assert await edit(change={"poznam": "ruka"}) == 200
    assert (await desk.row("faktura-vydana", number))["updatedBy"] == "code:ucetni"
    assert await edit(pay="400") == 200
    assert await edit(pay=True) == 200
    assert await desk.sums(number, "poznam", "stavUhrK", "zbyvaUhradit") == ["ruka", "stavUhr.uhrazeno", "0.0"]
    assert await edit(delete=True) == 409
    assert await edit(lock=True) == 200
    assert await edit(change={"poznam": "x"}) == 409
    assert await edit(unlock=True) == 200
    assert await edit() == 400
    assert await edit(id="ext:H:9", storno=True) == 404
    assert await edit(create=invoice(line("1"), id="ext:P:1")) == 200
    assert await edit(id="ext:P:1", storno=True) == 200
    assert await edit(id="ext:P:1", delete=True) == 200
    assert len((await desk.ledger())["documents"]) == 1


async def test_totals_by_kind_currency_and_rate(desk: Desk) -> None:
    await desk.invoice(line("121"), line("112", rate="Sniz"))
    await desk.invoice(line("121"))
    await desk.put("faktura-vydana", {"id": await desk.invoice(line("999")), "@action": "storno"})
    await desk.invoice(line("121"), mena="code:EUR", kurz="25")
    await desk.invoice(line("123"), typDokl="code:FAKTURA-OSS-SK")
    await desk.invoice(line("121", "-1"), typDokl="code:DOBROPIS")
    await desk.invoice(line("121"), typDokl="code:ÚČTENKA")
    answer = await desk.ask("GET", "/_sandbox/totals")
    rows = {(each["kind"], each["currency"]): each for each in answer.body}
    assert rows["invoice", "CZK"] == {
        "kind": "invoice",
        "currency": "CZK",
        "count": 3,
        "cancelled": 1,
        "total": "477.00",
        "rates": [
            {"country": "CZ", "rate": "12", "base": "100.00", "vat": "12.00"},
            {"country": "CZ", "rate": "21", "base": "200.00", "vat": "42.00"},
            {"country": "SK", "rate": "23", "base": "100.00", "vat": "23.00"},
        ],
    }
    assert (rows["invoice", "EUR"]["total"], rows["invoice", "EUR"]["rates"][0]["vat"]) == ("121.00", "21.00")
    assert rows["credit_note", "CZK"]["total"] == "-121.00"
    assert rows["receipt", "CZK"]["count"] == 1


async def test_the_ledger_shows_doubles_by_the_sources_number(desk: Desk) -> None:
    for position in (1, 2):
        await desk.invoice(line("121"), id=f"ext:H:{position}", cisDosle="2026001", cisObj="10001", varSym="2026001")
    documents = (await desk.get("/_sandbox/documents")).body
    assert [(each["cisDosle"], each["cisObj"], each["varSym"], each["ext_ids"]) for each in documents] == [
        ("2026001", "10001", "2026001", ["ext:H:1"]),
        ("2026001", "10001", "2026001", ["ext:H:2"]),
    ]


async def test_payments_in_the_ledger(desk: Desk) -> None:
    await desk.invoice(line("1000"), kod="F1")
    await desk.made("banka", bank("1000", id="ext:P:1", sparovani=pairing("code:F1")))
    books = await desk.ledger()
    assert books["documents"][0]["payments"] == [
        {
            "evidence": "banka",
            "number": "B1-0001/2026",
            "ext_ids": ["ext:P:1"],
            "amount": "1000.00",
            "day": "2026-03-10",
        }
    ]
    assert books["payments"][0]["pays"] == [{"document": "F1", "amount": "1000.00"}]


async def test_books_outlive_the_process(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        number = await desk.invoice(line("1000"), id="ext:H:1", kod="F1")
        await desk.made("banka", bank("400", sparovani=pairing("code:F1", "castecnaUhrada")))
        before = await desk.ledger()
    async with opened(tmp_path) as desk:
        assert await desk.ledger() == before
        assert await desk.made("faktura-vydana", {"id": "ext:H:1", "popis": "dál"}) == number
        await desk.made("banka", bank("600", sparovani=pairing("code:F1")))
        assert await desk.sums(number, "stavUhrK") == ["stavUhr.uhrazeno"]
        assert await desk.invoice(line("1")) == "2"


async def fault(desk: Desk, **rule: object) -> None:
    """Set one fault; lost requests are POSTs because aiohttp quietly sends a PUT again on a reused connection."""
    assert (await desk.ask("PUT", "/_sandbox/faults", json=[rule])).status == 200


async def test_a_lost_answer_and_the_same_record_again_make_one_document(desk: Desk) -> None:
    record = invoice(line("121", id="ext:H:1:1"), id="ext:H:1")
    await fault(desk, fault="answer_lost", method="POST", path="/faktura-vydana", times=1)
    with pytest.raises(aiohttp.ClientConnectionError):
        await desk.ask("POST", "faktura-vydana.json", json={"winstrom": {"faktura-vydana": record}})
    answer = await desk.put("faktura-vydana", {**record, "@update": "ignore"})
    assert answer.winstrom["stats"]["skipped"] == "1"
    assert len((await desk.ledger())["documents"]) == 1


async def test_a_lost_answer_to_a_nameless_cash_payment_pays_twice(desk: Desk) -> None:
    number = await desk.invoice(line("1000"))
    spec = {"pokladna": "code:POKLADNA KČ", "typDokl": "code:STANDARD", "castka": "1000"}
    record = {"id": number, "hotovostni-uhrada": spec}
    await fault(desk, fault="answer_lost", method="POST", times=1)
    with pytest.raises(aiohttp.ClientConnectionError):
        await desk.ask("POST", "faktura-vydana.json", json={"winstrom": {"faktura-vydana": record}})
    await desk.put("faktura-vydana", record)
    assert (await desk.ledger())["documents"][0]["paid"] == "2000.00"


async def test_calls_are_counted_by_route(desk: Desk) -> None:
    await desk.invoice(line("1"))
    await desk.get("faktura-vydana/1.json")
    await desk.get("faktura-vydana/(id = 1).json")
    calls = (await desk.get("/_sandbox/stats")).body["calls"]
    assert calls == {
        "PUT /c/{company}/{evidence}.json": 1,
        "GET /c/{company}/{evidence}/{id}.json": 1,
        "GET /c/{company}/{evidence}/{filter}.json": 1,
    }


async def test_the_readme_lists_what_is_assumed(desk: Desk) -> None:
    readme = (Path(package.__file__).parent / "README.md").read_text("utf-8")
    _, _, table = readme.partition("## Assumed")
    rows = [row for row in table.splitlines() if row.startswith("| `")]
    assert rows == [
        f"| `{each.id}` | {each.what} | {each.default} | {', '.join(each.alternatives) or '-'} |" for each in ASSUMED
    ]
    answer = await desk.get("/_sandbox/assumed")
    assert [each["id"] for each in answer.body] == [each.id for each in ASSUMED]
