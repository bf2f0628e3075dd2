"""Which address shows what."""

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from django.urls import URLPattern, URLResolver, path

from mostek.web.views import dashboard, inbox, welcome

urlpatterns: list[URLPattern | URLResolver] = [
    path("", dashboard.show, name="dashboard"),
    path("inbox/", inbox.show, name="inbox"),
    path("inbox/act/", inbox.act, name="inbox_act"),
    path("welcome/<str:code>/", welcome.show, name="welcome"),
    path("login/", account.login, name="account_login"),
    path("login/code/", mfa.authenticate, name="mfa_authenticate"),
    path("login/again/", account.reauthenticate, name="account_reauthenticate"),
    path("logout/", account.logout, name="account_logout"),
]
handler404 = "mostek.web.views.refusals.missing"
handler500 = "mostek.web.views.refusals.broken"
