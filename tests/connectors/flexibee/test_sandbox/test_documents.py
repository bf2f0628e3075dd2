"""A document's header and lines: what is filled in, what is computed, what is refused."""

from pathlib import Path

import pytest

from tests.connectors.flexibee.test_sandbox.desk import TODAY, Desk, invoice, line, opened

TOTALS = ("sumZklZakl", "sumDphZakl", "sumCelkZakl", "sumZklSniz", "sumDphSniz", "sumOsv", "sumCelkem")


async def test_header_sums_are_the_sums_of_the_lines(desk: Desk) -> None:
    number = await desk.invoice(*[line("33.33") for _ in range(3)], line("112", rate="Sniz"), line("50", rate="Osv"))
    # VAT per line: 5.78; from the sum of the rate it would be 17.35.
    assert await desk.sums(number, *TOTALS) == ["82.65", "17.34", "99.99", "100.0", "12.0", "50.0", "261.99"]


async def test_prices_without_vat(desk: Desk) -> None:
    number = await desk.invoice(line("33.33", "3", gross=False))
    assert await desk.sums(number, "sumZklZakl", "sumDphZakl", "sumCelkem") == ["99.99", "21.0", "120.99"]


async def test_what_is_filled_in(desk: Desk) -> None:
    partner = {"nazev": "Kůň s.r.o.", "ulice": "Dlouhá 1", "mesto": "Praha", "psc": "11000", "ic": "27082440"}
    firm = await desk.made("adresar", {**partner, "stat": "code:CZ", "dic": "CZ27082440", "splatDny": "30"})
    row = await desk.row("faktura-vydana", await desk.invoice(line("121"), firma=firm))
    assert row["firma"] == "code:KUN_S_R_O"
    assert row["firma@showAs"] == "KUN_S_R_O: Kůň s.r.o."
    assert (row["nazFirmy"], row["ulice"], row["ic"], row["dic"], row["stat"]) == (
        "Kůň s.r.o.",
        "Dlouhá 1",
        "27082440",
        "CZ27082440",
        "code:CZ",
    )
    assert row["duzpPuv"] == row["datSazbyDph"] == f"{TODAY}+01:00"
    assert row["datSplat"] == "2026-04-09+02:00"
    assert (row["kod"], row["varSym"]) == ("VF1-0001/2026", "100012026")
    assert (row["mena"], row["kurz"], row["zbyvaUhradit"], row["stavUhrK"]) == ("code:CZK", "1.0", "121.0", "")
    assert (row["storno"], row["zamekK"], row["statDph"]) == ("false", "zamek.otevreno", "code:CZ")
    assert len(row["uuid"]) == 36


async def test_what_the_client_says_of_the_partner_wins(desk: Desk) -> None:
    firm = await desk.made("adresar", {"nazev": "Kůň s.r.o.", "mesto": "Praha"})
    row = await desk.row("faktura-vydana", await desk.invoice(line("1"), firma=firm, nazFirmy="Jiné jméno"))
    assert (row["nazFirmy"], row["mesto"]) == ("Jiné jméno", "Praha")


async def test_numbers_come_from_the_series_by_year_and_pass_over_taken_ones(desk: Desk) -> None:
    await desk.invoice(line("1"), kod="vf1-0002/2026")
    codes = []
    for day in ("2026-01-05", "2026-01-06", "2025-12-31"):
        row = await desk.row("faktura-vydana", await desk.invoice(line("1"), datVyst=day))
        codes.append(row["kod"])
    assert codes == ["VF1-0001/2026", "VF1-0003/2026", "VF1-0001/2025"]


async def test_a_number_of_a_failed_import_is_used_again_and_its_id_is_not(desk: Desk) -> None:
    await desk.put("faktura-vydana", invoice(line("1")), invoice(line("1"), typDokl="code:NIC"))
    row = await desk.row("faktura-vydana", await desk.invoice(line("1")))
    assert row["kod"] == "VF1-0001/2026"
    assert int(row["id"]) > 1


async def test_a_code_is_unique(desk: Desk) -> None:
    await desk.invoice(line("1"), kod="F1")
    error = (await desk.put("faktura-vydana", invoice(line("1"), kod="f1"))).error
    assert error["for"] == "kod"


