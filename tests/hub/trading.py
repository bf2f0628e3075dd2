"""A state machine of a shop, its books and the hub between them: anything may happen, in any order."""

import asyncio
import contextlib
import shutil
import tempfile
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import msgspec
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from mostek.documents.invoice import Invoice
from mostek.documents.party import Address, Party
from mostek.hub.ledger import Transaction
from mostek.hub.vault import Vault
from tests.hub import toy
from tests.hub.bench import CrashPoint, Installation, install
from tests.hub.papers import regrossed
from tests.hub.soundness import sound

T = TypeVar("T")
AMOUNTS = st.sampled_from(["121", "242", "1000", "5000"])
ORDERS = st.sampled_from([None, "1", "2", "3"])
BUYERS = st.sampled_from(["eva", "jan", "own"])
PICK = st.integers(0, 200)
HOLD = {"id": "big", "when": [{"field": "total", "operator": "at_least", "values": ["5000"]}], "then": "hold"}
LEAVE = {"id": "left", "when": [{"field": "total", "operator": "at_least", "values": ["1000"]}], "then": "exclude"}
POLICIES: list[dict[str, Any]] = [
    {},
    {"rules": [HOLD, {"id": "all"}]},
    {"rules": [LEAVE, {"id": "all"}]},
    {"contacts": "none", "payments": "document"},
    {"starts_from": "2030-01-01"},
    {"orphans": "book", "payments": "none"},
]


