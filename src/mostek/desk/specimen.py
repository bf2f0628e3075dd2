"""A stored case as one file, and its plan made again from it: offline, by the code of the run itself.

The file is a *specimen*: all that a plan rests on, and what was decided. It holds no secret; it does hold what the
records hold of people until :mod:`mostek.desk.disguise` has seen to it.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec

from mostek.core import cases
from mostek.core.cases import Case, StoredRecord
from mostek.core.facts import Facts, Target
from mostek.core.scope import key_of
from mostek.documents import canonical
from mostek.documents.problem import InvalidDocumentError, Problem, invalid
from mostek.hub import engine
from mostek.hub.connections import AnyConnector, connector_of
from mostek.hub.engine import Flow
from mostek.hub.ledger import catalog
from mostek.hub.ledger.catalog import FlowRow
from mostek.hub.planning import Planned, decide_case
from mostek.sdk import settings as settings_
from mostek.sdk.settings import Settings

FORMAT = 1
# What stands for a secret: no plan rests on one.
PLACEHOLDER = "not-exported"
# Where a checkout keeps specimens that have to be decided as they say.
TESTS = "tests/replays"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")


class End(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A connection as a plan sees it: its number and slug, its connector, and its settings without secrets."""

    id: int
    slug: str
    connector: str
    settings: dict[str, Any]

    def opened(self) -> tuple[AnyConnector, Settings]:
        """The connector and its settings; nothing is connected to."""
        connector = connector_of(self.connector)
        return connector, settings_.load(connector.settings, self.settings)


