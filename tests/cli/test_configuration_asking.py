"""Applying a file asks first; what is shown is shown place by place, and a secret never."""

import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mostek.cli import app
from tests.cli.desk import KEY, Desk


@pytest.fixture
def file(set_up: Desk, tmp_path: Path) -> Path:
    """The configuration with three changes: one setting other, one table entry new, one gone."""
    path = tmp_path / "mostek.toml"
    set_up.done("export", str(path))
    text = path.read_text()
    for old, new in (('tariff = "addon"', 'tariff = "gold"'), ('receipt = "ÚČTENKA"', 'invoice = "FV"')):
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)
    return path


def tariff(desk: Desk) -> str:
    return str(desk.document("connect", "list")[0]["settings"]["tariff"])


def test_a_no_changes_nothing_and_a_yes_does(set_up: Desk, file: Path) -> None:
    refused = CliRunner().invoke(app, ["apply", str(file)], input="n\n", env=set_up.env)
    assert refused.exit_code == 1
    assert tariff(set_up) == "addon"
    done = CliRunner().invoke(app, ["apply", str(file)], input="y\n", env=set_up.env)
    assert done.exit_code == 0, done.output
    assert tariff(set_up) == "gold"
    again = CliRunner().invoke(app, ["apply", str(file)], env=set_up.env)
    assert again.exit_code == 0, "where there is nothing to change nobody is asked"


def test_each_place_is_shown_with_what_it_was_and_will_be(set_up: Desk, file: Path) -> None:
    result = set_up.run("diff", str(file))
    assert result.exit_code == 5
    lines = result.stdout.splitlines()
    assert '~ connections.shop.settings.tariff: "addon" → "gold"' in lines
    assert '+ flows.invoices.policy.mappings.document_type.invoice = "FV"' in lines
    assert '- flows.invoices.policy.mappings.document_type.receipt = "ÚČTENKA"' in lines
    assert tariff(set_up) == "addon"


def test_what_only_is_here_is_said_and_stays(set_up: Desk, tmp_path: Path) -> None:
    empty = tmp_path / "empty.toml"
    empty.write_text("")
    result = set_up.run("diff", str(empty))
    assert result.exit_code == 5
    assert "· flows.invoices: " in result.stdout
    assert set_up.run("apply", str(empty)).exit_code == 0
    assert len(set_up.document("flow", "list")) == 1


def test_the_text_is_shown_where_no_file_is_named(set_up: Desk) -> None:
    shown = set_up.done("export")
    tables = tomllib.loads(shown)
    assert shown.startswith("# ")
    assert tables == {**set_up.document("export")["configuration"]}
    assert KEY not in shown


def test_a_secret_that_differs_is_shown_nowhere(set_up: Desk, tmp_path: Path) -> None:
    path, secrets = tmp_path / "mostek.toml", tmp_path / "secrets.toml"
    set_up.done("export", str(path))
    secrets.write_text('[shop]\napi_key = "another-secret"\n')
    found = set_up.document("diff", str(path), "--secrets", str(secrets), code=5)
    assert [change["path"] for change in found["changes"]] == ["connections.shop.settings.api_key"]
    set_up.done("apply", str(path), "--secrets", str(secrets), "--yes")
    assert set_up.document("diff", str(path), "--secrets", str(secrets)) == {"changes": []}
    for output in set_up.outputs:
        assert "another-secret" not in output
        assert KEY not in output


@pytest.mark.parametrize("text", ['shop.api_key = "hunter2', "shop = = 'hunter2'"])
def test_secrets_that_cannot_be_read_are_not_quoted(set_up: Desk, tmp_path: Path, text: str) -> None:
    path, secrets = tmp_path / "mostek.toml", tmp_path / "secrets.toml"
    set_up.done("export", str(path))
    secrets.write_text(text)
    result = set_up.run("apply", str(path), "--secrets", str(secrets), "--yes")
    assert result.exit_code == 3
    assert "hunter2" not in result.output


def test_a_folder_that_cannot_be_written_into_is_a_refusal(set_up: Desk, tmp_path: Path) -> None:
    assert set_up.run("export", str(tmp_path / "nowhere" / "mostek.toml")).exit_code == 3


def test_the_doctor_is_asked_also_with_a_key_that_does_not_fit(set_up: Desk, tmp_path: Path) -> None:
    Desk(tmp_path / "other").done("init")
    (set_up.data / "mostek.key").write_bytes((tmp_path / "other" / "mostek.key").read_bytes())
    assert set_up.run("status").exit_code == 3
    found = set_up.document("doctor", "--offline", code=5)["findings"]
    causes = [finding["problem"]["cause"] for finding in found if finding["check"] == "connections"]
    assert causes == ["vault.wrong_key", "vault.wrong_key"]
    assert "→" in set_up.run("doctor", "--offline").stdout


def test_statements_are_given_to_a_program(set_up: Desk) -> None:
    found = set_up.document("describe", "invoices")
    assert found["periods"][0]["rules"][0]["id"] == "all"
    assert {"id": "never.twice", "values": {}} in found["never"]
