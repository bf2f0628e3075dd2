"""Closing a month, comparing both sides, VAT and documents: what each role sees and may do, and what is refused."""

import csv
import io
import json
import re
import shutil
import time
import zipfile
from collections.abc import Iterator, Mapping
from html import unescape
from pathlib import Path
from urllib.request import HTTPCookieProcessor, ProxyHandler, Request, build_opener

import pytest

from tests.cli.desk import Desk
from tests.web.site import ROLES, Answer, Site, Visitor, as_json, serve

PAGES = (
    "/accounts/",
    "/accounts/reconciliation/",
    "/accounts/series/",
    "/accounts/vat/",
    "/accounts/documents/",
    "/reports/",
    "/reports/products/",
)
PERIOD = {"since": "2020-01-01", "until": "2030-12-31"}


People = Mapping[str, Visitor]


@pytest.fixture(scope="module")
def people(site: Site) -> People:
    """Somebody of each role, logged in once: log-ins are few a minute."""
    return {role: site.visitor(role) for role in ROLES}


def found(visitor: Visitor, answer: Answer, patience: float = 30) -> Answer:
    """The result of a job that a form has begun."""
    assert answer.status == 302, answer.words
    address, end = answer.headers["Location"], time.monotonic() + patience
    while time.monotonic() < end:
        page = visitor.ask(address)
        if 'id="progress"' not in page.text:
            return page
        time.sleep(0.1)
    raise AssertionError("the job does not come to an end")


def compared(visitor: Visitor, page: str = "/accounts/reconciliation/") -> tuple[str, Answer]:
    answer = visitor.send(page, flow="invoices", **PERIOD)
    return answer.headers["Location"], found(visitor, answer)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("path", PAGES)
def test_everybody_who_logs_in_sees_every_page(people: People, role: str, path: str) -> None:
    assert people[role].ask(path).status == 200


@pytest.mark.parametrize("path", [*PAGES, "/accounts/work/x/"])
def test_a_stranger_sees_none(site: Site, path: str) -> None:
    assert site.visitor().ask(path).status == 302


@pytest.mark.parametrize(
    "path", ["/accounts/close/", "/accounts/open/", "/accounts/compare/", "/accounts/work/x/cure/"]
)
def test_what_changes_is_never_done_by_an_address(people: People, path: str) -> None:
    assert people["owner"].ask(path).status == 405


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/accounts/?books=nobody", 422),
        ("/accounts/?books=shop", 422),
        ("/accounts/?month=2026-13", 422),
        ("/accounts/?month='", 422),
        ("/accounts/work/0123456789abcdef/", 404),
        ("/accounts/vat/?flow=nobody", 422),
        ("/accounts/vat/?since=x", 422),
        ("/accounts/documents/?flow=nobody", 422),
        ("/accounts/documents/?day=x", 422),
        ("/accounts/documents/?after=-1", 422),
        ("/reports/?since=2026-05-01&until=2026-04-01", 422),
        ("/reports/?since=1990-01-01&step=day", 422),
        ("/reports/?channel=nobody", 422),
        ("/reports/products/?since=x", 422),
        ("/reports/products/?currency=XXX", 422),
    ],
)
def test_what_cannot_be_asked_is_said_and_breaks_nothing(people: People, path: str, status: int) -> None:
    answer = people["accountant"].ask(path)
    assert answer.status == status, answer.words
    assert "Traceback" not in answer.text


def test_a_wrong_field_says_so_beside_itself(people: People) -> None:
    answer = people["owner"].send("/accounts/reconciliation/", flow="invoices", since="2026-05-02", until="2026-05-01")
    assert answer.status == 422
    assert re.search(r'id="id_until".*?<p class="wrong" role="alert">[^<]*2 May', answer.text, re.DOTALL)


@pytest.mark.parametrize("role", ROLES)
def test_both_sides_are_compared_as_a_job(people: People, role: str) -> None:
    visitor = people[role]
    address, page = compared(visitor)
    assert "differ in" in page.words
    assert "never arrived in the books" in page.words
    assert ("Try again" in page.words) == (role != "accountant")
    part = visitor.ask(f"{address}?kind=receipt")
    assert part.status == 200
    assert "show everything" in part.words
    assert visitor.ask(f"{address}?day=x&currency='&kind=%00&bucket=%3Cb%3E&after=7").status == 200


