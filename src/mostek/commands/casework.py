"""Cases as people look at them: each record read again as its document, with how it stands in each flow."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date
from typing import Literal

import msgspec

from mostek.commands.looking import Candidate, candidates, deeds
from mostek.commands.replaying import end_of
from mostek.core import cases
from mostek.core.cases import Case, StoredRecord
from mostek.desk.pages import page
from mostek.desk.specimen import End
from mostek.documents.invoice import Invoice
from mostek.documents.money import Money
from mostek.documents.order import Order
from mostek.documents.party import Contact
from mostek.documents.problem import Problem
from mostek.hub.connections import AnyConnector
from mostek.hub.ledger import Transaction, catalog
from mostek.hub.ledger.dialect import Row
from mostek.sdk.effect import Action, Statement
from mostek.sdk.settings import Settings

Paid = Literal["", "booked", "under_way", "unpaid"]


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """One action for a record: what it does where, how it stands, what it was sent with and what should stand there.

    Times in milliseconds since 1970. ``page`` is where a person sees it in the target's own pages.
    """

    key: str
    passage: int
    target: str
    verb: str
    kind: str
    state: str
    id: str
    number: str
    sent: int | None
    verified: int | None
    problem: Problem | None
    words: str
    hand: str
    planned: Invoice | None
    expected: Statement | None
    page: str


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """How a record stands in one flow, and what a person can do; ``paid`` as far as it was carried over."""

    passage: int
    kind: str
    flow: str
    flow_state: str
    target: str
    state: str
    cause: str
    problem: Problem
    rule: str
    version: int
    person: str
    changed: int | None
    effects: tuple[Effect, ...]
    deeds: tuple[str, ...]
    candidates: tuple[Candidate, ...]

    @property
    def made(self) -> Effect | None:
        """What made the document that stands in the target, the latest where it was issued again."""
        made = [each for each in self.effects if each.verb in {"create", "adopt"} and each.kind == self.kind]
        return next((each for each in reversed(made) if each.state in {"done", "alarm"}), made[-1] if made else None)

    @property
    def since(self) -> int | None:
        """Since when the document has been in the target."""
        return self.made.sent if self.made and self.made.state in {"done", "alarm"} else None


class Paper(msgspec.Struct, frozen=True, kw_only=True):
    """One record of a case: the document it holds or why it cannot be read, and its course through each flow.

    ``gone``: the source does not have it any more, and it is shown as it last was.
    """

    record: int
    kind: str
    number: str
    version: int
    changed: int
    total: Money | None
    dated: date | None
    gone: bool
    document: Invoice | Order | None
    problems: tuple[Problem, ...]
    courses: tuple[Course, ...]
    page: str

    def paid(self, course: Course) -> Paid:
        """Whether it is paid: in the target, on the way there, or not even in the source; empty where nobody says."""
        settled = [each for each in course.effects if each.verb == "settle"]
        if settled:
            return "booked" if all(each.state == "done" for each in settled) else "under_way"
        open_ = isinstance(self.document, Invoice) and self.document.kind == "invoice" and not self.document.is_paid
        return "unpaid" if open_ else ""


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """One case: its papers, oldest first, the order's number where it belongs to one, and who bought."""

    case: int
    root: str
    source: str
    order: str
    buyer: str
    papers: tuple[Paper, ...]


def stories(tx: Transaction, numbers: Sequence[int]) -> tuple[Story, ...]:
    """These cases in this order, as far as there are such; a constant number of statements."""
    given = list(numbers)
    records = tx.rows("records_with_payload", cases=given, workspace=catalog.WORKSPACE)
    courses, actions = tx.rows("courses_of_cases", cases=given), tx.rows("actions_of_cases", cases=given)
    ends = {row.id: end_of(row) for row in catalog.connections(tx)}
    opened = {number: found for number, end in ends.items() if (found := _opened(end))}
    by_case: dict[int, list[Row]] = {}
    for row in records:
        by_case.setdefault(row["case_id"], []).append(row)
    return tuple(_Reader(opened, courses, actions).story(by_case[number]) for number in numbers if number in by_case)


def _opened(end: End) -> tuple[AnyConnector, Settings] | None:
    """None where the connector is gone, or settings no longer fit: such records are shown without their content."""
    with suppress(Exception):
        return end.opened()
    return None


