"""Traces: the stored story of a case, compressed, without secrets, complete enough to replay its plan offline."""

import json
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from mostek.documents import canonical
from mostek.hub.ledger import Transaction


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
                    "body": zlib.compress(redact(canonical.encode(step.body).decode()).encode(), 3),
                }
                for step in steps
            ],
        )


def of_case(tx: Transaction, case: int) -> list[dict[str, Any]]:
    """The story of a case, oldest step first, bodies decoded."""
    return [
        {
            "id": row["id"],
            "kind": row["kind"],
            "at": row["at"],
            "passage": row["passage"],
            "action": row["action"],
            "body": json.loads(zlib.decompress(bytes(row["body"]))),
        }
        for row in tx.rows("steps_of_case", case_id=case)
    ]
