"""What is left to pay: pairing in every mode, cash, unpairing, paid by hand, overpaid, foreign."""

from pathlib import Path
from typing import Any

import pytest

from tests.connectors.flexibee.test_sandbox.desk import TODAY, Desk, bank, invoice, line, opened, pairing

STATE = ("stavUhrK", "zbyvaUhradit", "juhSum", "datUhr")
PAID = ["stavUhr.uhrazeno", "0.0", "1000.0", f"{TODAY}+01:00"]
UNPAID = ["", "1000.0", "0.0", ""]


async def owed(desk: Desk, *prices: str) -> list[str]:
    return [await desk.invoice(line(price), kod=f"F{position}") for position, price in enumerate(prices, 1)]


async def test_exactly_paid(desk: Desk) -> None:
    (number,) = await owed(desk, "1000")
    assert await desk.sums(number, *STATE) == UNPAID
    payment = await desk.made("banka", bank("1000", sparovani=pairing("code:F1")))
    assert await desk.sums(number, *STATE) == PAID
    assert (await desk.row("banka", payment))["sparovano"] == "true"
    row = await desk.row("faktura-vydana", number, relations="vazby")
    assert [(each["typVazbyK"], each["castka"], each["a"], each["b"]) for each in row["vazby"]] == [
        ("typVazbyDokl.uhrada", "1000.0", "code:B1-0001/2026", "code:F1")
    ]


async def test_pairing_is_idempotent(desk: Desk) -> None:
    (number,) = await owed(desk, "1000")
    record = bank("1000", id="ext:P:1", sparovani=pairing("code:F1"))
    first = await desk.made("banka", record)
    assert await desk.made("banka", record) == first
    assert await desk.made("banka", {"id": first, "sparovani": pairing("code:F1")}) == first
    assert await desk.sums(number, *STATE) == PAID
    assert len((await desk.ledger())["payments"]) == 1


@pytest.mark.parametrize(
    ("mode", "money", "status", "states", "paired", "internals"),
    [
        ("ne", "900", 400, ["", "", ""], None, 0),
        ("ne", "700", 400, ["", "", ""], None, 0),
        ("zauctovat", "900", 201, ["uhrazeno", "uhrazeno", ""], "true", 1),
        ("zauctovat", "700", 201, ["uhrazeno", "uhrazeno", ""], "true", 1),
        ("ignorovat", "900", 201, ["uhrazeno", "uhrazeno", ""], "false", 0),
        ("ignorovat", "700", 201, ["", "", ""], "false", 0),
        ("castecnaUhrada", "900", 400, ["", "", ""], None, 0),
        ("castecnaUhrada", "700", 201, ["uhrazeno", "castUhr", ""], "true", 0),
        ("castecnaUhrada", "400", 201, ["castUhr", "", ""], "true", 0),
        ("castecnaUhradaNeboZauctovat", "900", 201, ["uhrazeno", "uhrazeno", ""], "true", 1),
        ("castecnaUhradaNeboZauctovat", "700", 201, ["uhrazeno", "castUhr", ""], "true", 0),
        ("castecnaUhradaNeboIgnorovat", "900", 201, ["uhrazeno", "uhrazeno", ""], "false", 0),
        ("castecnaUhradaNeboIgnorovat", "700", 201, ["uhrazeno", "castUhr", ""], "true", 0),
        ("ne", "800", 201, ["uhrazeno", "uhrazeno", ""], "true", 0),
        ("nevim", "800", 400, ["", "", ""], None, 0),
    ],
)
async def test_what_is_left_over(
    desk: Desk, *, mode: str, money: str, status: int, states: list[str], paired: str | None, internals: int
) -> None:
    numbers = await owed(desk, "500", "300", "100")
    spec = {"uhrazovanaFak": [{"filter": "code:F1"}, {"filter": "code:F2"}], "zbytek": mode}
    answer = await desk.put("banka", bank(money, sparovani=spec))
    assert answer.status == status, answer.body
    assert [(await desk.sums(number, "stavUhrK"))[0].removeprefix("stavUhr.") for number in numbers] == states
    payments = (await desk.ledger())["payments"]
    if paired is None:
        assert payments == []
    else:
        assert (await desk.row("banka", answer.id))["sparovano"] == paired
    listed = await desk.get("interni-doklad.json")
    assert len(listed.winstrom["interni-doklad"]) == internals


async def test_the_rest_may_be_left_alone(tmp_path: Path) -> None:
    async with opened(tmp_path, ignored_rest="leave", default_rest="ignorovat") as desk:
        (number,) = await owed(desk, "1000")
        await desk.made("banka", bank("1100", sparovani={"uhrazovanaFak": "code:F1"}))
        assert await desk.sums(number, *STATE) == UNPAID


async def test_a_part_and_then_the_rest(desk: Desk) -> None:
    (number,) = await owed(desk, "1000")
    await desk.made("banka", bank("400", datVyst="2026-03-01", sparovani=pairing("code:F1", **{"@castka": "400"})))
    assert await desk.sums(number, *STATE) == ["stavUhr.castUhr", "600.0", "400.0", ""]
    assert (await desk.put("banka", bank("700", sparovani=pairing("code:F1", **{"@castka": "700"})))).status == 400
    await desk.made("banka", bank("600", sparovani=pairing("code:F1")))
    assert await desk.sums(number, *STATE) == PAID


