"""Adopting and correcting a document: further external ids, replaced lines, locks, copies, numbers taken."""

from pathlib import Path
from typing import Any

import pytest

from tests.connectors.flexibee.test_sandbox.desk import TODAY, Desk, bank, invoice, line, opened, pairing


async def _ids(desk: Desk, number: str) -> list[str]:
    return list((await desk.row("faktura-vydana", number))["external-ids"])


async def test_an_adopted_document_gets_a_further_id_and_nothing_else(desk: Desk) -> None:
    number = await desk.invoice(line("121"), id="ext:OLD:1", kod="F1")
    before = await desk.row("faktura-vydana", number, relations="polozky")
    assert await desk.made("faktura-vydana", {"id": [number, "ext:NEW:1"]}) == number
    after = await desk.row("faktura-vydana", number, relations="polozky")
    assert after["external-ids"] == ["ext:NEW:1", "ext:OLD:1"]
    differ = {name for name in before if before[name] != after[name]}
    assert differ <= {"external-ids", "lastUpdate", "updatedBy"}
    listed = await desk.get("faktura-vydana/(kod eq 'F1').json", detail="custom:kod,zamekK")
    (row,) = listed.winstrom["faktura-vydana"]
    assert (row["external-ids"], row["zamekK"]) == (["ext:NEW:1", "ext:OLD:1"], "zamek.otevreno")


async def test_ids_of_two_documents_are_refused_and_stay_where_they_are(desk: Desk) -> None:
    first, second = [await desk.invoice(line("1"), id=f"ext:A:{each}") for each in (1, 2)]
    error = (await desk.put("faktura-vydana", {"id": [first, "ext:A:2", "ext:B:1"]})).error
    assert (error["for"], error["code"]) == ("id", "INVALID")
    assert [await _ids(desk, each) for each in (first, second)] == [["ext:A:1"], ["ext:A:2"]]
    assert await desk.made("faktura-vydana", {"id": ["ext:NOBODY:1", "ext:A:2"]}) == second
    assert await _ids(desk, second) == ["ext:A:2", "ext:NOBODY:1"]


async def test_ids_removed_from_a_document_stay_with_its_lines(desk: Desk) -> None:
    number = await desk.invoice(line("1", id=["ext:A:1", "ext:A:10"]), id=["ext:A:7", "ext:AB:7", "ext:B:7"])
    await desk.made("faktura-vydana", {"id": number, "@removeExternalIds": "A"})
    row = await desk.row("faktura-vydana", number, relations="polozky")
    assert row["external-ids"] == ["ext:B:7"]
    assert row["polozkyFaktury"][0]["external-ids"] == ["ext:A:1", "ext:A:10"]


async def test_an_attribute_beside_the_evidence_is_for_all_its_records(desk: Desk) -> None:
    for number in (1, 2):
        await desk.invoice(line("1"), id=[f"ext:A:{number}", f"ext:B:{number}"])
    records: list[dict[str, Any]] = [{"id": ["ext:A:1", "ext:C:1"]}, {"id": "ext:A:2", "@removeExternalIds": "B"}]
    answer = await desk.put("faktura-vydana", *records, **{"faktura-vydana@removeExternalIds": "ext:A"})
    assert answer.status == 200
    assert [await _ids(desk, number) for number in ("1", "2")] == [["ext:A:1", "ext:B:1", "ext:C:1"], ["ext:A:2"]]
    answer = await desk.put("faktura-vydana", {"id": "1"}, {"id": "2"}, **{"faktura-vydana@action": "storno"})
    assert [await desk.sums(number, "storno") for number in ("1", "2")] == [["true"], ["true"]]


