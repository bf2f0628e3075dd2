"""Documents that are there already: taken over, changed, cancelled and paid in parts, in the simulated books."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from mostek.connectors.flexibee.connector import FlexibeeSession, connector
from mostek.documents.invoice import ExchangeRate, Invoice, Method
from mostek.documents.money import Money
from mostek.documents.party import Address, Party
from mostek.documents.payment import Payment
from mostek.documents.problem import InvalidDocumentError
from mostek.documents.vat import VatCode
from mostek.sandbox import find, running
from mostek.sdk.effect import (
    Absent,
    Action,
    AlreadyThere,
    Done,
    Found,
    Question,
    Reference,
    Rejected,
    Result,
    Statement,
)
from mostek.sdk.kit import Desk
from tests.connectors.flexibee import flexi
from tests.connectors.flexibee.flexi import adopt, cancel, create, intent, key, update
from tests.documents.strategies import Sold, document

DAY = date(2026, 3, 10)
CZ21, CZ12 = VatCode("standard", Decimal(21), "CZ"), VatCode("reduced", Decimal(12), "CZ")
DELIVERY = Address(name="Sklad", street="Krátká 2", city="Praha", postcode="110 00", country="CZ")
DOCUMENT = "faktura-vydana"
LOGIN = {"Authorization": aiohttp.encode_basic_auth("winstrom", "winstrom")}


def invoice(*sold: Sold, **changes: Any) -> Invoice:
    """An invoice of the sandbox's day; by default a cup and a book."""
    sold = sold or (Sold(Decimal(3), Decimal("99.90"), CZ21), Sold(Decimal(1), Decimal(249), CZ12))
    values = {"issued": DAY, "supplied": DAY, "due": DAY + timedelta(days=14), "number": "F2026-1", **changes}
    return msgspec.structs.replace(document(list(sold)), **values)


class Office:
    """A connection to simulated books, and a person who works in them."""

    def __init__(self, session: FlexibeeSession, http: aiohttp.ClientSession, sandbox: Any, **settings: str) -> None:
        self.session, self._http, self._sandbox, self._settings = session, http, sandbox, settings
        self.desk = Desk(http, settings["test_address"])

    async def write(self, *actions: Action) -> list[Result]:
        """Send these at once."""
        return list(await self.session.write([intent(action, self.settings) for action in actions]))

    async def find(self, action: Action) -> Any:
        """What became of this."""
        return (await self.session.find([intent(action, self.settings)]))[0]

    @property
    def settings(self) -> Any:
        return flexi.settings(**self._settings)

    @property
    def books(self) -> dict[str, Any]:
        """Everything that is booked."""
        return dict(self._sandbox.ledger()["companies"]["demo"])

    async def seen(self, id: str) -> dict[str, Any]:
        """Everything that the vendor shows of a document and its lines, as a person's own program would ask for it."""
        address = f"{self._settings['test_address']}/c/demo/{DOCUMENT}/{id}.json?detail=full&relations=polozky"
        async with self._http.get(address, headers=LOGIN) as answer:
            (row,) = (await answer.json())["winstrom"][DOCUMENT]
        return dict(row)

    async def hand(self, id: str, **change: Any) -> None:
        """A person does this to a document."""
        await self.desk.post("edit", evidence=DOCUMENT, id=id, change=change)

    async def stands(self, **by: str) -> list[Statement]:
        """How the documents stand that these values find."""
        (matches,) = await self.session.ask([Question(about="document", by=by)])
        return [match.statement for match in matches if match.statement]


@asynccontextmanager
async def office(folder: Path, **settings: str) -> AsyncIterator[Office]:
    sandbox = find("flexibee")(folder, {"today": DAY.isoformat()})
    try:
        async with running(sandbox) as url, aiohttp.ClientSession() as http:
            values = {"company": "demo", "login": "winstrom", "password": "winstrom", **settings}
            async with flexi.session(url, **values) as session:
                yield Office(session, http, sandbox, test_address=url, **values)
    finally:
        sandbox.close()


def cause(result: Result) -> str:
    assert isinstance(result, Rejected), result
    return result.problem.cause


