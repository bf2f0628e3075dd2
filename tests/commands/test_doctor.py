"""The doctor: well when all is well, and each thing that can be wrong is found with its cause."""

import dataclasses
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from mostek import commands
from mostek.commands import examining
from mostek.commands.examining import CHECKS, Examination
from mostek.desk import installation
from mostek.desk.installation import Installation
from mostek.documents.problem import Problem
from mostek.hub import connections, workers
from mostek.hub.ledger import Ledger
from mostek.hub.vault import Vault
from mostek.sdk.capability import Health
from mostek.sdk.errors import AuthFailedError, BusyError
from mostek.sdk.messages import LANGUAGES, explain
from mostek.wording import Wording
from tests.hub import papers, toy
from tests.hub.bench import Installation as Bench
from tests.hub.conftest import Installer
from tests.project.source import CHECKOUT

DAY_MS = 86_400_000
Patient = Callable[..., Awaitable["Case"]]


class Case(NamedTuple):
    """An installation as the doctor sees it, and as tests drive it."""

    hub: Installation
    bench: Bench

    async def examined(self, *, offline: bool = False) -> Examination:
        """What the doctor finds."""
        found: Examination = await commands.run(self.hub, "doctor", examining.Doctor(offline=offline), "eva")
        return found

    async def ill(self, *, offline: bool = False) -> dict[str, tuple[str, str]]:
        """Level and check by cause, of what is not well."""
        found = (await self.examined(offline=offline)).findings
        return {each.problem.cause: (each.level, each.check) for each in found if each.problem}


@pytest.fixture
def patient(installed: Installer, tmp_path: Path) -> Patient:
    """An installation with two documents done, in a data folder as the program makes it."""

    async def make(**more: Any) -> Case:
        bench = await installed(**more)
        bench.shop.put(papers.invoice("F1"), papers.invoice("F2"))
        await bench.once()
        shutil.copyfile(tmp_path / "key", tmp_path / installation.KEY_FILE)
        tmp_path.chmod(0o700)
        for file in tmp_path.iterdir():
            file.chmod(0o600)
        hub = Installation(tmp_path, bench.ledger, bench.vault)
        return Case(hub, bench)

    return make


async def test_all_is_well_when_all_is_well(patient: Patient) -> None:
    case = await patient()
    found = await case.examined()
    assert [each.problem for each in found.findings if each.problem] == []
    assert found.well
    assert [each.check for each in found.findings] == list(CHECKS)
    assert all(Wording(language).say(f"doctor.{check}") for check in CHECKS for language in LANGUAGES)
    assert "live" not in {each.check for each in (await case.examined(offline=True)).findings}


# What does not depend on the database is tried on one.
on_sqlite = pytest.mark.parametrize("address", ["sqlite"], indirect=True)
PROBLEM = """'{"cause": "system.unreachable", "field": "", "details": {"host": "x"}}'"""


@pytest.mark.parametrize(
    ("change", "cause", "level", "check"),
    [
        ("INSERT INTO installation VALUES ('migration 9999_new.sql', 'applied')", "doctor.newer", "bad", "database"),
        ("INSERT INTO installation VALUES ('stopped', 'eva')", "hub.stopped", "bad", "place"),
        ("UPDATE installation SET value = '' WHERE name = 'place'", "place.restored", "bad", "place"),
        ("UPDATE connection SET secrets = 'x' WHERE slug = 'shop'", "vault.wrong_key", "bad", "connections"),
        ("UPDATE connection SET settings = '{}' WHERE slug = 'shop'", "setting.missing", "bad", "connections"),
        ("UPDATE connection SET connector = 'gone'", "connector.unknown", "bad", "connections"),
        (
            f"UPDATE connection SET state = 'stopped', problem = {PROBLEM} WHERE slug = 'shop'",
            "system.unreachable",
            "bad",
            "connections",
        ),
        ("UPDATE connection SET state = 'paused' WHERE slug = 'shop'", "connection.paused", "warning", "connections"),
        (f"UPDATE feed SET problem = {PROBLEM}", "system.unreachable", "warning", "reading"),
        ("UPDATE feed SET last_ok = NULL", "doctor.never_read", "warning", "reading"),
        ("UPDATE feed SET last_ok = last_ok - 4 * every", "doctor.late", "warning", "reading"),
        (f"UPDATE endpoint SET problem = {PROBLEM}", "system.unreachable", "warning", "writing"),
        (f"UPDATE flow SET state = 'held', problem = {PROBLEM}", "system.unreachable", "bad", "flows"),
        ("UPDATE flow SET state = 'paused'", "doctor.paused_flow", "warning", "flows"),
        (
            f"UPDATE flow_version SET saved = saved - 15 * {DAY_MS}",
            "doctor.old_draft",
            "warning",
            "flows",
        ),
        (
            "DELETE FROM decision WHERE record = (SELECT min(record) FROM decision)",
            "doctor.unaccounted",
            "bad",
            "records",
        ),
        (
            f"UPDATE decision SET state = 'parked', cause = 'rule.held', changed = changed - 15 * {DAY_MS}",
            "doctor.long_waiting",
            "warning",
            "records",
        ),
    ],
)
async def test_what_the_ledger_shows_is_found(
    patient: Patient, change: str, cause: str, level: str, check: str
) -> None:
    case = await patient()
    if cause == "doctor.old_draft":
        await case.bench.sql("UPDATE flow SET state = 'draft'")
        assert await case.ill(offline=True) == {}, "a young draft is no concern"
    await case.bench.sql(change)
    assert await case.ill(offline=True) == {cause: (level, check)}
    assert not (await case.examined(offline=True)).well


