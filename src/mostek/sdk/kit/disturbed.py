"""Reading while the vendor fails: each fault is the right error of the tree, says whether it was sent, and ends."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from mostek.sdk.capability import utc_now
from mostek.sdk.errors import (
    AuthFailedError,
    BadResponseError,
    BusyError,
    ConfigurationError,
    NotReadyError,
    RateLimitedError,
    VendorError,
)
from mostek.sdk.kit.check import checks, must
from mostek.sdk.kit.reading import held
from mostek.sdk.kit.room import Bench, Room, failure, identities, patience
from mostek.sdk.kit.wire import stranger

_AWAY = (NotReadyError, BusyError)


@asynccontextmanager
async def _reading(room: Room) -> AsyncIterator[tuple[Bench, str]]:
    """A bench that was opened before the fault, and each of its feeds in turn would be too many: its first."""
    async with room.bench() as bench:
        yield bench, bench.feeds[0]


async def _failed(room: Room, fault: str, errors: tuple[type[VendorError], ...], **rule: Any) -> None:
    """A pass and a look-up under this fault raise one of these errors, sent; the next pass is as ever."""
    async with _reading(room) as (bench, feed):
        wanted = set(held(bench, feed))
        for doing, call in (("read", bench.passed), ("get", lambda feed: bench.reads.get(feed, ["1", "2"]))):
            with bench.fault(fault, **rule):
                error = await failure(call(feed), f"{doing} under {fault}")
            must(isinstance(error, errors), f"{fault} is one of {_names(errors)}", doing=doing, raised=error)
            must(error.sent, f"{fault}: what arrived was sent", doing=doing, raised=error)
        must(identities(await bench.passed(feed)) == wanted, "after a fault all is read as ever", fault=fault)


def _names(errors: tuple[type[VendorError], ...]) -> str:
    return ", ".join(error.__name__ for error in errors)


async def server_error_is_not_ready(room: Room) -> None:
    """500 and its like: the system is away for a while."""
    for status in (500, 502, 503, 504):
        await _failed(room, "error_before", _AWAY, status=status)


async def cut_answer_is_a_bad_response(room: Room) -> None:
    """Half a page is no page: a part of it would be a loss."""
    await _failed(room, "truncated", (BadResponseError,))


async def web_page_is_a_bad_response(room: Room) -> None:
    """A page for people with status 200 is no empty list."""
    await _failed(room, "html", (BadResponseError,))


async def bomb_is_a_bad_response(room: Room) -> None:
    """A small body that unpacks to hundreds of megabytes fills no memory."""
    await _failed(room, "bomb", (BadResponseError,))


async def silence_is_not_ready(room: Room) -> None:
    """No answer within the time-out."""
    with patience(1):
        await _failed(room, "slow", (NotReadyError,), seconds=1.5)


async def broken_connection_is_not_ready(room: Room) -> None:
    """The line is cut after the request."""
    await _failed(room, "drop", (NotReadyError,))


async def limit_is_told_with_its_end(room: Room) -> None:
    """429 becomes RateLimitedError with the vendor's own time, in either spelling, and is not asked again."""
    for spelling in ("seconds", "date"):
        async with _reading(room) as (bench, feed):
            with bench.fault("rate_limited", seconds=90, format=spelling):
                error = await failure(bench.passed(feed), "read beyond the limit")
            must(isinstance(error, RateLimitedError), "429 is a RateLimitedError", raised=error)
            assert isinstance(error, RateLimitedError)
            ahead = error.until - utc_now()
            told = timedelta(seconds=80) < ahead < timedelta(seconds=100)
            must(told, "until is the time that the vendor named", spelling=spelling, until=error.until)
            must(len(bench.wire.log) == 1, "a refused call is not made again", calls=len(bench.wire.log))


async def budget_is_asked_before_every_call(room: Room) -> None:
    """Each call counts, and a budget that is used up keeps the call from being made."""
    async with room.bench() as bench:
        for feed in bench.feeds:
            await bench.passed(feed)
            await bench.reads.get(feed, ["1"])
        must(bench.budget.asked >= len(bench.wire.log), "each call takes from the budget", calls=len(bench.wire.log))
        bench.budget.block(utc_now() + timedelta(hours=1))
        calls = len(bench.wire.log)
        for feed in bench.feeds:
            error = await failure(bench.passed(feed), "read without budget")
            must(isinstance(error, RateLimitedError), "a used-up budget is a RateLimitedError", raised=error)
        must(len(bench.wire.log) == calls, "without budget no call is made", calls=len(bench.wire.log) - calls)


async def refused_login_stops_at_once(room: Room) -> None:
    """401 and 403 in the middle of the work: stop and ask, another try may lock the account."""
    for status in (401, 403):
        async with _reading(room) as (bench, feed):
            with bench.fault("error_before", status=status):
                error = await failure(bench.passed(feed), f"read refused by {status}")
            must(isinstance(error, AuthFailedError), f"{status} is an AuthFailedError", raised=error)
            must(len(bench.wire.log) == 1, "refused credentials are not tried again", calls=len(bench.wire.log))


async def redirect_takes_no_credentials_along(room: Room) -> None:
    """Another host is not followed: whoever could name one would be handed the credentials."""
    for status in (301, 302, 303, 307, 308):
        async with _reading(room) as (bench, feed), stranger() as (address, seen):
            with bench.fault("redirect", status=status, location=f"{address}/elsewhere"):
                error = await failure(bench.passed(feed), f"read redirected by {status}")
            right = isinstance(error, ConfigurationError | BadResponseError)
            must(right, "a redirection elsewhere is a ConfigurationError or BadResponseError", raised=error)
            given = [call.everything for call in seen for secret in bench.secrets if secret in call.everything]
            must(not given, "credentials stay with their host", status=status, seen=given)
            must(not seen, "another host is not called at all", status=status, calls=len(seen))


CHECKS = checks(
    "read",
    "source",
    server_error_is_not_ready,
    cut_answer_is_a_bad_response,
    web_page_is_a_bad_response,
    bomb_is_a_bad_response,
    silence_is_not_ready,
    broken_connection_is_not_ready,
    limit_is_told_with_its_end,
    budget_is_asked_before_every_call,
    refused_login_stops_at_once,
    redirect_takes_no_credentials_along,
)
