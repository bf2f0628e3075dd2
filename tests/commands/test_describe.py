"""A flow in plain words: nothing that decides is left untold, in any language."""

from collections.abc import Iterator, Mapping
from datetime import date
from string import Formatter
from typing import Any, Literal, get_args, get_origin

import msgspec
import pytest

from mostek.cli.describing import prose
from mostek.commands import adopting, describing
from mostek.commands.describing import TABLES, Description, Sentence
from mostek.core.identity import Identity
from mostek.core.policy import Policy
from mostek.core.rules import FIELDS, Condition, Deed, Operator, Rule, Subject
from mostek.documents.problem import InvalidDocumentError
from mostek.hub.ledger import catalog
from mostek.prose import condition_told, rule_told, told
from mostek.sdk.manifest import MappingManifest
from mostek.sdk.messages import LANGUAGES
from mostek.wording import Wording, sentences
from tests.hub import papers, toy
from tests.hub.bench import Installation
from tests.hub.conftest import Installer

DAY = date(2027, 1, 1)
SPOKEN = [Wording(language) for language in LANGUAGES]
each_language = pytest.mark.parametrize("language", SPOKEN, ids=LANGUAGES)


def choices(kind: Any) -> tuple[Any, ...]:
    """One value for each thing that a field of this type may say: every choice, or nothing and something."""
    if get_origin(kind) is Literal:
        return get_args(kind)
    if kind is bool:
        return (False, True)
    if get_origin(kind) is tuple:
        return ((), choices(get_args(kind)[0]))
    if date in get_args(kind):
        return (None, DAY)
    return (0, 5)


def fields() -> Iterator[tuple[str, Any]]:
    """Each field of a policy with each thing it may say."""
    for field in msgspec.structs.fields(Policy):
        if field.name not in TABLES:
            yield from ((field.name, value) for value in choices(field.type))


def words(language: Wording) -> Mapping[str, Any]:
    """The words for descriptions."""
    found: Mapping[str, Any] = sentences(language.language)["describe"]
    return found


def quoted(text: Any) -> set[str]:
    """What a sentence quotes, in any of its forms."""
    texts = [text] if isinstance(text, str) else list(text.values())
    return {name for each in texts for _, name, _, _ in Formatter().parse(each) if name}


@each_language
@pytest.mark.parametrize(("name", "value"), list(fields()))
def test_everything_a_policy_may_say_has_words(language: Wording, name: str, value: Any) -> None:
    sentence = describing.variant(name, value)
    said = told(sentence, language)
    assert said.endswith(".")
    text: Any = words(language)
    for part in sentence.id.split("."):
        text = text[part]
    assert quoted(text) == set(sentence.values), "what is set is said"


@each_language
def test_words_are_there_for_nothing_else(language: Wording) -> None:
    said = {describing.variant(name, value).id for name, value in fields()}
    there = {f"policy.{name}.{kind}" for name, kinds in words(language)["policy"].items() for kind in kinds}
    assert there == said


def test_a_field_without_words_is_noticed() -> None:
    for sentence in (describing.variant("colour", "red"), Sentence(id="policy.payments.gold")):
        with pytest.raises(KeyError):
            told(sentence, SPOKEN[0])


@each_language
def test_every_part_of_a_rule_has_words(language: Wording) -> None:
    found = words(language)
    assert found["field"].keys() == FIELDS.keys()
    assert found["operator"].keys() == set(get_args(Operator))
    assert found["deed"].keys() == set(get_args(Deed))
    assert found["identity"].keys() == set(get_args(Identity))
    by = next(field.type for field in msgspec.structs.fields(MappingManifest) if field.name == "by")
    assert found["by"].keys() == set(get_args(by))
    subject = Subject(document=papers.invoice("F1"), order=papers.order("1"))
    assert found["fact"].keys() == {name for name, value in FIELDS.items() if isinstance(value(subject), bool)}


@each_language
@pytest.mark.parametrize("operator", get_args(Operator))
@pytest.mark.parametrize("field", sorted(FIELDS))
def test_every_condition_is_told_with_its_values(language: Wording, field: str, operator: Any) -> None:
    values = {"total": ("1250", "7"), "issued": ("2027-01-01", "2027-01-02")}.get(field, ("yes",))
    try:
        condition = Condition(field=field, operator=operator, values=values)
    except InvalidDocumentError:
        assert operator in {"at_least", "at_most"}
        return
    said = condition_told(condition, language)
    shown = [language.day(date.fromisoformat(value)) if field == "issued" else value for value in values]
    fact = words(language)["fact"].get(field)
    assert said in fact.values() if fact and operator in {"is", "is_not"} else all(value in said for value in shown)


