"""The causes that a package raises, read from its source, and the details that each of them carries."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from tests.project.source import Module, inside, modules

CAUSE = re.compile(r"[a-z_]+\.[a-z_]+")
# Dotted texts of the core that are no causes: a file and a package.
OTHERS = {"manifest.toml", "mostek.locale"}
KIT = "mostek.sdk.kit"
# Functions that build a problem with details of their own, and these details.
BUILDERS = {
    "_differs": {"found", "stated", "difference"},
    "_forbidden": {"address"},
    "_problem": {"host", "reason"},
}


@dataclass(frozen=True)
class Raised:
    """One place that names a cause; `details` are None where the source does not tell them."""

    cause: str
    place: str
    details: frozenset[str] | None = None


def product(package: str) -> list[Module]:
    """The modules that a user meets: without the contract kit, which speaks to connectors' authors."""
    return [module for module in modules(package) if not inside(module.name, KIT)]


def named(package: str) -> set[str]:
    """All causes that a package names, in whatever way: for packages where a dotted text can be nothing else."""
    texts = {
        node.value
        for module in product(package)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return {text for text in texts if CAUSE.fullmatch(text)} - OTHERS


def raised(package: str) -> list[Raised]:
    """The causes given to a problem: `cause="..."`, or the first argument of invalid() and its like."""
    return [found for module in product(package) for found in _raised(module.tree, module.name)]


def _raised(tree: ast.AST, place: str) -> Iterator[Raised]:
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            dicts = _dicts(tree) | _dicts(function)
            for call in ast.walk(function):
                if isinstance(call, ast.Call):
                    yield from _of_call(call, dicts, f"{place}:{call.lineno}")


def _dicts(tree: ast.AST) -> dict[str, ast.Dict]:
    """The dicts that are given a name: `details = {...}`."""
    return {
        target.id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _of_call(call: ast.Call, dicts: dict[str, ast.Dict], place: str) -> Iterator[Raised]:
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    keywords = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    if name == "invalid" or name in BUILDERS:
        details = BUILDERS.get(name, frozenset(keywords) - {"cause", "field"})
        for cause in _causes(call.args[0] if call.args else keywords.get("cause")):
            yield Raised(cause, place, frozenset(details))
    elif "cause" in keywords:
        details_of = _keys(keywords.get("details"), dicts)
        for cause in _causes(keywords["cause"]):
            yield Raised(cause, place, details_of)


def _causes(value: ast.AST | None) -> list[str]:
    """The causes an expression may give: a text, or one of two."""
    nodes = ast.walk(value) if value else ()
    texts = [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return [text for text in texts if CAUSE.fullmatch(text)]


def _keys(value: ast.expr | None, dicts: dict[str, ast.Dict]) -> frozenset[str] | None:
    if value is None:
        return frozenset()
    found = dicts.get(value.id) if isinstance(value, ast.Name) else value
    if not isinstance(found, ast.Dict) or not all(isinstance(key, ast.Constant) for key in found.keys):
        return None
    return frozenset(str(key.value) for key in found.keys if isinstance(key, ast.Constant))