async def entered(at: Office, **fields: str) -> str:
    """A document that an older bridge made, without our key."""
    values = {"kod": "STARY-1", "typDokl": "code:FAKTURA", "datVyst": "2026-03-10", "duzpPuv": "2026-03-10"}
    line = {"nazev": "Hrnek", "mnozMj": "1", "cenaMj": "121", "typCenyDphK": "typCeny.sDph"}
    values |= {"id": "ext:STARY-MOST:77", "cisObj": "O-1", "varSym": "55", **fields}
    made = await at.desk.post("edit", evidence=DOCUMENT, create={**values, "polozkyFaktury": [line]})
    return str(made["results"][0]["id"])


# --- adopt ----------------------------------------------------------------------------------------------------------

OLD = invoice(Sold(Decimal(1), Decimal(121), CZ21), order_number="O-1", variable_symbol="55")


async def test_a_document_is_taken_over_and_nothing_else_of_it_moves(tmp_path: Path) -> None:
    async with office(tmp_path) as at:
        id = await entered(at)
        action = adopt(OLD, id)
        (before,) = at.books["documents"]
        assert await at.find(action) == Absent(as_of=flexi.NOW)
        assert await at.write(action) == [Done(id=id, number="STARY-1")]
        (after,) = at.books["documents"]
        assert set(after["ext_ids"]) == {"ext:STARY-MOST:77", f"ext:MOSTEK:{action.key}"}
        assert {**after, "ext_ids": before["ext_ids"]} == before
        assert await at.find(action) == Found(ids=(id,), number="STARY-1")
        assert await at.write(action) == [AlreadyThere(id=id, number="STARY-1")]
        (found,) = await at.session.verify([intent(action, at.settings)])
        expected = connector.expect(at.settings, action) if connector.expect else None
        assert found is not None
        assert expected is not None
        assert (found.key, found.kind, found.total) == (expected.key, expected.kind, expected.total)
        # Found under its own key now, it is not made a second time.
        assert await at.write(create(OLD)) == [AlreadyThere(id=id, number="STARY-1")]


async def test_a_document_of_another_duty_is_not_taken_over(tmp_path: Path) -> None:
    async with office(tmp_path) as at:
        id = await entered(at)
        assert isinstance((await at.write(adopt(OLD, id, name="first")))[0], Done)
        (found,) = await at.write(adopt(OLD, id, name="second"))
        assert cause(found) == "flexibee.adopted_already"
        assert isinstance(found, Rejected)
        assert found.problem.details == {"number": "STARY-1", "other": key("first")}
        assert await at.find(adopt(OLD, id, name="second")) == Absent(as_of=flexi.NOW)


@pytest.mark.parametrize("deed", [{"@action": "lock"}, {"stavUhrK": "stavUhr.uhrazenoRucne"}])
async def test_a_document_that_is_locked_or_paid_can_be_taken_over(tmp_path: Path, deed: dict[str, str]) -> None:
    async with office(tmp_path) as at:
        id = await entered(at)
        await at.hand(id, **deed)
        assert await at.write(adopt(OLD, id)) == [Done(id=id, number="STARY-1")]
        (found,) = await at.stands(number="STARY-1")
        assert (found.key, found.locked) == (key("doc"), "@action" in deed)


async def test_a_document_that_is_gone_cannot_be_taken_over(tmp_path: Path) -> None:
    async with office(tmp_path) as at:
        (found,) = await at.write(adopt(OLD, "4711"))
        assert cause(found) == "flexibee.refused"
        assert at.books["documents"] == []


async def test_a_duty_that_has_its_document_takes_no_other(tmp_path: Path) -> None:
    """The key stands on what we made: that is the duty's document, and the other one keeps being nobody's."""
    async with office(tmp_path) as at:
        id = await entered(at)
        (made,) = await at.write(create(FULL))
        assert isinstance(made, Done)
        assert await at.find(adopt(OLD, id)) == Found(ids=(made.id,), number="F2026-1")
        assert await at.write(adopt(OLD, id)) == [AlreadyThere(id=made.id, number="F2026-1")]
        (other,) = await at.stands(number="STARY-1")
        assert other.key == ""


