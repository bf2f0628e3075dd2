"""The session: results and findings per intent, whatever the vendor answers."""

from datetime import timedelta
from decimal import Decimal
from importlib.resources import files
from string import Formatter
from typing import Any

import msgspec
import pytest

from mostek.connectors.flexibee.connector import MANIFEST, connector
from mostek.connectors.flexibee.fields import BANK, CONTACT, DOCUMENT
from mostek.sdk import settings as sdk_settings
from mostek.sdk.capability import Writes
from mostek.sdk.effect import (
    Absent,
    AlreadyThere,
    CannotTell,
    Done,
    Found,
    Intent,
    NotSent,
    Reference,
    Rejected,
    Unknown,
)
from mostek.sdk.errors import AuthFailedError, ConfigurationError
from mostek.sdk.messages import LANGUAGES, catalogue
from tests.connectors.flexibee import flexi
from tests.connectors.flexibee.flexi import NOW, Call, books, create, intent, key, listed, row, saved, session
from tests.documents.strategies import CODES, Sold, document
from tests.sdk.causes import named

INVOICE = document([Sold(Decimal(1), Decimal(121), CODES[0])])


def invoices(*names: str) -> list[Intent]:
    return [
        intent(create(msgspec.structs.replace(INVOICE, number=f"F{place}"), name=name))
        for place, name in enumerate(names, start=1)
    ]


def result(place: int, one: Intent, **values: Any) -> dict[str, Any]:
    return {"id": str(100 + place), "request-id": f"ext:MOSTEK:{one.action.key}", "ref": "/x.json", **values}


def error(text: str, **values: str) -> dict[str, Any]:
    return {"errors": [{"message": text, **values}]}


def sent(call: Call) -> list[str]:
    """The ids of a write's records, in their order."""
    return [one["id"] for name, of in call.body["winstrom"].items() if name[0] != "@" for one in of]


# --- what it is -----------------------------------------------------------------------------------------------------


async def test_the_session_can_write() -> None:
    async with session("http://127.0.0.1:1") as opened:
        assert isinstance(opened, Writes)
    assert set(MANIFEST.writes) == {"contact", "invoice", "credit_note", "receipt", "payment"}
    changes = {"adopt", "update", "cancel"}
    assert {kind for kind, of in MANIFEST.writes.items() if changes <= set(of.verbs)} == {
        "invoice",
        "credit_note",
        "receipt",
    }
    assert sdk_settings.secrets(connector.settings) == {"password"}


@pytest.mark.parametrize("address", ["http://flexi.example", "https://flexi.example/c/firma", "flexi.example"])
def test_an_address_is_the_server_alone(address: str) -> None:
    with pytest.raises(ValueError, match=r"setting\.invalid"):
        flexi.settings(address=address)


@pytest.mark.parametrize("company", ["../admin", "a/b", "A", "a?b", ""])
def test_a_company_cannot_lead_elsewhere(company: str) -> None:
    with pytest.raises(ValueError, match=r"setting\.invalid"):
        flexi.settings(company=company)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_cause_is_explained(language: str) -> None:
    parts = ("client", "connector", "draft", "fields", "lookup", "mapping", "outcome")
    found = set.union(*(named(f"mostek.connectors.flexibee.{part}") for part in parts))
    causes = {cause for cause in found if cause.startswith("flexibee.")}
    package = "mostek.connectors.flexibee.messages"
    texts = catalogue(package, language)
    assert set(texts) == causes
    english = catalogue(package, "en")
    for cause, message in texts.items():
        assert message.cure, cause
        quoted = {name for _, name, _, _ in Formatter().parse(message.text) if name}
        assert quoted == {name for _, name, _, _ in Formatter().parse(english[cause].text) if name}, cause


def test_the_readme_is_there() -> None:
    assert "proof" in files("mostek.connectors.flexibee").joinpath("README.md").read_text(encoding="utf-8").lower()


async def test_check_changes_nothing() -> None:
    def script(call: Call) -> Any:
        return saved() if call.method == "PUT" else None

    async with books(script) as server, session(server.url) as opened:
        health = await opened.check()
    assert (health.problems, health.rights) == ((), ("read", "write"))
    assert abs(health.clock_skew_seconds) > 0
    assert [call.query.get("dry-run") for call in server.calls if call.method == "PUT"] == ["true"]


async def test_check_says_that_writing_is_not_licensed() -> None:
    def script(call: Call) -> Any:
        return (402, {"winstrom": {"success": "false"}}) if call.method == "PUT" else None

    async with books(script) as server, session(server.url) as opened:
        with pytest.raises(ConfigurationError) as caught:
            await opened.check()
    assert caught.value.problem.cause == "flexibee.licence"


