"""Writing while the line fails: what may have happened is unknown, never done or rejected, and is found again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from mostek.sdk.effect import Absent, Found, Intent, NotSent, Result, Unknown
from mostek.sdk.kit.changing import ready
from mostek.sdk.kit.check import checks, must
from mostek.sdk.kit.room import Bench, Room, opened, outcome, patience
from mostek.sdk.kit.samples import Duty, Story, duties, each_duty, first_duty, intent, one_of_each_verb
from mostek.sdk.kit.wire import stranger
from mostek.sdk.kit.writing import once, there


@asynccontextmanager
async def _before(room: Room, duty: Duty, name: str) -> AsyncIterator[tuple[Bench, Intent]]:
    """Everything that this duty needs is in the books; its own intent is ready."""
    async with room.bench() as bench:
        sent = await ready(bench, name, duty)
        bench.wire.log.clear()
        yield bench, sent


async def _found_once(bench: Bench, sent: Intent, fault: str) -> None:
    """What was committed unseen is found, is not done twice, and has the same id then."""
    what = {"fault": fault, "action": (sent.action.kind, sent.action.verb)}
    [finding] = await bench.writes.find([sent])
    must(isinstance(finding, Found) and len(finding.ids) == 1, "what happened is found, once", found=finding, **what)
    before = bench.ledger()
    [id] = there(tuple(await bench.writes.write([sent])), "sent again it is there")
    must(
        isinstance(finding, Found) and finding.ids == (id,), "find and write tell one id", found=finding, id=id, **what
    )
    must(bench.ledger() == before, "sending again has no second effect", **what)
    once(bench, [sent])


async def _unknown_then_found(room: Room, fault: str, **rule: Any) -> None:
    """For every kind and verb: committed, the answer lost in some way."""
    for duty in each_duty(room.setup):
        async with _before(room, duty, "4001") as (bench, sent):
            with bench.write_fault(fault, **rule):
                [result] = await outcome(bench, [sent])
            what = {"fault": fault, "action": duty}
            must(isinstance(result, Unknown), "a lost answer leaves the outcome unknown", result=result, **what)
            calls = bench.wire.count(bench.target.writes)
            must(calls == 1, "a write is never tried again inside the connector", calls=calls, **what)
            await _found_once(bench, sent, fault)


async def answer_lost_after_commit_is_unknown_then_found(room: Room) -> None:
    """Committed, then the connection was cut."""
    await _unknown_then_found(room, "answer_lost")


async def truncated_answer_is_unknown_then_found(room: Room) -> None:
    """Committed, and half of the answer came."""
    await _unknown_then_found(room, "truncated")


async def error_after_commit_is_unknown_then_found(room: Room) -> None:
    """Committed, then 500: the vendor's error says nothing about what was done."""
    for status in (500, 503):
        await _unknown_then_found(room, "error_after", status=status)


async def slow_answer_is_unknown_then_found(room: Room) -> None:
    """No answer within the time-out, and committed after it."""
    for duty in one_of_each_verb(room.setup):
        async with _before(room, duty, "4002") as (bench, sent):
            with patience(0.5):
                hasty = opened(bench.setup, bench.sandbox, bench.wire, bench.desk, bench.url, _values(bench))
                try:
                    with bench.write_fault("slow", seconds=0.9):
                        [result] = await outcome(hasty, [sent])
                        await _until(lambda: not bench.wire.busy)
                finally:
                    await hasty.session.close()
            must(isinstance(result, Unknown), "no answer in time leaves the outcome unknown", result=result)
            await _found_once(bench, sent, "slow")


def _values(bench: Bench) -> dict[str, Any]:
    return dict(bench.setup.settings(bench.url))


async def late_commit_is_absent_then_found(room: Room) -> None:
    """Cut, and committed later: absence is no proof until the manifest's settles_after has passed."""
    for duty in one_of_each_verb(room.setup):
        async with _before(room, duty, "4003") as (bench, sent):
            with bench.write_fault("late_commit", seconds=0.8):
                [result] = await outcome(bench, [sent])
            must(isinstance(result, Unknown), "a cut line leaves the outcome unknown", result=result, action=duty)
            [early] = await bench.writes.find([sent])
            must(isinstance(early, Absent), "before the late commit it is absent", found=early, action=duty)
            await _until(lambda: not bench.wire.stats()["late"])
            await _found_once(bench, sent, "late_commit")


async def cancelled_write_is_found_afterwards(room: Room) -> None:
    """The hub stops in the middle of a call: the session stays usable, and the effect is found or absent, as it is."""
    for fault, committed in (("hold_after_commit", True), ("hold_before_commit", False)):
        async with _before(room, first_duty(room.setup), "4004") as (bench, sent):
            with bench.write_fault(fault):
                task = asyncio.create_task(bench.writes.write([sent]))
                await _until(lambda: bench.wire.held > 0)
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
                must(task.cancelled(), "a cancelled write ends as cancelled", fault=fault)
                await _until(lambda: not bench.wire.held)
            if committed:
                await _found_once(bench, sent, fault)
                continue
            async with asyncio.timeout(10):
                [finding] = await bench.writes.find([sent])
                must(isinstance(finding, Absent), "what was not committed is absent", found=finding)
                there(tuple(await bench.writes.write([sent])), "after a cancelled write the session is usable")
            once(bench, [sent])


