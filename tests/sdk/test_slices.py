"""Items cut out of a list: their own bytes, whatever stands in them or beside them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mostek.sdk.slices import slices, whole

NAMES = st.text(st.characters(codec="utf-8"), max_size=8) | st.sampled_from(["rows", '"rows": [', "]}", "\\", '\\"'])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


@given(
    st.lists(VALUES, max_size=5),
    st.dictionaries(NAMES.filter(lambda name: name != "rows"), VALUES, max_size=3),
    st.booleans(),
)
def test_items_keep_their_bytes(items: list[object], beside: dict[str, object], first: bool) -> None:
    parts = [json.dumps(item).encode() for item in items]
    rows = b'"rows": [' + b" , ".join(parts) + b"]"
    others = [json.dumps({name: value})[1:-1].encode() for name, value in beside.items()]
    body = b"{" + b",".join([rows, *others] if first else [*others, rows]) + b"}"
    found = slices(body, "rows")
    assert found is not None
    assert found.items == tuple(parts)
    assert found.fields == beside
    # One item that is no JSON: the others stay as they were.
    for bad in (b"NaN", b'"\\ud800"', b"01", b'{"a": undefined}'):
        mixed = b"{" + b",".join([*others, b'"rows": [' + b",".join([*parts, bad, *parts]) + b"]"]) + b"}"
        cut = slices(mixed, "rows")
        assert cut is not None
        assert cut.items == (*parts, bad, *parts)
        assert cut.fields == beside


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"<html>",
        b'{"rows": [{"a": 1}',
        b'{"rows": [{"a": 1}]',
        b'{"rows": [{"a": 1}, NaN',
        b'{"rows": [NaN]',
        b'{"rows": [NaN], "count": NaN}',
        b'{"rows": [1}',
        b'{"other": [NaN]}',
        b'{"deep": {"rows": [NaN]}}',
        b'{"rows": ["unclosed]}',
        b"[" * 100_000,
        b'{"rows": ' + b"[" * 100_000,
    ],
)
def test_an_answer_that_is_cut_or_no_object(body: bytes) -> None:
    assert slices(body, "rows") is None


@pytest.mark.parametrize(
    ("body", "items"),
    [
        (b'{"count": 1}', None),
        (b'{"rows": null}', None),
        (b'{"rows": "none"}', None),
        (b'{"rows": 5}', None),
        (b'{"rows": []}', ()),
        (b'{"rows": {}}', ()),
        (b'{"rows": {"0": {"a": 1}, "2": {"b": 2}}}', (b'{"a": 1}', b'{"b": 2}')),  # PHP, a list with gaps
        (b'\xef\xbb\xbf{"rows": [1]}', (b"1",)),
    ],
)
def test_what_counts_as_a_list(body: bytes, items: tuple[bytes, ...] | None) -> None:
    found = slices(body, "rows")
    assert found is not None
    assert found.items == items


def test_long_strings_full_of_quotes_take_no_time() -> None:
    body = b'{"rows": [NaN, "' + b'\\"' * 500_000
    assert slices(body, "rows") is None


@pytest.mark.parametrize(
    ("value", "count"),
    [(5, 5), ("250", 250), (True, None), ("-1", None), ("٣", None), ("1" * 12, None), (None, None), (1.5, None)],
)
def test_counts(value: object, count: int | None) -> None:
    assert whole(value) == count