class Version(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One version of the flow's policy that counted, as it was saved."""

    version: int
    policy: dict[str, Any]
    effective: str | None = None


class Made(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One action that was decided, with the exact bytes for the target as text."""

    key: str
    verb: str
    kind: str
    needs: tuple[str, ...]
    payload: str


class Outcome(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was decided for one record."""

    record: int
    verdict: str
    rule: str
    version: int
    problems: tuple[Problem, ...]
    wait_key: str
    wait_until: datetime | None
    actions: tuple[Made, ...]


class Specimen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One case of one flow as it was planned at ``now`` (UTC): all that the plan rests on, and its ``outcome``.

    ``program`` is the version of Mostek that made it; ``versions`` are newest first; ``records`` are as they were
    then, and ``carried`` as they had been carried over where that was another version. ``anonymous``: its people are
    made up.
    """

    format: int
    program: str
    flow: str
    source: End
    target: End
    closed_until: date | None
    versions: tuple[Version, ...]
    case: int
    records: tuple[StoredRecord, ...]
    carried: tuple[StoredRecord, ...]
    facts: Facts
    now: datetime
    outcome: tuple[Outcome, ...]
    anonymous: bool = False


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is decided otherwise than the file says: where, and both values as text; empty for nothing."""

    record: int
    path: str
    before: str
    after: str


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """A specimen planned again: what came out, and what of it differs from the file."""

    flow: str
    case: int
    program: str
    outcome: tuple[Outcome, ...]
    changes: tuple[Change, ...]


def replay(specimen: Specimen) -> Replayed:
    """Plan a specimen again and hold what comes out against what it says."""
    outcome = replan(specimen)
    return Replayed(
        flow=specimen.flow,
        case=specimen.case,
        program=specimen.program,
        outcome=outcome,
        changes=tuple(_changes(specimen.outcome, outcome)),
    )


def replan(specimen: Specimen) -> tuple[Outcome, ...]:
    """What this version of the program decides for a specimen; the same specimen gives the same bytes."""
    planned = planned_of(specimen)
    return tuple(
        Outcome(
            record=decision.record,
            verdict=decision.verdict,
            rule=decision.rule,
            version=decision.version,
            problems=decision.problems,
            wait_key=decision.wait_key,
            wait_until=decision.wait_until,
            actions=tuple(
                Made(key=a.key, verb=a.verb, kind=a.kind, needs=a.needs, payload=planned.payloads[a.key].decode())
                for a in decision.actions
            ),
        )
        for decision in planned.decisions
    )


def planned_of(specimen: Specimen) -> Planned:
    """The whole plan of a specimen."""
    case, flow = case_of(specimen), flow_of(specimen)
    source = specimen.source.opened()
    carried = {(each.id, each.version): cases.digest_of(each.kind, each.payload, *source) for each in specimen.carried}
    facts = fingerprinted(specimen.facts, case, flow.target, carried)
    return decide_case(case, facts, flow, specimen.target.opened(), specimen.now)


def fingerprinted(facts: Facts, case: Case, target: Target, carried: Mapping[tuple[int, int], str]) -> Facts:
    """The facts with fingerprints of this program, as a run has them: only the source may change a document.

    ``carried`` are those of other versions than the one at hand, by record and version.
    """
    keys = dict(facts.keys)
    for entry in case.entries:
        key = key_of(case, target, entry.kind, entry.id, entry.kind)
        known = keys.get(key)
        if known:
            digest = carried.get((entry.record, known.version)) if known.version != entry.version else entry.digest
            keys[key] = msgspec.structs.replace(known, digest=digest or known.digest)
    return msgspec.structs.replace(facts, keys=keys)


def case_of(specimen: Specimen) -> Case:
    """The case of a specimen, read by its source's connector."""
    source = specimen.source
    return cases.assemble(specimen.case, (source.id, source.slug), specimen.records, *source.opened())


def flow_of(specimen: Specimen) -> Flow:
    """The flow of a specimen, as planning wants it."""
    (connector, _), newest = specimen.target.opened(), specimen.versions[0]
    row = FlowRow(
        id=0,
        workspace=catalog.WORKSPACE,
        slug=specimen.flow,
        source=specimen.source.id,
        target=specimen.target.id,
        state="draft",
        version=newest.version,
        policy=newest.policy,
        versions=tuple(msgspec.to_builtins(each) for each in specimen.versions),
        unbraked=0,
        problem=None,
        closed_until=specimen.closed_until.isoformat() if specimen.closed_until else None,
    )
    return engine.flow_of(row, specimen.target.slug, connector)


def encoded(specimen: Specimen) -> bytes:
    """A specimen as a file: the same one always has the same bytes, a line for each value."""
    return msgspec.json.format(canonical.encode(specimen), indent=2) + b"\n"


def decoded(content: bytes) -> Specimen:
    """A specimen from its file; raises ``replay.unreadable``, or what its settings and policies lack."""
    try:
        specimen = msgspec.json.decode(content, type=Specimen)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        if isinstance(error.__cause__, InvalidDocumentError):
            raise error.__cause__ from None
        raise invalid("replay.unreadable", "file", reason=error) from None
    if specimen.format != FORMAT or not specimen.versions:
        raise invalid("replay.format", "file", found=specimen.format, known=FORMAT)
    return specimen


def place_of(start: Path, name: str) -> Path:
    """Where a specimen becomes a test: in the checkout that a folder lies in.

    Raises ``replay.name``, ``replay.no_checkout``, or ``replay.taken`` for a name that another test has.
    """
    if not _NAME.fullmatch(name):
        raise invalid("replay.name", "--as-test", name=name)
    folders = (folder / TESTS for folder in (start.resolve(), *start.resolve().parents))
    folder = next((folder for folder in folders if folder.is_dir()), None)
    if folder is None:
        raise invalid("replay.no_checkout", "--checkout", folder=start.resolve(), tests=TESTS)
    if (folder / f"{name}.json").exists():
        raise invalid("replay.taken", "--as-test", name=name)
    return folder / f"{name}.json"


def _changes(before: Sequence[Outcome], after: Sequence[Outcome]) -> Iterator[Change]:
    """Record by record: the decision, then action by action what would be sent, path by path.

    That bytes differ is told where their fields do not: by spaces, or the order of names.
    """
    old, new = ({each.record: each for each in side} for side in (before, after))
    for record in sorted(old.keys() | new.keys()):
        was, now = (_flat(side[record]) if record in side else {} for side in (old, new))
        paths = sorted(path for path in was.keys() | now.keys() if was.get(path) != now.get(path))
        for path in paths:
            place, _, field = path.partition(": ")
            if field != "bytes" or not any(other.startswith(f"{place}: ") for other in paths if other != path):
                yield Change(record=record, path=path, before=was.get(path, ""), after=now.get(path, ""))


def _flat(outcome: Outcome) -> dict[str, str]:
    """An outcome as text by path; the paths of an action begin with what it does and its key."""
    plain = {name: value for name, value in msgspec.to_builtins(outcome).items() if name != "actions"}
    found = dict(_leaves(plain))
    found["actions"] = ", ".join(f"{action.verb} {action.kind}" for action in outcome.actions)
    for action in outcome.actions:
        place = f"{action.verb} {action.kind} {action.key}"
        parts = {"needs": action.needs, "payload": _parsed(action)}
        found |= {f"{place}: {path}": text for path, text in _leaves(parts)}
        found[f"{place}: bytes"] = canonical.digest(action.payload)
    return found


def _parsed(action: Made) -> Any:
    try:
        return json.loads(action.payload)
    except ValueError:
        return action.payload


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and value:
        for name, part in value.items():
            yield from _leaves(part, f"{path}.{name}" if path else name)
    elif isinstance(value, list | tuple) and value:
        for place, part in enumerate(value):
            yield from _leaves(part, f"{path}[{place}]")
    else:
        yield path, value if isinstance(value, str) else json.dumps(value)
