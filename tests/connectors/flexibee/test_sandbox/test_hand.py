"""A person's hand through the control API: each kind of difference that books can come to have, one or many."""

from pathlib import Path
from typing import Any

import pytest

from tests.connectors.flexibee.test_sandbox.desk import TODAY, Answer, Desk, invoice, line, opened

Json = dict[str, Any]


async def edit(desk: Desk, status: int = 200, **what: Any) -> Json:
    """Do a deed to issued invoices; gives the answer after checking its status."""
    answer = await desk.ask("POST", "/_sandbox/edit", json={"evidence": "faktura-vydana", **what})
    assert answer.status == status, answer.body
    return dict(answer.body or {})


async def fill(desk: Desk, *documents: Json, **how: Any) -> Answer:
    return await desk.ask("POST", "/_sandbox/fill", json={"documents": list(documents), **how})


def old(number: int, **fields: Any) -> Json:
    """A document as an older bridge of another maker entered it."""
    lines = [line("121", id=f"ext:OLD:{number}:1"), line("56", "2", rate="Sniz", id=f"ext:OLD:{number}:2")]
    told = {"id": f"ext:OLD:{number}", "kod": f"X{number:05}", "varSym": str(100_000 + number), "cisObj": f"O{number}"}
    return invoice(*lines, **{**told, **fields})


CHANGES: list[tuple[Json, dict[str, list[Any]]]] = [
    ({"line": {"cenaMj": "242"}}, {"sumCelkem": ["233.00", "354.00"], "sumDphZakl": ["21.00", "42.00"]}),
    (
        {"line": {"typSzbDphK": "typSzbDph.dphSniz"}},
        {"sumZklZakl": ["100.00", "0.00"], "sumDphSniz": ["12.00", "24.96"]},
    ),
    ({"line": {"position": 2, "mnozMj": "3"}}, {"sumCelkem": ["233.00", "289.00"]}),
    ({"change": {"mena": "code:EUR", "kurz": "25"}}, {"sumCelkem": ["233.00", "5825.00"]}),
    ({"change": {"datVyst": "2026-02-28"}}, {"datVyst": [TODAY, "2026-02-28"]}),
    ({"change": {"duzpPuv": "2026-02-28"}}, {"duzpPuv": [TODAY, "2026-02-28"], "datSazbyDph": [TODAY, "2026-02-28"]}),
    ({"change": {"kod": "JINE-1"}}, {"kod": ["X00001", "JINE-1"]}),
    ({"change": {"cisObj": "O99"}}, {"cisObj": ["O1", "O99"]}),
    ({"storno": True}, {"storno": [False, True]}),
    ({"lock": True}, {"zamekK": ["zamek.otevreno", "zamek.zamceno"]}),
    ({"pay": "100"}, {"stavUhrK": [None, "stavUhr.castUhr"], "zbyvaUhradit": ["233.00", "133.00"]}),
    ({"pay": True}, {"stavUhrK": [None, "stavUhr.uhrazeno"], "zbyvaUhradit": ["233.00", "0.00"]}),
    ({"pay": "300"}, {"stavUhrK": [None, "stavUhr.uhrazeno"], "sumPrepl": ["0.00", "67.00"]}),
]


@pytest.mark.parametrize(("deed", "changed"), CHANGES)
async def test_a_deed_tells_what_is_different(desk: Desk, deed: Json, changed: dict[str, list[Any]]) -> None:
    await fill(desk, old(1))
    (done,) = (await edit(desk, id="ext:OLD:1", **deed))["done"]
    assert {name: done["changed"].get(name) for name in changed} == changed
    row = await desk.row("faktura-vydana", "1")
    assert row["updatedBy"] == "code:ucetni"
    assert {name for name, (before, after) in done["changed"].items() if before == after} == set()