class Trading(RuleBasedStateMachine):
    """What a person, the shop, the books, the net and the machine may do; ``address`` gives an empty database."""

    address: ClassVar[Callable[[Path], "contextlib.AbstractContextManager[str]"]]

    def __init__(self) -> None:
        super().__init__()
        self.stack = contextlib.ExitStack()
        self.folder = Path(tempfile.mkdtemp(prefix="mostek-"))
        self.stack.callback(shutil.rmtree, self.folder)
        self.loop = asyncio.new_event_loop()
        self.stack.callback(self.loop.close)
        self.patch = self.stack.enter_context(pytest.MonkeyPatch.context())
        self.made = 0
        self.wait = 3600
        self.left_out: set[tuple[str, str]] = set()

    def run_async(self, coroutine: Any) -> Any:
        """Run a step of the hub."""
        return self.loop.run_until_complete(coroutine)

    @initialize(idempotent=st.booleans(), batch=st.sampled_from([1, 3, 10]), patient=st.booleans())
    def begin(self, idempotent: bool, batch: int, patient: bool) -> None:
        self.set_up(idempotent, batch, patient)

    def set_up(self, idempotent: bool, batch: int, patient: bool) -> None:
        """An empty database, a shop and books."""
        address = self.stack.enter_context(type(self).address(self.folder))
        self.wait = 10**9 if patient else 3600
        vault = Vault(self.folder / "key")
        self.hub: Installation = self.run_async(install(self.patch, address, vault, self.policy({}), batch=batch))
        self.hub.books.idempotent = idempotent
        self.hub.books.hook = self.look

    def policy(self, policy: dict[str, Any]) -> dict[str, Any]:
        """What the machine runs under."""
        return {"wait_for_order": self.wait, **policy}

    async def look(self, name: str, _: Any) -> None:
        """Books without idempotency commit what they took in before they are asked; others whenever they like."""
        if name == "find" and not self.hub.books.idempotent:
            self.hub.books.settle()

    @property
    def invoices(self) -> list[Invoice]:
        """All documents of the shop."""
        if not hasattr(self, "hub"):
            return []
        return [document for document in self.hub.shop.documents.values() if isinstance(document, Invoice)]

    def chosen(self, pick: int) -> Invoice:
        """One document of the shop."""
        return self.invoices[pick % len(self.invoices)]

    # --- the shop

    @rule(gross=AMOUNTS, order=ORDERS, buyer=BUYERS, paid=st.booleans())
    def sell(self, gross: str, order: str | None, buyer: str, paid: bool) -> None:
        self.made += 1
        number = f"F{self.made}"
        self.hub.shop.put(toy.invoice(number, gross, order_number=order, buyer=_party(buyer, number), is_paid=paid))

    @rule(target_number=st.integers(1, 12), gross=AMOUNTS, order=ORDERS, buyer=BUYERS)
    def credit(self, target_number: int, gross: str, order: str | None, buyer: str) -> None:
        self.made += 1
        number = f"D{self.made}"
        note = toy.credit_note(number, f"F{target_number}", gross, order_number=order, buyer=_party(buyer, number))
        self.hub.shop.put(note)

    @rule(number=st.sampled_from(["1", "2", "3"]))
    def order(self, number: str) -> None:
        self.hub.shop.put(toy.order(number))

    @precondition(lambda self: self.invoices)
    @rule(pick=PICK, gross=AMOUNTS)
    def edit(self, pick: int, gross: str) -> None:
        self.hub.shop.put(regrossed(self.chosen(pick), gross))

    @precondition(lambda self: self.invoices)
    @rule(pick=PICK, paid=st.booleans())
    def pay(self, pick: int, paid: bool) -> None:
        self.hub.shop.put(msgspec.structs.replace(self.chosen(pick), is_paid=paid))

    @precondition(lambda self: self.invoices)
    @rule(pick=PICK, order=ORDERS)
    def move(self, pick: int, order: str | None) -> None:
        """The shop lists it under another order from its next change on."""
        document = self.chosen(pick)
        self.hub.shop.moved[document.kind, document.id] = f"order:{order}" if order else f"invoice:{document.number}"
        self.hub.shop.put(msgspec.structs.replace(document, is_paid=not document.is_paid))

    # --- the books and the net

    @rule(
        duty=st.sampled_from(["contact", "invoice", "credit_note", "link", "payment"]),
        story=st.lists(st.sampled_from(["lost", "late", "cut", "unreachable", ""]), min_size=1, max_size=3),
    )
    def fault(self, duty: str, story: list[str]) -> None:
        self.hub.books.faults_of.setdefault(duty, deque()).extend(story)

    @rule(answers=st.lists(st.sampled_from(["cannot", "stale", "down", ""]), min_size=1, max_size=2))
    def look_badly(self, answers: list[str]) -> None:
        self.hub.books.findings.extend(answers)

    @rule(duty=st.sampled_from(["contact", "invoice", "payment", "link"]), refuse=st.booleans())
    def refuse(self, duty: str, refuse: bool) -> None:
        (self.hub.books.reject_duties.add if refuse else self.hub.books.reject_duties.discard)(duty)

    @rule(dead=st.booleans())
    def die(self, dead: bool) -> None:
        self.hub.books.dead = dead

    @rule()
    def commit_late(self) -> None:
        self.hub.books.settle()

    # --- the hub

    @rule()
    def read(self) -> None:
        self.run_async(self.hub.read())

    @rule()
    def plan(self) -> None:
        self.run_async(self.hub.plan())

    @rule()
    def deliver(self) -> None:
        self.run_async(self.hub.deliver())

    @rule()
    def work(self) -> None:
        self.run_async(self.all_steps())

    async def all_steps(self) -> None:
        """Each step once."""
        await self.hub.read()
        await self.hub.plan()
        await self.hub.deliver()

    @rule(at=st.integers(0, 14), after=st.booleans(), wait=st.sampled_from([0, 5, 120]))
    def die_at(self, at: int, after: bool, wait: int) -> None:
        """The process is killed at some commit or call; another starts, at once or later."""
        point = CrashPoint(at, after)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(self.hub.ledger, "write", point.wrap(self.hub.ledger.write))
            for call in ("write", "find", "verify", "ask"):
                patch.setattr(toy.BooksSession, call, point.wrap(getattr(toy.BooksSession, call)))
            with contextlib.suppress(toy.Crash, BaseExceptionGroup):
                self.run_async(self.all_steps())
        self.hub = self.run_async(self.hub.restart())
        self.run_async(self.hub.elapse(wait))

    @rule(seconds=st.sampled_from([0.5, 3, 10, 100]))
    def wait_some(self, seconds: float) -> None:
        self.run_async(self.hub.elapse(seconds))

    # --- a person

    @precondition(lambda self: self.invoices)
    @rule(pick=PICK)
    def exclude(self, pick: int) -> None:
        document = self.chosen(pick)
        held = {key for key in ((document.kind, document.id),) if not self.hub.books.holds(document.number)}

        def command(tx: Transaction) -> bool:
            records = _records(tx, document)
            rows = tx.rows("exclude_decisions", records=records, person="eva", problem="{}")
            if rows:
                tx.run("revise_passages", passages=[row["passage"] for row in rows])
            return bool(rows)

        if self.run_async(self.hub.ledger.write(command)):
            self.left_out |= held

    @precondition(lambda self: self.invoices)
    @rule(pick=PICK)
    def retry(self, pick: int) -> None:
        document = self.chosen(pick)

        def command(tx: Transaction) -> None:
            records = _records(tx, document)
            alarms = tx.rows("settle_alarms", records=records)
            if alarms:
                tx.run("judge", pairs=[{"passage": row["passage"], "record": row["record"]} for row in alarms])
            tx.run("retry_decisions", records=records)
            tx.run("forget_person", records=records)

        self.run_async(self.hub.ledger.write(command))
        self.left_out.discard((document.kind, document.id))

    @rule(policy=st.sampled_from(POLICIES))
    def change_policy(self, policy: dict[str, Any]) -> None:
        self.run_async(self.hub.change_policy(self.policy(policy)))

    # --- what always holds

    @invariant()
    def nothing_twice(self) -> None:
        if hasattr(self, "hub"):
            assert self.hub.books.doubles == []
            assert self.hub.books.violations == []
            booked = {
                (action.subject.kind, action.subject.id)
                for _, action in self.hub.books.every
                if isinstance(action.subject, Invoice)
            }
            assert not booked & self.left_out, "sent although a person had left it out"

    def teardown(self) -> None:
        try:
            if hasattr(self, "hub"):
                self.run_async(self.come_to_rest())
        finally:
            if hasattr(self, "hub"):
                self.run_async(self.hub.close())
            self.stack.close()

    async def come_to_rest(self) -> None:
        """The world behaves again: everything comes to rest, adds up, and a second run writes nothing."""
        hub, books = self.hub, self.hub.books
        books.dead = False
        books.faults_of.clear()
        books.findings.clear()
        books.reject_duties.clear()
        books.settle()
        await hub.elapse(120)
        await hub.rest()
        counts = await sound(hub)
        assert sum(counts.values()) == len(self.invoices)
        assert not counts["in_doubt"]
        before = (books.calls["write"], books.calls["ask"], await hub.states())
        await hub.rest()
        assert (books.calls["write"], books.calls["ask"], await hub.states()) == before, "an unchanged second run"
        self.nothing_twice()


def _party(buyer: str, number: str) -> Party:
    name = number if buyer == "own" else buyer
    return Party(address=Address(name="Jana Testová", country="CZ"), email=f"{name.lower()}@buyer.example")


def _records(tx: Transaction, document: Invoice) -> list[int]:
    rows = tx.rows("find_records", text=document.id)
    return [row["id"] for row in rows if row["kind"] == document.kind]