@pytest.mark.parametrize(
    ("fields", "message", "field", "code"),
    [
        ({"typDokl": "FAKTURA"}, "Je očekáváno číselné ID, ale 'FAKTURA' není číslo", "typDokl", "PROP"),
        ({"firma": "ext:U:1"}, "Zadaný text 'ext:U:1' musí identifikovat objekt [DoklFak -1]", "firma", "PROP"),
        ({"typDokl": ""}, "Pole 'Typ faktury' musí být vyplněno. [DoklFak -1]", "typDokl", "INVALID"),
        ({"datVyst": ""}, "Pole 'Vystaveno' musí být vyplněno. [DoklFak -1]", "datVyst", "INVALID"),
        ({"cisDosle": "x" * 41}, "Pole 'Číslo došlé' nesmí být delší než 40 znaků. [DoklFak -1]", "cisDosle", "PROP"),
        ({"kod": "x" * 21}, f"Pole 'Interní číslo' nesmí být delší než 20 znaků. [{'x' * 21}]", "kod", "PROP"),
        ({"datVyst": "10.3.2026"}, "Je očekáváno datum, ale '10.3.2026' není datum [DoklFak -1]", "datVyst", "PROP"),
        ({"slevaDokl": "101"}, "Hodnota '101' je mimo rozsah -100.0..100.0 [DoklFak -1]", "slevaDokl", "INVALID"),
        ({"bezPolozek": "ano"}, None, "bezPolozek", "PROP"),
        ({"zaokrNaSumK": "zaokrNa.koruny"}, None, "zaokrNaSumK", "PROP"),
        ({"stavUhrK": "stavUhr.uhrazeno"}, None, "stavUhrK", "PROP"),
        ({"nazevFirmy": "x"}, "Evidence faktura-vydana nemá vlastnost 'nazevFirmy'", "nazevFirmy", "PROP"),
        ({"datVyst": "2011-01-01"}, None, "datVyst", "INVALID"),
    ],
)
async def test_refusals(desk: Desk, fields: dict[str, str], message: str | None, field: str, code: str) -> None:
    error = (await desk.put("faktura-vydana", invoice(line("1"), **fields))).error
    assert (error["for"], error["code"]) == (field, code)
    assert error["path"] == f"faktura-vydana[temporary-id=null].{field}"
    assert message is None or error["message"] == message


async def test_line_refusals_name_the_line(desk: Desk) -> None:
    error = (await desk.put("faktura-vydana", invoice(line("1", cenaMj="drahé")))).error
    assert (
        error["path"]
        == "faktura-vydana[temporary-id=null].polozkyFaktury.faktura-vydana-polozka[temporary-id=null].cenaMj"
    )
    error = (await desk.put("faktura-vydana", invoice(line("1", nazev="x" * 256)))).error
    assert (error["for"], error["code"]) == ("nazev", "PROP")


async def test_explicit_line_sums_are_kept(desk: Desk) -> None:
    below = line("100.01", gross=False, sumZkl="100.01", sumCelkem="121.00")
    above = line("121", sumDph="20.99", sumCelkem="121.00")
    number = await desk.invoice(below, above)
    row = await desk.row("faktura-vydana", number, relations="polozky")
    assert [(each["sumZkl"], each["sumDph"], each["sumCelkem"]) for each in row["polozkyFaktury"]] == [
        ("100.01", "20.99", "121.0"),
        ("100.01", "20.99", "121.0"),
    ]
    assert (row["sumZklZakl"], row["sumDphZakl"], row["sumCelkem"]) == ("200.02", "41.98", "242.0")


async def test_a_unit_price_follows_from_explicit_sums(desk: Desk) -> None:
    each = {"nazev": "Zboží", "mnozMj": "3", "typCenyDphK": "typCeny.sDph", "sumCelkem": "100.00", "sumDph": "17.36"}
    row = await desk.row("faktura-vydana", await desk.invoice(each), relations="polozky")
    assert row["polozkyFaktury"][0]["cenaMj"] == "33.333333"


