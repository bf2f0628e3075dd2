"""Traces: the stored story of a case, compressed, without secrets, complete enough to replay its plan offline."""

import json
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from mostek.hub.ledger import Transaction

# Shorter bodies would be compressed to hardly less.
_SHORT = 200
_ENCODER = msgspec.json.Encoder(order="deterministic", decimal_format="string")


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the story: ``planned``, ``sent``, ``answered``, ``settled``, ``verified`` or ``command``."""

    workspace: int
    case: int
    kind: str
    body: Any
    passage: int | None = None
    action: str | None = None


def write(tx: Transaction, steps: Sequence[Step], redact: Callable[[str], str] = str) -> None:
    """Store steps in the transaction of what they tell about; ``redact`` takes the connection's secrets out."""
    if steps:
        tx.many(
            "trace_steps",
            [
                {
                    "workspace": step.workspace,
                    "case_id": step.case,
                    "passage": step.passage,
                    "action": step.action,
                    "kind": step.kind,
                    "body": _stored(_body(step.body, redact)),
                }
                for step in steps
            ],
        )


def _stored(body: bytes) -> bytes:
    """The bytes of a step as they are kept: a short one as it is, which a compressed one never looks like."""
    return body if len(body) < _SHORT else zlib.compress(body, 3)


def read(stored: bytes) -> Any:
    """What a stored step told."""
    return json.loads(stored if stored[:1] == b"{" else zlib.decompress(stored))


def _body(body: Any, redact: Callable[[str], str]) -> bytes:
    """The bytes of a step; each text is redacted by itself, before JSON gives it another spelling."""
    encoded = _ENCODER.encode(body)
    return encoded if redact is str else _ENCODER.encode(_each(json.loads(encoded), redact))


def _each(value: Any, redact: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {key: _each(part, redact) for key, part in value.items()}
    if isinstance(value, list):
        return [_each(part, redact) for part in value]
    return redact(value) if isinstance(value, str) else value


def of_case(tx: Transaction, case: int) -> list[dict[str, Any]]:
    """The story of a case, oldest step first, bodies decoded."""
    return [
        {
            "id": row["id"],
            "kind": row["kind"],
            "at": row["at"],
            "passage": row["passage"],
            "action": row["action"],
            "body": read(bytes(row["body"])),
        }
        for row in tx.rows("steps_of_case", case_id=case)
    ]
