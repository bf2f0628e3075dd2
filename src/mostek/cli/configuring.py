"""The configuration as text: export, diff and apply."""

import json
import tomllib
from collections import Counter
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from mostek import layout, terminal
from mostek.cli.inputs import value_of
from mostek.cli.session import UNFINISHED, Data, Json, command, person, reported, show, wording
from mostek.commands import configuring
from mostek.desk.configuration import Change
from mostek.documents.problem import invalid
from mostek.wording import Wording

File = Annotated[Path, typer.Argument(help="A file as `mostek export` writes it.")]
Secrets = Annotated[
    Path | None, typer.Option("--secrets", help="A TOML file with the secrets, such as: shop.password = '...'")
]
_MARKS = {"add": "[green]+[/]", "change": "[yellow]~[/]", "remove": "[red]-[/]", "only_here": "[dim]·[/]"}


def export(
    file: Annotated[Path | None, typer.Argument(help="Where to write it; shown without.", show_default=False)] = None,
    data: Data = None,
    json_: Json = False,
) -> None:
    """Write everything that is set up as a text to read and keep: connections, flows, policies, and never a secret."""
    exported: configuring.Exported = command(data, json_, "export", configuring.Export())
    language = wording()
    text = layout.toml(exported.configuration, language.say("configuration.head").splitlines())
    if file is None:
        show(exported, json_, partial(print, text, end=""))
        return
    with reported(json_):
        try:
            file.write_text(text, encoding="utf-8")
        except OSError as error:
            raise invalid("backup.unwritable", "FILE", file=file, reason=error.strerror or error) from None
    show(exported, json_, lambda: terminal.say(language.say("configuration.written", file=file)))
    if exported.secrets and not json_:
        terminal.say(language.say("configuration.secrets", names=", ".join(exported.secrets)))


def diff(file: File, secrets: Secrets = None, data: Data = None, json_: Json = False) -> None:
    """Show what applying a file would change, place by place, and change nothing. Exit code 5 where it differs."""
    found = command(data, json_, "diff", _request(configuring.Diff, file, secrets, json_))
    show(found, json_, lambda: _show(found, wording()))
    if found.changes:
        raise typer.Exit(UNFINISHED)


def apply(
    file: File,
    secrets: Secrets = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data: Data = None,
    json_: Json = False,
) -> None:
    """Make everything as a file says, all of it or nothing. What the file does not speak of stays as it is.

    A secret comes from --secrets, else from the variable MOSTEK_SECRET_SHOP_PASSWORD for shop.password, else it is the
    one that is stored. A new flow is a draft unless the file says otherwise.
    """
    found = command(data, json_, "diff", _request(configuring.Diff, file, secrets, json_))
    if not json_:
        _show(found, wording())
    if found.to_do and not yes:
        typer.confirm(wording().say("configuration.sure"), abort=True, err=True)
    if found.to_do:
        request = _request(configuring.Apply, file, secrets, json_)
        request.person = person()
        found = command(data, json_, "apply", request)
    said = wording().say("configuration.applied", n=len(found.to_do))
    show(found, json_, lambda: terminal.say(said) if found.to_do else None)


def _request(kind: Any, file: Path, secrets: Path | None, as_json: bool) -> Any:
    with reported(as_json):
        given = _secrets(value_of(f"@{secrets}", "--secrets")) if secrets else {}
        return kind(configuration=value_of(f"@{file}", "FILE"), secrets=given)


def _secrets(text: str) -> Mapping[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        # Its message may quote what stands there.
        raise invalid("configuration.unreadable", "--secrets", reason="it is no TOML") from None


def _show(found: configuring.Differences, language: Wording) -> None:
    """Each place with what it was and will be, then the sum of it."""
    for change in found.changes:
        terminal.OUT.print(f"{_MARKS[change.kind]} {terminal.safe(_line(change, language))}", soft_wrap=True)
    if not found.to_do:
        terminal.say(language.say("configuration.same"))
        return
    counts = Counter[str](change.kind for change in found.changes)
    names = ("add", "change", "remove", "only_here")
    terminal.say(language.say("configuration.summary", **{name: counts[name] for name in names}))


def _line(change: Change, language: Wording) -> str:
    if change.kind == "only_here":
        return f"{change.path}: {language.say('configuration.only_here')}"
    old, new = (json.dumps(value, ensure_ascii=False) for value in (change.old, change.new))
    said = {"add": f"{change.path} = {new}", "change": f"{change.path}: {old} → {new}"}
    return said.get(change.kind, f"{change.path} = {old}" if change.old is not None else change.path)
