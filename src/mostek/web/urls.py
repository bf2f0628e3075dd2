"""Which address shows what: each module of views says its own.

The name of an address begins with its area, ``inbox`` or ``inbox_act``: so the navigation knows where one is.
"""

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from django.urls import URLPattern, URLResolver, path

from mostek.web.views import accounts, comparing, dashboard, filing, inbox, reports, search, vat, welcome

urlpatterns: list[URLPattern | URLResolver] = [
    *dashboard.ADDRESSES,
    *inbox.ADDRESSES,
    *search.ADDRESSES,
    *accounts.ADDRESSES,
    *comparing.ADDRESSES,
    *vat.ADDRESSES,
    *filing.ADDRESSES,
    *reports.ADDRESSES,
    path("welcome/<str:code>/", welcome.show, name="welcome"),
    path("login/", account.login, name="account_login"),
    path("login/code/", mfa.authenticate, name="mfa_authenticate"),
    path("login/again/", account.reauthenticate, name="account_reauthenticate"),
    path("logout/", account.logout, name="account_logout"),
]
handler404 = "mostek.web.views.refusals.missing"
handler500 = "mostek.web.views.refusals.broken"
