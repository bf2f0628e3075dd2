"""Commands on the configuration as text: export it, hold a file against what is set up, and apply one."""

import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from mostek.commands import scheduling
from mostek.commands.adopting import Close, close_books
from mostek.commands.connecting import SLUG, try_open
from mostek.core import policy as policies
from mostek.core import schedule as schedules
from mostek.core.schedule import SHORTEST, Schedule
from mostek.desk import configuration as texts
from mostek.desk.configuration import Change, Configuration, Connection, Flow
from mostek.desk.installation import Installation
from mostek.documents.problem import InvalidDocumentError, Problem, invalid
from mostek.hub.connections import AnyConnector, connector_of, split_secrets
from mostek.hub.ledger import Transaction, catalog
from mostek.hub.ledger.catalog import WORKSPACE, ConnectionRow, FlowRow
from mostek.sdk import settings as settings_

VARIABLE = "MOSTEK_SECRET_"
# What a flow is meant to be while it is weighed, or held by the brake.
_MEANT = {"weighing": "live", "held": "live"}


class Export(msgspec.Struct, kw_only=True):
    """Everything that is set up, with a reference in place of each secret."""


class Diff(msgspec.Struct, kw_only=True):
    """What applying would change; ``configuration`` is the text of a file, ``secrets`` those of another."""

    configuration: str
    secrets: Mapping[str, Any] = {}


class Apply(msgspec.Struct, kw_only=True):
    """Make everything as the text says, or nothing; what it does not speak of stays."""

    configuration: str
    secrets: Mapping[str, Any] = {}
    person: str = "command line"


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """The configuration as tables, without what is as by default, and the names of the secrets it refers to."""

    configuration: Mapping[str, Any]
    secrets: tuple[str, ...]


class Differences(msgspec.Struct, frozen=True, kw_only=True):
    """What a file would change, in its order, and last what it does not speak of."""

    changes: tuple[Change, ...]

    @property
    def to_do(self) -> tuple[Change, ...]:
        """What applying changes."""
        return tuple(change for change in self.changes if change.kind != "only_here")


@dataclass(frozen=True)
class _Here:
    """What is set up, as it was read."""

    rows: Mapping[str, ConnectionRow]
    flows: Mapping[str, FlowRow]
    closed: Mapping[int, str | None]
    feeds: Mapping[int, Mapping[str, Schedule]]

    @cached_property
    def slugs(self) -> Mapping[int, str]:
        """Names of connections by number."""
        return {row.id: row.slug for row in self.rows.values()}

    def closed_until(self, row: ConnectionRow) -> date | None:
        """Up to which day its books are closed."""
        day = self.closed.get(row.id)
        return date.fromisoformat(day) if day else None

    @property
    def mark(self) -> object:
        """What must still be the same when something is written."""
        connections = [(row.slug, row.connector, row.settings, row.secrets) for row in self.rows.values()]
        flows = [(row.slug, row.version, row.state) for row in self.flows.values()]
        return connections, flows, self.closed, self.feeds

    def schedules(self, row: ConnectionRow) -> Mapping[str, Schedule]:
        """When its lists are read, where that is not as usual for its system."""
        usual = _usual(row.connector)
        return {name: each for name, each in self.feeds.get(row.id, {}).items() if each != usual.get(name)}


@dataclass(frozen=True)
class _Wanted:
    """A file that was checked against what is set up: whole settings by connection, and flows with their state."""

    here: _Here
    file: Configuration
    settings: Mapping[str, Any]
    flows: Mapping[str, Flow]
    changes: tuple[Change, ...]


