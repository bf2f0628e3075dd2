"""Every sentence of the screens is there in each language, says the same, and is used."""

import ast
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from string import Formatter
from typing import Any, get_args

import pytest

from mostek.documents.money import Money
from mostek.documents.problem import Problem
from mostek.sdk.effect import Verb
from mostek.sdk.messages import LANGUAGES
from mostek.wording import PLURALS, Wording, language_of, sentences
from tests.project.source import modules

# The words for ids: looked up by what the hub names, not by a key in the source.
WORDS = {
    "columns",
    "kind",
    "feed",
    "state",
    "connection_state",
    "flow_state",
    "weekday",
    "reason",
    "vat",
    "effect",
    "action_state",
    "side",
    "sheet",
    "difference",
    "reason_of_gap",
    "role",
    "verdict",
    "fate",
    "describe",
    "doctor",
}


def leaves(group: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str | Mapping[str, str]]]:
    for name, value in group.items():
        if isinstance(value, str) or set(value) <= PLURALS:
            yield f"{path}{name}", value
        else:
            yield from leaves(value, f"{path}{name}.")


def placeholders(value: str | Mapping[str, str]) -> set[frozenset[str]]:
    texts = [value] if isinstance(value, str) else list(value.values())
    return {frozenset(name for _, name, _, _ in Formatter().parse(text) if name) for text in texts}


def keys(language: str) -> dict[str, str | Mapping[str, str]]:
    return dict(leaves(sentences(language)))


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_languages_have_the_same_sentences_with_the_same_details(language: str) -> None:
    english, other = keys(LANGUAGES[0]), keys(language)
    assert english.keys() == other.keys()
    details = {key: set().union(*placeholders(value)) for key, value in english.items()}
    assert {key for key, value in other.items() if set().union(*placeholders(value)) != details[key]} == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_number_has_its_form(language: str) -> None:
    wording = Wording(language)
    for key, value in keys(language).items():
        if not isinstance(value, str):
            others = dict.fromkeys(set().union(*placeholders(value)) - {"n"}, "…")
            for number in (0, 1, 2, 5, 11, 22, 105, 1000):
                assert wording.say(key, n=number, **others)


def test_every_sentence_is_used_and_every_used_one_is_there() -> None:
    texts = {
        node.value
        for package in (
            "mostek.cli",
            "mostek.demo",
            "mostek.prose",
            "mostek.terminal",
            "mostek.wording",
            "mostek.replies",
            "mostek.commands.searching",
            "mostek.commands.casework",
        )
        for module in modules(package)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    known = {key for key in keys("en") if key.split(".")[0] not in WORDS}
    used = {text for text in texts if text in known}
    # Those whose last part is chosen at run time: f"status.{name}", "trace.result." and the like.
    composed = {text for text in texts if text.endswith(".") and any(key.startswith(text) for key in known)}
    assert composed == {"hook.", "preview.", "status.", "show.", "trace.", "trace.result.", "supposing.", "reply."}
    parts = {prefix + text for prefix in composed for text in texts}
    chosen = {"trace.answered", "trace.settled"} | {key for key in known if key.startswith("trace.result.")}
    assert known - used - parts - chosen == set()


def test_states_of_the_hub_have_words() -> None:
    found = sentences("en")
    assert found["state"].keys() == {"done", "waiting", "parked", "excluded", "in_doubt"}
    states = {"blocked", "ready", "sent", "unknown", "accepted", "done", "parked", "alarm"}
    assert found["action_state"].keys() == states
    assert found["effect"].keys() == set(get_args(Verb))


def test_numbers_money_and_times_are_written_as_people_do() -> None:
    noon = datetime(2026, 11, 22, 12, 5, tzinfo=UTC)
    czech, polish, english = (Wording(language, UTC) for language in ("cs", "pl", "en"))
    assert czech.money(Money(123450, "CZK")) == "1\N{NO-BREAK SPACE}234,50\N{NO-BREAK SPACE}Kč"
    assert polish.money(Money(-123450, "PLN")) == "-1\N{NO-BREAK SPACE}234,50\N{NO-BREAK SPACE}zł"
    assert english.money(Money(1234, "JPY")) == "JP¥1,234"
    assert czech.moment(noon) == "22. 11. 2026 12:05"
    assert [czech.ago(180_000), polish.ago(180_000), english.ago(180_000)] == [
        "před 3 minutami",
        "3 minuty temu",
        "3 minutes ago",
    ]
    assert english.soon(900_000) == "in 15 minutes"
    assert [czech.soon(0), english.soon(-5)] == ["teď", "now"]


def test_details_of_a_problem_are_written_alike() -> None:
    details = {"found": "-1234.50 EUR", "date": "2026-11-22", "until": "2026-11-22T12:05+00:00", "value": "12.5"}
    found = Wording("cs", UTC).problem(Problem(cause="a.b", details=details)).details
    assert found["found"] == "-1\N{NO-BREAK SPACE}234,50\N{NO-BREAK SPACE}€"
    assert found["date"] == "22. 11. 2026"
    assert found["until"] == "22. 11. 2026 12:05"
    assert found["value"] == "12.5"


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "cs_CZ.UTF-8"}, "cs"),
        ({"LANG": "cs_CZ.UTF-8", "MOSTEK_LANG": "pl"}, "pl"),
        ({"LANG": "fr_FR.UTF-8"}, "en"),
        ({"LC_ALL": "C", "LANG": "pl_PL"}, "pl"),
    ],
)
def test_the_language_is_the_terminals_unless_chosen(environment: dict[str, str], language: str) -> None:
    assert language_of(environment) == language
