"""The doctor: looks at everything that can be wrong with an installation, and says what is, with a cure."""

import asyncio
import shutil
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from mostek.desk.installation import DATABASE_FILE, KEY_FILE, Installation
from mostek.documents.problem import InvalidDocumentError, Problem, printable
from mostek.hub import place, workers
from mostek.hub.connections import Opened
from mostek.hub.engine import failed
from mostek.hub.ledger import DATABASE_ERRORS, Transaction, catalog
from mostek.hub.ledger.catalog import ConnectionRow
from mostek.hub.ledger.dialect import Row, migrations, trace_file
from mostek.sdk.errors import BusyError, RateLimitedError, VendorError

Level = Literal["ok", "warning", "bad"]
_MB = 1 << 20
_DAY_MS = 86_400_000
# Free space below which there is little time left, and none.
_FREE = (2048 * _MB, 256 * _MB)
# A log this large is no longer written back: somebody holds it, or is too slow.
_LOG = 512 * _MB
_TRACES = 20_480 * _MB
_SKEW_SECONDS = 60
# A list is late when this many of its pauses went by.
_PAUSES = 3
# A list that is read at times of day is late after this.
_LATE_MS = 3_600_000
_WAITING_DAYS = {"waiting": 3, "in_doubt": 1, "parked": 14}
_DRAFT_DAYS = 14
# Before the vendor switches an interface off.
_SUNSET_DAYS = (60, 7)
_PYTHON, _SQLITE = (3, 11), (3, 38)  # RETURNING, and the functions on JSON


class Doctor(msgspec.Struct, kw_only=True):
    """Look at everything; ``offline`` calls no other system."""

    offline: bool = False


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What one check found; ``problem`` says it with a cure, and is None when all is well."""

    check: str
    level: Level
    problem: Problem | None = None


class Examination(msgspec.Struct, frozen=True, kw_only=True):
    """All findings, in the order of the checks."""

    findings: tuple[Finding, ...]

    @property
    def well(self) -> bool:
        """Whether nothing is left to do."""
        return all(finding.level == "ok" for finding in self.findings)


class Look(NamedTuple):
    """What the checks look at."""

    hub: Installation
    offline: bool

    async def rows(self, statement: str) -> list[Row]:
        """Read by a named statement."""
        return await self.hub.ledger.read(Transaction.rows, statement)


Found = AsyncIterator[tuple[Level, Problem]]


async def doctor(hub: Installation, request: Doctor) -> Examination:
    """Make every check; one that the database breaks off is itself a finding."""
    look = Look(hub, request.offline)
    findings: list[Finding] = []
    for name, check in CHECKS.items():
        if request.offline and check is _live:
            continue
        found: list[Finding] = []
        try:
            async for level, problem in check(look):
                found.append(Finding(check=name, level=level, problem=problem))
        except DATABASE_ERRORS as error:
            problem = Problem(cause="doctor.database", details={"reason": printable(error)})
            found.append(Finding(check=name, level="bad", problem=problem))
        findings += found or [Finding(check=name, level="ok")]
    return Examination(findings=tuple(findings))


async def _program(_: Look) -> Found:
    """Python, SQLite, and the world's time zones."""
    for name, version, least in (
        ("Python", sys.version_info[:3], _PYTHON),
        ("SQLite", sqlite3.sqlite_version_info, _SQLITE),
    ):
        if version < least:
            found = {"name": name, "version": _dotted(version), "least": _dotted(least)}
            yield "bad", Problem(cause="doctor.too_old", details=found)
    try:
        ZoneInfo("Europe/Prague")
    except (KeyError, OSError):
        yield "bad", Problem(cause="doctor.no_zones")


async def _files(look: Look) -> Found:
    """Who may read the key, the folder, and the address of the database."""
    data = look.hub.data
    if not (data / KEY_FILE).exists():
        yield "bad", Problem(cause="installation.no_key", details={"file": str(data / KEY_FILE)})
    for path in (
        data,
        data / KEY_FILE,
        data / DATABASE_FILE,
        *([look.hub.ledger.file] if look.hub.ledger.file else []),
    ):
        if path.exists() and path.stat().st_mode & 0o077:
            rights = "700" if path.is_dir() else "600"
            yield "bad", Problem(cause="doctor.readable", details={"path": str(path), "rights": rights})


