"""Each fault, seen from a client, and what the sandbox's own ledger says about it."""

import asyncio
import gzip
import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import pytest

Http = aiohttp.ClientSession


async def put(http: Http, *rules: dict[str, Any]) -> None:
    async with http.put("/_sandbox/faults", json=list(rules)) as answer:
        assert answer.status == 200, await answer.text()


async def add(http: Http, text: str) -> int:
    async with http.post("/words", json={"text": text}) as answer:
        await answer.read()
        return answer.status


async def listed(http: Http) -> list[str]:
    async with http.get("/words") as answer:
        words: list[str] = await answer.json()
        return words


async def booked(http: Http) -> list[str]:
    async with http.get("/_sandbox/ledger") as answer:
        words: list[str] = (await answer.json())["words"]
        return words


async def stats(http: Http) -> dict[str, Any]:
    async with http.get("/_sandbox/stats") as answer:
        figures: dict[str, Any] = await answer.json()
        return figures


async def until(http: Http, key: str, value: int) -> None:
    async with asyncio.timeout(5):
        # The state to wait for is another process's in real use: there is nothing but asking.
        while (await stats(http))[key] != value:  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def test_without_rules_nothing_happens(http: Http) -> None:
    assert await add(http, "oak") == 201
    assert await listed(http) == ["oak"]
    assert await stats(http) == {
        "calls": {"POST /words": 1, "GET /words": 1},
        "handled": {"POST /words": 1, "GET /words": 1},
        "fired": {},
        "held": 0,
        "late": 0,
    }


async def test_a_lost_answer_is_committed(http: Http) -> None:
    await put(http, {"fault": "answer_lost", "method": "POST", "times": 1})
    with pytest.raises(aiohttp.ClientConnectionError):
        await add(http, "oak")
    assert await booked(http) == ["oak"]
    assert await add(http, "ash") == 201


async def test_a_late_commit_comes_after_the_client_was_cut_off(http: Http) -> None:
    await put(http, {"fault": "late_commit", "method": "POST", "seconds": 0.2, "times": 1})
    with pytest.raises(aiohttp.ClientConnectionError):
        await add(http, "oak")
    assert await booked(http) == []
    await until(http, "late", 0)
    assert await booked(http) == ["oak"]


async def test_an_answer_held_after_commit_goes_when_released(http: Http) -> None:
    await put(http, {"fault": "hold_after_commit", "method": "POST", "times": 1})
    task = asyncio.create_task(add(http, "oak"))
    await until(http, "held", 1)
    assert await booked(http) == ["oak"]
    assert not task.done()
    async with http.post("/_sandbox/release") as answer:
        assert await answer.json() == {"released": 1}
    assert await task == 201


async def test_a_client_that_leaves_while_held_after_commit_is_booked(http: Http) -> None:
    await put(http, {"fault": "hold_after_commit", "method": "POST", "times": 1})
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(add(http, "oak"), 0.1)
    await until(http, "held", 0)
    assert await booked(http) == ["oak"]


async def test_a_client_that_leaves_while_held_before_commit_is_not_booked(http: Http) -> None:
    await put(http, {"fault": "hold_before_commit", "method": "POST"})
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(add(http, "oak"), 0.1)
    await until(http, "held", 0)
    task = asyncio.create_task(add(http, "ash"))
    await until(http, "held", 1)
    assert await booked(http) == []
    async with http.post("/_sandbox/release"):
        pass
    assert await task == 201
    assert await booked(http) == ["ash"]


@pytest.mark.parametrize(
    ("fault", "status", "kept"),
    [
        ("error_before", 500, []),
        ("error_after", 500, ["oak"]),
        ("unavailable", 503, []),
        ("rate_limited", 429, []),
        ("html", 200, []),
    ],
)
async def test_an_answer_in_place_of_the_true_one(http: Http, fault: str, status: int, kept: list[str]) -> None:
    await put(http, {"fault": fault, "method": "POST"})
    assert await add(http, "oak") == status
    assert await booked(http) == kept
    assert (await stats(http))["fired"] == {fault: 1}


async def test_html_is_a_page(http: Http) -> None:
    await put(http, {"fault": "html"})
    async with http.get("/words") as answer:
        assert answer.content_type == "text/html"
        assert (await answer.text()).startswith("<!DOCTYPE html>")


