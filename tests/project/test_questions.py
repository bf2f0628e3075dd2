"""What a connector asks its user for is asked in every language that the product speaks."""

import pytest

from mostek.hub.connections import connectors
from mostek.sdk import settings as settings_
from mostek.sdk.messages import LANGUAGES, questions
from mostek.sdk.settings import Settings


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", sorted(connectors()))
def test_each_question_is_asked(name: str, language: str) -> None:
    connector = connectors()[name]
    words = questions(connector.messages, language)
    fields = settings_.schema(connector.settings)["properties"]
    asked = {field: schema for field, schema in fields.items() if "title" in schema}
    assert words.keys() <= asked.keys()
    for field, schema in asked.items():
        said = words.get(field)
        if language != "en":
            assert said, f"{field} is not asked for in {language}"
            assert said.title, field
            assert said.question, field
            assert not said.group, f"{field}: only the English file groups"
        if said and said.choices:
            assert said.choices.keys() == set(schema["enum"]), field
        elif language != "en":
            assert "enum" not in schema, f"{field} has choices without words"


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_every_connection_has_is_asked_for_too(language: str) -> None:
    words = questions("mostek.locale", language)
    assert words.keys() == set(Settings.__struct_fields__)
    assert all(each.title and each.question for each in words.values())
