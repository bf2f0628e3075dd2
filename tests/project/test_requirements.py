"""The locked requirements: each package by version and hash, from nowhere in particular, and up to date."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.project.requirement_files import FOLDER, Locked, locked
from tests.project.source import CHECKOUT

FILES = sorted(FOLDER.glob("*.txt"))
PLACE = re.compile(r"://|^\s*--?[a-z]|\bfile:|(?<![\w.])/[a-z]|@\s", re.MULTILINE)
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))


def test_every_environment_is_locked() -> None:
    assert {path.stem for path in FILES} == {"build", "dev", "lock", "peers", "run"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_packages_are_named_by_version_and_hash(path: Path) -> None:
    packages = locked(path)
    assert packages
    assert [package.name for package in packages if package.version is None] == []
    wrong = re.compile(r"(?!sha256:[0-9a-f]{64}$)")
    assert [package.name for package in packages if not package.hashes or any(map(wrong.match, package.hashes))] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_address_no_option_no_folder(path: Path) -> None:
    text = re.sub(r"\s+--hash=\S+", "", path.read_text(encoding="utf-8")).replace(" \\\n", "\n")
    assert [line for line in text.splitlines() if PLACE.search(line)] == []


@pytest.mark.parametrize(
    ("file", "wanted"),
    [
        ("run", PROJECT["project"]["dependencies"]),
        ("dev", PROJECT["project"]["dependencies"] + PROJECT["dependency-groups"]["dev"]),
        ("build", PROJECT["dependency-groups"]["build"] + PROJECT["build-system"]["requires"]),
        ("lock", PROJECT["dependency-groups"]["lock"]),
    ],
)
def test_locks_follow_pyproject(file: str, wanted: list[str]) -> None:
    versions = {package.name: package.version for package in locked(FOLDER / f"{file}.txt")}
    stale = [
        line
        for line in wanted
        if not Requirement(line).specifier.contains(versions.get(canonicalize_name(Requirement(line).name)) or "0")
    ]
    assert stale == [], "run `make lock`"


def test_tests_run_on_what_is_shipped() -> None:
    shipped, tested = locked(FOLDER / "run.txt"), locked(FOLDER / "dev.txt")
    assert {(package.name, package.version) for package in shipped} <= {
        (package.name, package.version) for package in tested
    }


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://packages.example/simple",
        "--find-links /srv/wheels",
        "    # from https://packages.example/simple",
        "#    uv pip compile /home/somebody/pyproject.toml",
        "thing @ file:///srv/thing.whl",
        "-e .",
    ],
)
def test_a_place_is_seen(line: str) -> None:
    assert PLACE.search(line)


def test_a_loose_package_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "loose.txt"
    path.write_text("a>=1\nb==2.*\nc==3 \\\n    --hash=sha256:00 \\\n    --hash=sha256:11\n    # via a\n")
    packages: list[Locked] = locked(path)
    assert [(package.name, package.version) for package in packages] == [("a", None), ("b", None), ("c", "3")]
    assert packages[2].hashes == ("sha256:00", "sha256:11")
