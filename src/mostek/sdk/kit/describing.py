"""What a connector says of itself: manifest, settings, texts, README, and that it is all true."""

import re
from importlib.metadata import entry_points
from string import Formatter
from typing import Any

import msgspec

from mostek.documents.problem import InvalidDocumentError
from mostek.sdk import settings as settings_
from mostek.sdk.capability import Connector, Reads, Writes, utc_now
from mostek.sdk.kit.check import broken, checks, must, provable
from mostek.sdk.kit.package import Package, found
from mostek.sdk.kit.room import Room
from mostek.sdk.kit.setup import Setup
from mostek.sdk.messages import LANGUAGES, Message, catalogue

CORE = "mostek.locale"
# What a setting's name says of it: it has to be hidden.
_SECRET = re.compile(r"password|passwd|secret|token|api_?key|private|credential|pin$", re.IGNORECASE)


def _package(room: Room) -> Package:
    return found(room.setup.package)


async def id_is_its_folder(room: Room) -> None:
    """One name in the manifest, the folder, the entry point and the causes."""
    connector, package = room.setup.connector, _package(room)
    must(connector.id == package.folder, "the id is the folder's name", id=connector.id, folder=package.folder)
    must(re.fullmatch(r"[a-z][a-z0-9_]*", connector.id), "an id is small letters and digits", id=connector.id)
    for entry in entry_points(group="mostek.connectors"):
        if entry.value.startswith(f"{package.name}."):
            must(entry.name == connector.id, "the entry point has the id's name", entry=entry.name)


async def capabilities_are_those_of_the_session(room: Room) -> None:
    """What the manifest promises the session can do, and nothing else; the pure half fits."""
    connector = room.setup.connector
    async with room.bench() as bench:
        has = {"feeds": isinstance(bench.session, Reads), "writes": isinstance(bench.session, Writes)}
    told = {"feeds": bool(connector.manifest.feeds), "writes": bool(connector.manifest.writes)}
    must(has == told, "the session has the capabilities that the manifest names", manifest=told, session=has)
    must(any(told.values()), "a connector can be read from or written to")
    pure = {"feeds": connector.parse is not None, "writes": connector.render is not None}
    must(pure == told, "what can be read can be parsed, what can be written can be rendered", pure=pure)
    kinds = connector.manifest.writes.keys()
    must((connector.expect is not None) == bool(kinds - {"contact"}), "what can be written has an expected statement")
    kept = "contact" in kinds and "update" in connector.manifest.writes["contact"].verbs
    must((connector.shows is not None) == kept, "what contacts will say is told where they are updated")
    written = room.setup.target is not None or (kinds == {"contact"} and room.setup.people is not None)
    provable(not kept or room.setup.people is not None, "the setup leaves out the contacts that are updated")
    proven = {"feeds": room.setup.source is not None, "writes": written}
    provable(proven == told, f"the setup leaves out what the manifest promises: {told}")


async def limits_are_positive(room: Room) -> None:
    """Limits, pauses and the time after which a lost write is lost for good are numbers one can work with."""
    manifest = room.setup.connector.manifest
    limits = manifest.limits
    must(limits.concurrent >= 1 and limits.batch >= 1, "at least one call and one record at once", limits=limits)
    must(limits.per_hour >= 0 and limits.per_day >= 0, "a limit is no negative number", limits=limits)
    must(manifest.settles_after >= 1, "a lost write takes a while to settle", settles_after=manifest.settles_after)
    for name, feed in manifest.feeds.items():
        must(feed.every >= 1 and feed.kinds, "a feed has kinds, and a pause between passes", feed=name)
    for kind, writes in manifest.writes.items():
        must(writes.verbs, "a kind that is written has verbs", kind=kind)


async def version_is_not_past_its_sunset(room: Room) -> None:
    """The vendor still offers this version of his interface."""
    manifest = room.setup.connector.manifest
    must(manifest.api_version and manifest.docs, "the version and the vendor's reference are named", manifest=manifest)
    if manifest.sunset is not None:
        must(manifest.sunset > utc_now().date(), "the interface is still offered", sunset=manifest.sunset)


async def names_and_proof_are_in_every_language(room: Room) -> None:
    """Name and proof level for every reader."""
    manifest = room.setup.connector.manifest
    for what, texts in (("names", manifest.names), ("proof", manifest.proof)):
        must(set(texts) == set(LANGUAGES), f"{what} are in every language", languages=sorted(texts))
        must(all(text.strip() for text in texts.values()), f"{what} say something", texts=texts)
    must(len(set(manifest.proof.values())) == len(LANGUAGES), "the proof is translated, not repeated")


