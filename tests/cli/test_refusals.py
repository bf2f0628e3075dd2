"""What a user can do wrong is told by name with its cure, in his language, with its exit code, never as a traceback."""

import base64
import json
import os
import shutil
import socket
import sqlite3
from pathlib import Path

import psycopg
import pytest
import typer

from mostek.cli.session import reported
from mostek.sdk.messages import LANGUAGES
from tests.cli.desk import Desk

ADD, FLOW = ("connect", "add"), ("flow", "add", "more", "--from", "shop", "--to", "books")
RULE = '{"rules": [{"id": "x", "when": [%s]}]}'

# What is typed, the exit code, the cause and the field that it names.
REFUSALS = [
    ([*ADD, "shop", "upgates", "--set", "nothing"], 3, "input.no_value", "--set"),
    ([*ADD, "shop", "upgates", "--set", "api_key=@nowhere"], 3, "input.file", "api_key"),
    ([*ADD, "shop", "upgates", "--set", "api_key=$NOWHERE"], 3, "input.variable", "api_key"),
    ([*ADD, "shop", "upgates", "--set", "bogus=1"], 3, "setting.unknown", "bogus"),
    ([*ADD, "shop", "upgates", "--set", "packs=many"], 3, "setting.invalid", "packs"),
    ([*ADD, "second", "upgates", "--set", "login=me"], 3, "setting.missing", "api_key"),
    ([*ADD, "shop", "upgates", "--set", "timezone=Nowhere"], 3, "setting.invalid", "timezone"),
    ([*ADD, "shop", "upgates", "--set", "timezone=Europe"], 3, "setting.invalid", "timezone"),
    ([*ADD, "shop", "upgates", "--set", "test_address=ftp://x"], 3, "upgates.test_address", "test_address"),
    ([*ADD, "shop", "nosuch"], 3, "connector.unknown", "connector"),
    ([*ADD, "The Shop", "upgates"], 3, "connection.slug", "slug"),
    ([*ADD, "books", "upgates", "--set", "login=me", "--set", "api_key=x"], 3, "setting.invalid", "address"),
    (["connect", "check", "nosuch"], 3, "connection.unknown", "slug"),
    (["connect", "systems", "nosuch"], 3, "connector.unknown", "connector"),
    ([*FLOW, "--policy", '{"a": '], 3, "input.unreadable", "--policy"),
    ([*FLOW, "--policy", "[]"], 3, "input.unreadable", "--policy"),
    ([*FLOW, "--policy", "[" * 100_000], 3, "input.unreadable", "--policy"),
    ([*FLOW, "--policy", "@nowhere"], 3, "input.file", "--policy"),
    ([*FLOW, "--policy", '{"bogus": 1}'], 3, "policy.invalid", "policy"),
    ([*FLOW, "--policy", '{"payments": "gold"}'], 3, "policy.invalid", "payments"),
    ([*FLOW, "--policy", RULE % '{"field": "colour", "values": ["red"]}'], 3, "rule.unknown_field", "colour"),
    ([*FLOW, "--policy", RULE % '{"field": "total"}'], 3, "rule.no_values", "total"),
    (["flow", "add", "no such name", "--from", "shop", "--to", "books"], 3, "flow.slug", "slug"),
    (["flow", "add", "invoices", "--from", "shop", "--to", "books"], 3, "flow.taken", "slug"),
    (["flow", "add", "more", "--from", "books", "--to", "books"], 3, "flow.itself", "target"),
    (["flow", "add", "more", "--from", "shop", "--to", "shop"], 3, "flow.itself", "target"),
    (["flow", "add", "more", "--from", "nosuch", "--to", "books"], 3, "connection.unknown", "slug"),
    (["flow", "change", "nosuch", "--policy", "{}"], 3, "flow.unknown", "slug"),
    (["flow", "pause", "nosuch"], 3, "flow.unknown", "slug"),
    (["flow", "start", "nosuch"], 3, "flow.unknown", "slug"),
    (["preview", "nosuch"], 3, "flow.unknown", "slug"),
    (["inbox", "show", "nosuch"], 3, "record.unknown", "text"),
    (["trace", "nosuch"], 3, "record.unknown", "text"),
    (["inbox", "exclude", "1", "--reason", " "], 3, "inbox.no_reason", "reason"),
    (["sandbox", "faults", "http://127.0.0.1:1"], 3, "sandbox.no_simulator", "address"),
    (["sandbox", "faults", "file:///etc/hostname"], 3, "sandbox.no_simulator", "address"),
    (["sandbox", "faults", "http://127.0.0.1:1", "{}"], 3, "input.unreadable", "rules"),
]


