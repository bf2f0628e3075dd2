"""Each duty has one effect, whatever is lost, late, cut, unreachable or killed."""

from collections import deque
from collections.abc import Sequence
from itertools import product
from typing import Any

import pytest

from mostek.documents.party import Address, Party
from mostek.hub import delivery
from mostek.hub.delivery import deliver
from mostek.hub.ledger import Ledger, StaleLeaseError
from mostek.hub.ledger import actions as action_rows
from mostek.hub.ledger.actions import Outcome
from mostek.sdk.effect import Intent
from tests.hub import toy
from tests.hub.bench import CrashPoint, Installation
from tests.hub.conftest import Installer
from tests.hub.soundness import sound

FAULTS = ("lost", "late", "cut", "unreachable")
DUTIES = ("contact", "invoice", "credit_note", "link", "payment")
STORIES = [*product(FAULTS), *product(FAULTS, FAULTS), ("cut", "late", "lost"), ("late", "unreachable", "cut", "lost")]


def trade(name: str, email: str = "") -> tuple[Any, Any]:
    """A paid invoice and its credit note for one buyer: a contact, two documents, a link and a payment."""
    buyer = Party(address=Address(name="Jana Testová", country="CZ"), email=email or f"{name}@buyer.example".lower())
    invoice = toy.invoice(f"F{name}", buyer=buyer, is_paid=True, order_number=None)
    return invoice, toy.credit_note(f"D{name}", f"F{name}", buyer=buyer)


def label(duty: str, name: str) -> str:
    """How the toy books call the effect of a trade (see toy.label)."""
    document = f"D{name}" if duty in {"credit_note", "link"} else f"F{name}"
    return f"{duty} {f'{name}@buyer.example'.lower() if duty == 'contact' else document}"


async def committed_before_asked(hub: Installation) -> None:
    """The vendor commits what was cut off before the hub looks for it."""

    async def hook(name: str, _: Sequence[Intent]) -> None:
        if name == "find":
            hub.books.settle()

    hub.books.hook = hook


async def committed_after_asked(hub: Installation) -> None:
    """The vendor commits it after he said that there is nothing: just before the same bytes come again."""

    async def hook(name: str, _: Sequence[Intent]) -> None:
        if name == "write":
            hub.books.settle()

    hub.books.hook = hook


@pytest.mark.parametrize("duty", DUTIES)
@pytest.mark.parametrize("batch", [1, 10])
async def test_every_story_of_faults_ends_with_one_effect(installed: Installer, duty: str, batch: int) -> None:
    hub = await installed(batch=batch)
    hub.books.idempotent = False
    await committed_before_asked(hub)
    for number, story in enumerate(STORIES):
        hub.shop.put(*trade(str(number)))
        hub.books.faults_of[label(duty, str(number))] = deque(story)
    await hub.rest(rounds=200)
    assert await sound(hub) == {"done": 2 * len(STORIES)}
    if batch == 1:  # in a batch one fault is met for all
        told = zip(STORIES, hub.books.faults_of.values(), strict=True)
        assert all(len(left) < len(story) for story, left in told)
    assert len(hub.books.every) == len(DUTIES) * len(STORIES)


async def test_a_commit_after_absence_was_told_meets_the_same_bytes(installed: Installer) -> None:
    hub = await installed()
    await committed_after_asked(hub)
    for number, duty in enumerate(DUTIES):
        hub.shop.put(*trade(str(number)))
        hub.books.faults_of[label(duty, str(number))] = deque(["late", "late"])
    await hub.rest()
    assert await sound(hub) == {"done": 2 * len(DUTIES)}
    assert len(hub.books.every) == len(DUTIES) ** 2


async def test_nothing_is_sent_again_before_it_can_no_longer_happen(installed: Installer) -> None:
    hub = await installed()
    hub.books.idempotent = False
    hub.shop.put(toy.invoice("F1"))
    hub.books.faults_of["invoice"] = deque(["late"])
    await hub.read()
    await hub.plan()
    await hub.deliver()
    await hub.sql("UPDATE endpoint SET not_before = 0")  # the pause after a failure is not what protects
    await hub.deliver()
    assert hub.books.calls["find"] == 0
    assert await hub.states() == {"F1": "in_doubt: in_doubt"}
    hub.books.settle()
    await hub.rest()
    assert await sound(hub) == {"done": 1}


@pytest.mark.parametrize("answer", ["stale", "cannot", "down"])
async def test_what_proves_nothing_is_no_reason_to_send_again(installed: Installer, answer: str) -> None:
    hub = await installed()
    hub.books.idempotent = False
    hub.shop.put(toy.invoice("F1"))
    hub.books.faults_of["invoice"] = deque(["late"])
    hub.books.findings.extend([answer] * 3)
    await hub.read()
    await hub.plan()
    await hub.deliver()
    for _ in range(3):
        await hub.elapse(60)
        writes = hub.books.calls["write"]
        await hub.deliver()
        assert hub.books.calls["write"] == writes
        assert await hub.states() == {"F1": "in_doubt: in_doubt"}
    hub.books.settle()
    await hub.rest()
    assert await sound(hub) == {"done": 1}


