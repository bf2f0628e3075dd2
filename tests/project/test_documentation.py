"""The documentation says what is there: tasks, links and files exist, examples are true, decisions are complete."""

import ast
import importlib
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from mostek.core import policy as policies
from mostek.core.policy import Policy
from mostek.core.rules import FIELDS, Condition, Deed, Operator, Rule
from mostek.documents.problem import InvalidDocumentError
from mostek.sdk.manifest import Manifest
from mostek.sdk.messages import Message
from tests.project.pages import Block, blocks, pages, spans
from tests.project.source import CHECKOUT

DECISIONS = CHECKOUT / "docs" / "adr"
HEADINGS = ["date", "status", "context", "decision", "consequences"]
TASK = re.compile(r"`make ([a-z]+)")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
NAMED = re.compile(r"(?:tests|docs|src|requirements)/[\w./-]+")
MADE_UP = "acme"  # the vendor of the connector guide
CONCEPTS = CHECKOUT / "docs" / "concepts.md"
GUIDE = CHECKOUT / "docs" / "connector-guide.md"


def tasks() -> set[str]:
    """List the Makefile's tasks."""
    return set(re.findall(r"^([a-z]+):", (CHECKOUT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def faults_of_decision(name: str, text: str) -> list[str]:
    """Say what a decision record lacks: a numbered name, a title, the five headings in their order."""
    faults = []
    if not re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", name):
        faults.append("is not named NNNN-some-words.md")
    if not re.match(r"# \S", text):
        faults.append("has no title")
    headings = [heading.strip().lower() for heading in re.findall(r"^##+ (.+)$", text, re.MULTILINE)]
    if [heading for heading in headings if heading in HEADINGS] != HEADINGS:
        faults.append(f"has not the headings {', '.join(HEADINGS)}, each once and in this order")
    return faults


def anchors(page: Path) -> set[str]:
    """The names under which a page's headings can be linked to."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def dead_links(page: Path) -> list[str]:
    """List a page's links to files or headings that are not there."""
    targets = [target for target in LINK.findall(page.read_text(encoding="utf-8")) if ":" not in target]
    dead = []
    for target in targets:
        file, _, part = target.partition("#")
        path = page.parent / file if file else page
        if not path.exists() or (part and part not in anchors(path)):
            dead.append(target)
    return dead


def missing_files(text: str) -> list[str]:
    """List files of ours that a page names between backticks and that are not there."""
    named = [span for span in spans(text) if NAMED.fullmatch(span) and MADE_UP not in span]
    return [name for name in named if not (CHECKOUT / name).exists()]


def examples(language: str) -> Iterator[tuple[str, Block]]:
    """Every block of a language, with its page."""
    for page in pages():
        yield from ((page.name, block) for block in blocks(page.read_text(encoding="utf-8"), language))


def absent_names(block: str) -> list[str]:
    """What an example imports from us that is not there; raises SyntaxError for one that is no Python."""
    absent = []
    for node in ast.walk(ast.parse(block)):
        module = getattr(node, "module", None) or ""
        if isinstance(node, ast.ImportFrom) and module.startswith("mostek") and MADE_UP not in module:
            found = importlib.import_module(module)
            absent += [f"{module}.{alias.name}" for alias in node.names if not hasattr(found, alias.name)]
    return absent


def rows(text: str) -> dict[str, str]:
    """The rows of all tables whose first cell is one name between backticks."""
    found = re.findall(r"^\| `(\w+)` \|(.*)\|$", text, re.MULTILINE)
    return dict(found)


@pytest.mark.parametrize("task", ["make demo", "make test"])
def test_readme_says_how_to_begin(task: str) -> None:
    assert task in (CHECKOUT / "README.md").read_text(encoding="utf-8")


def test_changelog_has_a_place_for_the_next_change() -> None:
    changelog = CHECKOUT / "CHANGELOG.md"
    assert changelog.exists()
    assert re.search(r"^## \[?Unreleased\]?", changelog.read_text(encoding="utf-8"), re.MULTILINE)


def test_tasks_that_pages_name_exist() -> None:
    named = {(page.name, task) for page in pages() for task in TASK.findall(page.read_text(encoding="utf-8"))}
    assert named
    assert {(page, task) for page, task in named if task not in tasks()} == set()


def test_every_task_is_explained() -> None:
    contributing = (CHECKOUT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert tasks() - set(TASK.findall(contributing)) == set()


def test_links_lead_somewhere() -> None:
    dead = {str(page.relative_to(CHECKOUT)): dead_links(page) for page in pages()}
    assert {page: links for page, links in dead.items() if links} == {}


def test_files_that_pages_name_exist() -> None:
    missing = {page.name: missing_files(page.read_text(encoding="utf-8")) for page in pages()}
    assert {page: names for page, names in missing.items() if names} == {}


def test_each_promise_of_the_readme_names_its_proof() -> None:
    text = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    promises = re.findall(r"^\| \*\*(\d)\. .*?\| (.*) \|$", text, re.MULTILINE)
    assert [number for number, _ in promises] == list("12345678")
    assert [number for number, proof in promises if not NAMED.search(proof)] == []


def test_python_examples_compile_and_import_what_exists() -> None:
    found = list(examples("python"))
    assert found
    for page, block in found:
        assert absent_names(block.text) == [], page


def test_data_in_examples_can_be_read() -> None:
    for _, block in examples("json"):
        json.loads(block.text)
    for _, block in examples("toml"):
        tomllib.loads(block.text)


def test_the_guides_manifest_and_messages_are_what_the_sdk_reads() -> None:
    data = [tomllib.loads(block.text) for block in blocks(GUIDE.read_text(encoding="utf-8"), "toml")]
    [manifest] = [found for found in data if "id" in found]
    assert msgspec.convert(manifest, Manifest).id == MADE_UP
    [messages] = [found for found in data if any(name.startswith(f"{MADE_UP}.") for name in found)]
    assert msgspec.convert(messages, dict[str, Message])


def test_every_field_of_a_policy_is_explained() -> None:
    text = CONCEPTS.read_text(encoding="utf-8")
    explained, named = rows(text), set(spans(text))
    fields = [*Policy.__struct_fields__, *FIELDS, *get_args(Operator), *get_args(Deed)]
    assert [name for name in fields if name not in explained] == []
    parts = {*Rule.__struct_fields__, *Condition.__struct_fields__}
    assert sorted(parts - named) == []
    wrong = [
        field for field in Policy.__struct_fields__ if field not in {"starts_from", "rules"} and not defaulted(field)
    ]
    assert wrong == []


def defaulted(field: str) -> bool:
    """Whether the page gives a field's default as it is."""
    written = re.search(r"`(.+?)`", rows(CONCEPTS.read_text(encoding="utf-8"))[field])
    found = msgspec.to_builtins(getattr(Policy(), field))
    return written is not None and json.loads(written[1]) == (list(found) if isinstance(found, tuple) else found)


def test_the_policies_shown_are_policies() -> None:
    text = CONCEPTS.read_text(encoding="utf-8")
    shown = [json.loads(block.text) for block in blocks(text, "json")]
    assert any(set(policy) == set(Policy.__struct_fields__) for policy in shown)
    for policy in shown:
        policies.load(policy)


def test_the_conditions_shown_are_conditions() -> None:
    conditions = [
        json.loads(span) for span in spans(CONCEPTS.read_text(encoding="utf-8")) if span.startswith('{"field"')
    ]
    found = [msgspec.convert(condition, Condition) for condition in conditions]
    assert {condition.field for condition in found} == set(FIELDS)
    assert {condition.operator for condition in found} == set(get_args(Operator))


def test_decisions_are_complete() -> None:
    records = {path.name: path.read_text(encoding="utf-8") for path in DECISIONS.glob("*.md")}
    faulty = {name: faults_of_decision(name, text) for name, text in records.items()}
    assert {name: faults for name, faults in faulty.items() if faults} == {}


def test_numbers_of_decisions_are_used_once() -> None:
    numbers = [path.name[:4] for path in DECISIONS.glob("*.md")]
    assert sorted(numbers) == sorted(set(numbers))


def test_an_incomplete_decision_is_seen() -> None:
    complete = "# 1. Title\n" + "".join(f"## {heading.title()}\nwords\n" for heading in HEADINGS)
    assert faults_of_decision("0001-title.md", complete) == []
    assert faults_of_decision("1-title.md", complete) == ["is not named NNNN-some-words.md"]
    assert len(faults_of_decision("0001-title.md", complete.replace("## Status", "Status"))) == 1
    assert len(faults_of_decision("0001-title.md", complete + "## Date\n")) == 1


def test_a_dead_link_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    text = (
        "# A part, here\n[here](page.md) [away](https://example.com/x) [part](page.md#a-part-here) [same](#a-part-here)"
    )
    page.write_text(f"{text} [gone](gone.md) [no part](#gone)", encoding="utf-8")
    assert dead_links(page) == ["gone.md", "#gone"]


def test_a_missing_file_is_seen() -> None:
    assert missing_files("`tests/conftest.py` `tests/gone.py` `tests/connectors/acme/test_client.py`") == [
        "tests/gone.py"
    ]


def test_a_wrong_example_is_seen() -> None:
    assert absent_names("from mostek.sdk.errors import BusyError, NoError") == ["mostek.sdk.errors.NoError"]
    with pytest.raises(SyntaxError):
        absent_names("def (")
    with pytest.raises(InvalidDocumentError):
        policies.load({"contact": "book"})
