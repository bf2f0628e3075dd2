"""The tables of fields say what the vendor's own metadata say."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from mostek.connectors.flexibee import fields
from mostek.connectors.flexibee.mapping import render
from mostek.sdk.effect import Reference
from tests.connectors.flexibee import flexi

Metadata = Callable[[str], dict[str, Any]]


def properties(specs: Path, evidence: str) -> dict[str, Any]:
    path = specs / "flexibee" / "evidence-properties" / f"Properties.{evidence}.json"
    return dict(json.loads(path.read_text(encoding="utf-8")))


def values_of(facts: dict[str, Any]) -> set[str]:
    listed = facts.get("importableValues", facts.get("values", {})).get("value", [])
    return {one["@key"] for one in (listed if isinstance(listed, list) else [listed])}


@pytest.mark.parametrize("evidence", sorted(fields.COLUMNS))
def test_what_is_written_is_writable_and_fits(specs: Path, evidence: str) -> None:
    known = properties(specs, evidence)
    for name, column in fields.COLUMNS[evidence].items():
        facts = known[name]
        assert facts["isWritable"] == "true", name
        assert facts["type"] == column.type, name
        if column.type == "string":
            assert int(facts.get("maxLength", 0)) == column.size, name
            assert column.upper <= (facts["isUpperCase"] == "true"), name
        if column.type == "numeric" and "decimal" in facts:
            assert int(facts["decimal"]) == column.size, name


@pytest.mark.parametrize("evidence", sorted(fields.READ))
def test_what_is_read_exists(specs: Path, evidence: str) -> None:
    known = properties(specs, evidence)
    assert [field.name for field in fields.READ[evidence] if field.name not in known] == []


def test_relations_and_services_exist(specs: Path) -> None:
    folder = specs / "flexibee" / "evidence-properties"
    relations = json.loads((folder / "Relations.json").read_text(encoding="utf-8"))["faktura-vydana"]
    assert "vazby" in relations
    ties = values_of(properties(specs, "vazba")["typVazbyK"])
    assert fields.CREDITED in ties
    paid = properties(specs, "faktura-vydana")["stavUhrK"]
    assert values_of(paid) == {fields.MARKED_PAID}  # the only state that may be written
    assert fields.CREDIT_NOTE in values_of(properties(specs, "typ-faktury-vydane")["typDoklK"])
    assert set(fields.LEVELS) == values_of(properties(specs, "faktura-vydana-polozka")["typSzbDphK"])


def checked(record: dict[str, Any], evidence: str, known: dict[str, Any]) -> None:
    """Everything in a record is a known field, of its type, within its length and one of its choices."""
    for name, value in record.items():
        if name.startswith("@") or name == "id":
            continue
        if name in {"polozkyFaktury", "sparovani", "vytvor-vazbu-dobropis"}:
            continue
        facts = known[name.partition("@")[0]]
        assert facts["isWritable"] == "true", (evidence, name)
        if "@" in name:
            continue
        assert isinstance(value, str), (evidence, name)
        if facts["type"] == "string" and "maxLength" in facts:
            assert len(value.encode("utf-16-le")) // 2 <= int(facts["maxLength"]), (evidence, name)
        if facts["type"] == "select":
            assert value in values_of(facts), (evidence, name)
        if facts["type"] == "numeric":
            assert len(value.partition(".")[2]) <= int(facts.get("decimal", 2)), (evidence, name)
        if facts["type"] == "logic":
            assert value in {"true", "false"}, (evidence, name)


@pytest.fixture(scope="session")
def metadata(specs: Path) -> Metadata:
    return cache(lambda evidence: properties(specs, evidence))


@given(document=flexi.bookable())
@settings(max_examples=40)
def test_every_rendered_document_is_one_the_vendor_knows(metadata: Metadata, document: Any) -> None:
    ((evidence, record),) = json.loads(render(flexi.settings(), flexi.create(document))).items()
    checked(record, evidence, metadata(evidence))
    for line in record.get("polozkyFaktury", []):
        checked(line, fields.LINE, metadata(fields.LINE))


@pytest.mark.parametrize(
    "action",
    [
        flexi.contact(),
        flexi.settle(Reference(key=flexi.key("doc"))),
        flexi.settle(Reference(key=flexi.key("doc")), mode="document", bank_account="BANKA"),
        flexi.link(credit=Reference(id="7"), original=Reference(id="8")),
    ],
)
def test_every_other_record_is_one_the_vendor_knows(metadata: Metadata, action: Any) -> None:
    ((evidence, record),) = json.loads(render(flexi.settings(), action)).items()
    checked(record, evidence, metadata(evidence))