async def test_a_new_price_replaces_explicit_sums(desk: Desk) -> None:
    number = await desk.invoice(line("121", id="ext:H:1", sumDph="20.99", sumCelkem="121.00"))
    await desk.made("faktura-vydana", {"id": number, "polozkyFaktury": [{"id": "ext:H:1", "nazev": "Jiné jméno"}]})
    assert await desk.sums(number, "sumDphZakl") == ["20.99"]
    await desk.made("faktura-vydana", {"id": number, "polozkyFaktury": [{"id": "ext:H:1", "cenaMj": "242"}]})
    assert await desk.sums(number, "sumDphZakl", "sumCelkem") == ["42.0", "242.0"]


async def test_explicit_sums_must_agree(desk: Desk) -> None:
    error = (await desk.put("faktura-vydana", invoice(line("1", sumZkl="100", sumDph="21", sumCelkem="120")))).error
    assert error["message"] == "Zadaná hodnota [120.0] vlastnosti [sumCelkem] se liší od vypočtené hodnoty [121.0]"
    error = (await desk.put("faktura-vydana", invoice(line("1", sumZkl="100", sumDph="12")))).error
    assert error["message"] == "Zadaná hodnota [12.0] vlastnosti [sumDph] se liší od vypočtené hodnoty [21.0]"


async def test_header_sums_need_a_document_without_lines(desk: Desk) -> None:
    error = (await desk.put("faktura-vydana", invoice(sumOsv="10"))).error
    assert error["message"] == "Zadaná hodnota [10.0] vlastnosti [sumOsv] se liší od vypočtené hodnoty [0.0]"


async def test_header_sums_beside_lines_are_checked(desk: Desk) -> None:
    assert (await desk.put("faktura-vydana", invoice(line("121"), sumCelkem="121"))).status == 201
    error = (await desk.put("faktura-vydana", invoice(line("121"), sumCelkem="120"))).error
    assert error["message"] == "Zadaná hodnota [120.0] vlastnosti [sumCelkem] se liší od vypočtené hodnoty [121.0]"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"sumZklZakl": "100", "sumDphZakl": "20.99"}, ["100.0", "20.99", "120.99", "0.0", "0.0", "0.0", "120.99"]),
        ({"sumZklZakl": "100"}, ["100.0", "21.0", "121.0", "0.0", "0.0", "0.0", "121.0"]),
        (
            {"sumCelkZakl": "1000", "sumCelkSniz": "112"},
            ["826.45", "173.55", "1000.0", "100.0", "12.0", "0.0", "1112.0"],
        ),
        ({"sumOsv": "300", "sumCelkem": "300"}, ["0.0", "0.0", "0.0", "0.0", "0.0", "300.0", "300.0"]),
    ],
)
async def test_documents_without_lines(desk: Desk, given: dict[str, str], expected: list[str]) -> None:
    number = await desk.invoice(bezPolozek="true", **given)
    assert await desk.sums(number, *TOTALS) == expected


async def test_vat_follows_a_new_base_of_a_document_without_lines(desk: Desk) -> None:
    number = await desk.invoice(bezPolozek="true", sumZklZakl="100", sumDphZakl="20.99", sumOsv="5")
    await desk.made("faktura-vydana", {"id": number, "sumZklZakl": "200"})
    assert await desk.sums(number, *TOTALS) == ["200.0", "42.0", "242.0", "0.0", "0.0", "5.0", "247.0"]


async def test_a_document_without_lines_takes_none(desk: Desk) -> None:
    error = (await desk.put("faktura-vydana", invoice(line("1"), bezPolozek="true"))).error
    assert error["for"] == "bezPolozek"


async def test_rounding_goes_to_a_line_of_rate_zero(desk: Desk) -> None:
    number = await desk.invoice(line("797.60"), zaokrNaSumK="zaokrNa.jednotky")
    row = await desk.row("faktura-vydana", number, relations="polozky")
    assert (row["sumCelkem"], row["sumOsv"], row["sumCelkZakl"]) == ("798.0", "0.4", "797.6")
    rounding = row["polozkyFaktury"][1]
    assert (rounding["autogen"], rounding["typSzbDphK"], rounding["sumCelkem"]) == ("true", "typSzbDph.dphOsv", "0.4")
    await desk.made("faktura-vydana", {"id": number, "polozkyFaktury": [line("0.40")]})
    row = await desk.row("faktura-vydana", number, relations="polozky")
    assert (row["sumCelkem"], row["sumOsv"], len(row["polozkyFaktury"])) == ("798.0", "0.0", 2)