async def export(hub: Installation, _: Export) -> Exported:
    """The same set-up gives the same tables: connections and flows by their names, settings in their order."""
    here = await hub.ledger.read(_read)
    names: list[str] = []
    connections = {}
    for slug, row in sorted(here.rows.items()):
        told = texts.told(_settings_here(hub, row))
        for name in _hidden(row.connector, hub.vault.unlock(row.secrets)) & told.keys():
            told[name] = {"secret": f"{slug}.{name}"}
            names.append(f"{slug}.{name}")
        part = {"connector": row.connector, "closed_until": here.closed_until(row), "feeds": here.schedules(row)}
        part = {name: value for name, value in part.items() if value} | {"settings": told}
        connections[slug] = texts.told(part)
    flows = {slug: texts.told(_flow_here(here, row)) for slug, row in sorted(here.flows.items())}
    return Exported(configuration={"connections": connections, "flows": flows}, secrets=tuple(sorted(names)))


async def diff(hub: Installation, request: Diff) -> Differences:
    """Check the file as applying would, and say what would change."""
    return Differences(changes=(await _wanted(hub, request.configuration, request.secrets)).changes)


async def apply(hub: Installation, request: Apply) -> Differences:
    """Check everything, then write everything in one transaction; returns what was different before."""
    wanted = await _wanted(hub, request.configuration, request.secrets)
    done = Differences(changes=wanted.changes)
    if done.to_do:
        await hub.ledger.write(_write, hub, wanted, done, request.person)
    return done


def _read(tx: Transaction) -> _Here:
    feeds: dict[int, dict[str, Schedule]] = {}
    for row in catalog.feeds(tx):
        feeds.setdefault(row["connection"], {})[row["name"]] = schedules.stored(row["every"], row["timetable"])
    return _Here(
        rows={row.slug: row for row in catalog.connections(tx)},
        flows={row.slug: row for row in catalog.flows(tx)},
        closed={row["connection"]: row["closed_until"] for row in tx.rows("closed_endpoints")},
        feeds=feeds,
    )


def _settings_here(hub: Installation, row: ConnectionRow) -> Any:
    """The stored settings as their class, or as they are stored where they do not fit the program any more."""
    stored = {**row.settings, **hub.vault.unlock(row.secrets)}
    try:
        return settings_.load(connector_of(row.connector).settings, stored)
    except InvalidDocumentError:
        return stored


def _hidden(connector: str, stored: Iterable[str] = ()) -> frozenset[str]:
    """What is secret among the settings: what the connector calls so, if there is one, and what is stored locked."""
    known = _known(connector)
    return frozenset(stored) | (settings_.secrets(known.settings) if known else frozenset())


def _flow_here(here: _Here, row: FlowRow) -> Flow:
    dated = [(each.effective, each.policy) for each in policies.versions(row.versions).dated]
    (_, policy), *later = texts.in_force(dated)
    return Flow(
        source=here.slugs[row.source],
        target=here.slugs[row.target],
        state=_MEANT.get(row.state, row.state),  # type: ignore[arg-type]  # the ledger holds these words only
        policy=policy,
        later=tuple(texts.Later(effective=day, policy=policy) for day, policy in later if day),
    )


async def _wanted(hub: Installation, text: str, secrets: Mapping[str, Any]) -> _Wanted:
    """The file, checked throughout; raises everything that is wrong with it at once."""
    file = _parsed(text)
    here = await hub.ledger.read(_read)
    problems: list[Problem] = []
    settings = {}
    for slug, connection in file.connections.items():
        try:
            settings[slug] = await _settings_wanted(hub, slug, connection, here.rows.get(slug), secrets)
        except InvalidDocumentError as error:
            problems += error.problems
    flows = {}
    for slug, flow in file.flows.items():
        row = here.flows.get(slug)
        before = _flow_here(here, row) if row else None
        problems += _faults_of_flow(f"flows.{slug}", slug, flow, before, {**_connectors(here), **_named(file)})
        later = tuple(sorted(flow.later, key=lambda each: each.effective))
        state = flow.state or (before.state if before else "draft")
        flows[slug] = msgspec.structs.replace(flow, state=state, later=later)
    if problems:
        raise InvalidDocumentError(*problems)
    return _Wanted(here, file, settings, flows, tuple(_changes(hub, here, file, settings, flows)))