@pytest.mark.parametrize(
    ("change", "still"),
    [
        ("UPDATE feed SET last_ok = last_ok - 2 * every", "read in time"),
        ("UPDATE feed SET last_ok = NULL, lease = lease + 9999999999999", "being read"),
        ("UPDATE decision SET state = 'parked', changed = changed - 13 * 86400000", "not long yet"),
        ("UPDATE passage SET revision = revision + 1", "about to be decided again"),
    ],
)
async def test_what_is_as_it_may_be_is_no_concern(patient: Patient, change: str, still: str) -> None:
    case = await patient()
    await case.bench.sql(change)
    assert await case.ill(offline=True) == {}, still


async def test_a_record_that_is_about_to_be_decided_is_not_lost(patient: Patient) -> None:
    case = await patient()
    await case.bench.sql("DELETE FROM decision", "UPDATE passage SET revision = revision + 1")
    assert await case.ill(offline=True) == {}
    await case.bench.sql("UPDATE passage SET planned = revision")
    found = await case.examined(offline=True)
    [problem] = [each.problem for each in found.findings if each.problem]
    assert problem.details == {"slug": "shop-to-books", "count": "2", "records": "2"}


@on_sqlite
async def test_files_that_others_may_read_are_found(patient: Patient, tmp_path: Path) -> None:
    case = await patient()
    for path in (tmp_path, tmp_path / installation.KEY_FILE):
        before = path.stat().st_mode
        path.chmod(0o755 if path.is_dir() else 0o644)
        found = (await case.examined(offline=True)).findings
        [problem] = [each.problem for each in found if each.problem]
        assert (problem.cause, problem.details["path"]) == ("doctor.readable", str(path))
        path.chmod(int(problem.details["rights"], 8))
        assert path.stat().st_mode == before
    (tmp_path / installation.KEY_FILE).unlink()
    assert await case.ill(offline=True) == {"installation.no_key": ("bad", "files")}


@on_sqlite
@pytest.mark.parametrize(("free", "level"), [(1024, "warning"), (100, "bad")])
async def test_a_full_disk_is_found(patient: Patient, monkeypatch: pytest.MonkeyPatch, free: int, level: str) -> None:
    case = await patient()
    usage = shutil.disk_usage(case.hub.data)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=free << 20))
    assert await case.ill(offline=True) == {"doctor.disk": (level, "space")}


