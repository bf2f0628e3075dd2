"""Mostek's own source as these tests read it: modules, what they import, how much code they hold."""

import ast
import io
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
SOURCE = CHECKOUT / "src"

_SILENT = {
    tokenize.COMMENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
    tokenize.INDENT,
    tokenize.NEWLINE,
    tokenize.NL,
}
# Python 3.12 and later cut an f-string into pieces; 3.11 gives one STRING.
_F_START, _F_END = (getattr(tokenize, name, -1) for name in ("FSTRING_START", "FSTRING_END"))


@dataclass(frozen=True)
class Module:
    """One Python file; `name` as it is imported."""

    name: str
    path: Path

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, str(self.path))

    @property
    def physical_lines(self) -> int:
        return len(self.text.splitlines())

    @cached_property
    def code_lines(self) -> int:
        """Count lines that say something: no blank, no comment, no docstring, no line of nothing but text."""
        return len(_lines_of_code(self.text))

    @cached_property
    def imports(self) -> frozenset[str]:
        """Name what is imported, also for types only or inside a function; `from a import b` gives `a.b`."""
        return frozenset(self._imported())

    def _imported(self) -> Iterator[str]:
        package = self.name.split(".") if self.path.name == "__init__.py" else self.name.split(".")[:-1]
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                root = package[: len(package) - node.level + 1] if node.level else []
                origin = ".".join([*root, *([node.module] if node.module else [])])
                yield from (f"{origin}.{alias.name}" for alias in node.names)


def modules(package: str, source: Path = SOURCE) -> list[Module]:
    """List the modules of a package, itself included; none when it does not exist (yet)."""
    place = source.joinpath(*package.split("."))
    if place.with_suffix(".py").is_file():
        return [Module(package, place.with_suffix(".py"))]
    found = []
    for path in sorted(place.rglob("*.py")):
        parts = path.relative_to(source).with_suffix("").parts
        found.append(Module(".".join(parts[:-1] if parts[-1] == "__init__" else parts), path))
    return found


def inside(name: str, package: str) -> bool:
    """Tell whether a dotted name is the package or stands below it."""
    return name == package or name.startswith(package + ".")


def connectors(source: Path = SOURCE) -> list[str]:
    """List the connectors' packages, found by their folders."""
    folder = source / "mostek" / "connectors"
    return sorted(f"mostek.connectors.{path.parent.name}" for path in folder.glob("*/__init__.py"))


def _lines_of_code(text: str) -> set[int]:
    lines: set[int] = set()
    depth = 0  # inside how many f-strings
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == _F_START:
            depth += 1
        elif token.type == _F_END:
            depth -= 1
        elif not depth and token.type not in _SILENT and token.type != tokenize.STRING and token.string != ",":
            lines.update(range(token.start[0], token.end[0] + 1))
    return lines
