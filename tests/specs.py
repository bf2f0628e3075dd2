"""The vendors' specifications: reference material kept beside the checkout, never shipped.

A test that asks for the fixture `specs`, or is marked `needs_specs("flexibee/evidence-properties")`, is a *spec
check*: it compares our own tables with the vendor's. The run ends with a line that tells how many of them ran, so
that a machine without the material cannot pass for one that checked.
"""

import os
from pathlib import Path

import pytest

from tests.absence import absent

CHECKOUT = Path(__file__).parents[1]
RAN = ("passed", "failed", "xfailed", "xpassed")


def location() -> Path:
    """Return where the specifications are looked for: MOSTEK_SPECS, or ../shared/specs beside the checkout."""
    return Path(os.environ.get("MOSTEK_SPECS") or CHECKOUT.parent / "shared" / "specs")


def require(*paths: str) -> Path:
    """Return the specifications' folder when it and each of `paths` below it exist; else end the test."""
    for path in paths or (".",):
        if not (location() / path).exists():
            absent(f"Specifications: {location() / path} is", "set MOSTEK_SPECS to their folder")
    return location()


@pytest.fixture(scope="session")
def specs() -> Path:
    """Give the specifications' folder."""
    return require()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark spec checks before `-m` chooses among them."""
    for item in items:
        if "specs" in getattr(item, "fixturenames", ()) or item.get_closest_marker("needs_specs"):
            item.add_marker(pytest.mark.spec)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Look for what each `needs_specs` names."""
    for marker in item.iter_markers("needs_specs"):
        require(*marker.args)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell how many spec checks ran."""

    def count(*outcomes: str) -> int:
        return len(
            {
                report.nodeid
                for outcome in outcomes
                for report in terminalreporter.stats.get(outcome, [])
                if "spec" in getattr(report, "keywords", ())
            }
        )

    ran, skipped, broken = count(*RAN), count("skipped"), count("error")
    terminalreporter.write_line(
        f"spec checks: {ran} ran, {skipped} skipped" + (f", {broken} could not run" if broken else "")
    )