async def test_files_that_grow_are_found(patient: Patient, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    case = await patient()
    monkeypatch.setattr(examining, "_LOG", 0)
    monkeypatch.setattr(examining, "_TRACES", 0)
    grown = {"doctor.log": ("warning", "space"), "doctor.traces": ("warning", "space")}
    assert await case.ill(offline=True) == (grown if address.startswith("sqlite") else {})


@pytest.mark.parametrize("name", ["mostek.db", "mostek.trace.db"])
async def test_a_damaged_database_is_found(tmp_path: Path, name: str) -> None:
    Ledger(f"sqlite:///{tmp_path / 'mostek.db'}").close()
    file = tmp_path / name
    with closing(sqlite3.connect(file)) as database:  # so that the last page is not one of the tables' names
        database.executescript("CREATE TABLE last (page TEXT); INSERT INTO last VALUES (hex(zeroblob(1000)));")
    whole = file.read_bytes()
    file.write_bytes(whole[:-4096] + b"\xff" * 4096)
    hub = Installation(tmp_path, Ledger(f"sqlite:///{tmp_path / 'mostek.db'}"), Vault(tmp_path / installation.KEY_FILE))
    try:
        found: Examination = await commands.run(hub, "doctor", examining.Doctor(offline=True), "eva")
    finally:
        await hub.close()
    assert {each.check: each.level for each in found.findings if each.problem}["database"] == "bad"


async def test_a_check_that_the_database_breaks_off_is_itself_a_finding(patient: Patient) -> None:
    case = await patient()
    await case.bench.sql("ALTER TABLE flow_kind RENAME TO elsewhere")
    found = await case.ill(offline=True)
    assert found == {"doctor.database": ("bad", "records")}


@on_sqlite
async def test_a_clock_that_is_wrong_is_found(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    case = await patient()
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 90)
    assert await case.ill(offline=True) == {"doctor.clock": ("bad", "clock")}


@on_sqlite
@pytest.mark.parametrize(
    ("days", "level"), [(200, ""), (61, ""), (60, "warning"), (30, "warning"), (8, "warning"), (7, "bad"), (-3, "bad")]
)
async def test_an_interface_about_to_be_switched_off_is_found(
    patient: Patient, monkeypatch: pytest.MonkeyPatch, days: int, level: str
) -> None:
    case = await patient()
    day = datetime.now(UTC).date() + timedelta(days=days)
    manifest = msgspec.structs.replace(toy.SHOP.manifest, sunset=day)
    known = {**connections.connectors(), "toyshop": dataclasses.replace(toy.SHOP, manifest=manifest)}
    monkeypatch.setattr(connections, "connectors", lambda: known)
    assert await case.ill(offline=True) == ({"doctor.sunset": (level, "connections")} if level else {})


@on_sqlite
@pytest.mark.parametrize(
    ("answer", "cause", "level"),
    [
        (AuthFailedError(Problem(cause="toy.refused", details={"key": "shop-secret"})), "toy.refused", "bad"),
        (BusyError(Problem(cause="toy.busy")), "toy.busy", "warning"),
        (RuntimeError("the connector itself, with shop-secret"), "connector.failed", "bad"),
        (Health(system="toy", problems=(Problem(cause="toy.rights"),)), "toy.rights", "bad"),
        (Health(system="toy", clock_skew_seconds=-120), "doctor.skew", "warning"),
    ],
)
async def test_what_a_system_answers_is_found(
    patient: Patient, monkeypatch: pytest.MonkeyPatch, answer: Any, cause: str, level: str
) -> None:
    case = await patient()

    async def check(_: object) -> Health:
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, Health)
        return answer

    monkeypatch.setattr(toy.ShopSession, "check", check)
    assert await case.ill() == {cause: (level, "live")}
    assert "shop-secret" not in str(await case.examined())
    assert await case.ill(offline=True) == {}
    await case.bench.sql("UPDATE connection SET state = 'paused' WHERE slug = 'shop'")
    assert (await case.ill()).keys() == {"connection.paused"}, "one that a person stopped is not called"


@on_sqlite
async def test_a_connection_that_cannot_be_opened_is_told_once(patient: Patient) -> None:
    case = await patient()
    await case.bench.sql("UPDATE connection SET secrets = 'x' WHERE slug = 'shop'")
    found = [each for each in (await case.examined()).findings if each.problem]
    assert [(each.check, each.problem and each.problem.field) for each in found] == [("connections", "shop: key")]


@on_sqlite
async def test_work_held_by_a_dead_process_is_found(patient: Patient) -> None:
    case = await patient()
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    here, me = socket.gethostname(), workers.name()
    dead = me.replace(f":{os.getpid()}:", f":{ended.pid}:")
    owners = {dead: True, me: False, dead.replace(here, "elsewhere"): False, "x": False}
    for owner, gone in owners.items():
        await case.bench.sql(
            f"UPDATE endpoint SET owner = '{owner}', lease = {int(datetime.now(UTC).timestamp() * 1000)} + 60000"
        )
        assert await case.ill(offline=True) == ({"doctor.dead_holder": ("warning", "writing")} if gone else {}), owner


@on_sqlite
@pytest.mark.parametrize(("name", "value"), [("_PYTHON", (9, 9)), ("_SQLITE", (9, 9))])
async def test_a_program_too_old_is_found(
    patient: Patient, monkeypatch: pytest.MonkeyPatch, name: str, value: tuple[int, int]
) -> None:
    case = await patient()
    monkeypatch.setattr(examining, name, value)
    assert await case.ill(offline=True) == {"doctor.too_old": ("bad", "program")}


@on_sqlite
async def test_time_zones_that_are_missing_are_found(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    case = await patient()

    def unknown(name: str) -> None:
        raise KeyError(name)

    monkeypatch.setattr(examining, "ZoneInfo", unknown)
    assert await case.ill(offline=True) == {"doctor.no_zones": ("bad", "program")}


@on_sqlite
async def test_each_finding_says_what_to_do(patient: Patient) -> None:
    case = await patient()
    await case.bench.sql("UPDATE flow SET state = 'paused'", "UPDATE feed SET last_ok = NULL")
    problems = [each.problem for each in (await case.examined(offline=True)).findings if each.problem]
    assert len(problems) == 3
    for problem in problems:
        for language in LANGUAGES:
            message = explain(problem, language)
            assert message.cure
            assert "–" not in message.text.split()


def test_every_check_is_documented() -> None:
    page = (CHECKOUT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)` \|", page.partition("## When something")[2], re.MULTILINE)) == set(CHECKS)
