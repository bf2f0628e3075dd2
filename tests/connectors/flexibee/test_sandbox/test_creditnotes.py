"""Credit notes: linked by a second request, or made from the invoice in one step."""

from pathlib import Path
from typing import Any

from tests.connectors.flexibee.test_sandbox.desk import TODAY, Desk, invoice, line, opened

LINK, MAKE = "vytvor-vazbu-dobropis", "dobropisuj"


def note(*lines: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return invoice(*lines, typDokl="code:DOBROPIS", **fields)


async def test_a_link_by_a_second_request(desk: Desk) -> None:
    await desk.invoice(line("399", "2"), kod="F1")
    number = await desk.made("faktura-vydana", note(line("399", "-1"), id="ext:H:cn:1", kod="D1"))
    assert await desk.sums(number, "sumZklZakl", "sumDphZakl", "sumCelkem") == ["-329.75", "-69.25", "-399.0"]
    for _ in range(2):  # linking again does nothing
        await desk.made("faktura-vydana", {"id": "ext:H:cn:1", LINK: {"dobropisovanyDokl": "code:F1"}})
    books = await desk.ledger()
    assert [(each["number"], each["kind"], each["credits"], each["credited_by"]) for each in books["documents"]] == [
        ("F1", "invoice", None, ["D1"]),
        ("D1", "credit_note", "F1", []),
    ]
    row = await desk.row("faktura-vydana", number, relations="vazby")
    assert [(each["typVazbyK"], each["b"]) for each in row["vazby"]] == [("typVazbyDokl.hlavaDobropis", "code:F1")]
    assert await desk.sums("1", "dobropisovano") == ["true"]


async def test_one_note_credits_one_invoice_and_an_invoice_has_many_notes(desk: Desk) -> None:
    for kod in ("F1", "F2"):
        await desk.invoice(line("100"), kod=kod)
    for kod in ("D1", "D2"):
        await desk.made("faktura-vydana", note(line("10", "-1"), kod=kod, **{LINK: {"dobropisovanyDokl": "code:F1"}}))
    error = (await desk.put("faktura-vydana", {"id": "code:D1", LINK: {"dobropisovanyDokl": "code:F2"}})).error
    assert error["for"] == LINK
    assert (await desk.ledger())["documents"][0]["credited_by"] == ["D1", "D2"]


async def test_only_a_credit_note_links(desk: Desk) -> None:
    await desk.invoice(line("100"), kod="F1")
    error = (await desk.put("faktura-vydana", invoice(line("1"), **{LINK: {"dobropisovanyDokl": "code:F1"}}))).error
    assert error["for"] == LINK
    error = (await desk.put("faktura-vydana", note(**{LINK: {"dobropisovanyDokl": "code:F9"}}))).error
    assert (error["value"], error["code"]) == ("code:F9", "PROP")


async def test_a_whole_invoice_taken_back_in_one_step(desk: Desk) -> None:
    firm = await desk.made("adresar", {"kod": "A", "nazev": "A"})
    explicit = line("33.33", "3", sumDph="17.36", sumCelkem="99.99")
    await desk.invoice(explicit, line("0.30"), kod="F1", firma=firm, zaokrNaSumK="zaokrNa.jednotky")
    record = {"id": "ext:H:cn:1", "typDokl": "code:DOBROPIS", MAKE: {"dobropisovanyDokl": "code:F1"}}
    number = await desk.made("faktura-vydana", record)
    row = await desk.row("faktura-vydana", number, relations="polozky")
    assert (row["firma"], row["datVyst"]) == ("code:A", f"{TODAY}+01:00")
    assert [each["sumDph"] for each in row["polozkyFaktury"]] == ["-17.36", "-0.05", "0.0"]
    # 33.33 x 3 with its given VAT, 0.30 = 0.25 + 0.05, and the rounding of -0.29 that the invoice had
    sums = (row["sumZklZakl"], row["sumDphZakl"], row["sumOsv"], row["sumCelkem"])
    assert sums == ("-82.88", "-17.41", "0.29", "-100.0")
    assert (await desk.ledger())["documents"][1]["credits"] == "F1"
    assert "již navázán" in (await desk.put("faktura-vydana", record)).error["message"]


async def test_some_lines_in_one_step(desk: Desk) -> None:
    invoice_id = await desk.invoice(line("399", "2", nazev="Tričko"), line("99", nazev="Doprava"), kod="F1")
    row = await desk.row("faktura-vydana", invoice_id, relations="polozky")
    chosen = [{"polozka": {"id": row["polozkyFaktury"][0]["id"], "mnozMj": "1"}}]
    record = {"typDokl": "code:DOBROPIS", MAKE: {"dobropisovanyDokl": "code:F1", "polozkyDokladu": chosen}}
    number = await desk.made("faktura-vydana", record)
    row = await desk.row("faktura-vydana", number, relations="polozky")
    assert [(each["nazev"], each["mnozMj"], each["sumCelkem"]) for each in row["polozkyFaktury"]] == [
        ("Tričko", "-1.0", "-399.0")
    ]
    chosen[0]["polozka"]["id"] = "999"
    assert (await desk.put("faktura-vydana", record)).status == 400


async def test_a_retry_in_one_step_may_be_ignored(tmp_path: Path) -> None:
    async with opened(tmp_path, credit_again="ignore") as desk:
        await desk.invoice(line("100"), kod="F1")
        record = {"id": "ext:H:cn:1", "typDokl": "code:DOBROPIS", MAKE: {"dobropisovanyDokl": "code:F1"}}
        number = await desk.made("faktura-vydana", record)
        assert await desk.made("faktura-vydana", record) == number
        assert await desk.sums(number, "sumCelkem") == ["-100.0"]


async def test_deleting_either_end_takes_the_link_away(desk: Desk) -> None:
    for gone in ("code:D1", "code:F1"):
        await desk.invoice(line("100"), kod="F1")
        await desk.made("faktura-vydana", note(line("10", "-1"), kod="D1", **{LINK: {"dobropisovanyDokl": "code:F1"}}))
        await desk.put("faktura-vydana", {"id": gone, "@action": "delete"})
        (left,) = (await desk.ledger())["documents"]
        assert (left["credits"], left["credited_by"]) == (None, [])
        assert (await desk.get("vazba.json")).winstrom["vazba"] == []
        await desk.put("faktura-vydana", {"id": str(left["id"]), "@action": "delete"})


async def test_a_foreign_note_takes_the_rate_of_its_invoice(desk: Desk) -> None:
    await desk.invoice(line("121"), kod="F1", mena="code:EUR", kurz="24.5")
    record = {"typDokl": "code:DOBROPIS", MAKE: {"dobropisovanyDokl": "code:F1"}}
    number = await desk.made("faktura-vydana", record)
    assert await desk.sums(number, "mena", "kurz", "sumCelkemMen", "sumCelkem") == [
        "code:EUR",
        "24.5",
        "-121.0",
        "-2964.5",
    ]