async def batch_is_unknown_as_a_whole(room: Room) -> None:
    """The answer to a batch is lost: every record of it is unknown, nothing behind it is sent, each is found once."""
    size = room.setup.connector.manifest.limits.batch
    async with room.bench() as bench:
        kind, verb = duties(room.setup)[0]
        sent = [intent(bench, Story(room.setup, f"5{n:04}").action(kind, verb)) for n in range(size + 2)]
        with bench.write_fault("answer_lost"):
            results = await outcome(bench, sent)
        must(bench.wire.count(bench.target.writes) == 1, "behind an unknown outcome nothing more is sent")
        first = [type(result).__name__ for result in results[:size]]
        must(set(first) == {"Unknown"}, "every record of the lost batch is unknown", results=first)
        behind = [type(result).__name__ for result in results[size:]]
        must(set(behind) <= {"NotSent", "Unknown"}, "what was held back was not sent", results=behind)
        findings = await bench.writes.find(sent)
        told = [isinstance(finding, Found) for finding in findings]
        must(told == [True] * size + [False] * 2, "what was sent is found, and nothing else", found=told)
        there(tuple(await bench.writes.write(sent)), "sent again all is there")
        once(bench, sent)


async def _never_done(room: Room, fault: str, *, unknown: bool, **rule: Any) -> None:
    """Nothing was done, for each kind and verb: not sent or unknown, the books unmoved, and done at the next try."""
    for duty in each_duty(room.setup):
        async with _before(room, duty, "4005") as (bench, sent):
            before = bench.ledger()
            with bench.write_fault(fault, **rule):
                [result] = await outcome(bench, [sent])
            allowed: tuple[type[Result], ...] = (Unknown,) if unknown else (NotSent, Unknown)
            names = " or ".join(kind.__name__ for kind in allowed)
            must(isinstance(result, allowed), f"{fault} is {names}", result=result, action=duty)
            must(bench.wire.count(bench.target.writes) == 1, "a write is not tried again inside", fault=fault)
            must(bench.ledger() == before, "nothing was done", fault=fault, action=duty)
            [finding] = await bench.writes.find([sent])
            must(isinstance(finding, Absent), "what was not done is absent", found=finding, action=duty)
            there(tuple(await bench.writes.write([sent])), "when the fault is gone it is done")
            once(bench, [sent])


async def error_before_commit_is_never_done(room: Room) -> None:
    """500 without any effect looks like 500 with one."""
    await _never_done(room, "error_before", unknown=False)


async def unavailable_is_never_done(room: Room) -> None:
    """503: away for a while."""
    await _never_done(room, "unavailable", unknown=False)


async def dropped_connection_is_unknown(room: Room) -> None:
    """Cut after the request was sent: nobody can tell from outside that it was never handled."""
    await _never_done(room, "drop", unknown=True)


async def web_page_is_unknown(room: Room) -> None:
    """A page for people with status 200 is no success, and proves nothing."""
    await _never_done(room, "html", unknown=True)


async def bomb_is_unknown(room: Room) -> None:
    """An answer that is too large to read says nothing."""
    await _never_done(room, "bomb", unknown=True)


async def refused_connection_is_not_sent(room: Room) -> None:
    """Nobody listens: surely nothing happened."""
    async with room.bench() as bench:
        sent = [intent(bench, Story(room.setup, "4006").action(*duties(room.setup)[0]))]
    values = dict(room.setup.settings(bench.url))  # the sandbox has gone, its address remains
    gone = opened(room.setup, bench.sandbox, bench.wire, bench.desk, bench.url, values)
    try:
        [result] = await outcome(gone, sent)
    finally:
        await gone.session.close()
    must(isinstance(result, NotSent), "what reached nobody was not sent", result=result)


async def redirect_takes_nothing_along(room: Room) -> None:
    """A write that is sent elsewhere is not followed: no credentials, no document, and no effect."""
    for status in (301, 302, 303, 307, 308):
        async with _before(room, duties(room.setup)[0], "4007") as (bench, sent), stranger() as (address, seen):
            before = bench.ledger()
            with bench.write_fault("redirect", status=status, location=f"{address}/elsewhere"):
                [result] = await outcome(bench, [sent])
            must(isinstance(result, NotSent | Unknown), "a redirected write is not done", status=status, result=result)
            given = [call.everything for call in seen for secret in bench.secrets if secret in call.everything]
            must(not given, "credentials stay with their host", status=status, seen=given)
            must(not seen, "another host is not called at all", status=status, calls=len(seen))
            must(bench.ledger() == before, "a redirected write has no effect", status=status)


async def _until(done: Any) -> None:
    """Wait for something that the sandbox does on its own time."""
    async with asyncio.timeout(10):
        while not done():  # noqa: ASYNC110 - what is waited for lies in the sandbox
            await asyncio.sleep(0.02)


CHECKS = checks(
    "write",
    "target",
    answer_lost_after_commit_is_unknown_then_found,
    truncated_answer_is_unknown_then_found,
    error_after_commit_is_unknown_then_found,
    slow_answer_is_unknown_then_found,
    late_commit_is_absent_then_found,
    cancelled_write_is_found_afterwards,
    batch_is_unknown_as_a_whole,
    error_before_commit_is_never_done,
    unavailable_is_never_done,
    dropped_connection_is_unknown,
    web_page_is_unknown,
    bomb_is_unknown,
    refused_connection_is_not_sent,
    redirect_takes_nothing_along,
)
