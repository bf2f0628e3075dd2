"""Search and case in the page: an answer in a sentence, the story of a case, and what may be done with it."""

import json
import re
import sqlite3

from tests.web.site import Site


def one(site: Site, state: str) -> tuple[int, str]:
    """A case with a document in this state, and its number."""
    with sqlite3.connect(f"file:{site.desk.data / 'mostek.db'}?mode=ro", uri=True) as ledger:
        found = ledger.execute(
            "SELECT r.case_id, r.number FROM record r JOIN decision d ON d.record = r.id WHERE d.state = ?"
            " ORDER BY r.id LIMIT 1",
            (state,),
        ).fetchone()
    return int(found[0]), str(found[1])


def test_an_empty_box_says_what_can_be_asked(site: Site) -> None:
    page = site.visitor("accountant").ask("/search/")
    assert page.status == 200
    assert "a name, an e-mail or an amount" in page.words


def test_nothing_found_says_so(site: Site) -> None:
    visitor = site.visitor("owner")
    for question in ("%00", "%25", "_", "x" * 3000, "%F0%9F%98%80", "zzz-nothing", "%20%20"):
        page = visitor.ask(f"/search/?q={question}")
        assert page.status == 200
        assert "Nothing is known of" in page.words or "Where is it?" in page.words, question


def test_a_question_is_answered_in_a_sentence_with_the_next_step(site: Site) -> None:
    visitor = site.visitor("operator")
    case, number = one(site, "done")
    page = visitor.ask(f"/search/?q={number}")
    assert re.search(rf"{number} has been in books since", page.words)
    assert "Nothing to do." in page.words
    assert f'href="/case/{case}/"' in page.text
    _, parked = one(site, "parked")
    assert f"{parked} needs you" in visitor.ask(f"/search/?q=where+is+{parked}?").words


def test_every_page_has_the_box(site: Site) -> None:
    visitor = site.visitor("owner")
    for path in ("/", "/inbox/", "/search/", "/nowhere/"):
        assert 'action="/search/"' in visitor.ask(path).text


def test_a_case_tells_its_story_and_shows_both_sides(site: Site) -> None:
    case, number = one(site, "done")
    page = site.visitor("accountant").ask(f"/case/{case}/")
    for told in (number, "As it should stand", "was read", "Flow invoices decided", "Sent to books", "it is there as"):
        assert told in page.words, told
    assert 'name="do"' not in page.text, "an accountant only looks"
    assert 'name="do"' in site.visitor("operator").ask(f"/case/{case}/").text
    assert re.search(r'href="http://127\.0\.0\.1:\d+/c/demo/faktura-vydana/\d+"', page.text), "open in the books"


def test_the_books_are_asked_on_demand(site: Site) -> None:
    visitor = site.visitor("accountant")
    case, _ = one(site, "done")
    assert "As it stands in books" not in visitor.ask(f"/case/{case}/").words
    page = visitor.send(f"/case/{case}/", f"/case/{case}/books/")
    assert page.status == 200
    assert "As it stands in books" in page.words
    assert "VAT in books" in page.words
    assert "differs" not in page.words
    assert visitor.ask(f"/case/{case}/books/").status == 405


def test_a_stored_case_is_decided_again_and_downloaded(site: Site) -> None:
    visitor = site.visitor("operator")
    case, number = one(site, "done")
    assert "it comes out the same" in visitor.ask(f"/case/{case}/replay/").words
    plain, disguised = (visitor.ask(f"/case/{case}/file/{query}") for query in ("", "?anonymous=1"))
    assert plain.headers["Content-Disposition"] == f'attachment; filename="mostek-case-{case}.json"'
    assert number in plain.text
    assert json.loads(disguised.text)["anonymous"] is True
    assert json.loads(plain.text)["case"] == case


def test_what_is_done_in_a_case_leads_back_to_it(site: Site) -> None:
    visitor = site.visitor("operator")
    case, number = one(site, "parked")
    page = visitor.ask(f"/case/{case}/")
    found = re.search(r'name="do" value="retry (\d+)"', page.text)
    assert found
    answer = visitor.send(f"/case/{case}/", "/inbox/act/", do=f"retry {found[1]}", case=case)
    assert (answer.status, answer.headers["Location"]) == (302, f"/case/{case}/")
    assert "1 document is decided again now" in visitor.ask(f"/case/{case}/").words
    assert number in page.words


def test_a_guessed_case_is_refused(site: Site) -> None:
    visitor = site.visitor("owner")
    for path in ("/case/{}/", "/case/{}/replay/", "/case/{}/file/"):
        for case in ("0", "999999", "abc", "-1", "99999999999999999999999", "%00", "1;x"):
            assert visitor.ask(path.format(case)).status in {404, 422}, path.format(case)


def test_a_stranger_sees_nothing(site: Site) -> None:
    for path in ("/search/?q=1", "/case/1/", "/case/1/file/", "/case/1/replay/"):
        assert site.visitor().ask(path).status == 302
