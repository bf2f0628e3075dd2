"""Reading: pages, orders, details, filters, formats."""

from pathlib import Path

import pytest

from tests.connectors.flexibee.test_sandbox.desk import Desk, invoice, line, opened


async def fill(desk: Desk) -> None:
    await desk.put(
        "adresar", {"id": "ext:H:a", "kod": "ALFA", "nazev": "Alfa", "stat": "code:CZ", "email": "a@firma.example"}
    )
    await desk.put("adresar", {"id": "ext:H:b", "kod": "BETA", "nazev": "Žluťoučký Beta", "stat": "code:SK"})
    for number, (day, price, firm) in enumerate(
        [("2026-01-10", "100", "ALFA"), ("2026-02-10", "200", "BETA"), ("2026-03-10", "300", "ALFA")], 1
    ):
        record = invoice(line(price), id=f"ext:H:{number}", kod=f"F{number}", datVyst=day, firma=f"code:{firm}")
        assert (await desk.put("faktura-vydana", record)).status == 201
    await desk.put("faktura-vydana", {"id": "ext:H:2", "@action": "storno"})


async def codes(desk: Desk, text: str, evidence: str = "faktura-vydana", **parameters: str) -> list[str]:
    answer = await desk.get(f"{evidence}/({text}).json", detail="custom:kod", **parameters)
    assert answer.status == 200, answer.body
    return [row["kod"] for row in answer.winstrom[evidence]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("kod = 'F1'", "F1"),
        ('kod == "F1"', "F1"),
        ("kod eq F1", "F1"),
        ("kod <> 'F1'", "F3 F2"),
        ("kod != 'F1' and kod ne 'F2'", "F3"),
        ("sumCelkem > 100", "F3 F2"),
        ("sumCelkem gte 100.00 and sumCelkem lt 300", "F2 F1"),
        ("sumCelkem <= 200", "F2 F1"),
        ("datVyst >= 2026-02-10", "F3 F2"),
        ("datVyst between 2026-01-01 2026-01-31", "F1"),
        ("datVyst between '2026-02-01' and '2026-03-31'", "F3 F2"),
        ("datSplat < now()", "F2 F1"),
        ("storno eq false", "F3 F1"),
        ("storno is true", "F2"),
        ("storno is not true", "F3 F1"),
        ("stavUhrK is null", "F3 F2 F1"),
        ("stavUhrK is not null", ""),
        ("cisObj is empty", "F3 F2 F1"),
        ("kod begins 'f'", "F3 F2 F1"),
        ("kod ends '2'", "F2"),
        ("nazFirmy like 'lfa'", "F3 F1"),
        ("nazFirmy like 'zlutoucky'", ""),
        ("nazFirmy like similar 'zlutoucky'", "F2"),
        ("nazFirmy begins similar 'ZLUT'", "F2"),
        ("kod in ('F1', 'F3')", "F3 F1"),
        ("id in (1, 'code:F2', 'ext:H:3')", "F3 F2 F1"),
        ("id = 'ext:H:3'", "F3"),
        ("id eq 2", "F2"),
        ("firma = 'code:ALFA'", "F3 F1"),
        ("firma eq 'ext:H:b'", "F2"),
        ("firma.stat = 'code:SK'", "F2"),
        ("firma.nazev like 'alfa' or kod = 'F2'", "F3 F2 F1"),
        ("not kod = 'F1'", "F3 F2"),
        ("not (kod = 'F1' or kod = 'F2')", "F3"),
        ("kod = 'F1' or kod = 'F2' and storno eq false", "F1"),
        ("(kod = 'F1' or kod = 'F2') and storno eq false", "F1"),
        ("typDokl = 'code:FAKTURA' and mena = 'code:CZK'", "F3 F2 F1"),
        ("firma = 'code:NIC'", ""),
        ("kod = 'O\\'Neil'", ""),
        ("", "F3 F2 F1"),
    ],
)
async def test_filters(desk: Desk, text: str, expected: str) -> None:
    await fill(desk)
    assert await codes(desk, text) == expected.split()


@pytest.mark.parametrize(
    "text",
    ["kod", "kod =", "kod = 'a", "neznama = 1", "kod = 'a' kod", "sumCelkem = mnoho", "kod frobs 'a'", "(kod = 'a'"],
)
async def test_filters_that_make_no_sense(desk: Desk, text: str) -> None:
    answer = await desk.get(f"faktura-vydana/({text}).json")
    assert answer.status == 400
    assert answer.winstrom["success"] == "false"


async def test_a_filter_in_the_query_string_is_ignored(desk: Desk) -> None:
    await fill(desk)
    answer = await desk.get("faktura-vydana.json", filter="kod = 'F1'")
    assert len(answer.winstrom["faktura-vydana"]) == 3


