"""The manifest of a connector: what it can do and which limits its vendor sets, as data in ``manifest.toml``."""

import tomllib
from datetime import date
from importlib.resources import files
from typing import Literal

import msgspec

KeyStrength = Literal["enforced", "upsert", "searchable", "none"]


class FeedManifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One list that can be read: the record kinds it yields and how it tells what changed.

    ``changes``: a real change log, a filter by time of change, or full listing compared by fingerprint.
    ``every`` is the usual pause between passes in seconds. ``on_demand``: it is named after its kind, and read only
    while a flow moves that: nobody pays calls for customers whom no flow wants.
    """

    kinds: tuple[str, ...]
    changes: Literal["log", "since", "listing"]
    every: int
    on_demand: bool = False


class WriteManifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One kind that can be written: what the target guarantees for our key, and which verbs it knows."""

    key_strength: KeyStrength
    verbs: tuple[str, ...]


class MappingManifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One table of equivalents that a flow into this system needs.

    ``by`` names what of the document is looked up (``kind``, ``vat``, ``payment``, ``shipping``, ``currency``). A
    value without an entry is asked of the target itself where it can tell (``asked``; so far for ``vat``), waits for an
    entry when ``required``, and is left out otherwise. ``default`` is offered and shown.
    """

    by: Literal["kind", "vat", "payment", "shipping", "currency"]
    required: bool
    asked: bool = False
    default: dict[str, str] = {}


class HintManifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of a webhook's body, a JSON object: in one of its lists, ``id`` is the field that names a record of the feed."""

    feed: str
    id: str


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How hard the vendor may be driven: calls an hour and a day (0: no limit), at once, records a write."""

    per_hour: int = 0
    per_day: int = 0
    concurrent: int = 1
    batch: int = 1


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that is fixed about a connector.

    ``settles_after``: seconds after which a write whose answer was lost can no longer take effect.
    ``hints``: what webhooks tell, by the name of the list in their body; other lists tell of nothing that is read.
    ``sunset``: the day the vendor switches this version of his interface off, where he named one.
    ``proof``: how far the connector is proven, shown to its user. ``pages``: by kind, where a person finds a record in
    the vendor's own pages, as a template or as a name of its own word in the payload.
    """

    id: str
    names: dict[str, str]
    docs: str
    api_version: str
    proof: dict[str, str]
    on_premises: bool = False
    settles_after: int = 30
    sunset: date | None = None
    feeds: dict[str, FeedManifest] = {}
    writes: dict[str, WriteManifest] = {}
    hints: dict[str, HintManifest] = {}
    limits: Limits = Limits()
    mappings: dict[str, MappingManifest] = {}
    pages: dict[str, str] = {}


def load(package: str) -> Manifest:
    """Read ``manifest.toml`` of a connector's package; an unknown key or a wrong type is an error that names it."""
    text = files(package).joinpath("manifest.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), Manifest)
