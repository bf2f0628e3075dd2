"""The measures these tests measure with."""

from pathlib import Path

from tests.project.source import Module, modules

SAMPLE = '''"""A docstring
of two lines."""
# a comment

import os  # 1
from . import lines  # 2
from ..sdk import errors as e  # 3
from .money import Money  # 4

def total(a: int, b: int) -> str:  # 5
    """One more docstring."""
    return print(  # 6
        "a message",
        f"another of {a} and {b}",
        "a third"
        " in parts",
        a,  # 7
    )  # 8
'''


def module(tmp_path: Path, text: str, name: str) -> Module:
    path = tmp_path.joinpath(*name.split(".")).with_suffix(".py")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return Module(name, path)


def test_code_lines_leave_out_blanks_comments_docstrings_and_messages(tmp_path: Path) -> None:
    assert module(tmp_path, SAMPLE, "mostek.documents.totals").code_lines == 8


def test_imports_are_absolute(tmp_path: Path) -> None:
    assert module(tmp_path, SAMPLE, "mostek.documents.totals").imports == {
        "os",
        "mostek.documents.lines",
        "mostek.sdk.errors",
        "mostek.documents.money.Money",
    }
    package = Module("mostek.hub", module(tmp_path, "from . import a\nfrom .b import c\n", "mostek.hub.__init__").path)
    assert package.imports == {
        "mostek.hub.a",
        "mostek.hub.b.c",
    }


def test_modules_of_a_package_carry_its_name(tmp_path: Path) -> None:
    for name in ("mostek.hub.__init__", "mostek.hub.ledger.rows", "mostek.cli"):
        module(tmp_path, "", name)
    assert [found.name for found in modules("mostek.hub", tmp_path)] == ["mostek.hub", "mostek.hub.ledger.rows"]
    assert [found.name for found in modules("mostek.cli", tmp_path)] == ["mostek.cli"]
    assert modules("mostek.web", tmp_path) == []