async def test_check_misses_a_type_for_credit_notes() -> None:
    def script(call: Call) -> Any:
        return saved() if call.method == "PUT" else listed("typ-faktury-vydane", flexi.TYPES[0])

    async with books(script) as server, session(server.url) as opened:
        health = await opened.check()
    assert [problem.cause for problem in health.problems] == ["flexibee.no_credit_type"]


# --- write ----------------------------------------------------------------------------------------------------------


async def test_contacts_go_before_documents_and_results_keep_their_order() -> None:
    made, card = invoices("a"), intent(flexi.contact())

    def script(_: Call) -> Any:
        return saved(result(1, card), result(2, made[0], code="F1"), created=2)

    async with books(script) as server, session(server.url) as opened:
        results = await opened.write([made[0], card])
    assert results == [Done(id="102", number="F1"), Done(id="101", number=flexi.record(card.action)["kod"])]
    assert sent(server.calls[0]) == [f"ext:MOSTEK:{key('contact')}", f"ext:MOSTEK:{key('a')}"]
    assert server.calls[0].query["code-in-response"] == "true"


async def test_what_was_there_is_told() -> None:
    made = invoices("a")
    async with books(lambda _: saved(result(1, made[0]), skipped=1)) as server, session(server.url) as opened:
        assert await opened.write(made) == [AlreadyThere(id="101", number="F1")]


@pytest.mark.parametrize("success", [True, "true"])
async def test_native_answers_are_understood(success: Any) -> None:
    made = invoices("a")
    body = {"winstrom": {"success": success, "stats": {"skipped": 0}, "results": [result(1, made[0], id=101)]}}
    async with books(lambda _: (201, body)) as server, session(server.url) as opened:
        assert await opened.write(made) == [Done(id="101", number="F1")]


@pytest.mark.parametrize(
    ("fault", "field", "words"),
    [
        (error("Je očekáváno číselné ID", **{"for": "typDokl", "code": "PROP"}), "typDokl", "Je očekáváno číselné ID"),
        (error("Je očekáváno číselné ID", **{"@for": "typDokl"}), "typDokl", "Je očekáváno číselné ID"),
        (
            error("Chyba", path="faktura-vydana[temporary-id=null].firma"),
            "faktura-vydana[temporary-id=null].firma",
            "Chyba",
        ),
        ({"id": "5", "error": "A numeric ID was expected"}, "", "A numeric ID was expected"),
    ],
)
async def test_a_refused_record_parks_alone(fault: dict[str, Any], field: str, words: str) -> None:
    made = invoices("a", "b", "c")

    def script(_: Call) -> Any:
        return 400, saved(result(1, made[0]), fault, result(3, made[2]), created=2, failed=1)

    async with books(script) as server, session(server.url) as opened:
        first, second, third = await opened.write(made)
    assert (first, third) == (Done(id="101", number="F1"), Done(id="103", number="F3"))
    assert isinstance(second, Rejected)
    assert (second.problem.cause, second.problem.field, second.words) == ("flexibee.refused", field, words)


async def test_sums_that_the_books_compute_otherwise_are_explained() -> None:
    text = "Zadaná hodnota [121] vlastnosti [sumCelkem] se liší od vypočtené hodnoty [120.99]"
    async with books(lambda _: (400, saved(error(text), failed=1))) as server, session(server.url) as opened:
        (found,) = await opened.write(invoices("a"))
    assert isinstance(found, Rejected)
    assert found.problem.cause == "flexibee.sums_differ"


async def test_a_refusal_without_records_is_the_record_s_when_it_is_alone() -> None:
    body = {"winstrom": {"success": "false", "message": "Doklad nelze uložit"}}

    def script(call: Call) -> Any:
        return (400, body) if call.method == "PUT" else None

    async with books(script) as server, session(server.url) as opened:
        (found,) = await opened.write(invoices("a"))
    assert isinstance(found, Rejected)
    assert found.words == "Doklad nelze uložit"


async def test_results_are_matched_by_name_and_the_rest_is_sent_one_by_one() -> None:
    """The vendor stopped at the second record and did not say which it was."""
    made = invoices("a", "b", "c")

    def script(call: Call) -> Any:
        ids = sent(call) if call.method == "PUT" else []
        if call.method == "POST":
            return None
        if len(ids) == 3:
            return 400, saved(result(1, made[0]), error("Chyba"), created=1, failed=1)
        if ids == [f"ext:MOSTEK:{key('b')}"]:
            return 400, saved(error("Chyba", **{"for": "firma"}), failed=1)
        return saved(result(3, made[2]), created=1)

    async with books(script) as server, session(server.url) as opened:
        first, second, third = await opened.write(made)
    assert (first, third) == (Done(id="101", number="F1"), Done(id="103", number="F3"))
    assert isinstance(second, Rejected)
    assert len([call for call in server.calls if call.method == "PUT"]) == 3


