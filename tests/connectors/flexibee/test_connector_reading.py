"""The session reads back, looks up and lists: exactly, in bulk, and whatever the values."""

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from mostek.connectors.flexibee.connector import connector
from mostek.connectors.flexibee.fields import CONTACT, DOCUMENT, PRODUCT
from mostek.documents.party import Party
from mostek.sdk.effect import Match, Question, Reference
from tests.connectors.flexibee import flexi
from tests.connectors.flexibee.flexi import Call, books, create, intent, key, listed, row, session
from tests.documents.strategies import CODES, Sold, document

INVOICE = document([Sold(Decimal(1), Decimal(121), CODES[0])])
ORIGINAL = create(INVOICE, name="original")
PAID = intent(flexi.settle(Reference(key=ORIGINAL.key)))


async def test_what_is_read_back_is_what_was_expected() -> None:
    credit = create(msgspec.structs.replace(INVOICE, kind="credit_note"), name="credit")
    receipt = create(msgspec.structs.replace(INVOICE, kind="receipt"), name="receipt")
    actions = [ORIGINAL, credit, receipt]

    def script(call: Call) -> Any:
        if "typ-faktury" in call.path:
            return None
        kept = {action.key: flexi.record(action) for action in actions}
        rows = [
            {**kept[one.key], "id": str(place), "external-ids": [f"ext:MOSTEK:{one.key}"], "typDokl": type_}
            for place, (one, type_) in enumerate(
                zip(actions, ("code:FAKTURA", "code:DOBROPIS", "code:FAKTURA"), strict=True), start=1
            )
        ]
        rows[1]["vazby"] = [{"typVazbyK": "typVazbyDokl.hlavaDobropis", "a": "1", "b": "2"}]
        return listed(DOCUMENT, *rows)

    contact = intent(flexi.contact())
    async with books(script) as server, session(server.url) as opened:
        found = await opened.verify([*map(intent, actions), contact, PAID])
    assert found[3:] == [None, None]
    for action, statement in zip(actions, found, strict=False):
        expected = connector.expect(flexi.settings(), action) if connector.expect else None
        assert statement is not None
        assert msgspec.structs.replace(statement, id="", unpaid=None, corrects="") == expected
    assert found[1] is not None
    assert found[1].corrects == ORIGINAL.key
    assert len(server.of("typ-faktury-vydane")) == 1


async def test_what_is_not_there_is_none() -> None:
    async with books(lambda _: None) as server, session(server.url) as opened:
        assert await opened.verify([intent(ORIGINAL)]) == [None]


async def test_contacts_are_matched_exactly_whatever_their_spaces() -> None:
    rows: list[dict[str, Any]] = [
        {"id": "1", "kod": "A", "nazev": "Mezery", "ic": "270 82 440", "external-ids": [f"ext:MOSTEK:{key('x')}"]},
        {"id": "2", "kod": "B", "nazev": "Jiná", "ic": "27082441"},
        {"id": "3", "kod": "C", "nazev": "Pošta", "email": "Ucetni@Vzorna.Example "},
    ]
    questions = [
        Question(about="contact", by={"company_id": "27082440", "email": "ucetni@vzorna.example"}),
        Question(about="contact", by={"key": key("x")}),
        Question(about="contact", by={"tax_id": "CZ00000001"}),
    ]
    async with books(lambda _: listed(CONTACT, *rows)) as server, session(server.url) as opened:
        answers = await opened.ask(questions)
    said = [[match.contact.party.name for match in matches if match.contact] for matches in answers]
    assert said == [["Mezery", "Pošta"], ["Mezery"], []]
    first, second, third = (
        tuple(msgspec.structs.replace(match, contact=None) for match in matches) for matches in answers
    )
    assert first == (
        Match(id="1", by="company_id", key=key("x"), label="A Mezery"),
        Match(id="3", by="email", label="C Pošta"),
    )
    assert second == (Match(id="1", by="key", key=key("x"), label="A Mezery"),)
    assert third == ()
    assert "ic eq '270 82 440'" in server.of("query")[0].body["winstrom"]["filter"]


async def test_products_are_known_by_capitals_and_quotes_do_not_break_out() -> None:
    rows = [{"id": "1", "kod": '3,5" DISK', "nazev": "Disk"}, {"id": "2", "kod": "X"}]
    questions = [
        Question(about="product", by={"code": code}) for code in ('3,5" disk', "' or kod is not null or '", "'\"")
    ]
    async with books(lambda _: listed(PRODUCT, *rows)) as server, session(server.url) as opened:
        found = await opened.ask(questions)
    assert found == [(Match(id="1", by="code", label='3,5" DISK Disk'),), (), ()]
    asked = server.of("query")[0].body["winstrom"]["filter"]
    assert asked == "((kod eq '3,5\" DISK' or kod eq \"' OR KOD IS NOT NULL OR '\") and id gt 0)"


