"""An administrator's hand through the control API: edits to a value, many at once, documents of a given moment."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from .conftest import Client, Open

Json = dict[str, Any]


async def truths(shop: Client) -> dict[str, Json]:
    return {each["number"]: each for each in (await shop.ledger())["documents"]}


async def domestic(shop: Client) -> list[str]:
    """Invoices in CZK at Czech rates, with VAT, that were not credited."""
    found = (await truths(shop)).values()
    credited = {each["related"] for each in found}
    return [
        each["number"]
        for each in found
        if (each["kind"], each["currency"], each["regime"]) == ("invoice", "CZK", "standard")
        and each["number"] not in credited
    ]


async def test_a_price_a_quantity_and_a_rate_become_what_is_said(shop: Client) -> None:
    number = (await domestic(shop))[0]
    await shop.control("edit", {"invoice": number, "change": "price", "value": "5000.50"})
    await shop.control("edit", {"invoice": number, "change": "quantity", "value": "2"})
    item = max((await shop.invoice(number))["items"], key=lambda each: each["price_with_vat"])
    assert 5000.5 in {item["price_per_unit_with_vat"], item["price_per_unit_without_vat"]}
    assert item["quantity"] == 2
    before = (await truths(shop))[number]
    await shop.control("edit", {"invoice": number, "change": "vat", "value": "12" if item["vat"] == 21 else "21"})
    after, shown = (await truths(shop))[number], await shop.invoice(number)
    assert after["rates"] != before["rates"]
    for truth in (before, after):
        gross = sum(Decimal(rate["base"]) + Decimal(rate["vat"]) for rate in truth["rates"].values())
        assert gross + Decimal(truth["rest"]) == Decimal(truth["total"])
    assert {key: str(Decimal(str(row["vat"]))) for key, row in shown["recapitulation_vats"].items()} == {
        key: str(Decimal(row["vat"]).normalize()) if Decimal(row["vat"]) % 1 else str(int(Decimal(row["vat"])))
        for key, row in after["rates"].items()
    }


@pytest.mark.parametrize(
    ("change", "value", "shown"),
    [
        ("date", "2025-02-03", {"date_of_issuance": "2025-02-03"}),
        (
            "created",
            "2025-02-03T23:59:59",
            {"creation_time": "2025-02-03T23:59:59+01:00", "date_of_issuance": "2025-02-03"},
        ),
        ("note", "Pozor", {"note": "Pozor"}),
        ("symbol", "4711", {"variable_symbol": "4711"}),
        ("paid", True, {"paid_yn": True}),
        ("paid", False, {"paid_yn": False}),
        ("currency", "EUR", {"currency_id": "EUR"}),
    ],
)
async def test_an_edit_to_a_value(shop: Client, change: str, value: object, shown: Json) -> None:
    number = (await domestic(shop))[0]
    await shop.control("edit", {"invoice": number, "change": change, "value": value})
    after = await shop.invoice(number)
    assert {name: str(after[name])[: len(str(told))] for name, told in shown.items()} == {
        name: str(told) for name, told in shown.items()
    }


@pytest.mark.parametrize(
    ("change", "value"),
    [
        ("price", "many"),
        ("price", "1.001"),
        ("quantity", "0"),
        ("currency", "USD"),
        ("date", "today"),
        ("colour", "red"),
    ],
)
async def test_a_value_that_cannot_be_is_400_and_nothing_is_done(shop: Client, change: str, value: str) -> None:
    first, second = (await domestic(shop))[:2]
    before = await truths(shop)
    edits = [{"invoice": first, "change": "date"}, {"invoice": second, "change": change, "value": value}]
    async with shop.session.post(f"{shop.url}/_sandbox/edit", json={"edits": edits}) as reply:
        assert reply.status == 400
    assert await truths(shop) == before


async def test_many_documents_in_one_call(shop: Client) -> None:
    numbers = (await domestic(shop))[:6]
    edits = [{"invoices": numbers[:2], "change": "price"}, {"invoice": numbers[0], "change": "price"}]
    assert len((await shop.control("edit", {"edits": edits}))["edited"]) == 3
    paid = await shop.control("pay", {"invoices": numbers, "date": "2025-04-01"})
    assert [each["paid"] for each in paid["invoices"]] == ["full"] * 6
    back = await shop.control("pay", {"invoices": numbers[:3], "date": None})
    assert [each["paid"] for each in back["invoices"]] == ["none"] * 3
    notes = await shop.control("credit", {"invoices": numbers[2:4]})
    assert [each["related"] for each in notes["invoices"]] == numbers[2:4]
    assert (await shop.control("delete", {"invoices": numbers[4:]}))["numbers"] == numbers[4:]
    assert not set(numbers[4:]) & set(await truths(shop))
    edited = (await shop.control("edit", {"random": 5, "changes": ["vat", "currency"]}))["edited"]
    assert {each["change"] for each in edited} <= {"vat", "currency"}


MOMENTS = [
    ("2025-01-31T23:59:59", "2025-01-31T23:59:59+01:00", "2025-01-31"),
    ("2025-02-01T00:00:00", "2025-02-01T00:00:00+01:00", "2025-02-01"),
    ("2025-03-30T01:59:59", "2025-03-30T01:59:59+01:00", "2025-03-30"),
    ("2025-03-30T01:00:00Z", "2025-03-30T03:00:00+02:00", "2025-03-30"),
    ("2025-06-30T22:00:00Z", "2025-07-01T00:00:00+02:00", "2025-07-01"),
    ("2025-06-30T21:59:59Z", "2025-06-30T23:59:59+02:00", "2025-06-30"),
    ("2025-10-26T00:00:00Z", "2025-10-26T02:00:00+02:00", "2025-10-26"),
    ("2025-10-26T01:00:00Z", "2025-10-26T02:00:00+01:00", "2025-10-26"),
    ("2025-10-26T23:00:00Z", "2025-10-27T00:00:00+01:00", "2025-10-27"),
    ("2025-12-31T23:59:59", "2025-12-31T23:59:59+01:00", "2025-12-31"),
]


async def test_documents_at_midnight_and_on_both_sides_of_the_change_of_time(open_shop: Open) -> None:
    shop = await open_shop()
    made = (await shop.control("insert", {"at": [told for told, _, _ in MOMENTS]}))["documents"]
    found = {number: await shop.invoice(number) for number in (each["number"] for each in made)}
    assert [(each["creation_time"], each["date_of_issuance"][:10]) for each in found.values()] == [
        (shown, day) for _, shown, day in MOMENTS
    ]
    assert [each["issued"] for each in made] == [day for _, _, day in MOMENTS]
    for each in made:
        assert (await shop.order(each["order"]))["invoice_number"] == each["number"]


async def test_an_inserted_document_is_found_by_its_last_change(open_shop: Open) -> None:
    shop = await open_shop()
    await shop.control("insert", {"at": "2020-01-01", "order": False})
    await shop.control("insert", {"at": "2020-01-01", "kind": "receipt", "updated": "2020-01-02"})
    today = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    listed = (await shop.get(f"/invoices?last_update_time_from={today}")).json["invoices"]
    assert [(each["type"], each["order_number"]) for each in listed] == [("invoice", None)]
    assert (await shop.get("/invoices?last_update_time_from=2020-01-02")).json["number_of_items"] == 2
    for wrong in ({}, {"at": "noon"}, {"at": "2020-01-01", "kind": "creditNote"}):
        async with shop.session.post(f"{shop.url}/_sandbox/insert", json=wrong) as reply:
            assert reply.status == 400


async def test_answers_are_dated_by_the_shops_clock(open_shop: Open) -> None:
    shop = await open_shop(clock_offset=str(3 * 86_400))

    async def ahead(path: str = "/status", **headers: str) -> float:
        told = parsedate_to_datetime((await shop.get(path, **headers)).headers["Date"])
        return (told - datetime.now(UTC)).total_seconds() / 86_400

    assert await ahead() == pytest.approx(3, abs=0.01)
    await shop.control("clock", {"advance": 86_400})
    assert await ahead() == pytest.approx(4, abs=0.01)
    assert await ahead("/nowhere") == pytest.approx(4, abs=0.01)
    assert await ahead(Authorization="Basic eDp5") == pytest.approx(4, abs=0.01)
    rule = {"fault": "rate_limited", "format": "date", "seconds": 60, "path": "/status"}
    await shop.control("faults", rule, "PUT")
    answer = await shop.get("/status")
    dated, again = (parsedate_to_datetime(answer.headers[name]) for name in ("Date", "Retry-After"))
    assert timedelta(seconds=58) < again - dated < timedelta(seconds=62)
    assert (again - datetime.now(UTC)).total_seconds() / 86_400 == pytest.approx(4, abs=0.01)