async def test_slashes_and_diacritics_in_a_filter(desk: Desk) -> None:
    await desk.invoice(line("1"), kod="ŽÁBA/2026")
    assert await codes(desk, "kod = 'ŽÁBA/2026'") == ["ŽÁBA/2026"]


async def test_a_page_has_twenty_unless_told(desk: Desk) -> None:
    await desk.put("adresar", *({"kod": f"K{number:02}", "nazev": "K"} for number in range(25)))
    assert len((await desk.get("adresar.json")).winstrom["adresar"]) == 20
    answer = await desk.get("adresar.json", limit="10", start="20", add_row_count="true")
    assert [row["kod"] for row in answer.winstrom["adresar"]] == [f"K{number}" for number in range(20, 25)]
    assert answer.winstrom["@rowCount"] == "25"
    assert len((await desk.get("adresar.json", limit="0")).winstrom["adresar"]) == 25
    assert (await desk.get("adresar.json", limit="-1")).status == 400


async def test_orders(desk: Desk) -> None:
    await fill(desk)
    assert await codes(desk, "") == ["F3", "F2", "F1"]
    assert await codes(desk, "", order="kod") == ["F1", "F2", "F3"]
    assert await codes(desk, "", order="kod@A") == ["F3", "F2", "F1"]
    assert await codes(desk, "", order="kod@D") == ["F1", "F2", "F3"]
    assert await codes(desk, "", order="firma.nazev,sumCelkem@A") == ["F3", "F1", "F2"]
    assert await codes(desk, "", sort="sumCelkem", dir="DESC") == ["F3", "F2", "F1"]
    answer = await desk.ask("GET", "faktura-vydana.json?order=firma&order=kod@A&detail=custom:kod")
    assert [row["kod"] for row in answer.winstrom["faktura-vydana"]] == ["F3", "F1", "F2"]
    assert (await desk.get("faktura-vydana.json", order="neznama")).status == 400


async def test_english_order_letters(tmp_path: Path) -> None:
    async with opened(tmp_path, order_letters="english") as desk:
        await fill(desk)
        assert await codes(desk, "", order="kod@A") == ["F1", "F2", "F3"]


async def test_details(desk: Desk) -> None:
    await fill(desk)
    answer = await desk.get("faktura-vydana.json", detail="id", limit="1")
    assert answer.winstrom["faktura-vydana"] == [{"id": "3", "external-ids": ["ext:H:3"]}]
    answer = await desk.get("faktura-vydana.json", limit="1")
    summary = answer.winstrom["faktura-vydana"][0]
    assert {"kod", "lastUpdate", "datVyst", "sumCelkem", "zbyvaUhradit", "firma@showAs"} <= set(summary)
    assert "varSym" not in summary
    answer = await desk.get("faktura-vydana.json", detail="custom:kod,neznama,firma", limit="1", no_ext_ids="true")
    assert answer.winstrom["faktura-vydana"] == [
        {
            "id": "3",
            "kod": "F3",
            "firma": "code:ALFA",
            "firma@ref": "/c/demo/adresar/1.json",
            "firma@showAs": "ALFA: Alfa",
        }
    ]
    assert (await desk.get("faktura-vydana.json", detail="vse")).status == 400


async def test_collections_and_includes(desk: Desk) -> None:
    await fill(desk)
    detail = "custom:kod,firma(nazev,stat),polozkyFaktury(nazev,cenaMj)"
    answer = await desk.get("faktura-vydana/3.json", detail=detail, no_ext_ids="true")
    (row,) = answer.winstrom["faktura-vydana"]
    assert row["polozkyFaktury"] == [{"id": "3", "nazev": "Zboží", "cenaMj": "300.0"}]
    assert row["firma"][0]["nazev"] == "Alfa"
    row = await desk.row("faktura-vydana", "3", includes="/faktura-vydana/mena")
    assert row["mena"][0]["kod"] == "CZK"
    assert "polozkyFaktury" not in row
    row = await desk.row("faktura-vydana", "3", relations="polozkyDokladu,vazby")
    assert [each["sumCelkem"] for each in row["polozkyDokladu"]] == ["300.0"]
    assert row["vazby"] == []
    answer = await desk.get("faktura-vydana/3/polozkyDokladu.json")
    assert len(answer.winstrom["faktura-vydana-polozka"]) == 1


async def test_lines_are_an_evidence_of_their_own(desk: Desk) -> None:
    await fill(desk)
    answer = await desk.get("faktura-vydana-polozka/(doklFak = 'code:F2').json", detail="custom:sumCelkem,doklFak")
    (row,) = answer.winstrom["faktura-vydana-polozka"]
    assert (row["sumCelkem"], row["doklFak"]) == ("200.0", "code:F2")


