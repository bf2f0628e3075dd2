"""The core names no vendor: what one system needs is a concept there, or a fact in its connector."""

import re
from pathlib import Path

import pytest

from tests.project.source import SOURCE

CORE = ("documents", "sdk", "hub")
# Distinctive names are found anywhere, also inside other words; the others are words of their own.
NAMES = [
    "upgates",
    "flexibee",
    "pohoda",
    "stormware",
    "shoptet",
    "prestashop",
    "woocommerce",
    "fakturownia",
    "subiekt",
    "symfonia",
    "comarch",
]
WORDS = ["abra", "enova", "flexi", "optima", "sap"]
BINARY = {".mo", ".pyc"}

_DISTINCTIVE = re.compile("|".join(NAMES))
_WORD = re.compile(rf"(?<![^\W\d_])(?:{'|'.join(WORDS)})(?![^\W\d_])")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def vendors(text: str) -> list[str]:
    """Find vendors' names in identifiers, strings and comments alike, camel case and snakes included."""
    flat = text.lower()
    return sorted({*_DISTINCTIVE.findall(flat), *_WORD.findall(_HUMP.sub(" ", text).lower())})


def files(package: str) -> list[Path]:
    """List a package's files that people read."""
    folder = SOURCE / "mostek" / package
    return [path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix not in BINARY]


@pytest.mark.parametrize("package", CORE)
def test_core_names_no_vendor(package: str) -> None:
    named = {str(path.relative_to(SOURCE)): vendors(path.read_text(encoding="utf-8")) for path in files(package)}
    assert {path: names for path, names in named.items() if names} == {}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("class FlexiClient: ...", ["flexi"]),
        ("sap_order = 1", ["sap"]),
        ("# as WooCommerce and PrestaShop do", ["prestashop", "woocommerce"]),
        ('"ABRA"', ["abra"]),
        ("UPGATES_PAGE", ["upgates"]),
        ("upgatesovo", ["upgates"]),
        ("optimal flexible renovate disappear candelabra asap", []),
    ],
)
def test_names_are_found_and_words_are_not(text: str, names: list[str]) -> None:
    assert vendors(text) == names
