"""Asking for the settings of a connection at the terminal, in plain words, one after another."""

from collections.abc import Mapping
from typing import Any

import msgspec
import typer

from mostek import terminal
from mostek.documents.problem import Problem
from mostek.sdk import settings as settings_
from mostek.sdk.settings import Settings
from mostek.wording import Wording


def ask(kind: type[Settings], stored: Mapping[str, Any] | None, given: Mapping[str, Any], wording: Wording) -> Any:
    """Ask for what may be set, or, when something was given already, for what is still needed.

    ``stored`` are the present settings without secrets, None for a new connection. Returns what was answered; an empty
    answer keeps what is there. Only settings that explain themselves are asked for.
    """
    schema, secrets = settings_.schema(kind), settings_.secrets(kind)
    types = {field.name: field.type for field in msgspec.structs.fields(kind)}
    needed = set(schema.get("required", ())) if stored is None else set()
    answers: dict[str, Any] = {}
    for name, field in schema["properties"].items():
        if "title" not in field or name in given or (given and name not in needed):
            continue
        default = (stored or {}).get(name, field.get("default", ""))
        answer: str | bool
        if name in secrets:
            answer = _secret(field, name in needed, stored is not None, wording)
        elif field.get("type") == "boolean":
            answer = typer.confirm(_question(field, wording), default=bool(default))
        else:
            answer = _text(name, field, types[name], (default, name in needed), wording)
        if answer not in {"", default}:
            answers[name] = answer
    return answers


def _question(field: Mapping[str, Any], wording: Wording) -> str:
    choices = field.get("enum", ())
    shown = f" ({wording.say('ask.choices', choices=', '.join(map(str, choices)))})" if choices else ""
    return f"{field['title']} – {field.get('description', '').rstrip('.')}{shown}"


def _secret(field: Mapping[str, Any], needed: bool, kept: bool, wording: Wording) -> str:
    hint = f" [{wording.say('ask.kept')}]" if kept else ""
    while True:
        answer = str(typer.prompt(_question(field, wording) + hint, default="", show_default=False, hide_input=True))
        if answer or not needed:
            return answer
        terminal.say(wording.say("ask.needed"), indent=2)


def _text(name: str, field: Mapping[str, Any], kind: Any, state: tuple[Any, bool], wording: Wording) -> str:
    default, needed = state
    hint = "" if needed or default != "" else f" [{wording.say('ask.optional')}]"
    while True:
        answer = typer.prompt(_question(field, wording) + hint, default=str(default), show_default=default != "")
        if answer == "" and not needed:
            return ""
        try:
            msgspec.convert(answer, kind, strict=False)
        except msgspec.ValidationError:
            problem = Problem(cause="setting.invalid", field=field["title"])
            terminal.show_problem(problem, wording)
            continue
        if answer:
            return str(answer)
        terminal.say(wording.say("ask.needed"), indent=2)