async def test_a_code_redirects_to_the_number(desk: Desk) -> None:
    await fill(desk)
    for text in ("code:F3", "ext:H:3", "[code:F3][ext:X:1]"):
        answer = await desk.get(f"faktura-vydana/{text}.json", detail="id")
        assert (answer.status, answer.headers["Location"]) == (303, "/c/demo/faktura-vydana/3.json?detail=id")
    answer = await desk.ask("GET", "faktura-vydana/ext:H:3.json", allow_redirects=True)
    assert answer.winstrom["faktura-vydana"][0]["kod"] == "F3"
    assert (await desk.get("faktura-vydana/ext:H:9.json")).status == 404
    assert (await desk.get("faktura-vydana/99.json")).status == 404


async def test_get_by_many_ids(desk: Desk) -> None:
    await fill(desk)
    body = {"winstrom": {"id": [3, "code:F1", "ext:H:3", "ext:H:9"]}}
    answer = await desk.ask("POST", "faktura-vydana/get.json", params={"detail": "custom:kod"}, json=body)
    assert [row["kod"] for row in answer.winstrom["faktura-vydana"]] == ["F3", "F1", "F3"]


async def test_query_takes_everything_in_its_body(desk: Desk) -> None:
    await fill(desk)
    body = {
        "winstrom": {
            "@version": "1.0",
            "detail": "custom:kod",
            "filter": "(storno eq false and stavUhrK is null)",
            "order": ["sumCelkem"],
            "limit": "1",
            "start": "1",
            "no-ext-ids": "true",
        }
    }
    answer = await desk.ask("POST", "faktura-vydana/query.json?add-row-count=true", json=body)
    assert answer.winstrom == {"@version": "1.0", "@rowCount": "2", "faktura-vydana": [{"id": "3", "kod": "F3"}]}


async def test_native_types(desk: Desk) -> None:
    await fill(desk)
    desk.root = "/v2/c"
    answer = await desk.get("faktura-vydana/3.json", detail="custom:sumCelkem,storno,kod,datUhr,cisObj,datVyst")
    (row,) = answer.winstrom["faktura-vydana"]
    assert (row["id"], row["sumCelkem"], row["storno"], row["datUhr"], row["cisObj"]) == (3, 300, False, None, "")
    answer = await desk.put("adresar", {"nazev": "C"})
    assert (answer.winstrom["success"], answer.winstrom["stats"]["created"]) == (True, 1)
    assert answer.winstrom["results"][0]["id"] == 3


async def test_sums(desk: Desk) -> None:
    await fill(desk)
    answer = await desk.get("faktura-vydana/(storno eq false)/$sum.json")
    assert answer.winstrom["sum"]["sumCelkem"]["values"]["value"]["$"] == "400.0"
    assert (await desk.get("adresar/$sum.json")).status == 400


async def test_validity(desk: Desk) -> None:
    await desk.put("forma-dopravy", {"kod": "STARA", "nazev": "Stará", "platiDo": "2025"})
    assert "STARA" not in await codes(desk, "", "forma-dopravy")
    assert "STARA" in await codes(desk, "", "forma-dopravy", filtrovat_platnost="false")


async def test_metadata(desk: Desk) -> None:
    listed = (await desk.get("evidence-list.json")).body["evidences"]["evidence"]
    assert {"evidencePath": "faktura-vydana", "importStatus": "SUPPORTED"}.items() <= next(
        each for each in listed if each["evidencePath"] == "faktura-vydana"
    ).items()
    properties = (await desk.get("faktura-vydana/properties.json")).body["properties"]["property"]
    kod = next(each for each in properties if each["propertyName"] == "kod")
    assert (kod["maxLength"], kod["mandatory"], kod["isUpperCase"]) == ("20", "true", "true")
    assert (await desk.get("faktura-vydana/relations.json")).body["relations"]["relation"][0]["url"] == "polozkyFaktury"


async def test_formats(desk: Desk) -> None:
    assert (await desk.ask("GET", "adresar", headers={"Accept": "application/json"})).status == 200
    assert (await desk.ask("GET", "adresar", headers={"Accept": "text/html"})).status == 406
    assert (await desk.get("adresar.xml")).status == 406


async def test_filters_of_unknown_codes_may_be_refused(tmp_path: Path) -> None:
    async with opened(tmp_path, filter_unknown_code="refuse") as desk:
        assert (await desk.get("faktura-vydana/(firma = 'code:NIC').json")).status == 400
