"""The product's own sentences in a person's language, with numbers, money and times as that person writes them."""

import re
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from babel import Locale
from babel.dates import format_date, format_time, format_timedelta
from babel.numbers import format_currency, format_decimal

from mostek.documents.money import Money
from mostek.documents.problem import Problem
from mostek.hub.connections import connectors
from mostek.sdk.messages import LANGUAGES, Message, explain

PLURALS = frozenset({"one", "few", "many", "other"})
_MONEY = re.compile(r"-?\d+(?:\.\d+)? [A-Z]{3}")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)")


@cache
def sentences(language: str) -> Mapping[str, Any]:
    """The sentences of one language, in groups."""
    return tomllib.loads(files("mostek.locale.screens").joinpath(f"{language}.toml").read_text(encoding="utf-8"))


def packages() -> tuple[str, ...]:
    """Where texts for causes are found: the core's, then each connector's."""
    return ("mostek.locale", *(found.messages for found in connectors().values() if found.messages))


def language_of(environment: Mapping[str, str]) -> str:
    """``MOSTEK_LANG``, or the terminal's language where the product speaks it, or English."""
    for name in ("MOSTEK_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        code = environment.get(name, "")[:2].lower()
        if code in LANGUAGES:
            return code
    return "en"


class Wording:
    """One language and time zone (None: the computer's own)."""

    def __init__(self, language: str, zone: tzinfo | None = None) -> None:
        self.language = language
        self._locale = Locale.parse({"en": "en_GB"}.get(language, language))
        self._zone = zone

    @property
    def sentences(self) -> Mapping[str, Any]:
        """What a key is looked up in."""
        return sentences(self.language)

    def say(self, key: str, /, **values: Any) -> str:
        """The sentence ``group.name``; ``n`` chooses its plural form and is written as a number."""
        found: Any = self.sentences
        for part in key.split("."):
            found = found[part]
        if isinstance(found, dict):
            found = found[self._locale.plural_form(values["n"])]
        shown = {name: self.number(value) if isinstance(value, int) else value for name, value in values.items()}
        return str(found.format_map(shown))

    def word(self, group: str, name: str) -> str:
        """The word for an id, or the id itself where there is none."""
        return str(self.sentences[group].get(name, name))

    def number(self, value: int | Decimal) -> str:
        """A number with the language's separators."""
        return format_decimal(value, locale=self._locale)

    def money(self, value: Money | None) -> str:
        """An amount with its currency; nothing for None."""
        return "" if value is None else format_currency(value.amount, value.currency, locale=self._locale)

    def day(self, value: date | None) -> str:
        """A day; a dash where there is none."""
        return format_date(value, "medium", locale=self._locale) if value else "–"

    def day_at(self, milliseconds: int) -> str:
        """The day of an instant (milliseconds since 1970), in the zone of who reads it."""
        return self.day(datetime.fromtimestamp(milliseconds / 1000, UTC).astimezone(self._zone).date())

    def moment(self, value: datetime) -> str:
        """An instant, in the zone of who reads it."""
        local = value.astimezone(self._zone)
        day, hour = format_date(local, "medium", locale=self._locale), format_time(local, "short", locale=self._locale)
        return f"{day} {hour}"

    def since(self, milliseconds: int) -> str:
        """How long something has lasted: ``3 minutes``."""
        return format_timedelta(timedelta(milliseconds=max(milliseconds, 0)), locale=self._locale)

    def ago(self, milliseconds: int) -> str:
        """How long ago something was: ``3 minutes ago``."""
        passed = timedelta(milliseconds=-max(milliseconds, 0))
        return format_timedelta(passed, add_direction=True, locale=self._locale)

    def soon(self, milliseconds: int) -> str:
        """In what time something will be: ``in 3 minutes``, or ``now``."""
        if milliseconds < 1000:
            return self.say("status.now")
        return format_timedelta(timedelta(milliseconds=milliseconds), add_direction=True, locale=self._locale)

    def problem(self, problem: Problem) -> Problem:
        """The problem with the amounts, days and instants among its details written in this language."""
        details = {name: self._detail(value) for name, value in problem.details.items()}
        return Problem(cause=problem.cause, field=problem.field, details=details)

    def explained(self, problem: Problem) -> Message:
        """What happened and the cure, with amounts and times as the reader writes them."""
        return explain(self.problem(problem), self.language, packages())

    def _detail(self, value: str) -> str:
        if _MONEY.fullmatch(value):
            amount, code = value.split()
            return format_currency(Decimal(amount), code, locale=self._locale)
        with suppress(ValueError, OverflowError):  # what only looks like a day (0000-00-00) is shown as it came
            if _DAY.fullmatch(value):
                return format_date(date.fromisoformat(value), "medium", locale=self._locale)
            if _INSTANT.fullmatch(value):
                return self.moment(datetime.fromisoformat(value))
        return value