@pytest.mark.parametrize("way", [adopt, update, cancel])
def test_what_is_said_of_a_document_names_it(way: Any) -> None:
    action = adopt(OLD, "7") if way is adopt else way(OLD)
    with pytest.raises(InvalidDocumentError) as caught:
        flexi.record(msgspec.structs.replace(action, refs={}))
    assert [problem.cause for problem in caught.value.problems] == ["flexibee.no_document"]


# --- update ---------------------------------------------------------------------------------------------------------

FULL = invoice(
    buyer=flexi.BUYER,
    delivery=DELIVERY,
    order_number="O-1",
    variable_symbol="55",
    specific_symbol="9",
    note="Zvoňte",
    rounding=Money(-70, "CZK"),
    total=Money(54800, "CZK"),
    payment=Method("card", "Kartou"),
)
BARE = invoice(
    Sold(Decimal(2), Decimal("33.33"), CZ12),
    buyer=Party(address=Address(name="Jan Vzorný")),
    issued=DAY + timedelta(days=1),
    supplied=DAY + timedelta(days=1),
    variable_symbol="56",
)
EUROS = msgspec.structs.replace(
    document([Sold(Decimal(3), Decimal("33.33"), CZ21)], currency="EUR"),
    issued=DAY,
    supplied=DAY,
    number="F2026-1",
    exchange=ExchangeRate(home="CZK", rate=Decimal("25.125"), source="document"),
)


# What tells two documents of the same content apart, and what the books derive from it.
OWN = {"id", "external-ids", "lastUpdate", "uuid", "createdDate", "kod", "doklFak", "cisRad", "varSym", "popis"}


def content(row: Mapping[str, Any]) -> dict[str, Any]:
    """What a document says."""
    lines = [{name: value for name, value in line.items() if plain(name) not in OWN} for line in row["polozkyFaktury"]]
    return {name: value for name, value in row.items() if plain(name) not in OWN} | {"polozkyFaktury": lines}


def plain(name: str) -> str:
    return name.partition("@")[0]


@pytest.mark.parametrize("content_setting", ["lines", "summary"])
@pytest.mark.parametrize(("before", "after"), [(FULL, BARE), (BARE, FULL), (FULL, EUROS), (EUROS, BARE)])
async def test_an_updated_document_says_what_a_new_one_would(
    tmp_path: Path, before: Invoice, after: Invoice, content_setting: str
) -> None:
    async with office(tmp_path, content=content_setting) as at:
        fresh = create(msgspec.structs.replace(after, number="F2026-2"), name="fresh")
        made, other = await at.write(create(before), fresh)
        assert isinstance(made, Done)
        change = update(after)
        assert await at.find(change) == Absent(as_of=flexi.NOW)
        assert await at.write(change) == [Done(id=made.id, number="F2026-1")]
        assert await at.find(change) == Found(ids=(made.id,), number="F2026-1")
        assert isinstance(other, Done)
        assert len(at.books["documents"]) == 2
        changed, new = content(await at.seen(made.id)), content(await at.seen(other.id))
        assert {name for name in changed | new if changed.get(name) != new.get(name)} == set()
        (found,) = await at.session.verify([intent(change, at.settings)])
        expected = connector.expect(at.settings, change) if connector.expect else None
        assert found is not None
        assert expected is not None
        assert expected.key == found.key == key("doc")
        same = msgspec.structs.replace(found, id="", unpaid=None, symbol=expected.symbol and found.symbol)
        assert same == expected
        assert at.books["mails"] == 0


async def test_an_update_that_was_made_is_not_made_again_over_a_persons_hand(tmp_path: Path) -> None:
    async with office(tmp_path) as at:
        (made,) = await at.write(create(FULL))
        assert isinstance(made, Done)
        change = update(BARE)
        await at.write(change)
        before = at.books
        assert await at.write(change) == [AlreadyThere(id=made.id, number="F2026-1")]
        assert at.books == before
        line = {"nazev": "Navíc", "mnozMj": "1", "cenaMj": "10", "typSzbDphK": "typSzbDph.dphZakl"}
        await at.hand(made.id, polozkyFaktury=[line])
        before = at.books
        assert await at.write(change) == [AlreadyThere(id=made.id, number="F2026-1")]
        assert at.books == before
        # A later change, and one back to what was: each is a change of its own.
        for place, back in enumerate((FULL, BARE)):
            assert await at.write(update(back, name=f"again {place}")) == [Done(id=made.id, number="F2026-1")]
        (found,) = await at.stands(key=key("doc"))
        assert found.total == BARE.total


