"""Texts for people: what happened and what to do about it, by cause, in every language of the product.

A catalogue is a TOML file per language: ``["money.line_sum"]`` with ``text`` and ``cure``; details of the problem are
quoted as ``{name}``. The core's lie in ``mostek/locale``, a connector's in its folder ``messages``; beside them
``settings.<language>.toml`` asks for settings: ``[api_key]`` with ``title``, ``question``, words for its ``choices``.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec

from mostek.documents.problem import Problem

LANGUAGES = ("en", "cs", "pl")


class Message(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What happened, and the cure."""

    text: str
    cure: str


@cache
def catalogue(package: str, language: str) -> Mapping[str, Message]:
    """The messages of one package's folder of TOML files in one language."""
    text = files(package).joinpath(f"{language}.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, Message])


class Wanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a setting is asked for; what is empty is as the settings class says.

    ``group`` puts it together with others; only the English file says it. Without one, what is secret or needed is of
    the way in (``access``), and the rest is about documents.
    """

    group: Literal["", "access", "limits", "documents"] = ""
    title: str = ""
    question: str = ""
    choices: dict[str, str] = {}


@cache
def questions(package: str, language: str) -> Mapping[str, Wanted]:
    """How the settings of one package are asked for in one language; nothing where it does not say."""
    file = files(package).joinpath(f"settings.{language}.toml")
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    return msgspec.convert(tomllib.loads(text), dict[str, Wanted])


def explain(problem: Problem, language: str, packages: tuple[str, ...] = ("mostek.locale",)) -> Message:
    """The problem in a person's language; a cause without a text shows its id and details, never nothing."""
    details = {"field": problem.field, **problem.details}
    values = _Quoted({name: value for name, value in details.items() if value})
    for package in packages:
        found = catalogue(package, language).get(problem.cause)
        if found:
            return Message(text=found.text.format_map(values), cure=found.cure.format_map(values))
    return Message(text=str(problem), cure="")


class _Quoted(dict[str, str]):
    """A detail that the text names and the problem lacks, or has empty, shows as a dash."""

    def __missing__(self, key: str) -> str:
        return "–"