def _parsed(text: str) -> Configuration:
    try:
        tables = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise invalid("configuration.unreadable", reason=error) from None
    problems = tuple(texts.faults(Configuration, tables, ""))
    if problems:
        raise InvalidDocumentError(*problems)
    return msgspec.convert(tables, Configuration)


async def _settings_wanted(
    hub: Installation, slug: str, connection: Connection, row: ConnectionRow | None, given: Mapping[str, Any]
) -> Any:
    """The settings of a connection with its secrets, of a session that can be opened with them."""
    path = f"connections.{slug}"
    if not SLUG.fullmatch(slug):
        raise invalid("connection.slug", path, slug=slug)
    if row and row.connector != connection.connector:
        details = {"slug": slug, "here": row.connector}
        raise InvalidDocumentError(
            Problem(cause="configuration.other_system", field=f"{path}.connector", details=details)
        )
    try:
        connector = connector_of(connection.connector)
    except InvalidDocumentError as error:
        raise InvalidDocumentError(*texts.placed(error, path)) from None
    if connection.closed_until and not connector.manifest.writes:
        raise invalid("connection.no_target", f"{path}.closed_until", slug=slug)
    stored = hub.vault.unlock(row.secrets) if row else {}
    values, problems = _with_secrets(connector, connection.settings, f"{path}.settings", stored, given)
    problems += _faults_of_feeds(connector, connection.feeds, path)
    refused = {problem.field for problem in problems}
    problems += [
        problem
        for problem in texts.faults(connector.settings, values, f"{path}.settings")
        if problem.field not in refused
    ]
    if problems:
        raise InvalidDocumentError(*problems)
    try:
        await try_open(connector, values, slug)
    except InvalidDocumentError as error:
        raise InvalidDocumentError(*texts.placed(error, f"{path}.settings")) from None
    return settings_.load(connector.settings, values)


def _faults_of_feeds(connector: AnyConnector, feeds: Mapping[str, Schedule], path: str) -> Iterator[Problem]:
    for name, schedule in feeds.items():
        place = texts.step(f"{path}.feeds", name)
        if name not in connector.manifest.feeds:
            details = {"feed": name, "known": ", ".join(connector.manifest.feeds) or "–"}
            yield Problem(cause="configuration.no_feed", field=place, details=details)
        elif 0 < schedule.every < SHORTEST:
            yield Problem(cause="schedule.short", field=f"{place}.every", details={"seconds": str(SHORTEST)})


def _usual(connector: str) -> Mapping[str, Schedule]:
    """When the lists of a system are read without anybody having said so."""
    known = _known(connector)
    return {name: Schedule(every=feed.every) for name, feed in known.manifest.feeds.items()} if known else {}


def _with_secrets(
    connector: AnyConnector, table: Mapping[str, Any], path: str, stored: Mapping[str, str], given: Mapping[str, Any]
) -> tuple[dict[str, Any], list[Problem]]:
    """The settings with each reference replaced: from the file of secrets, the environment, or what is stored."""
    values, problems = dict(table), []
    for name in [name for name in table if name in settings_.secrets(connector.settings)]:
        place = texts.step(path, name)
        reference = table[name].get("secret") if isinstance(table[name], dict) else None
        del values[name]
        if not isinstance(reference, str) or len(table[name]) != 1:
            problems.append(Problem(cause="configuration.plain_secret", field=place))
            continue
        variable = VARIABLE + re.sub(r"[^A-Z0-9]", "_", reference.upper())
        sources = (_given(given, reference), os.environ.get(variable), stored.get(name))
        found = next((value for value in sources if value is not None), None)
        if found is not None:
            values[name] = found
        else:
            details = {"name": reference, "variable": variable}
            problems.append(Problem(cause="configuration.no_secret", field=place, details=details))
    return values, problems


def _given(secrets: Mapping[str, Any], reference: str) -> Any:
    """A secret by its whole name, or table by table: ``[shop]`` with ``password = ...``."""
    found: Any = secrets
    for part in reference.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return secrets.get(reference, found)


def _connectors(here: _Here) -> dict[str, str]:
    return {slug: row.connector for slug, row in here.rows.items()}