async def test_a_deed_is_done_to_many(desk: Desk) -> None:
    await fill(desk, *(old(number) for number in range(1, 7)))
    answer = await edit(desk, ids=["ext:OLD:1", "2", "code:X00003"], storno=True)
    assert (answer["stats"]["updated"], [each["id"] for each in answer["done"]]) == (3, [1, 2, 3])
    answer = await edit(desk, edits=[{"id": "4", "delete": True}, {"id": "5", "pay": True}, {"id": "6", "lock": True}])
    assert answer["stats"] == {"created": 1, "updated": 1, "deleted": 1, "skipped": 0, "failed": 0}
    states = [(each["number"], each["cancelled"], each["state"], each["locked"]) for each in await _documents(desk)]
    assert states == [
        ("X00001", True, None, "zamek.otevreno"),
        ("X00002", True, None, "zamek.otevreno"),
        ("X00003", True, None, "zamek.otevreno"),
        ("X00005", False, "stavUhr.uhrazeno", "zamek.otevreno"),
        ("X00006", False, None, "zamek.zamceno"),
    ]


async def _documents(desk: Desk) -> list[Json]:
    return list((await desk.ledger())["documents"])


async def test_what_the_server_refuses_to_all_it_refuses_to_a_person(desk: Desk) -> None:
    await fill(desk, old(1), old(2))
    await edit(desk, id="1", pay=True)
    answer = await edit(desk, 409, edits=[{"id": "1", "line": {"cenaMj": "1"}}, {"id": "2", "line": {"cenaMj": "1"}}])
    assert (answer["stats"]["failed"], answer["stats"]["updated"]) == (1, 1)
    assert "spárován" in answer["results"][0]["errors"][0]["message"]
    assert [each["changed"] == {} for each in answer["done"]] == [True, False]
    await edit(desk, id="2", storno=True)
    assert (await edit(desk, 409, id="2", pay="1"))["results"][0]["errors"][0]["code"] == "INVALID"


async def test_a_payment_is_taken_back(desk: Desk) -> None:
    await fill(desk, old(1), old(2), old(3))
    await edit(desk, ids=["1", "2"], pay="100", date="2026-03-09")
    await edit(desk, id="1", pay="133")
    assert (await desk.sums("1", "stavUhrK", "datUhr"))[0] == "stavUhr.uhrazeno"
    (done,) = (await edit(desk, id="1", unpay=True))["done"]
    assert done["changed"]["zbyvaUhradit"] == ["0.00", "233.00"]
    await edit(desk, id="2", unpay="delete")
    payments = (await desk.ledger())["payments"]
    assert [(each["amount"], each["day"], each["pays"]) for each in payments] == [
        ("100.00", "2026-03-09", []),
        ("133.00", TODAY, []),
    ]
    await edit(desk, id="3", change={"stavUhrK": "stavUhr.uhrazenoRucne"})
    (done,) = (await edit(desk, id="3", unpay=True))["done"]
    assert done["changed"]["stavUhrK"] == ["stavUhr.uhrazenoRucne", None]


async def test_paying_over_and_again(desk: Desk) -> None:
    await fill(desk, old(1))
    await edit(desk, id="1", pay="300")
    await edit(desk, id="1", pay="10")
    assert await desk.sums("1", "juhSum", "zbyvaUhradit", "sumPrepl") == ["310.0", "0.0", "77.0"]
    await edit(desk, 409, id="1", pay="0")
    await edit(desk, 400, id="1", pay="sto")


async def test_paying_a_credit_note_and_a_foreign_invoice(desk: Desk) -> None:
    await fill(desk, old(1, typDokl="code:DOBROPIS"), old(2, mena="code:EUR", kurz="25"))
    await edit(
        desk, id="1", change={"polozkyFaktury": [{"id": f"ext:OLD:1:{each}", "mnozMj": "-1"} for each in (1, 2)]}
    )
    await edit(desk, ids=["1", "2"], pay=True)
    payments = (await desk.ledger())["payments"]
    assert [(each["direction"], each["currency"], each["amount"]) for each in payments] == [
        ("typPohybu.vydej", "CZK", "177.00"),
        ("typPohybu.prijem", "EUR", "233.00"),
    ]
    assert [each["state"] for each in await _documents(desk)] == ["stavUhr.uhrazeno"] * 2


