"""Where a record is found in the vendor's own pages: at the connection's own host, whatever the vendor's data say."""

import json

import pytest

from mostek.connectors.flexibee.connector import connector as flexibee
from mostek.connectors.flexibee.settings import FlexibeeSettings
from mostek.connectors.upgates.connector import connector as upgates
from mostek.connectors.upgates.settings import UpgatesSettings
from mostek.desk.pages import page

BOOKS = FlexibeeSettings(address="https://demo.example/", company="demo", login="x", password="x")
SHOP = UpgatesSettings(login="x", api_key="x", address="https://shop.admin.s1.upgates.com/api/v2")


def of_order(address: object) -> str:
    return page(upgates.manifest, SHOP, "order", "1", json.dumps({"admin_url": address}))


def test_a_template_is_filled() -> None:
    assert page(flexibee.manifest, BOOKS, "invoice", "17") == "https://demo.example/c/demo/faktura-vydana/17"
    assert page(flexibee.manifest, BOOKS, "payment", "17") == "", "no page is told of"


@pytest.mark.parametrize("id", ["", "../../x", "1?x", "1#x", "1/2", "1 2", "ext:MOSTEK:1", "<script>"])
def test_an_id_that_would_lead_elsewhere_has_no_page(id: str) -> None:
    assert page(flexibee.manifest, BOOKS, "invoice", id) == ""


def test_the_records_own_word_is_taken_at_the_connections_host() -> None:
    good = "https://shop.admin.s1.upgates.com/orders/detail/default/1"
    assert of_order(good) == good


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "//shop.admin.s1.upgates.com/x",
        "http://shop.admin.s1.upgates.com/",
        "https://evil.example/",
        "https://shop.admin.s1.upgates.com@evil.example/",
        "https://shop.admin.s1.upgates.com:8443/",
        "https://shop.admin.s1.upgates.com.evil.example/",
        "https://shop.admin.s1.upgates.com/\u202e",
        "https://[",
        "",
        None,
        7,
        ["https://shop.admin.s1.upgates.com/"],
    ],
)
def test_and_nowhere_else(address: object) -> None:
    assert of_order(address) == ""


@pytest.mark.parametrize("payload", ["", "[]", "{", "[" * 100_000, "7"])
def test_a_payload_that_says_nothing_has_no_page(payload: str) -> None:
    assert page(upgates.manifest, SHOP, "order", "1", payload) == ""


def test_every_page_of_a_manifest_can_be_made() -> None:
    for kind in flexibee.manifest.pages:
        assert page(flexibee.manifest, BOOKS, kind, "1").startswith("https://demo.example/c/demo/")
