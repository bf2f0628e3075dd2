"""A connector's own source, as the checks of its manifest, texts and fields read it."""

import ast
import importlib
import re
from collections.abc import Iterator, Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable


class Package:
    """The modules of a connector without its sandbox, parsed."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.folder = name.rpartition(".")[2]
        self.root = files(name)
        self.modules = {
            item.name.removesuffix(".py"): ast.parse(item.read_text(encoding="utf-8"))
            for item in self.root.iterdir()
            if item.name.endswith(".py") and item.name != "sandbox.py"
        }

    def causes(self, prefix: str) -> dict[str, str]:
        """The causes of its own that it names: cause and module."""
        pattern = re.compile(rf"{re.escape(prefix)}\.[a-z_]+")
        return {
            node.value: module
            for module, tree in self.modules.items()
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and pattern.fullmatch(node.value)
        }

    def other_causes(self, prefix: str) -> dict[str, str]:
        """The causes of others that it gives to a problem: ``cause="..."`` or ``invalid("...")``."""
        found = {cause: module for module, tree in self.modules.items() for cause in _given(tree)}
        return {cause: module for cause, module in found.items() if not cause.startswith(f"{prefix}.")}

    def untabled(self) -> list[str]:
        """Where mapping or connector look into a payload by a literal name instead of by a field of the table."""
        return [
            f"{module}.py:{call.lineno}"
            for module, tree in self.modules.items()
            if module != "fields"
            for call in ast.walk(tree)
            if isinstance(call, ast.Call) and _looks_up(call)
        ]

    def unused_fields(self) -> list[str]:
        """Names of ``fields.py`` that nothing uses: facts that were copied and forgotten."""
        table = self.modules.get("fields")
        if table is None:
            return []
        named = set(_named(table.body))
        used = {name for module, tree in self.modules.items() for name in _used(tree, inside=module == "fields")}
        return sorted(name for name in named - used if not name.startswith("_"))

    def entry(self, name: str) -> Traversable:
        """A file of the package."""
        return self.root.joinpath(name)


def _given(tree: ast.AST) -> Iterator[str]:
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call):
            continue
        function = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
        given: list[ast.expr] = [keyword.value for keyword in call.keywords if keyword.arg == "cause"]
        given += call.args[:1] if function == "invalid" else []
        for node in given:
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


# Mappings of our own, looked into by the names that the hub gives.
_OURS = frozenset({"options", "refs", "headers", "by", "details", "fields"})


def _looks_up(call: ast.Call) -> bool:
    """``payload.get("name")``; headers, options and references of our own have literal names."""
    function = call.func
    if not (isinstance(function, ast.Attribute) and function.attr == "get" and call.args):
        return False
    literal = isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str)
    owner = function.value
    name = owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")
    return literal and name not in _OURS


def _named(body: Sequence[ast.stmt]) -> Iterator[str]:
    """Names that a module, and the classes in it, assign."""
    for statement in body:
        if isinstance(statement, ast.ClassDef):
            yield from _named(statement.body)
        targets = statement.targets if isinstance(statement, ast.Assign) else ()
        if isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        for target in targets:
            parts = target.elts if isinstance(target, ast.Tuple) else [target]
            yield from (part.id for part in parts if isinstance(part, ast.Name))


def _used(tree: ast.AST, *, inside: bool) -> Iterator[str]:
    """Names that are read: as attributes, by import, and within ``fields.py`` itself plainly."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.ImportFrom) and not inside:
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id


def found(name: str) -> Package:
    """The package of this name, which has to be importable."""
    importlib.import_module(name)
    return Package(name)