async def test_unpairing(desk: Desk) -> None:
    first, second = await owed(desk, "500", "300")
    spec = {"uhrazovanaFak": [{"filter": "code:F1"}, {"filter": "code:F2"}], "zbytek": "zauctovat"}
    payment = await desk.made("banka", bank("700", sparovani=spec))
    await desk.made("banka", {"id": payment, "odparovani": {"uhrazovanaFak": {"filter": "code:F1"}}})
    assert await desk.sums(first, "stavUhrK", "zbyvaUhradit") == ["", "500.0"]
    assert await desk.sums(second, "stavUhrK") == ["stavUhr.uhrazeno"]
    await desk.made("banka", {"id": payment, "odparovani": {}})
    assert await desk.sums(second, "stavUhrK", "zbyvaUhradit") == ["", "300.0"]
    assert (await desk.get("interni-doklad.json")).winstrom["interni-doklad"] == []
    assert (await desk.get("vazba.json")).winstrom["vazba"] == []


async def test_a_paired_document_keeps_its_money(desk: Desk) -> None:
    (number,) = await owed(desk, "1000")
    payment = await desk.made("banka", bank("1000", sparovani=pairing("code:F1")))
    for evidence, record in (
        ("faktura-vydana", {"id": number, "mena": "code:EUR"}),
        ("faktura-vydana", {"id": number, "polozkyFaktury": [line("1")]}),
        ("faktura-vydana", {"id": number, "@action": "storno"}),
        ("faktura-vydana", {"id": number, "@action": "delete"}),
        ("banka", {"id": payment, "sumOsv": "900"}),
        ("banka", {"id": payment, "@action": "delete"}),
    ):
        error = (await desk.put(evidence, record)).error
        assert "protože je spárován" in error["message"], record
    await desk.made("faktura-vydana", {"id": number, "poznam": "smí se"})
    assert await desk.sums(number, "poznam", *STATE) == ["smí se", *PAID]


async def test_a_paired_document_may_refuse_every_edit(tmp_path: Path) -> None:
    async with opened(tmp_path, paired_edit="any") as desk:
        (number,) = await owed(desk, "1000")
        await desk.made("banka", bank("1000", sparovani=pairing("code:F1")))
        assert "spárován" in (await desk.put("faktura-vydana", {"id": number, "poznam": "x"})).error["message"]


async def test_the_same_record_again_is_no_edit(desk: Desk) -> None:
    record = invoice(line("1000", id="ext:H:1:1"), id="ext:H:1", kod="F1")
    number = await desk.made("faktura-vydana", record)
    await desk.made("banka", bank("1000", sparovani=pairing("code:F1")))
    assert await desk.made("faktura-vydana", record) == number
    assert await desk.sums(number, *STATE) == PAID


async def test_paid_by_hand(desk: Desk) -> None:
    (number,) = await owed(desk, "1000")
    await desk.made("faktura-vydana", {"id": number, "stavUhrK": "stavUhr.uhrazenoRucne"})
    assert await desk.sums(number, *STATE) == ["stavUhr.uhrazenoRucne", "0.0", "0.0", f"{TODAY}+01:00"]
    await desk.made("faktura-vydana", {"id": number, "popis": "x"})
    assert await desk.sums(number, "stavUhrK") == ["stavUhr.uhrazenoRucne"]
    await desk.made("faktura-vydana", {"id": number, "stavUhrK": ""})
    assert await desk.sums(number, *STATE) == UNPAID


async def test_the_rest_of_one_paid_by_hand_may_stay(tmp_path: Path) -> None:
    async with opened(tmp_path, manual_paid_rest="keep") as desk:
        number = await desk.invoice(line("1000"), stavUhrK="stavUhr.uhrazenoRucne")
        assert await desk.sums(number, "stavUhrK", "zbyvaUhradit") == ["stavUhr.uhrazenoRucne", "1000.0"]


def cash(number: str, **fields: str) -> dict[str, Any]:
    spec = {"pokladna": "code:POKLADNA KČ", "typDokl": "code:STANDARD", "datumUhrady": TODAY, **fields}
    return {"id": number, "hotovostni-uhrada": spec}


async def test_cash_with_a_named_document_is_paid_once(desk: Desk) -> None:
    (number,) = await owed(desk, "1000")
    for _ in range(3):
        await desk.made("faktura-vydana", cash(number, uhrazujiciDokl="ext:P:1", castka="1000"))
    (payment,) = (await desk.ledger())["payments"]
    assert (payment["ext_ids"], payment["amount"], payment["evidence"]) == (["ext:P:1"], "1000.00", "pokladni-pohyb")
    assert await desk.sums(number, *STATE) == PAID


