"""Commands for who connects a system: what can be connected, and a live test of settings that are not stored."""

from collections.abc import Mapping
from typing import Any

import msgspec

from mostek.commands.connecting import SLUG, Checked, by_slug, try_open
from mostek.desk.installation import Installation
from mostek.documents.problem import Problem, invalid
from mostek.hub.connections import Opened, connector_of, connectors, opened, split_secrets
from mostek.hub.ledger.catalog import WORKSPACE, ConnectionRow
from mostek.sdk import settings as settings_
from mostek.sdk.errors import AuthFailedError, ConfigurationError, NotReadyError, VendorError
from mostek.sdk.manifest import Manifest

# A clock that is off by more gives documents of the wrong day, and spoils what is read by time of change.
SKEW_SECONDS = 120


class Systems(msgspec.Struct, kw_only=True):
    """What can be connected."""


class Probe(msgspec.Struct, kw_only=True):
    """Test settings live, storing nothing; those of a connection that are left out count as they are stored."""

    slug: str
    connector: str
    settings: Mapping[str, Any] = {}


class Probed(msgspec.Struct, frozen=True, kw_only=True):
    """What a live test found; each problem names the setting it is about, where it is about one.

    ``storable``: the settings may be stored all the same, since a run could not do harm with them.
    """

    checked: Checked
    storable: bool


async def systems(_: Installation, __: Systems) -> tuple[Manifest, ...]:
    """The manifests of all connectors, by name."""
    return tuple(found.manifest for _, found in sorted(connectors().items()))


async def probe(hub: Installation, request: Probe) -> Probed:
    """Log in with these settings and look around; raises what a wrong form of the settings raises."""
    if not SLUG.fullmatch(request.slug):
        raise invalid("connection.slug", "slug", slug=request.slug)
    connector, before = connector_of(request.connector), await by_slug(hub, request.slug)
    if before and before.connector != connector.id:
        raise invalid("connection.taken", "slug", slug=request.slug)
    kept = {**before.settings, **hub.vault.unlock(before.secrets)} if before else {}
    values = {**kept, **request.settings}
    await try_open(connector, values, request.slug)
    settings = settings_.load(connector.settings, values)
    shown, hidden = split_secrets(connector, values)
    row = ConnectionRow(
        id=before.id if before else 0,
        workspace=WORKSPACE,
        slug=request.slug,
        connector=connector.id,
        settings=shown,
        secrets=hub.vault.lock(hidden),
        state="active",
        usage=before.usage if before else {},
        problem=None,
    )
    held = opened(row, connector, settings)
    try:
        return await _looked(held)
    finally:
        await held.session.close()


async def _looked(held: Opened) -> Probed:
    slug = held.row.slug
    try:
        health = await held.session.check()
    except VendorError as error:
        problem = held.redacted(msgspec.structs.replace(error.problem, field=_field(held, error)))
        wrong = Checked(slug=slug, ok=False, problems=(problem,), words=held.redact(error.words))
        return Probed(checked=wrong, storable=not isinstance(error, AuthFailedError | ConfigurationError))
    problems = list(map(held.redacted, health.problems))
    if abs(health.clock_skew_seconds) > SKEW_SECONDS:
        details = {"slug": slug, "seconds": str(round(abs(health.clock_skew_seconds)))}
        problems.append(Problem(cause="doctor.skew", details=details))
    checked = Checked(
        slug=slug,
        ok=not problems,
        system=health.system,
        version=held.redact(health.version),
        rights=tuple(map(held.redact, health.rights)),
        problems=tuple(problems),
    )
    return Probed(checked=checked, storable=True)


def _field(held: Opened, error: VendorError) -> str:
    """The setting that a failure is about: what the error names, or what its kind says."""
    known = type(held.settings).__struct_fields__
    address = "test_address" if held.settings.test_address else "address"
    secret = next(iter(sorted(settings_.secrets(held.connector.settings))), "")
    named = error.problem.field if error.problem.field in known else ""
    if named == "address":
        return address if address in known else ""
    if named:
        return named
    usual: tuple[tuple[type[VendorError], str], ...] = (
        (AuthFailedError, secret),
        (NotReadyError, address),
        (ConfigurationError, address),
    )
    return next((field for kind, field in usual if isinstance(error, kind) and field in known), "")
