"""The changes API: an incremental feed with a growing version."""

from pathlib import Path
from typing import Any

from tests.connectors.flexibee.test_sandbox.desk import Desk, bank, line, opened, pairing


async def feed(desk: Desk, **parameters: str) -> dict[str, Any]:
    answer = await desk.get("changes.json", **parameters)
    assert answer.status == 200, answer.body
    return answer.winstrom


def told(changes: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(each["@evidence"], each["@operation"], each["id"]) for each in changes]


async def test_off_at_first(desk: Desk) -> None:
    assert (await desk.get("changes/status.json")).winstrom["changes"] == "false"
    assert (await desk.get("changes.json")).status == 400
    await desk.invoice(line("1"))
    assert (await desk.ask("PUT", "changes/enable.json")).status == 200
    assert (await desk.get("changes/status.json")).winstrom["changes"] == "true"
    assert await feed(desk) == {"@version": "1.0", "@globalVersion": "0", "changes": [], "next": "none"}
    await desk.ask("PUT", "changes/disable.json")
    await desk.invoice(line("1"))
    await desk.ask("PUT", "changes/enable.json")
    assert (await feed(desk))["changes"] == []


async def test_off_may_be_an_empty_list(tmp_path: Path) -> None:
    async with opened(tmp_path, changes_off="empty") as desk:
        assert (await feed(desk))["changes"] == []


async def test_what_is_recorded(desk: Desk) -> None:
    await desk.ask("PUT", "changes/enable.json")
    number = await desk.invoice(line("1000"), id="ext:H:1", kod="F1")
    first = await feed(desk)
    assert told(first["changes"]) == [("faktura-vydana", "create", number), ("faktura-vydana-polozka", "create", "1")]
    assert first["changes"][0]["external-ids"] == ["code:F1", "ext:H:1"]
    assert first["changes"][0]["@timestamp"].startswith("2026-03-10 ")
    assert (first["next"], first["@globalVersion"]) == ("none", "2")

    await desk.made("banka", bank("1000", sparovani=pairing("code:F1")))
    second = await feed(desk, start="3")
    assert ("faktura-vydana", "update", number) in told(second["changes"])
    versions = [int(each["@in-version"]) for each in second["changes"]]
    assert versions == sorted(versions)
    assert versions[0] == 3

    await desk.put("faktura-vydana", {"id": await desk.invoice(line("1"), id="ext:H:2"), "@action": "delete"})
    last = (await feed(desk))["changes"][-1]
    assert (last["@operation"], last["external-ids"]) == ("delete", [])


async def test_deleted_records_may_keep_their_ids(tmp_path: Path) -> None:
    async with opened(tmp_path, deleted_ext_ids="yes") as desk:
        await desk.ask("PUT", "changes/enable.json")
        await desk.put("adresar", {"id": "ext:H:1", "kod": "A", "nazev": "A"})
        await desk.put("adresar", {"id": "ext:H:1", "@action": "delete"})
        assert (await feed(desk))["changes"][-1]["external-ids"] == ["code:A", "ext:H:1"]


async def test_pages_and_evidences(desk: Desk) -> None:
    await desk.ask("PUT", "changes/enable.json")
    for number in range(5):
        await desk.put("adresar", {"nazev": f"A{number}"})
    await desk.invoice(line("1"))
    page = await feed(desk, limit="2")
    assert ([each["@in-version"] for each in page["changes"]], page["next"]) == (["1", "2"], "3")
    page = await feed(desk, start=page["next"], limit="3")
    assert ([each["@in-version"] for each in page["changes"]], page["next"]) == (["3", "4", "5"], "6")
    answer = await desk.ask("GET", "changes.json?evidence=faktura-vydana&evidence=banka")
    assert told(answer.winstrom["changes"]) == [("faktura-vydana", "create", "1")]


async def test_a_failed_import_leaves_no_change(desk: Desk) -> None:
    await desk.ask("PUT", "changes/enable.json")
    await desk.put("adresar", {"nazev": "A"}, {"popis": "bez názvu"})
    assert (await feed(desk))["@globalVersion"] == "0"


async def test_a_listing_tells_the_version(desk: Desk) -> None:
    await desk.ask("PUT", "changes/enable.json")
    await desk.put("adresar", {"nazev": "A"})
    answer = await desk.get("adresar.json", add_global_version="true")
    assert answer.winstrom["@globalVersion"] == "1"
