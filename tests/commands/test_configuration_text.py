"""Everything that can be set goes through the text and back, and what is wrong with a text is named by its place."""

import tomllib
from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mostek import layout
from mostek.core.policy import Policy
from mostek.core.rules import Condition, Rule
from mostek.desk import configuration as texts
from mostek.desk.configuration import Change, Configuration, Connection, Flow
from mostek.documents.problem import Problem
from mostek.hub.connections import connectors
from mostek.sdk import settings as settings_
from tests.commands import arbitrary
from tests.hub import toy
from tests.project.pages import blocks
from tests.project.source import CHECKOUT

CONNECTORS: list[Any] = [*connectors().values(), toy.SHOP, toy.BOOKS_CONNECTOR]
TOML = st.recursive(
    st.one_of(st.text(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.dates()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(), inner, max_size=4)),
    max_leaves=20,
)


def back(kind: type[Any], value: Any) -> Any:
    """What comes back of a value that was written as text."""
    tables = tomllib.loads(layout.toml(texts.told(value)))
    assert list(texts.faults(kind, tables, "")) == []
    return msgspec.convert(tables, kind)


@pytest.mark.parametrize("connector", CONNECTORS, ids=lambda connector: str(connector.id))
@given(data=st.data())
def test_every_setting_of_every_connector_comes_back(connector: Any, data: st.DataObject) -> None:
    settings = data.draw(arbitrary.structs(connector.settings))
    assert back(connector.settings, settings) == settings


@given(policy=arbitrary.structs(Policy))
def test_every_policy_comes_back(policy: Policy) -> None:
    assert back(Policy, policy) == policy


@given(configuration=arbitrary.structs(Configuration, connections=st.just({})))
def test_every_flow_comes_back_with_its_state_and_versions(configuration: Configuration) -> None:
    assert back(Configuration, configuration) == configuration


@pytest.mark.parametrize("kind", [Policy, Rule, Condition, *(connector.settings for connector in CONNECTORS)])
def test_arbitrary_values_leave_no_field_at_its_default(kind: type[msgspec.Struct]) -> None:
    seen: set[str] = set()

    @given(value=arbitrary.of(kind))
    def draw(value: msgspec.Struct) -> None:
        seen.update(texts.told(value))

    draw()
    assert seen == {field.encode_name for field in msgspec.structs.fields(kind)}


@given(tables=st.dictionaries(st.text(), TOML, max_size=5))
def test_the_layout_says_what_the_tables_say(tables: Mapping[str, Any]) -> None:
    assert tomllib.loads(layout.toml(tables, ["a head"])) == tables


def test_the_layout_is_one_to_read() -> None:
    rules = [{"id": "big", "when": [{"field": "total", "operator": "at_least", "values": ["1000"]}], "then": "hold"}]
    tables = {
        "connections": {"shop": {"connector": "upgates", "settings": {"api_key": {"secret": "shop.api_key"}}}},
        "flows": {"a flow": {"from": "shop", "policy": {"kinds": ["invoice"], "rules": rules}}},
    }
    assert layout.toml(tables, ["First.", "Second."]) == (
        "# First.\n# Second.\n\n"
        '[connections.shop]\nconnector = "upgates"\n\n'
        '[connections.shop.settings]\napi_key = { secret = "shop.api_key" }\n\n'
        '[flows."a flow"]\nfrom = "shop"\n\n'
        '[flows."a flow".policy]\nkinds = ["invoice"]\n\n'
        '[[flows."a flow".policy.rules]]\nid = "big"\n'
        'when = [{ field = "total", operator = "at_least", values = ["1000"] }]\nthen = "hold"\n'
    )


def test_a_long_list_has_a_line_for_each() -> None:
    names = [f"name {number}" for number in range(20)]
    text = layout.toml({"names": names})
    assert text.splitlines()[:2] == ["names = [", '    "name 0",']
    assert tomllib.loads(text) == {"names": names}


