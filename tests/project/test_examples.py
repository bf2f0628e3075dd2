"""Examples in docstrings are true."""

import doctest
import importlib

import pytest

from tests.project.source import Module, connectors, modules


def documented() -> list[Module]:
    """List the modules of pure code with an example in them."""
    packages = ["mostek.documents", "mostek.sdk", "mostek.hub", *connectors()]
    return [module for package in packages for module in modules(package) if ">>> " in module.text]


@pytest.mark.parametrize("module", documented(), ids=lambda module: module.name)
def test_examples_are_true(module: Module) -> None:
    result = doctest.testmod(importlib.import_module(module.name))
    assert result.attempted
    assert not result.failed