async def _space(look: Look) -> Found:
    """Free space, and what takes it up."""
    free = shutil.disk_usage(look.hub.data).free
    if free < _FREE[0]:
        details = {"path": str(look.hub.data), "size": _megabytes(free)}
        yield "bad" if free < _FREE[1] else "warning", Problem(cause="doctor.disk", details=details)
    file = look.hub.ledger.file
    if file is None:
        return
    for written in (file, trace_file(str(file))):
        log = written.with_name(f"{written.name}-wal")
        if _size(log) > _LOG:
            yield "warning", Problem(cause="doctor.log", details={"path": str(log), "size": _megabytes(_size(log))})
    traces = _size(trace_file(str(file)))
    if traces > _TRACES:
        yield "warning", Problem(cause="doctor.traces", details={"size": _megabytes(traces)})


async def _database(look: Look) -> Found:
    """Whether it is whole, and of this program."""
    if look.hub.ledger.file:
        for statement in ("quick_check", "quick_check_traces"):
            said = [str(next(iter(dict(row).values()))) for row in await look.rows(statement)]
            if said != ["ok"]:
                yield "bad", Problem(cause="doctor.damaged", details={"reason": printable("; ".join(said))})
    known = {f"migration {name}" for name, _ in migrations()}
    stored = {row["name"] for row in await look.rows("installation") if row["name"].startswith("migration ")}
    if stored - known:
        yield "bad", Problem(cause="doctor.newer", details={"names": ", ".join(sorted(stored - known))})


async def _clock(look: Look) -> Found:
    """The database's clock beside this computer's."""
    apart = abs((await look.rows("clock"))[0]["now"] / 1000 - time.time())
    if apart > _SKEW_SECONDS:
        yield "bad", Problem(cause="doctor.clock", details={"seconds": str(round(apart))})


async def _place(look: Look) -> Found:
    """Whether the ledger is where it belongs, and nobody stopped it."""
    halt = await place.halt(look.hub.ledger)
    if halt:
        yield "bad", halt


async def _connections(look: Look) -> Found:
    """Passwords that the key opens, connections at work, and interfaces that vendors are about to switch off."""
    for row in await look.hub.ledger.read(catalog.connections):
        opened = _opened(look, row)
        if isinstance(opened, Problem):
            yield "bad", _at(row.slug, opened)
            continue
        await opened.session.close()
        sunset = opened.connector.manifest.sunset
        if row.problem:
            yield "bad", _at(row.slug, msgspec.convert(row.problem, Problem))
        elif row.state == "paused":
            yield "warning", Problem(cause="connection.paused", field=row.slug, details={"slug": row.slug})
        days = (sunset - datetime.now(UTC).date()).days if sunset else _SUNSET_DAYS[0] + 1
        if days <= _SUNSET_DAYS[0]:
            details = {"slug": row.slug, "day": str(sunset), "days": str(max(days, 0))}
            yield "bad" if days <= _SUNSET_DAYS[1] else "warning", Problem(cause="doctor.sunset", details=details)


async def _live(look: Look) -> Found:
    """Log in to each system that is at work: another try at one that refused could lock the account."""
    rows = [row for row in await look.hub.ledger.read(catalog.connections) if row.state == "active"]
    for found in await asyncio.gather(*(_called(look, row) for row in rows)):
        for finding in found:
            yield finding


def _opened(look: Look, row: ConnectionRow) -> Opened | Problem:
    """The connection, opened without a call; why not, where its key or its settings do not fit."""
    try:
        return look.hub.connections.open(row)
    except InvalidDocumentError as error:
        return error.problems[0]
    except VendorError as error:
        return error.problem


async def _called(look: Look, row: ConnectionRow) -> list[tuple[Level, Problem]]:
    held = _opened(look, row)
    if isinstance(held, Problem):
        return []  # told by the check of the connections
    try:
        health = await held.session.check()
    except VendorError as error:
        level: Level = "warning" if isinstance(error, BusyError | RateLimitedError) else "bad"
        return [(level, _at(row.slug, held.redacted(error.problem)))]
    except Exception as error:  # noqa: BLE001 - a connector that breaks on its own is itself a finding
        return [("bad", _at(row.slug, held.redacted(failed(error))))]
    finally:
        await held.session.close()
    found: list[tuple[Level, Problem]] = [("bad", _at(row.slug, held.redacted(each))) for each in health.problems]
    if abs(health.clock_skew_seconds) > _SKEW_SECONDS:
        details = {"slug": row.slug, "seconds": str(round(abs(health.clock_skew_seconds)))}
        found.append(("warning", Problem(cause="doctor.skew", details=details)))
    return found


