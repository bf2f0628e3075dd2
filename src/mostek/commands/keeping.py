"""Commands that keep an installation: back it up, restore it, and say that it goes on at a new place."""

import asyncio
import os
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import msgspec

from mostek.desk import archive
from mostek.desk.installation import DATABASE_FILE, KEY_FILE, LEDGER_FILE, Installation
from mostek.documents.problem import invalid
from mostek.hub import place
from mostek.hub.ledger import Ledger, Transaction, catalog
from mostek.hub.ledger.catalog import WORKSPACE
from mostek.hub.vault import Vault


class Backup(msgspec.Struct, kw_only=True):
    """Write a backup into a new file, or under a name of its own into a folder; ``with_key`` puts the key beside it."""

    file: str
    with_key: bool = False


class Takeover(msgspec.Struct, kw_only=True):
    """Go on with this ledger here: the one it was copied or restored from has been stopped for good."""


class BackedUp(msgspec.Struct, frozen=True, kw_only=True):
    """A backup that was written; ``size`` in bytes."""

    file: str
    size: int
    manifest: archive.Manifest


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """A backup that was restored; ``kept`` are the files that were there before, under their new names."""

    data: str
    kept: tuple[str, ...]
    manifest: archive.Manifest


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """Where the ledger belongs now; not ``changed``: it belonged there already."""

    place: str
    changed: bool


async def backup(hub: Installation, request: Backup) -> BackedUp:
    """Copy ledger and traces as of one moment, while the program may run; a file that is there is never replaced."""
    if hub.ledger.file is None:
        address = '"$MOSTEK_DATABASE"' if os.environ.get("MOSTEK_DATABASE") else f'"$(cat {hub.data / DATABASE_FILE})"'
        raise invalid("backup.postgresql", "database", command=f"pg_dump --format=custom --file=mostek.dump {address}")
    file = Path(request.file)
    if file.is_dir():
        file /= f"mostek-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.zip"
    try:
        manifest = await asyncio.to_thread(
            archive.write, file, hub.ledger.file, hub.data / KEY_FILE, with_key=request.with_key
        )
    except FileExistsError:
        raise invalid("backup.exists", "file", file=file) from None
    except OSError as error:
        raise invalid("backup.unwritable", "file", file=file, reason=error.strerror or error) from None
    return BackedUp(file=str(file), size=file.stat().st_size, manifest=manifest)


async def restore(file: Path, data: Path, *, key: Path | None, replace: bool, person: str) -> Restored:
    """Restore a backup into a folder, whole or not at all; the ledger there then belongs to no place.

    The key is the one in the backup, ``key``, or the folder's own. Raises ``restore.occupied`` for a folder with a
    ledger unless ``replace``, ``restore.running`` when that is in use, ``restore.no_key`` and ``vault.wrong_key``.
    """
    manifest = archive.read(file)
    if os.environ.get("MOSTEK_DATABASE") or (data / DATABASE_FILE).exists():
        raise invalid("restore.other_database", "data", folder=data)
    if (data / LEDGER_FILE).exists() and not replace:
        raise invalid("restore.occupied", "data", folder=data)
    if (data / LEDGER_FILE).exists() and not archive.closed(data / LEDGER_FILE):
        raise invalid("restore.running", "data", folder=data)
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        with archive.aside(data) as built:
            archive.unpack(file, manifest, built)
            if KEY_FILE not in manifest.files:
                _bring_key(manifest, key or data / KEY_FILE, built / KEY_FILE)
            await _checked(built, file, person)
            kept = archive.lay(built, data, f"before-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    except OSError as error:
        raise invalid("installation.folder", "data", folder=data, reason=error.strerror or error) from None
    return Restored(data=str(data), kept=kept, manifest=manifest)


def _bring_key(manifest: archive.Manifest, key: Path, built: Path) -> None:
    if not key.exists():
        raise invalid("restore.no_key", "key", origin=manifest.origin, mark=manifest.key, file=key)
    shutil.copyfile(key, built)
    built.chmod(0o600)


async def _checked(built: Path, file: Path, person: str) -> None:
    """Bring the ledger up to this program, see that the key opens every password, and write down who restored it."""
    vault = Vault(built / KEY_FILE)
    ledger = Ledger(f"sqlite:///{built / LEDGER_FILE}")
    try:
        for row in await ledger.read(catalog.connections):
            vault.unlock(row.secrets)
        await ledger.write(
            Transaction.run,
            "add_audit",
            workspace=WORKSPACE,
            person=person,
            command="restore",
            request={"file": str(file)},
        )
    finally:
        ledger.close()


def needs_key(file: Path, data: Path) -> archive.Manifest | None:
    """What a backup says of itself, if neither it nor the folder has a key; None where nobody has to be asked."""
    manifest = archive.read(file)
    return None if KEY_FILE in manifest.files or (data / KEY_FILE).exists() else manifest


async def takeover(hub: Installation, _: Takeover) -> Taken:
    """Make this the ledger's place, and begin a new epoch: from now on each effect is looked for before it is sent.

    What an earlier life of the ledger held is free.
    """
    this = await place.here(hub.ledger)
    halt = await place.halt(hub.ledger)
    changed = halt is not None and halt.cause.startswith("place.")
    if changed:
        await hub.ledger.write(_take, this)
        place.mark(hub.ledger, 0)
    return Taken(place=place.named(this), changed=changed)


def _take(tx: Transaction, this: str) -> None:
    """All that came since is about to be seen at once: it is read as a back-fill, and no flood to the brake."""
    life = {"place": this, "epoch": str(uuid4()), "find_first": str(int(time.time() * 1000))}
    for name, value in life.items():
        tx.run("put_installation", name=name, value=value)
    for name in ("free_endpoints", "free_feeds", "free_passages", "release_brakes"):
        tx.run(name)


async def reached_at(hub: Installation, url: str) -> None:
    """Remember the address at which people and shops reach the page, for what is told to them."""
    await hub.ledger.write(Transaction.run, "put_installation", name="url", value=url)
