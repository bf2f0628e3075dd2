"""Customers written by POST, PUT and DELETE: identity by e-mail, partial changes, refusals, time filters, webhooks."""

from typing import Any
from urllib.parse import quote

import pytest

from mostek.connectors.upgates.sandbox.shop.clock import iso

from .conftest import Client, Open

Json = dict[str, Any]

FIRM: Json = {
    "type": "company",
    "language": "cs",
    "firstname": "Žofie",
    "surname": "Nová",
    "code": "EXT-1",
    "company": {"name": "Kůň s.r.o.", "company_number": "27082440", "vat_number": "CZ27082440", "vat_payer_yn": "1"},
    "communication": {"phone": "+420 731731731"},
    "login": {"active_yn": "1", "email": "Zofie@kun.example", "password": "tajné"},
    "addresses": {
        "billing": {"street": "Dlouhá 1", "city": "Brno", "zip_code": "602 00", "country_id": "cz"},
        "postal": [{"street": "Krátká 2", "city": "Brno", "zip_code": "602 00", "country_id": "CZ"}],
    },
}


async def send(shop: Client, method: str, *customers: object) -> list[Json]:
    answer = await shop.call(method, "/customers", {"customers": list(customers)})
    assert answer.status == 200, answer.text
    found: list[Json] = answer.json["customers"]
    return found


async def find(shop: Client, **query: str) -> list[Json]:
    text = "&".join(f"{name}={quote(value)}" for name, value in query.items())
    found: list[Json] = (await shop.get(f"/customers?{text}")).json["customers"]
    return found


async def test_a_customer_is_created_and_shown(shop: Client) -> None:
    assert await send(shop, "POST", FIRM) == [{"email": "Zofie@kun.example", "inserted_yn": True, "messages": []}]
    (shown,) = await find(shop, email="Zofie@kun.example")
    existing = (await find(shop, customer_id="7"))[0]
    assert list(shown) == list(existing)
    assert (shown["customer_id"], shown["code"], shown["type"]) == (601, "EXT-1", "company")
    assert shown["company"] == {**FIRM["company"], "vat_payer_yn": True}
    assert shown["login"] == {"active_yn": True, "blocked_yn": False, "email": "Zofie@kun.example"}
    assert shown["addresses"]["billing"]["country_id"] == "CZ"
    assert shown["addresses"]["postal"][0]["company_name"] is None
    assert shown["creation_time"] == shown["last_update_time"]
    assert "tajné" not in (await shop.get("/customers?code=EXT-1")).text


async def test_only_what_is_sent_changes(shop: Client) -> None:
    await send(shop, "POST", FIRM)
    (before,) = await find(shop, code="EXT-1")
    await shop.control("clock", {"advance": 100})
    change = {"login": {"email": "zofie@KUN.example"}, "surname": "Stará", "company": {"company_number": ""}}
    (result,) = await send(shop, "PUT", {**change, "addresses": {"billing": {"street": "Nová 3"}}})
    assert (result["updated_yn"], result["messages"]) == (True, [])
    (after,) = await find(shop, code="EXT-1")
    assert {name for name in after if after[name] != before[name]} == {
        "surname",
        "company",
        "login",
        "addresses",
        "last_update_time",
    }
    assert after["company"] == {**before["company"], "company_number": None}
    assert after["addresses"]["billing"] == {**before["addresses"]["billing"], "street": "Nová 3"}
    assert after["addresses"]["postal"] == before["addresses"]["postal"]
    await send(shop, "PUT", {"login": {"email": "zofie@kun.example"}, "addresses": {"postal": []}})
    assert (await find(shop, code="EXT-1"))[0]["addresses"]["postal"] == []


@pytest.mark.parametrize(
    ("change", "prop"),
    [
        ({"type": "person"}, "type"),
        ({"type": None}, "type"),
        ({"language": "xx"}, "language"),
        ({"login": {}}, "login.email"),
        ({"login": {"email": "nobody"}}, "login.email"),
        ({"login": "nobody@nowhere.example"}, "login"),
        ({"login": {"email": "a@b.example", "active_yn": "maybe"}}, "login.active_yn"),
        ({"company": None}, "company.name"),
        ({"company": {"vat_payer_yn": True}}, "company.name"),
        ({"newsletter_accept": "perhaps"}, "newsletter_accept"),
        ({"pricelist": "Tajný"}, "pricelist"),
        ({"base_turnover": "mnoho"}, "base_turnover"),
        ({"firstname": "x" * 256}, "firstname"),
        ({"note": 1}, "note"),
        ({"addresses": {"billing": {"country_id": "XX"}}}, "addresses.billing.country_id"),
        ({"addresses": {"postal": {}}}, "addresses.postal"),
        ({"code": "C00007"}, "code"),
    ],
)
async def test_a_customer_that_is_refused(shop: Client, change: Json, prop: str) -> None:
    good = {**FIRM, "code": "EXT-2", "login": {"email": "good@kun.example"}}
    bad, fine = await send(shop, "POST", {**FIRM, **change}, good)
    (message,) = bad["messages"]
    assert (bad["inserted_yn"], message["property"], message["level"]) == (False, prop, "error")
    assert fine["inserted_yn"] is True
    assert [each["customer_id"] for each in await find(shop, company_name="Kůň s.r.o.")] == [601]