FLOW = {"from": "shop", "to": "books"}


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        ({"flow": {}}, {"flow": "configuration.unknown"}),
        ({"flows": {"a": {"to": "books"}}}, {"flows.a.from": "configuration.missing"}),
        ({"flows": {"a b": {**FLOW, "stat": 1}}}, {'flows."a b".stat': "configuration.unknown"}),
        ({"flows": {"a": {**FLOW, "state": "held"}}}, {"flows.a.state": "configuration.invalid"}),
        ({"flows": {"a": {**FLOW, "policy": {"brake": -1}}}}, {"flows.a.policy.brake": "configuration.invalid"}),
        (
            {"flows": {"a": {**FLOW, "policy": {"kinds": ["cash"]}}}},
            {"flows.a.policy.kinds[0]": "configuration.invalid"},
        ),
        (
            {"flows": {"a": {**FLOW, "policy": {"mappings": {"vat": {"standard 21": 343}}}}}},
            {'flows.a.policy.mappings.vat."standard 21"': "configuration.invalid"},
        ),
        (
            {
                "flows": {
                    "a": {**FLOW, "policy": {"rules": [{"id": "x", "when": [{"field": "colour", "values": ["x"]}]}]}}
                }
            },
            {"flows.a.policy.rules[0].when[0].colour": "rule.unknown_field"},
        ),
        (
            {"flows": {"a": {**FLOW, "later": [{"policy": {}}]}}, "connections": {"shop": {"conector": "x"}}},
            {
                "flows.a.later[0].effective": "configuration.missing",
                "connections.shop.conector": "configuration.unknown",
                "connections.shop.connector": "configuration.missing",
            },
        ),
        ({"connections": "none"}, {"connections": "configuration.invalid"}),
    ],
)
def test_each_fault_has_its_exact_place(tables: Mapping[str, Any], expected: Mapping[str, str]) -> None:
    found = {problem.field: problem.cause for problem in texts.faults(Configuration, tables, "")}
    assert found == expected


def test_a_fault_names_what_would_fit_and_never_the_value() -> None:
    faults = list(texts.faults(Flow, {**FLOW, "state": "hunter2"}, ""))
    assert faults == [
        Problem(cause="configuration.invalid", field="state", details={"reason": "one of draft, live, paused"})
    ]
    [unknown] = texts.faults(Connection, {"connector": "x", "setings": {}}, "c")
    assert unknown.details == {"known": "connector, closed_until, feeds, settings"}


def test_of_a_secret_only_that_it_differs_is_told() -> None:
    here, wanted = ({"c": {"settings": {"key": key}}} for key in ("old-secret", "new-secret"))
    [change] = texts.changes(here, wanted, frozenset({"c.settings.key"}))
    assert change == Change(kind="change", path="c.settings.key", old=texts.HIDDEN, new=texts.HIDDEN)


def test_a_rule_put_first_changes_the_order_and_nothing_else() -> None:
    rest, big = Rule(id="rest"), Rule(id="big", then="hold", when=(Condition(field="total", values=("1",)),))
    here, wanted = ({"p": Policy(rules=rules)} for rules in ((rest,), (big, rest)))
    found = {change.path: (change.kind, change.old, change.new) for change in texts.changes(here, wanted, frozenset())}
    assert found.pop("p.rules") == ("change", ["rest"], ["big", "rest"])
    assert found
    assert all(path.startswith("p.rules[big].") and kind == "add" for path, (kind, _, _) in found.items())


def test_what_the_other_does_not_speak_of_is_told_once() -> None:
    here = {
        "flows.a": {"from": "x"},
        "flows.a.policy": Policy(),
        "flows.b": {},
        "flows.b.later[2027-01-01]": Policy(),
    }
    found = list(texts.changes(here, {"flows.b": {}}, frozenset()))
    assert [(change.kind, change.path) for change in found] == [
        ("only_here", "flows.a"),
        ("remove", "flows.b.later[2027-01-01]"),
    ]


def test_of_stored_versions_those_count_that_decide_for_something() -> None:
    old, mid, new = Policy(brake=1), Policy(brake=2), Policy(brake=3)
    spring, autumn = date(2027, 3, 1), date(2027, 9, 1)
    assert texts.in_force([(None, new)]) == ((None, new),)
    assert texts.in_force([(autumn, new), (spring, mid), (None, old)]) == ((None, old), (spring, mid), (autumn, new))
    # One that a newer version with an earlier day, or the same, has put out of force.
    assert texts.in_force([(spring, new), (autumn, mid), (None, old)]) == ((None, old), (spring, new))
    assert texts.in_force([(spring, new), (spring, mid), (None, old)]) == ((None, old), (spring, new))


def test_secrets_of_settings_are_found_in_each_installed_connector() -> None:
    assert all(settings_.secrets(connector.settings) for connector in connectors().values())


def test_the_file_that_the_documentation_shows_is_one() -> None:
    page = (CHECKOUT / "docs" / "configuration.md").read_text(encoding="utf-8")
    [tables] = [found for block in blocks(page, "toml") if "flows" in (found := tomllib.loads(block.text))]
    assert list(texts.faults(Configuration, tables, "")) == []
    for connection in tables["connections"].values():
        kind = next(each.settings for each in CONNECTORS if each.id == connection["connector"])
        values = {
            name: "secret" if isinstance(value, dict) else value for name, value in connection["settings"].items()
        }
        assert list(texts.faults(kind, values, "")) == []
