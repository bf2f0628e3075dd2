"""Where is it? One box for everything, and one page for each case."""

from django.http import HttpResponse
from django.urls import path
from django.views.decorators.http import require_POST

from mostek.commands import replaying, searching, tracing
from mostek.desk.disguise import disguised
from mostek.desk.specimen import Replayed, Specimen, encoded
from mostek.replies import reply
from mostek.web.door import Asked
from mostek.web.page import number, page
from mostek.web.people.models import Person
from mostek.web.sides import sides


async def show(request: Asked) -> HttpResponse:
    """What was asked for, answered in sentences, or how to ask."""
    text = request.GET.get("q", "").strip()[:200]
    found: searching.Found | None = await request.door.run("search", searching.Search(text=text)) if text else None
    replies = [(answer, *reply(answer, request.wording)) for answer in found.answers] if found else []
    return page(request, "search/show.html", text=text, found=found, replies=replies)


async def case(request: Asked, case: str) -> HttpResponse:
    """A case from the first reading to how it stands."""
    return await _case(request, number(case))


@require_POST
async def standing(request: Asked, case: str) -> HttpResponse:
    """The same, with how its documents stand in the books now."""
    asked: tuple[tracing.Standing, ...] = await request.door.run("case.standing", tracing.CaseOf(case=number(case)))
    return await _case(request, number(case), {each.key: each for each in asked})


async def replay(request: Asked, case: str) -> HttpResponse:
    """The plan of the stored case, made again: does this program still decide the same?"""
    again: Replayed = await request.door.run("case.replay", tracing.CaseOf(case=number(case)))
    return page(request, "search/replay.html", case=number(case), again=again)


async def file(request: Asked, case: str) -> HttpResponse:
    """The stored case as a file, with the people in it made up if wanted."""
    specimen: Specimen = await request.door.run("trace.export", replaying.Export(case=number(case)))
    anonymous = bool(request.GET.get("anonymous"))
    content = encoded(disguised(specimen) if anonymous else specimen)
    name = f"mostek-case-{number(case)}{'-anonymous' if anonymous else ''}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(content, content_type="application/json", headers=headers)


async def _case(request: Asked, case: int, asked: dict[str, tracing.Standing] | None = None) -> HttpResponse:
    view: tracing.CaseView = await request.door.run("case", tracing.CaseOf(case=case))
    known, step = reply(view.answer, request.wording)
    return page(
        request,
        "search/case.html",
        view=view,
        story=view.story,
        known=known,
        step=step,
        numbers={paper.record: paper for paper in view.story.papers},
        sides=[sides(paper, asked) for paper in view.story.papers],
        asked=asked is not None,
        people=[person.username async for person in Person.objects.filter(is_active=True).order_by("username")],
        can=request.door.may("inbox.retry"),
    )


ADDRESSES = (
    path("search/", show, name="search"),
    path("case/<str:case>/", case, name="search_case"),
    path("case/<str:case>/books/", standing, name="search_standing"),
    path("case/<str:case>/replay/", replay, name="search_replay"),
    path("case/<str:case>/file/", file, name="search_file"),
)