async def test_retry_after_in_both_forms(http: Http) -> None:
    await put(http, {"fault": "rate_limited", "seconds": 90})
    async with http.get("/words") as answer:
        assert answer.headers["Retry-After"] == "90"
    await put(http, {"fault": "rate_limited", "seconds": 90, "format": "date"})
    async with http.get("/words") as answer:
        until = parsedate_to_datetime(answer.headers["Retry-After"])
        assert answer.headers["Retry-After"].endswith("GMT")
    assert timedelta(seconds=80) < until - datetime.now(UTC) <= timedelta(seconds=90)


async def test_slow(http: Http) -> None:
    await put(http, {"fault": "slow", "seconds": 0.15})
    begun = time.monotonic()
    assert await add(http, "oak") == 201
    assert time.monotonic() - begun >= 0.15


async def test_a_truncated_answer_is_booked_and_half_read(http: Http) -> None:
    await put(http, {"fault": "truncated", "method": "POST"})
    async with http.post("/words", json={"text": "oak"}) as answer:
        assert answer.status == 201
        assert answer.content_length == len('{"saved": true}')
        with pytest.raises(aiohttp.ClientPayloadError):
            await answer.read()
    assert await booked(http) == ["oak"]


async def test_a_bomb_expands_to_200_megabytes(http: Http) -> None:
    await put(http, {"fault": "bomb"})
    async with http.get("/_sandbox/stats") as told:
        url = told.url.with_path("/words")
    async with aiohttp.ClientSession(auto_decompress=False) as raw, raw.get(url) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        packed = await answer.read()
    assert len(packed) < 1_000_000
    assert len(gzip.decompress(packed)) == 200_000_002


async def test_a_stale_page_is_the_one_before_the_last_change(http: Http) -> None:
    assert await listed(http) == []
    await add(http, "oak")
    assert await listed(http) == ["oak"]
    await add(http, "ash")
    await put(http, {"fault": "stale_page", "times": 1})
    assert await listed(http) == ["oak"]
    assert await listed(http) == ["oak", "ash"]


async def test_a_stale_page_that_never_changed_does_not_use_the_rule_up(http: Http) -> None:
    await put(http, {"fault": "stale_page", "times": 1})
    assert await listed(http) == []
    assert (await stats(http))["fired"] == {}
    await add(http, "oak")
    assert await listed(http) == []
    assert await listed(http) == ["oak"]


async def test_a_redirect_goes_where_told(http: Http) -> None:
    await put(http, {"fault": "redirect", "status": 301, "location": "https://elsewhere.example/"})
    async with http.get("/words", allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (301, "https://elsewhere.example/")


async def test_a_dropped_connection_is_not_booked(http: Http) -> None:
    await put(http, {"fault": "drop", "method": "POST"})
    with pytest.raises(aiohttp.ClientConnectionError):
        await add(http, "oak")
    assert await booked(http) == []


async def test_a_vendors_own_error_passes(http: Http) -> None:
    async with http.get("/words/7") as answer:
        assert (answer.status, await answer.text()) == (404, "no such word")
    async with http.get("/nowhere") as answer:
        assert answer.status == 404
    assert (await stats(http))["calls"] == {"GET /words/{id}": 1, "GET (no route)": 1}


async def test_the_control_api_meets_no_fault(http: Http) -> None:
    await put(http, {"fault": "drop"})
    assert await booked(http) == []
    async with http.get("/_sandbox/options") as answer:
        assert await answer.json() == {"colour": "blue"}
    async with http.delete("/_sandbox/faults") as answer:
        assert await answer.json() == []
    assert await listed(http) == []


async def test_counters_can_be_reset(http: Http) -> None:
    await put(http, {"fault": "unavailable", "times": 1})
    await add(http, "oak")
    async with http.post("/_sandbox/stats/reset") as answer:
        assert await answer.json() == {"calls": {}, "handled": {}, "fired": {}, "held": 0, "late": 0}


async def test_a_rule_that_makes_no_sense_is_refused_and_changes_nothing(http: Http) -> None:
    await put(http, {"fault": "unavailable"})
    async with http.put("/_sandbox/faults", json=[{"fault": "earthquake"}]) as answer:
        assert answer.status == 400
        assert "earthquake" in (await answer.json())["error"]
    async with http.get("/_sandbox/faults") as answer:
        assert [rule["fault"] for rule in await answer.json()] == ["unavailable"]
