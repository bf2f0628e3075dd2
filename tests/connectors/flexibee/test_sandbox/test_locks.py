"""Locked documents, locked periods, cancelled documents."""

from pathlib import Path
from typing import Any

import pytest

from tests.connectors.flexibee.test_sandbox.desk import TODAY, Desk, invoice, line, opened

FEBRUARY = {"platiOdData": "2026-02-01", "platiDoData": "2026-02-28"}


async def test_a_locked_document_is_not_changed(desk: Desk) -> None:
    number = await desk.invoice(line("121"))
    await desk.put("faktura-vydana", {"id": number, "@action": "lock"})
    assert await desk.sums(number, "zamekK") == ["zamek.zamceno"]
    changes: list[dict[str, Any]] = [{"popis": "x"}, {"@action": "delete"}, {"@action": "storno"}]
    for change in changes:
        assert "zamčený" in (await desk.put("faktura-vydana", {"id": number, **change})).error["message"]
    await desk.put("faktura-vydana", {"id": number, "@action": "unlock"})
    await desk.made("faktura-vydana", {"id": number, "popis": "x"})
    await desk.put("faktura-vydana", {"id": number, "@action": "lock-for-ucetni"})
    assert await desk.sums(number, "zamekK") == ["zamek.polozamceno"]
    assert (await desk.put("faktura-vydana", {"id": number, "popis": "y"})).status == 400


@pytest.mark.parametrize("lock", ["zamek.zamceno", "zamek.polozamceno"])
async def test_a_locked_period_takes_no_documents(desk: Desk, lock: str) -> None:
    old = await desk.invoice(line("1"), datVyst="2026-02-10")
    period = await desk.made("zamek", {"zamekK": lock, **FEBRUARY, "modulFav": "true"})
    error = (await desk.put("faktura-vydana", invoice(line("1"), datVyst="2026-02-15"))).error
    assert (error["for"], error["value"]) == ("datVyst", "2026-02-15")
    assert await desk.sums(old, "zamekK") == [lock]
    number = await desk.invoice(line("1"))
    assert (await desk.put("faktura-vydana", {"id": number, "datVyst": "2026-02-15"})).status == 400
    await desk.put("zamek", {"id": period, "@action": "delete"})
    await desk.invoice(line("1"), datVyst="2026-02-15")
    # The document locked with the period stays locked.
    assert (await desk.put("faktura-vydana", {"id": old, "popis": "x"})).status == 400


async def test_a_period_lock_of_another_module_does_not_matter(desk: Desk) -> None:
    await desk.made("zamek", {"zamekK": "zamek.zamceno", **FEBRUARY, "modulBan": "true"})
    await desk.invoice(line("1"), datVyst="2026-02-15")


async def test_the_lock_may_look_at_the_day_of_supply(tmp_path: Path) -> None:
    async with opened(tmp_path, lock_date="duzpPuv") as desk:
        await desk.made("zamek", {"zamekK": "zamek.zamceno", **FEBRUARY, "modulFav": "true"})
        assert (await desk.put("faktura-vydana", invoice(line("1"), duzpPuv="2026-02-15"))).status == 400
        await desk.invoice(line("1"), datVyst="2026-02-15", duzpPuv=TODAY)


async def test_storno_keeps_the_document_and_closes_it(desk: Desk) -> None:
    number = await desk.invoice(line("121"))
    answer = await desk.put("faktura-vydana", {"id": number, "@action": "storno"})
    assert answer.winstrom["stats"]["updated"] == "1"
    assert await desk.sums(number, "storno", "sumCelkem", "zbyvaUhradit") == ["true", "121.0", "0.0"]
    assert "stornovaný" in (await desk.put("faktura-vydana", {"id": number, "popis": "x"})).error["message"]
    assert (await desk.put("faktura-vydana", {"id": number, "@action": "storno"})).status == 200
    row = await desk.row("faktura-vydana", number, relations="polozky")
    assert row["polozkyFaktury"][0]["storno"] == "true"


async def test_storno_may_empty_the_sums(tmp_path: Path) -> None:
    async with opened(tmp_path, storno_sums="zero") as desk:
        number = await desk.invoice(line("121"))
        await desk.put("faktura-vydana", {"id": number, "@action": "storno"})
        assert await desk.sums(number, "sumCelkem", "sumZklZakl") == ["0.0", "0.0"]
