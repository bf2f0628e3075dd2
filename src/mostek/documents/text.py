"""Texts as they may enter: storable in every database and every XML, or refused with the field's name."""

import re

from mostek.documents.problem import invalid

# C0 controls but tab, line feed and carriage return; XML 1.0 and several vendors refuse them.
_CONTROLS = re.compile(r"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")


def clean(value: str, field: str) -> str:
    """Return the text, trimmed and without control characters.

    Raises ``text.nul`` for a NUL and ``text.surrogate`` for half a surrogate pair: both mean that the source is
    broken, and databases and vendors cut or refuse them in silence.
    """
    if "\x00" in value:
        raise invalid("text.nul", field, value=value)
    try:
        value.encode()
    except UnicodeEncodeError:
        raise invalid("text.surrogate", field, value=value) from None
    return _CONTROLS.sub("", value).strip()
