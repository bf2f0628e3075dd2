"""What a flow does, in words: statements, rules and conditions as the terminal and the page tell them."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from mostek.commands.describing import Sentence, Table
from mostek.core.rules import Condition, Rule
from mostek.wording import Wording, sentences

_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def looked_up(value: str, table: Table, language: Wording) -> str:
    """What is looked up, in words: ``credit_note:EUR`` is a credit note, EUR."""
    kind, *more = value.split(":") if table.by == "kind" else [value]
    return ", ".join([language.word("kind", kind) if table.by == "kind" else kind, *more])


def days_told(days: Sequence[int], language: Wording) -> str:
    """Days of the week: each by its name, or all of them together."""
    found = sorted(set(days))
    if found == [1, 2, 3, 4, 5, 6, 7]:
        return language.word("weekday", "all")
    if found == [1, 2, 3, 4, 5]:
        return language.word("weekday", "work")
    return ", ".join(language.word("weekday", str(day)) for day in found)


def told(sentence: Sentence, language: Wording) -> str:
    """A statement in words; its values written as the reader writes them."""
    return language.say(f"describe.{sentence.id}", **_values(sentence.values, language))


def _values(values: Mapping[str, Any], language: Wording) -> Mapping[str, Any]:
    written = {
        "day": lambda value: language.day(value),  # noqa: PLW0108 - typed by its table
        "seconds": lambda value: language.since(value * 1000),
        "days": lambda value: days_told(value, language),
        "feed": lambda value: language.word("feed", value),
        "names": lambda value: ", ".join(_named(str(name), language) for name in value),
    }
    return {name: written[name](value) if name in written else value for name, value in values.items()}


def _named(name: str, language: Wording) -> str:
    identities: Mapping[str, str] = sentences(language.language)["describe"]["identity"]
    return identities.get(name) or language.word("kind", name)


def rule_told(rule: Rule, language: Wording) -> str:
    """A rule as a sentence: under which conditions, what is done, and why."""
    say = language.say
    deed = say(f"describe.deed.{rule.then}")
    conditions = say("describe.and").join(condition_told(condition, language) for condition in rule.when)
    parts = [say("describe.when", conditions=conditions, deed=deed) if rule.when else say("describe.always", deed=deed)]
    parts += [say("describe.since", day=language.day(rule.since))] if rule.since else []
    parts += [say("describe.because", reason=rule.reason.rstrip("."))] if rule.reason else []
    return f"{rule.id}: {' '.join(parts)}"


def condition_told(condition: Condition, language: Wording) -> str:
    """A condition in words; one on a fact says whether it holds."""
    words = sentences(language.language)["describe"]
    facts = words["fact"].get(condition.field)
    values = [value.casefold() for value in condition.values]
    if facts and len(values) == 1 and values[0] in facts and condition.operator in {"is", "is_not"}:
        holds = (values[0] == "yes") == (condition.operator == "is")
        return str(facts["yes" if holds else "no"])
    join = language.say("describe.nor" if condition.operator == "is_not" else "describe.or")
    shown = join.join(_value(condition.field, value, language) for value in condition.values)
    return f"{words['field'][condition.field]} {language.say(f'describe.operator.{condition.operator}', values=shown)}"


def _value(field: str, value: str, language: Wording) -> str:
    if field == "kind":
        return language.word("kind", value)
    if field == "issued" and _DAY.fullmatch(value):
        return language.day(date.fromisoformat(value))
    return value or language.say("describe.empty")
