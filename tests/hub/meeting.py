"""A state machine: two address books edited at random on both sides, with lost answers, between flows both ways."""

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from mostek.core.identity import record_name
from mostek.documents.party import Contact, differing
from mostek.hub.vault import Vault
from tests.hub.bench import Installation, install
from tests.hub.people import Book, person

SIDE, PICK = st.sampled_from(["a", "b"]), st.integers(0, 9)
VALUES = st.sampled_from(["1", "2", "3"])
FAULTS = st.sampled_from(["lost", "late", "cut"])
POLICIES: list[dict[str, Any]] = [
    {"conflicts": "ask", "adopt": "same"},
    {"conflicts": "source", "adopt": "same"},
    {"conflicts": "source", "adopt": "same", "match": ["email"]},
]
# What only a person can settle, whatever the policy says.
_ASKED = {"contact.conflict", "contact.ambiguous", "contact.gone", "contact.vanished"}


class Meeting(RuleBasedStateMachine):
    """Afterwards both sides agree by the policy, nobody stands twice, and a further run writes nothing."""

    address: Callable[[Path], contextlib.AbstractContextManager[str]]

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.stack = contextlib.ExitStack()
        self.named = 0
        self.edits = 0
        self.deleted: set[str] = set()
        self.apart: set[str] = set()  # who was taken over as he stood, with a part that the other side has not

    def go(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    @initialize(policy=st.sampled_from(POLICIES), both=st.booleans(), known=st.integers(0, 3), same=st.integers(0, 2))
    def begin(self, policy: dict[str, Any], both: bool, known: int, same: int) -> None:
        """Some people are known on one side, some on both, before anything runs."""
        folder = Path(mkdtemp())
        patch = self.stack.enter_context(pytest.MonkeyPatch.context())
        address = self.stack.enter_context(self.address(folder))
        self.hub: Installation = self.go(install(patch, address, Vault(folder / "key")))
        self.policy, self.both = policy, both
        self.a: Book = self.go(self.hub.address_book("a"))
        self.b: Book = self.go(self.hub.address_book("b"))
        for _ in range(known):
            self.a.put(self.somebody())
        for _ in range(same):
            one = self.somebody()
            self.a.put(one)
            self.b.put(one)
        self.go(self.hub.contacts("a", "b", policy))
        if both:
            self.go(self.hub.contacts("b", "a", policy))

    def somebody(self) -> Contact:
        self.named += 1
        return person(f"p{self.named}")

    def book(self, side: str) -> Book:
        return self.a if side == "a" else self.b

    @rule(side=SIDE)
    def meet(self, side: str) -> None:
        """Somebody new on one side; without a way back only the source has them."""
        self.book(side if self.both else "a").put(self.somebody())

    @rule(side=SIDE, pick=PICK, part=st.sampled_from(["phone", "city", "name"]), value=VALUES, seen=st.booleans())
    def edit(self, side: str, pick: int, part: str, value: str, seen: bool) -> None:
        """A person changes a part on one side; the hub notices at once or later.

        Who was not known to be in both books yet is taken over as he stands there: that is not a change.
        """
        book = self.book(side)
        if book.people:
            chosen = sorted(book.people)[pick % len(book.people)]
            email = book.people[chosen].party.email
            name = email.partition("@")[0]
            if not self.go(self.hub.sql(f"SELECT 1 FROM name WHERE name = '{self.tie(side, chosen)}'")):
                self.apart.add(email)
            book.edit(chosen, **{part: f"{name} {value}" if part == "name" else value})
            self.edits += 1
        if seen:
            self.go(self.steps())

    def tie(self, side: str, id: str) -> str:
        """The name by which the hub knows that somebody is in both books."""
        return record_name("a", "b", side, id)

    @precondition(lambda self: len(self.deleted) < 2)
    @rule(side=SIDE, pick=PICK)
    def delete(self, side: str, pick: int) -> None:
        """A person deletes somebody on one side."""
        book = self.book(side)
        if book.people:
            chosen = sorted(book.people)[pick % len(book.people)]
            self.deleted.add(book.people.pop(chosen).party.email)

    @rule(side=SIDE)
    def fall_behind(self, side: str) -> None:
        """The list of one side shows from now on what stands there now, or is up to date again."""
        book = self.book(side)
        book.shown = {} if book.shown else dict(book.people)

    @rule(side=SIDE, fault=FAULTS, times=st.integers(1, 2))
    def fail(self, side: str, fault: str, times: int) -> None:
        self.book(side).faults.extend([fault] * times)

    @rule(side=SIDE)
    def commit_late(self, side: str) -> None:
        self.book(side).settle()

    @rule()
    def read(self) -> None:
        self.go(self.hub.read())

    @rule()
    def plan(self) -> None:
        self.go(self.hub.plan())

    @rule()
    def deliver(self) -> None:
        self.go(self.hub.deliver())

    @rule(seconds=st.sampled_from([1, 6, 60]))
    def elapse(self, seconds: int) -> None:
        self.go(self.hub.elapse(seconds))

    async def steps(self) -> None:
        await self.hub.read()
        await self.hub.plan()
        await self.hub.deliver()

    def teardown(self) -> None:
        try:
            if hasattr(self, "hub"):
                self.go(self.come_to_rest())
                self.go(self.hub.close())
        finally:
            self.stack.close()
            self.loop.close()

    async def come_to_rest(self) -> None:
        for book in (self.a, self.b):
            book.faults.clear()
            book.shown.clear()
            book.settle()
        await self.hub.elapse(120)
        for _ in range(4):
            await self.hub.reread()
            await self.hub.rest()
            await self.hub.elapse(10)
        await self.agreed()
        written, states = self.written, await self.hub.states()
        for _ in range(2):
            await self.hub.rest()
            await self.hub.elapse(10)
        assert (self.written, await self.hub.states()) == (written, states), "a further run writes nothing"
        assert written <= 4 * (self.edits + 2 * self.named + 2), "no ping-pong"

    @property
    def written(self) -> int:
        return len(self.a.written) + len(self.b.written)

    async def agreed(self) -> None:
        """Nobody stands twice; where nobody is asked, both sides say the same; else the reason is one for a person."""
        for book in (self.a, self.b):
            emails = [each.party.email for each in book.people.values()]
            assert len(emails) == len(set(emails)), emails
        rows = await self.hub.sql(
            "SELECT r.number, d.state, d.cause FROM record r JOIN passage p ON p.case_id = r.case_id"
            " LEFT JOIN decision d ON d.passage = p.id AND d.record = r.id"
        )
        assert {row["cause"] for row in rows if row["state"] == "parked"} <= _ASKED
        waiting = [row for row in rows if row["state"] not in {"done", "parked", "excluded"}]
        assert waiting == [], waiting
        if self.policy["conflicts"] == "source" and self.both:
            assert not [row for row in rows if row["cause"] == "contact.conflict"]
        asked = any(row["state"] == "parked" for row in rows)
        there = {each.party.email: each for each in self.b.people.values()}
        for one in self.a.people.values():
            if one.party.email in self.deleted:
                continue
            assert one.party.email in there, f"{one.party.email} is not there"
            if self.both and not asked and one.party.email not in self.apart:
                assert differing(one, there[one.party.email]) == ()
