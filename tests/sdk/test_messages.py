"""Every cause has a text and a cure in every language, and each fits the problem it explains."""

import sys
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import msgspec
import pytest

from mostek.documents.problem import Problem
from mostek.sdk.messages import LANGUAGES, Message, catalogue, explain
from tests.project.source import modules
from tests.sdk import causes

CORE = "mostek.locale"
PURE = ("mostek.documents", "mostek.sdk")
# Where dotted texts are also names of commands and feeds: there only what is given to a problem is a cause.
PROGRAM = (
    "mostek.core",
    "mostek.hub",
    "mostek.desk",
    "mostek.commands",
    "mostek.web",
    "mostek.cli",
    "mostek.terminal",
    "mostek.demo",
)
# What a person cannot be expected to know.
JARGON = ["JSON", "HTTP status", "null", "payload", "exception", "timeout", "TLS", "UTF", "parse", "regex"]


def placeholders(message: Message) -> set[str]:
    return {name for text in (message.text, message.cure) for _, name, _, _ in Formatter().parse(text) if name}


def known() -> set[str]:
    """The causes of all packages that use the core's catalogue."""
    pure = {cause for package in PURE for cause in causes.named(package)}
    return pure | {found.cause for package in PROGRAM for found in causes.raised(package)}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("package", PURE)
def test_every_cause_has_a_text(package: str, language: str) -> None:
    assert causes.named(package) - catalogue(CORE, language).keys() == set()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("package", PROGRAM)
def test_every_cause_of_the_program_has_a_text(package: str, language: str) -> None:
    assert modules(package)
    assert {found.cause for found in causes.raised(package)} - catalogue(CORE, language).keys() == set()


def test_causes_of_the_program_are_found() -> None:
    found = {package: {raised.cause for raised in causes.raised(package)} for package in PROGRAM}
    assert "mapping.missing" in found["mostek.core"]
    assert "input.file" in found["mostek.cli"]
    assert "demo.simulator" in found["mostek.demo"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_unused(language: str) -> None:
    assert catalogue(CORE, language).keys() - known() == set()


def test_the_two_ways_to_find_causes_agree() -> None:
    named = {cause for package in PURE for cause in causes.named(package)}
    seen = {found.cause for package in PURE for found in causes.raised(package)}
    assert named - seen == {"setting.missing", "setting.unknown"}  # settings.py has them in a table, without details
    assert seen - named == set()
    known_details = [found for package in PURE for found in causes.raised(package) if found.details is not None]
    assert {found.cause for found in known_details} == seen


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("package", [*PURE, *PROGRAM])
def test_texts_quote_details_that_the_problem_has(package: str, language: str) -> None:
    texts = catalogue(CORE, language)
    wrong = {
        found.place: (found.cause, missing)
        for found in causes.raised(package)
        if found.cause in texts and found.details is not None
        if (missing := placeholders(texts[found.cause]) - found.details - {"field"})
    }
    assert wrong == {}


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_languages_quote_the_same_details(language: str) -> None:
    english, other = catalogue(CORE, LANGUAGES[0]), catalogue(CORE, language)
    assert other.keys() == english.keys()
    assert {
        cause: placeholders(message) ^ placeholders(other[cause])
        for cause, message in english.items()
        if placeholders(message) != placeholders(other[cause])
    } == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_are_plain_sentences(language: str) -> None:
    for cause, message in catalogue(CORE, language).items():
        for text in (message.text, message.cure):
            assert text == text.strip(), cause
            assert "!" not in text, cause
            assert text.endswith((".", "}")), cause
            assert text[0] in "{“„" or text[0].isupper(), cause
            assert not [word for word in JARGON if word in text], cause
    assert len({message.text for message in catalogue(CORE, language).values()}) == len(catalogue(CORE, language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_can_be_filled_in(language: str) -> None:
    for cause in catalogue(CORE, language):
        details = {name: f"<{name}>" for name in placeholders(catalogue(CORE, language)[cause]) - {"field"}}
        found = explain(Problem(cause=cause, field="<field>", details=details), language)
        for name in placeholders(catalogue(CORE, language)[cause]):
            assert f"<{name}>" in found.text + found.cure
        assert "{" not in found.text + found.cure


def test_a_problem_is_explained_in_the_readers_language() -> None:
    problem = Problem(
        cause="money.line_sum",
        field="items",
        details={"found": "99.99 CZK", "stated": "100.00 CZK", "difference": "0.01 CZK"},
    )
    assert explain(problem, "en").text == (
        "The lines add up to 99.99 CZK, but the document states 100.00 CZK: a difference of 0.01 CZK."
    )
    assert explain(problem, "cs").text == "Součet řádků je 99.99 CZK, ale doklad uvádí 100.00 CZK: rozdíl 0.01 CZK."
    assert explain(problem, "pl").text == (
        "Suma pozycji wynosi 99.99 CZK, a dokument podaje 100.00 CZK: różnica 0.01 CZK."
    )
    assert all(explain(problem, language).cure for language in LANGUAGES)


def test_a_cause_without_a_text_shows_what_is_known() -> None:
    problem = Problem(cause="never.heard", field="items[1]", details={"value": "5"})
    assert explain(problem, "cs") == Message(text="never.heard at items[1] (value=5)", cure="")


def test_details_that_are_missing_show_as_a_dash() -> None:
    assert explain(Problem(cause="field.date", field="paid"), "en").text == "paid holds “–”, which is not a date."
    assert explain(Problem(cause="field.missing"), "cs").text == "Údaj – je prázdný a doklad se bez něj neobejde."


def test_braces_in_a_detail_are_quoted_as_they_are() -> None:
    problem = Problem(cause="field.date", field="paid", details={"value": "{field} {0} {"})
    assert explain(problem, "en").text == "paid holds “{field} {0} {”, which is not a date."


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "example_messages"
    folder.mkdir()
    folder.joinpath("__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    catalogue.cache_clear()
    yield folder
    catalogue.cache_clear()
    sys.modules.pop("example_messages", None)


def test_a_connector_has_texts_of_its_own_and_may_say_more(package: Path) -> None:
    text = '["example.locked"]\ntext = "Účet {account} je zamčený."\ncure = "Odemkněte ho."\n'
    own = '["field.date"]\ntext = "Datum."\ncure = "Opravte ho."\n'
    package.joinpath("cs.toml").write_text(text + own, encoding="utf-8")
    both = ("example_messages", CORE)
    assert explain(Problem(cause="example.locked", details={"account": "7"}), "cs", both) == Message(
        text="Účet 7 je zamčený.", cure="Odemkněte ho."
    )
    assert explain(Problem(cause="field.date"), "cs", both).text == "Datum."
    assert explain(Problem(cause="field.country", details={"value": "?"}), "cs", both).text.startswith("Údaj")


@pytest.mark.parametrize("text", ['["a.b"]\ntext = "x"\n', '["a.b"]\ntext = "x"\ncure = "y"\nhint = "z"\n'])
def test_a_catalogue_is_checked_when_it_is_read(package: Path, text: str) -> None:
    package.joinpath("en.toml").write_text(text, encoding="utf-8")
    with pytest.raises(msgspec.ValidationError):
        catalogue("example_messages", "en")