async def test_an_address_alone_can_change(tmp_path: Path) -> None:
    """What a statement does not tell is told by the change's own id: without it, it was not done."""
    async with office(tmp_path) as at:
        (made,) = await at.write(create(FULL))
        assert isinstance(made, Done)
        buyer = msgspec.structs.replace(FULL.buyer, address=DELIVERY)
        change = update(msgspec.structs.replace(FULL, buyer=buyer))
        assert await at.find(change) == Absent(as_of=flexi.NOW)
        await at.write(change)
        row = await at.seen(made.id)
        assert (row["nazFirmy"], row["mesto"]) == ("Sklad", "Praha")


async def test_the_number_follows_the_shops_and_stays_where_the_books_number(tmp_path: Path) -> None:
    async with office(tmp_path) as at:
        await at.write(create(FULL))
        await at.write(update(msgspec.structs.replace(FULL, number="F2026-9")))
        assert [one.number for one in await at.stands(key=key("doc"))] == ["F2026-9"]
    folder = tmp_path / "theirs"
    folder.mkdir()
    async with office(folder, numbering="target") as at:
        (made,) = await at.write(create(FULL))
        assert isinstance(made, Done)
        await at.write(update(msgspec.structs.replace(BARE, number="F2026-9")))
        assert [one.number for one in await at.stands(key=key("doc"))] == [made.number]
        assert (await at.seen(made.id))["cisDosle"] == "F2026-9"


async def test_a_document_for_consumers_abroad_comes_home(tmp_path: Path) -> None:
    oss = VatCode("oss", Decimal(23), "SK")
    abroad = invoice(Sold(Decimal(1), Decimal(123), oss))
    async with office(tmp_path) as at:
        (made,) = await at.write(create(abroad))
        assert isinstance(made, Done)
        assert [one.total for one in await at.stands(key=key("doc"))] == [abroad.total]
        assert isinstance((await at.write(update(BARE)))[0], Done)
        (found,) = await at.stands(key=key("doc"))
        assert [(row.bucket, row.tax) for row in found.rows] == [("reduced", BARE.vat[0].tax)]
        assert flexi.record(update(BARE))["statDph"] == (await at.seen(made.id))["statDph"] == "code:CZ"


@pytest.mark.parametrize(
    ("deed", "told"),
    [
        ({"@action": "lock"}, "flexibee.locked"),
        ({"@action": "lock-for-ucetni"}, "flexibee.locked"),
        ({"@action": "storno"}, "flexibee.cancelled"),
        ({"stavUhrK": "stavUhr.uhrazenoRucne"}, "flexibee.paid"),
    ],
)
async def test_a_document_that_others_rely_on_is_left_alone(tmp_path: Path, deed: dict[str, str], told: str) -> None:
    async with office(tmp_path) as at:
        (made,) = await at.write(create(FULL))
        assert isinstance(made, Done)
        await at.hand(made.id, **deed)
        before = at.books
        assert cause((await at.write(update(BARE)))[0]) == told
        (taken_back,) = await at.write(cancel(FULL))
        if told == "flexibee.cancelled":
            assert taken_back == AlreadyThere(id=made.id, number="F2026-1")
        else:
            assert cause(taken_back) == told
        assert at.books == before


async def test_a_document_in_a_closed_period_is_left_alone(tmp_path: Path) -> None:
    async with office(tmp_path) as at:
        await at.write(create(FULL))
        days = {"platiOdData": "2026-01-01", "platiDoData": "2026-03-31"}
        await at.desk.post("edit", evidence="zamek", create={"zamekK": "zamek.zamceno", "modulFav": "true", **days})
        (found,) = await at.stands(key=key("doc"))
        assert found.locked
        assert cause((await at.write(update(BARE)))[0]) == "flexibee.locked"


async def test_what_is_gone_is_not_made_again(tmp_path: Path) -> None:
    async with office(tmp_path) as at:
        assert cause((await at.write(update(BARE)))[0]) == "flexibee.refused"
        assert cause((await at.write(cancel(BARE)))[0]) == "flexibee.refused"
        assert at.books["documents"] == []


