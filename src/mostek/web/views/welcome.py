"""The first visit: whoever started the server opens the address it printed, and becomes the owner."""

from typing import Any

from allauth.account.internal.flows.login import perform_login
from allauth.account.models import Login
from django import forms
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from mostek.documents.problem import InvalidDocumentError
from mostek.web.people import desk
from mostek.web.people.models import Person
from mostek.web.wording import PageWording

_SALT, _LASTS = "welcome", 24 * 3600


def code() -> str:
    """What the address ends with; it serves for a day, and while there is nobody."""
    return signing.dumps("owner", salt=_SALT)


class Welcome(forms.Form):
    """A name and a password."""

    name = forms.CharField(max_length=150)
    password = forms.CharField(widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}))

    def __init__(self, wording: PageWording, *given: Any) -> None:
        super().__init__(*given)
        for name, field in self.fields.items():
            field.label = wording.say(f"people.{name}")


def show(request: HttpRequest, code: str) -> HttpResponse:
    """Make the owner and let him in; there is nothing here once somebody is."""
    try:
        signing.loads(code, salt=_SALT, max_age=_LASTS)
    except signing.BadSignature:
        raise Http404 from None
    if Person.objects.exists():
        return redirect("account_login")
    wording: PageWording = request.wording  # type: ignore[attr-defined]
    form = Welcome(wording, request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            person = desk.add(given["name"], "owner", given["password"], wording.language)
        except InvalidDocumentError as error:
            for problem in error.problems:
                form.add_error(problem.field, wording.explained(problem).text)
        else:
            return perform_login(request, Login(user=person))  # type: ignore[no-any-return]
    return render(request, "people/welcome.html", {"form": form})
