"""Toys that say something wrong of themselves: one for each law of manifest, settings, texts and README."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from importlib.resources import files
from itertools import count
from pathlib import Path
from shutil import copytree
from typing import Annotated, Any

import msgspec

from mostek.sdk.kit import Setup
from mostek.sdk.settings import Settings, option
from tests.sdk.kit.bench import TOY
from tests.sdk.kit.broken import Broken, connector, manifest, session
from tests.sdk.kit.toy.settings import ToySettings

_numbers = count()


class Undocumented(ToySettings, frozen=True, kw_only=True):
    """A setting that nobody explains."""

    colour: str = ""


class Open(ToySettings, frozen=True, kw_only=True):
    """A secret that is not marked."""

    api_token: Annotated[str, option("Token", "Which token does the toy want?")] = ""


class Forgiving(Settings, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """Takes whatever it is given."""

    address: str = ""
    password: Annotated[str, option("Password", "Which password does the toy want?", secret=True)] = ""


for kind in (Undocumented, Open, Forgiving):
    kind.__module__ = ToySettings.__module__


@contextmanager
def edited(folder: Path, edit: Callable[[Path], object], **changes: Any) -> Iterator[Setup]:
    """The toy with a package of its own, whose files are edited."""
    name = f"kit_copy_{next(_numbers)}"
    copy = folder / name / "toy"
    copytree(Path(str(files("tests.sdk.kit.toy"))), copy)
    edit(copy)
    moved = type("ToySettings", (ToySettings,), {"__module__": f"{name}.toy.settings", "__annotations__": {}})
    sys.path.insert(0, str(folder))
    try:
        yield replace(TOY, connector=replace(TOY.connector, settings=moved, messages=f"{name}.toy.messages", **changes))
    finally:
        sys.path.remove(str(folder))


def replaced(name: str, old: str, new: str) -> Callable[[Path], object]:
    """An edit of one file; the text has to be there."""

    def edit(folder: Path) -> None:
        path = folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    return edit


def limits(**values: int) -> Setup:
    return manifest(limits=msgspec.structs.replace(TOY.connector.manifest.limits, **values))


BROKEN = (
    Broken("manifest.id_is_its_folder", "folder's name", lambda: manifest(id="other")),
    Broken("manifest.capabilities_are_those_of_the_session", "that the manifest names", lambda: manifest(writes={})),
    Broken("manifest.capabilities_are_those_of_the_session", "can be parsed", lambda: connector(parse=None)),
    Broken("manifest.capabilities_are_those_of_the_session", "capabilities", lambda: session(find=None, totals=None)),
    Broken("manifest.limits_are_positive", "one record at once", lambda: limits(batch=0)),
    Broken("manifest.limits_are_positive", "takes a while", lambda: manifest(settles_after=0)),
    Broken("manifest.version_is_not_past_its_sunset", "still offered", lambda: manifest(sunset=date(2020, 1, 1))),
    Broken("manifest.names_and_proof_are_in_every_language", "every language", lambda: manifest(names={"en": "Toy"})),
    Broken(
        "manifest.names_and_proof_are_in_every_language",
        "translated",
        lambda: manifest(proof=dict.fromkeys(("en", "cs", "pl"), "Proven.")),
    ),
    Broken("manifest.causes_have_texts_in_every_language", "names its messages", lambda: connector(messages="")),
    Broken("manifest.settings_are_documented", "has a title", lambda: connector(settings=Undocumented)),
    Broken("manifest.secrets_are_marked", "marked as one", lambda: connector(settings=Open)),
    Broken("manifest.unknown_setting_is_an_error", "is an error", lambda: connector(settings=Forgiving)),
)

# check, what it says, the edit of the package
EDITED = (
    (
        "manifest.causes_have_texts_in_every_language",
        "each cause has a text",
        replaced("messages/cs.toml", '["toy.busy"]', '["toy.idle"]'),
    ),
    (
        "manifest.causes_have_texts_in_every_language",
        "each text has a cause",
        replaced("client.py", "toy.busy", "toy.login"),
    ),
    (
        "manifest.causes_have_texts_in_every_language",
        "quotes the same details",
        replaced("messages/pl.toml", "{status}", "{code}"),
    ),
    (
        "manifest.causes_have_texts_in_every_language",
        "are the core's",
        replaced("mapping.py", 'invalid("field.type"', 'invalid("nobody.knows"'),
    ),
    (
        "manifest.readme_tells_settings_limits_and_proof",
        "the README tells: Proof",
        replaced("README.md", "## Proof", "## Colours"),
    ),
    (
        "manifest.readme_tells_settings_limits_and_proof",
        "has a README",
        lambda folder: (folder / "README.md").unlink(),
    ),
    (
        "manifest.fields_are_a_table_that_is_used",
        "each field of the table is used",
        replaced("fields.py", "REFERENCE,", 'COLOUR = Field("colour", text)\nREFERENCE,'),
    ),
    (
        "manifest.fields_are_a_table_that_is_used",
        "read through the table",
        replaced("mapping.py", "payload = parse_json(record.payload)", 'payload = {}\n    payload.get("order")'),
    ),
    (
        "manifest.fields_are_a_table_that_is_used",
        "a table of the vendor's fields",
        lambda folder: (folder / "fields.py").unlink(),
    ),
)