async def test_an_answer_without_results_is_unknown_and_never_repeated_for_ever() -> None:
    def script(call: Call) -> Any:
        return saved() if call.method == "PUT" else None

    async with books(script) as server, session(server.url) as opened:
        results = await opened.write(invoices("a", "b"))
    assert [type(one) for one in results] == [Unknown, Unknown]
    assert len([call for call in server.calls if call.method == "PUT"]) == 3


async def test_a_record_that_is_passed_over_in_silence_is_looked_up() -> None:
    made = invoices("a", "b")

    def script(call: Call) -> Any:
        if call.method == "PUT":
            return saved(result(2, made[1]), created=1, skipped=1)
        return listed(DOCUMENT, row(7, made[0].action))

    async with books(script) as server, session(server.url) as opened:
        assert await opened.write(made) == [AlreadyThere(id="7", number="F7"), AlreadyThere(id="102", number="F2")]
    assert len([call for call in server.calls if call.method == "PUT"]) == 1


async def test_a_fault_while_looking_up_costs_nobody_else_his_result() -> None:
    made = invoices("a", "b")

    def script(call: Call) -> Any:
        return saved(result(2, made[1]), created=1) if call.method == "PUT" else (500, {})

    async with books(script) as server, session(server.url) as opened:
        first, second = await opened.write(made)
    assert isinstance(first, Unknown)
    assert second == Done(id="102", number="F2")


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_a_fault_after_sending_is_unknown(status: int) -> None:
    async with books(lambda _: (status, {})) as server, session(server.url) as opened:
        (found,) = await opened.write(invoices("a"))
    assert isinstance(found, Unknown)


async def test_behind_an_unknown_batch_nothing_is_sent() -> None:
    made = invoices(*map(str, range(MANIFEST.limits.batch + 1)))
    async with books(lambda _: (500, {})) as server, session(server.url) as opened:
        results = await opened.write(made)
    assert [type(one) for one in results] == [Unknown] * MANIFEST.limits.batch + [NotSent]
    assert len(server.calls) == 1


async def test_a_server_that_is_away_was_sent_nothing() -> None:
    async with books(lambda _: None) as server:
        pass
    async with session(server.url) as opened:
        (found,) = await opened.write(invoices("a"))
    assert isinstance(found, NotSent)
    assert found.until == NOW + timedelta(seconds=30)


async def test_refused_credentials_stop_the_connection() -> None:
    async with books(lambda _: (401, {})) as server, session(server.url) as opened:
        with pytest.raises(AuthFailedError):
            await opened.write(invoices("a"))


# --- ties and payments ----------------------------------------------------------------------------------------------

ORIGINAL, CREDIT = create(INVOICE, name="original"), create(INVOICE, name="credit")
TIE = intent(flexi.link(credit=Reference(key=CREDIT.key), original=Reference(key=ORIGINAL.key)))
PAID = intent(flexi.settle(Reference(key=ORIGINAL.key)))
PAYMENT = intent(flexi.settle(Reference(key=ORIGINAL.key), mode="document", bank_account="BANKA"))


def tied(*ends: str) -> dict[str, Any]:
    ties = [{"typVazbyK": "typVazbyDokl.hlavaDobropis", "a": end, "b": "2"} for end in ends]
    return row(2, CREDIT, typDokl="code:DOBROPIS", vazby=ties)


def holding(*rows: dict[str, Any], bank: tuple[dict[str, Any], ...] = ()) -> Any:
    """Books that hold these documents and take every write."""

    def script(call: Call) -> Any:
        if call.method == "PUT":
            return saved({"id": "1", "request-id": sent(call)[0]}, updated=1)
        if call.path.endswith(f"{BANK}/get.json"):
            return listed(BANK, *bank)
        return listed(DOCUMENT, *rows) if DOCUMENT in call.path else None

    return script


@pytest.mark.parametrize(
    ("one", "rows", "found"),
    [
        (TIE, (row(1, ORIGINAL), tied("1")), AlreadyThere(id="2", number="F2")),
        (TIE, (row(1, ORIGINAL), tied("code:F1")), AlreadyThere(id="2", number="F2")),
        (PAID, (row(1, ORIGINAL, stavUhrK="stavUhr.uhrazeno"),), AlreadyThere(id="1", number="F1")),
        (PAID, (row(1, ORIGINAL, stavUhrK="stavUhr.uhrazenoRucne"),), AlreadyThere(id="1", number="F1")),
        (PAYMENT, (row(1, ORIGINAL, stavUhrK="stavUhr.uhrazeno"),), AlreadyThere(id="1", number="F1")),
    ],
)
async def test_a_state_that_is_reached_is_not_written_again(one: Intent, rows: Any, found: Any) -> None:
    async with books(holding(*rows)) as server, session(server.url) as opened:
        assert await opened.write([one]) == [found]
        assert await opened.find([one]) == [Found(ids=(found.id,), number=found.number)]
    assert not [call for call in server.calls if call.method == "PUT"]