class _Reader:
    """What all cases of one look share."""

    def __init__(
        self,
        opened: Mapping[int, tuple[AnyConnector, Settings]],
        courses: Sequence[Row],
        actions: Sequence[Row],
    ) -> None:
        self._opened = opened
        self._courses: dict[int, list[Row]] = {}
        self._actions: dict[tuple[int, int], list[Row]] = {}
        for row in courses:
            self._courses.setdefault(row["record"], []).append(row)
        for row in actions:
            self._actions.setdefault((row["passage"], row["record"]), []).append(row)

    def story(self, rows: Sequence[Row]) -> Story:
        case = self._case(rows)
        papers = tuple(self._paper(row, place, case) for place, row in enumerate(rows))
        kind, _, name = rows[0]["root"].partition(":")
        documents = [entry.document for entry in case.entries if entry.document] if case else []
        buyers = [each.party if isinstance(each, Contact) else each.buyer for each in documents]
        return Story(
            case=rows[0]["case_id"],
            root=rows[0]["root"],
            source=rows[0]["source"],
            order=name if kind == "order" else "",
            buyer=next((buyer.name for buyer in buyers if buyer.name), ""),
            papers=papers,
        )

    def _case(self, rows: Sequence[Row]) -> Case | None:
        """Its documents; None for a case that took the program down: who looks at it must not do so again."""
        crashed = any(course["cause"] == "case.crashes" for row in rows for course in self._courses.get(row["id"], ()))
        opened = None if crashed else self._opened.get(rows[0]["connection"])
        stored = [
            StoredRecord(
                id=row["id"],
                kind=row["kind"],
                source_id=row["source_id"],
                version=row["version"],
                payload=row["payload"],
                root=row["root"],
                absent=bool(row["absent"]),
            )
            for row in rows
        ]
        return (
            cases.assemble(rows[0]["case_id"], (rows[0]["connection"], rows[0]["source"]), stored, *opened)
            if opened
            else None
        )

    def _paper(self, row: Row, place: int, case: Case | None) -> Paper:
        entry = case.entries[place] if case else None
        document = entry.document if entry else None
        return Paper(
            record=row["id"],
            kind=row["kind"],
            number=row["number"] or row["source_id"],
            version=row["version"],
            changed=row["changed"],
            total=Money(row["total"], row["currency"]) if row["currency"] is not None else None,
            dated=date.fromisoformat(row["dated"]) if row["dated"] else None,
            gone=bool(row["absent"]),
            document=document if isinstance(document, Invoice | Order) else None,
            problems=entry.problems if entry else (),
            courses=tuple(self._course(course, row["kind"]) for course in self._courses.get(row["id"], ())),
            page=self._page(row["connection"], row["kind"], row["source_id"], row["payload"]),
        )

    def _course(self, row: Row, kind: str) -> Course:
        effects = tuple(self._effect(action) for action in self._actions.get((row["passage"], row["record"]), ()))
        problem = (
            msgspec.json.decode(row["problem"], type=Problem) if row["problem"] != "{}" else Problem(cause=row["cause"])
        )
        stands = any(e.verb in {"create", "adopt"} and e.kind == kind and e.state in {"done", "alarm"} for e in effects)
        return Course(
            passage=row["passage"],
            kind=kind,
            flow=row["flow"],
            flow_state=row["flow_state"],
            target=row["target"],
            state=row["state"],
            cause=row["cause"],
            problem=problem,
            rule=row["rule"],
            version=row["version"],
            person=row["person"],
            changed=row["changed"],
            effects=effects,
            deeds=deeds(row["state"], row["cause"], problem, stands=stands),
            candidates=candidates(problem) if row["state"] == "parked" else (),
        )

    def _effect(self, row: Row) -> Effect:
        action = msgspec.json.decode(row["body"], type=Action)
        id = row["target_id"] or ""
        return Effect(
            key=row["key"],
            passage=row["passage"],
            target=row["target"],
            verb=row["verb"],
            kind=row["kind"],
            state=row["state"],
            id=id,
            number=row["target_number"] or "",
            sent=row["sent"],
            verified=row["verified"],
            problem=msgspec.json.decode(row["problem"], type=Problem) if row["problem"] else None,
            words=row["words"] or "",
            hand=row["hand"] or "",
            planned=action.subject if isinstance(action.subject, Invoice) else None,
            expected=msgspec.json.decode(row["expected"], type=Statement) if row["expected"] else None,
            page=self._page(row["endpoint"], row["kind"], id, "") if id and row["verb"] in {"create", "adopt"} else "",
        )

    def _page(self, connection: int, kind: str, id: str, payload: str) -> str:
        """The address in the vendor's own pages."""
        opened = self._opened.get(connection)
        return page(opened[0].manifest, opened[1], kind, id, payload) if opened else ""
