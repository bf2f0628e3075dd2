"""The tables of fields say what the vendor's own metadata say."""

import json
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mostek.connectors.flexibee import fields
from mostek.connectors.flexibee.mapping import render
from mostek.documents.party import Address, Party
from mostek.sdk.effect import Reference
from tests.connectors.flexibee import flexi
from tests.documents.strategies import CODES, Sold, document

ONE = document([Sold(Decimal(1), Decimal(121), CODES[0])])
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
    assert fields.OPEN - {""} == {"zamek.otevreno", "zamek.prohlednuto"}
    assert fields.OPEN - {""} < values_of(properties(specs, "faktura-vydana")["zamekK"])
    actions = json.loads((folder / "Actions.json").read_text(encoding="utf-8"))["faktura-vydana"]
    assert actions["storno"]["isRealAction"] == "true"
    assert set(fields.LEVELS) == values_of(properties(specs, "faktura-vydana-polozka")["typSzbDphK"])


def test_what_an_update_clears_may_be_empty(specs: Path) -> None:
    known = properties(specs, fields.DOCUMENT)
    nobody = msgspec.structs.replace(ONE, buyer=Party(address=Address()))
    bare = flexi.update(nobody)
    cleared = [name for name, value in flexi.record(bare).items() if value == ""]
    assert {"firma", "ic", "cisObj", "faNazev"} <= set(cleared)
    assert [name for name in cleared if known[name]["mandatory"] == "true"] == []


def checked(record: dict[str, Any], evidence: str, known: dict[str, Any]) -> None:
    """Everything in a record is a known field, of its type, within its length and one of its choices."""
    for name, value in record.items():
        if name.startswith("@") or name == "id":
            continue
        if name.partition("@")[0] in {"polozkyFaktury", "sparovani", "vytvor-vazbu-dobropis"}:
            continue
        facts = known[name.partition("@")[0]]
        assert facts["isWritable"] == "true", (evidence, name)
        if "@" in name:
            continue
        assert isinstance(value, str), (evidence, name)
        if value == "":  # cleared
            assert facts["type"] not in {"select", "numeric", "logic"}, (evidence, name)
            continue
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


@given(invoice=flexi.bookable(), way=st.sampled_from((flexi.create, flexi.update)))
@settings(max_examples=60)
def test_every_rendered_document_is_one_the_vendor_knows(metadata: Metadata, invoice: Any, way: Any) -> None:
    ((evidence, record),) = json.loads(render(flexi.settings(), way(invoice))).items()
    checked(record, evidence, metadata(evidence))
    for line in record.get("polozkyFaktury", []):
        checked(line, fields.LINE, metadata(fields.LINE))


@pytest.mark.parametrize(
    "action",
    [
        flexi.contact(),
        flexi.settle(Reference(key=flexi.key("doc"))),
        flexi.settle(Reference(key=flexi.key("doc")), mode="document", bank_account="BANKA"),
        flexi.update(ONE),
        flexi.adopt(ONE, "7"),
        flexi.cancel(ONE),
        flexi.link(credit=Reference(id="7"), original=Reference(id="8")),
    ],
)
def test_every_other_record_is_one_the_vendor_knows(metadata: Metadata, action: Any) -> None:
    ((evidence, record),) = json.loads(render(flexi.settings(), action)).items()
    checked(record, evidence, metadata(evidence))