async def _reading(look: Look) -> Found:
    """Lists that fail, or are read too late."""
    now = (await look.rows("clock"))[0]["now"]
    for row in await look.hub.ledger.read(catalog.feeds):
        if row["state"] != "active" or not row["wanted"]:
            continue
        where = f"{row['slug']}.{row['name']}"
        if row["problem"]:
            yield "warning", _at(where, msgspec.json.decode(row["problem"], type=Problem))
        elif not row["reading"] and _is_late(row, now):
            details = {"slug": row["slug"], "minutes": str((now - (row["last_ok"] or now)) // 60_000)}
            problem = Problem(
                cause="doctor.late" if row["last_ok"] else "doctor.never_read", field=where, details=details
            )
            yield "warning", problem


def _is_late(row: Row, now: int) -> bool:
    """Whether a list should have been read by now; one that is read at times of day is due at the next of them."""
    if not row["every"]:
        return bool(row["due_ms"] < -_LATE_MS)
    return row["last_ok"] is None or bool(now - row["last_ok"] > _PAUSES * row["every"])


async def _writing(look: Look) -> Found:
    """Targets that cannot be written to just now, and work held by processes that are dead."""
    slugs = {row.id: row.slug for row in await look.hub.ledger.read(catalog.connections)}
    for row in await look.rows("endpoints"):
        if row["problem"]:
            yield "warning", _at(slugs[row["connection"]], msgspec.json.decode(row["problem"], type=Problem))
    for row in await look.rows("leases"):
        if workers.is_dead(row["owner"]):
            details = {"owner": row["owner"], "seconds": str(max(row["left_ms"] // 1000, 1))}
            yield "warning", Problem(cause="doctor.dead_holder", details=details)


async def _flows(look: Look) -> Found:
    """Flows that send nothing, though somebody may think they do."""
    for row in await look.rows("flows_saved"):
        if row["problem"]:
            yield "bad", _at(row["slug"], msgspec.json.decode(row["problem"], type=Problem))
        elif row["state"] == "paused":
            yield "warning", Problem(cause="doctor.paused_flow", details={"slug": row["slug"]})
        elif row["state"] == "draft" and row["saved_ms"] > _DRAFT_DAYS * _DAY_MS:
            details = {"slug": row["slug"], "days": str(row["saved_ms"] // _DAY_MS)}
            yield "warning", Problem(cause="doctor.old_draft", details=details)


async def _records(look: Look) -> Found:
    """Each record of a flow is decided or about to be, and nothing waits for too long."""
    for row in await look.rows("unaccounted"):
        lost = row["records"] - row["decided"] - int(row["to_decide"])
        if lost:
            counts = {"slug": row["slug"], "count": str(lost), "records": str(row["records"])}
            yield "bad", Problem(cause="doctor.unaccounted", details=counts)
    for row in await look.rows("oldest_by_cause"):
        days = row["oldest_ms"] // _DAY_MS
        if days >= _WAITING_DAYS.get(row["state"], days + 1):
            details = {"count": str(row["n"]), "days": str(days), "cause": row["cause"]}
            yield "warning", Problem(cause="doctor.long_waiting", details=details)


CHECKS: Mapping[str, Callable[[Look], Found]] = {
    "program": _program,
    "files": _files,
    "space": _space,
    "database": _database,
    "clock": _clock,
    "place": _place,
    "connections": _connections,
    "live": _live,
    "reading": _reading,
    "writing": _writing,
    "flows": _flows,
    "records": _records,
}


def _at(where: str, problem: Problem) -> Problem:
    """The problem with the name of what it is about in front of its place."""
    return msgspec.structs.replace(problem, field=f"{where}: {problem.field}" if problem.field else where)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _megabytes(size: int) -> str:
    return str(size // _MB)


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
