"""Records that the server is told to refuse: what a real company's own rules would not take, in each recorded shape.

Shapes of a refusal that clients recorded: ``errors`` (a list of objects in the record's result), ``error`` (one text
there), ``message`` (one text for the whole request, of which nothing is done then).
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

SHAPES = ("errors", "error", "message")


@dataclass(frozen=True)
class Whim:
    """A refusal of every record of an evidence (of any, when empty) whose JSON contains a text."""

    containing: str
    words: str
    evidence: str = ""
    shape: str = "errors"

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Read a rule of the control API; ``ValueError`` names what is wrong with it."""
        known = {each.name for each in fields(cls)}
        if not isinstance(data, Mapping) or not set(data) <= known or not {"containing", "words"} <= set(data):
            raise ValueError(f"a rule is an object with containing and words; known: {', '.join(sorted(known))}")
        whim = cls(**{name: str(value) for name, value in data.items()})
        if whim.shape not in SHAPES:
            raise ValueError(f"shape: {whim.shape!r} is none of {', '.join(SHAPES)}")
        return whim


class Whims:
    """The rules in force; they are forgotten when the process ends."""

    def __init__(self) -> None:
        self.rules: list[Whim] = []

    def replace(self, rules: Iterable[Whim]) -> None:
        """Put these rules in place of all others."""
        self.rules = list(rules)

    def against(self, path: str, record: Mapping[str, Any]) -> Whim | None:
        """The first rule that refuses this record."""
        text = json.dumps(record, ensure_ascii=False, default=str)
        return next((r for r in self.rules if r.evidence in {"", path} and r.containing in text), None)
