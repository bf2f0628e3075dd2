"""Finding records by filters with and without an index, and the cost of reading a ledger page by page."""

import time
from collections.abc import Iterable, Iterator
from random import Random

import pytest

from mostek.connectors.flexibee.sandbox import filters
from mostek.connectors.flexibee.sandbox.tables import Row, Table
from tests.connectors.flexibee.test_sandbox.desk import Desk, Json, invoice, line

CUSTOM = "custom:kod,varSym,cisObj,datVyst,sumCelkem,storno,zamekK,firma,typDokl,stavUhrK"


def documents(count: int, seed: int = 1) -> list[Json]:
    """Documents of another maker's bridge, with symbols and order numbers that some of them share."""
    rng = Random(seed)
    return [
        invoice(
            line(str(rng.randrange(1, 5000))),
            id=f"ext:OLD:{number}",
            kod=f"X{number:05}",
            varSym=str(100 + rng.randrange(count // 2)),
            cisObj=f"O{rng.randrange(count // 2)}" if rng.random() < 0.9 else "",
            datVyst=f"2026-0{rng.randrange(1, 4)}-{rng.randrange(1, 29):02}",
        )
        for number in range(1, count + 1)
    ]


async def filled(desk: Desk, count: int) -> None:
    answer = await desk.ask("POST", "/_sandbox/fill", json={"documents": documents(count)})
    assert answer.status == 201, answer.body


async def found(desk: Desk, text: str, **more: str) -> list[str]:
    body = {"detail": "custom:kod", "limit": "0", "filter": text, **more}
    answer = await desk.ask("POST", "faktura-vydana/query.json", json={"winstrom": body})
    assert answer.status == 200, answer.body
    return [row["kod"] for row in answer.winstrom["faktura-vydana"]]


def conditions(seed: int) -> Iterator[str]:
    """Filters as a client that looks for its documents puts them together."""
    rng = Random(seed)
    simple = (
        lambda: f"cisObj eq 'O{rng.randrange(30)}'",
        lambda: f"varSym = '{100 + rng.randrange(30)}'",
        lambda: f"varSym in ({', '.join(repr(str(100 + rng.randrange(30))) for _ in range(3))})",
        lambda: f"datVyst {rng.choice(['>=', '>', '<', '<=', '='])} '2026-02-{rng.randrange(1, 29):02}'",
        lambda: "datVyst between '2026-01-20' and '2026-02-10'",
        lambda: f"sumCelkem {rng.choice(['gt', 'lte'])} {rng.randrange(5000)}",
        lambda: f"id {rng.choice(['gt', 'lte', '='])} {rng.randrange(70)}",
        lambda: f"id = 'ext:OLD:{rng.randrange(1, 90)}'",
        lambda: f"id in ('ext:OLD:{rng.randrange(1, 90)}', 'code:X00007', 3)",
        lambda: "storno eq false",
        lambda: "storno is true",
        lambda: "cisObj is null",
        lambda: "cisObj != 'O1'",
        lambda: "typDokl = 'code:FAKTURA'",
        lambda: "typDokl.kod begins 'FAK'",
        lambda: "lastUpdate < '2026-03-10T00:00:00'",
    )
    for _ in range(60):
        parts = [rng.choice(simple)() for _ in range(rng.randrange(1, 5))]
        text = parts[0]
        for part in parts[1:]:
            text = f"({text}) {rng.choice(['and', 'or', 'and not', 'or not'])} ({part})"
        yield text


async def test_an_index_finds_what_a_look_at_every_row_finds(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await filled(desk, 60)
    for number in (3, 20, 41):
        await desk.put("faktura-vydana", {"id": str(number), "@action": "storno"})
    await desk.put(
        "faktura-vydana", {"id": "7", "varSym": "101"}, {"id": "8", "cisObj": ""}, {"id": "9", "@action": "delete"}
    )
    texts = list(conditions(seed=7))
    quick = [await found(desk, text) for text in texts]
    desk.sandbox._store._answers.clear()
    monkeypatch.setattr(filters._Field, "index", lambda self: None)
    slow = [await found(desk, text) for text in texts]
    assert quick == slow
    assert sum(0 < len(rows) < 59 for rows in quick) > 20


async def test_an_index_follows_changes_and_what_was_undone(desk: Desk) -> None:
    await filled(desk, 10)
    assert await found(desk, "varSym = 'A'") == []
    await desk.made("faktura-vydana", {"id": "4", "varSym": "A"})
    assert await found(desk, "varSym = 'A'") == ["X00004"]
    refused = await desk.put("faktura-vydana", {"id": "4", "varSym": "B"}, {"id": "5", "kod": "X00001"})
    assert refused.status == 400
    assert (await found(desk, "varSym = 'A'"), await found(desk, "varSym = 'B'")) == (["X00004"], [])
    answer = await desk.put("faktura-vydana", {"id": "4", "varSym": "C"}, path="faktura-vydana.json?dry-run=true")
    assert answer.status == 200
    assert await found(desk, "varSym = 'C'") == []
    await desk.put("faktura-vydana", {"id": "4", "@action": "delete"})
    assert await found(desk, "varSym = 'A'") == []


async def test_hundreds_of_conditions_in_one_filter(desk: Desk) -> None:
    await filled(desk, 500)
    wanted = {f"X{number:05}" for number in range(1, 401)}
    text = " or ".join(f"kod eq '{kod}'" for kod in sorted(wanted))
    assert set(await found(desk, f"({text}) and storno eq false")) == wanted
    mixed = [f"(cisObj eq 'O{number}' or varSym eq '{100 + number}')" for number in range(300)]
    rows = await found(desk, f"({' or '.join(mixed)}) and datVyst >= '2026-02-01' and datVyst <= '2026-02-28'")
    assert rows == await found(desk, "datVyst between '2026-02-01' and '2026-02-28'")


async def test_a_page_shows_what_was_written_since_the_last(desk: Desk) -> None:
    await filled(desk, 10)
    page = {"order": "id@D", "start": "8"}
    assert await found(desk, "", **page) == ["X00009", "X00010"]
    await desk.put("faktura-vydana", {"id": "1", "@action": "delete"})
    assert await found(desk, "", **page) == ["X00010"]


async def test_the_pages_of_a_listing_are_chosen_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await filled(desk, 300)
    chosen: list[str] = []
    select = filters.select

    def counted(*arguments: object) -> object:
        chosen.append(str(arguments[2]))
        return select(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(filters, "select", counted)
    rows: list[str] = []
    for start in range(0, 300, 20):
        rows += await found(desk, "storno eq false", limit="20", start=str(start))
    assert (len(set(rows)), chosen) == (300, ["storno eq false"])


async def test_a_page_by_id_looks_no_further_than_its_end(desk: Desk) -> None:
    await filled(desk, 300)
    looked = 0

    class Counted(Table):
        def in_order(self, numbers: Iterable[int] | None = None) -> Iterator[Row]:
            nonlocal looked
            for row in super().in_order(numbers):
                looked += 1
                yield row

    table = desk.sandbox._store.table(1, "faktura-vydana")
    table.__class__ = Counted
    rows: list[str] = []
    while page := await found(desk, f"storno eq false and id gt {len(rows)}", limit="20", order="id@D"):
        rows += page
    assert rows == [f"X{number:05}" for number in range(1, 301)]
    # Each of the fifteen pages after the first begins by looking at the row that ended the one before.
    assert looked == 300 + 15


async def test_reading_and_writing_are_quick(desk: Desk) -> None:
    """Bounds are five times what a slow machine needs, in seconds of processor time, client included."""
    count = 2000
    begin = time.process_time()
    await filled(desk, count)
    assert time.process_time() - begin < count / 400
    begin = time.process_time()
    records = [{"id": f"ext:OLD:{number}", "popis": "x"} for number in range(1, count + 1)]
    for start in range(0, count, 50):
        answer = await desk.put("faktura-vydana", *records[start : start + 50], **{"@atomic": "false"})
        assert answer.winstrom["stats"]["updated"] == "50"
    assert time.process_time() - begin < count / 200
    begin = time.process_time()
    for start in range(0, count, 200):
        body = {"detail": CUSTOM, "limit": "200", "start": str(start), "filter": "datVyst >= '2026-01-01'"}
        await desk.ask("POST", "faktura-vydana/query.json", json={"winstrom": body})
    assert time.process_time() - begin < count / 4000


async def test_changed_contacts_are_found_by_the_moment_of_their_change(desk: Desk) -> None:
    people = [{"id": f"ext:S:{number}", "kod": f"P{number}", "nazev": f"Firma {number}"} for number in range(5)]

    async def entered(at: str, *records: Json) -> None:
        body = {"evidence": "adresar", "documents": list(records), "at": at}
        assert (await desk.ask("POST", "/_sandbox/fill", json=body)).status == 201

    await entered("2026-03-01T08:00:00.250", *people)

    async def changed(condition: str) -> list[str]:
        wanted = {"detail": "custom:kod,lastUpdate,email", "filter": condition, "order": "lastUpdate@D", "limit": "0"}
        answer = await desk.ask("POST", "adresar/query.json", json={"winstrom": wanted})
        return [row["kod"] for row in answer.winstrom["adresar"]]

    assert len(await changed("lastUpdate gt '2026-03-01T08:00:00'")) == 5
    assert len(await changed("lastUpdate gte '2026-03-01T08:00:00.250+01:00'")) == 5
    assert await changed("lastUpdate gt '2026-03-01T08:00:00.250'") == []
    assert await changed("lastUpdate gt '2026-03-01T08:00:00.3'") == []
    assert len(await changed("lastUpdate gt '2026-03-01'")) == 5
    await entered("2026-03-01T08:00:00.251", {"id": "ext:S:3", "email": "p3@firma.example"})
    await entered("2026-03-01T08:00:01", {"id": "ext:S:1", "email": "p1@firma.example"})
    later = "lastUpdate gt '2026-03-01T08:00:00.250'"
    assert await changed(later) == ["P3", "P1"]
    assert await changed(f"{later} and lastUpdate lt '2026-03-01T08:00:01.000'") == ["P3"]
    (row,) = (await desk.get("adresar/(id eq 'ext:S:1').json", detail="custom:email")).winstrom["adresar"]
    assert (row["email"], row["external-ids"]) == ("p1@firma.example", ["ext:S:1"])