async def test_found_twice_is_an_alarm_and_never_done(installed: Installer) -> None:
    hub = await installed()
    hub.books.idempotent = False
    hub.shop.put(toy.invoice("F1"))
    hub.books.faults_of["invoice"] = deque(["lost"])
    await hub.read()
    await hub.plan()
    await hub.deliver()
    hub.books.every.append(hub.books.every[-1])
    await hub.elapse(60)
    await hub.deliver()
    assert await hub.states() == {"F1": "parked: settle.several"}
    await hub.elapse(60)
    await hub.deliver()
    assert hub.books.calls["write"] == 2  # the contact and the invoice


async def test_a_document_that_changed_while_its_fate_was_unknown_is_never_done_with_old_figures(
    installed: Installer,
) -> None:
    hub = await installed()
    hub.shop.put(toy.invoice("F1"))
    hub.books.faults_of["invoice"] = deque(["cut", "unreachable"])
    await hub.read()
    await hub.plan()
    await hub.deliver()
    await hub.elapse(60)
    await hub.deliver()  # looks: absent; sends again: unreachable
    hub.shop.put(toy.invoice("F1", "242"))
    await hub.rest()
    assert await hub.states() == {"F1": "parked: document.changed"}
    assert await sound(hub) == {"parked": 1}


async def test_what_surely_was_not_sent_is_planned_anew(installed: Installer) -> None:
    hub = await installed()
    hub.shop.put(toy.invoice("F1"))
    hub.books.faults_of["invoice"] = deque(["unreachable"])
    await hub.read()
    await hub.plan()
    await hub.deliver()
    hub.shop.put(toy.invoice("F1", "242"))
    await hub.rest()
    assert await sound(hub) == {"done": 1}
    assert hub.books.every[-1][1].subject == toy.invoice("F1", "242")


async def _survive(hub: Installation, monkeypatch: pytest.MonkeyPatch, point: CrashPoint) -> bool:
    """Run to rest or to the crash; says whether it crashed."""
    with monkeypatch.context() as patch:
        patch.setattr(hub.ledger, "write", point.wrap(hub.ledger.write))
        for call in ("write", "find", "verify", "ask"):
            patch.setattr(toy.BooksSession, call, point.wrap(getattr(toy.BooksSession, call)))
        try:
            await hub.rest()
        except toy.Crash:
            return True
        except BaseExceptionGroup as group:
            if group.subgroup(toy.Crash) is None:
                raise
            return True
    return False


@pytest.mark.parametrize("fault", ["", "lost", "cut"])
async def test_killed_at_any_commit_or_call_everything_comes_to_rest(
    installed: Installer, monkeypatch: pytest.MonkeyPatch, address: str, fault: str
) -> None:
    """Each trade meets its death one step later, before and after each commit and call, until a run survives."""
    hub = await installed()
    hub.books.idempotent = False
    step = 1 if address.startswith("sqlite") else 3
    trades, points = 0, 0
    for after in (False, True):
        at, crashed = 0, True
        while crashed:
            hub.shop.put(*trade(str(trades)))
            hub.books.faults_of[label("invoice", str(trades))] = deque([fault] if fault else [])
            trades += 1
            crashed = await _survive(hub, monkeypatch, CrashPoint(at, after))
            at += step
            points += crashed
            if crashed:
                hub = await hub.restart()
                await hub.elapse(120)
                await hub.rest()
    assert points > 40 / step
    assert await sound(hub) == {"done": 2 * trades}
    assert len(hub.books.every) == len(DUTIES) * trades


async def test_a_new_holder_settles_what_the_old_one_left_and_the_old_one_writes_nothing(installed: Installer) -> None:
    hub = await installed()
    hub.shop.put(toy.invoice("F1"))
    await hub.read()
    await hub.plan()
    second = hub.beside(hub.ledger)
    held: list[str] = []

    async def hook(name: str, intents: Sequence[Intent]) -> None:
        if name == "write" and not held:
            held.append(intents[0].action.key)
            await second.elapse(61)  # the lease runs out while the vendor thinks
            await second.rest()

    hub.books.hook = hook
    assert await hub.deliver() == 0
    hub.books.hook = None
    states = await hub.sql("SELECT state, fence FROM action WHERE kind = 'contact'")
    assert states[0]["state"] == "done"
    await second.rest()
    assert await sound(second) == {"done": 1}


