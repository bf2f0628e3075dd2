"""Who comes in: everybody logs in but for a few addresses, and everything is said in the person's language."""

from collections.abc import Awaitable, Callable
from zoneinfo import ZoneInfo

from asgiref.sync import markcoroutinefunction
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from mostek.documents.problem import InvalidDocumentError, Problem
from mostek.hub.ledger import DATABASE_ERRORS
from mostek.sdk.errors import VendorError
from mostek.sdk.messages import LANGUAGES
from mostek.web.door import Door
from mostek.web.page import refused
from mostek.web.people.models import Person
from mostek.web.wording import PageWording

# The names of views that who is not logged in may see.
PUBLIC = frozenset({"account_login", "mfa_authenticate", "welcome", "account_reauthenticate"})


class Admission:
    """Turns away who is not logged in, and turns what a command raises into words."""

    sync_capable, async_capable = False, True

    def __init__(self, get_response: Callable[[HttpRequest], Awaitable[HttpResponse]]) -> None:
        self._get_response = get_response
        markcoroutinefunction(self)

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        user = await request.auser()
        person = user if isinstance(user, Person) else None
        language = person.language if person else _preferred(request)
        request.wording = PageWording(language, ZoneInfo(person.timezone) if person else None)  # type: ignore[attr-defined]
        if person:
            request.person, request.door = person, Door(person)  # type: ignore[attr-defined]
        with translation.override(language):
            return await self._get_response(request)

    async def process_view(self, request: HttpRequest, *_view: object) -> HttpResponse | None:
        """Let in who may see this address."""
        name = request.resolver_match.view_name if request.resolver_match else ""
        if hasattr(request, "person") or name in PUBLIC or name.startswith("api"):
            return None
        return redirect_to_login(request.get_full_path())

    async def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Refusals as sentences with their cure; anything else is a defect and is left to Django."""
        if isinstance(error, InvalidDocumentError):
            return refused(request, error.problems)
        if isinstance(error, VendorError):
            return refused(request, (error.problem,), error.words, status=502)
        if isinstance(error, PermissionDenied):
            return refused(request, (Problem(cause="web.forbidden"),), status=403)
        if isinstance(error, DATABASE_ERRORS):
            details = {"reason": type(error).__name__}
            return refused(request, (Problem(cause="database.unreachable", details=details),), status=503)
        return None


def _preferred(request: HttpRequest) -> str:
    """The first language of the browser's that the product speaks."""
    for part in request.headers.get("Accept-Language", "").split(","):
        code = part.strip()[:2].lower()
        if code in LANGUAGES:
            return code
    return "en"
