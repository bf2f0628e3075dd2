"""Commands on stored cases: one as a file that can be planned again without a database or a network."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from importlib.metadata import version as version_of
from typing import Any

import msgspec

from mostek.core.cases import StoredRecord
from mostek.core.facts import Facts
from mostek.core.keys import duty_key
from mostek.desk.installation import Installation
from mostek.desk.specimen import (
    FORMAT,
    PLACEHOLDER,
    End,
    Made,
    Outcome,
    Specimen,
    Version,
    replan,
)
from mostek.documents.problem import Problem, invalid
from mostek.hub import trace
from mostek.hub.connections import connector_of
from mostek.hub.ledger import Transaction, catalog
from mostek.hub.ledger.dialect import Row
from mostek.sdk import settings as settings_


class Export(msgspec.Struct, kw_only=True):
    """A stored case as a specimen; ``text`` is a document's number or id in the source.

    The latest plan, unless ``flow`` names another flow's, or ``step`` an earlier one's number in the trace. ``case``
    is the case's own number, instead of a text.
    """

    text: str = ""
    case: int = 0
    flow: str = ""
    step: int = 0


async def export(hub: Installation, request: Export) -> Specimen:
    """Put a case together as it was planned; raises ``record.unknown``, ``replay.no_plan`` or ``replay.gone``."""
    numbers = [request.case] if request.case else await _cases(hub, request.text)
    stories = {case: await hub.ledger.read(trace.of_case, case) for case in numbers}
    plans = [(step, case) for case, steps in stories.items() for step in steps if step["kind"] == "planned"]
    wanted = [
        (step, case)
        for step, case in plans
        if request.flow in {"", step["body"]["flow"]} and request.step in {0, step["id"]}
    ]
    if not wanted:
        raise invalid("replay.no_plan", "text", text=request.text or request.case)
    step, case = max(wanted, key=lambda each: each[0]["id"])
    is_latest = not any(s["passage"] == step["passage"] and s["id"] > step["id"] for s, _ in plans)
    specimen = await hub.ledger.read(_put_together, case, step)
    return msgspec.structs.replace(specimen, outcome=await hub.ledger.read(_as_stored, specimen, step, is_latest))


async def _cases(hub: Installation, text: str) -> list[int]:
    found = await hub.ledger.read(Transaction.rows, "find_records", text=text)
    if not found:
        raise invalid("record.unknown", "text", text=text)
    return sorted({row["case_id"] for row in found})


def _put_together(tx: Transaction, case: int, step: Mapping[str, Any]) -> Specimen:
    body = step["body"]
    flow = next(row for row in catalog.flows(tx) if row.slug == body["flow"])
    source, target = catalog.connection(tx, flow.source), catalog.connection(tx, flow.target)
    assert source, "a flow has a source"
    assert target, "a flow has a target"
    # What could not be written down is found again: it is what a repair of the program may change.
    facts = msgspec.convert({**body["facts"], "refused": {}}, Facts, strict=False)
    versions = {int(record): version for record, version in body["records"].items()}
    held = _held(tx, case, versions)
    return Specimen(
        format=FORMAT,
        program=version_of("mostek"),
        flow=flow.slug,
        source=end_of(source),
        target=end_of(target),
        closed_until=date.fromisoformat(flow.closed_until) if flow.closed_until else None,
        versions=_versions(tx, flow.id, body["version"]),
        case=case,
        records=tuple(_record(held[record], version) for record, version in sorted(versions.items())),
        carried=_carried(held, versions, facts, (source.slug, target.slug)),
        facts=facts,
        now=datetime.fromisoformat(body["now"]),
        outcome=(),
    )


def end_of(row: catalog.ConnectionRow) -> End:
    """A connection as a plan sees it, its secrets replaced: enough to read what it sent, and to write nothing."""
    hidden = settings_.secrets(connector_of(row.connector).settings)
    settings = {**row.settings, **dict.fromkeys(sorted(hidden), PLACEHOLDER)}
    return End(id=row.id, slug=row.slug, connector=row.connector, settings=settings)


def _versions(tx: Transaction, flow: int, newest: int) -> tuple[Version, ...]:
    """The version that was in force, and before it those that counted for earlier documents."""
    counting: list[Version] = []
    for row in tx.rows("flow_versions"):
        done = counting and counting[-1].effective is None
        if row["flow"] == flow and row["version"] <= newest and not done:
            policy = json.loads(row["policy"])
            counting.append(Version(version=row["version"], policy=policy, effective=row["effective"]))
    return tuple(counting)


def _held(tx: Transaction, case: int, versions: Mapping[int, int]) -> dict[int, list[Row]]:
    """By record, every version that is stored up to the one that was planned."""
    held: dict[int, list[Row]] = {record: [] for record in sorted(versions)}
    for row in tx.rows("versions_of_records", records=list(versions), case_id=case):
        if row["version"] <= versions[row["id"]]:
            held[row["id"]].append(row)
    for record, rows in held.items():
        if not rows or rows[-1]["version"] != versions[record]:
            raise invalid("replay.gone", "text", version=versions[record])
    return held


def _record(rows: Sequence[Row], version: int) -> StoredRecord:
    """A record as it was in that version; one that was gone, with what it held before."""
    until = [row for row in rows if row["version"] <= version]
    row = until[-1]
    return StoredRecord(
        id=row["id"],
        kind=row["kind"],
        source_id=row["source_id"],
        version=version,
        payload=next((each["payload"] for each in reversed(until) if each["payload"]), ""),
        root=row["root"],
        absent=not row["payload"],
    )


def _carried(
    held: Mapping[int, Sequence[Row]], versions: Mapping[int, int], facts: Facts, slugs: tuple[str, str]
) -> tuple[StoredRecord, ...]:
    """The records as they had been carried over, where that is stored and was not the version that was planned."""
    found = []
    for record, rows in held.items():
        kind, source_id = rows[0]["kind"], rows[0]["source_id"]
        key = duty_key(source=slugs[0], kind=kind, source_id=source_id, role="book", duty=kind, target=slugs[1])
        version = facts.keys[key].version if key in facts.keys else versions[record]
        if version != versions[record] and any(row["version"] == version for row in rows):
            found.append(_record(rows, version))
    return tuple(found)


def _as_stored(tx: Transaction, specimen: Specimen, step: Mapping[str, Any], is_latest: bool) -> tuple[Outcome, ...]:
    """What was decided, by the trace and the ledger's bytes; what neither holds, as it is decided now.

    Only the latest plan's actions are in the ledger: an earlier one's were replaced.
    """
    now = {each.record: each for each in replan(specimen)}
    records = [record.id for record in specimen.records]
    rows = {row["key"]: row for row in tx.rows("actions_of_records", records=records)} if is_latest else {}
    return tuple(_outcome(told, now.get(told["record"]), rows) for told in step["body"]["decisions"])


def _outcome(told: Mapping[str, Any], now: Outcome | None, rows: Mapping[str, Row]) -> Outcome:
    made = {action.key: action for action in now.actions} if now else {}
    for key in told["keys"]:
        plain = made.get(key) or Made(key=key, verb="", kind="", needs=(), payload="")
        row = rows.get(key)
        stored = {name: row[name] for name in ("verb", "kind", "payload")} if row else {}
        made[key] = msgspec.structs.replace(plain, **stored)
    return Outcome(
        record=told["record"],
        verdict=told["verdict"],
        rule=told["rule"],
        version=now.version if now else 0,
        problems=msgspec.convert(told["problems"], tuple[Problem, ...]),
        wait_key=now.wait_key if now else "",
        wait_until=now.wait_until if now else None,
        actions=tuple(made[key] for key in told["keys"]),
    )
