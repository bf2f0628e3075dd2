"""Every command is there, explains itself, and shows an example that it would take."""

import re
import shlex

import pytest
import typer
from typer.testing import CliRunner

from mostek.cli import app

DESIGNED = {
    "init",
    "connect add",
    "connect check",
    "connect list",
    "connect remove",
    "connect schedule",
    "connect systems",
    "flow add",
    "flow change",
    "flow list",
    "flow pause",
    "flow remove",
    "flow start",
    "flow undo",
    "first-sync",
    "export",
    "diff",
    "apply",
    "describe",
    "doctor",
    "books close",
    "books open",
    "books verify",
    "inbox adopt",
    "inbox accept",
    "inbox reread",
    "person add",
    "person password",
    "serve",
    "preview",
    "run",
    "status",
    "find",
    "inbox list",
    "inbox show",
    "inbox retry",
    "inbox exclude",
    "trace show",
    "trace export",
    "replay",
    "flow suppose",
    "reconcile",
    "series",
    "backup",
    "go",
    "restore",
    "stop",
    "hook list",
    "hook show",
    "hook rotate",
    "takeover",
    "sandbox list",
    "sandbox start",
    "sandbox faults",
    "demo",
}
WITHOUT_JSON = {"sandbox start", "serve"}  # the first prints one line of JSON in any case, and serves on


def commands() -> dict[str, typer.core.TyperCommand]:
    root = typer.main.get_command(app)
    found = {}
    for name, command in root.commands.items():  # type: ignore[attr-defined]
        for sub, inner in getattr(command, "commands", {"": command}).items():
            found[f"{name} {sub}".strip()] = inner
    return found


def test_the_commands_are_those_of_the_design() -> None:
    assert commands().keys() == DESIGNED


@pytest.mark.parametrize("name", sorted(DESIGNED))
def test_help_works_and_has_an_example_of_the_command(name: str) -> None:
    result = CliRunner().invoke(app, [*name.split(), "--help"], env={"COLUMNS": "200"})
    assert result.exit_code == 0
    assert f"Example: mostek {name}" in result.stdout


@pytest.mark.parametrize("name", sorted(DESIGNED))
def test_the_example_is_one_the_command_takes(name: str) -> None:
    command = commands()[name]
    words = shlex.split(str(command.epilog).partition(f"mostek {name}")[2])
    context = command.make_context(name, words)  # parses, and runs nothing
    assert context.params


@pytest.mark.parametrize("name", sorted(DESIGNED - WITHOUT_JSON))
def test_every_command_has_json(name: str) -> None:
    assert "--json" in {option for parameter in commands()[name].params for option in parameter.opts}


@pytest.mark.parametrize("group", ["", "connect", "flow", "inbox", "person", "trace", "sandbox"])
def test_a_group_alone_shows_its_commands_in_whole_sentences(group: str) -> None:
    result = CliRunner().invoke(app, group.split())
    shown = re.findall(r"^  (?!-)(\S+) +(.+)$", result.output.partition("Commands:\n")[2], re.MULTILINE)
    assert shown
    if not group:
        assert [text for _, text in shown if text.endswith("...")] == []


def test_exit_codes_are_documented() -> None:
    shown = " ".join(CliRunner().invoke(app, ["--help"]).stdout.split())
    for words in ("0 done", "2 wrong usage", "3 input refused", "4 a system failed", "5 not everything is done"):
        assert words in shown


@pytest.mark.parametrize(
    "arguments", [["run"], ["run", "--once", "--watch"], ["inbox", "retry"], ["--log", "loud", "status"]]
)
def test_wrong_usage_is_exit_code_2(arguments: list[str]) -> None:
    assert CliRunner().invoke(app, arguments).exit_code == 2
