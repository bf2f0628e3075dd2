"""The inbox in the page: what each role sees and does there, what was done and what was not, and hostile text."""

import re
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.async_api import Browser

from tests.cli.desk import Desk
from tests.web.site import Answer, Site, Visitor, serve
from tests.web.test_pages import opened

HOSTILE = "\"'><script>hostile(1)</script>"


def rows(answer: Answer) -> dict[str, int]:
    """The documents of an inbox page: the record by number."""
    return {
        number: int(record)
        for record, number in re.findall(r'name="record" value="(\d+)" aria-label="([^"]+)"', answer.text)
    }


def after(visitor: Visitor, answer: Answer) -> str:
    """What the page says that a form led to."""
    assert answer.status == 302, answer.words
    return visitor.ask(answer.headers["Location"]).words


def test_causes_narrow_the_list_and_say_how_old_they_are(site: Site) -> None:
    visitor = site.visitor("operator")
    page = visitor.ask("/inbox/")
    causes = re.findall(r'href="\?cause=([\w.%]+)"', page.text)
    assert len(causes) > 1
    assert "oldest" in page.words
    parts = [rows(visitor.ask(f"/inbox/?cause={cause}")) for cause in causes]
    assert sum(map(len, parts)) == len(rows(page)) > 0
    assert rows(visitor.ask("/inbox/?kind=receipt&cause=nothing.such")) == {}


def test_a_document_is_left_out_with_a_reason_and_taken_back(site: Site) -> None:
    visitor = site.visitor("operator")
    number, record = next(iter(rows(visitor.ask("/inbox/")).items()))
    refused = visitor.send("/inbox/", "/inbox/act/", do=f"exclude {record}")
    assert refused.status == 422
    told = after(
        visitor, visitor.send("/inbox/", "/inbox/act/", do=f"exclude {record}", **{f"reason_{record}": "by hand"})
    )
    assert "1 document is left out" in told
    assert number not in rows(visitor.ask("/inbox/"))
    left = visitor.ask("/inbox/?left_out=1")
    assert number in rows(left)
    assert "operator: by hand" in left.words
    told = after(visitor, visitor.send("/inbox/?left_out=1", "/inbox/act/", do="undo", record=record, left_out="1"))
    assert "1 document is taken back" in told


def test_what_was_not_done_is_told_with_its_number(site: Site) -> None:
    visitor = site.visitor("operator")
    record = next(iter(rows(visitor.ask("/inbox/")).values()))
    told = after(visitor, visitor.send("/inbox/", "/inbox/act/", do="accept", record=[record, 999_999]))
    assert "were not touched, they do not stand in the books" in told
    assert "Choose some documents first" in after(visitor, visitor.send("/inbox/", "/inbox/act/", do="retry"))


def test_somebody_is_asked_to_look_after_it(site: Site) -> None:
    visitor = site.visitor("operator")
    record = next(iter(rows(visitor.ask("/inbox/")).values()))
    form = {"do": "assign", "record": record, "assignee": "accountant", "note": "Which rate is meant?"}
    assert "Noted with 1 document" in after(visitor, visitor.send("/inbox/", "/inbox/act/", **form))
    mine = site.visitor("accountant").ask("/inbox/?mine=1")
    assert "Which rate is meant?" in mine.words
    assert mine.words.count("accountant") >= 2
    after(visitor, visitor.send("/inbox/", "/inbox/act/", do="assign", record=record))
    assert "Which rate" not in visitor.ask("/inbox/").words


def test_an_accountant_sees_and_changes_nothing(site: Site) -> None:
    visitor = site.visitor("accountant")
    page = visitor.ask("/inbox/")
    assert page.status == 200
    assert rows(page) == {}
    assert 'name="do"' not in page.text
    for deed in ("retry 1", "exclude 1", "accept 1", "adopt 1 2", "reread 1", "assign 1", "retry_all"):
        assert visitor.send("/", "/inbox/act/", do=deed, reason="x", cause="x").status == 403, deed