@pytest.mark.parametrize(
    ("operator", "value", "said"),
    [
        ("is", "yes", "is paid"),
        ("is", "No", "is not paid"),
        ("is_not", "yes", "is not paid"),
        ("is_not", "no", "is paid"),
    ],
)
def test_a_fact_is_told_as_it_is_decided(operator: Any, value: str, said: str) -> None:
    condition = Condition(field="paid", operator=operator, values=(value,))
    assert condition_told(condition, SPOKEN[0]) == f"the document {said}"
    document = papers.invoice("F1")
    assert condition.holds(Subject(document=document, order=None)) is ((said == "is paid") == document.is_paid)


@each_language
def test_each_field_of_a_rule_is_told(language: Wording) -> None:
    rule = Rule(
        id="vip",
        when=(Condition(field="country", values=("SK", "")), Condition(field="kind", values=("receipt",))),
        then="hold",
        reason="Eva looks.",
        since=DAY,
    )
    said = rule_told(rule, language)
    parts = ("vip", "SK", words(language)["empty"], language.word("kind", "receipt"), "Eva looks", language.day(DAY))
    assert all(part in said for part in (*parts, words(language)["deed"]["hold"]))
    assert rule_told(Rule(id="all"), language).startswith("all: ")


async def description(hub: Installation) -> Description:
    found: Description = await hub.command("describe", describing.Describe(slug="shop-to-books"))
    return found


async def test_a_flow_is_described_by_period_with_its_tables(installed: Installer) -> None:
    later = {"payments": "none", "rules": [{"id": "eu", "when": [{"field": "currency", "values": ["EUR"]}]}]}
    hub = await installed({"mappings": {"document_type": {"Invoice": "FV"}}, "starts_from": "2026-01-01"})
    row = (await hub.ledger.read(catalog.flows))[0]
    await hub.ledger.write(catalog.change_flow, row, later, ("invoice",), None, effective=DAY)
    await hub.command("books.close", adopting.Close(slug="books", until=date(2026, 3, 31)))
    found = await description(hub)
    assert (found.source, found.source_system, found.target, found.target_system) == (
        "shop",
        "toyshop",
        "books",
        "toybooks",
    )
    before, after = found.periods
    assert [(each.version, each.since, each.before) for each in found.periods] == [(1, None, DAY), (2, DAY, None)]
    assert (before.whole, after.whole) == (True, False)
    assert Sentence(id="policy.starts_from.some", values={"day": date(2026, 1, 1)}) in before.scope
    assert Sentence(id="policy.payments.none") in after.treatment
    assert Sentence(id="policy.payments.mark") in before.treatment
    table = next(table for table in before.tables if table.name == "document_type")
    assert [(row.value, row.becomes, row.own) for row in table.rows] == [
        ("Invoice", "FV", True),
        ("credit_note", "D", False),
        ("receipt", "U", False),
    ]
    assert Sentence(id="reading.closed", values={"day": date(2026, 3, 31)}) in found.reading
    feeds = [sentence.values for sentence in found.reading if sentence.id == "reading.feed"]
    assert feeds == [{"feed": name, "seconds": feed.every} for name, feed in toy.SHOP.manifest.feeds.items()]


@each_language
async def test_the_page_tells_everything_there_is(installed: Installer, language: Wording) -> None:
    hub = await installed({"rules": [{"id": "eu", "when": [{"field": "currency", "values": ["EUR"]}]}]})
    found = await description(hub)
    page = " ".join(" ".join(prose(found, language)).split())
    [period] = found.periods
    for sentence in (*found.reading, *period.scope, *period.treatment, *found.asks, *found.never):
        assert told(sentence, language) in page
    assert words(language)["unmatched"] in page
    assert words(language)["agreed"] in page
    for name in ("place", "name", "signature"):
        assert f"{words(language)[name]}: ____" in page
    assert "{" not in page
    assert found.asks
    assert found.never
    assert msgspec.json.encode(found)


@pytest.mark.parametrize(("hour", "day", "kind"), [(0, 0, "none"), (5, 0, "hour"), (0, 9, "day"), (5, 9, "both")])
@each_language
def test_limits_of_calls_are_told(language: Wording, hour: int, day: int, kind: str) -> None:
    sentence = describing._limit("shop", hour, day)
    assert sentence.id == f"limit.{kind}"
    said = told(sentence, language)
    assert ("5" in said, "9" in said) == (bool(hour), bool(day))


async def test_a_flow_of_a_system_that_cannot_be_opened_is_described_without_its_limits(installed: Installer) -> None:
    hub = await installed()
    await hub.sql("UPDATE connection SET settings = '{}' WHERE slug = 'shop'")
    found = await description(hub)
    assert [sentence.values["connection"] for sentence in found.reading if sentence.id.startswith("limit.")] == [
        "books"
    ]


async def test_a_flow_that_is_not_there_is_refused(installed: Installer) -> None:
    hub = await installed()
    with pytest.raises(InvalidDocumentError, match=r"flow\.unknown"):
        await hub.command("describe", describing.Describe(slug="nothing"))
