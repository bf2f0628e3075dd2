"""The words of the pages: the same in every language, every one used, and no text that is not one of them."""

import re
import tomllib
from pathlib import Path

import pytest

from mostek.sdk.messages import LANGUAGES
from mostek.web.wording import PageWording, texts
from mostek.wording import sentences
from tests.cli.test_wording import leaves, placeholders
from tests.project.source import modules

WEB = Path(__file__).parents[2] / "src" / "mostek" / "web"
TEMPLATES = sorted((WEB / "templates").rglob("*.html"))
AREAS = sorted(path.name for path in (WEB / "words").iterdir() if path.is_dir())
# {% say "area.name" %}, and what comes after the tags, comments and expressions are taken out.
_SAID = re.compile(r"""\{%\s*(?:say)\s+["']([\w.]+)["']""")
_WORDED = re.compile(r"""\{%\s*word\s+["'](\w+)["']""")
_NOT_TEXT = re.compile(
    r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}|<!--.*?-->|<(script|style|svg)\b.*?</\1>|<[^>]*>|&\w+;", re.DOTALL
)
_ATTRIBUTE = re.compile(r"""\b(?:alt|title|placeholder|aria-label|label)=["']([^"'{]*[^\W\d_][^"'{]*)["']""")
_NAMES = {"Mostek", "entrance"}  # the product, and a class


def own(language: str) -> dict[str, object]:
    """The pages' own words in one language, by key."""
    files = {area: tomllib.loads((WEB / "words" / area / f"{language}.toml").read_text()) for area in AREAS}
    return dict(leaves(files))


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_languages_say_the_same(language: str) -> None:
    english, other = dict(leaves(texts("en"))), dict(leaves(texts(language)))
    assert english.keys() == other.keys()
    apart = {
        key for key in own("en") if set().union(*placeholders(english[key])) != set().union(*placeholders(other[key]))
    }
    assert apart == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_number_has_its_form(language: str) -> None:
    wording = PageWording(language)
    for key, value in leaves(texts(language)):
        if key in own(language) and not isinstance(value, str):
            others = dict.fromkeys(set().union(*placeholders(value)) - {"n"}, "…")
            for number in (0, 1, 2, 5, 11, 22, 105, 1000):
                assert wording.say(key, n=number, **others)


def test_what_templates_say_is_there() -> None:
    known = dict(leaves(texts("en")))
    said = {(path.name, key) for path in TEMPLATES for key in _SAID.findall(path.read_text())}
    assert {(name, key) for name, key in said if key not in known} == set()
    groups = {(path.name, group) for path in TEMPLATES for group in _WORDED.findall(path.read_text())}
    assert {(name, group) for name, group in groups if group not in texts("en")} == set()


def test_every_word_is_used() -> None:
    templates = "".join(path.read_text() for path in TEMPLATES)
    said, worded = set(_SAID.findall(templates)), set(_WORDED.findall(templates))
    code = "".join(module.path.read_text() for module in modules("mostek.web"))
    # In Python a key is written whole, or its area and an f-string choose it: say(f"people.{name}").
    chosen = set(re.findall(r"""f["'](\w+)\.""", code)) | worded
    unused = {key for key in own("en") if key not in said and f'"{key}"' not in code}
    assert {key for key in unused if key.partition(".")[0] not in chosen} == set()


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(WEB / "templates")))
def test_no_text_stands_in_a_template(path: Path) -> None:
    text = path.read_text()
    bare = _NOT_TEXT.sub(" ", text)
    found = set(re.findall(r"[^\W\d_]{2,}", bare)) | set(_ATTRIBUTE.findall(text))
    assert found - _NAMES == set()


def test_areas_do_not_hide_what_the_terminal_says() -> None:
    assert own("en").keys() & dict(leaves(sentences("en"))).keys() == set()