async def test_a_duplicate_has_no_external_id_or_takes_it(desk: Desk) -> None:
    await fill(desk, old(1, popis="Pravda"))
    (copy,) = (await edit(desk, id="1", duplicate=True))["done"]
    await edit(desk, id="1", duplicate={"kod": "KOPIE", "cisObj": "O1", "take_ids": True})
    documents = await _documents(desk)
    assert [(each["number"], each["ext_ids"], each["total"], each["popis"]) for each in documents] == [
        ("X00001", [], "233.00", "Pravda"),
        ("VF1-0001/2026", [], "233.00", "Pravda"),
        ("KOPIE", ["ext:OLD:1"], "233.00", "Pravda"),
    ]
    assert (copy["id"], documents[1]["rates"]) == (2, documents[0]["rates"])
    row = await desk.row("faktura-vydana", "2", relations="polozky")
    assert [each["external-ids"] for each in row["polozkyFaktury"]] == [[], []]


async def test_a_document_by_hand_and_ids_forgotten(desk: Desk) -> None:
    (made,) = (await edit(desk, create=invoice(line("121"), varSym="77")))["done"]
    await fill(desk, old(1, id=["ext:OLD:1", "ext:MORE:1"]))
    await edit(desk, id="X", status=404, forget_ids="")
    await edit(desk, id="2", forget_ids="OLD")
    assert [each["ext_ids"] for each in await _documents(desk)] == [[], ["ext:MORE:1"]]
    assert made["changed"]["varSym"] == [None, "77"]


async def test_a_period_is_locked_and_unlocked(desk: Desk) -> None:
    await fill(desk, old(1, datVyst="2026-02-10"), old(2, datVyst="2026-03-01"))
    february = {"from": "2026-02-01", "to": "2026-02-28"}
    await edit(desk, lock_period=february)
    await edit(desk, 409, edits=[{"id": "1", "change": {"popis": "x"}}])
    await edit(desk, 409, create=invoice(line("1"), datVyst="2026-02-11"))
    await edit(desk, unlock_period=True)
    await edit(desk, create=invoice(line("1"), datVyst="2026-02-11"))
    await edit(desk, 409, id="1", change={"popis": "x"})
    await edit(desk, 409, lock_period={"from": "2026-02-01"})


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"pay": True, "storno": True},
        {"change": "popis"},
        {"line": {"position": 3}},
        {"evidence": "banka", "line": {}},
        {"evidence": "nic", "create": {}},
    ],
)
async def test_a_deed_that_cannot_be_understood(desk: Desk, wrong: Json) -> None:
    await fill(desk, old(1))
    if wrong.get("evidence") == "banka":
        await edit(desk, id="1", pay=True)
    await edit(desk, 400, id="1", **wrong)


async def test_a_ledger_is_filled_at_once_or_not_at_all(desk: Desk) -> None:
    documents = [old(number, datVyst=f"2026-01-{1 + number % 28:02}") for number in range(1, 301)]
    answer = await fill(desk, *documents, at="2026-01-31T18:00:00", by="novak")
    assert (answer.status, answer.body) == (201, {"entered": 300, "first": 1, "last": 300})
    row = await desk.row("faktura-vydana", "300")
    assert (row["lastUpdate"], row["createdBy"]) == ("2026-01-31T18:00:00.000+01:00", "code:novak")
    assert [row[name] for name in ("kod", "varSym", "cisObj", "external-ids")] == [
        "X00300",
        "100300",
        "O300",
        ["ext:OLD:300"],
    ]
    answer = await fill(desk, old(301), old(302, kod="X00007"))
    assert answer.status == 400
    assert len(await _documents(desk)) == 300
    assert (await fill(desk, old(301), evidence="nic")).status == 400
    assert (await fill(desk, old(301), at="včera")).status == 400
    people = [{"kod": f"P{number}", "nazev": f"Firma {number}"} for number in range(50)]
    assert (await fill(desk, *people, evidence="adresar")).body["entered"] == 50


async def test_a_filled_ledger_outlives_the_process(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        await fill(desk, *(old(number) for number in range(1, 51)))
        await edit(desk, id="1", forget_ids="")
        await edit(desk, id="2", delete=True)
        before = await desk.ledger()
    async with opened(tmp_path) as desk:
        assert await desk.ledger() == before
        assert await desk.invoice(line("1")) == "51"
        assert (await desk.get("faktura-vydana/ext:OLD:1.json")).status == 404
        assert (await desk.get("faktura-vydana/ext:OLD:3.json")).status == 303
