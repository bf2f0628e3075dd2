"""Secrets as they turn up in texts: plainly, and in the spellings that protocols give them."""

import html
import json
import re
from base64 import b64encode
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

_ESCAPE = re.compile("%[0-9A-F]{2}")
# Shorter pieces of base64 would be found in any text.
_SHORTEST = 4


def spellings(secrets: Iterable[str]) -> tuple[str, ...]:
    """All texts that give one of the secrets away, longest first: one secret may hold another."""
    found = {spelling for secret in secrets if secret for spelling in _spellings(secret)}
    return tuple(sorted(found, key=lambda spelling: (-len(spelling), spelling)))


def _spellings(secret: str) -> set[str]:
    """Plain, in a URL, in JSON, in HTML, and in base64, alone or after something (``Basic`` has the login before)."""
    in_urls = {quote(secret), quote(secret, safe=""), quote_plus(secret)}
    in_json = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    in_html = {html.escape(secret), html.escape(secret, quote=False)}
    lower = {_ESCAPE.sub(lambda escape: escape[0].lower(), text) for text in in_urls}
    return {secret, *in_urls, *lower, *in_json, *in_html, *_in_base64(secret)}


def _in_base64(secret: str) -> set[str]:
    """The characters of base64 that depend on the secret alone, for each of its three places among groups of three."""
    data = secret.encode()
    found = set()
    for before in range(3):
        core = b64encode(bytes(before) + data).decode()[-(-before * 8 // 6) : (before + len(data)) * 8 // 6]
        if len(core) >= _SHORTEST:
            found |= {core, core.translate(str.maketrans("+/", "-_"))}
    return found
