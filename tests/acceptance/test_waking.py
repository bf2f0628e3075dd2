"""What waits arrives within 5 seconds of a ``mostek`` command, given beside ``mostek run --watch``: real processes."""

import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from mostek import demo
from tests.acceptance.house import MOSTEK, House, opened, until

DOCUMENTS = 5
LIMIT = 5
POLICY = {"contacts": "none", "products": "text", "payments": "none"}


@asynccontextmanager
async def watching(house: House) -> AsyncIterator[None]:
    """``mostek run --watch`` in a process of its own, ended as Ctrl+C does."""
    process = await house.start(MOSTEK, "run", "--watch")
    try:
        yield
    finally:
        process.send_signal(signal.SIGINT)
        await house.ended(process)


async def test_a_command_beside_the_running_program_is_heard_in_time(tmp_path: Path, database: str) -> None:
    async with opened(tmp_path, database, documents=DOCUMENTS, policy=POLICY, hostile="0") as house:
        await house.told("books", "close", demo.TARGET, "2100-01-01")
        async with watching(house):

            async def waiting() -> bool:
                return bool((await house.told("status"))["records"]["parked"] == DOCUMENTS)

            await until(waiting)
            assert await house.books.ask("documents") == []
            await arrives(house, DOCUMENTS, "books", "open", demo.TARGET)
            for stop, go in (
                (("flow", "pause", demo.FLOW), ("flow", "start", demo.FLOW)),
                (("stop", demo.TARGET), ("go", demo.TARGET)),
            ):
                await house.told(*stop)
                before = len(await house.books.ask("documents"))
                now = datetime.now(UTC).isoformat()
                await house.shop.tell("generate", **{"documents": 1, "seed": before, "from": now, "to": now})
                await house.run("--patience", "0")  # another program reads it, and nobody may send it
                assert len(await house.books.ask("documents")) == before
                await arrives(house, before + 1, *go)


async def arrives(house: House, documents: int, *words: str) -> None:
    """So many documents are in the books in time after the command has ended."""
    await house.told(*words)
    began = time.monotonic()

    async def there() -> bool:
        return len(await house.books.ask("documents")) == documents

    await until(there, LIMIT)
    print(f"mostek {' '.join(words)}: {time.monotonic() - began:.2f} s")  # noqa: T201
