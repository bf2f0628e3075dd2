"""Breaks a copy of the code on purpose, one breakage at a time, and expects the tests to notice: ``make mutants``.

``--table docs/mutants.md`` writes down what was broken and which test turned red. A word chooses mutants by name.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.catalogue import CATALOGUE, Mutant

CHECKOUT = Path(__file__).parents[2]
PYTEST = (
    "-m",
    "pytest",
    "-x",
    "-q",
    "--tb=no",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:xdist",
    "--timeout",
    "60",
    "-m",
    "not postgres and not soak",
)
_RED = re.compile(r"^(?:FAILED|ERROR) \S+::(\S+)", re.MULTILINE)


@dataclass(frozen=True)
class Outcome:
    """What became of one mutant: the test that noticed, or none; ``fault`` is why it could not be tried."""

    mutant: Mutant
    noticed: str = ""
    fault: str = ""


def broken(mutant: Mutant, folder: Path) -> Path:
    """Copy the code and break it; raises ``ValueError`` when a text is not there exactly once."""
    copy = folder / "src"
    shutil.copytree(CHECKOUT / "src", copy, ignore=shutil.ignore_patterns("__pycache__"))
    for edit in mutant.edits:
        file = copy / edit.file
        text = file.read_text(encoding="utf-8")
        if text.count(edit.old) != 1:
            raise ValueError(f"{edit.file} has {text.count(edit.old)} times: {edit.old}")
        file.write_text(text.replace(edit.old, edit.new), encoding="utf-8")
    return copy


def run(tests: tuple[str, ...], source: Path) -> tuple[int, str]:
    """Run some tests on the code in ``source``; returns pytest's exit code and what it printed."""
    environment = {**os.environ, "PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, *PYTEST, *tests], cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def tried(mutant: Mutant) -> Outcome:
    """Break, run, and see."""
    with tempfile.TemporaryDirectory(prefix="mostek-") as folder:
        try:
            source = broken(mutant, Path(folder))
        except ValueError as error:
            return Outcome(mutant, fault=str(error))
        where = subprocess.run(
            [sys.executable, "-c", "import mostek; print(mostek.__file__)"],
            env={**os.environ, "PYTHONPATH": str(source)},
            capture_output=True,
            text=True,
            check=True,
        )
        if not where.stdout.startswith(str(source)):
            return Outcome(mutant, fault="the copy is not what the tests would import")
        code, text = run(mutant.tests, source)
    red = _RED.search(text)
    if code == 1 and red:
        return Outcome(mutant, noticed=red[1])
    return Outcome(mutant, fault="" if code == 0 else f"pytest ended with {code}: {text[-400:]}")


def table(outcomes: list[Outcome]) -> str:
    """The outcomes as a page."""
    rows = [f"| {each.mutant.name} | {each.mutant.suffers} | `{each.noticed.partition('[')[0]}` |" for each in outcomes]
    about = "What `make mutants` breaks on purpose, what a user would suffer by it, and the test that notices."
    return "\n".join(["# Mutants", "", about, "", "| broken | who suffers | noticed by |", "|---|---|---|", *rows, ""])


def main() -> int:
    """Try the chosen mutants; 1 when one survives or cannot be tried."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("words", nargs="*", help="only mutants with one of these words in their name")
    parser.add_argument("--table", type=Path, help="write the table to this file")
    parser.add_argument("--jobs", type=int, default=2)
    chosen = parser.parse_args()
    mutants = [mutant for mutant in CATALOGUE if not chosen.words or any(word in mutant.name for word in chosen.words)]
    tests = tuple(dict.fromkeys(test for mutant in mutants for test in mutant.tests))
    code, text = run(tests, CHECKOUT / "src")
    if code != 0:
        sys.stdout.write(f"The tests are red before anything is broken:\n{text}")
        return 1
    outcomes: list[Outcome] = []
    with ThreadPoolExecutor(chosen.jobs) as pool:
        for outcome in pool.map(tried, mutants):
            outcomes.append(outcome)
            end = f"red: {outcome.noticed}" if outcome.noticed else outcome.fault or "SURVIVES"
            sys.stdout.write(f"{outcome.mutant.name:50} {end}\n")
            sys.stdout.flush()
    if chosen.table:
        chosen.table.write_text(table(outcomes), encoding="utf-8")
    bad = [outcome for outcome in outcomes if not outcome.noticed]
    sys.stdout.write(f"{len(outcomes)} mutants, {len(bad)} not noticed\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
