"""The page about the kit names every check with its law, and tells of every complaint where it is met."""

import re

import pytest

from mostek.sdk.kit import CHECKS, Check
from tests.project.source import CHECKOUT

PAGE = (CHECKOUT / "docs" / "contract-kit.md").read_text(encoding="utf-8")
CHECKED, COMPLAINTS = PAGE.split("## The checks")[1].split("## Complaints")
NAMES = {check.name for check in CHECKS}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_each_check_has_its_row(check: Check) -> None:

    assert f"| `{check.name}` | {check.law} |" in CHECKED


def test_no_row_is_left_over() -> None:
    assert set(re.findall(r"^\| `([a-z_.]+)`", CHECKED, re.MULTILINE)) == NAMES
    assert f"{len(CHECKS)} named checks" in PAGE


def test_each_complaint_is_met_somewhere() -> None:
    rows = re.findall(r"^\| (\d+) \| [^|]+ \| ([^|]+) \|$", COMPLAINTS, re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(1, 68))
    known = NAMES | {"hub", "later"}
    assert {place.strip("` ") for _, places in rows for place in places.split(",")} - known == set()
