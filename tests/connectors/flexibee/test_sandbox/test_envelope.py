"""The import's envelope: identifiers, modes, transactions, actions, results."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.connectors.flexibee.test_sandbox.desk import TODAY, Desk, bank, invoice, line, opened

FIRM = {"id": "ext:HUB:cust:77", "nazev": "Kůň s.r.o."}


def stats(**counts: int) -> dict[str, str]:
    return {name: str(counts.get(name, 0)) for name in ("created", "updated", "deleted", "skipped", "failed")}


async def test_create_then_update_by_external_id(desk: Desk) -> None:
    record = invoice(line("121", id="ext:H:1:1"), id="ext:H:1", kod="F1")
    answer = await desk.put("faktura-vydana", record)
    assert answer.status == 201
    assert answer.headers["Location"].endswith(f"/c/demo/faktura-vydana/{answer.id}")
    assert answer.winstrom == {
        "@version": "1.0",
        "success": "true",
        "stats": stats(created=1),
        "results": [{"id": "1", "request-id": "ext:H:1", "ref": "/c/demo/faktura-vydana/1.json"}],
    }
    answer = await desk.put("faktura-vydana", record)
    assert (answer.status, answer.winstrom["stats"], answer.id) == (200, stats(updated=1), "1")
    books = await desk.ledger()
    assert [(each["number"], each["total"], len(each["lines"])) for each in books["documents"]] == [("F1", "121.00", 1)]


async def test_post_equals_put(desk: Desk) -> None:
    answer = await desk.ask("POST", "adresar.json", json={"winstrom": {"adresar": FIRM}})
    assert answer.status == 201


async def test_update_modes(desk: Desk) -> None:
    number = await desk.made("adresar", FIRM)
    answer = await desk.put("adresar", {**FIRM, "nazev": "Jiná", "@update": "ignore"})
    assert (answer.status, answer.winstrom["stats"]) == (200, stats(skipped=1))
    assert answer.winstrom["results"] == [
        {"id": number, "request-id": FIRM["id"], "ref": f"/c/demo/adresar/{number}.json"}
    ]
    assert (await desk.row("adresar", number))["nazev"] == "Kůň s.r.o."
    assert (await desk.put("adresar", {**FIRM, "@update": "fail"})).error["code"] == "INVALID"


async def test_create_modes(desk: Desk) -> None:
    answer = await desk.put("adresar", {**FIRM, "@create": "ignore"})
    assert answer.winstrom["stats"] == stats(skipped=1)
    assert answer.winstrom["results"] == [{"request-id": FIRM["id"]}]
    assert (await desk.put("adresar", {**FIRM, "@create": "fail"})).error["for"] == "id"
    assert (await desk.ledger())["contacts"] == []


async def test_an_unknown_number_is_refused_and_an_unknown_code_creates(desk: Desk) -> None:
    error = (await desk.put("adresar", {"id": "999", "nazev": "X"})).error
    assert (error["for"], error["value"]) == ("id", "999")
    number = await desk.made("adresar", {"id": "code:novy", "nazev": "X"})
    assert (await desk.row("adresar", number))["kod"] == "NOVY"
    number = await desk.made("adresar", {"id": "in:27082440", "nazev": "X"})
    assert (await desk.row("adresar", number))["ic"] == "27082440"


async def test_several_identifiers(desk: Desk) -> None:
    first = await desk.made("adresar", {"id": "ext:A:1", "kod": "A", "nazev": "A"})
    await desk.made("adresar", {"id": "ext:B:1", "kod": "B", "nazev": "B"})
    assert await desk.made("adresar", {"id": [first, "ext:C:1", "code:A"], "popis": "x"}) == first
    assert await desk.made("adresar", {"id": "[code:A][ext:D:1]", "popis": "y"}) == first
    assert (await desk.row("adresar", first))["external-ids"] == ["ext:A:1", "ext:C:1", "ext:D:1"]
    error = (await desk.put("adresar", {"id": ["ext:A:1", "ext:B:1"]})).error
    assert error["for"] == "id"


async def test_external_ids_are_removed_by_their_beginning(desk: Desk) -> None:
    number = await desk.made("adresar", {"id": ["ext:SHOP:1", "ext:SHOP:2", "ext:ERP:1"], "nazev": "A"})
    await desk.made("adresar", {"id": [number, "ext:SHOP:3"], "@removeExternalIds": "SHOP"})
    assert (await desk.row("adresar", number))["external-ids"] == ["ext:ERP:1", "ext:SHOP:3"]
    await desk.made("adresar", {"id": number, "@removeExternalIds": ""})
    assert (await desk.row("adresar", number))["external-ids"] == []


async def test_an_evidence_without_external_ids_refuses_one(desk: Desk) -> None:
    error = (
        await desk.put("forma-uhrady", {"id": "ext:A:1", "kod": "X", "nazev": "X", "formaUhrK": "formaUhr.jina"})
    ).error
    assert error["value"] == "ext:A:1"


async def test_an_import_is_one_transaction(desk: Desk) -> None:
    answer = await desk.put("adresar", {"id": "ext:A:1", "nazev": "A"}, {"id": "ext:A:2"}, {"nazev": "C"})
    assert answer.status == 400
    assert answer.winstrom["stats"] == stats(failed=1)
    assert answer.winstrom["results"] == [
        {
            "request-id": "ext:A:2",
            "errors": [
                {
                    "message": "Pole 'Název' musí být vyplněno. [Adresar -1]",
                    "for": "nazev",
                    "path": "adresar[temporary-id=null].nazev",
                    "code": "INVALID",
                }
            ],
        }
    ]
    assert (await desk.ledger())["contacts"] == []


async def test_without_atomic_each_record_stands_alone(desk: Desk) -> None:
    answer = await desk.put("adresar", {"nazev": "A"}, {"id": "ext:A:2"}, {"nazev": "C"}, **{"@atomic": "false"})
    assert (answer.status, answer.winstrom["success"]) == (400, "false")
    assert answer.winstrom["stats"] == stats(created=2, failed=1)
    assert [each.get("id") for each in answer.winstrom["results"]] == ["1", None, "3"]
    assert [each["nazev"] for each in (await desk.ledger())["contacts"]] == ["A", "C"]


async def test_several_evidences_in_the_order_sent(desk: Desk) -> None:
    body = {"adresar": FIRM, "faktura-vydana": invoice(line("1"), firma=FIRM["id"])}
    assert (await desk.ask("PUT", "faktura-vydana.json", json={"winstrom": body})).status == 201
    turned = {name: body[name] for name in reversed(body)}
    turned["adresar"] = {"id": "ext:HUB:new", "nazev": "B"}
    turned["faktura-vydana"] = invoice(line("1"), firma="ext:HUB:new")
    answer = await desk.ask("PUT", "/c/demo.json", json={"winstrom": turned})
    assert answer.error["for"] == "firma"


async def test_a_target_that_is_missing(desk: Desk) -> None:
    record = invoice(line("1"), firma="code:NIC", stredisko="code:nove")
    number = await desk.made(
        "faktura-vydana", {**record, "firma@if-not-found": "null", "stredisko@if-not-found": "create"}
    )
    row = await desk.row("faktura-vydana", number)
    assert (row["firma"], row["stredisko"], row["stredisko@showAs"]) == ("", "code:NOVE", "NOVE: nove")
    number = await desk.made("faktura-vydana", {**record, "firma@if-not-found": "create"})
    assert (await desk.row("faktura-vydana", number))["firma@showAs"] == "NIC: NIC"
    # A currency has more mandatory fields than a reference can fill.
    error = (await desk.put("faktura-vydana", invoice(mena="code:XYZ", **{"mena@if-not-found": "create"}))).error
    assert (error["for"], error["value"]) == ("mena", "code:XYZ")


async def test_a_dry_run_computes_and_keeps_nothing(desk: Desk) -> None:
    answer = await desk.put(
        "faktura-vydana", invoice(line("121"), id="ext:H:1"), path="faktura-vydana.json?dry-run=true"
    )
    assert (answer.status, answer.winstrom["stats"]) == (200, stats(created=1))
    content = answer.winstrom["results"][0]["content"]["faktura-vydana"]
    assert (content["sumCelkem"], content["kod"], len(content["polozkyFaktury"])) == ("121.0", "VF1-0001/2026", 1)
    assert (await desk.ledger())["documents"] == []
    answer = await desk.get("faktura-vydana/ext:H:1.json")
    assert answer.status == 404


async def test_warnings(desk: Desk) -> None:
    record = {"nazev": "A", "kontakty": [{"jmeno": "Jana"}]}
    answer = await desk.put("adresar", record)
    assert answer.winstrom["results"][0]["warnings"][0]["for"] == "kontakty"
    answer = await desk.put("adresar", record, path="adresar.json?fail-on-warning=true")
    assert answer.error["for"] == "kontakty"
    assert len((await desk.ledger())["contacts"]) == 1


async def test_the_code_in_the_response(desk: Desk) -> None:
    answer = await desk.put("faktura-vydana", invoice(line("1")), path="faktura-vydana.json?code-in-response=true")
    assert answer.winstrom["results"][0]["code"] == "VF1-0001/2026"


async def test_a_detail_address_names_the_record(desk: Desk) -> None:
    number = await desk.made("adresar", FIRM)
    for address in (number, FIRM["id"]):
        answer = await desk.put("adresar", {"popis": address}, path=f"adresar/{address}.json")
        assert (answer.status, answer.id) == (200, number)
    assert (await desk.put("adresar", {"popis": "x"}, path="adresar/ext:NIC:1.json")).status == 404


async def test_delete_by_method(desk: Desk) -> None:
    number = await desk.made("adresar", FIRM)
    answer = await desk.ask("DELETE", f"adresar/{number}.json")
    assert (answer.status, answer.winstrom["stats"]) == (200, stats(deleted=1))
    assert (await desk.ask("DELETE", f"adresar/{number}.json")).status == 404
    assert (await desk.ask("DELETE", "adresar.json")).status == 405


async def test_delete_of_another_period_needs_the_action(desk: Desk) -> None:
    number = await desk.invoice(line("1"), datVyst="2025-12-31")
    assert (await desk.ask("DELETE", f"faktura-vydana/{number}.json")).status == 403
    answer = await desk.put("faktura-vydana", {"id": number, "@action": "delete"})
    assert answer.winstrom["stats"] == stats(deleted=1)


async def test_delete_takes_lines_and_external_ids_along(desk: Desk) -> None:
    number = await desk.invoice(line("1", id="ext:H:1:1"), id="ext:H:1")
    await desk.put("faktura-vydana", {"id": number, "@action": "delete"})
    fresh = await desk.invoice(line("1", id="ext:H:1:1"), id="ext:H:1")
    assert fresh != number
    assert len((await desk.ledger())["documents"]) == 1


async def test_a_record_in_use_is_not_deleted(desk: Desk) -> None:
    number = await desk.made("adresar", FIRM)
    await desk.invoice(line("1"), firma=number)
    assert "použit" in (await desk.put("adresar", {"id": number, "@action": "delete"})).error["message"]


async def test_a_batch_by_filter(desk: Desk) -> None:
    for price in ("100", "200", "300"):
        await desk.invoice(line(price))
    answer = await desk.put("faktura-vydana", {"@filter": "sumCelkem gte 200", "popis": "velká", "id": "999"})
    assert answer.winstrom["stats"] == stats(updated=2)
    answer = await desk.put("faktura-vydana", {"@filter": "popis eq 'velká'", "@action": "lock"})
    assert [each["id"] for each in answer.winstrom["results"]] == ["2", "3"]
    assert [each["locked"] for each in (await desk.ledger())["documents"]] == [
        "zamek.otevreno",
        "zamek.zamceno",
        "zamek.zamceno",
    ]


async def test_actions_need_a_record_and_a_known_name(desk: Desk) -> None:
    assert (
        (await desk.put("faktura-vydana", {"id": "ext:H:1", "@action": "storno"}))
        .error["message"]
        .startswith("Záznam neexistuje")
    )
    number = await desk.made("adresar", FIRM)
    assert (await desk.put("adresar", {"id": number, "@action": "storno"})).status == 400
    assert (await desk.put("adresar", {"id": number, "@action": "fly"})).error["value"] == "fly"


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"winstrom": []}', "{not json"])
async def test_a_body_that_is_no_envelope(desk: Desk, body: str) -> None:
    answer = await desk.ask("PUT", "adresar.json", data=body, headers={"Content-Type": "application/json"})
    assert answer.status == 400
    assert answer.winstrom["success"] == "false"


async def test_unknown_evidences(desk: Desk) -> None:
    assert (await desk.put("adresar", FIRM, path="neznama.json")).status == 404
    assert (await desk.put("neznama", FIRM, path="adresar.json")).status == 400
    assert (await desk.put("vazba", {"castka": "1"})).status == 400


async def test_numbers_and_flags_may_be_json_values(desk: Desk) -> None:
    each = {"nazev": "Zboží", "mnozMj": 3, "cenaMj": 33.33, "typCenyDphK": "typCeny.sDph"}
    number = await desk.invoice(each, kod="F1", bezPolozek=False)
    assert await desk.sums(number, "sumCelkem") == ["99.99"]
    body = json.dumps({"winstrom": {"banka": bank("0")}}).replace('"sumOsv": "0"', '"sumOsv": 1234567.89')
    answer = await desk.ask("PUT", "banka.json", data=body, headers={"Content-Type": "application/json"})
    assert (await desk.row("banka", answer.id))["sumCelkem"] == "1234567.89"


async def test_previous_values_and_decorations_are_ignored(desk: Desk) -> None:
    number = await desk.invoice(line("1"))
    row = await desk.row("faktura-vydana", number)
    assert await desk.made("faktura-vydana", {**row, "firma-previousValue": "code:X", "popis": "zpět"}) == number
    assert await desk.sums(number, "popis", "sumCelkem") == ["zpět", "1.0"]


async def test_switched_assumptions(tmp_path: Path) -> None:
    options = {
        "kod_identifies": "yes",
        "lines_without_id": "position",
        "contact_code": "require",
        "partial_status": "200",
        "skipped_result": "no",
    }
    async with opened(tmp_path, **options) as desk:
        assert (await desk.put("adresar", {"nazev": "A"})).error["for"] == "kod"
        first = await desk.made("adresar", {"kod": "A", "nazev": "A"})
        assert await desk.made("adresar", {"kod": "a", "nazev": "B"}) == first
        number = await desk.invoice(line("100"), line("200"))
        await desk.made("faktura-vydana", {"id": number, "polozkyFaktury": [{"cenaMj": "50"}]})
        assert await desk.sums(number, "sumCelkem") == ["250.0"]
        records: list[dict[str, Any]] = [{"kod": "C", "nazev": "C"}, {"kod": "D"}]
        assert (await desk.put("adresar", *records, **{"@atomic": "false"})).status == 200
        skipped = await desk.put("adresar", {"id": first, "@update": "ignore"})
        assert skipped.winstrom["results"] == [{"request-id": first}]


async def test_a_date_with_an_offset(desk: Desk) -> None:
    number = await desk.invoice(line("1"), datVyst=f"{TODAY}+01:00")
    assert await desk.sums(number, "datVyst") == [f"{TODAY}+01:00"]


async def test_other_identifiers_find_a_record(desk: Desk) -> None:
    firm = await desk.made("adresar", {"nazev": "A", "ic": "27082440", "dic": "CZ27082440", "eanKod": "4710937332698"})
    number = await desk.invoice(line("1"))
    key = (await desk.sums(number, "uuid"))[0]
    assert await desk.made("faktura-vydana", {"id": f"key:{key}", "firma": "vatid:CZ27082440"}) == number
    for identifier in ("in:27082440", "vatid:CZ27082440", "ean:4710937332698"):
        assert await desk.made("adresar", {"id": identifier, "popis": identifier}) == firm
