"""The control API, the ledger as judge, restarts, and the table of what is assumed."""

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import mostek.connectors.upgates.sandbox as package
from mostek.connectors.upgates.sandbox import create
from mostek.connectors.upgates.sandbox.edits import AMOUNTS, EDITS
from mostek.connectors.upgates.sandbox.options import Options, assumed
from mostek.connectors.upgates.sandbox.shop.clock import iso
from mostek.connectors.upgates.sandbox.shop.hostile import HOSTILE

from .conftest import Client, Open

Json = dict[str, Any]


async def documents(shop: Client) -> dict[str, Json]:
    return {each["number"]: each for each in (await shop.ledger())["documents"]}


async def test_generate_makes_exactly_what_was_asked(open_shop: Open) -> None:
    shop = await open_shop()
    for count in (1, 7, 200, 33):
        before = len(await documents(shop))
        made = await shop.control("generate", {"seed": 4, "documents": count})
        assert made["documents"] == count
        assert len(await documents(shop)) == before + count


async def test_numbers_of_a_series_have_no_gaps(open_shop: Open) -> None:
    shop = await open_shop(documents="150")
    await shop.control("generate", {"documents": 50, "seed": 9})
    series: dict[str, list[int]] = {}
    for number in await documents(shop):
        series.setdefault(number[:-5], []).append(int(number[-5:]))
    assert len(series) >= 3
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in series.values())


async def test_documents_lie_in_the_time_asked_for(open_shop: Open) -> None:
    shop = await open_shop()
    await shop.control("generate", {"documents": 60, "from": "2024-06-01", "to": "2024-07-01"})
    assert all("2024-06-01" <= each["issued"] <= "2024-07-01" for each in (await documents(shop)).values())


async def test_a_shop_is_the_same_for_the_same_seed(open_shop: Open) -> None:
    first, second = await open_shop("a"), await open_shop("b")
    for shop in (first, second):
        await shop.control("generate", {"documents": 40, "from": "2025-01-01", "to": "2025-02-01"})
    assert await documents(first) == await documents(second)


async def test_touch_moves_the_stamp_and_nothing_else(shop: Client) -> None:
    before = (await shop.get("/invoices?page=1")).text
    orders = (await shop.get("/orders")).json["orders"]
    now = (await shop.control("clock", {"advance": 1000}))["now"]
    assert (await shop.control("touch", {"count": 5})) == {"touched": 5}
    after = (await shop.get("/invoices?page=1")).text
    assert after == before
    later = iso(now - 500).replace("+", "%2B")
    assert (await shop.get(f"/invoices?last_update_time_from={later}")).json["number_of_items"] == 5
    assert (await shop.control("touch")) == {"touched": 30}
    changed = [
        {key for key in new if new[key] != old[key]}
        for old, new in zip(orders, (await shop.get("/orders")).json["orders"], strict=True)
    ]
    assert {frozenset(keys) for keys in changed} <= {frozenset(), frozenset({"last_update_time"})}


@pytest.mark.parametrize("change", list(EDITS))
async def test_an_edited_document_stays_consistent(shop: Client, change: str) -> None:
    number = next(each["number"] for each in (await documents(shop)).values() if each["kind"] == "invoice")
    before, truth = await shop.invoice(number), (await documents(shop))[number]
    await shop.control("edit", {"invoice": number, "change": change})
    after, now = await shop.invoice(number), (await documents(shop))[number]
    assert after != before
    assert Decimal(str(after["total_with_vat"])) == Decimal(now["total"])
    whole = after["recapitulation_vats_total"]
    if after["currency_id"] == "CZK":
        assert Decimal(str(whole["total"])) + Decimal(str(after["total_rest"])) == Decimal(now["total"])
    assert (now["total"] != truth["total"]) == (change in AMOUNTS)


async def test_random_edits_are_as_many_as_asked(shop: Client) -> None:
    before = await shop.get("/invoices?page=1")
    edited = (await shop.control("edit", {"random": 6}))["edited"]
    after = (await shop.get("/invoices?page=1")).json["invoices"]
    differing = [new["invoice_number"] for old, new in zip(before.json["invoices"], after, strict=True) if old != new]
    assert sorted(differing) == sorted(each["invoice"] for each in edited)
    assert len(edited) == 6