async def test_many_questions_are_few_calls() -> None:
    questions = [Question(about="product", by={"code": f"K{number}"}) for number in range(100)]
    async with books(lambda _: None) as server, session(server.url) as opened:
        assert await opened.ask(questions) == [()] * 100
    assert len(server.calls) == 3


async def test_a_document_is_found_by_key_number_order_and_symbol() -> None:
    rows = [
        row(1, ORIGINAL, kod="F2026-1", cisObj="O1"),
        row(2, kod="F2026-2", cisObj="O1", varSym="77", storno="true", zamekK="zamek.otevreno"),
        row(3, kod="F2026-3", varSym="77", zamekK="zamek.polozamceno", stavUhrK="stavUhr.uhrazeno"),
        row(4, kod="F2026-4", cisObj="O14", varSym="7"),
    ]
    questions = [
        Question(about="document", by={"key": ORIGINAL.key, "number": "f2026-3"}),
        Question(about="document", by={"order": " O1 ", "symbol": "", "number": ""}),
        Question(about="document", by={"symbol": "77"}),
    ]

    def script(call: Call) -> Any:
        return None if "typ-" in call.path else listed(DOCUMENT, *rows)

    async with books(script) as server, session(server.url) as opened:
        answers = await opened.ask(questions)
    told = [[(match.id, match.by, match.key) for match in matches] for matches in answers]
    assert told == [
        [("1", "key", ORIGINAL.key), ("3", "number", "")],
        [("1", "order", ORIGINAL.key), ("2", "order", "")],
        [("2", "symbol", ""), ("3", "symbol", "")],
    ]
    stands = {match.id: match.statement for matches in answers for match in matches}
    facts = [(s.number, s.symbol, s.cancelled, s.locked, str(s.unpaid)) for s in stands.values() if s]
    assert facts == [
        ("F2026-1", "", False, False, "121.00 CZK"),
        ("F2026-3", "77", False, True, "0.00 CZK"),
        ("F2026-2", "77", True, False, "121.00 CZK"),
    ]
    asked = server.of("query")[0].body["winstrom"]["filter"]
    assert asked == "((kod eq 'F2026-3' or cisObj eq 'O1' or varSym eq '77') and id gt 0)"
    assert [call.path.rpartition("/")[2] for call in server.calls] == [
        "get.json",
        "query.json",
        "typ-faktury-vydane.json",
    ]


async def test_a_card_may_carry_the_keys_of_two_shops() -> None:
    card = {"id": "1", "kod": "A", "external-ids": [f"ext:MOSTEK:{key('x')}", "ext:ESHOP:1", f"ext:MOSTEK:{key('y')}"]}
    questions = [Question(about="contact", by=by) for by in ({"key": key("y")}, {"code": "a"})]
    async with books(lambda _: listed(CONTACT, card)) as server, session(server.url) as opened:
        (mine,), (other,) = await opened.ask(questions)
    assert (mine.by, mine.key, other.by, other.key) == ("key", key("y"), "code", key("x"))


async def test_totals_stream_everything_in_these_days() -> None:
    rows = [row(1, ORIGINAL), row(2, typDokl="code:DOBROPIS", sumCelkem="-121.0"), row(3, typDokl="code:JINY")]
    rows.append(row(4, mena="code:EUR", sumCelkemMen="9.9", sumZklZaklMen="8.18", sumDphZaklMen="1.72"))

    def script(call: Call) -> Any:
        return listed(DOCUMENT, *rows) if call.path.endswith("query.json") else None

    async with books(script) as server, session(server.url) as opened:
        found = [one async for one in opened.totals(date(2026, 2, 1), date(2026, 2, 28))]
    assert [(one.key, one.kind, str(one.total)) for one in found] == [
        (ORIGINAL.key, "invoice", "121.00 CZK"),
        ("", "credit_note", "121.00 CZK"),
        ("", "other", "121.00 CZK"),
        ("", "invoice", "9.90 EUR"),
    ]
    asked = server.of("query")[0].body["winstrom"]["filter"]
    assert asked == "(datVyst gte '2026-02-01' and datVyst lte '2026-02-28' and id gt 0)"


def test_a_buyer_without_a_name_still_has_one() -> None:
    party = Party(address=msgspec.structs.replace(flexi.BUYER.address, name=""), email="jan@vzorny.example")
    assert flexi.record(flexi.contact(party))["nazev"] == "jan@vzorny.example"