async def test_rounding_without_a_line(desk: Desk) -> None:
    number = await desk.invoice(line("797.60"), zaokrNaSumK="zaokrNa.jednotky", vytvaretKorPol="false")
    row = await desk.row("faktura-vydana", number, relations="polozky")
    assert (row["sumCelkem"], row["sumOsv"], len(row["polozkyFaktury"])) == ("798.0", "0.4", 1)


async def test_rounding_into_the_tax_base(desk: Desk) -> None:
    number = await desk.invoice(line("797.60"), zaokrNaSumK="zaokrNa.jednotky", metodaZaokrDoklK="metodaZaokr.zklDph")
    # 797.60 = 659.17 + 138.43; 0.40 = 0.33 + 0.07
    assert await desk.sums(number, *TOTALS) == ["659.5", "138.5", "798.0", "0.0", "0.0", "0.0", "798.0"]


async def test_receipts_round_to_crowns_by_their_type(desk: Desk) -> None:
    number = await desk.invoice(line("99.90"), typDokl="code:ÚČTENKA")
    assert await desk.sums(number, "sumCelkem", "datSplat") == ["100.0", f"{TODAY}+01:00"]


async def test_a_foreign_document_has_both_currencies(desk: Desk) -> None:
    number = await desk.invoice(line("33.33", "3"), mena="code:EUR", kurz="25.115")
    names = ("sumZklZaklMen", "sumDphZaklMen", "sumCelkemMen", "sumZklZakl", "sumDphZakl", "sumCelkem")
    # 82.64 and 17.35 EUR, each times 25.115
    assert await desk.sums(number, *names) == ["82.64", "17.35", "99.99", "2075.5", "435.75", "2511.25"]
    assert await desk.sums(number, "zbyvaUhraditMen", "zbyvaUhradit", "kurz") == ["99.99", "2511.25", "25.115"]


async def test_an_exchange_rate_is_looked_up_by_day(desk: Desk) -> None:
    await desk.made("kurz", {"mena": "code:EUR", "platiOdData": "2026-03-01", "kurz": "24.5"})
    march = await desk.invoice(line("10"), mena="code:EUR")
    february = await desk.invoice(line("10"), mena="code:EUR", datVyst="2026-02-28")
    assert await desk.sums(march, "kurz", "sumCelkem") == ["24.5", "245.0"]
    assert await desk.sums(february, "kurz", "sumCelkem") == ["25.0", "250.0"]


async def test_a_rate_for_a_hundred(desk: Desk) -> None:
    number = await desk.invoice(line("1270"), mena="code:HUF", kurz="6.2", kurzMnozstvi="100")
    assert await desk.sums(number, "sumCelkemMen", "sumCelkem") == ["1270.0", "78.74"]


async def test_rates_of_the_day(desk: Desk) -> None:
    old = await desk.invoice(line("115", rate="Sniz"), line("110", rate="Sniz2"), datVyst="2023-12-31")
    assert await desk.sums(old, "sumZklSniz", "sumZklSniz2", "szbDphSniz") == ["100.0", "100.0", "15.0"]
    moved = await desk.invoice(line("115", rate="Sniz"), duzpPuv="2023-12-31", datVyst="2024-01-02")
    assert await desk.sums(moved, "sumZklSniz") == ["100.0"]
    error = (await desk.put("faktura-vydana", invoice(line("110", rate="Sniz2")))).error
    assert error["for"] == "typSzbDphK"


