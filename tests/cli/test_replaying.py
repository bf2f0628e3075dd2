"""A document's case as a file, planned again, and a policy tried: at the command line, as a person sees it."""

import json
from pathlib import Path

from tests.cli.desk import POLICY, Desk


def first_invoice(desk: Desk) -> str:
    """The number of a document that was carried over."""
    preview = desk.document("flow", "suppose", "invoices", "--policy", json.dumps({"kinds": []}))
    return next(str(each["number"]) for each in preview["examples"] if each["kind"] == "invoice" and each["settled"])


def test_a_case_goes_into_a_file_and_is_decided_alike(set_up: Desk, tmp_path: Path) -> None:
    number, file = first_invoice(set_up), tmp_path / "case.json"
    assert "made up" in set_up.done("trace", "export", number, str(file))
    assert "not-exported" in file.read_text()
    assert set_up.done("replay", str(file)).startswith("The same to the byte")
    assert set_up.document("replay", str(file))["changes"] == []


def test_a_case_with_made_up_people_keeps_no_buyer(set_up: Desk, tmp_path: Path) -> None:
    number, file = first_invoice(set_up), tmp_path / "case.json"
    real = set_up.document("trace", "export", number)
    assert "smyšlené" in set_up.done("trace", "export", number, str(file), "--anonymous", language="cs")
    made = json.loads(file.read_text())
    buyers = [json.loads(record["payload"])["customer"]["email"] for record in real["records"]]
    assert all(buyers)
    assert [email for email in buyers if email in file.read_text()] == []
    assert made["anonymous"]
    assert set_up.run("replay", str(file)).exit_code == 0


def test_a_story_is_told_with_and_without_the_word(set_up: Desk) -> None:
    number = first_invoice(set_up)
    assert set_up.done("trace", number) == set_up.done("trace", "show", number)
    assert set_up.run("trace", "export", "nosuch").exit_code == 3


def test_a_policy_is_tried_in_each_language(set_up: Desk) -> None:
    held = {**json.loads(POLICY), "rules": [{"id": "hold", "then": "hold"}]}
    words = ("flow", "suppose", "invoices", "--policy", json.dumps(held))
    found = set_up.document(*words)
    assert sum(line["count"] for line in found["lines"]) == found["documents"]
    done = next(line for line in found["lines"] if (line["old"], line["new"]) == ("act", "rule.held"))
    assert done["settled"] == done["count"] > 0
    for language, verdict in (("en", "a rule holds it"), ("cs", "zadrží ho pravidlo"), ("pl", "zatrzymuje go reguła")):
        shown = set_up.done(*words, language=language)
        assert verdict in shown
        assert done["totals"]
    same = set_up.done("flow", "suppose", "invoices", "--policy", POLICY)
    assert "decides all of them as the present one does" in same
    assert set_up.document("flow", "list")[0]["version"] == 1