def _named(file: Configuration) -> dict[str, str]:
    return {slug: connection.connector for slug, connection in file.connections.items()}


def _faults_of_flow(
    path: str, slug: str, flow: Flow, before: Flow | None, connectors: Mapping[str, str]
) -> Iterator[Problem]:
    """What is wrong between a flow and the rest; ``connectors`` are those of all connections by their names."""
    if not SLUG.fullmatch(slug):
        yield Problem(cause="flow.slug", field=path, details={"slug": slug})
    ends = (
        ("from", flow.source, "feeds", "connection.no_source"),
        ("to", flow.target, "writes", "connection.no_target"),
    )
    for name, end, ability, cause in ends:
        if end not in connectors:
            yield Problem(cause="configuration.dangling", field=f"{path}.{name}", details={"slug": end})
        elif (known := _known(connectors[end])) and not getattr(known.manifest, ability):
            yield Problem(cause=cause, field=f"{path}.{name}", details={"slug": end})
    if before and (before.source, before.target) != (flow.source, flow.target):
        stored = {"slug": slug, "source": before.source, "target": before.target}
        yield Problem(cause="configuration.other_ends", field=path, details=stored)
    days = [each.effective for each in flow.later]
    for place, day in enumerate(days):
        if day in days[:place]:
            details = {"day": day.isoformat()}
            yield Problem(cause="configuration.repeated_day", field=f"{path}.later[{place}].effective", details=details)


def _known(connector: str) -> AnyConnector | None:
    """One that is not installed is told where it is named."""
    try:
        return connector_of(connector)
    except InvalidDocumentError:
        return None


def _changes(
    hub: Installation, here: _Here, file: Configuration, settings: Mapping[str, Any], flows: Mapping[str, Flow]
) -> Iterator[Change]:
    stored: dict[str, Any] = {}
    wanted: dict[str, Any] = {}
    silent: list[Change] = []
    hidden: set[str] = set()
    for slug, row in here.rows.items():
        closed = here.closed_until(row)
        settings_here = _settings_here(hub, row)
        stored |= _parts_of_connection(slug, row.connector, closed, here.schedules(row), settings_here)
        locked = _hidden(row.connector, hub.vault.unlock(row.secrets))
        hidden |= {f"connections.{slug}.settings.{name}" for name in locked}
        if slug in settings and closed and not file.connections[slug].closed_until:
            silent.append(Change(kind="only_here", path=f"connections.{slug}.closed_until", old=closed.isoformat()))
        if slug in settings:
            left = here.schedules(row).keys() - file.connections[slug].feeds.keys()
            places = (texts.step(f"connections.{slug}.feeds", name) for name in sorted(left))
            silent += [Change(kind="only_here", path=place) for place in places]
    for slug, connection in file.connections.items():
        closed = connection.closed_until or (here.closed_until(here.rows[slug]) if slug in here.rows else None)
        feeds = _told_feeds(here, slug, connection)
        wanted |= _parts_of_connection(slug, connection.connector, closed, feeds, settings[slug])
        hidden |= {f"connections.{slug}.settings.{name}" for name in _hidden(connection.connector)}
    for slug, row_ in here.flows.items():
        stored |= _parts_of_flow(slug, _flow_here(here, row_))
    for slug, flow in flows.items():
        wanted |= _parts_of_flow(slug, flow)
    found = list(texts.changes(stored, wanted, frozenset(hidden)))
    yield from sorted([*silent, *found], key=lambda change: change.kind == "only_here")


def _told_feeds(here: _Here, slug: str, connection: Connection) -> Mapping[str, Schedule]:
    """When its lists are to be read, where that is not as usual."""
    row, usual = here.rows.get(slug), _usual(connection.connector)
    wanted = {**(here.schedules(row) if row else {}), **connection.feeds}
    return {name: schedule for name, schedule in wanted.items() if schedule != usual.get(name)}