HOSTILE = "<img src=x onerror=alert(1)>"


def edited(books: str, id: int, order: str) -> None:
    """Change the order number of an invoice by hand, in the simulated books."""
    deed = json.dumps({"evidence": "faktura-vydana", "id": id, "change": {"cisObj": order}}).encode()
    request = Request(f"{books}/_sandbox/edit", deed, {"Content-Type": "application/json"})
    with build_opener(ProxyHandler({})).open(request, timeout=30) as answer:
        assert answer.status == 200


def test_a_vendors_text_is_shown_as_text(people: People, addresses: tuple[str, str]) -> None:
    with build_opener(ProxyHandler({})).open(f"{addresses[1]}/_sandbox/documents", timeout=30) as answer:
        one = next(each for each in json.load(answer) if each["evidence"] == "faktura-vydana" and each["cisObj"])
    edited(addresses[1], one["id"], HOSTILE)
    try:
        address, page = compared(people["owner"])
    finally:
        edited(addresses[1], one["id"], one["cisObj"])
    assert HOSTILE not in page.text
    assert HOSTILE in page.words
    [row] = [row for row in rows_of(people["owner"].ask(f"{address}?form=csv")) if HOSTILE in "".join(row)]
    assert row[0] == "another order number"


def rows_of(answer: Answer) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer.text.lstrip("\ufeff"))))


def test_a_difference_is_cured_by_its_button(people: People) -> None:
    owner, accountant = people["owner"], people["accountant"]
    address, page = compared(owner)
    record = re.search(r'name="record" value="(\d+)".*?value="(inbox\.retry)"', page.text, re.DOTALL)
    assert record
    form = {"record": record[1], "do": record[2]}
    assert accountant.send(address, f"{address}cure/", **form).status == 403
    done = owner.send(address, f"{address}cure/", **form)
    assert (done.status, done.headers["Location"]) == (302, address)
    assert "Done." in owner.ask(address).words
    for wrong in (
        {"record": "999999", "do": "inbox.retry"},
        {"record": record[1], "do": "books.close"},
        {"record": "x"},
    ):
        assert owner.send(address, f"{address}cure/", **wrong).status in {404, 422}


def test_the_series_of_numbers(people: People) -> None:
    visitor = people["accountant"]
    address, page = compared(visitor, "/accounts/series/")
    assert "The series of shop and books" in page.words
    rows = rows_of(visitor.ask(f"{address}?form=csv"))
    assert rows[0][:2] == ["side", "series"]
    assert {row[0] for row in rows[1:]} == {"shop", "books"}


@pytest.mark.parametrize(
    "path", ["/accounts/vat/?since=2020-01&until=2030-12", "/reports/?since=2020-01-01&until=2030-12-31"]
)
def test_tables_are_taken_away_in_every_form(people: People, path: str) -> None:
    visitor = people["accountant"]
    text = visitor.ask(f"{path}&form=csv")
    assert text.headers["Content-Disposition"].startswith("attachment;")
    assert text.text.startswith("\ufeff")
    assert as_json(visitor.ask(f"{path}&form=json").text)["lines"]
    with zipfile.ZipFile(io.BytesIO(raw(visitor, f"{path}&form=xlsx"))) as book:
        assert "xl/worksheets/sheet1.xml" in book.namelist()


def as_at(site: Site, visitor: Visitor) -> Visitor:
    """The same person, logged in already, at a copy of the installation."""
    return Visitor(site.url, visitor.language, visitor.cookies)


def raw(visitor: Visitor, path: str) -> bytes:
    opener = build_opener(ProxyHandler({}), HTTPCookieProcessor(visitor.cookies))
    with opener.open(visitor.url + path, timeout=30) as answer:
        return bytes(answer.read())


def test_everything_that_was_sent_in_one_archive(people: People) -> None:
    visitor = people["accountant"]
    path = "/accounts/documents/?since=2020-01-01&until=2030-12-31"
    listed = as_json(visitor.ask(f"{path}&form=json").text)
    with zipfile.ZipFile(io.BytesIO(raw(visitor, f"{path}&form=zip"))) as archive:
        names = archive.namelist()
        assert archive.testzip() is None
        assert len(names) == len(listed) + 1
        assert len(set(names)) == len(names)
        assert not [name for name in names if name.startswith("/") or ".." in name]
        one = archive.read(next(name for name in names if name.startswith("invoice/")))
        assert one.startswith((b"{", b"<"))
        assert [each["key"] for each in as_json(archive.read("documents.json").decode())] == [
            each["key"] for each in listed
        ]


