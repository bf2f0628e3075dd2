"""Answers to "where is it?" as sentences: what is known, and the next step."""

from typing import NamedTuple

from mostek.commands.searching import Answer, Clause, Telling
from mostek.wording import Wording

_SHOWN = 3
_URGENT: tuple[Telling, ...] = ("parked", "in_doubt", "nobody", "waiting", "planning", "done", "excluded")


class Reply(NamedTuple):
    """What is known of a case, and what is to be done."""

    known: str
    step: str


def reply(answer: Answer, wording: Wording) -> Reply:
    """Both sentences in a person's language, what needs him first."""
    urgent = {telling: place for place, telling in enumerate(_URGENT)}
    told = sorted(answer.clauses, key=lambda clause: urgent.get(clause.telling, len(urgent)))
    parts = [_clause(clause, answer.source, wording) for clause in told[:_SHOWN]]
    if len(told) > _SHOWN:
        parts.append(wording.say("reply.rest", n=len(told) - _SHOWN))
    rest = "; ".join(parts)
    known = wording.say("reply.order", number=answer.order, rest=rest) if answer.order else rest
    if answer.step == "person" and told[0].problem:
        step = wording.explained(told[0].problem).cure
    else:
        step = wording.say(f"reply.{answer.step}")
    return Reply(_sentence(known), step)


def _clause(clause: Clause, source: str, wording: Wording) -> str:
    said = {
        "kind": wording.word("kind", clause.kind),
        "number": clause.number,
        "target": clause.target,
        "there": clause.there,
        "source": source,
        "reason": _reason(clause, wording),
        "day": wording.day_at(clause.since) if clause.since else "",
    }
    if clause.telling != "done" or not clause.since:
        return wording.say(f"reply.{'waiting' if clause.telling == 'done' else clause.telling}", **said)
    done = wording.say("reply.done_there" if clause.there else "reply.done", **said)
    return wording.say(f"reply.{clause.paid}", clause=done) if clause.paid else done


def _reason(clause: Clause, wording: Wording) -> str:
    """Why, as a part of a sentence: a text of its own where a problem tells, else the word for the cause."""
    if clause.telling == "done":
        return wording.word("state", "done")
    short = wording.word("reason", clause.cause)
    if clause.telling == "waiting" and short != clause.cause:
        return short
    text = wording.explained(clause.problem).text if clause.problem else ""
    return (text[:1].lower() + text[1:]).rstrip(".") if text[1:2].islower() else text.rstrip(".")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}" + ("" if text.endswith((".", "!", "?")) else ".")
