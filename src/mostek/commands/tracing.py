"""Commands on one case: all of it at a glance, how its documents stand in the books now, and its plan made again."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

from mostek.commands import replaying
from mostek.commands.casework import Story, stories
from mostek.commands.searching import Answer, answer
from mostek.desk.installation import Installation
from mostek.desk.specimen import Replayed, replay
from mostek.documents.problem import Problem, invalid
from mostek.hub import trace
from mostek.hub.ledger import Transaction
from mostek.hub.ledger.dialect import Row
from mostek.sdk.effect import Action, Intent, Statement

# So many of the latest events are told; the whole trace goes into a file.
SHOWN = 200
What = Literal["read", "gone", "planned", "sent", "answered", "settled", "verified", "accepted"]
_ORDER: Mapping[str, int] = {name: place for place, name in enumerate(("read", "gone", "planned", "sent"))}


class CaseOf(msgspec.Struct, kw_only=True):
    """One case, by its number."""

    case: int


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a plan decided for one record, by which rule, or which problem stopped it."""

    record: int
    verdict: str
    rule: str
    problem: Problem | None


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A call as it went over the wire, without secrets."""

    method: str
    url: str
    status: int | None
    response: str


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the story at an instant, in milliseconds since 1970.

    ``version`` is the record's that was read, or the policy's that decided; ``result`` the tag of a result or finding.
    """

    at: int
    what: What
    record: int = 0
    version: int = 0
    flow: str = ""
    decisions: tuple[Told, ...] = ()
    verb: str = ""
    kind: str = ""
    target: str = ""
    result: str = ""
    there: str = ""
    problem: Problem | None = None
    words: str = ""
    calls: tuple[Call, ...] = ()
    person: str = ""


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """Who looks after a record, the note with it, and who wrote that when."""

    record: int
    assignee: str
    note: str
    person: str
    at: int


class CaseView(msgspec.Struct, frozen=True, kw_only=True):
    """A case as a person looks at it; ``earlier`` events are in the file only."""

    story: Story
    answer: Answer
    events: tuple[Event, ...]
    earlier: int
    assignments: tuple[Assignment, ...]


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How the document of an action stands in the target; None when it is not there."""

    key: str
    statement: Statement | None


async def case(hub: Installation, request: CaseOf) -> CaseView:
    """Everything stored of a case; raises ``record.unknown``."""
    return await hub.ledger.read(_view, request.case)


async def standing(hub: Installation, request: CaseOf) -> tuple[Standing, ...]:
    """Ask the targets how the documents of a case stand; raises :class:`VendorError` when one cannot be asked."""
    rows = await hub.ledger.read(Transaction.rows, "actions_of_cases", cases=[request.case])
    made = [row for row in rows if row["verb"] in {"create", "adopt"} and row["kind"] != "contact" and row["sent"]]
    found: list[Standing] = []
    for endpoint in sorted({row["endpoint"] for row in made}):
        own = [row for row in made if row["endpoint"] == endpoint]
        target = await hub.connections.get(endpoint)
        stated = await target.writes.verify([_intent(row) for row in own])
        found += [Standing(key=row["key"], statement=each) for row, each in zip(own, stated, strict=True)]
    return tuple(found)


async def replayed(hub: Installation, request: CaseOf) -> Replayed:
    """Plan the stored case again, with nothing but what is stored of it, and say what would be decided otherwise."""
    return replay(await replaying.export(hub, replaying.Export(case=request.case)))


def _view(tx: Transaction, number: int) -> CaseView:
    found = stories(tx, [number])
    if not found:
        raise invalid("record.unknown", "text", text=number)
    records = [paper.record for paper in found[0].papers]
    events = sorted(_events(tx, found[0]), key=lambda event: (event.at, _ORDER.get(event.what, len(_ORDER))))
    rows = tx.rows("assignments", records=records)
    return CaseView(
        story=found[0],
        answer=answer(found[0]),
        events=tuple(events[-SHOWN:]),
        earlier=max(len(events) - SHOWN, 0),
        assignments=tuple(msgspec.convert(dict(row), Assignment) for row in rows),
    )


def _events(tx: Transaction, story: Story) -> Iterator[Event]:
    yield from _readings(tx.rows("readings_of_case", case_id=story.case), story)
    effects = {effect.key: effect for paper in story.papers for course in paper.courses for effect in course.effects}
    record_of = {e.key: paper.record for paper in story.papers for c in paper.courses for e in c.effects}
    for step in trace.of_case(tx, story.case):
        if step["kind"] == "planned":
            yield _planned(step)
        elif step["kind"] in {"answered", "settled"}:
            effect = effects.get(step["action"])
            named: Mapping[str, Any] = (
                {"verb": effect.verb, "kind": effect.kind, "target": effect.target} if effect else {}
            )
            yield _answered(step, record_of.get(step["action"], 0), named)
    for key, effect in effects.items():
        about: Mapping[str, Any] = {
            "record": record_of[key],
            "verb": effect.verb,
            "kind": effect.kind,
            "target": effect.target,
        }
        if effect.sent:
            yield Event(at=effect.sent, what="sent", **about)
        if effect.verified and effect.verb in {"create", "adopt"} and effect.kind != "contact":
            what: What = "accepted" if effect.hand else "verified"
            yield Event(at=effect.verified, what=what, there=effect.number, person=effect.hand, **about)


def _readings(rows: Sequence[Row], story: Story) -> Iterator[Event]:
    """When each version was read: a version's own row says when the next one replaced it."""
    gone = {(row["record"], row["version"]) for row in rows if row["absent"]}
    for row in rows:
        nth = row["version"] + 1
        current = next((paper for paper in story.papers if paper.record == row["record"]), None)
        absent = (row["record"], nth) in gone or (current is not None and current.gone and nth == current.version)
        yield Event(at=row["until"], what="gone" if absent else "read", record=row["record"], version=nth)
    for paper in story.papers:
        if paper.version == 1:
            yield Event(at=paper.changed, what="gone" if paper.gone else "read", record=paper.record, version=1)


def _planned(step: Mapping[str, Any]) -> Event:
    body = step["body"]
    decisions = tuple(
        Told(
            record=told["record"],
            verdict=told["verdict"],
            rule=told["rule"],
            problem=msgspec.convert(told["problems"][0], Problem) if told["problems"] else None,
        )
        for told in body["decisions"]
    )
    return Event(at=step["at"], what="planned", flow=body["flow"], version=body["version"], decisions=decisions)


def _answered(step: Mapping[str, Any], record: int, named: Mapping[str, Any]) -> Event:
    result = step["body"]["result"]
    there = result.get("number") or result.get("id") or ", ".join(result.get("ids", ()))
    return Event(
        at=step["at"],
        what=step["kind"],
        record=record,
        result=result["type"],
        there=there,
        problem=msgspec.convert(result["problem"], Problem) if result.get("problem") else None,
        words=result.get("words") or "",
        calls=msgspec.convert(step["body"]["calls"], tuple[Call, ...]),
        **named,
    )


def _intent(row: Row) -> Intent:
    return Intent.of(msgspec.json.decode(row["body"], type=Action), row["payload"].encode(), row["target_id"] or "")
