"""A secret is not found in a text that was redacted, in whatever spelling it stood there."""

import html
import json
from base64 import b64encode, urlsafe_b64encode
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mostek.sdk.http import Http, HttpPolicy
from mostek.sdk.redaction import spellings

SECRET = 'p@ss/wörd+"<&> 1\\'
SECRETS = st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), min_size=6, max_size=30)


def redact(text: str, *secrets: str) -> str:
    return Http(HttpPolicy(secrets=secrets)).redact(text)


@pytest.mark.parametrize(
    "spelt",
    [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe=""),
        quote(SECRET, safe="").lower(),
        quote_plus(SECRET),
        urlencode({"key": SECRET}).removeprefix("key="),
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1],
        html.escape(SECRET),
    ],
)
def test_spellings_of_protocols(spelt: str) -> None:
    assert redact(f"before {spelt} after", SECRET) == "before ••• after"


@given(SECRETS, st.text(st.characters(codec="ascii"), max_size=8), st.text(st.characters(codec="ascii"), max_size=5))
def test_base64_with_anything_before_and_after(secret: str, before: str, after: str) -> None:
    for encode in (b64encode, urlsafe_b64encode):
        header = encode(f"{before}:{secret}{after}".encode()).decode()
        redacted = redact(f'{{"Authorization": "Basic {header}"}}', secret)
        assert "•••" in redacted
        # At the edges one character holds bits of a neighbour too; no more than that may stay.
        pieces = redacted.removeprefix('{"Authorization": "Basic ').removesuffix('"}').split("•••")
        assert len(pieces[0]) <= len(encode(f"{before}:".encode()).decode().rstrip("=")) + 1


@given(SECRETS, st.text(max_size=20), st.text(max_size=20))
def test_no_spelling_of_a_secret_is_left(secret: str, before: str, after: str) -> None:
    for spelt in (secret, quote(secret), quote_plus(secret), json.dumps(secret)[1:-1], html.escape(secret)):
        assert spelt not in redact(f"{before}{spelt}{after}", secret)


def test_a_secret_within_another_does_not_leave_the_rest() -> None:
    assert redact("token abcdef-0123456789", "abcdef", "abcdef-0123456789") == "token •••"
    assert redact("token abcdef-0123456789", "abcdef-0123456789", "abcdef") == "token •••"


def test_empty_secrets_redact_nothing() -> None:
    assert redact("a text", "", "") == "a text"
    assert spellings(["", ""]) == ()


def test_plain_text_stays() -> None:
    assert redact("Nic tajného: pass, word, p@ss", SECRET) == "Nic tajného: pass, word, p@ss"


@pytest.mark.parametrize(
    "spelt",
    [
        json.dumps(SECRET)[1:-1].replace("/", "\\/"),
        json.dumps(json.dumps(json.dumps(SECRET)))[7:-7],
        json.dumps(html.escape(SECRET))[1:-1],
        quote(quote(SECRET, safe=""), safe=""),
    ],
)
def test_one_spelling_within_another(spelt: str) -> None:
    assert redact(f"before {spelt} after", SECRET) == "before ••• after"


@given(SECRETS, st.text(max_size=20), st.integers(min_value=0))
def test_a_text_that_was_cut_keeps_no_beginning_of_a_secret(secret: str, before: str, cut: int) -> None:
    for spelt in (secret, quote(secret), json.dumps(secret)[1:-1], html.escape(secret)):
        shown = redact(f"{before} {spelt}"[: len(before) + 1 + cut % len(spelt)], secret)
        # The first six characters end many a text; of more than these nothing stays.
        assert secret[:7] not in shown.removeprefix(before)


@given(SECRETS, st.text(min_size=2_000, max_size=2_100), st.text(max_size=20))
def test_a_long_text_is_redacted_like_a_short_one(secret: str, before: str, after: str) -> None:
    assert secret not in redact(f"{before}{secret}{after}", secret)
