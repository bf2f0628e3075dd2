"""What needs a person, grouped by cause, and what he can do about it."""

from django.http import HttpResponse
from django.urls import path
from django.views.decorators.http import require_POST

from mostek.commands import looking, mending
from mostek.web.door import Asked
from mostek.web.page import number, page

PAGE = 50


async def show(request: Asked) -> HttpResponse:
    """The inbox, or one cause of it, a page at a time."""
    cause, after = request.GET.get("cause", ""), number(request.GET.get("after", "0"))
    status: looking.StatusView = await request.door.run("status", looking.Status())
    items: tuple[looking.Item, ...] = await request.door.run(
        "inbox.list", looking.Inbox(cause=cause, after=after, limit=PAGE + 1)
    )
    groups = [line for line in status.waiting if line.state == "parked"]
    return page(
        request,
        "inbox/show.html",
        groups=groups,
        cause=cause,
        items=items[:PAGE],
        more=items[PAGE - 1].record if len(items) > PAGE else None,
        can=request.door.may("inbox.retry"),
    )


@require_POST
async def act(request: Asked) -> HttpResponse:
    """Retry or leave out the chosen records; ends with what was done and what was not."""
    chosen = tuple(number(value) for value in request.POST.getlist("record"))
    cause = request.POST.get("cause", "")
    if request.POST.get("do") == "exclude":
        reason = request.POST.get("reason", "")
        done = await request.door.run(
            "inbox.exclude", mending.Exclude(records=chosen, person=request.person.username, reason=reason)
        )
    else:
        done = await request.door.run("inbox.retry", mending.Retry(records=chosen, cause=cause))
    return page(request, "inbox/acted.html", done=done, cause=cause)


ADDRESSES = (path("inbox/", show, name="inbox"), path("inbox/act/", act, name="inbox_act"))
