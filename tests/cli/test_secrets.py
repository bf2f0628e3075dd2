"""A secret stands nowhere but locked in the database: not on a screen, in a log, a trace, a file or a process list."""

import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from mostek.sdk.redaction import spellings
from tests.cli.desk import KEY, Desk, pair, settings

PASSWORD = "Tajné/heslo+7&"


def told(texts: str | bytes) -> list[str]:
    """The spellings of the secrets that stand in a text."""
    text = texts.decode("utf-8", "replace") if isinstance(texts, bytes) else texts
    return [spelling for spelling in spellings([KEY, PASSWORD]) if spelling in text]


def traces(data: Path) -> list[bytes]:
    with sqlite3.connect(data / "mostek.trace.db") as connection:
        found = [
            row[0] if row[0][:1] == b"{" else zlib.decompress(row[0])
            for row in connection.execute("SELECT body FROM step")
        ]
    connection.close()
    return found


@pytest.fixture
def own_pair(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Simulators of this test's own: wrong logins lock a shop."""
    with pair(tmp_path / "simulators", 20, "hostile=0.3") as urls:
        yield urls


def test_no_command_and_no_file_tells_a_secret(desk: Desk, own_pair: tuple[str, str]) -> None:
    desk.environment = {"MOSTEK_LOG": "debug", "SECRET": PASSWORD}
    desk.connect(*own_pair, key_file=desk.data.parent / "key")
    desk.run("run", "--once")
    number = desk.document("inbox", "list")[0]["number"]
    desk.run("connect", "add", "shop", "upgates", "--set", "packs=many", "--set", "api_key=$SECRET")
    desk.done("connect", "add", "books", "flexibee", "--set", "password=$SECRET")
    assert desk.run("connect", "check", "books").exit_code == 4
    desk.done("inbox", "retry", "--cause", desk.document("inbox", "list")[0]["problem"]["cause"])
    desk.run("run", "--once", "--patience", "0")
    desk.done("connect", "add", "shop", "upgates", "--set", "api_key=$SECRET")
    assert desk.run("connect", "check", "shop").exit_code == 4
    desk.run("run", "--once", "--patience", "0")
    looks = ("status", "connect list", "connect check shop", "flow list", "inbox list", f"inbox show {number}")
    for look in (*looks, f"trace {number}", "preview invoices"):
        desk.run(*look.split())
        desk.run(*look.split(), "--json")
    assert told("\n".join(desk.outputs)) == []
    files = [path for path in desk.data.iterdir() if path.is_file()]
    assert {path.name for path in files} >= {"mostek.db", "mostek.trace.db", "mostek.key"}
    assert {path.name: told(path.read_bytes()) for path in files if told(path.read_bytes())} == {}
    bodies = traces(desk.data)
    assert bodies
    assert [body for body in bodies if told(body)] == []


def test_a_process_list_shows_no_secret(set_up: Desk) -> None:
    if not Path("/proc/self/cmdline").exists():
        pytest.skip("this system has no /proc")
    key_file = set_up.data.parent / "key"
    key_file.write_text(KEY)
    set_up.environment = {"SECRET": PASSWORD}
    indirect = settings(f"api_key=@{key_file}", "login=$SECRET")
    process = set_up.start("connect", "add", "shop", "upgates", *indirect)
    try:
        assert told(Path(f"/proc/{process.pid}/cmdline").read_bytes()) == []
    finally:
        process.communicate(timeout=20)
    assert process.returncode == 0


def test_a_secret_typed_on_the_command_line_is_taken_with_a_warning(set_up: Desk) -> None:
    result = set_up.run("connect", "add", "shop", "upgates", *settings(f"api_key={KEY}"))
    assert result.exit_code == 0
    assert "list of processes" in result.stderr
    assert told(result.stdout + result.stderr) == []
    assert "list of processes" not in set_up.run("connect", "add", "shop", "upgates", *settings("packs=1")).stderr


def test_a_setting_without_equals_sign_is_not_quoted(set_up: Desk) -> None:
    result = set_up.run("connect", "add", "shop", "upgates", *settings(KEY.replace("=", "")))
    assert result.exit_code == 3
    assert KEY.replace("=", "") not in result.stderr + result.stdout
