"""Hostile answers of a shop and of books: each is told for what it is, and once it is over all is done, once."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from mostek.commands import looking
from mostek.documents.problem import Problem
from mostek.hub import judgement
from mostek.hub.ledger import Transaction, catalog
from mostek.sdk.http import PATIENCE
from tests.acceptance.hostile_answers import BOOKS_ANSWERS, ELSEWHERE, OTHER_DOOR, SHOP_ANSWERS, Hostile
from tests.acceptance.hostile_house import (
    BOOKS,
    KEY,
    PASSWORD,
    SHOP,
    House,
    Lie,
    Wire,
    as_problem,
    hasty,
    house,
    is_explained,
    wire,
)
from tests.acceptance.hostile_invoice import invoice

RIGHT = {SHOP: {"api_key": KEY}, BOOKS: {"password": PASSWORD, "company": "demo"}}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one hostile answer led to, and what it left behind once it was over."""

    state: str
    causes: frozenset[str]
    problems: tuple[Problem, ...]
    calls: int
    overheard: int
    done: bool
    booked: int
    left: bool


@dataclass
class Scene:
    """One installation that lives through all hostile answers of one side."""

    made: House
    side: str
    listener: Wire
    other_door: Wire

    async def play(self, place: int, case: Hostile) -> Outcome:
        """One case: it comes up, is met by two runs, ends, and is followed by a run in peace."""
        number = f"{self.side[0].upper()}{place:03}"
        await self._open_anew(place, case.settings)
        await self.made.put(number, json.dumps(invoice(number)))
        ours = self.made.shop if self.side == SHOP else self.made.books
        with _patient(case.patience):
            ours.lies[:] = [self._placed(lie) for lie in case.lies]
            await self.made.faults(self.side, *case.faults)
            ours.calls.clear()
            await self.made.run(0.3)
            problems = await self._problems(number)
            await self.made.run(0.3)
        problems += await self._problems(number)
        calls = self._counted(ours, case)
        state = (await self.made.connection(self.side)).state
        ours.lies.clear()
        await self.made.faults(self.side)
        await self._forget_limits()
        await self._open_anew(place + 1000, RIGHT[self.side])
        left = await self.made.run()
        return Outcome(
            state=state,
            causes=frozenset(problem.cause for problem in problems),
            problems=tuple(problems),
            calls=calls,
            overheard=len(self.listener.calls),
            done=await self._is_done(number),
            booked=len([each for each in await self.made.booked() if each["number"] == number]),
            left=bool(left),
        )

    async def _open_anew(self, place: int, settings: Mapping[str, Any]) -> None:
        """Change a setting, as an owner who acts: the connection is taken up again, with a session of its own."""
        harmless = {"packs": place % 50} if self.side == SHOP else {"text_prefix": f"E-shop {place}"}
        await self.made.change(self.side, **harmless, **settings)

    def _placed(self, lie: Lie) -> Lie:
        body = lie.body.replace(ELSEWHERE.encode(), self._foreign.encode())
        door = self.other_door.url.removeprefix("http://").encode()
        body = body.replace(OTHER_DOOR.encode(), self.other_door.url.encode() + b"/")
        body = body.replace(OTHER_DOOR.removeprefix("http://").rstrip("/").encode(), door)
        headers = {name: value.replace(ELSEWHERE, self._foreign) for name, value in lie.headers.items()}
        return replace(lie, body=body, headers=headers)

    @property
    def _foreign(self) -> str:
        return self.listener.url.replace("127.0.0.1", "localhost") + "/"

    def _counted(self, ours: Wire, case: Hostile) -> int:
        """Calls of the kind that was answered so; of all, where settings were wrong."""
        lie = case.lies[0] if case.lies else Lie()
        return len([call for call in ours.calls if lie.meets(call.method, call.path)])

    async def _problems(self, number: str) -> list[Problem]:
        """What is told: of connection, list and target, and in the story of the document."""
        view = await self.made.connection(self.side)
        told = [as_problem(view.problem), await self.made.feed_problem(), await self.made.endpoint_problem()]
        steps: list[Mapping[str, Any]] = []
        if self.side == BOOKS:
            steps = await self.made.command("trace", looking.Trace(text=number))
        told += [as_problem(step["body"]["result"].get("problem")) for step in steps if step["kind"] == "answered"]
        return [problem for problem in told if problem]

    async def _forget_limits(self) -> None:
        """Time goes by: the vendor allows calls again."""
        ledger = self.made.hub.ledger
        for row in await ledger.read(catalog.connections):
            await ledger.write(Transaction.run, "put_usage", connection=row.id, usage={})

    async def _is_done(self, number: str) -> bool:
        (row,) = [row for row in await self.made.records() if row["source_id"] == number]
        return bool(row["decision"]["state"] == "done")


