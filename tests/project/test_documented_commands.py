"""Each command that a page shows exists, with its options and as many words as it takes."""

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import typer.main

from mostek.cli import app
from mostek.sandbox import names
from tests.project.pages import blocks, commands, lines, pages, spans
from tests.project.source import CHECKOUT

ROOT: Any = typer.main.get_command(app)
SHELL = {"sh", "console"}
VALUE = "{name} takes a value"
# What else a page may tell its reader to type.
KNOWN = {".", "cat", "cp", "export", "make", "mostek", "printf", "python", "sqlite3"}


def options(command: Any) -> dict[str, bool]:
    """A command's options, and whether each takes a value."""
    found = {"--help": False}
    for parameter in command.params:
        if parameter.param_type_name == "option":
            spelt = (*parameter.opts, *parameter.secondary_opts)
            found |= dict.fromkeys(spelt, not parameter.is_flag)
    return found


def split(command: Any, words: list[str]) -> tuple[list[str], list[str], list[str]]:
    """What of the words are arguments, which options stand among them, and what is wrong with these."""
    known = options(command)
    arguments: list[str] = []
    used: list[str] = []
    wrong: list[str] = []
    rest = iter(words)
    for word in rest:
        name = word.partition("=")[0]
        if not word.startswith("--"):
            arguments.append(word)
            if hasattr(command, "commands"):  # what follows belongs to the command named here
                return [*arguments, *rest], used, wrong
            continue
        used.append(name)
        if name not in known:
            wrong.append(f"there is no {name}")
        elif known[name] and "=" not in word and next(rest, None) is None:
            wrong.append(VALUE.format(name=name))
    return arguments, used, wrong


def faults(words: list[str], *, mentioned: bool = False) -> list[str]:
    """What is wrong with a command line of ours; one that is only mentioned may leave out what it takes."""
    command, rest = ROOT, words[1:]
    while hasattr(command, "commands"):
        arguments, used, wrong = split(command, rest)
        if wrong or not arguments:
            return wrong or ([] if mentioned or "--help" in used else [f"{command.name} is not complete"])
        if arguments[0] not in command.commands:
            return [f"there is no {arguments[0]}"]
        command, rest = command.commands[arguments[0]], arguments[1:]
    arguments, used, wrong = split(command, rest)
    takes = [parameter for parameter in command.params if parameter.param_type_name == "argument"]
    least = 0 if mentioned else sum(parameter.required for parameter in takes)
    most = len(words) if any(parameter.nargs == -1 for parameter in takes) else len(takes)
    if not least <= len(arguments) <= most:
        wrong.append(f"{len(arguments)} arguments, not {least} to {most}")
    needed = {parameter.opts[0] for parameter in command.params if parameter.required} & options(command).keys()
    if mentioned:
        return [said for said in wrong if said not in {VALUE.format(name=name) for name in used}]
    if needed - set(used):
        wrong.append(f"needs {', '.join(sorted(needed - set(used)))}")
    return wrong


def shown() -> Iterator[tuple[str, list[str]]]:
    """Every command of every block that a reader types, with its page."""
    for page in pages():
        for block in blocks(page.read_text(encoding="utf-8")):
            if block.language in SHELL:
                for line in lines(block.text):
                    yield from ((page.name, words) for words in commands(line))


def mentioned() -> Iterator[tuple[str, list[str]]]:
    """Every command of ours between backticks in a sentence."""
    for page in pages():
        for span in spans(page.read_text(encoding="utf-8")):
            if re.match(r"mostek [a-z-]", span):
                yield page.name, [word for word in shlex.split(span) if word != "…"]


def test_commands_in_blocks_exist_with_their_options() -> None:
    found = list(shown())
    assert len([words for _, words in found if words[0] == "mostek"]) > 30
    wrong = {f"{page}: {shlex.join(words)}": faults(words) for page, words in found if words[0] == "mostek"}
    assert {line: said for line, said in wrong.items() if said} == {}


def test_commands_in_sentences_exist_with_their_options() -> None:
    found = list(mentioned())
    assert found
    wrong = {f"{page}: {shlex.join(words)}": faults(words, mentioned=True) for page, words in found}
    assert {line: said for line, said in wrong.items() if said} == {}


def test_readers_are_told_to_type_nothing_else() -> None:
    assert sorted({words[0] for _, words in shown()} - KNOWN) == []


def test_make_is_given_tasks_that_exist() -> None:
    tasks = set(re.findall(r"^([a-z]+):", (CHECKOUT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert {words[1] for _, words in shown() if words[0] == "make"} <= tasks


def test_simulators_that_are_started_exist() -> None:
    started = {words[3] for _, words in shown() if words[:3] == ["mostek", "sandbox", "start"]}
    assert started
    assert started <= set(names())


def test_every_command_is_in_the_documentation() -> None:
    groups = {name: getattr(command, "commands", {}) for name, command in ROOT.commands.items()}
    ours = {f"{group} {name}" for group, members in groups.items() for name in members}
    ours |= {name for name, members in groups.items() if not members}
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages())
    assert sorted(name for name in ours if f"mostek {name}" not in text) == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("mostek status", []),
        ("mostek --log info run --once", []),
        ("mostek inbox retry 1 2 3", []),
        ("mostek statu", ["there is no statu"]),
        ("mostek inbox", ["inbox is not complete"]),
        ("mostek inbox show", ["0 arguments, not 1 to 1"]),
        ("mostek inbox show 1 2", ["2 arguments, not 1 to 1"]),
        ("mostek run --one", ["there is no --one"]),
        ("mostek preview invoices --limit", ["--limit takes a value"]),
        ("mostek flow add invoices --from shop", ["needs --to"]),
    ],
)
def test_a_wrong_command_is_seen(line: str, said: list[str]) -> None:
    assert faults(shlex.split(line)) == said


def test_a_script_is_read_as_the_shell_reads_it() -> None:
    script = "A=1 mostek status | cat > out # why\nmostek flow change x \\\n    --policy '{\n}'\n"
    script += "cat > p <<'END'\nmostek no\nEND\n"
    found = [list(commands(line)) for line in lines(script)]
    assert found == [
        [["mostek", "status"], ["cat"]],
        [["mostek", "flow", "change", "x", "--policy", "{\n}"]],
        [["cat"]],
    ]
