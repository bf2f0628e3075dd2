"""Closing a month: is everything in, do both sides agree, and the day up to which the books are closed."""

from datetime import date, timedelta

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST

from mostek.commands import adopting, closing
from mostek.commands.reconciling import Reconcile
from mostek.documents.problem import invalid
from mostek.web.door import Asked
from mostek.web.page import page


async def show(request: Asked) -> HttpResponse:
    """One month of some books; without any, what to do first."""
    books: tuple[closing.BooksView, ...] = await request.door.run("books.list", closing.Books())
    slug = request.GET.get("books") or next((each.slug for each in books if each.flows), "")
    if not slug:
        return page(request, "accounts/nothing.html")
    wanted = closing.Month(slug=slug, month=request.GET.get("month", ""))
    month: closing.MonthView = await request.door.run("books.month", wanted)
    return page(
        request,
        "accounts/month.html",
        books=books,
        month=month,
        before=f"{month.since - timedelta(days=1):%Y-%m}",
        after=f"{month.until + timedelta(days=1):%Y-%m}",
        can_close=request.door.may("books.close"),
    )


@require_POST
async def compare(request: Asked) -> HttpResponse:
    """Hold both sides of every flow into some books against each other for a month; each is a job of its own."""
    wanted = closing.Month(slug=request.POST.get("books", ""), month=request.POST.get("month", ""))
    month: closing.MonthView = await request.door.run("books.month", wanted)
    flows = [flow for flow in month.books.flows if request.POST.get("flow") in {None, flow}]
    if not flows:
        raise invalid("flow.unknown", "flow", slug=request.POST.get("flow", ""))
    requests = [Reconcile(slug=flow, since=month.since, until=month.until) for flow in flows]
    jobs = [request.door.start("reconcile", each) for each in requests]
    return redirect("accounts_job", id=jobs[0].id)


@require_POST
async def close(request: Asked) -> HttpResponse:
    """Close the books up to the end of a month; one where something is open only when the person says so."""
    wanted = closing.Month(slug=request.POST.get("books", ""), month=request.POST.get("month", ""))
    month: closing.MonthView = await request.door.run("books.month", wanted)
    if not month.is_ready and not request.POST.get("sure"):
        raise invalid("closing.open", "sure")
    await request.door.run("books.close", adopting.Close(slug=month.books.slug, until=month.until))
    return _told(request, month.books.slug, month.month, "accounts.now_closed", month.until)


@require_POST
async def reopen(request: Asked) -> HttpResponse:
    """Open a month again, and with it every later one."""
    wanted = closing.Month(slug=request.POST.get("books", ""), month=request.POST.get("month", ""))
    month: closing.MonthView = await request.door.run("books.month", wanted)
    until = month.since - timedelta(days=1)
    await request.door.run("books.close", adopting.Close(slug=month.books.slug, until=until))
    return _told(request, month.books.slug, month.month, "accounts.now_open", until)


def _told(request: Asked, slug: str, month: str, sentence: str, day: date) -> HttpResponse:
    messages.success(request, request.wording.say(sentence, slug=slug, day=request.wording.day(day)))
    return redirect(f"{reverse('accounts')}?{urlencode({'books': slug, 'month': month})}")


ADDRESSES = (
    path("accounts/", show, name="accounts"),
    path("accounts/compare/", compare, name="accounts_compare"),
    path("accounts/close/", close, name="accounts_close"),
    path("accounts/open/", reopen, name="accounts_open"),
)
