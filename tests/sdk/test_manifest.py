"""A manifest is data that is checked when it is read."""

import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import msgspec
import pytest

from mostek.sdk.manifest import load

MANIFEST = """
id = "example"
names = {en = "Example shop", cs = "Příklad"}
docs = "https://docs.example"
api_version = "2"
proof = {en = "against the simulator"}
sunset = 2027-03-31

[feeds.order]
kinds = ["order"]
changes = "since"
every = 60

[writes.invoice]
key_strength = "upsert"
verbs = ["create"]

[limits]
per_hour = 2000
batch = 50

[mappings.document_type]
by = "kind"
required = true
default = {invoice = "FAKTURA"}
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "example_connector"
    folder.mkdir()
    folder.joinpath("__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    yield folder
    sys.modules.pop("example_connector", None)


def write(package: Path, text: str) -> None:
    package.joinpath("manifest.toml").write_text(text, encoding="utf-8")


def test_a_manifest_is_read(package: Path) -> None:
    write(package, MANIFEST)
    found = load("example_connector")
    assert (found.id, found.names["cs"], found.sunset) == ("example", "Příklad", date(2027, 3, 31))
    assert (found.feeds["order"].changes, found.writes["invoice"].key_strength) == ("since", "upsert")
    assert (found.limits.per_hour, found.limits.per_day, found.limits.batch) == (2000, 0, 50)
    assert found.mappings["document_type"].default == {"invoice": "FAKTURA"}
    assert (found.on_premises, found.settles_after) == (False, 30)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('id = "example"', 'id = "example"\nnickname = "x"', "nickname"),
        ('changes = "since"', 'changes = "guess"', "feeds"),
        ("every = 60", 'every = "often"', "every"),
        ("batch = 50", "batch = 50\nper_minute = 5", "per_minute"),
        ('key_strength = "upsert"', "", "key_strength"),
        ('by = "kind"', 'by = "colour"', "by"),
        ('docs = "https://docs.example"', "", "docs"),
    ],
)
def test_a_wrong_manifest_is_refused_by_name(package: Path, old: str, new: str, words: str) -> None:
    assert old in MANIFEST
    write(package, MANIFEST.replace(old, new))
    with pytest.raises(msgspec.ValidationError, match=words):
        load("example_connector")