async def causes_have_texts_in_every_language(room: Room) -> None:
    """Each cause that the connector can give has text and cure; no text is left over; languages quote the same."""
    connector, package = room.setup.connector, _package(room)
    own = package.causes(connector.id)
    if own:
        must(connector.messages, "a connector with causes of its own names its messages", causes=sorted(own)[:5])
    texts = {language: _texts(connector, language) for language in LANGUAGES}
    for language, known in texts.items():
        must(own.keys() <= known.keys(), "each cause has a text", language=language, lacks=own.keys() - known.keys())
        left = {cause for cause in known if cause.startswith(f"{connector.id}.")} - own.keys()
        must(not left, "each text has a cause", language=language, unused=left)
        for cause, message in known.items():
            must(message.text.strip() and message.cure.strip(), "text and cure say something", cause=cause)
            same = _quoted(message) == _quoted(texts["en"].get(cause, message))
            must(same, "each language quotes the same details", cause=cause, language=language)
    core = catalogue(CORE, "en").keys() | texts["en"].keys()
    unknown = {cause: module for cause, module in package.other_causes(connector.id).items() if cause not in core}
    must(not unknown, "other causes are the core's", unknown=unknown)


def _texts(connector: Connector[Any], language: str) -> dict[str, Message]:
    if not connector.messages:
        return {}
    try:
        return dict(catalogue(connector.messages, language))
    except (OSError, ModuleNotFoundError, msgspec.ValidationError) as error:
        broken("the messages can be read", package=connector.messages, language=language, raised=error)


def _quoted(message: Message) -> set[str]:
    return {name for text in (message.text, message.cure) for _, name, _, _ in Formatter().parse(text) if name}


async def settings_are_documented(room: Room) -> None:
    """Every setting of the connector's own has a short title and a question in plain words."""
    for name, field in _own(room.setup).items():
        told = _flat(field)
        must(told.get("title"), "a setting has a title", setting=name)
        must(len(told.get("description", "")) >= 10, "a setting has a question", setting=name)


async def secrets_are_marked(room: Room) -> None:
    """Whatever is a password, key or token is encrypted at rest and never shown."""
    own, marked = _own(room.setup), settings_.secrets(room.setup.connector.settings)
    left_out = {name for name in own if _SECRET.search(name)} - marked
    must(not left_out, "a secret is marked as one", settings=left_out)
    defaults = {name for name in marked if _flat(own.get(name, {})).get("default")}
    must(not defaults, "a secret has no default", settings=defaults)


async def unknown_setting_is_an_error(room: Room) -> None:
    """A typing error in a name is told, not ignored; and a value is never quoted."""
    kind, values = room.setup.connector.settings, dict(room.setup.settings("http://127.0.0.1:1"))
    settings_.load(kind, values)
    try:
        settings_.load(kind, {**values, "no_such_setting": "hidden-value"})
    except InvalidDocumentError as error:
        told = [(problem.cause, problem.field) for problem in error.problems]
        must(told == [("setting.unknown", "no_such_setting")], "an unknown setting is named", problems=told)
        must("hidden-value" not in str(error), "a value is never quoted", raised=error)
        return
    broken("an unknown setting is an error")


def _own(setup: Setup) -> dict[str, Any]:
    """The connector's own settings: those beside what every connection has."""
    base = settings_.schema(settings_.Settings)["properties"]
    own = settings_.schema(setup.connector.settings)["properties"]
    return {name: field for name, field in own.items() if name not in base}


def _flat(field: dict[str, Any]) -> dict[str, Any]:
    """A setting that may be left out says what it is within the choice between it and nothing."""
    inner: dict[str, Any] = next((choice for choice in field.get("anyOf", ()) if choice.get("type") != "null"), {})
    return {**inner, **field}


async def readme_tells_settings_limits_and_proof(room: Room) -> None:
    """A page for whoever sets it up: what it moves, limits, traps, and how far it is proven."""
    page = _package(room).entry("README.md")
    must(page.is_file(), "a connector has a README.md")
    text = page.read_text(encoding="utf-8")
    for heading in ("Proof", "Limits", "Settings"):
        must(re.search(rf"^#+ .*{heading}", text, re.MULTILINE | re.IGNORECASE), f"the README tells: {heading}")
    must(len(text.split()) >= 50, "the README says something", words=len(text.split()))


async def fields_are_a_table_that_is_used(room: Room) -> None:
    """Vendor's fields stand in ``fields.py`` and nowhere else, and each of them is used."""
    package = _package(room)
    must("fields" in package.modules, "a connector has a table of the vendor's fields: fields.py")
    must(not package.unused_fields(), "each field of the table is used", unused=package.unused_fields())
    must(not package.untabled(), "payloads are read through the table", places=package.untabled())


CHECKS = checks(
    "manifest",
    "any",
    id_is_its_folder,
    capabilities_are_those_of_the_session,
    limits_are_positive,
    version_is_not_past_its_sunset,
    names_and_proof_are_in_every_language,
    causes_have_texts_in_every_language,
    settings_are_documented,
    secrets_are_marked,
    unknown_setting_is_an_error,
    readme_tells_settings_limits_and_proof,
    fields_are_a_table_that_is_used,
)
