"""The configuration as text, what a flow does in plain words, and the doctor: as a user meets them."""

import json
import tomllib
from pathlib import Path

import pytest

from tests.cli.desk import KEY, Desk

RULES = {
    "mappings": {"document_type": {"receipt": "ÚČTENKA"}, "vat": {"standard 21": 'a "quoted" ‚value‘'}},
    "rules": [
        {
            "id": "big",
            "when": [{"field": "total", "operator": "at_least", "values": ["100000"]}],
            "then": "hold",
            "reason": "The accountant looks first.",
        },
        {"id": "rest", "then": "book", "since": "2026-01-01"},
    ],
    "starts_from": "2026-01-01",
    "changes": "update",
    "brake": 77,
}


@pytest.fixture
def other(set_up: Desk, tmp_path: Path) -> Desk:
    """Another machine, with nothing on it but a data folder."""
    desk = Desk(tmp_path / "other", environment={"MOSTEK_SECRET_SHOP_API_KEY": KEY})
    desk.done("init")
    return desk


def test_what_is_exported_here_is_the_same_there(set_up: Desk, other: Desk, tmp_path: Path) -> None:
    file = tmp_path / "mostek.toml"
    set_up.done("flow", "change", "invoices", "--policy", json.dumps(RULES))
    set_up.done("flow", "change", "invoices", "--policy", json.dumps(RULES | {"brake": 5}), "--from", "2027-01-01")
    set_up.done("books", "close", "books", "2025-12-31")
    set_up.done("export", str(file))
    text = file.read_text()
    assert KEY not in text
    assert "winstrom" not in text.replace('login = "winstrom"', "")
    assert tomllib.loads(text)["connections"]["shop"]["settings"]["api_key"] == {"secret": "shop.api_key"}
    assert set_up.document("diff", str(file)) == {"changes": []}

    refused = other.run("apply", str(file), "--yes", "--json")  # one of the two secrets is not given
    assert refused.exit_code == 3
    assert "books.password" in refused.output
    assert other.document("connect", "list") == []

    secrets = tmp_path / "secrets.toml"
    secrets.write_text('[books]\npassword = "winstrom"\n')
    assert "invoices" in other.done("apply", str(file), "--secrets", str(secrets), "--yes")
    assert other.document("diff", str(file)) == {"changes": []}
    here, there = (desk.document("flow", "list")[0] for desk in (set_up, other))
    assert {name: there[name] for name in ("source", "target", "policy")} == {
        name: here[name] for name in ("source", "target", "policy")
    }
    exported = tmp_path / "again.toml"
    other.done("export", str(exported))
    assert tomllib.loads(exported.read_text()) == tomllib.loads(text)
    version = there["version"]
    other.done("apply", str(file), "--yes")
    assert other.document("flow", "list")[0]["version"] == version, "the same file again changes nothing"


def test_a_difference_is_shown_place_by_place_and_applied_whole_or_not_at_all(set_up: Desk, tmp_path: Path) -> None:
    file = tmp_path / "mostek.toml"
    set_up.done("export", str(file))
    changed = file.read_text().replace('tariff = "addon"', 'tariff = "gold"')
    assert changed != file.read_text()
    file.write_text(changed)
    found = set_up.document("diff", str(file), code=5)
    assert [(change["path"], change["old"], change["new"]) for change in found["changes"]] == [
        ("connections.shop.settings.tariff", "addon", "gold")
    ]
    file.write_text(changed + '\n[flows.more]\nfrom = "shop"\nto = "nowhere"\n')
    refused = set_up.run("apply", str(file), "--yes")
    assert refused.exit_code == 3
    assert "nowhere" in refused.output
    assert set_up.document("connect", "list")[0]["settings"]["tariff"] == "addon", "nothing of it was written"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("no TOML", ""),
        ("[flows.invoices]\nfrom = 'shop'\nto = 'books'\nstate = 'sleeping'\n", "flows.invoices.state"),
        ("[flows.invoices]\nfrom = 'shop'\nto = 'books'\ncolour = 'red'\n", "colour"),
        ("[flows.invoices]\nfrom = 'shop'\nto = 'books'\n[flows.invoices.policy]\nbrake = -1\n", "brake"),
        ("[connections.more]\nconnector = 'nosuch'\n", "nosuch"),
        ("[connections.shop]\nconnector = 'upgates'\n[connections.shop.settings]\nlogni = 'x'\n", "logni"),
    ],
)
def test_a_wrong_file_is_refused_by_its_place(set_up: Desk, tmp_path: Path, text: str, place: str) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(text)
    before = set_up.document("flow", "list")
    refused = set_up.run("apply", str(file), "--yes", "--json")
    assert refused.exit_code == 3
    assert place in refused.output
    assert set_up.document("flow", "list") == before


@pytest.mark.parametrize("language", ["en", "cs", "pl"])
def test_a_flow_is_told_in_plain_words(set_up: Desk, language: str) -> None:
    set_up.done("flow", "change", "invoices", "--policy", json.dumps(RULES))
    page = set_up.done("describe", "invoices", language=language)
    assert "The accountant looks first." in page
    assert "____" in page
    for word in ("{", "}", "at_least", "credit_note", "document_type:", "None"):
        assert word not in page


def test_the_doctor_finds_nothing_and_then_something(set_up: Desk) -> None:
    for file in set_up.data.iterdir():
        file.chmod(0o600)  # the program itself sees to that; these tests run in a process that did not
    well = set_up.document("doctor", "--offline")
    assert {finding["level"] for finding in well["findings"]} == {"ok"}
    (set_up.data / "mostek.key").chmod(0o644)
    ill = set_up.document("doctor", "--offline", code=5)
    [finding] = [finding for finding in ill["findings"] if finding["level"] != "ok"]
    assert "mostek.key" in json.dumps(finding)
