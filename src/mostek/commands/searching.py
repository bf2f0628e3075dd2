"""The command behind the one box: where is what a person asks for, and what is to be done about it."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from mostek.commands.casework import Course, Paid, Paper, Story, stories
from mostek.core.terms import Lookup, lookups
from mostek.desk.installation import Installation
from mostek.documents.problem import Problem
from mostek.hub.ledger import Transaction, catalog

SHOWN = 10
# So many records of the rarest term asked for are looked at, the newest: where more have it, others are said to be.
_LOOKED_AT = 4_000
# What one paper's clause of an answer tells of: how it stands in a flow, or why it is in none.
Telling = Literal["done", "waiting", "planning", "in_doubt", "parked", "excluded", "gone", "nobody", "no_document"]
# What to do next, the most urgent first.
Step = Literal["person", "take_up", "lookup", "waits", "source", "left_out", "nothing"]
_STEPS: tuple[tuple[Step, frozenset[str]], ...] = (
    ("person", frozenset({"parked"})),
    ("take_up", frozenset({"nobody"})),
    ("lookup", frozenset({"in_doubt"})),
    ("waits", frozenset({"waiting", "planning"})),
    ("source", frozenset({"no_document"})),
    ("left_out", frozenset({"excluded"})),
    ("nothing", frozenset({"done", "gone"})),
)


class Search(msgspec.Struct, kw_only=True):
    """Find cases by an order's or a document's number, a symbol, IČO or NIP, a name, an e-mail, an amount."""

    text: str
    limit: int = SHOWN


class Clause(msgspec.Struct, frozen=True, kw_only=True):
    """How one paper stands in one flow; ``since`` in milliseconds since 1970, ``there`` its number in the target."""

    telling: Telling
    kind: str
    number: str
    flow: str = ""
    target: str = ""
    there: str = ""
    since: int | None = None
    cause: str = ""
    problem: Problem | None = None
    paid: Paid = ""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One case as an answer: what it is, how each of its documents stands, and the next step."""

    case: int
    source: str
    order: str
    buyer: str
    clauses: tuple[Clause, ...]
    step: Step


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Answers, the newest case first. ``more``: there are others; ``whole``: everything stored can be found by now."""

    text: str
    answers: tuple[Answer, ...]
    more: bool
    whole: bool


async def search(hub: Installation, request: Search) -> Found:
    """Look the text up in every way it may be meant, until one finds something."""
    limit = min(max(request.limit, 1), 100)
    found, more, whole = await hub.ledger.read(_look, lookups(request.text), limit)
    return Found(text=request.text, answers=tuple(map(answer, found)), more=more, whole=whole)


def answer(story: Story) -> Answer:
    """What is told of a case."""
    papers = [paper for paper in story.papers if paper.kind != "order" or paper.courses]
    clauses = tuple(clause for paper in papers for clause in _clauses(paper)) or tuple(map(_bare, story.papers))
    told = {clause.telling for clause in clauses}
    return Answer(
        case=story.case,
        source=story.source,
        order=story.order,
        buyer=story.buyer,
        clauses=clauses,
        step=next(step for step, tellings in _STEPS if told & tellings),
    )


def _look(tx: Transaction, wanted: Sequence[Lookup], limit: int) -> tuple[tuple[Story, ...], bool, bool]:
    """The newest cases of the first lookup that finds some, whether there are more, and whether all can be found."""
    whole = bool(tx.rows("all_indexed")[0]["whole"])
    for lookup in wanted:
        cases, more = _cases(tx, lookup, limit)
        if cases:
            return stories(tx, cases), more, whole
    return (), False, whole


def _cases(tx: Transaction, lookup: Lookup, limit: int) -> tuple[list[int], bool]:
    counts = [tx.rows("count_terms", low=span.low, high=span.high, most=_LOOKED_AT)[0]["n"] for span in lookup]
    rarest = counts.index(min(counts))
    if not counts[rarest]:
        return [], False
    others = [{"low": span.low, "high": span.high} for place, span in enumerate(lookup) if place != rarest]
    # A case has some records of a term: without other terms to meet, few are enough for the newest cases.
    most = _LOOKED_AT if others else min(_LOOKED_AT, 20 * (limit + 1))
    low, high = lookup[rarest].low, lookup[rarest].high
    given = {"low": low, "high": high, "others": others, "most": most, "limit": limit + 1}
    rows = tx.rows("cases_of_terms", workspace=catalog.WORKSPACE, **given)
    more = len(rows) > limit or counts[rarest] > most or counts[rarest] == _LOOKED_AT
    return [row["case_id"] for row in rows[:limit]], more


def _clauses(paper: Paper) -> tuple[Clause, ...]:
    if not paper.courses:
        return (Clause(telling="gone" if paper.gone else "nobody", kind=paper.kind, number=paper.number),)
    return tuple(_clause(paper, course) for course in paper.courses)


def _clause(paper: Paper, course: Course) -> Clause:
    telling: Telling = "planning" if course.cause == "planning" else course.state  # type: ignore[assignment]
    there = course.made.number if course.made else ""
    return Clause(
        telling=telling,
        kind=paper.kind,
        number=paper.number,
        flow=course.flow,
        target=course.target,
        there=there if there != paper.number else "",
        since=course.since,
        cause=course.cause,
        problem=course.problem,
        paid=paper.paid(course) if telling == "done" else "",
    )


def _bare(paper: Paper) -> Clause:
    """An order of which nothing was issued yet."""
    return Clause(telling="gone" if paper.gone else "no_document", kind=paper.kind, number=paper.number)