async def test_ids_given_while_others_go_stay_free_after_a_refusal(desk: Desk) -> None:
    first = await desk.invoice(line("1", id="ext:L:1"), id="ext:A:1", kod="F1")
    records = [
        {"id": [first, "ext:B:1"], "@removeExternalIds": "A", "polozkyFaktury@removeAll": "true", "polozkyFaktury": []},
        {"id": "ext:A:1", **invoice(line("1", id="ext:L:1"), kod="F2")},
        invoice(line("1"), kod="F1"),
    ]
    assert (await desk.put("faktura-vydana", *records)).status == 400
    assert await _ids(desk, first) == ["ext:A:1"]
    assert (await desk.get("faktura-vydana/ext:B:1.json")).status == 404
    (line_row,) = (await desk.row("faktura-vydana", first, relations="polozky"))["polozkyFaktury"]
    assert line_row["external-ids"] == ["ext:L:1"]
    answer = await desk.put("faktura-vydana", *records[:2])
    assert answer.winstrom["stats"]["created"] == "1"
    second = answer.winstrom["results"][1]["id"]
    assert [await _ids(desk, number) for number in (first, second)] == [["ext:B:1"], ["ext:A:1"]]


@pytest.mark.parametrize("state", ["lock", "lock-for-ucetni", "storno"])
@pytest.mark.parametrize(("option", "status"), [("take", 200), ("refuse", 400)])
async def test_external_ids_of_a_closed_document(tmp_path: Path, state: str, option: str, status: int) -> None:
    async with opened(tmp_path, locked_ids=option) as desk:
        number = await desk.invoice(line("121"), id="ext:OLD:1")
        await desk.put("faktura-vydana", {"id": number, "@action": state})
        assert (await desk.put("faktura-vydana", {"id": [number, "ext:NEW:1"]})).status == status
        assert ("ext:NEW:1" in await _ids(desk, number)) == (status == 200)
        assert (await desk.put("faktura-vydana", {"id": number, "@removeExternalIds": "OLD"})).status == status
        assert (await desk.put("faktura-vydana", {"id": [number, "ext:NEW:2"], "popis": "x"})).status == 400


@pytest.mark.parametrize(("option", "status"), [("take", 200), ("refuse", 400)])
async def test_external_ids_in_a_locked_period(tmp_path: Path, option: str, status: int) -> None:
    async with opened(tmp_path, locked_ids=option) as desk:
        number = await desk.invoice(line("121"), id="ext:OLD:1")
        days = {"platiOdData": TODAY, "platiDoData": TODAY, "modulFav": "true"}
        await desk.made("zamek", {"zamekK": "zamek.zamceno", **days})
        assert (await desk.put("faktura-vydana", {"id": [number, "ext:NEW:1"]})).status == status


async def test_lines_replaced_in_one_request(desk: Desk) -> None:
    number = await desk.invoice(line("121", id="ext:L:1"), line("112", rate="Sniz", id="ext:L:2"), id="ext:H:1")
    fresh = [line("242", id="ext:L:3"), line("10", rate="Osv")]
    await desk.made("faktura-vydana", {"id": number, "polozkyFaktury@removeAll": "true", "polozkyFaktury": fresh})
    names = ("sumCelkem", "sumZklZakl", "sumZklSniz", "sumDphSniz", "sumOsv", "zbyvaUhradit")
    assert await desk.sums(number, *names) == ["252.0", "200.0", "0.0", "0.0", "10.0", "252.0"]
    # The old lines' ids are free again: another document may have them.
    other = await desk.invoice(line("1", id="ext:L:1"), line("2", id="ext:L:2"))
    lines = (await desk.row("faktura-vydana", other, relations="polozky"))["polozkyFaktury"]
    assert [each["external-ids"] for each in lines] == [["ext:L:1"], ["ext:L:2"]]


async def test_a_line_kept_by_its_id_stays_the_same_line(desk: Desk) -> None:
    number = await desk.invoice(line("121", id="ext:L:1"), line("112", rate="Sniz", id="ext:L:2"))
    before = (await desk.row("faktura-vydana", number, relations="polozky"))["polozkyFaktury"]
    kept = {"polozkyFaktury@removeAll": "true", "polozkyFaktury": [{"id": "ext:L:2", "cenaMj": "224"}]}
    await desk.made("faktura-vydana", {"id": number, **kept})
    after = (await desk.row("faktura-vydana", number, relations="polozky"))["polozkyFaktury"]
    assert [each["id"] for each in after] == [before[1]["id"]]
    assert await desk.sums(number, "sumCelkem", "sumCelkZakl", "sumCelkSniz") == ["224.0", "0.0", "224.0"]