def test_addresses_that_were_made_up_are_no_defect(site: Site) -> None:
    visitor = site.visitor("owner")
    for query in ("after=x", "after=-1", "after=99999999999999999999", "after=1&passage=y", "mine=1&flow=%00"):
        assert visitor.ask(f"/inbox/?{query}").status in {200, 422}, query
    for deed in ("retry x", "adopt 1 ", "exclude 99999999999999999999", "nonsense 1"):
        assert visitor.send("/inbox/", "/inbox/act/", do=deed, reason="x").status in {302, 422}, deed


@pytest.fixture
def hostile(transferred: Path, site: Site, tmp_path: Path) -> Iterator[Site]:
    """Served, where every text that came from a vendor or a person is hostile; with the people of the other site."""
    desk = Desk(tmp_path / "data")
    shutil.copytree(transferred, desk.data)
    desk.done("takeover", "--yes")
    with sqlite3.connect(desk.data / "mostek.db") as ledger:
        ledger.execute("UPDATE record SET number = ? || number", (HOSTILE,))
        ledger.execute("UPDATE record SET payload = replace(payload, 'Novák', ?)", (HOSTILE.replace('"', ""),))
        ledger.execute("UPDATE action SET words = ?, target_number = ?, target_id = ?", (HOSTILE,) * 3)
        ledger.execute(
            "UPDATE decision SET rule = ?, problem = json_set(problem, '$.details.words', ?, '$.details.ids', 'X1',"
            " '$.details.found', ?, '$.field', ?) WHERE state = 'parked'",
            (HOSTILE,) * 4,
        )
        ledger.execute(
            "INSERT INTO assignment SELECT record, 1, ?, ?, ?, 0 FROM decision WHERE state = 'parked'", (HOSTILE,) * 3
        )
    with sqlite3.connect(site.desk.data / "web.sqlite3") as people, sqlite3.connect(desk.data / "web.sqlite3") as own:
        people.backup(own)
    served = serve(desk, "--only-web", people=False)
    yield served
    assert "Traceback" not in served.end()


def test_what_vendors_and_people_wrote_is_text_and_nothing_else(hostile: Site) -> None:
    visitor = hostile.visitor("owner")
    with sqlite3.connect(hostile.desk.data / "mostek.db") as ledger:
        cases = [row[0] for row in ledger.execute("SELECT DISTINCT case_id FROM record ORDER BY case_id LIMIT 25")]
    pages = [
        "/",
        "/inbox/",
        "/search/?q=202600001",
        f"/search/?q={quote(HOSTILE)}",
        *(f"/case/{case}/" for case in cases),
    ]
    seen = 0
    for path in pages:
        answer = visitor.ask(path)
        assert answer.status == 200, path
        assert "<script>hostile" not in answer.text, path
        assert not re.search(r"""\shref=["']?\s*(?:javascript|data):""", answer.text, re.IGNORECASE), path
        seen += "&lt;script&gt;hostile" in answer.text
    assert seen >= len(cases)


async def test_all_of_it_can_be_done_by_keys(site: Site, chromium: Browser) -> None:
    page = await opened(chromium, site, 1280, "light")
    await page.goto(f"{site.url}/inbox/")
    await page.keyboard.press("?")
    assert await page.locator("#keys").is_visible()
    await page.keyboard.press("Escape")
    for key in "jjkx":
        await page.keyboard.press(key)
    assert await page.locator("input[name=record]:checked").count() == 1
    first = page.locator("input[name=record]").first
    assert await first.is_checked()
    number = await first.get_attribute("aria-label") or "none"
    await page.keyboard.press("e")
    await page.keyboard.type("by keys, with j, k and x")
    assert await page.locator("input[name=reason]").input_value() == "by keys, with j, k and x"
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.wait_for_selector(".notice.success")
    await page.goto(f"{site.url}/inbox/?left_out=1")
    await page.keyboard.press("j")
    await page.keyboard.press("r")
    await page.wait_for_selector(".notice.success")
    await page.goto(f"{site.url}/inbox/")
    await page.keyboard.press("j")
    await page.keyboard.press("o")
    await page.wait_for_url("**/case/*/")
    await page.keyboard.press("/")
    await page.keyboard.type(str(number))
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/search/?q=*")
    assert number in (await page.locator(".known").first.inner_text())
    await page.context.close()
