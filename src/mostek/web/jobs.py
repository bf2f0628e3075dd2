"""Commands that take a while: they go on in the server's process while the page shows how far they have come.

A job only reads, so a server that ends loses nothing but the job: it is begun again. What came out is kept for a while.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import structlog

from mostek.desk import progress
from mostek.documents.problem import InvalidDocumentError, Problem, invalid
from mostek.hub.ledger import DATABASE_ERRORS
from mostek.sdk.errors import VendorError

LOG = structlog.get_logger()
# How many are worked on at once, how many are kept, and for how long after their end, in seconds.
AT_ONCE, KEPT, LASTS = 2, 40, 3600


@dataclass
class Job:
    """One command under way or done: ``stage`` and ``seen`` tell how far it is, ``words`` are a vendor's own."""

    name: str
    request: Any
    person: str
    id: str = field(default_factory=lambda: uuid4().hex)
    begun: float = field(default_factory=time.time)
    ended: float = 0.0
    stage: str = "queued"
    seen: int = 0
    result: Any = None
    problems: tuple[Problem, ...] = ()
    words: str = ""

    @property
    def is_over(self) -> bool:
        """Whether there is nothing to wait for."""
        return bool(self.ended)

    def note(self, stage: str, n: int) -> None:
        """Take in how far the command has come; the count is the stage's own."""
        self.seen = self.seen + n if stage == self.stage == "ledger" else n
        self.stage = stage


class Jobs:
    """All jobs of this server, newest last."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._turns: asyncio.Semaphore | None = None

    def start(self, name: str, request: Any, person: str, work: Callable[[], Awaitable[Any]]) -> Job:
        """Begin, or give the one that is at the very same already; raises ``job.busy``."""
        self._forget()
        same = (job for job in self._jobs.values() if (job.name, job.request) == (name, request) and not job.is_over)
        running = next(same, None)
        if running:
            return running
        if len(self._jobs) >= KEPT:
            raise invalid("job.busy")
        job = Job(name, request, person)
        self._jobs[job.id] = job
        task = asyncio.get_running_loop().create_task(self._run(job, work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return job

    def find(self, id: str) -> Job | None:
        """A job that is still kept."""
        return self._jobs.get(id)

    def last(self, name: str, **request: Any) -> Job | None:
        """The newest finished one of a command whose request says this."""
        for job in reversed(self._jobs.values()):
            if job.name == name and job.result and all(getattr(job.request, k) == v for k, v in request.items()):
                return job
        return None

    async def close(self) -> None:
        """Give up what is under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, job: Job, work: Callable[[], Awaitable[Any]]) -> None:
        self._turns = self._turns or asyncio.Semaphore(AT_ONCE)
        progress.listen(job.note)
        try:
            async with self._turns:
                job.stage = "begun"
                job.result = await work()
        except InvalidDocumentError as error:
            job.problems = error.problems
        except VendorError as error:
            job.problems, job.words = (error.problem,), error.words
        except DATABASE_ERRORS as error:
            job.problems = (Problem(cause="database.unreachable", details={"reason": type(error).__name__}),)
        except Exception as error:
            LOG.exception("a job failed", job=job.name)
            job.problems = (Problem(cause="job.failed", details={"reason": type(error).__name__}),)
        finally:
            job.ended = time.time()

    def _forget(self) -> None:
        """Let go what is too old, and the oldest finished ones where there are too many."""
        over = [job for job in self._jobs.values() if job.is_over]
        old = [job for job in over if job.ended < time.time() - LASTS]
        spare = len(self._jobs) - len(old) - KEPT + 1
        for job in old + [job for job in over if job not in old][: max(spare, 0)]:
            del self._jobs[job.id]


JOBS = Jobs()
