"""What a dead worker of this host held is free at once; what a living one holds, or one of another world, never is."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mostek.hub import workers
from mostek.hub.ledger import actions as action_rows
from mostek.hub.ledger import feeds as feed_rows
from mostek.hub.ledger import passages as passage_rows
from mostek.hub.runner import Runner
from tests.hub import toy
from tests.hub.bench import Installation
from tests.hub.conftest import Installer
from tests.hub.soundness import sound

ROOT = Path(__file__).parents[2]
NAMING = "from mostek.hub import workers; print(workers.name(), flush=True); input()"


@contextmanager
def worker() -> Iterator[str]:
    """Another process on this machine, alive; gives the name it has as a worker."""
    command = (sys.executable, "-c", NAMING)
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout
    try:
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()


def other(name: str, **parts: str) -> str:
    """The name with some parts changed."""
    found = dict(zip(("host", "world", "pid", "beginning", "random"), name.split(":"), strict=True))
    return ":".join({**found, **parts}.values())


def test_a_process_is_dead_when_it_is_gone() -> None:
    with worker() as name:
        assert not workers.is_dead(name)
    assert workers.is_dead(name)


def test_a_living_one_is_not_dead() -> None:
    assert not workers.is_dead(workers.name())
    assert not workers.is_dead(other(workers.name(), random="00000000")), "another engine of this process"


def test_a_number_given_to_another_process_is_no_life() -> None:
    assert workers.is_dead(other(workers.name(), beginning="1"))


def test_of_whom_nothing_can_be_known_nothing_is_said() -> None:
    with worker() as name:
        pass
    assert workers.is_dead(name)
    for strange in (
        other(name, host="elsewhere"),
        other(name, world="0123456789ab"),  # another boot, or a container with numbers of its own
        other(name, world="-"),  # a system that does not tell
        other(name, beginning="-"),
        f"{socket.gethostname()}:{os.getpid()}:ab",  # an earlier version's
        "x",
        "",
    ):
        assert not workers.is_dead(strange), strange


def test_a_system_that_tells_nothing_frees_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_BOOT", Path("/nowhere/boot_id"))
    with worker() as name:
        mine = workers.name()
    assert not workers.is_dead(name)
    assert not workers.is_dead(other(mine, pid=name.split(":")[2]))


def test_a_process_of_another_user_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(pid: int, number: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", forbidden)
    monkeypatch.setattr(workers, "_beginning", lambda pid: None)  # as where they are hidden
    assert not workers.is_dead(other(workers.name(), beginning="1"))


async def held_by(hub: Installation, owner: str) -> None:
    """This worker holds a feed, passages and the endpoint, with a batch on its way."""
    hub.shop.put(*(toy.invoice(f"F{number}") for number in range(5)))
    await hub.read()
    await hub.plan()
    endpoint = await hub.ledger.write(action_rows.lease, owner, 2, 1_000)
    assert endpoint
    assert await hub.ledger.write(action_rows.intend, endpoint, 1_000)
    hub.shop.put(toy.invoice("F9"))
    await hub.read()
    assert await hub.ledger.write(passage_rows.lease, owner, 1, 10)
    assert await hub.ledger.write(feed_rows.lease, owner, [2], forced=True)


async def test_the_next_worker_goes_on_at_once(installed: Installer) -> None:
    hub = await installed()
    with worker() as owner:
        await held_by(hub, owner)
        await hub.sql("UPDATE action SET sent = sent - 50000 WHERE state = 'sent'")
        assert await workers.free_the_dead(hub.ledger) == ()
        assert len(await hub.rows("leases")) == 3
    left = await hub.once()  # without a minute's waiting
    assert not left
    assert await hub.rows("leases") == []
    assert hub.books.calls["find"] == 1, "what was on its way is looked for before it is sent again"
    assert await sound(hub) == {"done": 6}


async def test_what_was_on_its_way_rests_from_now_on(installed: Installer) -> None:
    """The dead one may have sent long after it had written that it would."""
    hub = await installed()
    with worker() as owner:
        await held_by(hub, owner)
        await hub.sql("UPDATE action SET sent = sent - 50000 WHERE state = 'sent'")
    assert await workers.free_the_dead(hub.ledger) == (owner,)
    endpoint = await hub.ledger.write(action_rows.lease, "next", 2, 30_000)
    assert endpoint
    rows = await hub.rows("next_settle", connection=2)
    assert 25_000 < rows[0]["ms"] <= 30_000


async def test_nothing_is_freed_where_the_ledger_does_not_belong(installed: Installer) -> None:
    hub = await installed()
    with worker() as owner:
        await held_by(hub, owner)
    await hub.ledger.write(lambda tx: tx.run("put_installation", name="stopped", value="eva"))
    await Runner(hub.engine).once()
    assert len(await hub.rows("leases")) == 3
