"""Every cause that the connector raises has a text and a cure in each language, which quote what the problem has."""

from string import Formatter

import pytest

from mostek.connectors.upgates.connector import connector
from mostek.sdk.messages import LANGUAGES, Message, catalogue
from tests.sdk import causes

MODULES = ("client", "connector", "mapping", "people", "records", "register", "settings")
PACKAGES = [f"mostek.connectors.upgates.{name}" for name in MODULES]


def named() -> set[str]:
    return {cause for package in PACKAGES for cause in causes.named(package) if cause.startswith("upgates.")}


def quoted(message: Message) -> set[str]:
    return {name for text in (message.text, message.cure) for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("language", LANGUAGES)
def test_causes_and_texts_are_the_same(language: str) -> None:
    assert len(named()) > 20
    assert catalogue(connector.messages, language).keys() == named()


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_quote_what_the_problem_has(language: str) -> None:
    texts = catalogue(connector.messages, language)
    english = catalogue(connector.messages, "en")
    for cause, message in texts.items():
        assert message.text, cause
        assert message.cure, cause
        assert quoted(message) == quoted(english[cause]), cause
    raised = {
        found.cause: found.details | {"field", "host"}
        for package in PACKAGES
        for found in causes.raised(package)
        if found.details and found.cause in texts
    }
    assert len(raised) > 5
    assert {cause: missing for cause, known in raised.items() if (missing := quoted(texts[cause]) - known)} == {}