@pytest.mark.parametrize(
    ("one", "rows", "cause"),
    [
        (TIE, (row(1, ORIGINAL), tied("9")), "flexibee.tied"),
        (PAID, (row(1, ORIGINAL, stavUhrK="stavUhr.castUhr"),), "flexibee.partly_paid"),
    ],
)
async def test_a_state_that_forbids_it_parks(one: Intent, rows: Any, cause: str) -> None:
    async with books(holding(*rows)) as server, session(server.url) as opened:
        (found,) = await opened.write([one])
        assert isinstance((await opened.find([one]))[0], Absent)
    assert isinstance(found, Rejected)
    assert found.problem.cause == cause
    assert not [call for call in server.calls if call.method == "PUT"]


@pytest.mark.parametrize("one", [TIE, PAID, PAYMENT])
async def test_a_state_that_is_not_reached_is_written(one: Intent) -> None:
    async with books(holding(row(1, ORIGINAL), tied())) as server, session(server.url) as opened:
        (found,) = await opened.write([one])
        assert isinstance((await opened.find([one]))[0], Absent)
    assert isinstance(found, Done)


async def test_a_payment_of_ours_is_found_by_its_own_id() -> None:
    bank = ({"id": "55", "kod": "B1", "external-ids": [f"ext:MOSTEK:{PAYMENT.action.key}"]},)
    async with books(holding(row(1, ORIGINAL), bank=bank)) as server, session(server.url) as opened:
        assert await opened.write([PAYMENT]) == [AlreadyThere(id="55", number="B1")]


async def test_a_tie_of_unknown_outcome_is_not_repeated() -> None:
    def script(call: Call) -> Any:
        if call.method == "PUT":
            return 400, saved()
        return listed(DOCUMENT, row(1, ORIGINAL), tied())

    async with books(script) as server, session(server.url) as opened:
        results = await opened.write([TIE, *invoices("a")])
    assert isinstance(results[0], Unknown)
    ties = [call for call in server.calls if call.method == "PUT" and f"ext:MOSTEK:{CREDIT.key}" in sent(call)]
    assert len(ties) == 1


async def test_what_cannot_be_read_before_writing_is_not_sent() -> None:
    async with books(lambda _: (500, {})) as server, session(server.url) as opened:
        (found,) = await opened.write([PAID])
    assert isinstance(found, NotSent)
    assert [call.method for call in server.calls] == ["POST"]


# --- find -----------------------------------------------------------------------------------------------------------


async def test_what_carries_our_key_is_found_in_one_call() -> None:
    made = invoices("a", "b", "c")

    def script(call: Call) -> Any:
        held = [row(7, made[0].action), row(8, made[2].action)]
        return listed(DOCUMENT, *held) if call.path.endswith("get.json") else None

    async with books(script) as server, session(server.url) as opened:
        first, second, third = await opened.find(made)
    assert (first, third) == (Found(ids=("7",), number="F7"), Found(ids=("8",), number="F8"))
    assert second == Absent(as_of=NOW)
    assert len(server.of("get")) == 1


async def test_all_that_resemble_it_are_found() -> None:
    invoice = msgspec.structs.replace(INVOICE, order_number="10001")
    one = intent(create(invoice), flexi.settings(numbering="target"))
    rows = [row(3, cisObj="10001"), row(4, cisObj="10001"), row(5, cisObj="10001", sumCelkem="1"), row(6, cisObj="9")]

    def script(call: Call) -> Any:
        return listed(DOCUMENT, *rows) if call.path.endswith("query.json") else None

    async with books(script) as server, session(server.url, numbering="target") as opened:
        assert await opened.find([one]) == [Found(ids=("3", "4"), number="F3")]
    assert "cisObj eq '10001'" in server.of("query")[0].body["winstrom"]["filter"]


@pytest.mark.parametrize("answer", [(500, {}), {"winstrom": {"success": "false"}}, listed(DOCUMENT, {"kod": "x"})])
async def test_who_cannot_be_asked_cannot_tell(answer: Any) -> None:
    async with books(lambda _: answer) as server, session(server.url) as opened:
        found = await opened.find(invoices("a", "b"))
    assert [type(one) for one in found] == [CannotTell, CannotTell]


async def test_a_contact_is_found_by_its_code_too() -> None:
    card = intent(flexi.contact())
    held = {"id": "3", "kod": flexi.record(card.action)["kod"]}

    def script(call: Call) -> Any:
        return listed(CONTACT, held) if call.path.endswith("query.json") else None

    async with books(script) as server, session(server.url) as opened:
        assert await opened.find([card]) == [Found(ids=("3",), number=held["kod"])]