# --- cancel ---------------------------------------------------------------------------------------------------------


async def test_a_document_is_cancelled_once(tmp_path: Path) -> None:
    async with office(tmp_path) as at:
        (made,) = await at.write(create(FULL))
        assert isinstance(made, Done)
        assert await at.find(cancel(FULL)) == Absent(as_of=flexi.NOW)
        assert await at.write(cancel(FULL)) == [Done(id=made.id, number="F2026-1")]
        assert [one.cancelled for one in await at.stands(number="F2026-1")] == [True]
        assert await at.find(cancel(FULL)) == Found(ids=(made.id,), number="F2026-1")
        assert await at.write(cancel(FULL)) == [AlreadyThere(id=made.id, number="F2026-1")]
        assert connector.expect
        assert connector.expect(at.settings, cancel(FULL)) is None


async def test_a_cancelled_document_is_not_taken_for_the_one_issued_after_it(tmp_path: Path) -> None:
    async with office(tmp_path, numbering="target") as at:
        first, again = create(FULL), create(FULL, name="again")
        (made,) = await at.write(first)
        await at.write(cancel(FULL))
        assert await at.find(again) == Absent(as_of=flexi.NOW)
        (new,) = await at.write(again)
        assert isinstance(made, Done)
        assert isinstance(new, Done)
        assert new.id != made.id
    folder = tmp_path / "shop"
    folder.mkdir()
    async with office(folder) as at:  # where the shop numbers, the cancelled one keeps the number
        await at.write(create(FULL), cancel(FULL))
        await at.write(cancel(FULL))
        again = create(FULL, name="again")
        assert cause((await at.write(again))[0]) == "flexibee.refused"
        assert await at.find(again) == Absent(as_of=flexi.NOW)


async def test_a_batch_does_one_after_another(tmp_path: Path) -> None:
    """Given backwards: what is taken back makes way first, what is new stands before it is changed."""
    async with office(tmp_path) as at:
        id = await entered(at)
        (old,) = await at.write(create(invoice(number="F2026-8"), name="old"))
        new = create(FULL)
        actions = [update(BARE), new, cancel(invoice(), of="old"), adopt(OLD, id, name="adopted")]
        changed, made, gone, taken = await at.write(*actions)
        assert isinstance(made, Done)
        assert isinstance(old, Done)
        assert changed == Done(id=made.id, number="F2026-1")
        assert (gone, taken) == (Done(id=old.id, number="F2026-8"), Done(id=id, number="STARY-1"))


# --- payments in parts ----------------------------------------------------------------------------------------------


def part(amount: str, name: str, mode: str = "document") -> Action:
    options = {"mode": mode, "account": "code:BANKOVNÍ ÚČET"}
    action = flexi.settle(Reference(key=key("doc")), name=name, amount=amount, **options)
    assert isinstance(action.subject, Payment)
    return msgspec.structs.replace(action, subject=msgspec.structs.replace(action.subject, paid=DAY))


async def test_payments_in_parts_add_up(tmp_path: Path) -> None:
    async with office(tmp_path) as at:
        await at.write(create(FULL))
        assert isinstance((await at.write(part("200.00", "first")))[0], Done)
        assert [str(one.unpaid) for one in await at.stands(key=key("doc"))] == ["348.00 CZK"]
        assert cause((await at.write(part("348.00", "mark", mode="mark")))[0]) == "flexibee.partly_paid"
        assert cause((await at.write(update(BARE)))[0]) == "flexibee.paid"
        assert isinstance((await at.write(part("148.00", "second")))[0], Done)
        (last,) = await at.write(part("200.00", "third"))
        assert isinstance(last, Done)
        assert [str(one.unpaid) for one in await at.stands(key=key("doc"))] == ["0.00 CZK"]
        # Each is known by its own id, also when the document is paid by now.
        assert isinstance((await at.write(part("200.00", "first")))[0], AlreadyThere)
        assert await at.find(part("200.00", "third")) == Found(ids=(last.id,), number=last.number)
        assert len(at.books["payments"]) == 3
