"""At a terminal it asks in plain words, hides secrets, refuses what cannot be, and keeps what is not answered."""

import os
import pty
import select
import time

import pytest

from tests.cli.desk import COMMAND, Desk

CTRL_C = "\x03"
SECRET = "hidden-7"
ADDRESS = "https://x.admin.s1.upgates.com/api/v2"


def at_a_terminal(desk: Desk, arguments: list[str], answers: list[str]) -> tuple[int, str]:
    """Run a command on a terminal of its own; each answer is typed when it has asked and waits."""
    child, terminal = pty.fork()
    if child == 0:
        os.environ.update(desk.env | {"COLUMNS": "200", "TERM": "xterm"})
        os.execv(COMMAND[0], [*COMMAND, *arguments])  # noqa: S606 - a terminal belongs to a process that is replaced
    shown, waiting, deadline = b"", list(answers), time.monotonic() + 30
    while time.monotonic() < deadline:
        ready, _, _ = select.select([terminal], [], [], 0.2)
        if not ready:
            if waiting and shown.rstrip(b" ").endswith(b":"):
                answer = waiting.pop(0)
                os.write(terminal, answer.encode() + (b"" if answer == CTRL_C else b"\n"))
                shown += b"\n"
            continue
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        shown += piece
    os.close(terminal)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), shown.decode()


@pytest.fixture
def started(desk: Desk) -> Desk:
    desk.done("init")
    return desk


def test_a_connection_is_asked_for_setting_by_setting(started: Desk) -> None:
    answers = ["me", "", SECRET, "https://elsewhere", ADDRESS, "gold", "many", "2", "", ""]
    code, shown = at_a_terminal(started, ["connect", "add", "shop", "upgates"], answers)
    assert code == 0, shown
    assert "Connecting UpGates." in shown
    assert "one of: addon, bronze" in shown
    assert "This cannot stay empty." in shown
    assert shown.count("has a value that cannot be used there") == 2
    assert SECRET not in shown
    (view,) = started.document("connect", "list")
    kept = {name: view["settings"][name] for name in ("login", "address", "tariff", "packs", "seller_country")}
    assert kept == {"login": "me", "address": ADDRESS, "tariff": "gold", "packs": 2, "seller_country": "CZ"}


def test_enter_keeps_what_is_stored(started: Desk) -> None:
    sets = ["--set", "login=me", "--set", f"api_key={SECRET}", "--set", "tariff=gold", "--set", f"address={ADDRESS}"]
    started.done("connect", "add", "shop", "upgates", *sets)
    before = started.document("connect", "list")
    started.language = "cs"
    code, shown = at_a_terminal(started, ["connect", "add", "shop", "upgates"], [""] * 7)
    assert code == 0, shown
    assert "[beze změny]" in shown
    assert "[gold]" in shown
    assert started.document("connect", "list") == before


def test_only_what_is_still_needed_is_asked_when_flags_said_something(started: Desk) -> None:
    arguments = ["connect", "add", "shop", "upgates", "--set", "login=me", "--set", f"address={ADDRESS}"]
    code, shown = at_a_terminal(started, arguments, [SECRET])
    assert code == 0, shown
    assert "API key" in shown
    assert "Tariff" not in shown


def test_giving_up_changes_nothing(started: Desk) -> None:
    code, shown = at_a_terminal(started, ["connect", "add", "shop", "upgates"], ["me", CTRL_C])
    assert code == 1, shown
    assert "Traceback" not in shown
    assert started.document("connect", "list") == []
