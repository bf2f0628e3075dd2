"""The trading machine with both sides changing after the transfer: edited, paid, cancelled, deleted, closed."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from mostek.commands.adopting import Accept, Close
from mostek.commands.mending import Retry
from mostek.documents.invoice import Invoice
from mostek.documents.money import Money
from mostek.sdk.effect import Statement
from tests.hub import toy
from tests.hub.papers import regrossed
from tests.hub.trading import AMOUNTS, PICK, Trading

POLICIES: list[dict[str, Any]] = [
    {"changes": "update", "cancellations": "cancel"},
    {"changes": "reissue", "cancellations": "cancel"},
    {"changes": "ask", "cancellations": "ask"},
    {"changes": "update", "cancellations": "ask", "adopt": "same"},
]
# What a person has to decide, whatever the policy says, of documents that nobody touched in the books.
_ASKING = {
    "change.cancelled",  # cancelled by us, and then alive again in the shop
    "change.paid",
    "credit.original_missing",
    "credit.original_parked",
    "excluded.person",
    "payment.overpaid",
    "payment.reversed",
    "settle.several",
    "toy.refused",
}
_BY_POLICY = {
    ("changes", "ask"): {"document.changed"},
    ("cancellations", "ask"): {"document.cancelled", "document.vanished"},
}
_CLOSED = {"change.closed", "books.closed"}
# Of those that somebody touched there.
_TOUCHED = {
    "change.edited",
    "change.locked",
    "document.changed",
    "document.cancelled",
    "document.vanished",
    "document.exists",
    "document.conflict",
    "document.ambiguous",
    "target.cancelled",
    "target.deleted",
    "target.edited",
    "toy.locked",
    "verify.cancelled",
    "verify.differs",
    "verify.missing",
}


class Bookkeeping(Trading):
    """Everything of the trading machine, and what shop and accountant do to documents that are in the books."""

    def __init__(self) -> None:
        super().__init__()
        self.touched: set[str] = set()
        self.retried: set[str] = set()
        self.chosen_policy: dict[str, Any] = {}

    @initialize(
        idempotent=st.booleans(), policy=st.sampled_from(POLICIES), number=st.integers(1, 4), paid=st.booleans()
    )
    def begin(self, idempotent: bool, policy: dict[str, Any], number: int, paid: bool) -> None:
        """Some documents are in the books already."""
        self.set_up(idempotent, 3, patient=False)
        self.chosen_policy = policy
        self.run_async(self.hub.change_policy(self.policy(policy)))
        self.made = number
        self.hub.shop.put(*(toy.invoice(f"F{made}", "242", is_paid=paid) for made in range(1, number + 1)))
        self.settle_down()

    def settle_down(self) -> None:
        """Whatever is under way comes to its end, as far as the world lets it."""
        for _ in range(3):
            self.run_async(self.all_steps())
            self.run_async(self.hub.elapse(6))

    # Rules are drawn alike: those that let the hub work come twice, so that deeds meet documents in the books.
    work_on = rule()(settle_down)
    work_more = rule()(settle_down)

    def policy(self, policy: dict[str, Any]) -> dict[str, Any]:
        """A policy of the machine: payments are documents of their own, so that their sums can be told."""
        return {"wait_for_order": 0, "payments": "document", "orphans": "book", **policy}

    # --- the shop

    @precondition(lambda self: self.invoices)
    @rule(
        pick=PICK,
        deed=st.sampled_from(["edit", "edit", "receive", "redate", "cancel", "restore", "delete"]),
        gross=AMOUNTS,
        part=st.sampled_from([0, 50, 100, 110]),
        work=st.booleans(),
    )
    def shop_changes(self, pick: int, deed: str, gross: str, part: int, work: bool) -> None:
        """Somebody changes a document in the shop; the hub notices at once or later."""
        document = self.chosen(pick)
        day = document.issued + timedelta(days=part - 60)
        changed = {
            "edit": regrossed(document, gross),
            "receive": msgspec.structs.replace(document, received=Money(document.total.minor * part // 100, "CZK")),
            "redate": msgspec.structs.replace(document, issued=day, supplied=day),
            "cancel": msgspec.structs.replace(document, cancelled=True),
            "restore": msgspec.structs.replace(document, cancelled=False),
        }
        if deed == "delete":
            del self.hub.shop.documents[document.kind, document.id]
            self.run_async(self.hub.reread())
        else:
            self.hub.shop.put(changed[deed])
        if work:
            self.settle_down()

    # --- the accountant's hand in the books

    @precondition(lambda self: self.invoices)
    @rule(
        pick=PICK,
        deed=st.sampled_from(["amount", "day", "deleted", "cancelled", "locked", "unlocked", "paid"]),
        gross=AMOUNTS,
        then=st.sampled_from(["", "read back", "shop edits"]),
    )
    def books_change(self, pick: int, deed: str, gross: str, then: str) -> None:
        """The accountant changes a document in the books; it is read back, or changed in the shop too."""
        document = self.chosen(pick)
        stands = next((each for each in self.hub.books.of(document.number) if not each.cancelled), None)
        if stands is None or (deed in {"amount", "day", "deleted", "cancelled"} and stands.locked):
            return
        changes: dict[str, dict[str, Any]] = {
            "amount": {"total": toy.money(gross), "unpaid": toy.money(gross)},
            "day": {"issued": stands.issued + timedelta(days=1)},
            "deleted": {"deleted": True},
            "cancelled": {"cancelled": True},
            "locked": {"locked": True},
            "unlocked": {"locked": False},
            "paid": {"unpaid": toy.money("0")},
        }
        self.touched.add(document.number)
        self.hub.books.hand_on(stands.id, **changes[deed])
        if then == "read back":
            self.read_back_now()
        elif then:
            self.hub.shop.put(regrossed(document, gross))
            self.settle_down()

    @rule(months=st.sampled_from([None, -1, 0, 1]), gross=AMOUNTS, pick=PICK, edit=st.booleans())
    def close_books(self, months: int | None, gross: str, pick: int, edit: bool) -> None:
        """The accountant closes a period, or opens all; and the shop changes something all the same."""
        if self.hub.books.late or self.hub.books.frozen:
            return  # what is on its way may still arrive; an accountant closes months that are long quiet
        until = None if months is None else toy.DAY + timedelta(days=30 * months)
        self.run_async(self.hub.command("books.close", Close(slug="books", until=until)))
        self.hub.books.closed_until = until
        if edit and self.invoices:
            self.hub.shop.put(regrossed(self.chosen(pick), gross))
            self.settle_down()

    def read_back_now(self) -> None:
        """A day later everything in the books is looked at again."""
        self.run_async(self.hub.sql("UPDATE action SET recheck = 0 WHERE recheck IS NOT NULL"))
        self.run_async(self.all_steps())

    read_back = rule()(read_back_now)

    @rule(pick=PICK)
    def accept(self, pick: int) -> None:
        rows = [row for row in self.run_async(self.hub.rows("standing_all")) if row["state"] == "parked"]
        if rows and not self.hub.books.dead:
            chosen = rows[pick % len(rows)]
            self.touched.add(chosen["number"])
            self.run_async(self.hub.command("inbox.accept", Accept(records=(chosen["id"],))))

    @rule(pick=PICK)
    def make_again(self, pick: int) -> None:
        rows = [row for row in self.run_async(self.hub.rows("standing_all")) if row["cause"] == "target.deleted"]
        if rows:
            chosen = rows[pick % len(rows)]
            self.retried.add(chosen["number"])
            self.run_async(self.hub.command("inbox.retry", Retry(records=(chosen["id"],))))

    @rule(policy=st.sampled_from(POLICIES))
    def change_policy(self, policy: dict[str, Any]) -> None:
        self.chosen_policy = policy
        self.run_async(self.hub.change_policy(self.policy(policy)))

    # --- what always holds

    def live(self) -> Mapping[tuple[str, str], list[Statement]]:
        """The documents in the books that nobody cancelled, by the shop's document they were made for."""
        owners = {
            action.key: (action.subject.kind, action.subject.id)
            for _, action in self.hub.books.every
            if isinstance(action.subject, Invoice) and action.verb in {"create", "adopt"}
        }
        found: defaultdict[tuple[str, str], list[Statement]] = defaultdict(list)
        for stands in self.hub.books.standing.values():
            if stands.key and not stands.cancelled:
                found[owners[stands.key]].append(stands)
        return found

    def nothing_twice(self) -> None:
        if not hasattr(self, "hub"):
            return
        assert self.hub.books.violations == []
        for owner, standing in self.live().items():
            assert len(standing) == 1, f"{owner} stands {len(standing)} times"
            assert owner not in self.left_out, "sent although a person had left it out"

    async def come_to_rest(self) -> None:
        """The world behaves again: both sides agree by the policy or a person is asked; a second run writes nothing."""
        hub, books = self.hub, self.hub.books
        books.dead = False
        for faults in (books.faults_of, books.findings, books.reject_duties):
            faults.clear()
        books.settle()
        await hub.elapse(120)
        await hub.reread()  # what is gone shows only when it is asked for
        await hub.rest()
        await hub.sql("UPDATE action SET recheck = 0 WHERE recheck IS NOT NULL")
        await hub.rest()
        await self.agreed()
        before = (books.calls["write"], await hub.states())
        await hub.rest()
        assert (books.calls["write"], await hub.states()) == before, "an unchanged second run"
        self.nothing_twice()

    async def agreed(self) -> None:
        """What is done stands in the books as in the shop, or as a person left it; all the rest waits for a person."""
        live = self.live()
        rows = await self.hub.sql(
            "SELECT r.kind, r.source_id, r.number, d.state, d.cause, (SELECT max(a.hand) FROM action a"
            " WHERE a.record = r.id) AS hand FROM record r JOIN passage p ON p.case_id = r.case_id"
            " LEFT JOIN decision d ON d.passage = p.id AND d.record = r.id WHERE r.kind <> 'order'"
        )
        for row in rows:
            owner = (row["kind"], row["source_id"])
            document = self.hub.shop.documents.get(owner)
            stands = live.get(owner, [])
            if row["state"] == "done" and not row["hand"]:
                assert isinstance(document, Invoice | None)
                if document is None or document.cancelled:
                    assert stands == [], f"{owner} is gone in the shop and stands in the books"
                else:
                    self.agrees(document, stands, row["number"])
            elif row["state"] not in {"done", "excluded"}:
                corrects = document.corrects if isinstance(document, Invoice) else None
                why = self.reasons({row["number"], corrects or row["number"]})
                assert row["cause"] in why, f"{owner}: {row['state']}, {row['cause']}"

    def reasons(self, numbers: set[str]) -> set[str]:
        """Why a person may be asked about a document, or the credit note of one."""
        found = set(_ASKING)
        for (name, value), causes in _BY_POLICY.items():
            found |= causes if self.chosen_policy.get(name) == value else set()
        found |= _CLOSED if self.hub.books.closed_until else set()
        return found | _TOUCHED if numbers & (self.touched | self.retried) else found

    def agrees(self, document: Invoice, stands: list[Statement], number: str) -> None:
        """The same total, day and, where nobody paid by hand, the same rest to be paid."""
        assert [each.total for each in stands] == [document.total], f"{number} stands with other figures"
        assert [each.issued for each in stands] == [document.issued], f"{number} stands with another day"
        if document.kind != "credit_note" and number not in self.touched | self.retried:
            paid = min(document.settled.minor, document.total.minor)
            left = [each.unpaid.minor if each.unpaid else 0 for each in stands]
            assert left == [document.total.minor - paid], f"{number} is paid otherwise"
