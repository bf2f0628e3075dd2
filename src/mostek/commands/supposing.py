"""What a changed policy would do to the documents of the last months: before it is saved, and without any effect."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from itertools import groupby
from typing import Any

import msgspec

from mostek.commands.flowing import loaded
from mostek.core import cases, plan
from mostek.core import policy as policies
from mostek.core.cases import Case, Entry, StoredRecord
from mostek.core.facts import Decision, Facts
from mostek.core.policy import Dated, Versions
from mostek.desk.installation import Installation
from mostek.desk.specimen import fingerprinted
from mostek.documents.invoice import Invoice
from mostek.documents.money import Money
from mostek.hub import trace
from mostek.hub.connections import Opened
from mostek.hub.engine import Flow
from mostek.hub.ledger import Transaction, passages
from mostek.hub.ledger.dialect import Row
from mostek.hub.planning import decide, decide_case
from mostek.sdk.effect import Match

_GROUP = 250
_EXAMPLES = 10
_DAY_MS = 86_400_000
# What the lack of an answer looks like to a plan.
_UNANSWERED = frozenset({"product.missing", "mapping.missing"})


# What is decided for a document, and the keys of what would be made; nothing for one that is not taken.
_Decided = tuple[str, frozenset[str]]
_Side = Mapping[int, _Decided]
_NOTHING: _Decided = ("", frozenset())


class Suppose(msgspec.Struct, kw_only=True):
    """What a policy would do, saved as the next version of a flow, to the documents that changed in the last ``days``.

    ``effective`` as in a change. With ``ask`` the target is asked for what has to be known of it; otherwise what it
    said when the documents were planned counts.
    """

    slug: str
    policy: Mapping[str, Any]
    effective: date | None = None
    days: int = 90
    ask: bool = False


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """How many documents are decided so now and so then, and what they come to in each currency.

    ``old`` and ``new`` are ``act``, the cause of another verdict, ``ask`` where the target would have to be asked, or
    empty for a kind that the flow does not take. Of the documents, ``acts`` would have effects they have not now,
    ``stops`` would lose those that wait, and ``settled`` are in the target or on their way: nothing happens to these.
    """

    old: str
    new: str
    count: int
    totals: tuple[Money, ...]
    acts: int
    stops: int
    settled: int


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """One document that is decided otherwise."""

    kind: str
    number: str
    total: Money | None
    old: str
    new: str
    acts: bool
    stops: bool
    settled: bool


class Supposed(msgspec.Struct, frozen=True, kw_only=True):
    """What a policy would change: line by line all documents, those decided otherwise first.

    ``acts`` and ``stops`` are how many would have new effects, or lose those that wait, once it is saved.
    """

    slug: str
    version: int
    days: int
    asked: bool
    documents: int
    differing: int
    acts: int
    stops: int
    acting: tuple[Money, ...]
    lines: tuple[Line, ...]
    examples: tuple[Example, ...]


class _Weighed(msgspec.Struct, frozen=True, kw_only=True):
    """One document by both policies."""

    entry: Entry
    old: str
    new: str
    acts: bool
    stops: bool
    settled: bool

    @property
    def total(self) -> Money | None:
        return self.entry.document.total if isinstance(self.entry.document, Invoice) else None


@dataclass
class _Story:
    """What is known of one case: its passage in the flow, whether that would be planned again, and its last plan."""

    case: Case
    passage: int
    is_open: bool
    facts: Facts = field(default_factory=Facts)
    answers: dict[str, tuple[Match, ...]] = field(default_factory=dict)
    states: Mapping[int, Row] = field(default_factory=dict)


async def suppose(hub: Installation, request: Suppose) -> Supposed:
    """Decide the stored cases by the policy in force and by the changed one; nothing is written anywhere.

    Raises ``policy.invalid`` and what else a change raises.
    """
    flow = await loaded(hub, request.slug)
    changed = _changed(flow, request)
    source, target = await hub.connections.get(flow.row.source), await hub.connections.get(flow.row.target)
    kinds = sorted({kind for each in (*flow.versions.dated, *changed.versions.dated) for kind in each.policy.kinds})
    found: list[_Weighed] = []
    after = 0
    while rows := await hub.ledger.read(_cases, flow, kinds, request.days, after):
        after = rows[-1]["case_id"]
        for story in await hub.ledger.read(_stories, rows, source):
            found += await _weighed(hub, story, (flow, changed), target, request.ask)
    return _summed(request, flow, found)


def _changed(flow: Flow, request: Suppose) -> Flow:
    policy = policies.load(request.policy)
    newest = Dated(version=flow.row.version + 1, policy=policy, effective=request.effective)
    dated = (newest, *(flow.versions.dated if request.effective else ()))
    return replace(flow, versions=Versions(dated))


def _cases(tx: Transaction, flow: Flow, kinds: Sequence[str], days: int, after: int) -> list[Row]:
    values = {"flow": flow.row.id, "source": flow.row.source, "kinds": list(kinds), "age": days * _DAY_MS}
    return tx.rows("cases_since", **values, after=after, limit=_GROUP)


def _stories(tx: Transaction, rows: Sequence[Row], source: Opened) -> list[_Story]:
    """The cases of these rows as they are stored, with what the target said whenever they were planned."""
    numbers, passage_ids = [row["case_id"] for row in rows], [row["passage"] for row in rows]
    stored = sorted(passages.records(tx, numbers), key=lambda row: (row["case_id"], row["id"]))
    records = {case: list(found) for case, found in groupby(stored, key=lambda row: row["case_id"])}
    states: dict[int, dict[int, Row]] = {}
    for row in tx.rows("decisions_of_passages", passages=passage_ids):
        states.setdefault(row["passage"], {})[row["record"]] = row
    stories = {
        row["case_id"]: _Story(
            case=cases.assemble(
                row["case_id"],
                (source.row.id, source.row.slug),
                [msgspec.convert(dict(record), StoredRecord) for record in records[row["case_id"]]],
                source.connector,
                source.settings,
            ),
            passage=row["passage"],
            is_open=bool(row["is_open"]),
            states=states.get(row["passage"], {}),
        )
        for row in rows
    }
    for row in tx.rows("plans_of_passages", cases=numbers, passages=passage_ids):
        story, body = stories[row["case_id"]], trace.read(bytes(row["body"]))
        story.facts = msgspec.convert({**body["facts"], "refused": {}}, Facts, strict=False)
        story.answers |= story.facts.matches
    return list(stories.values())


async def _asked(hub: Installation, story: _Story, flow: Flow) -> _Side:
    """What a flow decides by the path of a run itself: the target is asked."""
    (planned,) = await decide(hub.engine, flow, [story.case.id], [story.passage])
    return {decision.record: (_verdict(decision), _effects(decision)) for decision in planned.decisions}


def _recalled(story: _Story, facts: Facts, flow: Flow, target: Opened | None = None) -> _Side:
    """What a flow decides by what the target said before; ``ask`` where it was never asked and that matters.

    With the target, it is also found what cannot be written down for it.
    """
    asked = plan.questions(story.case, flow.versions, flow.target, facts)
    matches = {question.id: story.answers.get(question.id, ()) for question in asked}
    lacking = any(question.id not in story.answers for question in asked if question.about in {"product", "vat_rate"})
    facts, now = msgspec.structs.replace(facts, matches=matches), datetime.now(UTC)
    if target:
        decisions = decide_case(story.case, facts, flow, (target.connector, target.settings), now).decisions
    else:
        decisions = plan.plan(story.case, facts, flow.versions, flow.target, now)
    found: dict[int, _Decided] = {}
    for decision in decisions:
        verdict = _verdict(decision)
        found[decision.record] = ("ask" if lacking and verdict in _UNANSWERED else verdict, _effects(decision))
    return found


def _as_new(story: _Story, facts: Facts, flow: Flow) -> _Side:
    """What a flow would have made of documents that are in the target, had they come today: nothing is there yet."""
    there = {name for name, matches in story.answers.items() if name.startswith("document ") and '"key":' in name}
    unheard = replace(story, answers={name: found for name, found in story.answers.items() if name not in there})
    opened = replace(flow, target=msgspec.structs.replace(flow.target, closed_until=None))
    return _recalled(unheard, msgspec.structs.replace(facts, keys={}, adopted={}), opened)


def _verdict(decision: Decision) -> str:
    return decision.problems[0].cause if decision.problems else "act"


def _effects(decision: Decision) -> frozenset[str]:
    return frozenset(action.key for action in decision.actions)


async def _weighed(
    hub: Installation, story: _Story, flows: tuple[Flow, Flow], target: Opened, ask: bool
) -> list[_Weighed]:
    """Each document of a case by both flows; one that is in the target, or on its way, as if it had come today."""
    settled = {record for record, row in story.states.items() if row["state"] in {"done", "in_doubt"}}
    by_person = frozenset(record for record, row in story.states.items() if row["by_person"] is not None)
    excluded = msgspec.structs.replace(story.facts, excluded=by_person)
    facts = fingerprinted(excluded, story.case, flows[0].target, {})
    present: list[_Side] = [{}, {}]
    if story.is_open and ask:
        present = [await _asked(hub, story, flow) for flow in flows]
    elif story.is_open:
        present = [_recalled(story, facts, flow, target) for flow in flows]
    fresh = [_as_new(story, facts, flow) if settled else {} for flow in flows]
    found = []
    for entry in story.case.entries:
        number = entry.record
        old, new = (side.get(number, _NOTHING) for side in (fresh if number in settled else present))
        was, will = (side.get(number, _NOTHING)[1] for side in present)
        if old[0] or new[0]:
            found.append(
                _Weighed(
                    entry=entry,
                    old=old[0],
                    new=new[0],
                    acts=bool(will - was),
                    stops=bool(was) and not will,
                    settled=number in settled,
                )
            )
    return found


def _summed(request: Suppose, flow: Flow, found: Sequence[_Weighed]) -> Supposed:
    groups: dict[tuple[str, str], list[_Weighed]] = {}
    for each in found:
        groups.setdefault((each.old, each.new), []).append(each)
    ordered = sorted(groups.items(), key=lambda item: (item[0][0] == item[0][1], -len(item[1]), item[0]))
    telling = [each for each in found if each.acts or each.stops or each.old != each.new]
    acting = [each for each in found if each.acts]
    return Supposed(
        slug=flow.row.slug,
        version=flow.row.version,
        days=request.days,
        asked=request.ask,
        documents=len(found),
        differing=sum(each.old != each.new for each in found),
        acts=len(acting),
        stops=sum(each.stops for each in found),
        acting=_totals(acting),
        lines=tuple(_line(*pair, members) for pair, members in ordered),
        examples=tuple(map(_example, sorted(telling, key=lambda each: not each.acts)[:_EXAMPLES])),
    )


def _line(old: str, new: str, members: Sequence[_Weighed]) -> Line:
    return Line(
        old=old,
        new=new,
        count=len(members),
        totals=_totals(members),
        acts=sum(each.acts for each in members),
        stops=sum(each.stops for each in members),
        settled=sum(each.settled for each in members),
    )


def _example(each: _Weighed) -> Example:
    document = each.entry.document
    return Example(
        kind=each.entry.kind,
        number=document.number if isinstance(document, Invoice) else each.entry.id,
        total=each.total,
        old=each.old,
        new=each.new,
        acts=each.acts,
        stops=each.stops,
        settled=each.settled,
    )


def _totals(members: Sequence[_Weighed]) -> tuple[Money, ...]:
    sums: dict[str, Money] = {}
    for total in filter(None, (each.total for each in members)):
        sums[total.currency] = sums.get(total.currency, Money.zero(total.currency)) + total
    return tuple(sums[currency] for currency in sorted(sums))
