"""What needs a person, grouped by cause, and what he can do about it."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import path, reverse
from django.views.decorators.http import require_POST

from mostek.commands import adopting, looking, mending
from mostek.web.door import Asked
from mostek.web.page import number, page
from mostek.web.people.models import Person

PAGE = 50
_NAMED = 8  # so many numbers of untouched documents are told in a notice
_FILTERS = ("cause", "flow", "kind", "mine", "left_out")


async def show(request: Asked) -> HttpResponse:
    """The inbox, or one cause, flow, kind or person's part of it, a page at a time."""
    chosen = _chosen(request.GET)
    assignee = request.person.username if chosen.get("mine") else ""
    flow, kind = chosen.get("flow", ""), chosen.get("kind", "")
    found: looking.GroupsView = await request.door.run(
        "inbox.groups", looking.Groups(assignee=assignee, flow=flow, kind=kind)
    )
    wanted = looking.Inbox(
        cause=chosen.get("cause", ""),
        assignee=assignee,
        left_out=bool(chosen.get("left_out")),
        flow=flow,
        kind=kind,
        limit=PAGE + 1,
    )
    if request.GET.get("after"):
        wanted.after, wanted.passage = number(request.GET["after"]), number(request.GET.get("passage", "0"))
    items: tuple[looking.Item, ...] = await request.door.run("inbox.list", wanted)
    more = {"after": items[PAGE - 1].record, "passage": items[PAGE - 1].passage} if len(items) > PAGE else {}
    group = next((group for group in found.groups if group.cause == chosen.get("cause")), None)
    return page(
        request,
        "inbox/show.html",
        found=found,
        chosen=chosen,
        group=group,
        items=items[:PAGE],
        count=sum(group.count for group in found.groups),
        left_out=sum(group.count for group in found.left_out),
        more=urlencode({**chosen, **more}) if more else "",
        narrowed=any(name in chosen for name in ("flow", "kind", "mine")),
        without_cause=urlencode({name: value for name, value in chosen.items() if name not in {"cause", "left_out"}}),
        people=[person.username async for person in Person.objects.filter(is_active=True).order_by("username")],
        can=request.door.may("inbox.retry"),
    )


@require_POST
async def act(request: Asked) -> HttpResponse:
    """Do one thing with the chosen documents, or with the one whose button it was; ends with what did and did not.

    ``do`` is a deed, and for one document its number after it: ``retry``, ``retry 17``, ``adopt 17 4021``.
    """
    deed, _, about = request.POST.get("do", "").partition(" ")
    alone, _, target = about.partition(" ")
    records = tuple(number(value) for value in ([alone] if alone else request.POST.getlist("record")))
    every = deed == "retry_all"
    back = _back(request.POST)
    if not records and not every:
        messages.warning(request, request.wording.say("inbox.nothing_chosen"))
        return redirect(back)
    name, asked = _command(deed, records, target, request)
    done: mending.Mended = await request.door.run(name, asked)
    _tell(request, deed, done)
    return redirect(back)


def _command(deed: str, records: tuple[int, ...], target: str, request: Asked) -> tuple[str, Any]:
    """The command of a button, and what it is asked."""
    form, person = request.POST, request.person.username
    own = f"_{records[0]}" if len(records) == 1 else ""
    match deed:
        case "adopt":
            return "inbox.adopt", adopting.Adopt(records=records, target_id=target, person=person)
        case "accept":
            return "inbox.accept", adopting.Accept(records=records, person=person)
        case "reread":
            return "inbox.reread", mending.Reread(records=records)
        case "exclude":
            reason = form.get(f"reason{own}") or form.get("reason", "")
            return "inbox.exclude", mending.Exclude(records=records, reason=reason, person=person)
        case "assign":
            assignee, note = form.get("assignee", "")[:150], form.get("note", "")[:500]
            return "inbox.assign", mending.Assign(records=records, assignee=assignee, note=note, person=person)
    return "inbox.retry", mending.Retry(records=records, cause=form.get("cause", "") if not records else "")


def _tell(request: Asked, deed: str, done: mending.Mended) -> None:
    """How many it was done with, and which it was not, and why."""
    say = request.wording.say
    named = deed if deed in {"adopt", "accept", "reread", "exclude", "assign", "undo"} else "retry"
    if done.records:
        messages.success(request, say(f"inbox.did_{named}", n=len(done.records)))
    if done.untouched:
        shown = ", ".join(done.kept[:_NAMED]) + ("…" if len(done.kept) > _NAMED else "")
        messages.warning(request, say(f"inbox.not_{named}", n=len(done.untouched), numbers=shown))


def _chosen(given: QueryDict) -> dict[str, str]:
    """The filters of an address, without what is empty or none of them."""
    return {name: value[:100] for name in _FILTERS if (value := str(given.get(name, "")))}


def _back(form: QueryDict) -> str:
    """Where an act came from: a case, or the inbox with its filters."""
    if case := str(form.get("case", "")):
        return reverse("search_case", args=(number(case),))
    chosen = urlencode(_chosen(form))
    return reverse("inbox") + (f"?{chosen}" if chosen else "")


ADDRESSES = (path("inbox/", show, name="inbox"), path("inbox/act/", act, name="inbox_act"))
