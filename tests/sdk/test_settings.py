"""Settings: one class gives validation, schema and secrets, and no error quotes what was typed."""

from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mostek.documents.problem import InvalidDocumentError, invalid
from mostek.sdk.settings import Settings, load, option, schema, secrets

TYPED = "hunter2-Tajné"


class Example(Settings, frozen=True, kw_only=True):
    """Settings of every kind."""

    address: Annotated[str, option("Address", "Where is the shop?", pattern="^https://")]
    api_key: Annotated[str, option("Key", "Where do I find it?", secret=True, min_length=5)]
    spare_key: Annotated[str, option("Spare", "Another one?", secret=True)] | None = None
    last_key: Annotated[str | None, option("Last", "The last?", secret=True)] = None
    tariff: Annotated[Literal["bronze", "gold"], option("Tariff", "Which one?")] = "bronze"
    packs: Annotated[int, option("Packs", "How many?", ge=0)] = 0
    drafts: bool = False

    def __post_init__(self) -> None:
        if self.packs and self.tariff == "bronze":
            raise invalid("example.packs", "packs", tariff=self.tariff)


GOOD = {"address": "https://shop.example", "api_key": TYPED}


def problem(values: dict[str, Any]) -> tuple[str, str, dict[str, str]]:
    with pytest.raises(InvalidDocumentError) as refused:
        load(Example, values)
    assert TYPED not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__  # a traceback that is logged does not quote it either
    [found] = refused.value.problems
    assert TYPED not in repr(found)
    return found.cause, found.field, dict(found.details)


def test_texts_of_a_form_are_converted() -> None:
    found = load(Example, {**GOOD, "packs": "2", "tariff": "gold", "drafts": "true", "settles_after": "60"})
    assert (found.packs, found.drafts, found.settles_after, found.timezone) == (2, True, 60, "Europe/Prague")


@pytest.mark.parametrize(
    ("values", "cause", "field"),
    [
        ({"api_key": TYPED}, "setting.missing", "address"),
        ({**GOOD, "adress": TYPED}, "setting.unknown", "adress"),
        ({**GOOD, "address": TYPED}, "setting.invalid", "address"),
        ({**GOOD, "address": None}, "setting.invalid", "address"),
        ({**GOOD, "api_key": "abc"}, "setting.invalid", "api_key"),
        ({**GOOD, "api_key": [TYPED]}, "setting.invalid", "api_key"),
        ({**GOOD, "tariff": TYPED}, "setting.invalid", "tariff"),
        ({**GOOD, "packs": TYPED}, "setting.invalid", "packs"),
        ({**GOOD, "packs": "-1"}, "setting.invalid", "packs"),
        ({**GOOD, "packs": ""}, "setting.invalid", "packs"),
        ({**GOOD, "drafts": TYPED}, "setting.invalid", "drafts"),
        ({**GOOD, "timezone": 5}, "setting.invalid", "timezone"),
    ],
)
def test_a_wrong_setting_is_named_and_not_quoted(values: dict[str, Any], cause: str, field: str) -> None:
    assert problem(values)[:2] == (cause, field)


def test_the_reason_is_told() -> None:
    assert problem({**GOOD, "packs": "-1"})[2] == {"reason": "Expected `int` >= 0"}
    assert problem({**GOOD, "tariff": TYPED})[2] == {"reason": "not one of the choices"}


def test_what_the_class_itself_finds_wrong_is_passed_on() -> None:
    assert problem({**GOOD, "packs": 1}) == ("example.packs", "packs", {"tariff": "bronze"})


@given(
    st.sampled_from(["api_key", "spare_key", "last_key"]),
    st.one_of(st.text(max_size=4), st.integers(10**6), st.lists(st.text(min_size=8), min_size=1), st.binary()),
)
def test_a_secret_of_any_kind_is_not_quoted(name: str, value: Any) -> None:
    try:
        load(Example, {**GOOD, name: value})
    except InvalidDocumentError as error:
        [found] = error.problems
        assert found.field == name
        assert str(value) not in found.details["reason"] or len(str(value)) < 3


def test_the_schema_describes_the_form() -> None:
    found = schema(Example)
    assert found["required"] == ["address", "api_key"]
    assert found["additionalProperties"] is False
    assert found["properties"]["address"] == {
        "type": "string",
        "pattern": "^https://",
        "title": "Address",
        "description": "Where is the shop?",
        "x-secret": False,
    }
    assert found["properties"]["packs"]["minimum"] == 0
    assert found["properties"]["tariff"]["enum"] == ["bronze", "gold"]
    assert {"timezone", "test_address", "settles_after"} <= found["properties"].keys()


def test_secrets_are_known_also_where_they_may_be_left_out() -> None:
    assert secrets(Example) == {"api_key", "spare_key", "last_key"}
    assert secrets(Settings) == frozenset()
