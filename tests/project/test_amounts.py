"""The hub keeps amounts as whole minor units and payloads as bytes; the columns cannot betray that.

SQLite stores DECIMAL and NUMERIC as binary fractions (100,000 x 0.10 summed to 10000.0000000188), PostgreSQL's jsonb
reorders keys, and fingerprints depend on bytes.
"""

import ast
import re

import pytest

from tests.project.source import SOURCE, modules

STATEMENT = re.compile(r"\b(CREATE|ALTER)\s+(TEMP(ORARY)?\s+)?TABLE\b", re.IGNORECASE)
COLUMN = re.compile(r"\b(REAL|FLOAT[48]?|DOUBLE(\s+PRECISION)?|NUMERIC|DECIMAL|MONEY|JSONB)\b", re.IGNORECASE)
FIELD = re.compile(r"\b(DecimalField|FloatField|JSONField)\b")


def faults(sql: str) -> list[str]:
    """Find column types that lose cents or order in statements that make tables."""
    if not STATEMENT.search(sql):
        return []
    bare = re.sub(r"--[^\n]*|'[^']*'", "", sql)  # a comment or a value may say "decimal"
    return sorted({match.group().upper() for match in COLUMN.finditer(bare)})


def strings(tree: ast.Module) -> list[str]:
    """List a module's strings, f-strings by their constant pieces."""
    return [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def test_hub_tables_hold_no_fractions_and_no_jsonb() -> None:
    hub = modules("mostek.hub")
    found = {module.name: [fault for text in strings(module.tree) for fault in faults(text)] for module in hub}
    found |= {path.name: faults(path.read_text("utf-8")) for path in (SOURCE / "mostek" / "hub").rglob("*.sql")}
    assert {name: types for name, types in found.items() if types} == {}


def test_models_hold_no_fractions_and_no_jsonb() -> None:
    held = modules("mostek.hub") + modules("mostek.web")
    found = {module.name: FIELD.findall(module.text) for module in held}
    assert {name: fields for name, fields in found.items() if fields} == {}


@pytest.mark.parametrize(
    ("sql", "types"),
    [
        ("CREATE TABLE a (total REAL, rate numeric(10, 2))", ["NUMERIC", "REAL"]),
        ("alter table a add column b jsonb", ["JSONB"]),
        ("CREATE TABLE a (b double precision)", ["DOUBLE PRECISION"]),
        ("CREATE TABLE a (minor BIGINT NOT NULL, currency TEXT, payload BLOB) -- decimal text", []),
        ("CREATE TABLE a (basis TEXT CHECK (basis IN ('decimal', 'float')))", []),
        ("SELECT decimal FROM a", []),
    ],
)
def test_types_are_told_apart(sql: str, types: list[str]) -> None:
    assert faults(sql) == types