async def test_cash_without_a_named_document_is_paid_twice_by_a_retry(desk: Desk) -> None:
    (number,) = await owed(desk, "1000")
    for _ in range(2):
        await desk.made("faktura-vydana", cash(number, castka="1000"))
    assert len((await desk.ledger())["payments"]) == 2
    assert await desk.sums(number, "stavUhrK", "zbyvaUhradit", "juhSum", "sumPrepl") == [
        "stavUhr.uhrazeno",
        "0.0",
        "2000.0",
        "1000.0",
    ]


async def test_cash_takes_the_rest_and_needs_its_fields(desk: Desk) -> None:
    (number,) = await owed(desk, "1000")
    await desk.made("banka", bank("400", sparovani=pairing("code:F1", "castecnaUhrada")))
    await desk.made("faktura-vydana", cash(number))
    assert [each["amount"] for each in (await desk.ledger())["payments"]] == ["400.00", "600.00"]
    error = (await desk.put("faktura-vydana", cash(number, pokladna=""))).error
    assert error["message"].startswith("Pole 'Pokladna' musí být vyplněno.")


async def test_a_foreign_payment_settles_both_currencies(desk: Desk) -> None:
    number = await desk.invoice(line("99.99"), kod="F1", mena="code:EUR", kurz="25.115")
    record = bank(
        "0", banka="code:ÚČET EUR", mena="code:EUR", kurz="24.9", sumOsvMen="99.99", sparovani=pairing("code:F1")
    )
    del record["sumOsv"]
    await desk.made("banka", record)
    assert await desk.sums(number, "stavUhrK", "zbyvaUhraditMen", "zbyvaUhradit", "juhSumMen") == [
        "stavUhr.uhrazeno",
        "0.0",
        "0.0",
        "99.99",
    ]


async def test_foreign_payments_in_parts_leave_no_hellers(desk: Desk) -> None:
    number = await desk.invoice(line("99.99"), kod="F1", mena="code:EUR", kurz="25.115")
    for _ in range(3):  # 33.33 EUR are 837.08 CZK, and 2511.25 is to be paid
        record = bank("", banka="code:ÚČET EUR", mena="code:EUR", kurz="25.115", sumOsvMen="33.33")
        await desk.made("banka", {**record, "sparovani": pairing("code:F1", "castecnaUhrada")})
    assert await desk.sums(number, "zbyvaUhradit", "juhSum", "sumCelkem") == ["0.0", "2511.25", "2511.25"]


async def test_a_domestic_payment_of_foreign_invoices_implies_the_rate(desk: Desk) -> None:
    number = await desk.invoice(line("100"), kod="F1", mena="code:EUR", kurz="25")
    payment = await desk.made("banka", bank("2450", sparovani=pairing("code:F1")))
    assert await desk.sums(number, "stavUhrK", "zbyvaUhraditMen") == ["stavUhr.uhrazeno", "0.0"]
    assert (await desk.row("banka", payment))["sparovano"] == "true"


async def test_money_back_for_a_credit_note(desk: Desk) -> None:
    number = await desk.invoice(line("399", "-1"), typDokl="code:DOBROPIS", kod="D1")
    assert (await desk.put("banka", bank("399", sparovani=pairing("code:D1")))).status == 400
    await desk.made("banka", bank("399", typPohybuK="typPohybu.vydej", sparovani=pairing("code:D1")))
    assert await desk.sums(number, "stavUhrK", "zbyvaUhradit") == ["stavUhr.uhrazeno", "0.0"]


async def test_a_cancelled_invoice_is_not_paid(desk: Desk) -> None:
    (number,) = await owed(desk, "1000")
    await desk.put("faktura-vydana", {"id": number, "@action": "storno"})
    assert (await desk.put("banka", bank("1000", sparovani=pairing("code:F1")))).status == 400
    assert await desk.sums(number, "zbyvaUhradit") == ["0.0"]


async def test_locked_documents_may_be_paired_or_not(tmp_path: Path) -> None:
    for allowed, status in (("yes", 201), ("no", 400)):
        async with opened(tmp_path / allowed, pair_locked=allowed) as desk:
            (number,) = await owed(desk, "1000")
            await desk.put("faktura-vydana", {"id": number, "@action": "lock"})
            assert (await desk.put("banka", bank("1000", sparovani=pairing("code:F1")))).status == status


@pytest.mark.parametrize(
    ("mode", "paid"),
    [("varCas", [True, False, False]), ("jenVar", [True, True, False]), ("jenCastka", [False, False, True])],
)
async def test_automatic_pairing(desk: Desk, mode: str, paid: list[bool]) -> None:
    numbers = [
        await desk.invoice(line(price), varSym=symbol) for price, symbol in (("10", "1"), ("20", "2"), ("30", "3"))
    ]
    for money, symbol in (("10", "1"), ("25", "2"), ("30", "99")):
        await desk.made("banka", bank(money, varSym=symbol))
    answer = await desk.ask("PUT", "banka/automaticke-parovani.json", params={"mod": mode})
    assert answer.status == 200
    assert [(await desk.sums(number, "stavUhrK"))[0] == "stavUhr.uhrazeno" for number in numbers] == paid
    assert (await desk.ask("PUT", "banka/automaticke-parovani.json?mod=nijak")).status == 400
