"""The place where a ledger belongs: one that was restored, moved or copied waits until a person says that it goes on.

With SQLite the place is the machine, the folder and the file itself. Beside the ledger lies a mark of how far it had
come, so that an older copy laid into its very place is noticed. With PostgreSQL the place is the server, its address,
its timeline, the database, and the table that holds the place: a dump that is read back has another one.
"""

import contextlib
import hashlib
import os
import socket
from pathlib import Path

from mostek.documents.problem import Problem
from mostek.hub.ledger import DATABASE_ERRORS, OUTAGES, Ledger, Transaction

_MACHINE = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))
# Where a ledger that was restored from a backup belongs: nowhere yet.
NOWHERE = ""


async def halt(ledger: Ledger) -> Problem | None:
    """Why nothing may be read, planned or sent now: not at its place, or stopped by a person; None when all is well.

    A ledger without a place is new and takes this one. Cheap enough to be asked every second.
    """
    marked = _marked(ledger)  # before the ledger is read: it is never ahead of what it is compared with
    stored, reached = await ledger.read(_stored)
    this = await here(ledger)
    place = stored.get("place")
    ledger.find_first = int(stored.get("find_first", 0))
    if place is None:
        await ledger.write(Transaction.run, "put_installation", name="place", value=this)
    elif place == NOWHERE:
        return Problem(cause="place.restored")
    elif place.split()[0] != this.split()[0]:
        return Problem(cause="place.moved", details={"there": named(place), "here": named(this)})
    elif reached < marked:
        return Problem(cause="place.older", details={"here": named(this)})
    if reached > marked:
        mark(ledger, reached)
    return Problem(cause="hub.stopped", details={"person": stored["stopped"]}) if "stopped" in stored else None


def _stored(tx: Transaction) -> tuple[dict[str, str], int]:
    return {row["name"]: row["value"] for row in tx.rows("installation")}, tx.rows("reached")[0]["fences"]


async def here(ledger: Ledger) -> str:
    """Where the ledger is: a digest, and the name for people after it."""
    if ledger.file:
        machine = next((path.read_text().strip() for path in _MACHINE if path.is_file()), "")
        file = ledger.file.resolve()
        return _place(f"{socket.gethostname()}:{file.parent}", machine, str(file), str(ledger.identity()))
    row = (await ledger.read(Transaction.rows, "place_of_database"))[0]
    try:
        cluster = (await ledger.read(Transaction.rows, "place_of_cluster"))[0]["place"]
    except OUTAGES:
        raise
    except DATABASE_ERRORS:  # a server may keep these to its administrators, or not have them
        cluster = ""
    return _place(f"{row['host']}/{row['name']}", cluster, row["place"])


def _place(words: str, *parts: str) -> str:
    return f"{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:20]} {words}"


def _marked(ledger: Ledger) -> int:
    try:
        return int(ledger.file.with_suffix(".mark").read_text()) if ledger.file else 0
    except (FileNotFoundError, ValueError):
        return 0


def mark(ledger: Ledger, reached: int) -> None:
    """Write down how far the ledger has come; renamed into place, so that nobody reads half of it."""
    if ledger.file:
        new = ledger.file.with_suffix(f".mark{os.getpid()}")
        with contextlib.suppress(OSError):  # a full disk: the mark before stays true
            new.write_text(str(reached))
            new.replace(ledger.file.with_suffix(".mark"))


def named(place: str) -> str:
    """A place in words."""
    return place.partition(" ")[2]
