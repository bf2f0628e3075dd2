"""Fields of a payload: what is taken, what is refused, and by which name."""

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mostek.documents.problem import InvalidDocumentError
from mostek.sdk import field
from mostek.sdk.field import Field, parse_json

PRAGUE = ZoneInfo("Europe/Prague")
READERS: list[Any] = [
    *(field.text, field.flag, field.number, field.country, field.moment, field.day(PRAGUE), field.mapping),
    field.sequence,
]


def refused(cause: str, call: Any, *arguments: Any, at: str = "items[0].x") -> dict[str, str]:
    """Expect one problem with this cause at this place and give its details."""
    with pytest.raises(InvalidDocumentError) as found:
        call(*arguments)
    [problem] = found.value.problems
    assert (problem.cause, problem.field) == (cause, at)
    return dict(problem.details)


@pytest.mark.parametrize("payload", [{}, {"x": None}, {"x": ""}, {"x": "  \n"}])
def test_a_missing_field_is_named_or_has_its_default(payload: dict[str, Any]) -> None:
    refused("field.missing", Field("x", field.text), payload, "items[0].")
    refused("field.missing", Field("x", field.text), payload, at="x")
    assert Field("x", field.text, "none")(payload) == "none"
    assert Field[str | None]("x", field.text, None)(payload) is None


@pytest.mark.parametrize("value", [0, False, "0", Decimal(0)])
def test_nought_is_a_value(value: Any) -> None:
    assert Field("x", field.flag, True)({"x": value}) is False


def test_a_wrong_value_is_not_taken_for_a_missing_one() -> None:
    refused("number.invalid", Field("x", field.number, Decimal(0)), {"x": "much"}, "items[0].")


@pytest.mark.parametrize(("value", "found"), [(" a ", "a"), (7, "7"), (Decimal("1.50"), "1.50"), (-0, "0")])
def test_text(value: Any, found: str) -> None:
    assert field.text(value, "x") == found


@pytest.mark.parametrize("value", [True, 1.5, [], {}, None, b"a"])
def test_what_is_no_text(value: Any) -> None:
    assert refused("field.type", field.text, value, "items[0].x")["value"] == str(value)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (True, True),
        (1, True),
        ("1", True),
        ("true", True),
        ("TRUE", True),
        (False, False),
        (0, False),
        ("False", False),
    ],
)
def test_flag(value: Any, found: bool) -> None:
    assert field.flag(value, "x") is found


@pytest.mark.parametrize("value", ["yes", "", 2, -1, [], {}, None, "10"])
def test_what_is_no_flag(value: Any) -> None:
    refused("field.type", field.flag, value, "items[0].x")


def test_number_is_exact() -> None:
    assert str(field.number("168.60", "x")) == "168.6"
    refused("number.invalid", field.number, 1.1, "items[0].x")


@pytest.mark.parametrize(("value", "found"), [("cz", "CZ"), ("SK", "SK"), (" pl ", "PL")])
def test_country(value: Any, found: str) -> None:
    assert field.country(value, "x") == found


@pytest.mark.parametrize("value", ["CZE", "C", "1Z", "čz", "ß", "\ufb01", "C Z", 42])  # ß and ﬁ become two capitals
def test_what_is_no_country(value: Any) -> None:
    refused("field.country", field.country, value, "items[0].x")


def test_moment_keeps_its_offset() -> None:
    found = field.moment("2024-03-31T02:30:00+01:00", "x")
    assert found.isoformat() == "2024-03-31T02:30:00+01:00"
    assert field.utc(found) == "2024-03-31T01:30:00+00:00"
    assert field.utc(field.moment("2024-01-01T00:00:00Z", "x")) == "2024-01-01T00:00:00+00:00"


@pytest.mark.parametrize("value", ["2024-01-01T10:00:00", "2024-01-01"])
def test_a_moment_without_offset_is_refused(value: str) -> None:
    refused("field.no_offset", field.moment, value, "items[0].x")


@pytest.mark.parametrize(
    "value",
    [
        *("yesterday", "2024-02-30", "2023-02-29T00:00:00Z", "0000-00-00", "31.12.2024", "2024-01-01T25:00:00Z", 5),
        *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"),
    ],
)
def test_what_is_no_date(value: Any) -> None:
    refused("field.date", field.moment, value, "items[0].x")
    refused("field.date", field.day(PRAGUE), value, "items[0].x")


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("2024-02-29", date(2024, 2, 29)),
        ("9999-12-31", date(9999, 12, 31)),
        ("2024-01-01T23:30:00", date(2024, 1, 1)),  # naive: already the shop's own time
        ("2023-12-31T23:30:00+00:00", date(2024, 1, 1)),  # half past midnight in Prague: another year, other VAT
        ("2023-12-31T22:59:59Z", date(2023, 12, 31)),
        ("2024-06-30T22:00:00Z", date(2024, 7, 1)),  # two hours in summer
        ("2024-06-30T21:59:59Z", date(2024, 6, 30)),
        ("2024-03-31T00:30:00+01:00", date(2024, 3, 31)),  # the night of the clock change
        ("2024-10-27T02:30:00+02:00", date(2024, 10, 27)),
    ],
)
def test_a_day_is_the_day_in_the_shops_zone(value: str, found: date) -> None:
    assert field.day(PRAGUE)(value, "x") == found


