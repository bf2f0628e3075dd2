"""Forms above tables: what one looks at, in the address, so that it can be kept and sent to somebody."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django import forms

from mostek.web.wording import PageWording


class MonthField(forms.RegexField):
    """A month as ``2026-05``; browsers that know months show a calendar of them."""

    widget = forms.DateInput(attrs={"type": "month", "placeholder": "2026-05"})

    def __init__(self, **options: Any) -> None:
        super().__init__(r"^\d{4}-(0[1-9]|1[0-2])$", **options)


class DayField(forms.DateField):
    """A day as ``2026-05-31``."""

    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})

    def __init__(self, **options: Any) -> None:
        super().__init__(input_formats=["%Y-%m-%d"], **options)


class Filter(forms.Form):
    """A form of the address; what is left out is as ``usual`` says, and labels are the area's words."""

    area = "accounts"

    def __init__(
        self, wording: PageWording, given: Mapping[str, Any], usual: Mapping[str, Any], **choices: Any
    ) -> None:
        super().__init__({**{name: _text(value) for name, value in usual.items()}, **_said(given, self.base_fields)})
        for name, field in self.fields.items():
            field.label = wording.say(f"{self.area}.{name}")
            if name in choices and isinstance(field, forms.ChoiceField):
                field.choices = choices[name]


def _said(given: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """What the address says of these fields; an empty text is nothing said, but for a check box."""
    return {name: given[name] for name in fields if given.get(name)}


def _text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def options(values: Sequence[str], empty: str = "") -> list[tuple[str, str]]:
    """Choices that are called as they are, after one for all of them."""
    return [*([("", empty)] if empty else []), *((value, value) for value in values)]
