"""The documents in the toy books as they stand: what actions, people and older bridges do to them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

import msgspec

from mostek.documents.money import Money
from mostek.documents.payment import Payment
from mostek.documents.problem import Problem
from mostek.sdk.effect import Action, Reference, Rejected, Statement


@dataclass
class Shelf:
    """Documents by their name here.

    ``handed``: the figures of some as they were before a person changed them. ``violations``: what is never seen.
    """

    standing: dict[str, Statement] = field(default_factory=dict)
    handed: dict[str, tuple[object, object]] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)
    closed_until: date | None = None

    def put(self, name: str, stands: Statement) -> None:
        """A new document."""
        if self._is_closed(stands):
            self.violations.append(f"{stands.number}: entered in a closed period")
        self.standing[name] = msgspec.structs.replace(stands, id=name)

    def change(self, action: Action, meant: Statement | None) -> Rejected | None:
        """Do what an action says to a document that stands; refuse what these books would not do to it."""
        name = self.named(action.refs["document"]) if "document" in action.refs else ""
        deeds: dict[str, Callable[[Statement, Action, Statement | None], Statement | str]] = {
            "adopt": self._adopted,
            "update": self._updated,
            "cancel": self._cancelled,
            "settle": self._settled,
        }
        if not name or action.verb not in deeds:
            return None
        found = deeds[action.verb](self.standing[name], action, meant)
        if isinstance(found, str):
            return Rejected(problem=Problem(cause=found))
        self.standing[name] = found
        return None

    def _adopted(self, stands: Statement, action: Action, _: Statement | None) -> Statement | str:
        return "toy.taken" if stands.key else msgspec.structs.replace(stands, key=action.key)

    def _updated(self, stands: Statement, _: Action, meant: Statement | None) -> Statement | str:
        assert meant
        if stands.locked or stands.cancelled or stands.unpaid != stands.total:
            return "toy.locked"
        if self._is_closed(stands) or self._is_closed(meant):
            self.violations.append(f"{stands.number}: changed in a closed period")
        if stands.id in self.handed:
            self.violations.append(f"{stands.number}: written over a person's change")
        return msgspec.structs.replace(meant, id=stands.id)

    def _cancelled(self, stands: Statement, _: Action, __: Statement | None) -> Statement | str:
        if stands.locked or stands.cancelled:
            return "toy.locked"
        if self._is_closed(stands):
            self.violations.append(f"{stands.number}: cancelled in a closed period")
        return msgspec.structs.replace(stands, cancelled=True)

    def _settled(self, stands: Statement, action: Action, _: Statement | None) -> Statement | str:
        if not isinstance(action.subject, Payment) or stands.unpaid is None:
            return stands
        left = max(stands.unpaid.minor - action.subject.amount.minor, 0)
        return msgspec.structs.replace(stands, unpaid=Money(left, stands.total.currency))

    def _is_closed(self, stands: Statement) -> bool:
        return self.closed_until is not None and stands.issued <= self.closed_until

    def named(self, reference: Reference) -> str:
        """The name of the document that a reference means, if it stands here."""
        if reference.id:
            return reference.id if reference.id in self.standing else ""
        return next((name for name, stands in self.standing.items() if stands.key == reference.key), "")

    def of(self, number: str) -> list[Statement]:
        """The documents of this number as they stand."""
        return [stands for stands in self.standing.values() if stands.number == number]

    def hand(self, number: str, **changes: object) -> None:
        """A person changes a document here; ``deleted=True`` takes it away."""
        for stands in self.of(number):
            self.hand_on(stands.id, **changes)

    def hand_on(self, name: str, **changes: object) -> None:
        """A person changes the document of this name."""
        stands = self.standing.pop(name)
        if not changes.get("deleted"):
            changed = self.standing[name] = msgspec.structs.replace(stands, **changes)
            before = self.handed.pop(name, (stands.total, stands.issued))
            if before != (changed.total, changed.issued):  # else it stands as if nobody had touched it
                self.handed[name] = before

    def enter(self, *statements: Statement) -> None:
        """Somebody else enters documents here."""
        for statement in statements:
            name = f"X{len(self.standing) + 1}"
            self.standing[name] = msgspec.structs.replace(statement, id=name)