async def test_an_email_is_one_customers(shop: Client) -> None:
    (known,) = await find(shop, customer_id="7")
    (result,) = await send(shop, "POST", {**FIRM, "login": {"email": known["login"]["email"].upper()}})
    assert (result["inserted_yn"], result["messages"][0]["property"]) == (False, "login.email")
    for nobody in ({"login": {"email": "nobody@kun.example"}}, {"surname": "X"}, {"code": "C00007"}):
        (result,) = await send(shop, "PUT", nobody)
        assert (result["updated_yn"], result["messages"][0]["property"]) == (False, "login.email")


async def test_a_code_may_name_the_customer(open_shop: Open) -> None:
    shop = await open_shop(customer_key="email_or_code", customer_code_unique="no")
    (result,) = await send(shop, "PUT", {"code": "C00007", "login": {"email": "new@kun.example"}})
    assert result["updated_yn"] is True
    assert (await find(shop, customer_id="7"))[0]["login"]["email"] == "new@kun.example"
    assert (await send(shop, "POST", {**FIRM, "code": "C00007"}))[0]["inserted_yn"] is True


async def test_unknown_keys_and_groups_are_warnings(shop: Client) -> None:
    customer = {**FIRM, "colour": "red", "groups": [{"id": 5}], "metas": [], "company": {**FIRM["company"], "size": 1}}
    (result,) = await send(shop, "POST", customer)
    assert result["inserted_yn"] is True
    assert {(each["property"], each["level"]) for each in result["messages"]} == {
        ("colour", "warning"),
        ("groups", "warning"),
        ("company.size", "warning"),
    }


async def test_changed_customers_are_found_by_time(shop: Client) -> None:
    now = (await shop.control("clock", {"advance": 0}))["now"]
    await send(shop, "POST", FIRM)
    await send(shop, "PUT", {"login": {"email": (await find(shop, customer_id="7"))[0]["login"]["email"]}, "note": "x"})
    since = {"last_update_time_from": iso(now - 60)}
    assert [each["customer_id"] for each in await find(shop, **since)] == [7, 601]
    assert [each["customer_id"] for each in await find(shop, creation_time_from=iso(now - 60))] == [601]
    assert await find(shop, last_update_time_from=iso(now + 3600)) == []


async def test_deleting(shop: Client) -> None:
    await send(shop, "POST", FIRM)
    answer = await shop.call("DELETE", "/customers?ids=5;601;999")
    assert [(each["customer_id"], each["deleted_yn"]) for each in answer.json["customers"]] == [
        (5, True),
        (601, True),
        ("999", False),
    ]
    email = (await find(shop, customer_id="7"))[0]["login"]["email"]
    answer = await shop.call("DELETE", f"/customers?email={email}")
    assert answer.json["customers"][0] == {"customer_id": 7, "email": email, "deleted_yn": True, "messages": []}
    assert await find(shop, ids="5;7;601") == []
    await send(shop, "POST", FIRM)
    assert [each["customer_id"] for each in await find(shop, code="EXT-1")] == [602]


async def test_limits_and_rights(shop: Client) -> None:
    answer = await shop.call("POST", "/customers", {"customers": [FIRM] * 101})
    assert answer.status == 413
    assert (await shop.call("PUT", "/customers", {"customers": {}})).status == 400
    assert (await send(shop, "POST", "text"))[0]["messages"][0]["property"] == "customers"
    await shop.control("users", {"login": "reader", "key": "k", "privileges": {"customers": "readonly"}})
    shop.login, shop.key = "reader", "k"
    assert (await shop.call("POST", "/customers", {"customers": []})).status == 403
    assert (await shop.get("/customers?page=1")).status == 200


async def test_an_administrator_writes_customers_and_webhooks_tell(shop: Client) -> None:
    for what in ("create", "update", "delete"):
        hook = {"name": what, "url": "http://127.0.0.1:9/hook", "event": f"Customers.{what}"}
        assert (await shop.call("POST", "/webhooks", hook)).status == 200
    email = {"login": {"email": "zofie@kun.example"}}
    await shop.control("customers", {"save": [FIRM]})
    await shop.control("customers", {"save": [{**email, "surname": "X"}]})
    told = await shop.control("customers", {"delete": ["zofie@kun.example"]})
    assert [each["deleted_yn"] for each in told["deleted"]] == [True]
    await shop.control("webhooks/deliver")
    sent = (await shop.control("webhooks/sent", method="GET"))["sent"]
    records = [record for call in sent for record in call["body"]["customers"]]
    stamps = [next(name for name in record if name.endswith("_time")) for record in records]
    assert sorted(set(stamps)) == ["creation_time", "deletion_time", "last_update_time"]
    assert {record["customer_id"] for record in records} == {601}
