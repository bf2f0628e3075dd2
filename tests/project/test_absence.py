"""What is absent is skipped by name on a laptop and fails in CI; a run tells how many spec checks ran."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project.source import CHECKOUT

CHECKS = """
import pytest

def test_by_fixture(specs):
    assert (specs / "some").is_dir()

@pytest.mark.needs_specs("some")
def test_by_marker():
    pass

@pytest.mark.needs_specs("other")
def test_by_marker_of_another_part():
    pass

def test_without():
    pass

def test_peers(peers):
    pass
"""


def run(folder: Path, *, specs: Path, ci: bool) -> tuple[int, str]:
    """Run the checks above in a pytest of their own."""
    (folder / "test_checks.py").write_text(CHECKS)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n    spec\n    needs_specs\n    postgres\n    peer\n")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "MOSTEK", "CI"))}
    environment |= {"PYTHONPATH": str(CHECKOUT), "MOSTEK_SPECS": str(specs)} | ({"CI": "true"} if ci else {})
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "tests.conftest",
        "-p",
        "no:cacheprovider",
        "-rs",
        "-m",
        "spec or peer",
    ]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


@pytest.mark.parametrize(
    ("ci", "code", "line", "outcome"),
    [
        (False, 0, "spec checks: 2 ran, 1 skipped", "2 passed, 2 skipped, 1 deselected"),
        (True, 1, "spec checks: 2 ran, 0 skipped, 1 could not run", "2 passed, 1 deselected, 2 errors"),
    ],
)
def test_part_of_the_specifications(tmp_path: Path, ci: bool, code: int, line: str, outcome: str) -> None:
    (tmp_path / "specs" / "some").mkdir(parents=True)
    status, told = run(tmp_path, specs=tmp_path / "specs", ci=ci)
    assert (status, line in told.splitlines(), outcome in told) == (code, True, True), told
    assert re.search(r"specs/other is absent", told)
    assert re.search(r"Peers' environment is absent", told)


def test_no_specifications_at_all(tmp_path: Path) -> None:
    status, told = run(tmp_path, specs=tmp_path / "nowhere", ci=False)
    assert (status, "spec checks: 0 ran, 3 skipped" in told.splitlines()) == (0, True), told
