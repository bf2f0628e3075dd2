"""Who may import whom, module by module.

import-linter (pyproject.toml) follows the arrows through the whole graph; this table also says what layers cannot:
that a connector uses the SDK and nothing else of ours, and that a sandbox never sees its connector. A list of what is
allowed holds for packages that do not exist yet.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.project.source import Module, connectors, inside, modules

DATABASES_AND_FRAMEWORKS = ("django", "procrastinate", "psycopg", "sqlite3")
CLOCKS_AND_WIRES = ("aiohttp", "asyncio", "os", "pathlib", "random", "secrets", "socket", "threading", "time")
KIT = "mostek.sdk.kit"  # runs sandboxes under pytest: for tests alone


@dataclass(frozen=True)
class Rule:
    """A package, what of Mostek it may import beside itself, and what of others it may not."""

    package: str
    may: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    except_for: str = ""  # a part with a rule of its own


def rules(connector_packages: list[str]) -> Iterator[Rule]:
    """Give the rules for the house and for each connector."""
    below = ("mostek.sdk", "mostek.documents")
    yield Rule("mostek.documents", never=DATABASES_AND_FRAMEWORKS)
    yield Rule("mostek.sdk", may=("mostek.documents",), never=(*DATABASES_AND_FRAMEWORKS, "pytest"), except_for=KIT)
    yield Rule(KIT, may=("mostek.sdk", "mostek.documents", "mostek.sandbox"), never=DATABASES_AND_FRAMEWORKS)
    yield Rule("mostek.core", may=below, never=(KIT, *DATABASES_AND_FRAMEWORKS, *CLOCKS_AND_WIRES))
    yield Rule("mostek.hub", may=("mostek.core", *below), never=(KIT,))
    yield Rule("mostek.desk", may=("mostek.hub", "mostek.core", *below), never=(KIT,))
    yield Rule("mostek.commands", may=("mostek.desk", "mostek.hub", "mostek.core", *below), never=(KIT,))
    yield Rule("mostek.sandbox")
    for package in connector_packages:
        sandbox = f"{package}.sandbox"
        yield Rule(package, may=("mostek.sdk", "mostek.documents"), never=(KIT,), except_for=sandbox)
        yield Rule(sandbox, may=("mostek.sandbox",))


def faults(rule: Rule, module: Module) -> list[str]:
    """Say which imports of a module break the rule."""
    allowed = (rule.package, *rule.may)
    broken = []
    for name in sorted(module.imports):
        ours = inside(name, "mostek") and name != "mostek.__version__"
        foreign = not any(inside(name, package) for package in allowed)
        forbidden = any(inside(name, package) for package in rule.never)
        hidden = bool(rule.except_for) and inside(name, rule.except_for)
        if (ours and (foreign or hidden)) or forbidden:
            broken.append(f"{module.name} imports {name}")
    return broken


@pytest.mark.parametrize("rule", list(rules(connectors())), ids=lambda rule: rule.package)
def test_arrows(rule: Rule) -> None:
    found = [
        module for module in modules(rule.package) if not (rule.except_for and inside(module.name, rule.except_for))
    ]
    assert [fault for module in found for fault in faults(rule, module)] == []


@pytest.mark.parametrize("package", ["mostek.connectors", *connectors()])
def test_packages_of_connectors_import_nothing(package: str) -> None:
    # Python runs them before the sandbox's own modules: an import here would let the connector in.
    roots = [module for module in modules(package) if module.name == package]
    assert [name for module in roots for name in module.imports] == []


def test_every_folder_of_modules_is_a_package() -> None:
    # import-linter does not see into a folder without __init__.py.
    folders = {module.path.parent for module in modules("mostek")}
    assert sorted(str(folder) for folder in folders if not (folder / "__init__.py").exists()) == []


@pytest.mark.parametrize(
    ("package", "line", "fault"),
    [
        ("mostek.documents", "import sqlite3", "sqlite3"),
        ("mostek.documents", "from mostek.sdk import http", "mostek.sdk.http"),
        ("mostek.sdk", "import django.db", "django.db"),
        ("mostek.sdk", "from ..hub.ledger import rows", "mostek.hub.ledger.rows"),
        ("mostek.sdk", "from mostek.sdk.kit import contract", "mostek.sdk.kit.contract"),
        ("mostek.sdk.kit", "from mostek.connectors import some", "mostek.connectors.some"),
        ("mostek.core", "from mostek.hub import trace", "mostek.hub.trace"),
        ("mostek.core", "from time import time", "time.time"),
        ("mostek.hub", "from mostek.sdk.kit import room", "mostek.sdk.kit.room"),
        ("mostek.hub", "from mostek.connectors import some", "mostek.connectors.some"),
        ("mostek.hub", "from mostek import commands", "mostek.commands"),
        ("mostek.desk", "from mostek.commands import keeping", "mostek.commands.keeping"),
        ("mostek.sandbox", "from mostek.documents import money", "mostek.documents.money"),
        ("mostek.connectors.some", "from mostek.core import plan", "mostek.core.plan"),
        ("mostek.connectors.some", "from mostek.connectors.other import client", "mostek.connectors.other.client"),
        ("mostek.connectors.some", "from .sandbox import create", "mostek.connectors.some.sandbox.create"),
        ("mostek.connectors.some.sandbox", "from ..fields import FIELDS", "mostek.connectors.some.fields.FIELDS"),
        ("mostek.connectors.some.sandbox", "from mostek.documents import vat", "mostek.documents.vat"),
    ],
)
def test_a_wrong_arrow_is_seen(tmp_path: Path, package: str, line: str, fault: str) -> None:
    path = tmp_path / "module.py"
    path.write_text(f"def late():\n    {line}\n", encoding="utf-8")
    [rule] = [rule for rule in rules(["mostek.connectors.some"]) if rule.package == package]
    assert faults(rule, Module(f"{package}.module", path)) == [f"{package}.module imports {fault}"]


@pytest.mark.parametrize(
    ("package", "line"),
    [
        ("mostek.hub", "from mostek.sdk import http, errors"),
        ("mostek.sdk.kit", "from mostek.sandbox import running"),
        ("mostek.connectors.some", "from . import fields, mapping"),
        ("mostek.connectors.some.sandbox", "from mostek.sandbox import Sandbox"),
    ],
)
def test_a_right_arrow_is_let_be(tmp_path: Path, package: str, line: str) -> None:
    path = tmp_path / "module.py"
    path.write_text(line, encoding="utf-8")
    [rule] = [rule for rule in rules(["mostek.connectors.some"]) if rule.package == package]
    assert faults(rule, Module(f"{package}.module", path)) == []