async def test_oss_takes_the_rates_of_the_country(desk: Desk) -> None:
    number = await desk.invoice(line("123"), line("119", rate="Sniz"), typDokl="code:FAKTURA-OSS-SK")
    row = await desk.row("faktura-vydana", number)
    assert (row["statDph"], row["szbDphZakl"], row["szbDphSniz"]) == ("code:SK", "23.0", "19.0")
    assert (row["sumZklZakl"], row["sumDphZakl"], row["sumZklSniz"], row["sumDphSniz"]) == (
        "100.0",
        "23.0",
        "100.0",
        "19.0",
    )
    german = await desk.invoice(line("119"), statDph="code:DE")
    assert await desk.sums(german, "sumZklZakl", "sumDphZakl") == ["100.0", "19.0"]


async def test_a_rate_in_per_cent_finds_its_kind_or_is_refused(desk: Desk) -> None:
    number = await desk.invoice({"nazev": "Kniha", "cenaMj": "112", "typCenyDphK": "typCeny.sDph", "szbDph": "12"})
    assert await desk.sums(number, "sumZklSniz", "sumDphSniz") == ["100.0", "12.0"]
    error = (await desk.put("faktura-vydana", invoice(line("1", szbDph="19")))).error
    assert error["for"] == "szbDph"


async def test_discounts(desk: Desk) -> None:
    number = await desk.invoice(line("1000", slevaPol="10"), line("100", uplSlevaDokl="false"), slevaDokl="50")
    assert await desk.sums(number, "sumCelkem") == ["550.0"]


async def test_a_partial_update_leaves_the_rest_and_an_empty_text_clears(desk: Desk) -> None:
    number = await desk.invoice(line("121"), cisObj="10001", poznam="stará")
    answer = await desk.put("faktura-vydana", {"id": number, "poznam": "", "popis": "nový"})
    assert (answer.status, answer.winstrom["stats"]["updated"]) == (200, "1")
    assert await desk.sums(number, "cisObj", "poznam", "popis", "sumCelkem") == ["10001", "", "nový", "121.0"]


async def test_lines_without_id_are_appended_and_named_ones_updated(desk: Desk) -> None:
    number = await desk.invoice(line("100", id="ext:H:1"), line("200", id="ext:H:2"))
    await desk.made("faktura-vydana", {"id": number, "polozkyFaktury": [line("300")]})
    assert await desk.sums(number, "sumCelkem") == ["600.0"]
    await desk.made("faktura-vydana", {"id": number, "polozkyFaktury": [{"id": "ext:H:1", "cenaMj": "150"}]})
    assert await desk.sums(number, "sumCelkem") == ["650.0"]
    lines = [{"id": "ext:H:2", "nazev": "Přejmenováno"}, line("1", id="ext:H:3")]
    record = {"id": number, "polozkyFaktury": lines, "polozkyFaktury@removeAll": "true"}
    await desk.made("faktura-vydana", record)
    row = await desk.row("faktura-vydana", number, relations="polozky")
    assert [(each["nazev"], each["sumCelkem"]) for each in row["polozkyFaktury"]] == [
        ("Přejmenováno", "200.0"),
        ("Zboží", "1.0"),
    ]
    await desk.made("faktura-vydana", {"id": number, "polozkyDokladu": [{"id": "ext:H:2", "@action": "delete"}]})
    assert await desk.sums(number, "sumCelkem") == ["1.0"]


async def test_a_line_of_another_document_is_refused(desk: Desk) -> None:
    await desk.invoice(line("100", id="ext:H:1"))
    error = (await desk.put("faktura-vydana", invoice(line("1", id="ext:H:1")))).error
    assert error["for"] == "id"
    error = (await desk.put("faktura-vydana", invoice(line("1", id="999")))).error
    assert (error["for"], error["value"]) == ("id", "999")


async def test_lines_follow_a_new_rate_and_currency(desk: Desk) -> None:
    number = await desk.invoice(line("121"))
    await desk.made("faktura-vydana", {"id": number, "statDph": "code:DE"})
    assert await desk.sums(number, "sumZklZakl", "sumDphZakl") == ["101.68", "19.32"]
    await desk.made("faktura-vydana", {"id": number, "mena": "code:EUR", "kurz": "24"})
    assert await desk.sums(number, "sumCelkemMen", "sumCelkem", "sumDphZaklMen") == ["121.0", "2904.0", "19.32"]