def test_the_list_of_documents_is_paged(people: People) -> None:
    visitor = people["operator"]
    path = "/accounts/documents/?since=2020-01-01&until=2030-12-31&kind=invoice"
    seen = 0
    for _ in range(10):
        page = visitor.ask(path)
        seen += len(re.findall(r"<tr><td>", page.text))
        more = re.search(r'class="more"><a class="button" href="([^"]+)"', page.text)
        if not more:
            break
        path = "/accounts/documents/" + unescape(more[1])
    listed = as_json(visitor.ask("/accounts/documents/?since=2020-01-01&until=2030-12-31&kind=invoice&form=json").text)
    assert seen == len(listed) > 0


def test_vat_of_the_shop_stands_beside_that_of_the_books(people: People) -> None:
    visitor = people["accountant"]
    visitor.send("/accounts/reconciliation/", flow="invoices", **PERIOD)
    found(visitor, visitor.send("/accounts/reconciliation/", flow="invoices", **PERIOD))
    page = visitor.ask("/accounts/vat/?since=2020-01&until=2030-12")
    assert "standard rate" in page.words
    assert "the books were asked" in page.words


@pytest.fixture
def own(site: Site, tmp_path: Path) -> Iterator[Site]:
    """A served copy, to close and open months in."""
    desk = Desk(tmp_path / "data")
    shutil.copytree(site.desk.data, desk.data)
    desk.done("takeover", "--yes")
    served = serve(desk, "--only-web", people=False)
    yield served
    assert "Traceback" not in served.end()


def test_a_month_is_closed_and_opened_by_who_may(own: Site, people: People) -> None:
    accountant, operator = as_at(own, people["accountant"]), as_at(own, people["operator"])
    page = accountant.ask("/accounts/")
    month = re.search(r'name="month" value="(\d{4}-\d\d)"', page.text)
    assert month, page.words
    form = {"books": "books", "month": month[1]}
    assert "Close the books" not in operator.ask("/accounts/").words
    assert operator.send("/accounts/", "/accounts/close/", **form, sure="1").status == 403
    refused = accountant.send("/accounts/", "/accounts/close/", **form)
    assert refused.status == 422
    assert "still open" in refused.words
    closed = accountant.send("/accounts/", "/accounts/close/", **form, sure="1")
    assert closed.status == 302
    told = accountant.ask(closed.headers["Location"])
    assert "are closed up to" in told.words
    assert "Closed by accountant" in told.words
    assert "Nothing of this month has changed" in told.words
    assert accountant.ask("/accounts/").words != told.words
    assert operator.send("/accounts/", "/accounts/open/", **form).status == 403
    opened = accountant.send(closed.headers["Location"], "/accounts/open/", **form)
    assert "are open again" in accountant.ask(opened.headers["Location"]).words
    assert own.desk.document("books", "close", "books", "2020-01-31")["until"] == "2020-01-31"


def test_a_server_that_ends_loses_only_its_jobs(own: Site, people: People) -> None:
    visitor = as_at(own, people["operator"])
    address, _ = compared(visitor)
    own.end()
    again = serve(own.desk, "--only-web", people=False)
    own.process, own.url = again.process, again.url
    visitor.url = again.url
    gone = visitor.ask(address)
    assert gone.status == 404
    assert "not kept any more" in gone.words
    assert visitor.ask("/accounts/").status == 200


def test_without_books_one_is_told_what_to_do(empty: Site) -> None:
    line = empty.process.stdout.readline() if empty.process.stdout else ""
    welcome = re.search(r"/welcome/\S+/", line)
    assert welcome
    visitor = empty.visitor()
    assert visitor.send(welcome[0], name="eva", password="correct-horse-battery-7").status == 302
    assert {path: visitor.ask(path).status for path in PAGES} == dict.fromkeys(PAGES, 200)
    assert "no books to close" in visitor.ask("/accounts/").words
    assert "Nothing was sold" in visitor.ask("/reports/").words
