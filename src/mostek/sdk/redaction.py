"""Secrets as they turn up in texts: plainly, and in the spellings that protocols give them, one within the other."""

import html
import json
import re
from base64 import b64encode
from collections.abc import Iterable
from functools import cached_property
from urllib.parse import quote, quote_plus

MASK = "•••"
_ESCAPE = re.compile("%[0-9A-F]{2}")
# Shorter pieces of base64, and shorter beginnings of a secret, would be found in any text.
_SHORTEST, _SHORTEST_CUT = 4, 6
# No spelling of one character is longer than this many characters, if it is written within others only a few times.
_LONGEST = 30
# Of texts shorter than this it is faster to look for a hint first.
_SHORT = 2_000


class Redactor:
    """Takes secrets out of texts: each character may be written plainly, for a URL, in HTML, or in JSON at any depth.

    Base64 is found too, alone or after something (``Basic`` has the login before).
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        # The longest first: one secret may hold another.
        self._secrets = [
            _Secret(text) for text in sorted(set(filter(None, secrets)), key=lambda text: (-len(text), text))
        ]

    def __call__(self, text: str) -> str:
        """The text without the secrets; at its end also without the beginning of one, since texts are cut."""
        for secret in self._secrets:
            text = secret.redacted(text)
        return text


class _Secret:
    """One secret; its patterns are made when a text first needs them."""

    def __init__(self, text: str) -> None:
        self._text = text
        # Letters and digits are the same in every spelling but base64: without them no search is needed.
        self._core = max(re.findall("[A-Za-z0-9]*", text), key=len)
        self._base64 = sorted(_in_base64(text), key=len, reverse=True)

    def redacted(self, text: str) -> str:
        if len(text) < _SHORT and not self._hint.search(text):
            return text
        for piece in self._base64:
            text = text.replace(piece, MASK)
        if self._core in text:
            text = self._pattern.sub(MASK, text)
        return text[: len(text) - cut] + MASK if (cut := self._cut(text)) else text

    @cached_property
    def _units(self) -> list[re.Pattern[str]]:
        return [re.compile(_unit(character)) for character in self._text]

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile("".join(unit.pattern for unit in self._units))

    @cached_property
    def _hint(self) -> re.Pattern[str]:
        """What is in every text that holds the secret or a beginning of it: one search instead of many."""
        pieces = {re.escape(piece[:_SHORTEST_CUT]) for piece in self._base64}
        return re.compile("|".join([self._head.pattern, *sorted(pieces)]))

    @cached_property
    def _head(self) -> re.Pattern[str]:
        return re.compile("".join(unit.pattern for unit in self._units[:_SHORTEST_CUT]))

    def _cut(self, text: str) -> int:
        """How many characters at the end are a beginning of the secret, or of a piece of its base64."""
        for piece in self._base64:
            place = text.rfind(piece[:_SHORTEST_CUT], max(len(text) - len(piece), 0))
            if place >= 0 and len(piece) > _SHORTEST_CUT and piece.startswith(text[place:]):
                return len(text) - place
        tail = text[-len(self._text) * _LONGEST :]
        for found in self._head.finditer(tail) if len(self._text) > _SHORTEST_CUT else ():
            place = found.end()
            for unit in self._units[_SHORTEST_CUT:]:
                following = unit.match(tail, place)
                if not following:
                    break
                place = following.end()
            # What is left may be a spelling that was cut itself: "%2" of "%2F".
            if place == len(tail) or (tail[place] in "%&\\" and len(tail) - place < _LONGEST):
                return len(tail) - found.start()
        return 0


def spellings(secrets: Iterable[str]) -> tuple[str, ...]:
    """The usual texts that give one of the secrets away, longest first: what a test of redaction looks for."""
    found = {spelling for secret in secrets if secret for spelling in _spellings(secret)}
    return tuple(sorted(found, key=lambda spelling: (-len(spelling), spelling)))


def _spellings(secret: str) -> set[str]:
    in_urls = {quote(secret), quote(secret, safe=""), quote_plus(secret)}
    in_json = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    in_json |= {text.replace("/", "\\/") for text in in_json}  # as PHP writes it
    in_html = {html.escape(secret), html.escape(secret, quote=False)}
    lower = {_ESCAPE.sub(lambda escape: escape[0].lower(), text) for text in in_urls}
    return {secret, *in_urls, *lower, *in_json, *in_html, *_in_base64(secret)}


def _unit(character: str) -> str:
    """A pattern for one character in whatever spelling, also in one within another."""
    code = "".join(f"%(?:25)*{byte:02x}" for byte in character.encode())
    units = character.encode("utf-16-be")
    escaped = "".join(rf"\\+u{units[place : place + 2].hex()}" for place in range(0, len(units), 2))
    forms = [rf"(?i:{code})", rf"(?i:{escaped})", rf"\\*{re.escape(character)}"]
    entity = html.escape(character)
    if entity != character:
        forms.insert(0, rf"(?i:&(?:amp;)*{re.escape(entity[1:])})")
    if character == " ":
        forms.append(r"\+")
    return f"(?:{'|'.join(forms)})"


def _in_base64(secret: str) -> set[str]:
    """The characters of base64 that depend on the secret alone, for each of its three places among groups of three."""
    data = secret.encode()
    found = set()
    for before in range(3):
        core = b64encode(bytes(before) + data).decode()[-(-before * 8 // 6) : (before + len(data)) * 8 // 6]
        if len(core) >= _SHORTEST:
            found |= {core, core.translate(str.maketrans("+/", "-_"))}
    return found
