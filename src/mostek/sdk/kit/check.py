"""One check of the contract: its name, whom it concerns, and how it says that the contract is broken."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NoReturn

if TYPE_CHECKING:
    from mostek.sdk.kit.room import Room
    from mostek.sdk.kit.setup import Setup

    Law = Callable[[Room], Coroutine[Any, Any, None]]

Half = Literal["any", "source", "target"]


class ContractError(AssertionError):
    """The connector does not keep the contract; the text says what it did and what it should have done."""


class NotProvenError(ContractError):
    """The setup gives nothing that the check could prove anything with: a green light would be a lie."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """One named law. ``half`` says which connectors it concerns; ``applies`` narrows that by what they promise."""

    name: str
    run: "Law"
    half: Half = "any"
    applies: "Callable[[Setup], bool]" = lambda setup: True

    @property
    def area(self) -> str:
        """What it is a law of: the first part of its name."""
        return self.name.partition(".")[0]

    @property
    def law(self) -> str:
        """What it is about, in a sentence."""
        return (self.run.__doc__ or "").strip()

    def concerns(self, setup: "Setup") -> bool:
        """Whether a connector with these capabilities has to keep it."""
        has = {"any": True, "source": setup.source is not None, "target": setup.target is not None}
        return has[self.half] and self.applies(setup)


def checks(area: str, half: Half, *laws: "Law") -> tuple[Check, ...]:
    """The laws of one area, named ``area.function_name``."""
    return tuple(Check(name=f"{area}.{law.__name__}", run=law, half=half) for law in laws)


def must(kept: object, law: str, **facts: Any) -> None:
    """Raise :class:`ContractError` with the law and the facts unless it is kept."""
    if not kept:
        broken(law, **facts)


def broken(law: str, **facts: Any) -> NoReturn:
    """Say which law is broken, and by what."""
    told = "".join(f"\n  {name}: {_short(value)}" for name, value in facts.items())
    raise ContractError(f"{law}{told}")


def provable(given: object, what: str) -> None:
    """Raise :class:`NotProvenError` when the setup or its sandbox gives nothing to prove the law with."""
    if not given:
        raise NotProvenError(f"nothing is proven: {what}")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 1000 else f"{text[:1000]}… ({len(text)} characters)"
