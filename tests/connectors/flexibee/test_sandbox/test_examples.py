"""The example requests of the specification, sent as they are, and the shapes of its example answers."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.connectors.flexibee.test_sandbox.desk import Desk

pytestmark = pytest.mark.needs_specs("flexibee/examples-synthetic")


@pytest.fixture
def examples(specs: Path) -> Path:
    return specs / "flexibee" / "examples-synthetic"


def example(folder: Path, name: str) -> Any:
    return json.loads((folder / f"{name}.json").read_text("utf-8"))


async def send(desk: Desk, folder: Path, name: str) -> dict[str, Any]:
    body = example(folder, name)
    evidence = next(key for key in body["winstrom"] if not key.startswith("@"))
    answer = await desk.ask("PUT", f"{evidence}.json", json=body)
    assert answer.status in {200, 201}, (name, answer.body)
    sent: dict[str, Any] = answer.body
    return sent


async def test_a_whole_story(desk: Desk, examples: Path) -> None:
    await desk.put("adresar", {"id": "ext:HUB-SHOP1:cust:77", "nazev": "Kůň s.r.o."})
    created = await send(desk, examples, "req-faktura-vydana")
    shape = example(examples, "rsp-201-created")["winstrom"]
    assert set(created["winstrom"]) == set(shape)
    assert set(created["winstrom"]["results"][0]) == set(shape["results"][0])
    await send(desk, examples, "req-banka-sparovani")
    await send(desk, examples, "req-hotovostni-uhrada")
    await send(desk, examples, "req-dobropis-1-create")
    await send(desk, examples, "req-dobropis-2-link")
    unpaid = await desk.ask("POST", "faktura-vydana/query.json", json=example(examples, "req-query-unpaid"))
    assert [row["kod"] for row in unpaid.winstrom["faktura-vydana"]] == ["VD1-0001/2026"]
    books = await desk.ledger()
    assert [(each["number"], each["total"], each["rest"]) for each in books["documents"]] == [
        ("F2026000001", "798.00", "0.00"),
        ("VD1-0001/2026", "-399.00", "-399.00"),
    ]


async def test_storno_as_in_the_example(desk: Desk, examples: Path) -> None:
    await desk.put("adresar", {"id": "ext:HUB-SHOP1:cust:77", "nazev": "Kůň s.r.o."})
    await send(desk, examples, "req-faktura-vydana")
    await send(desk, examples, "req-storno")
    assert (await desk.ledger())["documents"][0]["cancelled"] is True


async def test_the_recorded_error_body(desk: Desk, examples: Path) -> None:
    answer = await desk.put("faktura-vydana", {"typDokl": "FAKTURA"})
    assert (answer.status, answer.body) == (400, example(examples, "rsp-400-error"))


async def test_the_recorded_failed_login(desk: Desk, examples: Path) -> None:
    answer = await desk.ask("POST", "/login-logout/login.json", json={"username": "x", "password": "y"})
    assert answer.body == example(examples, "rsp-auth-failed-login-json")


async def test_the_shapes_of_lists_and_changes(desk: Desk, examples: Path) -> None:
    await desk.ask("PUT", "changes/enable.json")
    await desk.put("adresar", {"id": "ext:HUB-SHOP1:cust:77", "nazev": "Kůň s.r.o."})
    await send(desk, examples, "req-faktura-vydana")
    await send(desk, examples, "req-banka-sparovani")
    detail = "custom:lastUpdate,kod,stavUhrK,zbyvaUhradit,sumCelkem,mena"
    listed = await desk.get("faktura-vydana.json", detail=detail, add_row_count="true")
    shape = example(examples, "rsp-list")["winstrom"]
    assert set(listed.winstrom) == set(shape)
    ours, theirs = listed.winstrom["faktura-vydana"][0], shape["faktura-vydana"][0]
    assert set(ours) == set(theirs)
    same = ("kod", "stavUhrK", "stavUhrK@showAs", "zbyvaUhradit", "sumCelkem", "mena", "mena@showAs", "external-ids")
    assert [ours[name] for name in same] == [theirs[name] for name in same]
    changes = (await desk.get("changes.json")).winstrom
    shape = example(examples, "rsp-changes")["winstrom"]
    assert set(changes) - {"@version"} == set(shape)
    assert set(changes["changes"][0]) == set(shape["changes"][0])
