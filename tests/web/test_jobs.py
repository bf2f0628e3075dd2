"""Jobs: the same is worked out once, what breaks off says why, and what is old is let go."""

import asyncio
from typing import Any

import pytest

from mostek.desk import progress
from mostek.documents.problem import InvalidDocumentError, Problem, invalid
from mostek.sdk.errors import NotReadyError
from mostek.web import jobs
from mostek.web.jobs import Job, Jobs


async def finished(job: Job) -> Job:
    for _ in range(500):
        if job.is_over:
            return job
        await asyncio.sleep(0.01)
    raise AssertionError("the job does not come to an end")


async def test_the_same_is_worked_out_once_and_another_beside_it() -> None:
    kept, gate, calls = Jobs(), asyncio.Event(), list[str]()

    async def work(name: str) -> str:
        calls.append(name)
        await gate.wait()
        return name

    first = kept.start("reconcile", {"flow": "a"}, "eva", lambda: work("a"))
    assert kept.start("reconcile", {"flow": "a"}, "jan", lambda: work("a")) is first
    other = kept.start("reconcile", {"flow": "b"}, "eva", lambda: work("b"))
    assert (first.is_over, kept.find(first.id), kept.find("nobody")) == (False, first, None)
    gate.set()
    assert [(await finished(job)).result for job in (first, other)] == ["a", "b"]
    assert calls == ["a", "b"]
    again = kept.start("reconcile", {"flow": "a"}, "eva", lambda: work("a"))
    assert again is not first
    await finished(again)


async def test_no_more_than_two_are_under_way() -> None:
    kept, gate, running, most = Jobs(), asyncio.Event(), 0, 0

    async def work() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await gate.wait()
        running -= 1

    started = [kept.start("series", number, "eva", work) for number in range(5)]
    await asyncio.sleep(0.05)
    assert [job.stage for job in started] == ["begun", "begun", "queued", "queued", "queued"]
    gate.set()
    for job in started:
        await finished(job)
    assert most == jobs.AT_ONCE


async def test_how_far_it_is() -> None:
    kept, gate = Jobs(), asyncio.Event()

    async def work() -> None:
        progress.tell("ledger", 100)
        progress.tell("ledger", 50)
        progress.tell("books", 500)
        await gate.wait()

    job = kept.start("reconcile", 1, "eva", work)
    await asyncio.sleep(0.02)
    assert (job.stage, job.seen) == ("books", 500)
    job.note("ledger", 7)
    job.note("ledger", 7)
    assert job.seen == 14
    gate.set()
    await finished(job)
    progress.tell("nobody listens here")


@pytest.mark.parametrize(
    ("error", "cause", "words"),
    [
        (invalid("flow.unknown", slug="x"), "flow.unknown", ""),
        (
            NotReadyError(Problem(cause="system.unreachable"), sent=False, words="<b>down</b>"),
            "system.unreachable",
            "<b>down</b>",
        ),
        (RuntimeError("ours"), "job.failed", ""),
    ],
)
async def test_what_breaks_off_says_why(error: Exception, cause: str, words: str) -> None:
    async def work() -> None:
        raise error

    job = await finished(Jobs().start("reconcile", 1, "eva", work))
    assert ([problem.cause for problem in job.problems], job.words, job.result) == ([cause], words, None)


async def test_results_are_kept_for_a_while_and_never_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Jobs()

    async def work() -> int:
        return 1

    first = await finished(kept.start("series", -1, "eva", work))
    for number in range(jobs.KEPT):
        await finished(kept.start("series", number, "eva", work))
    assert kept.find(first.id) is None
    monkeypatch.setattr(jobs, "LASTS", -1)
    last = await finished(kept.start("series", "last", "eva", work))
    kept.start("series", "one more", "eva", work)
    assert kept.find(last.id) is None
    await kept.close()


async def test_too_many_at_once_are_refused_and_closing_gives_up() -> None:
    kept = Jobs()

    async def work() -> Any:
        await asyncio.Event().wait()

    started = [kept.start("series", number, "eva", work) for number in range(jobs.KEPT)]
    with pytest.raises(InvalidDocumentError, match=r"job\.busy"):
        kept.start("series", "one more", "eva", work)
    await asyncio.sleep(0)
    await kept.close()
    assert all(job.is_over for job in started)
