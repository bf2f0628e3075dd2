"""Pages for what cannot be shown."""

from django.http import HttpRequest, HttpResponse

from mostek.documents.problem import Problem
from mostek.web.page import refused


def missing(request: HttpRequest, exception: Exception) -> HttpResponse:
    """There is nothing at this address."""
    del exception
    return refused(request, (Problem(cause="web.missing"),), status=404)


def broken(request: HttpRequest) -> HttpResponse:
    """A defect of ours; the log has it."""
    return refused(request, (Problem(cause="web.broken"),), status=500)


def forgery(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form was not ours, or too old."""
    del reason
    return refused(request, (Problem(cause="web.stale_form"),), status=403)
