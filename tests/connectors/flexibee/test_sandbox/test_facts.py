"""Our table of facts against the vendor's metadata, and the seeds against our table."""

import json
from pathlib import Path
from typing import Any

import pytest

from mostek.connectors.flexibee.sandbox.facts import Fact, evidence, evidences, label
from tests.connectors.flexibee.test_sandbox.desk import Desk


def values_of(told: Any) -> dict[str, str]:
    if not told:
        return {}
    listed = told["value"] if isinstance(told["value"], list) else [told["value"]]
    return {each["@key"]: each["$"] for each in listed}


def number(text: str | None) -> int | None:
    return int(text) if text else None


def facts_of(told: dict[str, Any]) -> dict[str, Any]:
    """A vendor's property in the words of our facts."""
    relation = told["type"] == "relation"
    mandatory, writable = told["mandatory"] == "true", told["isWritable"] == "true"
    labelled = mandatory or (writable and bool(told.get("maxLength")))
    return {
        "name": told["propertyName"],
        "type": told["type"],
        "target": told.get("fkEvidencePath") if relation else None,
        "values": tuple(values_of(told.get("values"))),
        "importable": tuple(values_of(told.get("importableValues"))),
        "length": number(told.get("maxLength")),
        "digits": number(told.get("digits")),
        "decimals": number(told.get("decimal")),
        "smallest": told.get("minValue"),
        "largest": told.get("maxValue"),
        "mandatory": mandatory,
        "writable": writable,
        "summary": told["inSummary"] == "true",
        "upper": told["isUpperCase"] == "true",
        "lower": told["isLowerCase"] == "true",
        "label": told["name"] if labelled else "",
    }


@pytest.mark.parametrize("path", sorted(evidences()))
def test_the_table_agrees_with_the_vendors_metadata(specs: Path, path: str) -> None:
    folder = specs / "flexibee" / "evidence-properties"
    told = json.loads((folder / f"Properties.{path}.json").read_text("utf-8"))
    ours = evidence(path)
    assert ours is not None
    assert list(ours.facts) == list(told)
    for name, properties in told.items():
        fact: Fact = ours.facts[name]
        assert {key: getattr(fact, key) for key in facts_of(properties)} == facts_of(properties)
        for key, words in values_of(properties.get("values")).items():
            assert label(key) == words


def test_the_evidences_themselves_agree(specs: Path) -> None:
    folder = specs / "flexibee" / "evidence-properties"
    told = json.loads((folder / "EvidenceFullList.json").read_text("utf-8"))
    compared = 0
    for path, ours in evidences().items():
        if path in told:
            each = told[path]
            assert ours.name == each["evidenceName"].strip()
            assert ours.kind == each["className"].rpartition(".")[2]
            assert ours.status == each["importStatus"]
            assert ours.external == (each["extIdSupported"] == "true")
            compared += 1
    assert compared == len(evidences()) - 1  # the vendor's list forgets zamek


async def test_seeded_records_hold_what_the_facts_allow(desk: Desk) -> None:
    for path, shape in evidences().items():
        answer = await desk.get(f"{path}.json", limit="0", detail="full", filtrovat_platnost="false")
        for row in answer.winstrom[path]:
            for name, fact in shape.facts.items():
                value = row.get(name, "")
                assert not fact.mandatory or not fact.writable or value != "", (path, name, row)
                assert fact.type != "select" or value == "" or value in fact.values, (path, name, value)
                assert fact.type != "string" or fact.length is None or len(value) <= fact.length
                assert fact.type != "string" or not fact.upper or value == value.upper()