@pytest.mark.parametrize(("arguments", "code", "cause", "field"), REFUSALS, ids=lambda value: str(value)[:40])
def test_a_refusal_names_cause_field_and_cure(
    set_up: Desk, arguments: list[str], code: int, cause: str, field: str
) -> None:
    result = set_up.run(*arguments, "--json")
    assert result.exit_code == code
    (problem,) = json.loads(result.stdout)["problems"]
    assert (problem["cause"], problem["field"]) == (cause, field)
    assert problem["cure"]
    assert f"({field})" in result.stderr
    assert f"→ {problem['cure']}" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_refusal_is_in_the_readers_language(set_up: Desk, language: str) -> None:
    texts = {
        "en": ("There is no flow nosuch.", "See `mostek flow list`"),
        "cs": ("Tok nosuch neexistuje.", "Jména svých toků uvidíte"),
        "pl": ("Nie ma przepływu nosuch.", "Nazwy swoich przepływów zobaczysz"),
    }
    result = set_up.run("flow", "pause", "nosuch", language=language)
    assert result.stdout == ""
    assert [words in result.stderr for words in texts[language]] == [True, True]


def test_a_folder_without_an_installation(desk: Desk) -> None:
    result = desk.run("status")
    assert result.exit_code == 3
    assert f"There is no Mostek in the folder {desk.data} yet." in result.stderr


def test_a_folder_that_cannot_be_made(desk: Desk) -> None:
    desk.data.write_text("a file")
    result = desk.run("init")
    assert result.exit_code == 3
    assert "cannot be used" in result.stderr


def test_a_wrong_key_is_noticed_before_anything_is_done(set_up: Desk) -> None:
    right = (set_up.data / "mostek.key").read_bytes()
    (set_up.data / "mostek.key").write_bytes(base64.urlsafe_b64encode(os.urandom(32)))
    for arguments in (["status"], ["run", "--once"], ["connect", "list"], ["init"]):
        result = set_up.run(*arguments)
        assert result.exit_code == 3
        assert "does not fit the stored passwords" in result.stderr
    (set_up.data / "mostek.key").write_bytes(right)
    assert [view["state"] for view in set_up.document("connect", "list")] == ["active", "active"]


@pytest.mark.parametrize("key", [b"", b"nonsense", b"\xff\x00"])
def test_a_damaged_key(set_up: Desk, key: bytes) -> None:
    (set_up.data / "mostek.key").write_bytes(key)
    result = set_up.run("status")
    assert result.exit_code == 3
    assert "is empty or damaged" in result.stderr


def test_a_lost_key_is_never_replaced_in_silence(set_up: Desk) -> None:
    (set_up.data / "mostek.key").unlink()
    for arguments in (["status"], ["init"]):
        result = set_up.run(*arguments)
        assert result.exit_code == 3
        assert "is gone" in result.stderr
    assert not (set_up.data / "mostek.key").exists()


def test_a_database_that_is_none(set_up: Desk) -> None:
    for file in set_up.data.glob("mostek.db*"):
        file.unlink()
    (set_up.data / "mostek.db").write_text("not a database, and long enough to be seen as none" * 100)
    result = set_up.run("status")
    assert result.exit_code == 4
    assert "The database cannot be used" in result.stderr


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://me:s3cret@127.0.0.1:1/books",
        "host=127.0.0.1 port=1 password=s3cret",
        "no address s3cret",
        "postgresql://me:x@127.0.0.1:s3cret/books",
    ],
)
def test_a_database_that_cannot_be_reached_tells_no_password(desk: Desk, address: str) -> None:
    desk.environment = {"ADDRESS": address}
    result = desk.run("init", "--database", "$ADDRESS", "--json")
    assert result.exit_code == 4
    assert json.loads(result.stdout)["problems"][0]["cause"] == "database.unreachable"
    assert "s3cret" not in result.output + result.stderr
    assert not (desk.data / "database").exists()  # so that the next try starts afresh
    assert json.loads(desk.done("init", "--json"))["database"] == "sqlite"


