"""The first page: how everything stands, in one sentence and then in detail."""

from collections import defaultdict
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.views.decorators.http import require_POST

from mostek.commands import looking, queueing
from mostek.web.door import Asked
from mostek.web.page import number, page


async def show(request: Asked) -> HttpResponse:
    """Everything at a glance; the part below the heading renews itself."""
    status: looking.StatusView = await request.door.run("status", looking.Status())
    causes: dict[str, int] = defaultdict(int)
    for line in status.standing:
        if line.state == "parked":
            causes[line.cause] += line.count
    values: dict[str, Any] = {
        "status": status,
        "all": sum(status.records.values()),
        "causes": sorted(causes.items(), key=lambda item: -item[1]),
        "queues": await request.door.run("queue", queueing.Queue(limit=8)),
        "can": request.door.may("queue.first"),
        "needy": status.records["parked"] + status.records["in_doubt"],
    }
    part = request.htmx and not request.htmx.boosted
    return page(request, "dashboard/standing.html" if part else "dashboard/show.html", **values)


@require_POST
async def first(request: Asked) -> HttpResponse:
    """Put one document before all back-fill."""
    await request.door.run("queue.first", queueing.First(records=(number(request.POST.get("record", "")),)))
    return redirect("dashboard")


ADDRESSES = (path("", show, name="dashboard"), path("queue/first/", first, name="dashboard_first"))
