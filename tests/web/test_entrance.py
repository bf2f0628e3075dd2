"""Who comes in, and how: log-in, the first owner, what a stranger sees, and what an address gives away."""

import re
from http.cookiejar import Cookie

import pytest

from tests.web.site import PASSWORD, Site

ADDRESSES = ("/", "/inbox/")


@pytest.mark.parametrize("path", ADDRESSES)
def test_who_has_not_logged_in_is_led_to_the_log_in_and_back(site: Site, path: str) -> None:
    answer = site.visitor().ask(path)
    assert (answer.status, answer.headers["Location"]) == (302, f"/login/?next={path}")
    visitor = site.visitor()
    again = visitor.send(f"/login/?next={path}", "/login/", login="owner", password=PASSWORD, next=path)
    assert (again.status, again.headers["Location"]) == (302, path)


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:0"])
def test_nobody_is_led_away_after_the_log_in(site: Site, target: str) -> None:
    answer = site.visitor().send("/login/", login="owner", password=PASSWORD, next=target)
    assert (answer.status, answer.headers["Location"]) == (302, "/")


def test_a_wrong_password_says_so_in_the_browsers_language(site: Site) -> None:
    answer = site.visitor(language="cs").send("/login/", login="nobody", password="wrong")
    assert answer.status == 200
    assert "Přihlásit se" in answer.words
    assert "správn" in answer.words


def test_who_logs_in_gets_another_session(site: Site) -> None:
    visitor = site.visitor()
    visitor.cookies.set_cookie(_cookie("mostek-session", "fixed-by-somebody-else"))
    visitor.log_in("owner")
    assert {cookie.value for cookie in visitor.cookies if cookie.name == "mostek-session"} != {"fixed-by-somebody-else"}
    assert visitor.ask("/").status == 200


def _cookie(name: str, value: str) -> Cookie:
    return Cookie(0, name, value, None, False, "127.0.0.1", False, False, "/", True, False, None, True, None, None, {})


def test_a_form_without_its_token_is_refused(site: Site) -> None:
    answer = site.visitor("owner").ask("/inbox/act/", {"do": "retry", "record": "1"})
    assert answer.status == 403
    assert "form" in answer.words


def test_who_logs_out_is_out(site: Site) -> None:
    visitor = site.visitor("operator")
    assert visitor.send("/", "/logout/").status == 302
    assert visitor.ask("/").status == 302


def test_the_first_owner_introduces_himself_once(empty: Site) -> None:
    assert empty.process.stdout
    line = empty.process.stdout.readline()
    found = re.search(r"/welcome/\S+/", line)
    assert found, line
    visitor = empty.visitor()
    assert visitor.ask("/welcome/somebody/").status == 404
    weak = visitor.send(found[0], name="eva", password="12345")
    assert weak.status == 200
    assert "12" in weak.words
    assert visitor.send(found[0], name="eva", password=PASSWORD).status == 302
    assert "eva" in visitor.ask("/").words
    assert visitor.ask(found[0]).headers["Location"] == "/login/"


def test_what_every_answer_forbids(site: Site) -> None:
    headers = site.visitor("owner").ask("/").headers
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_another_host_name_is_not_answered(site: Site) -> None:
    assert site.visitor().ask("/login/", Host="evil.example").status == 400


def test_files_are_kept_by_browsers_and_packed(site: Site) -> None:
    page = site.visitor().ask("/login/").text
    for path in re.findall(r'(?:href|src)="(/static/[^"]+)"', page):
        answer = site.visitor().ask(path)
        assert answer.status == 200
        assert "immutable" in answer.headers["Cache-Control"]
        assert site.visitor().ask(path, If_None_Match=answer.headers["Etag"]).status == 304
    assert site.visitor().ask("/static/../settings.py").status == 404
