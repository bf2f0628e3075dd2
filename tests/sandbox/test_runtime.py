"""Serving: where the control API listens, and the command line."""

import asyncio
import json
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from mostek.sandbox import Faults, Rule, find, running
from mostek.sandbox.faults import Fault
from mostek.sandbox.runtime import main, served

LAUNCH = """
import sys
from importlib.metadata import EntryPoint, EntryPoints
from mostek.sandbox import runtime
sys.path.insert(0, sys.argv.pop(1))
runtime.entry_points = lambda **how: EntryPoints([EntryPoint("words", "conftest:Words", runtime.GROUP)]).select(**how)
sys.exit(runtime.main(sys.argv[1:]))
"""


async def test_rules_can_be_given_in_process(words: Any) -> None:
    faults = Faults([Rule(Fault.UNAVAILABLE)])
    async with running(words, faults=faults) as url, aiohttp.ClientSession(url) as http, http.get("/words") as answer:
        assert answer.status == 503
    assert faults.fired == {"unavailable": 1}


async def test_beyond_loopback_the_control_api_has_a_loopback_port_of_its_own(words: Any) -> None:
    async with served(words, Faults(), "0.0.0.0", 0) as (url, control):  # noqa: S104
        port = url.rpartition(":")[2]
        assert control.startswith("http://127.0.0.1:")
        assert control != f"http://127.0.0.1:{port}/_sandbox"
        async with aiohttp.ClientSession() as http:
            async with http.get(f"http://127.0.0.1:{port}/_sandbox/ledger") as answer:
                assert answer.status == 404
            async with http.get(f"{control}/ledger") as answer:
                assert await answer.json() == {"words": []}


async def test_a_catch_all_of_the_vendor_does_not_swallow_the_control_api(words: Any) -> None:
    async def everything(request: web.Request) -> web.Response:
        return web.Response(text="mine")

    words.routes = lambda: [web.get("/{rest:.*}", everything)]
    async with running(words) as url, aiohttp.ClientSession(url) as http:
        async with http.get("/_sandbox/stats") as answer:
            assert (await answer.json())["calls"] == {}
        async with http.get("/any/thing") as answer:
            assert await answer.text() == "mine"


async def test_stopping_does_not_wait_for_held_answers(words: Any) -> None:
    faults = Faults([Rule(Fault.HOLD_AFTER_COMMIT)])
    async with aiohttp.ClientSession() as http:
        async with asyncio.timeout(3), running(words, faults=faults) as url:
            task = asyncio.create_task(http.post(f"{url}/words", json={"text": "oak"}))
            while faults.held == 0:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        answer = await task
        assert answer.status == 201


async def start(folder: Path, *options: str) -> tuple[asyncio.subprocess.Process, dict[str, str]]:
    arguments = ["words", "--data", str(folder), *(f"--set={each}" for each in options)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", LAUNCH, str(Path(__file__).parent), *arguments, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), 20)
    return process, json.loads(line)


async def test_a_killed_process_keeps_what_it_answered(tmp_path: Path) -> None:
    process, told = await start(tmp_path / "new", "colour=red")
    assert told["name"] == "words"
    async with aiohttp.ClientSession() as http:
        async with http.post(f"{told['url']}/words", json={"text": "oak"}) as answer:
            assert answer.status == 201
        async with http.get(f"{told['control']}/options") as answer:
            assert await answer.json() == {"colour": "red"}
        process.kill()
        assert await process.wait() == -signal.SIGKILL
        process, told = await start(tmp_path / "new")
        async with http.get(f"{told['url']}/words") as answer:
            assert await answer.json() == ["oak"]
    process.terminate()
    assert await asyncio.wait_for(process.wait(), 10) == 0


def test_an_unknown_name_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["atlantis", "--data", str(tmp_path)]) == 2
    assert "atlantis" in capsys.readouterr().err
    with pytest.raises(LookupError, match="atlantis"):
        find("atlantis")


@pytest.mark.parametrize(("path", "rule"), [("/words", None), ("/words/9", None), ("/words", Rule(Fault.UNAVAILABLE))])
async def test_answers_are_dated_by_the_vendors_clock(words: Any, path: str, rule: Rule | None) -> None:
    words.clock = lambda: datetime(2031, 5, 1, 12, tzinfo=UTC)
    faults = Faults([rule] if rule else [])
    async with running(words, faults=faults) as url, aiohttp.ClientSession(url) as http, http.get(path) as answer:
        assert answer.headers["Date"] == "Thu, 01 May 2031 12:00:00 GMT"
