"""What every command shares: the data folder, the reader's language, refusals as sentences, and exit codes."""

import asyncio
import contextlib
import getpass
import os
import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from mostek import commands, terminal
from mostek.desk import installation
from mostek.desk.installation import Installation
from mostek.documents.problem import InvalidDocumentError, Problem
from mostek.hub.ledger import DATABASE_ERRORS, catalog
from mostek.sdk.errors import VendorError
from mostek.wording import Wording, language_of

REFUSED, SYSTEM, UNFINISHED = 3, 4, 5
_QUOTED = re.compile(r'"[^"]*"')

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Data = Annotated[
    Path | None, typer.Option("--data", envvar="MOSTEK_DATA", help="The data folder. Default: your own data folder.")
]
Slug = Annotated[str, typer.Argument(help="The short name you gave it.")]


def wording() -> Wording:
    """The language of who sits at the terminal."""
    return Wording(language_of(os.environ))


def person() -> str:
    """Who gave the command, for the audit log."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return f"user {os.getuid()}"


@contextlib.contextmanager
def reported(as_json: bool) -> Iterator[None]:
    """Turn refusals and failures into a sentence with a cure, or with ``as_json`` a document, and an exit code."""
    try:
        yield
    except InvalidDocumentError as error:
        raise _ended(error.problems, REFUSED, as_json) from None
    except VendorError as error:
        raise _ended((error.problem,), SYSTEM, as_json, error.words) from None
    except DATABASE_ERRORS as error:
        raise _ended((_database_problem(error),), SYSTEM, as_json) from None
    except BaseExceptionGroup as group:  # several lanes failed at once, each by the same database
        lost, others = group.split(DATABASE_ERRORS)
        if lost is None or others is not None:
            raise
        problem = _database_problem(_first(lost))
        raise _ended((problem,), SYSTEM, as_json) from None


def _database_problem(error: Exception) -> Problem:
    """What a driver's error says, in its last words and without what it quotes: that may be a piece of a password."""
    words = _QUOTED.sub('"…"', str(error).partition("\n")[0].rpartition(": ")[2].strip())
    return Problem(cause="database.unreachable", field="database", details={"reason": words or type(error).__name__})


def _first(error: BaseException) -> Exception:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, Exception)
    return error


def _ended(problems: Sequence[Problem], code: int, as_json: bool, words: str = "") -> typer.Exit:
    language = wording()
    for problem in problems:
        terminal.show_problem(problem, language, words)
    if as_json:
        shown = [
            {**msgspec.to_builtins(problem), **msgspec.to_builtins(language.explained(problem))} for problem in problems
        ]
        terminal.show_json({"problems": shown})
    return typer.Exit(code)


def opened(
    data: Path | None, as_json: bool, work: Callable[[Installation], Awaitable[Any]], *, fitting: bool = True
) -> Any:
    """Open the installation, do the work, close it; not ``fitting``: also with a key that is not this database's."""

    async def worked() -> Any:
        hub = installation.open_(data or installation.default_data())
        try:
            if fitting:
                await fits(hub)
            return await work(hub)
        finally:
            await hub.close()

    with reported(as_json):
        return asyncio.run(worked())


async def fits(hub: Installation) -> None:
    """Refuse a key that is not this database's before anything is done with it: a run would stop all connections."""
    for row in await hub.ledger.read(catalog.connections):
        hub.vault.unlock(row.secrets)


def command(data: Path | None, as_json: bool, name: str, request: Any) -> Any:
    """Carry out one command of the list."""
    return opened(data, as_json, lambda hub: commands.run(hub, name, request, person()))


def show(value: Any, as_json: bool, human: Callable[[], None]) -> None:
    """Print the value as a document, or as it is shown to people."""
    if as_json:
        terminal.show_json(value)
    else:
        human()
