"""One byte form per value: equal documents have equal bytes, so a digest tells whether something changed."""

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from mostek.documents.number import normal

_ENCODER = msgspec.json.Encoder(order="deterministic", decimal_format="string")


def encode(value: Any) -> bytes:
    """The JSON bytes of a document or plain value: keys in a fixed order, decimals normalised, as exact text."""
    return _ENCODER.encode(_normalised(value))


def digest(value: Any) -> str:
    """A short fingerprint of :func:`encode`, 32 hexadecimal digits."""
    return hashlib.blake2b(encode(value), digest_size=16).hexdigest()


def _normalised(value: Any) -> Any:
    """Plain values with their decimals normalised; documents have seen to theirs when they were made."""
    if isinstance(value, Decimal):
        return normal(value)
    if isinstance(value, Mapping):
        return {key: _normalised(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_normalised(item) for item in value]
    return value
