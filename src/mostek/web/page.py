"""Filling templates: what every page shows around its content, and refusals in the person's language."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from mostek.commands import Permission
from mostek.documents.problem import Problem, invalid
from mostek.web.door import Asked


class Entry(NamedTuple):
    """One entry of the navigation: the name of its address, its icon, and who sees it."""

    name: str
    icon: str
    permission: Permission


# What stands in the navigation, in this order. The word is ``shell.<name>``.
NAVIGATION = (
    Entry("dashboard", "pulse", "read"),
    Entry("inbox", "inbox", "read"),
    Entry("search", "search", "read"),
    Entry("accounts", "book", "read"),
    Entry("reports", "chart", "read"),
)


def shell(request: HttpRequest) -> Mapping[str, Any]:
    """What every template may use; nothing of a person for who has not logged in."""
    person = getattr(request, "person", None)
    if person is None:
        return {}
    here = request.resolver_match.view_name if request.resolver_match else ""
    entries = [
        {"name": name, "icon": icon, "url": reverse(name), "here": here.partition("_")[0] == name}
        for name, icon, permission in NAVIGATION
        if person.may(permission)
    ]
    return {"person": person, "wording": getattr(request, "wording", None), "navigation": entries}


def page(request: Asked, template: str, code: int = 200, /, **values: Any) -> HttpResponse:
    """The template, filled; ``code`` is HTTP's."""
    return render(request, template, values, status=code)


def refused(request: HttpRequest, problems: Sequence[Problem], words: str = "", *, status: int = 422) -> HttpResponse:
    """What was refused and the cure: a notice for a part of a page, a page of its own otherwise."""
    template = "shell/notice.html" if getattr(request, "htmx", False) else "shell/refused.html"
    answer = render(request, template, {"problems": problems, "words": words}, status=status)
    if getattr(request, "htmx", False):
        answer.headers["HX-Retarget"] = "#notices"
        answer.headers["HX-Reswap"] = "beforeend"
    return answer


def number(text: str) -> int:
    """A record's number out of a form or an address; raises ``web.number``."""
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise invalid("web.number", "record", text=text)
    return int(text)
