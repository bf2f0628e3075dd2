"""A newcomer reads documents, sdk, core and hub in one sitting; a module is read at one go."""

import pytest

from tests.project.source import CHECKOUT, Module, connectors, inside, modules

# (package, left out, most lines of code)
PACKAGES = [
    ("mostek.documents", None, 1_500),
    ("mostek.sdk", "mostek.sdk.kit", 1_500),
    ("mostek.core", None, 1_500),
    ("mostek.hub", "mostek.hub.ledger", 2_000),
    ("mostek.hub.ledger", None, 1_200),
    ("mostek.desk", None, 2_000),
    ("mostek.commands", None, 5_000),
    ("mostek.web", "mostek.web.people.migrations", 4_000),
]
CONNECTOR = range(300, 900 + 1)
MODULE = 500


def code_lines(package: str, left_out: str | None) -> int:
    """Count a package's lines of code without one of its parts."""
    found = modules(package)
    return sum(module.code_lines for module in found if not (left_out and inside(module.name, left_out)))


@pytest.mark.parametrize(("package", "left_out", "most"), PACKAGES)
def test_package_stays_readable(package: str, left_out: str | None, most: int) -> None:
    assert code_lines(package, left_out) <= most


@pytest.mark.parametrize("package", connectors())
def test_connector_is_neither_a_stub_nor_a_world(package: str) -> None:
    if not [module for module in modules(package) if module.name == f"{package}.connector"]:
        pytest.skip(f"{package} has a sandbox only")
    assert code_lines(package, f"{package}.sandbox") in CONNECTOR


def test_modules_are_short() -> None:
    tests = [Module(path.stem, path) for path in sorted((CHECKOUT / "tests").rglob("*.py"))]
    assert [
        f"{module.path.relative_to(CHECKOUT)}: {module.physical_lines} lines, at most {MODULE}"
        for module in modules("mostek") + tests
        if module.physical_lines > MODULE and "migrations" not in module.path.parts
    ] == []