async def test_all_lines_may_go(desk: Desk) -> None:
    number = await desk.invoice(line("121.40"), typDokl="code:ÚČTENKA")
    await desk.made("faktura-vydana", {"id": number, "polozkyFaktury@removeAll": "true", "polozkyFaktury": []})
    row = await desk.row("faktura-vydana", number, relations="polozky")
    assert (row["polozkyFaktury"], row["sumCelkem"]) == ([], "0.0")


async def test_lines_without_ids_double_when_they_are_sent_again(desk: Desk) -> None:
    record = invoice(line("121"), id="ext:H:1")
    number = await desk.made("faktura-vydana", record)
    await desk.made("faktura-vydana", record)
    assert await desk.sums(number, "sumCelkem") == ["242.0"]


async def test_one_new_id_twice_in_a_record_is_one_line(desk: Desk) -> None:
    number = await desk.invoice(line("121", id="ext:L:1"), line("242", id="ext:L:1"))
    assert await desk.sums(number, "sumCelkem") == ["242.0"]


async def test_external_ids_of_lines_are_removed_for_all_or_for_one(desk: Desk) -> None:
    number = await desk.invoice(line("1", id=["ext:A:1", "ext:B:1"]), line("1", id=["ext:A:2", "ext:B:2"]))
    items = [{"id": "ext:A:1"}, {"id": "ext:A:2", "@removeExternalIds": "B"}]
    await desk.made("faktura-vydana", {"id": number, "polozkyFaktury@removeExternalIds": "A", "polozkyFaktury": items})
    lines = (await desk.row("faktura-vydana", number, relations="polozky"))["polozkyFaktury"]
    assert [each["external-ids"] for each in lines] == [["ext:A:1", "ext:B:1"], ["ext:A:2"]]


async def test_only_what_is_sent_changes_and_an_empty_text_clears(desk: Desk) -> None:
    number = await desk.invoice(line("121"), kod="F1", cisObj="O1", popis="x", cisDosle="D1")
    await desk.made("faktura-vydana", {"id": number, "popis": "", "cisObj": "O2"})
    row = await desk.row("faktura-vydana", number)
    assert [row[name] for name in ("popis", "cisObj", "cisDosle", "sumCelkem")] == ["", "O2", "D1", "121.0"]
    for name in ("kod", "varSym", "datVyst"):
        assert (await desk.put("faktura-vydana", {"id": number, name: ""})).error["for"] == name


async def test_a_number_is_taken_once(desk: Desk) -> None:
    first, second = await desk.invoice(line("1"), kod="F1"), await desk.invoice(line("1"), kod="F2")
    for record in (invoice(line("1"), kod="F1"), invoice(line("1"), kod="f1"), {"id": second, "kod": "F1"}):
        error = (await desk.put("faktura-vydana", record)).error
        assert (error["for"], error["value"]) == ("kod", "F1")
    await desk.made("faktura-vydana", {"id": first, "kod": "F3"})
    await desk.made("faktura-vydana", {"id": second, "kod": "F1"})
    assert [await desk.sums(each, "kod") for each in (first, second)] == [["F3"], ["F1"]]
    await desk.put("faktura-vydana", {"id": second, "@action": "delete"})
    await desk.invoice(line("1"), kod="F1")


async def test_a_document_is_not_moved_out_of_a_locked_period(desk: Desk) -> None:
    number = await desk.invoice(line("1"), datVyst="2026-02-10")
    days = {"platiOdData": "2026-02-01", "platiDoData": "2026-02-28", "modulFav": "true"}
    await desk.made("zamek", {"zamekK": "zamek.zamceno", **days})
    await desk.put("faktura-vydana", {"id": number, "@action": "unlock"})
    error = (await desk.put("faktura-vydana", {"id": number, "datVyst": TODAY})).error
    assert (error["for"], error["value"]) == ("datVyst", "2026-02-10")
    for action in ("storno", "delete"):
        assert (await desk.put("faktura-vydana", {"id": number, "@action": action})).status == 400