async def test_lines_are_not_imported_by_themselves(desk: Desk) -> None:
    error = (await desk.put("faktura-vydana-polozka", line("1"))).error
    assert "není povolen" in error["message"]


async def test_a_card_fills_its_line(desk: Desk) -> None:
    card = {"kod": "tri-m", "nazev": "Tričko", "typSzbDphK": "typSzbDph.dphSniz", "cenaZakl": "100", "mj1": "code:KS"}
    await desk.made("cenik", card)
    row = await desk.row(
        "faktura-vydana", await desk.invoice({"cenik": "code:TRI-M", "mnozMj": "2"}), relations="polozky"
    )
    (each,) = row["polozkyFaktury"]
    assert (each["nazev"], each["kod"], each["typPolozkyK"], each["mj"]) == (
        "Tričko",
        "TRI-M",
        "typPolozky.katalog",
        "code:KS",
    )
    assert (each["sumZkl"], each["sumDph"], each["sumCelkem"]) == ("200.0", "24.0", "224.0")


async def test_mails_are_counted(desk: Desk) -> None:
    number = await desk.invoice(line("1"))
    assert (await desk.ledger())["mails"] == 0
    await desk.made("faktura-vydana", {"id": number, "stavMailK": "stavMail.odeslat"})
    assert await desk.sums(number, "stavMailK") == ["stavMail.odeslano"]
    await desk.made("faktura-vydana", {"id": number, "popis": "beze zprávy"})
    assert (await desk.ledger())["documents"][0]["mails"] == 1
    await desk.ask("PUT", f"faktura-vydana/{number}/odeslani-mailem.json")
    assert (await desk.ledger())["mails"] == 2


async def test_a_sent_mail_may_keep_its_state(tmp_path: Path) -> None:
    async with opened(tmp_path, mail_state="odeslat") as desk:
        number = await desk.invoice(line("1"), stavMailK="stavMail.odeslat")
        assert await desk.sums(number, "stavMailK") == ["stavMail.odeslat"]
        await desk.made("faktura-vydana", {"id": number, "popis": "x"})
        assert (await desk.ledger())["mails"] == 1


async def test_assumptions_can_be_switched(tmp_path: Path) -> None:
    switched = {
        "length_code": "INVALID",
        "unknown_field": "ignore",
        "readonly_field": "fail",
        "upper_case": "refuse",
        "issue_date": "today",
        "line_rate": "take",
        "vat_tolerance": "30",
        "home_sums": "header",
        "dates": "plain",
        "lines_in_full": "yes",
        "open_targets": "refuse",
    }
    async with opened(tmp_path, **switched) as desk:
        assert (await desk.put("faktura-vydana", invoice(cisDosle="x" * 41))).error["code"] == "INVALID"
        assert (await desk.put("faktura-vydana", invoice(datUhr=TODAY))).error["for"] == "datUhr"
        assert (await desk.put("faktura-vydana", invoice(kod="a"))).error["for"] == "kod"
        assert (await desk.put("faktura-vydana", invoice(zakazka="code:X"))).error["for"] == "zakazka"
        number = await desk.invoice(
            line("33.33", "3", szbDph="19"), datVyst="", neznam="x", mena="code:EUR", kurz="25.115"
        )
        row = await desk.row("faktura-vydana", number)
        assert row["datVyst"] == TODAY
        assert row["polozkyFaktury"][0]["szbDph"] == "19.0"
        await desk.invoice(line("1", sumZkl="100", sumDph="12"))


async def test_domestic_sums_by_header_differ_by_a_heller(tmp_path: Path) -> None:
    names = ("sumZklZakl", "sumDphZakl", "sumCelkem")
    results = []
    for way in ("lines", "header"):
        async with opened(tmp_path / way, home_sums=way) as desk:
            number = await desk.invoice(*[line("33.33") for _ in range(3)], mena="code:EUR", kurz="25.115")
            results.append(await desk.sums(number, *names))
    # 3 x 691.92 (27.55 x 25.115) and 3 x 145.16 (5.78 x 25.115), against one conversion of 82.65 and 17.34
    assert results == [["2075.76", "435.48", "2511.24"], ["2075.75", "435.49", "2511.24"]]
