"""Where a person finds a record in the vendor's own pages, as a manifest tells it.

A page is a template of the connection's settings, its ``base`` (the test address, or the real one) and the record's
``id``: ``{base}/c/{company}/faktura-vydana/{id}``. Or it is the record's own word: ``payload.admin_url``.
"""

import json
import re
from urllib.parse import quote, urlsplit

import msgspec

from mostek.sdk.manifest import Manifest
from mostek.sdk.settings import Settings

_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
_OWN = "payload."


def page(manifest: Manifest, settings: Settings, kind: str, id: str, payload: str = "") -> str:
    """The address, or empty where there is none.

    It may come from the vendor's data, so it has to be a web address at the host that the connection itself talks to.
    """
    template = manifest.pages.get(kind, "")
    known = {name: value for name, value in msgspec.structs.asdict(settings).items() if isinstance(value, str)}
    base = known["test_address"] or known.get("address", "")
    if template.startswith(_OWN):
        address = _own(payload, template.removeprefix(_OWN))
    elif template and _ID.fullmatch(id):
        quoted = {name: quote(value, safe="") for name, value in known.items()}
        address = template.format_map({**quoted, "base": base.rstrip("/"), "id": id})
    else:
        return ""
    return address if _place(address) and _place(address) == _place(base) else ""


def _own(payload: str, name: str) -> str:
    try:
        found = json.loads(payload)
    except (ValueError, RecursionError):
        return ""
    value = found.get(name) if isinstance(found, dict) else None
    return value if isinstance(value, str) else ""


def _place(address: str) -> tuple[str, str] | None:
    """The scheme and host of a web address; None for what is none, or hides its host behind a name."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    usable = parts.scheme in {"https", "http"} and parts.hostname and "@" not in parts.netloc and address.isprintable()
    return (parts.scheme, parts.netloc) if usable else None