def _parts_of_connection(
    slug: str, connector: str, closed: date | None, feeds: Mapping[str, Schedule], settings: Any
) -> dict[str, Any]:
    part = {"connector": connector, "closed_until": closed, "feeds": feeds, "settings": settings}
    return {f"connections.{slug}": part}


def _parts_of_flow(slug: str, flow: Flow) -> dict[str, Any]:
    path = f"flows.{slug}"
    later = {f"{path}.later[{each.effective}]": each for each in flow.later}
    head = {"from": flow.source, "to": flow.target, "state": flow.state}
    return {path: head, f"{path}.policy": flow.policy, **later}


def _write(tx: Transaction, hub: Installation, wanted: _Wanted, done: Differences, person: str) -> None:
    """Write it all, unless somebody changed something since it was read."""
    if _read(tx).mark != wanted.here.mark:
        raise invalid("configuration.moved")
    for slug, connection in wanted.file.connections.items():
        _write_connection(tx, hub, wanted, slug, connection)
    numbers = {row.slug: row.id for row in catalog.connections(tx)}
    for slug, flow in wanted.flows.items():
        before = wanted.here.flows.get(slug)
        _write_flow(tx, slug, flow, _flow_here(wanted.here, before) if before else None, numbers)
    told = [msgspec.to_builtins(change) for change in done.to_do]
    tx.run("add_audit", workspace=WORKSPACE, person=person, command="apply", request={"changes": told})


def _write_connection(tx: Transaction, hub: Installation, wanted: _Wanted, slug: str, connection: Connection) -> None:
    row = wanted.here.rows.get(slug)
    connector = connector_of(connection.connector)
    if row is None or _settings_here(hub, row) != wanted.settings[slug]:
        shown, hidden = split_secrets(connector, msgspec.to_builtins(wanted.settings[slug]))
        catalog.put_connection(
            tx,
            slug,
            connector.id,
            settings=shown,
            secrets=hub.vault.lock(hidden),
            feeds={name: feed.every for name, feed in connector.manifest.feeds.items()},
            on_demand=[name for name, feed in connector.manifest.feeds.items() if feed.on_demand],
            writes=bool(connector.manifest.writes),
        )
    number = next(each.id for each in catalog.connections(tx) if each.slug == slug)
    now = datetime.now(ZoneInfo(wanted.settings[slug].timezone))
    for name, schedule in connection.feeds.items():
        if row is None or wanted.here.feeds.get(row.id, {}).get(name) != schedule:
            scheduling.put(tx, number, name, schedule, now)
    closed = connection.closed_until
    if closed and (row is None or wanted.here.closed_until(row) != closed):
        close_books(tx, number, Close(slug=slug, until=closed))


def _write_flow(tx: Transaction, slug: str, flow: Flow, before: Flow | None, numbers: Mapping[str, int]) -> None:
    """A version is saved for each policy that is new; all of them anew where an earlier one is another now."""
    versions, stored = _versions(flow), _versions(before) if before else []
    if before is None:
        _, first = versions[0]
        ends = numbers[flow.source], numbers[flow.target]
        policy = msgspec.to_builtins(first)
        catalog.add_flow(tx, slug, *ends, policy=policy, kinds=first.kinds, since=first.starts_from)
        stored = versions[:1]
    kept = len(stored) if versions[: len(stored)] == stored else 0
    for day, each in versions[kept:]:
        policy = msgspec.to_builtins(each)
        catalog.change_flow(tx, _row(tx, slug), policy, each.kinds, each.starts_from, effective=day)
    if flow.state == "live" and (before is None or before.state != "live"):
        catalog.go_live(tx, _row(tx, slug))
    elif flow.state != (before.state if before else "draft"):
        tx.run("set_flow_state", flow=_row(tx, slug).id, state=flow.state, unbraked=0, problem=None)


def _versions(flow: Flow) -> list[tuple[date | None, policies.Policy]]:
    return [(None, flow.policy), *((each.effective, each.policy) for each in flow.later)]


def _row(tx: Transaction, slug: str) -> FlowRow:
    return next(row for row in catalog.flows(tx) if row.slug == slug)
