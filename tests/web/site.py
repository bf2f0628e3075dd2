"""The page as its users meet it: the program serving in a process of its own, and visitors who log in."""

import http.cookiejar
import json
import re
import subprocess
from dataclasses import dataclass, field
from email.message import Message
from html import unescape
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, ProxyHandler, Request, build_opener

from tests.cli.desk import Desk

ROLES = ("owner", "operator", "accountant")
PASSWORD = "correct-horse-battery-7"
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    text: str
    headers: Message

    @property
    def words(self) -> str:
        """The text as it is read: without tags, spaces joined."""
        bare = re.sub(r"<(script|style|svg)\b.*?</\1>|<[^>]+>", " ", self.text, flags=re.DOTALL)
        return " ".join(unescape(bare).split())


class _Stay(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


@dataclass
class Visitor:
    """A browser without scripts. Redirects are shown, not followed."""

    url: str
    language: str = "en"
    cookies: http.cookiejar.CookieJar = field(default_factory=http.cookiejar.CookieJar)

    def ask(self, path: str, data: dict[str, Any] | bytes | None = None, **headers: str) -> Answer:
        """GET, or POST of a form or a body."""
        body = urlencode(data, doseq=True).encode() if isinstance(data, dict) else data
        sent = {"Accept-Language": self.language, **{name.replace("_", "-"): value for name, value in headers.items()}}
        opener = build_opener(ProxyHandler({}), HTTPCookieProcessor(self.cookies), _Stay())
        request = Request(self.url + path, body, sent, method=sent.pop("method", None))
        try:
            with opener.open(request, timeout=30) as found:
                return Answer(found.status, found.read().decode(), found.headers)
        except HTTPError as error:
            return Answer(error.code, error.read().decode(), error.headers)

    def send(self, page: str, path: str = "", **form: Any) -> Answer:
        """Open a page, and send the form of it, with its token."""
        token = _TOKEN.search(self.ask(page).text)
        assert token, f"{page} has no form"
        return self.ask(path or page, {"csrfmiddlewaretoken": token[1], **form})

    def log_in(self, name: str, password: str = PASSWORD) -> "Visitor":
        """Log in; the test's failure when that fails."""
        answer = self.send("/login/", login=name, password=password)
        assert answer.status == 302, answer.words
        return self


@dataclass
class Site:
    """A served installation; ``owner``, ``operator`` and ``accountant`` may log in with :data:`PASSWORD`."""

    desk: Desk
    url: str
    process: "subprocess.Popen[str]"

    def visitor(self, role: str = "", language: str = "en") -> Visitor:
        """Somebody at a browser, logged in as the person of a role."""
        visitor = Visitor(self.url, language)
        return visitor.log_in(role) if role else visitor

    def end(self) -> str:
        """End it; what it had logged."""
        self.process.terminate()
        return self.process.communicate(timeout=20)[1]


def serve(desk: Desk, *options: str, people: bool = True) -> Site:
    """Serve an installation on a free port, with a person of each role."""
    if people:
        for role in ROLES:
            password = desk.data.parent / "password"
            password.write_text(PASSWORD)
            desk.done("person", "add", role, "--role", role, "--password", f"@{password}")
    process = desk.start("serve", "--port", "0", *options)
    assert process.stdout
    found = re.search(r"http://\S+:\d+", process.stdout.readline())
    assert found, process.communicate(timeout=10)
    return Site(desk, found[0], process)


def as_json(text: str) -> Any:
    """A body that is JSON."""
    return json.loads(text)
