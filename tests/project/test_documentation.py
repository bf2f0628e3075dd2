"""The documentation says what is there: tasks exist, links lead somewhere, decisions and changes are written down."""

import re
from pathlib import Path

import pytest

from tests.project.source import CHECKOUT

DECISIONS = CHECKOUT / "docs" / "adr"
HEADINGS = ["date", "status", "context", "decision", "consequences"]
TASK = re.compile(r"`make ([a-z]+)")
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)[^)]*\)")


def pages() -> list[Path]:
    """List what people read: the pages at the top, in docs, and beside the code."""
    found = [*CHECKOUT.glob("*.md"), *(CHECKOUT / "docs").rglob("*.md"), *(CHECKOUT / "src").rglob("*.md")]
    return sorted(found)


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


def dead_links(page: Path) -> list[str]:
    """List a page's links to files that are not there."""
    targets = [target for target in LINK.findall(page.read_text(encoding="utf-8")) if ":" not in target]
    return [target for target in targets if not (page.parent / target).exists()]


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
    page.write_text("[here](page.md) [away](https://example.com/x) [part](page.md#part) [gone](gone.md)")
    assert dead_links(page) == ["gone.md"]