async def test_a_worker_that_slept_past_its_lease_sends_nothing(
    installed: Installer, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = await installed()
    hub.shop.put(toy.invoice("F1"))
    await hub.read()
    await hub.plan()

    class Clock:
        """A monotonic clock that jumps when the machine wakes."""

        now = 0.0

        def monotonic(self) -> float:
            return self.now

        def time(self) -> float:
            raise AssertionError("nothing was to be sent")

    clock = Clock()

    def sleep(*_: object) -> bool:
        clock.now += action_rows.LEASE_MS / 1000 / 2 + 1
        return True

    with monkeypatch.context() as patch:
        patch.setattr(delivery, "time", clock)
        patch.setattr(action_rows, "holds", sleep)
        assert await deliver(hub.engine, 2, verify_age_ms=0) == 0
    assert clock.now
    assert hub.books.calls["write"] == 0
    await hub.rest()
    assert await sound(hub) == {"done": 1}
    assert hub.books.calls["find"] == 0, "what was not sent is not looked for"


async def test_an_old_fence_commits_neither_intents_nor_outcomes_nor_verification(installed: Installer) -> None:
    hub = await installed()
    hub.shop.put(toy.invoice("F1"))
    await hub.read()
    await hub.plan()
    old = await hub.ledger.write(action_rows.lease, "old", 2, 1000)
    assert old
    assert await hub.ledger.write(action_rows.lease, "new", 2, 1000) is None
    [row] = await hub.ledger.write(action_rows.intend, old, 10) or []
    assert await hub.ledger.write(action_rows.intend, old, 10) == [], "once is enough"
    await hub.elapse(61)
    new = await hub.ledger.write(action_rows.lease, "new", 2, 1000)
    assert new
    assert new.fence == old.fence + 1
    before = await hub.sql("SELECT * FROM action ORDER BY key")
    assert [each["state"] for each in before if each["key"] == row["key"]] == ["unknown"]
    outcome = Outcome(key=row["key"], state="done", target_id="T1")
    verified = {"key": row["key"], "state": "done", "cause": None, "problem": None}
    assert await hub.ledger.write(action_rows.intend, old, 10) is None
    assert not await hub.ledger.read(action_rows.holds, old)
    await hub.ledger.write(action_rows.give_back, old, [row["key"]])
    with pytest.raises(StaleLeaseError):
        await hub.ledger.write(action_rows.commit_outcomes, old, [outcome])
    with pytest.raises(StaleLeaseError):
        await hub.ledger.write(action_rows.commit_verified, old, [verified])
    with pytest.raises(StaleLeaseError):
        await hub.ledger.write(action_rows.extend, old)
    await hub.ledger.write(action_rows.release, old, 10_000, "{}")
    assert await hub.sql("SELECT * FROM action ORDER BY key") == before
    [endpoint] = await hub.sql("SELECT owner, problem FROM endpoint")
    assert endpoint == {"owner": "new", "problem": None}


async def test_an_old_holder_gives_nothing_back_that_the_new_one_is_sending(installed: Installer) -> None:
    hub = await installed({"contacts": "none"})
    hub.shop.put(toy.invoice("F1"))
    await hub.read()
    await hub.plan()
    old = await hub.ledger.write(action_rows.lease, "old", 2, 1000)
    assert old
    [row] = await hub.ledger.write(action_rows.intend, old, 10) or []
    await hub.elapse(61)
    new = await hub.ledger.write(action_rows.lease, "new", 2, 1000)
    assert new
    await hub.sql("UPDATE action SET state = 'ready'")  # as if it had been looked for, and was not there
    assert await hub.ledger.write(action_rows.intend, new, 10)
    for held, state in ((old, "sent"), (new, "ready")):
        await hub.ledger.write(action_rows.give_back, held, [row["key"]])
        assert [each["state"] for each in await hub.sql("SELECT state FROM action")] == [state]


async def test_two_workers_at_once_make_no_doubles(
    installed: Installer, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    """Two processes' worth of loops on one database, with leases so short that they are lost all the time."""
    import asyncio

    from mostek.hub.ledger import feeds, passages

    hub = await installed()
    for module, ms in ((feeds, 30), (passages, 30), (action_rows, 200)):
        monkeypatch.setattr(module, "LEASE_MS", ms)
    hub.books.idempotent = False
    second = hub.beside(Ledger(address))
    for number in range(40):
        hub.shop.put(*trade(str(number)))
    for duty, fault in (("invoice", "lost"), ("payment", "cut"), ("contact", "late"), ("link", "lost")):
        hub.books.faults_of[duty] = deque(["", fault, "", "unreachable"])

    async def hook(name: str, _: Sequence[Intent]) -> None:
        if name == "find":
            hub.books.settle()
        await asyncio.sleep(0.002)

    hub.books.hook = hook

    async def work(worker: Installation) -> None:
        for _ in range(40):
            await worker.read()
            await worker.plan()
            await worker.deliver()
            # Time passes by less than what it takes a vendor to commit: an answer under way is never overtaken.
            await worker.sql("UPDATE endpoint SET not_before = 0")
            await asyncio.sleep(0.01)

    await asyncio.gather(work(hub), work(second))
    await hub.elapse(60)
    await hub.rest()
    await second.close()
    assert await sound(hub) == {"done": 80}
    assert len(hub.books.every) == 5 * 40
