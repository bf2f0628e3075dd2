"""Commands on connections: add or change one, list them, test one live."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from mostek.desk.installation import Installation
from mostek.documents.problem import InvalidDocumentError, Problem, invalid
from mostek.hub.connections import AnyConnector, connector_of, connectors, split_secrets
from mostek.hub.ledger import Transaction, catalog
from mostek.hub.ledger.catalog import ConnectionRow
from mostek.sdk import settings as settings_
from mostek.sdk.capability import Context, utc_now
from mostek.sdk.errors import ConfigurationError, VendorError
from mostek.sdk.limits import Budget, Usage

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


class Add(msgspec.Struct, kw_only=True):
    """Add a connection, or change the settings of one; settings left out keep their value."""

    slug: str
    connector: str
    settings: Mapping[str, Any] = {}


class List(msgspec.Struct, kw_only=True):
    """All connections."""


class Check(msgspec.Struct, kw_only=True):
    """Test one connection live, changing nothing."""

    slug: str


class Stop(msgspec.Struct, kw_only=True):
    """Read nothing from one connection, or from all without a slug, and write nothing to it; calls in flight finish."""

    slug: str = ""
    person: str = "command line"


class Go(msgspec.Struct, kw_only=True):
    """Let a stopped connection go on, or without a slug all that were not stopped by name."""

    slug: str = ""


class View(msgspec.Struct, frozen=True, kw_only=True):
    """A connection as it is shown: never a secret. ``calls_free_at`` is when the next call is allowed, if not now.

    ``contact`` is when it was last read from or written to, in milliseconds since 1970, where a list was asked for.
    """

    slug: str
    connector: str
    name: str
    state: str
    settings: Mapping[str, Any]
    proof: str
    calls_left: int | None
    calls_free_at: datetime | None
    problem: Mapping[str, Any] | None
    contact: int | None = None


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a live test; ``problems`` is empty when all is well."""

    slug: str
    ok: bool
    system: str = ""
    version: str = ""
    rights: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    words: str = ""


async def add(hub: Installation, request: Add) -> View:
    """Check the settings as far as that goes without a call, lock the secrets, and store the connection."""
    if not SLUG.fullmatch(request.slug):
        raise invalid("connection.slug", "slug", slug=request.slug)
    connector = connector_of(request.connector)
    before = await by_slug(hub, request.slug)
    kept = {**before.settings, **hub.vault.unlock(before.secrets)} if before else {}
    values = {**kept, **request.settings}
    await try_open(connector, values, request.slug)
    shown, hidden = split_secrets(connector, values)
    number = await hub.ledger.write(
        catalog.put_connection,
        request.slug,
        connector.id,
        settings=shown,
        secrets=hub.vault.lock(hidden),
        feeds={name: feed.every for name, feed in connector.manifest.feeds.items()},
        on_demand=[name for name, feed in connector.manifest.feeds.items() if feed.on_demand],
        writes=bool(connector.manifest.writes),
    )
    if number is None:
        raise invalid("connection.taken", "slug", slug=request.slug)
    row = await hub.ledger.read(catalog.connection, number)
    assert row is not None
    return await view_of(hub, row)


async def list_(hub: Installation, _: List) -> tuple[View, ...]:
    """All connections, oldest first."""
    rows = await hub.ledger.read(catalog.connections)
    contacts = await _contacts(hub)
    return tuple([await view_of(hub, row, contacts.get(row.id)) for row in rows])


async def check(hub: Installation, request: Check) -> Checked:
    """Log in and look around; what is wrong comes back as problems, not as an exception."""
    row = await by_slug(hub, request.slug)
    if row is None:
        raise invalid("connection.unknown", "slug", slug=request.slug)
    held = hub.connections.open(row)
    try:
        health = await held.session.check()
    except VendorError as error:
        return Checked(
            slug=row.slug, ok=False, problems=(held.redacted(error.problem),), words=held.redact(error.words)
        )
    finally:
        await held.session.close()
    return Checked(
        slug=row.slug,
        ok=not health.problems,
        system=health.system,
        version=held.redact(health.version),
        rights=tuple(map(held.redact, health.rights)),
        problems=tuple(map(held.redacted, health.problems)),
    )


