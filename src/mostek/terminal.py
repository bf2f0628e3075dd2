"""How the command line prints: sentences and tables for people, one JSON document for programs."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mostek.documents.money import Money
from mostek.documents.problem import Problem
from mostek.wording import Wording

OUT = Console(highlight=False)
ERR = Console(stderr=True, highlight=False)
# What a customer's name or a vendor's answer could steer the terminal with; line ends and tabs may stay.
_STEERING = dict.fromkeys((*range(9), *range(11, 32), *range(127, 160)), "�")
# Where nobody watches, a table may be as wide as it is.
_WIDE = 240


def show_json(value: Any) -> None:
    """Print one JSON document; amounts as text with their currency, so that no reader has to know minor units."""
    plain = _plain(msgspec.to_builtins(value))
    sys.stdout.write(json.dumps(plain, ensure_ascii=False, indent=2) + "\n")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        if set(value) == {"minor", "currency"}:
            return str(Money(value["minor"], value["currency"]))
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def say(text: str = "", *, indent: int = 0, style: str = "", console: Console | None = None) -> None:
    """Print a sentence; the terminal wraps it, a pipe gets it whole."""
    shown = f"[{style}]{safe(text)}[/]" if style else safe(text)
    (console or OUT).print(" " * indent + shown, soft_wrap=True)


def show_problem(problem: Problem, wording: Wording, words: str = "", *, console: Console | None = None) -> None:
    """Print what is wrong, where, what the other system said, and what to do about it."""
    console = console or ERR
    message = wording.explained(problem)
    place = f"  [dim]({safe(problem.field)})[/]" if problem.field else ""
    console.print(f"[bold red]✗[/] {safe(message.text)}{place}", soft_wrap=True)
    said = words or problem.details.get("words", "")
    if said and said not in message.text:
        say(said, indent=2, style="dim", console=console)
    if message.cure:
        say(f"→ {message.cure}", indent=2, console=console)


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], title: str = "", right: Sequence[str] = ()) -> None:
    """Print rows as a table; numbers, and the columns named in ``right``, to the right."""
    drawn = Table(
        title=title or None, title_justify="left", title_style="bold", header_style="dim", box=None, pad_edge=False
    )
    listed = [list(row) for row in rows]
    for place, name in enumerate(columns):
        numeric = all(isinstance(row[place], int) for row in listed) and bool(listed)
        drawn.add_column(name, justify="right" if numeric or name in right else "left", overflow="fold")
    for row in listed:
        drawn.add_row(*(safe("" if cell is None else str(cell)) for cell in row))
    OUT.print(drawn, width=None if OUT.is_terminal else _WIDE)


def safe(text: str) -> str:
    """The text as it may be printed: no markup of ours in it, and nothing that steers a terminal."""
    return escape(text.translate(_STEERING))
