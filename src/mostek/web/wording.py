"""The words of the pages: the command line's and those of ``words/<area>/<language>.toml``, keyed ``area.name``."""

import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from babel.dates import format_skeleton

from mostek.wording import Wording, sentences


@cache
def texts(language: str) -> Mapping[str, Any]:
    """Everything that can be said in one language, by group."""
    found = dict(sentences(language))
    for area in files("mostek.web").joinpath("words").iterdir():
        if area.is_dir() and not area.name.startswith("_"):
            text = area.joinpath(f"{language}.toml").read_text(encoding="utf-8")
            found[area.name] = {**found.get(area.name, {}), **tomllib.loads(text)}
    return found


class PageWording(Wording):
    """One person's language and time zone."""

    def month(self, value: date) -> str:
        """A month in words: ``May 2026``."""
        return format_skeleton("yMMMM", value, locale=self._locale)

    @property
    def sentences(self) -> Mapping[str, Any]:
        """What a key is looked up in."""
        return texts(self.language)
