"""A desk to work the command line at: a data folder, the two simulators, and what each command printed."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, build_opener

from typer.testing import CliRunner, Result

from mostek.cli import app

KEY = 'Q7+/zK&"9=x'  # the shop's secret: characters that every protocol spells differently
POLICY = json.dumps({"mappings": {"document_type": {"receipt": "ÚČTENKA"}}})
COMMAND = (sys.executable, "-c", "from mostek.cli import main; main()")


@dataclass
class Desk:
    """One user: his data folder, language and further environment; ``outputs`` keeps all he has seen."""

    data: Path
    language: str = "en"
    environment: Mapping[str, str] = field(default_factory=dict)
    outputs: list[str] = field(default_factory=list)

    @property
    def env(self) -> dict[str, str]:
        return {
            "MOSTEK_DATA": str(self.data),
            "MOSTEK_LANG": self.language,
            "MOSTEK_LOG": "warning",
            **self.environment,
        }

    def run(self, *arguments: str, language: str = "") -> Result:
        """Carry a command out in this process; an exception that is not an exit is the test's failure."""
        env = self.env | ({"MOSTEK_LANG": language} if language else {})
        result = CliRunner().invoke(app, arguments, env=env)
        self.outputs += [result.stdout, result.stderr]
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def done(self, *arguments: str, language: str = "") -> str:
        """What a command printed that has to succeed."""
        result = self.run(*arguments, language=language)
        assert result.exit_code == 0, result.output
        return result.stdout

    def document(self, *arguments: str, code: int = 0) -> Any:
        """The JSON document that a command printed, alone, on standard output."""
        result = self.run(*arguments, "--json")
        assert result.exit_code == code, result.output
        return json.loads(result.stdout)

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start a command as a process of its own."""
        return subprocess.Popen(
            [*COMMAND, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **self.env},
        )

    def connect(self, shop: str, books: str, key_file: Path, policy: str = POLICY) -> None:
        """Set everything up, as a user would."""
        key_file.write_text(KEY + "\n")
        self.done("init")
        address, key = f"test_address={shop}", f"api_key=@{key_file}"
        shop_sets = settings(address, "login=mostek", key, "tariff=addon")
        self.done("connect", "add", "shop", "upgates", *shop_sets)
        own = ("company=demo", "login=winstrom", "password=winstrom")
        books_sets = settings("address=https://demo.example", f"test_address={books}", *own)
        self.done("connect", "add", "books", "flexibee", *books_sets)
        self.done("flow", "add", "invoices", "--from", "shop", "--to", "books", "--live", "--policy", policy)


def settings(*pairs: str) -> list[str]:
    return [part for pair in pairs for part in ("--set", pair)]


@contextlib.contextmanager
def simulator(name: str, folder: Path, *options: str) -> Iterator[str]:
    """A simulator as a process of its own; gives its address."""
    arguments = [sys.executable, "-m", "mostek.sandbox", name, "--data", str(folder / name), *settings(*options)]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield str(json.loads(process.stdout.readline())["url"])
    finally:
        process.terminate()
        process.communicate(timeout=10)


@contextlib.contextmanager
def pair(folder: Path, documents: int, *options: str) -> Iterator[tuple[str, str]]:
    """A shop of so many documents with the secret key, and empty books."""
    own = (f"documents={documents}", f"key={KEY}", "tariff=addon", *options)
    with simulator("upgates", folder, *own) as shop, simulator("flexibee", folder) as books:
        yield shop, books


def booked(books: str) -> list[str]:
    """The numbers of all documents in the books, as their own ledger has them."""
    with build_opener(ProxyHandler({})).open(f"{books}/_sandbox/documents", timeout=10) as answer:
        return [str(document["number"]) for document in json.load(answer)]
