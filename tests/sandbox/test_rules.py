"""Which requests a fault rule meets, and when it fires."""

import pytest

from mostek.sandbox.rules import Fault, Rule, RuleError


def firings(rule: Rule, count: int) -> list[int]:
    return [number for number in range(1, count + 1) if rule.fires()]


def test_method_and_path_choose() -> None:
    rule = Rule(Fault.DROP, method="put", path=r"/faktura-vydana(\.json)?$")
    assert rule.meets("PUT", "/c/demo/faktura-vydana.json")
    assert not rule.meets("GET", "/c/demo/faktura-vydana.json")
    assert not rule.meets("PUT", "/c/demo/adresar.json")


def test_times_every_and_both() -> None:
    assert firings(Rule(Fault.DROP), 3) == [1, 2, 3]
    assert firings(Rule(Fault.DROP, times=2), 5) == [1, 2]
    assert firings(Rule(Fault.DROP, every=3), 9) == [3, 6, 9]
    assert firings(Rule(Fault.DROP, every=3, times=2), 12) == [3, 6]


def test_a_seed_gives_the_same_draws() -> None:
    first = firings(Rule(Fault.DROP, chance=0.3, seed=7), 1000)
    assert first == firings(Rule(Fault.DROP, chance=0.3, seed=7), 1000)
    assert first != firings(Rule(Fault.DROP, chance=0.3, seed=8), 1000)
    assert 250 < len(first) < 350


@pytest.mark.parametrize(
    ("data", "word"),
    [
        ("drop", "object"),
        ({"fault": "drop", "when": "noon"}, "when"),
        ({}, "fault"),
        ({"fault": "drop", "times": "1"}, "times"),
        ({"fault": "drop", "times": True}, "times"),
        ({"fault": "drop", "path": "("}, "path"),
        ({"fault": "drop", "every": 0}, "every"),
        ({"fault": "rate_limited", "format": "weeks"}, "format"),
        ({"fault": "redirect"}, "location"),
    ],
)
def test_nonsense_is_named(data: object, word: str) -> None:
    with pytest.raises(RuleError, match=word):
        Rule.from_json(data)


def test_json_round_trip_shows_the_counts() -> None:
    rule = Rule.from_json({"fault": "slow", "seconds": 1, "path": None})
    rule.fires()
    shown = rule.to_json()
    assert (shown["fault"], shown["seconds"], shown["met"], shown["fired"]) == ("slow", 1, 1, 1)
