"""What an error in the middle of many means for each of them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from mostek.documents.problem import Problem, invalid
from mostek.sdk.batch import RETRY, findings, in_batches
from mostek.sdk.effect import Absent, CannotTell, Done, Finding, Found, NotSent, Result, Unknown
from mostek.sdk.errors import AuthFailedError, NotReadyError, RateLimitedError, VendorError

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PROBLEM = Problem(cause="system.no_answer")
LATER = NotSent(until=NOW + RETRY, problem=PROBLEM)


def sender(*turns: VendorError | None) -> tuple[list[list[str]], object]:
    calls: list[list[str]] = []

    async def send(batch: Sequence[str]) -> Sequence[Result]:
        calls.append(list(batch))
        turn = turns[len(calls) - 1] if len(calls) <= len(turns) else None
        if turn:
            raise turn
        return [Done(id=item) for item in batch]

    return calls, send


async def test_all_is_sent_in_batches_and_in_order() -> None:
    calls, send = sender()
    assert await in_batches(list("abcde"), 2, send, NOW) == [Done(id=item) for item in "abcde"]  # type: ignore[arg-type]
    assert calls == [["a", "b"], ["c", "d"], ["e"]]


async def test_nothing_to_send_is_no_call() -> None:
    calls, send = sender()
    assert await in_batches([], 2, send, NOW) == []  # type: ignore[arg-type]
    assert calls == []


async def test_a_lost_answer_leaves_its_batch_unknown_and_the_rest_unsent() -> None:
    calls, send = sender(None, NotReadyError(PROBLEM, sent=True))
    results = await in_batches(list("abcde"), 2, send, NOW)  # type: ignore[arg-type]
    assert results == [Done(id="a"), Done(id="b"), Unknown(problem=PROBLEM), Unknown(problem=PROBLEM), LATER]
    assert len(calls) == 2


async def test_a_refused_connection_leaves_all_unsent() -> None:
    _, send = sender(NotReadyError(PROBLEM, sent=False))
    assert await in_batches(list("abc"), 2, send, NOW) == [LATER] * 3  # type: ignore[arg-type]


async def test_an_unknown_result_of_one_stops_what_follows() -> None:
    async def send(batch: Sequence[str]) -> Sequence[Result]:
        return [Unknown(problem=PROBLEM) for _ in batch]

    assert await in_batches(list("abc"), 2, send, NOW) == [Unknown(problem=PROBLEM)] * 2 + [LATER]


async def test_an_error_of_the_connection_is_raised_only_while_no_result_is_known() -> None:
    _, first = sender(AuthFailedError(PROBLEM))
    with pytest.raises(AuthFailedError):
        await in_batches(list("abc"), 2, first, NOW)  # type: ignore[arg-type]
    _, second = sender(None, AuthFailedError(PROBLEM))
    assert await in_batches(list("abc"), 2, second, NOW) == [Done(id="a"), Done(id="b"), LATER]  # type: ignore[arg-type]


async def test_a_limit_says_until_when() -> None:
    until = NOW + timedelta(hours=1)
    _, send = sender(None, RateLimitedError(PROBLEM, until))
    results = await in_batches(list("abc"), 2, send, NOW)  # type: ignore[arg-type]
    assert results[-1] == NotSent(until=until, problem=PROBLEM)


async def test_what_is_not_found_is_absent_as_of_the_question() -> None:
    async def look(_items: Sequence[str]) -> Mapping[int, Finding]:
        return {1: Found(ids=("7",))}

    assert await findings(["a", "b"], look, NOW) == [Absent(as_of=NOW), Found(ids=("7",))]


@pytest.mark.parametrize("error", [NotReadyError(PROBLEM), invalid("field.missing", "id")])
async def test_who_cannot_be_asked_tells_nothing(error: Exception) -> None:
    async def look(_items: Sequence[str]) -> Mapping[int, Finding]:
        raise error

    found = await findings(["a", "b"], look, NOW)
    assert [type(one) for one in found] == [CannotTell, CannotTell]


async def test_refused_credentials_are_raised() -> None:
    async def look(_items: Sequence[str]) -> Mapping[int, Finding]:
        raise AuthFailedError(PROBLEM)

    with pytest.raises(AuthFailedError):
        await findings(["a"], look, NOW)
