"""What Mostek runs on leaves its users free: no GPL and no AGPL in the runtime's closure. LGPL is let in."""

import re
from collections.abc import Mapping
from importlib import metadata

import pytest

from tests.project.requirement_files import FOLDER, locked

# LGPL and its long names do not match: "Lesser General Public" and "Library General Public" are passed by.
COPYLEFT = re.compile(r"(?<![A-Za-z])A?GPL|Affero|GNU General Public|General Public License v[23]", re.IGNORECASE)
LESSER = re.compile(r"(GNU )?(Library|Lesser|Library or Lesser) General Public License( v[23])?|LGPL", re.IGNORECASE)


def licence(fields: Mapping[str, str | list[str]]) -> str:
    """Say a package's licence in its own words: the expression, else the classifiers, else the first line of text."""
    if fields.get("license_expression"):
        return str(fields["license_expression"])
    classifiers = [value for value in fields.get("classifier", []) if value.startswith("License :: ")]
    # "OSI Approved" alone names no licence.
    named = [value.rpartition(" :: ")[2] for value in classifiers if not value.endswith("OSI Approved")]
    return " OR ".join(named) or str(fields.get("license", "")).strip().partition("\n")[0]


def frees(words: str) -> bool:
    """Tell whether at least one of the licences offered is neither GPL nor AGPL; silence does not free."""
    offers = [LESSER.sub("", offer) + "." for offer in re.split(r"\s+OR\s+", words)]
    return bool(words) and not all(COPYLEFT.search(offer) for offer in offers)


def test_runtime_is_free_of_gpl() -> None:
    names = [package.name for package in locked(FOLDER / "run.txt") if package.applies]
    licences = {name: licence(metadata.metadata(name).json) for name in names}
    assert licences
    assert {name: words for name, words in licences.items() if not frees(words)} == {}


@pytest.mark.parametrize(
    "words",
    [
        "",
        "GPL-3.0-or-later",
        "AGPLv3",
        "GNU General Public License v3 (GPLv3)",
        "GNU Affero General Public License v3",
        "MIT AND GPL-2.0-only",
        "GPL-2.0-only OR AGPL-3.0-only",
    ],
)
def test_copyleft_is_seen(words: str) -> None:
    assert not frees(words)


@pytest.mark.parametrize(
    "words",
    [
        "MIT",
        "Apache-2.0 OR GPL-2.0-only",
        "LGPL-3.0-only",
        "GNU Lesser General Public License v3 (LGPLv3)",
        "GNU Library or Lesser General Public License (LGPL)",
        "BSD-3-Clause AND LGPL-2.1-or-later",
    ],
)
def test_free_is_let_in(words: str) -> None:
    assert frees(words)


def test_classifiers_speak_when_there_is_no_expression() -> None:
    gpl = ["License :: OSI Approved", "License :: OSI Approved :: GNU General Public License v3 (GPLv3)"]
    assert not frees(licence({"classifier": gpl}))
    assert frees(licence({"classifier": gpl, "license_expression": "MIT"}))
    assert not frees(licence({"classifier": gpl[:1]}))
    assert frees(licence({"license": "MIT License\n\nPermission is hereby granted"}))