async def test_pay_and_take_back(shop: Client) -> None:
    unpaid = next(each for each in (await documents(shop)).values() if each["paid"] == "none" and each["order"])
    await shop.control("pay", {"invoice": unpaid["number"], "date": "2025-04-01T08:00:00+02:00"})
    assert (await shop.invoice(unpaid["number"]))["paid_yn"] is True
    assert (await shop.order(unpaid["order"]))["paid_date"] == "2025-04-01T08:00:00+02:00"
    await shop.control("pay", {"order": unpaid["order"], "date": None})
    assert (await documents(shop))[unpaid["number"]]["paid"] == "none"


async def test_partial_credit(shop: Client) -> None:
    notes = []
    for truth in list((await documents(shop)).values()):
        if truth["kind"] == "invoice":
            note = await shop.control("credit", {"invoice": truth["number"], "partial": True})
            assert note["related"] == truth["number"]
            assert Decimal(note["total"]) > 0
            assert note["rates"].keys() <= truth["rates"].keys()
            notes.append(Decimal(note["total"]) < Decimal(truth["total"]))
    assert notes.count(True) > len(notes) / 2


async def test_what_is_not_there_is_404_and_what_is_wrong_400(shop: Client) -> None:
    for path, body, status in (
        ("pay", {"invoice": "nothing"}, 404),
        ("delete", {"order": "nothing"}, 404),
        ("edit", {"invoice": "x", "change": "colour"}, 400),
        ("generate", {"from": "yesterday"}, 400),
        ("users", {"login": "a", "privileges": {"orders": "some"}}, 400),
        ("credit", {}, 400),
    ):
        async with shop.session.post(f"{shop.url}/_sandbox/{path}", json=body) as reply:
            assert reply.status == status, path
            assert "error" in await reply.json()


async def test_totals_are_the_sums_of_the_ledger(open_shop: Open) -> None:
    shop = await open_shop(documents="120", hostile="0.2")
    totals = await shop.control("totals", method="GET")
    ledger = await documents(shop)
    for name, hostile in (("totals", False), ("hostile", True)):
        for row in totals[name]:
            mine = [
                each
                for each in ledger.values()
                if (each["kind"], each["currency"], each["hostile"] is not None)
                == (row["kind"], row["currency"], hostile)
            ]
            assert row["count"] == len(mine)
            assert Decimal(row["total"]) == sum(Decimal(each["total"]) for each in mine)
            for rate, sums in row["rates"].items():
                bases = [Decimal(each["rates"][rate]["base"]) for each in mine if rate in each["rates"]]
                assert Decimal(sums["base"]) == sum(bases)
    assert sum(row["count"] for name in ("totals", "hostile") for row in totals[name]) == 120
    one_day = await shop.control("totals?from=2001-01-01&to=2001-01-02", method="GET")
    assert one_day["totals"] == []


async def test_hostile_documents_are_labelled_and_about_as_many_as_asked(open_shop: Open) -> None:
    shop = await open_shop(documents="400", hostile="0.1")
    labels = [each["hostile"] for each in (await documents(shop)).values() if each["hostile"]]
    assert 15 <= len(labels) <= 80
    assert set(labels) <= HOSTILE.keys()


async def test_the_state_survives_a_restart(open_shop: Open) -> None:
    shop = await open_shop(documents="20")
    number = (await shop.get("/orders")).json["orders"][0]["order_number"]
    await shop.put({"order_number": number, "tracking_code": "KEPT"})
    before = await shop.ledger()
    again = await open_shop(documents="20")
    assert await again.ledger() == before
    assert (await again.order(number))["tracking_code"] == "KEPT"


# -- options --


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"colour": "red"}, "colour"),
        ({"tariff": "iron"}, "tariff"),
        ({"documents": "many"}, "documents"),
        ({"tariff": "gold", "packs": "61"}, "packs"),
    ],
)
def test_a_wrong_option_is_named(tmp_path: Path, options: dict[str, str], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        create(tmp_path, options)


async def test_assumed_tells_what_is_set(open_shop: Open) -> None:
    shop = await open_shop(past_end="404")
    found = {each["name"]: each for each in (await shop.control("assumed", method="GET"))["assumed"]}
    assert found["past_end"]["value"] == "404"
    assert found["net_rounding"]["choices"] == ["line", "unit", "mixed"]


def test_the_readme_lists_every_assumption() -> None:
    readme = (Path(package.__file__).parent / "README.md").read_text()
    listed = set(re.findall(r"^\| `([a-z_]+)` \|", readme, re.MULTILINE))
    assert {each["name"] for each in assumed(Options())} <= listed