async def stop(hub: Installation, request: Stop) -> tuple[View, ...]:
    """Stop at once; a change of settings, or a restart, does not start it again. Returns how all of them stand."""
    number = await number_of(hub, request.slug) if request.slug else 0
    await hub.ledger.write(_stop, number, request.person)
    return await list_(hub, List())


def _stop(tx: Transaction, number: int, person: str) -> None:
    """Who reads or writes now loses his right to the next page or batch, not to tell what became of the present one."""
    if number:
        tx.run("pause_connection", connection=number)
    else:
        tx.run("put_installation", name="stopped", value=person)
    tx.run("revoke_endpoint", connection=number)
    tx.run("revoke_feeds", connection=number)


async def go(hub: Installation, request: Go) -> tuple[View, ...]:
    """Let it go on. Returns how all of them stand."""
    number = await number_of(hub, request.slug) if request.slug else 0
    await hub.ledger.write(_go, number)
    return await list_(hub, List())


def _go(tx: Transaction, number: int) -> None:
    if number:
        tx.run("resume_connection", connection=number)
    else:
        tx.run("drop_installation", name="stopped")
    tx.run("free_revoked_endpoint", connection=number)
    tx.run("free_revoked_feeds", connection=number)


async def number_of(hub: Installation, slug: str) -> int:
    """The number of a connection by its slug; raises ``connection.unknown``."""
    row = await by_slug(hub, slug)
    if row is None:
        raise invalid("connection.unknown", "slug", slug=slug)
    return row.id


async def by_slug(hub: Installation, slug: str) -> ConnectionRow | None:
    """The connection of that short name, if there is one."""
    rows = await hub.ledger.read(catalog.connections)
    return next((row for row in rows if row.slug == slug), None)


async def try_open(connector: AnyConnector, values: Mapping[str, Any], slug: str) -> None:
    """Settings that no session can be opened with are refused before they are stored."""
    settings = settings_.load(connector.settings, values)
    try:
        zone = ZoneInfo(settings.timezone)
    except (KeyError, ValueError, OSError):  # not known, not a name, a folder of zones
        raise invalid("setting.invalid", "timezone", reason="no time zone of that name") from None
    try:
        session = connector.open(settings, Context(slug=slug, zone=zone))
    except ConfigurationError as error:
        raise InvalidDocumentError(error.problem) from None
    await session.close()


async def _contacts(hub: Installation) -> dict[int, int | None]:
    """When each connection was last read from or written to."""
    rows = await hub.ledger.read(Transaction.rows, "contacts")
    return {row["id"]: max(filter(None, (row["seen"], row["written"])), default=None) for row in rows}


async def view_of(hub: Installation, row: ConnectionRow, contact: int | None = None) -> View:
    """One that cannot be opened any more, after a change of the program, is shown with its problem like the others."""
    known = connectors().get(row.connector)
    problem, left, free = row.problem, None, None
    try:
        budget = await budget_of(hub, row)
    except InvalidDocumentError as error:
        problem = msgspec.to_builtins(error.problems[0])
    except VendorError as error:
        problem = msgspec.to_builtins(error.problem)
    else:
        now = utc_now()
        left, free = budget.left(now), budget.free_at(now)
        free = free if free > now else None
    return View(
        slug=row.slug,
        connector=row.connector,
        name=known.manifest.names["en"] if known else row.connector,
        state=row.state,
        settings=row.settings,
        proof=known.manifest.proof["en"] if known else "",
        calls_left=left,
        calls_free_at=free,
        problem=problem,
        contact=contact,
    )


async def budget_of(hub: Installation, row: ConnectionRow) -> Budget:
    """Calls allowed, and used by the stored count: another process may be the one that calls."""
    held = await hub.connections.get(row.id)
    return Budget(held.budget.per_hour, held.budget.per_day, msgspec.convert(row.usage, Usage))
