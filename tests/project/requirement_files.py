"""Reads requirements/*.txt as pip does: one package, its version, its hashes."""

from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.project.source import CHECKOUT

FOLDER = CHECKOUT / "requirements"


@dataclass(frozen=True)
class Locked:
    """One locked package."""

    requirement: Requirement
    hashes: tuple[str, ...]

    @property
    def name(self) -> str:
        return canonicalize_name(self.requirement.name)

    @property
    def version(self) -> str | None:
        """Return the one version allowed, or None where a range, a wildcard or an address stands."""
        pins = list(self.requirement.specifier)
        exact = len(pins) == 1 and pins[0].operator == "==" and not pins[0].version.endswith(".*")
        return pins[0].version if exact and self.requirement.url is None else None

    @property
    def applies(self) -> bool:
        """Tell whether this machine and Python take it."""
        return self.requirement.marker is None or self.requirement.marker.evaluate()


def locked(path: Path) -> list[Locked]:
    """List a file's packages; an option line in it is an error."""
    lines = path.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    found = []
    for line in lines:
        words = line.partition(" #")[0].split(" --hash=")
        if words[0].strip() and not line.startswith("#"):
            found.append(Locked(Requirement(words[0].strip()), tuple(word.strip() for word in words[1:])))
    return found