async def test_a_lock_may_leave_documents_that_are_not_booked(desk: Desk) -> None:
    days = {"platiOdData": TODAY, "platiDoData": TODAY, "modulFav": "true", "neucetni": "false"}
    await desk.made("zamek", {"zamekK": "zamek.zamceno", **days})
    values = {"typDoklK": "typDokladu.faktura", "radaPrijem": "code:FAKTURA", "ucetni": "false"}
    named = {"kod": "VNITRNI", "nazev": "Vnitřní", "metodaZaokrDoklK": "metodaZaokr.0sazba"}
    await desk.made("typ-faktury-vydane", {**named, **values})
    await desk.invoice(line("1"), typDokl="code:VNITRNI")
    assert (await desk.put("faktura-vydana", invoice(line("1")))).status == 400


async def test_a_cancelled_document_again_and_paid(tmp_path: Path) -> None:
    async with opened(tmp_path, storno_again="refuse", paired_storno="unpair") as desk:
        number = await desk.invoice(line("1000"), kod="F1")
        payment = await desk.made("banka", bank("1000", sparovani=pairing("code:F1")))
        cancel = {"id": number, "@action": "storno"}
        assert (await desk.put("faktura-vydana", cancel)).status == 200
        assert await desk.sums(number, "storno", "juhSum") == ["true", "0.0"]
        assert (await desk.row("banka", payment))["sparovano"] == "false"
        assert "stornovaný" in (await desk.put("faktura-vydana", cancel)).error["message"]


async def test_a_paired_document_is_not_cancelled_nor_changed(desk: Desk) -> None:
    number = await desk.invoice(line("1000", id="ext:L:1"), kod="F1")
    await desk.made("banka", bank("1000", sparovani=pairing("code:F1")))
    items = {"polozkyFaktury": [{"id": "ext:L:1", "cenaMj": "900"}]}
    for record in ({"@action": "storno"}, {"@action": "delete"}, items, {**items, "polozkyFaktury@removeAll": "true"}):
        assert "spárován" in (await desk.put("faktura-vydana", {"id": number, **record})).error["message"]
    await desk.made("faktura-vydana", {"id": [number, "ext:NEW:1"], "poznam": "x"})
    assert await desk.sums(number, "sumCelkem", "stavUhrK") == ["1000.0", "stavUhr.uhrazeno"]


@pytest.mark.parametrize(("option", "day"), [("today", TODAY), ("source", "2026-02-10")])
async def test_a_copy_has_the_fields_and_lines_of_its_source(tmp_path: Path, option: str, day: str) -> None:
    async with opened(tmp_path, copy_dates=option) as desk:
        source = await desk.invoice(
            line("121", slevaPol="10"),
            line("7", sumZkl="5.79", sumDph="1.21"),
            id="ext:H:1",
            kod="F1",
            datVyst="2026-02-10",
        )
        await desk.made("banka", bank("100", sparovani=pairing("code:F1", "castecnaUhrada")))
        copy = await desk.made("faktura-vydana", {"@sourceId": source, "cisObj": "O2"})
        assert await desk.sums(copy, "kod", "datVyst", "cisObj", "stavUhrK") == [
            "VF1-0001/2026",
            f"{day}+01:00",
            "O2",
            "",
        ]
        assert await _ids(desk, copy) == []
        names = ("sumCelkem", "sumZklZakl", "sumDphZakl")
        assert await desk.sums(copy, *names) == await desk.sums(source, *names)
        assert (await desk.put("faktura-vydana", {"@sourceId": "code:NIC"})).error["value"] == "code:NIC"
        whole = await desk.invoice(bezPolozek="true", sumZklZakl="100")
        assert await desk.sums(await desk.made("faktura-vydana", {"@sourceId": whole}), "sumCelkem") == ["121.0"]


async def test_a_copy_is_rounded_as_its_source_and_not_twice(desk: Desk) -> None:
    source = await desk.invoice(line("121.40"), typDokl="code:ÚČTENKA")
    copy = await desk.made("faktura-vydana", {"@sourceId": source})
    rows = [await desk.row("faktura-vydana", number, relations="polozky") for number in (source, copy)]
    assert [(row["sumCelkem"], len(row["polozkyFaktury"])) for row in rows] == [("121.0", 2), ("121.0", 2)]
    await desk.made("faktura-vydana", {"id": copy, "polozkyFaktury": [line("0.30")]})
    row = await desk.row("faktura-vydana", copy, relations="polozky")
    assert (row["sumCelkem"], len(row["polozkyFaktury"])) == ("122.0", 3)
