"""Tags that every template has: sentences, amounts and times in the reader's language, icons, addresses of assets."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec
from django import template
from django.template import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from mostek.commands.casework import Paper
from mostek.commands.tracing import Event, Told
from mostek.documents.money import Money
from mostek.documents.problem import Problem
from mostek.sdk.messages import Message
from mostek.web import assets
from mostek.web.wording import PageWording

register = template.Library()


def _wording(context: Context) -> PageWording:
    return context["request"].wording  # type: ignore[no-any-return]


# How values are written, by the first kind that fits.
_WRITTEN: tuple[tuple[type | tuple[type, ...], Callable[[PageWording, Any], str]], ...] = (
    (bool, lambda wording, value: wording.say("shell.yes" if value else "shell.no")),
    (Money, PageWording.money),
    (datetime, PageWording.moment),
    (date, PageWording.day),
    ((int, Decimal), PageWording.number),
)


@register.simple_tag(takes_context=True)
def say(context: Context, key: str, **values: Any) -> str:
    """The sentence ``area.name``, filled: ``{% say "inbox.count" n=5 %}``."""
    return _wording(context).say(key, **values)


@register.simple_tag(takes_context=True)
def word(context: Context, group: str, name: str) -> str:
    """The word for an id: ``{% word "state" item.state %}``."""
    return _wording(context).word(group, name)


@register.simple_tag(takes_context=True)
def show(context: Context, value: Any) -> str:
    """A number, an amount, a day or an instant as the reader writes it; text as it is; a dash for nothing."""
    if value in {None, ""}:
        return "–"
    written = next((write for kind, write in _WRITTEN if isinstance(value, kind)), None)
    return written(_wording(context), value) if written else str(value)


@register.simple_tag(takes_context=True)
def ago(context: Context, milliseconds: int | None) -> str:
    """How long ago an instant (milliseconds since 1970) was."""
    return "–" if milliseconds is None else _wording(context).ago(int(time.time() * 1000) - milliseconds)


@register.simple_tag(takes_context=True)
def soon(context: Context, milliseconds: int) -> str:
    """In how many milliseconds something will be."""
    return _wording(context).soon(milliseconds)


@register.simple_tag(takes_context=True)
def lasted(context: Context, milliseconds: int) -> str:
    """How many milliseconds something has lasted."""
    return _wording(context).since(milliseconds)


@register.simple_tag(takes_context=True)
def at(context: Context, milliseconds: int | None) -> str:
    """An instant (milliseconds since 1970)."""
    return "–" if milliseconds is None else _wording(context).moment(datetime.fromtimestamp(milliseconds / 1000, UTC))


@register.simple_tag(takes_context=True)
def month(context: Context, value: date | str) -> str:
    """A month in words, from a day of it or from ``2026-05``."""
    return _wording(context).month(value if isinstance(value, date) else date.fromisoformat(f"{value}-01"))


@register.simple_tag(takes_context=True)
def explain(context: Context, problem: Problem | Mapping[str, Any]) -> Message:
    """What happened and the cure: ``{% explain item.problem as said %}{{ said.text }}``."""
    found = problem if isinstance(problem, Problem) else msgspec.convert(problem, Problem)
    return _wording(context).explained(found)


@register.simple_tag(takes_context=True)
def short(context: Context, cause: str, example: Problem | Mapping[str, Any]) -> str:
    """A few words for a cause: its own, else the beginning of what an example says."""
    wording = _wording(context)
    named = next((word for group in ("reason", "verdict") if (word := wording.word(group, cause)) != cause), "")
    return named or Truncator(explain(context, example).text).chars(70)


@register.simple_tag(takes_context=True)
def told(context: Context, event: Event, papers: Mapping[int, Paper]) -> str:
    """A step of a case's story in a sentence."""
    wording = _wording(context)
    what = f"again_{event.what}" if event.what == "read" and event.version > 1 else event.what
    named = {
        "paper": _paper(wording, papers, event.record),
        "version": str(event.version),
        "flow": event.flow,
        "target": event.target or wording.say("trace.the_target"),
        "effect": f"{wording.word('effect', event.verb)}: {wording.word('kind', event.kind)}",
        "result": wording.say(f"trace.result.{event.result}", id=event.there) if event.result else "",
        "person": event.person,
    }
    sentence = wording.say(f"search.told_{what}", **named)
    return sentence[:1].upper() + sentence[1:]


@register.simple_tag(takes_context=True)
def decided(context: Context, told_: Told, papers: Mapping[int, Paper]) -> str:
    """What a plan decided for one paper: ``invoice F1: to be transferred, by the rule all``."""
    wording = _wording(context)
    rule = f", {wording.say('preview.rule', rule=told_.rule)}" if told_.rule else ""
    return f"{_paper(wording, papers, told_.record)}: {wording.say(f'preview.{told_.verdict}')}{rule}"


def _paper(wording: PageWording, papers: Mapping[int, Paper], record: int) -> str:
    paper = papers.get(record)
    return f"{wording.word('kind', paper.kind)} {paper.number}" if paper else wording.say("search.other_paper")


@register.simple_tag
def icon(name: str) -> SafeString:
    """A drawing of ``shell/icons.html``; says nothing by itself."""
    return format_html('<svg class="icon" aria-hidden="true"><use href="#icon-{}"/></svg>', name)


@register.simple_tag
def asset(path: str) -> str:
    """The address of a file that browsers may keep for good."""
    return assets.url(path)
