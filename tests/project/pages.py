"""The pages that people read, as tests read them: blocks of code, commands in these, and names in sentences."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.project.source import CHECKOUT

_BLOCK = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ANSWERS = re.compile(r"\s*^\| asked \| answer \|\n\|[-|]+\|\n((?:^\|.*\|\n)+)", re.MULTILINE)
_SPAN = re.compile(r"(?<!`)`(?!`)([^`\n]+)`(?!`)")
_HERE = re.compile(r"<<'(\w+)'")
_ASSIGNED = re.compile(r"[A-Z_]+=")
_OPERATORS = frozenset({"|", "||", "&", "&&", ";"})


@dataclass(frozen=True)
class Block:
    """One block of code; ``answers`` by question, from the table that may stand right below it."""

    language: str
    text: str
    answers: tuple[tuple[str, str], ...] = ()


def pages() -> list[Path]:
    """List what people read: the pages at the top, in docs, and beside the code."""
    found = [*CHECKOUT.glob("*.md"), *(CHECKOUT / "docs").rglob("*.md"), *(CHECKOUT / "src").rglob("*.md")]
    return sorted(found)


def blocks(text: str, language: str = "") -> list[Block]:
    """The blocks of a page in their order, all or those of one language."""
    found = [Block(match[1], match[2], _answers(text, match.end())) for match in _BLOCK.finditer(text)]
    return [block for block in found if language in {"", block.language}]


def _answers(text: str, end: int) -> tuple[tuple[str, str], ...]:
    table = _ANSWERS.match(text, end)
    rows = table[1].strip().splitlines() if table else []
    return tuple((cells[1].strip(), cells[2].strip()) for cells in (row.split("|") for row in rows))


def spans(text: str) -> list[str]:
    """What stands between single backticks, outside blocks."""
    return [match[1] for match in _SPAN.finditer(_BLOCK.sub("", text))]


def lines(script: str) -> Iterator[str]:
    """The lines of a shell script as the shell takes them: continued ones joined, here-documents with their command."""
    rest = iter(script.splitlines())
    for first in rest:
        line = first
        while line.endswith("\\"):
            line = line[:-1] + next(rest).lstrip()
        while not _closed(line):
            line += "\n" + next(rest)
        here = _HERE.search(line)
        if here:
            for more in rest:
                line += "\n" + more
                if more == here[1]:
                    break
        if line.strip():
            yield line


def _closed(line: str) -> bool:
    try:
        shlex.split(line, comments=True)
    except ValueError:
        return False
    return True


def commands(line: str) -> Iterator[list[str]]:
    """The words of each command of a line, without assignments before it, redirections, comments and here-documents."""
    here = _HERE.search(line)
    bare = line[: here.start()] if here else line
    lexer = shlex.shlex(bare, posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split = True
    words: list[str] = []
    skip = False
    for word in lexer:
        if word in _OPERATORS:
            if words:
                yield words
            words = []
        elif word in {"<", ">", ">>"}:
            skip = True
        elif skip:
            skip = False
        elif words or not _ASSIGNED.match(word):
            words.append(word)
    if words:
        yield words
