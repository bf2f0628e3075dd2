"""Hostile records side by side in one run: each ends where it should, for a cause that is explained, alone."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mostek.commands import mending
from mostek.documents.problem import Problem
from tests.acceptance.hostile_house import BOOKS, House, hasty, house, is_explained
from tests.acceptance.hostile_invoice import DAY, PARTNERS, invoice
from tests.acceptance.hostile_records import RECORDS, Hostile, numbers, payload

# EUR invoices are mapped to a type that the books do not have.
POLICY = {"mappings": {"document_type": {"receipt": "ÚČTENKA", "invoice:EUR": "NENI"}}}
WHIMS = [
    {"evidence": "adresar", "containing": PARTNERS["refused"], "words": "Firma je v insolvenci"},
    {"containing": "REFUSE-ERRORS", "words": "Tohle ne", "shape": "errors"},
    {"containing": 'REFUSE-ERROR"', "words": "Tohle také ne", "shape": "error"},
    {"containing": "REFUSE-MESSAGE", "words": "Nic z toho", "shape": "message"},
    {"containing": "REFUSE-MARKUP", "words": "[/] {x} 100 % \\[bold]", "shape": "errors"},
]


Rows = list[Mapping[str, Any]]
Books = dict[str, list[Mapping[str, Any]]]


@dataclass
class Story:
    """What became of everything: after the first run, when one cure was taken back, and after all of them."""

    folder: Path
    records: Rows = field(default_factory=list)
    booked: Books = field(default_factory=dict)
    followed: Rows = field(default_factory=list)
    cured: Rows = field(default_factory=list)
    booked_at_last: Books = field(default_factory=dict)
    contacts: list[Mapping[str, Any]] = field(default_factory=list)
    counts: Mapping[str, int] = field(default_factory=dict)

    def of(self, case: Hostile, rows: Rows) -> Mapping[str, Any]:
        """The one record of a case."""
        (found,) = [row for row in rows if json.dumps(case.name) in row["payload"]]
        return found


async def prepare(made: House) -> None:
    """Put the hostile records into the shop, each followed by a sound one, and the traps into the books."""
    for place, case in enumerate(RECORDS):
        own, sound = numbers(place)
        for each in case.orders:
            await made.put(each["order_number"], json.dumps(each), kind="orders")
        await made.put(own, payload(case, case.number or own))
        if case.twin:
            await made.put(f"{own}-twin", payload(case, case.number or own, case.twin))
        await made.put(sound, json.dumps(invoice(sound)))
    twins = [{"kod": f"TWIN{n}", "nazev": f"Dvojče {n}", "ic": PARTNERS["ambiguous"]} for n in (1, 2)]
    foreign = {"kod": "FOREIGN1", "typDokl": "code:FAKTURA", "datVyst": DAY, "nazFirmy": "Někdo", "bezPolozek": True}
    lock = {"zamekK": "zamek.zamceno", "platiOdData": "2025-02-01", "platiDoData": "2025-02-28", "modulFav": "true"}
    for evidence, fields in [*(("adresar", twin) for twin in twins), ("faktura-vydana", foreign), ("zamek", lock)]:
        await made.control(BOOKS, "POST", "edit", {"evidence": evidence, "create": fields})
    await made.control(BOOKS, "PUT", "refusals", WHIMS)


def by_number(documents: list[dict[str, Any]]) -> Books:
    found: Books = {}
    for document in documents:
        found.setdefault(document["number"], []).append(document)
    return found


async def tell(folder: Path, database: str = "") -> Story:
    story = Story(folder / "hub")
    async with house(folder, policy=POLICY, database=database) as made:
        await prepare(made)
        assert not await made.run()
        story.records, story.booked = await made.records(), by_number(await made.booked())
        await made.control(BOOKS, "PUT", "refusals", [])
        refused = [story.of(case, story.records)["id"] for case in RECORDS if "refused contact" in case.name]
        await made.command("inbox.retry", mending.Retry(records=tuple(refused[:1])))
        assert not await made.run()
        story.followed = await made.records()
        await made.retry("flexibee.refused")
        assert not await made.run()
        calls = len([call for call in made.books.calls if call.method == "PUT"])
        assert not await made.run()
        assert len([call for call in made.books.calls if call.method == "PUT"]) == calls
        story.cured, story.booked_at_last = await made.records(), by_number(await made.booked())
        story.contacts = (await made.control(BOOKS, "GET", "ledger"))["companies"]["demo"]["contacts"]
        story.counts = (await made.status()).records
    return story


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def story(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """The whole story, told once for each database."""
    postgres = request.param == "postgresql"
    place = request.getfixturevalue("postgres_server").database() if postgres else nullcontext("")
    with hasty(), place as database:
        yield asyncio.run(tell(tmp_path_factory.mktemp("hostile"), database))


def decided(row: Mapping[str, Any]) -> tuple[str, Problem | None]:
    """How a record stands, and why."""
    decision = row["decision"]
    problem = None if decision["problem"] == "{}" else msgspec.json.decode(decision["problem"], type=Problem)
    return decision["state"], problem


@pytest.mark.parametrize("place", range(len(RECORDS)), ids=[case.name for case in RECORDS])
def test_each_ends_where_it_should(story: Story, place: int) -> None:
    case = RECORDS[place]
    state, problem = decided(story.of(case, story.records))
    standing = story.booked.get((case.number or numbers(place)[0]).upper(), [])
    if case.state == "done":
        assert (state, problem) == ("done", None)
        assert [document["total"] for document in standing] == [case.total]
        assert {name: standing[0][name] for name in case.shows} == case.shows
        return
    assert problem is not None
    assert (state, problem.cause) == (case.state, case.cause), problem
    assert case.where in problem.field
    assert is_explained(problem)
    assert not [document for document in standing if document["ext_ids"]]  # what a person wrote has no id of ours


@pytest.mark.parametrize("place", range(len(RECORDS)), ids=[case.name for case in RECORDS])
def test_the_next_record_is_done(story: Story, place: int) -> None:
    _, sound = numbers(place)
    (row,) = [row for row in story.records if row["source_id"] == sound]
    assert decided(row) == ("done", None)
    assert [document["total"] for document in story.booked[sound]] == ["121.00"]


def test_nothing_else_is_in_the_books(story: Story) -> None:
    expected = {numbers(place)[1] for place in range(len(RECORDS))} | {"FOREIGN1"}
    done = {(case.number or numbers(place)[0]).upper() for place, case in enumerate(RECORDS) if case.state == "done"}
    assert set(story.booked) == expected | done
    assert all(len(same) == 1 for same in story.booked.values())
    for (document,) in story.booked.values():
        assert sum(Decimal(line["total"]) for line in document["lines"]) == Decimal(document["total"])


def test_the_cure_frees_what_was_refused_and_its_dependents(story: Story) -> None:
    freed = [case for case in RECORDS if case.freed]
    assert len(freed) > 4
    assert {case.name: decided(story.of(case, story.cured))[0] for case in freed} == {
        case.name: "done" for case in freed
    }
    for place, case in enumerate(RECORDS):
        if case.freed:
            assert [each["total"] for each in story.booked_at_last[case.number or numbers(place)[0]]] == [case.total]
    assert len([each for each in story.contacts if each.get("ic") == PARTNERS["refused"]]) == 1


def test_a_second_document_follows_the_first_that_was_retried(story: Story) -> None:
    followers = [case for case in RECORDS if "refused contact" in case.name]
    assert [decided(story.of(case, story.followed))[0] for case in followers] == ["done"] * len(followers)


def test_the_others_stay_as_they_were(story: Story) -> None:
    stay = [case for case in RECORDS if not case.freed]
    for case in stay:
        assert decided(story.of(case, story.cured)) == decided(story.of(case, story.records))
    freed = len([case for case in RECORDS if case.freed])
    assert len(story.booked_at_last) == len(story.booked) + freed
    assert all(len(same) == 1 for same in story.booked_at_last.values())


def test_the_counts_add_up(story: Story) -> None:
    parked = len([case for case in RECORDS if case.state == "parked" and not case.freed])
    assert story.counts == {
        "done": 2 * len(RECORDS) - parked,
        "waiting": 0,
        "parked": parked,
        "excluded": 0,
        "in_doubt": 0,
    }


ASKED = [
    ("en", ["inbox", "list"]),
    ("cs", ["inbox", "list"]),
    ("pl", ["inbox", "list"]),
    ("en", ["status"]),
    ("cs", ["inbox", "show", "M\\[/]"]),
    ("pl", ["trace", "Q'\"[1],{2}\\"]),
]


@pytest.mark.parametrize(
    ("language", "words"), ASKED, ids=lambda part: part if isinstance(part, str) else " ".join(part)
)
def test_a_person_can_look_at_all_of_it(story: Story, language: str, words: list[str]) -> None:
    environment = {**os.environ, "MOSTEK_DATA": str(story.folder), "MOSTEK_LANG": language, "COLUMNS": "200"}
    program = [sys.executable, "-c", "from mostek.cli import main; main()"]
    done = subprocess.run([*program, *words], env=environment, capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout
    assert b"\x1b" not in done.stdout