@pytest.mark.postgres
def test_a_postgresql_address_is_remembered_once_it_works(desk: Desk, postgres: str) -> None:
    desk.environment = {"ADDRESS": postgres}
    assert json.loads(desk.done("init", "--database", "$ADDRESS", "--json"))["database"] == "postgresql"
    desk.environment = {}
    assert desk.document("status")["connections"] == []
    assert (desk.data / "database").stat().st_mode & 0o777 == 0o600
    assert json.loads(desk.done("init", "--json"))["database"] == "postgresql"
    refused = desk.run("init", "--database", "postgresql://elsewhere.example/other")
    assert refused.exit_code == 3
    assert "has a database already" in refused.stderr


def test_a_port_in_use(desk: Desk, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = desk.run("sandbox", "start", "upgates", "--port", port, "--folder", str(tmp_path), language="cs")
    assert result.exit_code == 3
    assert f"Simulátor nemůže poslouchat na portu {port}" in result.stderr


def test_an_unknown_simulator_and_an_option_without_value(desk: Desk) -> None:
    assert "Known are: flexibee, upgates." in desk.run("sandbox", "start", "nosuch").stderr
    assert desk.run("sandbox", "start", "upgates", "--set", "seed").exit_code == 3


def test_faults_that_the_simulator_does_not_know(desk: Desk, addresses: tuple[str, str]) -> None:
    result = desk.run("sandbox", "faults", addresses[1], '[{"fault": "nosuch"}]')
    assert result.exit_code == 3
    assert "'nosuch' is none of answer_lost" in result.stderr


def test_a_refused_login_and_a_dead_system_are_exit_code_4(set_up: Desk) -> None:
    set_up.done("connect", "add", "books", "flexibee", "--set", "password=wrong")
    checked = set_up.run("connect", "check", "books", "--json")
    assert checked.exit_code == 4
    assert json.loads(checked.stdout)["ok"] is False
    set_up.done("connect", "add", "shop", "upgates", "--set", "test_address=http://127.0.0.1:1")
    assert set_up.run("connect", "check", "shop").exit_code == 4


def test_records_in_no_state_for_it_are_exit_code_5(set_up: Desk) -> None:
    result = set_up.run("inbox", "retry", "999999")
    assert result.exit_code == 5
    assert "999999" in result.stdout


def test_nothing_is_left_of_a_refused_connection(set_up: Desk) -> None:
    before = set_up.document("connect", "list")
    set_up.run("connect", "add", "shop", "upgates", "--set", "packs=many")
    assert set_up.document("connect", "list") == before


def test_a_second_folder_is_independent(set_up: Desk, tmp_path: Path) -> None:
    shutil.copytree(set_up.data, tmp_path / "other")
    set_up.done("flow", "pause", "invoices")
    assert Desk(tmp_path / "other").document("flow", "list")[0]["state"] == "live"


def test_a_database_lost_in_the_middle_is_told_even_by_several_lanes(capsys: pytest.CaptureFixture[str]) -> None:
    lost = psycopg.OperationalError('connection to "db.example" failed: server closed the connection\nmore')
    with pytest.raises(typer.Exit) as ended, reported(as_json=False):
        raise ExceptionGroup("lanes", [lost, ExceptionGroup("inner", [sqlite3.OperationalError("disk is full")])])
    assert ended.value.exit_code == 4
    assert "The database cannot be used: server closed the connection." in capsys.readouterr().err


def test_a_fault_of_our_own_is_not_passed_off_as_the_databases() -> None:
    with pytest.raises(ExceptionGroup), reported(as_json=False):
        raise ExceptionGroup("lanes", [sqlite3.OperationalError("disk is full"), ZeroDivisionError()])
