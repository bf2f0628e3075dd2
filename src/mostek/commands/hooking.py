"""Commands on webhooks: the secret address at which a system tells that something changed, and what came in there."""

import hashlib
import secrets

import msgspec

from mostek.commands.connecting import number_of
from mostek.desk.installation import Installation
from mostek.documents.problem import invalid
from mostek.hub.ledger import Transaction, hooks
from mostek.hub.ledger.catalog import WORKSPACE
from mostek.hub.ledger.dialect import Row


class List(msgspec.Struct, kw_only=True):
    """What came in by webhooks, for each connection that has an address for them."""


class Show(msgspec.Struct, kw_only=True):
    """The address of one connection, with its secret."""

    slug: str


class Rotate(msgspec.Struct, kw_only=True):
    """A new address for a connection; the one before is dead at once."""

    slug: str


class Hook(msgspec.Struct, frozen=True, kw_only=True):
    """An address as it is given to the other system; ``url`` is empty while it is not known how we are reached."""

    slug: str
    path: str
    url: str


class HookView(msgspec.Struct, frozen=True, kw_only=True):
    """Calls that came in: all, those that said nothing new, unread ones, when the last one came, and since when.

    ``missed`` counts what was found changed in the last day without a call having told of it. Times in milliseconds
    since 1970.
    """

    slug: str
    received: int
    repeated: int
    waiting: int
    missed: int
    last: int | None
    made: int


async def list_(hub: Installation, _: List) -> tuple[HookView, ...]:
    """In the order of the connections."""
    names = HookView.__struct_fields__
    return tuple(HookView(**{name: row[name] for name in names}) for row in await hub.ledger.read(_rows))


async def show(hub: Installation, request: Show) -> Hook:
    """Raises ``hook.missing`` where none has been made."""
    await number_of(hub, request.slug)
    locked = next((row["secret"] for row in await hub.ledger.read(_rows) if row["slug"] == request.slug), None)
    if locked is None:
        raise invalid("hook.missing", "slug", slug=request.slug)
    return await _hook(hub, request.slug, hub.vault.unlock(locked)["hook"])


async def rotate(hub: Installation, request: Rotate) -> Hook:
    """Make the address, or another one in its place."""
    number = await number_of(hub, request.slug)
    secret = secrets.token_urlsafe(32)
    locked = hub.vault.lock({"hook": secret})
    await hub.ledger.write(
        Transaction.run, "put_hook", connection=number, workspace=WORKSPACE, secret=locked, digest=digest(secret)
    )
    return await _hook(hub, request.slug, secret)


def digest(secret: str) -> str:
    """What a secret is compared by; of 256 bits of chance, so that a plain digest is enough."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _rows(tx: Transaction) -> list[Row]:
    return tx.rows("hooks", grace=hooks.GRACE_MS)


async def _hook(hub: Installation, slug: str, secret: str) -> Hook:
    stored = {row["name"]: row["value"] for row in await hub.ledger.read(Transaction.rows, "installation")}
    base, path = stored.get("url", ""), f"/hooks/{slug}/{secret}"
    return Hook(slug=slug, path=path, url=base.rstrip("/") + path if base else "")