@given(st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.timezones()))  # noqa: DTZ001
def test_moments_come_back_as_the_same_instant(moment: datetime) -> None:
    seconds = moment.replace(microsecond=0)
    assert field.moment(field.utc(seconds), "x").timestamp() == seconds.timestamp()


def test_objects_and_lists() -> None:
    assert field.mapping({"a": 1}, "x") == {"a": 1}
    assert field.mapping([], "x") == {}  # PHP's empty array
    assert field.sequence([{"a": 1}, []], "items") == [{"a": 1}, {}]
    assert field.sequence([], "items") == []
    no_objects: list[Any] = [[1], "{}", 1, None]
    no_lists: list[Any] = [{}, "[]", None]
    for value in no_objects:
        refused("field.type", field.mapping, value, "items[0].x")
    for value in no_lists:
        refused("field.type", field.sequence, value, "items[0].x")
    refused("field.type", field.sequence, [{}, 5], "items", at="items[1]")


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.decimals(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(JSON, st.sampled_from(READERS))
def test_any_value_is_read_or_refused(value: Any, read: Any) -> None:
    try:
        read(value, "x")
    except InvalidDocumentError as error:
        problems = error.problems
    else:
        return
    assert [problem.field[:1] for problem in problems] == ["x"]


def test_json_numbers_are_exact() -> None:
    found = parse_json(b'{"a": 0.1, "b": 1e2, "c": 12345678901234567890.123456789, "d": 7, "e": -0.0}')
    assert found == {"a": Decimal("0.1"), "b": 100, "c": Decimal("12345678901234567890.123456789"), "d": 7, "e": 0}
    assert not any(isinstance(value, float) for value in found.values())


@given(st.dictionaries(st.text(), st.recursive(st.text() | st.integers() | st.booleans(), st.lists, max_leaves=4)))
def test_json_objects_are_read(value: dict[str, Any]) -> None:
    assert parse_json(json.dumps(value).encode()) == value
    assert parse_json(json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")) == value


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_json_constants_that_are_no_json(constant: str) -> None:
    refused("number.invalid", parse_json, f'{{"a": [{constant}]}}'.encode(), at="")


@pytest.mark.parametrize(
    "payload",
    [
        *(
            b"",
            b"{",
            b'{"a": 1,}',
            b"<html></html>",
            b"{'a': 1}",
            b'{"a": 01}',
            b'{"a": "\x01"}',
            b'{"a": \xff}',
            b"{}{}",
        ),
        b'{"a": ' + b"9" * 10_000 + b"}",
        b'{"a": 1e99999999999999999999}',
    ],
)
def test_what_is_no_json(payload: bytes) -> None:
    details = refused("payload.no_json", parse_json, payload, at="")
    assert details["reason"]
    assert len(details["reason"]) <= 200


@pytest.mark.parametrize("payload", [b"1", b'"a"', b"null", b"true", b'[{"a": 1}]'])
def test_json_that_is_no_object(payload: bytes) -> None:
    refused("field.type", parse_json, payload, at="payload")


@pytest.mark.parametrize(
    ("payload", "keys"),
    [
        (b'{"id": 1, "total": 5, "id": 2}', "id"),
        (b'{"rows": [{"a": 1, "b": 2, "a": 1, "b": 3, "c": 4}]}', "a, b"),
        (b'{"\\u0061": 1, "a": 2}', "a"),
    ],
)
def test_a_repeated_key_is_named(payload: bytes, keys: str) -> None:
    assert refused("payload.repeated_key", parse_json, payload, at="") == {"value": keys}


@pytest.mark.parametrize(("opened", "closed"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_a_nest_without_end_is_refused(opened: bytes, closed: bytes) -> None:
    inner = opened * 200_000 + b"1" + closed * 200_000
    refused("payload.too_deep", parse_json, b'{"a": ' + inner + b"}", at="")


def test_huge_numbers_pass_json_and_stop_at_the_reader() -> None:
    value = parse_json(b'{"a": 1e999999}')["a"]
    refused("number.invalid", field.number, value, "items[0].x")


@given(st.binary() | JSON.map(lambda value: json.dumps(value, default=str).encode("utf-8", "surrogatepass")))
def test_any_bytes_are_read_or_refused(payload: bytes) -> None:
    try:
        parse_json(payload)
    except InvalidDocumentError as error:
        problems = error.problems
    else:
        return
    assert problems
