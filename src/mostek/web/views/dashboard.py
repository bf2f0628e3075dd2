"""The first page: how everything stands, in one sentence and then in detail."""

from collections import defaultdict
from typing import Any

from django.http import HttpResponse
from django.urls import path

from mostek.commands import looking
from mostek.web.door import Asked
from mostek.web.page import page


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
        "needy": status.records["parked"] + status.records["in_doubt"],
    }
    part = request.htmx and not request.htmx.boosted
    return page(request, "dashboard/standing.html" if part else "dashboard/show.html", **values)


ADDRESSES = (path("", show, name="dashboard"),)
