"""Fault rules: which request meets which fault, decided the same way on every run of the same seed."""

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, Self


class Fault(StrEnum):
    """What can go wrong between a client and a vendor's system."""

    ANSWER_LOST = "answer_lost"
    LATE_COMMIT = "late_commit"
    HOLD_AFTER_COMMIT = "hold_after_commit"
    HOLD_BEFORE_COMMIT = "hold_before_commit"
    ERROR_BEFORE = "error_before"
    ERROR_AFTER = "error_after"
    UNAVAILABLE = "unavailable"
    RATE_LIMITED = "rate_limited"
    SLOW = "slow"
    TRUNCATED = "truncated"
    BOMB = "bomb"
    HTML = "html"
    STALE_PAGE = "stale_page"
    REDIRECT = "redirect"
    DROP = "drop"


class RuleError(ValueError):
    """A fault rule that cannot be understood; the text names the key and what is expected."""


@dataclass
class Rule:
    """One fault and the requests it meets.

    A rule meets a request when ``method`` and ``path`` (a regular expression searched in the decoded path) match.
    Of the requests met it fires on each ``every``-th, with probability ``chance`` (drawn from ``seed`` when given),
    and never more than ``times`` times. ``seconds`` is the delay, the lateness or the Retry-After of the fault.
    """

    fault: Fault
    method: str | None = None
    path: str | None = None
    times: int | None = None
    every: int | None = None
    chance: float | None = None
    seconds: float | None = None
    seed: int | None = None
    status: int | None = None
    location: str | None = None
    format: str = "seconds"
    met: int = field(default=0, init=False)
    fired: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        try:
            self._pattern = re.compile(self.path) if self.path is not None else None
        except re.error as error:
            raise RuleError(f"path: not a regular expression ({error})") from error
        # Not for secrets: a fault harness wants the same draw for the same seed.
        self._random = random.Random(self.seed)  # noqa: S311
        if self.every is not None and self.every < 1:
            raise RuleError("every: must be 1 or more")
        if self.format not in {"seconds", "date"}:
            raise RuleError("format: must be seconds or date")
        if self.fault is Fault.REDIRECT and not self.location:
            raise RuleError("location: a redirect needs one")

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Build a rule from the control API's JSON; unknown keys and fault names raise ``RuleError``."""
        if not isinstance(data, Mapping):
            raise RuleError("a rule must be an object")
        known = {each.name for each in fields(cls) if each.init}
        unknown = sorted(set(data) - known)
        if unknown:
            raise RuleError(f"unknown key {unknown[0]!r}; known: {', '.join(sorted(known))}")
        try:
            fault = Fault(str(data.get("fault")))
        except ValueError as error:
            raise RuleError(f"fault: {data.get('fault')!r} is none of {', '.join(Fault)}") from error
        values = {key: value for key, value in data.items() if value is not None and key != "fault"}
        for key, value in values.items():
            if not _fits(key, value):
                raise RuleError(f"{key}: {value!r} has the wrong type")
        return cls(fault=fault, **values)

    def to_json(self) -> dict[str, Any]:
        """The rule as the control API shows it, with how often it was met and fired."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    def meets(self, method: str, path: str) -> bool:
        """Whether this rule looks at such a request at all."""
        if self.method is not None and self.method.upper() != method:
            return False
        return self._pattern is None or self._pattern.search(path) is not None

    def fires(self) -> bool:
        """Count one more request met, and decide whether the fault happens to it."""
        self.met += 1
        if self.times is not None and self.fired >= self.times:
            return False
        if self.every is not None and self.met % self.every:
            return False
        if self.chance is not None and self._random.random() >= self.chance:
            return False
        self.fired += 1
        return True


_TEXTS = {"method", "path", "location", "format"}
_WHOLE = {"times", "every", "seed", "status"}


def _fits(key: str, value: object) -> bool:
    if key in _TEXTS:
        return isinstance(value, str)
    if isinstance(value, bool):
        return False
    return isinstance(value, int) if key in _WHOLE else isinstance(value, int | float)
