"""Who a worker is, and whether it still lives: what a dead one of this host held is free when the next one starts.

A process is told from every other by its number, the moment it began, and the world its number counts in: the boot of
the machine and the name spaces of a container. Of a process of another world nothing is known; its leases run out.
"""

import hashlib
import os
import socket
from pathlib import Path
from uuid import uuid4

from mostek.hub.ledger import Ledger, Transaction

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_SPACES = ("/proc/self/ns/pid", "/proc/self/ns/time")
_UNKNOWN = "-"
# Of what stands in /proc/PID/stat after the command's name: when the process began, in ticks since the boot.
_STARTED = 19


def name() -> str:
    """A name that no other incarnation of any worker has: host, world, process, its beginning, and a random part."""
    pid = os.getpid()
    return ":".join((socket.gethostname(), _world(), str(pid), _beginning(pid) or _UNKNOWN, uuid4().hex[:8]))


def is_dead(owner: str) -> bool:
    """Whether this worker's process is surely gone; of one that cannot be judged from here it is not sure."""
    host, *parts = owner.rsplit(":", 4)
    if len(parts) != 4:  # named by an earlier version of the program
        return False
    world, pid, beginning, _ = parts
    if host != socket.gethostname() or world == _UNKNOWN or world != _world() or beginning == _UNKNOWN:
        return False
    try:
        os.kill(int(pid), 0)  # also where processes of other users are hidden
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return _beginning(int(pid)) not in {beginning, None}  # the number was given to another process


async def free_the_dead(ledger: Ledger) -> tuple[str, ...]:
    """Free at once what dead workers of this host held; returns who they were."""
    owners = {row["owner"] for row in await ledger.read(Transaction.rows, "owners")}
    dead = tuple(sorted(owner for owner in owners if is_dead(owner)))
    if dead:
        await ledger.write(_free, dead)
    return dead


def _free(tx: Transaction, dead: tuple[str, ...]) -> None:
    """What was in flight may have gone out until now: from now on it is counted when it can no longer arrive."""
    for statement in ("sent_by_owners", "free_endpoints_of", "free_feeds_of", "free_passages_of"):
        tx.run(statement, owners=list(dead))


def _world() -> str:
    """The boot and the name spaces that the numbers of processes count in, as a digest; unknown without Linux."""
    try:
        parts = [_BOOT.read_text(), *(os.readlink(space) for space in _SPACES)]
    except OSError:
        return _UNKNOWN
    return hashlib.sha256("".join(parts).encode()).hexdigest()[:12]


def _beginning(pid: int) -> str | None:
    """When a process began; None when that is hidden or there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[_STARTED]
    except OSError:
        return None
