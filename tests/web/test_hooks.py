"""Webhooks come in before everything else of the page: kept, answered at once, and nothing given away."""

import time
from urllib.parse import urlsplit

import pytest

from tests.web.site import Site, as_json

BODY = (
    b'{"project_name": "demo-shop", "orders": [{"order_number": "1", "last_update_time": "2026-05-01T10:00:00+02:00"}]}'
)


@pytest.fixture(scope="module")
def path(site: Site) -> str:
    """Where the shop is to call."""
    made = as_json(site.desk.done("hook", "rotate", "shop", "--json"))
    return str(made["path"])


def views(site: Site) -> dict[str, int]:
    found = as_json(site.desk.done("hook", "list", "--json"))
    return dict(found[0])


def test_a_call_is_kept_and_counted(site: Site, path: str) -> None:
    before = views(site)
    for _ in range(2):
        began = time.monotonic()
        answer = site.visitor().ask(path, BODY, Content_Type="application/json")
        assert (answer.status, answer.text) == (204, "")
        assert time.monotonic() - began < 1
    after = views(site)
    assert after["received"] - before["received"] == 2
    assert after["repeated"] - before["repeated"] == 1


@pytest.mark.parametrize(
    "wrong", ["/hooks/", "/hooks/shop/", "/hooks/shop/wrong", "/hooks/books/wrong", "/hooks/x/y/z"]
)
def test_a_wrong_address_is_as_if_nothing_were_there(site: Site, path: str, wrong: str) -> None:
    assert path.startswith("/hooks/shop/")
    answer = site.visitor().ask(wrong, BODY)
    assert (answer.status, answer.text) == (404, "")


def test_only_a_post_is_a_call(site: Site, path: str) -> None:
    assert site.visitor().ask(path).status == 405


def test_of_a_long_call_is_kept_that_something_changed(site: Site, path: str) -> None:
    waiting = views(site)["received"]
    assert site.visitor().ask(path, b"x" * 500_000).status == 204
    assert views(site)["received"] == waiting + 1


def test_one_without_end_is_refused(site: Site, path: str) -> None:
    received = views(site)["received"]
    assert site.visitor().ask(path, b"x" * (4 * 1024 * 1024 + 1)).status == 413
    assert views(site)["received"] == received


def test_the_address_that_was_replaced_is_dead_at_once(site: Site, path: str) -> None:
    assert site.visitor().ask(path, BODY).status == 204
    made = as_json(site.desk.done("hook", "rotate", "shop", "--json"))
    assert site.visitor().ask(path, BODY).status == 404
    assert site.visitor().ask(str(made["path"]), BODY + b" ").status == 204
    assert urlsplit(str(made["url"])).scheme == ""  # nobody said how the page is reached