@contextmanager
def _patient(seconds: float) -> Iterator[None]:
    """How long answers are waited for."""
    token = PATIENCE.set(seconds or 3600)
    try:
        yield
    finally:
        PATIENCE.reset(token)


async def tell(folder: Path, side: str, cases: tuple[Hostile, ...]) -> dict[str, Outcome]:
    async with AsyncExitStack() as stack:
        made = await stack.enter_async_context(house(folder))
        listener = await stack.enter_async_context(wire(""))
        other_door = await stack.enter_async_context(wire(made.shop.upstream))
        scene = Scene(made, side, listener, other_door)
        return {case.name: await scene.play(place, case) for place, case in enumerate(cases)}


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """What hostile answers of a shop led to."""
    with hasty():
        return asyncio.run(tell(tmp_path_factory.mktemp("shop"), SHOP, SHOP_ANSWERS))


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """What hostile answers of books led to."""
    with hasty():
        return asyncio.run(tell(tmp_path_factory.mktemp("books"), BOOKS, BOOKS_ANSWERS))


def judged(case: Hostile, outcome: Outcome) -> None:
    assert outcome.state == case.state, outcome
    assert case.cause in outcome.causes if case.cause else not outcome.causes, outcome
    assert all(is_explained(problem) for problem in outcome.problems)
    assert not case.most or outcome.calls <= case.most
    assert outcome.overheard == 0
    assert (outcome.done, outcome.booked, outcome.left) == (True, 1, False)


@pytest.mark.parametrize("case", SHOP_ANSWERS, ids=lambda case: case.name)
def test_a_shop_that_answers_so(shops: dict[str, Outcome], case: Hostile) -> None:
    judged(case, shops[case.name])


@pytest.mark.parametrize("case", BOOKS_ANSWERS, ids=lambda case: case.name)
def test_books_that_answer_so(books: dict[str, Outcome], case: Hostile) -> None:
    judged(case, books[case.name])


async def test_bytes_that_are_no_text_spoil_one_record_only(tmp_path: Path) -> None:
    spoilt, sound = (json.dumps(invoice(number)).encode() for number in ("SPOILT", "SOUND"))
    page = b'{"number_of_pages":1,"invoices":[' + spoilt.replace(b"Hrnek", b"Hr\xff\xfenek") + b"," + sound + b"]}"
    with hasty():
        async with house(tmp_path) as made:
            made.shop.lies.append(Lie(path="/invoices$", body=page))
            assert not await made.run()
            stands = [(row["decision"]["state"], row["decision"]["cause"]) for row in await made.records()]
            assert await made.feed_problem() is None
    assert sorted(stands) == [("done", "done"), ("parked", "payload.no_json")]


async def test_a_document_that_breaks_the_books_each_time_is_set_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judgement, "TRIES", 3)
    monkeypatch.setattr(judgement, "BACK_OFF_MS", 10)
    with hasty():
        async with house(tmp_path) as made:
            for number in ("POISON", "SOUND"):
                await made.put(number, json.dumps(invoice(number)))
            made.books.lies.append(Lie(method="PUT", containing=b'"POISON"', status=500, body=b"NullPointerException"))
            await made.run(10)
            stands = {row["source_id"]: row["decision"]["state"] for row in await made.records()}
    assert stands == {"POISON": "parked", "SOUND": "done"}
