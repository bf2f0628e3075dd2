"""Customers of a shop and cards of the books, both ways at once, between the two vendors' simulators."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from mostek import commands, demo
from mostek.commands.flowing import Add
from tests.acceptance.house import House, opened

SHOP_LOGIN = {"Authorization": aiohttp.encode_basic_auth("mostek", "api-key")}
BOOKS_LOGIN = {"Authorization": aiohttp.encode_basic_auth("winstrom", "winstrom")}
# The books hold suppliers and the like too; whom the shop cannot name it does not get.
BACK = {
    "kinds": ["contact"],
    "adopt": "same",
    "rules": [{"id": "nameless", "when": [{"field": "email", "values": [""]}], "then": "exclude"}, {"id": "all"}],
}


@asynccontextmanager
async def both_ways(folder: Path, documents: int = 12, **policy: Any) -> AsyncIterator[House]:
    """A house whose customers go into the books, and back."""
    async with opened(folder, documents=documents, hostile="0") as house:
        async with house.hub() as hub:
            there = Add(
                slug="customers",
                source=demo.SOURCE,
                target=demo.TARGET,
                policy={"kinds": ["contact"], "adopt": "same", **policy},
                live=True,
            )
            back = Add(slug="cards", source=demo.TARGET, target=demo.SOURCE, policy={**BACK, **policy}, live=True)
            for flow in (there, back):
                await commands.run(hub, "flow.add", flow, "test")
        yield house


async def customers(house: House) -> dict[str, dict[str, Any]]:
    """The shop's customers by e-mail."""
    found: dict[str, dict[str, Any]] = {}
    page, pages = 1, 1
    while page <= pages:
        url = f"{house.shop.url}/api/v2/customers?page={page}"
        async with house.shop.http.get(url, headers=SHOP_LOGIN) as answer:
            body = await answer.json()
        found |= {each["login"]["email"]: each for each in body["customers"]}
        page, pages = page + 1, body["number_of_pages"]
    return found


async def cards(house: House) -> dict[str, dict[str, Any]]:
    """The books' cards by e-mail; a second one of the same e-mail is a failure."""
    listed = [each for each in (await house.books.ask("ledger"))["companies"]["demo"]["contacts"] if each["email"]]
    doubles = [email for email, times in Counter(each["email"] for each in listed).items() if times > 1]
    assert doubles == []
    return {each["email"]: each for each in listed}


async def edit_card(house: House, card: Mapping[str, Any], **fields: str) -> None:
    await house.books.tell("edit", company="demo", evidence="adresar", id=str(card["id"]), change=fields)


@pytest.mark.timeout(300)
async def test_customers_and_cards_are_kept_the_same_both_ways(tmp_path: Path) -> None:
    async with both_ways(tmp_path) as house:
        await house.run()
        people, there = await customers(house), await cards(house)
        assert people.keys() <= there.keys()
        assert len(people) == 600, "nobody new in the shop"
        quiet = await writes(house)
        await house.run()
        assert await writes(house) == quiet, "an unchanged run writes nothing"

        first, second, third = sorted(people)[:3]
        await house.shop.tell("customers", save=[{"login": {"email": first}, "communication": {"phone": "+420 777"}}])
        await edit_card(house, there[second], ulice="Nová 5")
        await house.books.tell(
            "edit",
            company="demo",
            evidence="adresar",
            create={"kod": "NOVY", "nazev": "Eva Nová", "email": "eva@nova.example"},
        )
        await house.run()
        await house.run()
        people, there = await customers(house), await cards(house)
        assert (await card(house, first))["tel"] == "+420 777"
        assert people[second]["addresses"]["billing"]["street"] == "Nová 5"
        assert (people["eva@nova.example"]["firstname"], people["eva@nova.example"]["surname"]) == ("Eva", "Nová")
        assert people["eva@nova.example"]["type"] == "contact"
        assert (await house.shop.ask("ledger"))["mails"] == 0
        assert len(people) == 601

        await house.shop.tell(
            "customers", save=[{"login": {"email": third}, "addresses": {"billing": {"city": "Brno"}}}]
        )
        await edit_card(house, there[third], mesto="Praha", tel="1")
        await house.run()
        await house.run()
        people = await customers(house)
        assert (people[third]["addresses"]["billing"]["city"], (await card(house, third))["mesto"]) == ("Brno", "Praha")
        causes = [each["problem"]["cause"] for each in await house.told("inbox", "list") if each["kind"] == "contact"]
        assert causes.count("contact.conflict") == 2
        quiet = await writes(house)
        await house.run()
        assert await writes(house) == quiet


async def card(house: House, email: str) -> dict[str, Any]:
    url = f"{house.books.url}/c/demo/adresar/(email eq '{email}').json?detail=full"
    async with house.books.http.get(url, headers=BOOKS_LOGIN) as answer:
        [found] = (await answer.json())["winstrom"]["adresar"]
    return dict(found)


async def writes(house: House) -> tuple[int, int]:
    """How many calls wrote, in the shop and in the books."""
    shop = await house.shop.calls()
    return sum(n for route, n in shop.items() if route.startswith(("PUT", "POST"))), await house.books.writes()
