"""The quick start is true: each of its commands runs, in its order, in an empty folder, against the two sandboxes."""

import contextlib
import json
import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.project.pages import Block, blocks, lines
from tests.project.source import CHECKOUT

PAGE = CHECKOUT / "docs" / "quickstart.md"
CODE = re.compile(r"# .*exit code (\d)")
PORT = re.compile(r"\b88\d\d\b")
SECONDS = 60
COMMANDS = [
    "init",
    "connect add",
    "connect check",
    "flow add",
    "preview",
    "run --once",
    "status",
    "inbox show",
    "trace",
]
COMMANDS += ["flow change", "inbox retry", "inbox exclude", "run --watch"]
# The shell keeps what a block set for the blocks after it.
SCRIPT = "[ -e .environment ] && . ./.environment\n{line}\ncode=$?\nexport -p > .environment\nexit $code\n"


class Reader:
    """Somebody who follows the page: types each line, answers questions, and leaves windows open."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("MOSTEK", "PYTHONDONT"))}
        self.environment = {
            **kept,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "MOSTEK_LANG": "en",
            "PYTHONPYCACHEPREFIX": str(folder / ".compiled"),  # some thirty commands: compiled once, not each time
        }
        self.ran: list[str] = []
        self.said = ""
        self._windows: list[subprocess.Popen[str]] = []

    def follow(self, block: Block) -> None:
        """Do what a block says."""
        for written in lines(block.text):
            line = self._filled(written)
            if line.startswith("mostek sandbox start"):
                self._open(line)
            elif "--watch" in line:
                self._watch(line)
            elif block.answers:
                self._converse(line, dict(block.answers))
            else:
                self._type(line)
            self.ran.append(line)

    def _filled(self, line: str) -> str:
        """The line with a document of the inbox where the page leaves a place for one."""
        if not re.search("NUMBER|RECORD", line):
            return line
        self._type("mostek inbox list --json")
        item = next(item for item in json.loads(self.said) if item["problem"]["cause"] != "rule.held")
        return line.replace("NUMBER", item["number"]).replace("RECORD", str(item["record"]))

    def close(self) -> None:
        """End what still runs."""
        for window in self._windows:
            window.terminate()
        for window in self._windows:
            window.communicate(timeout=SECONDS)

    def _start(self, line: str, **more: object) -> subprocess.Popen[str]:
        command = ["bash", "-c", SCRIPT.format(line=line)]
        return subprocess.Popen(command, cwd=self.folder, env=self.environment, text=True, **more)  # type: ignore[call-overload, no-any-return]

    def _type(self, line: str) -> None:
        done = self._start(line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.said = done.communicate(timeout=SECONDS)[0]
        expected = CODE.search(line)
        assert done.returncode == int(expected[1] if expected else 0), f"{line}\n{self.said}"

    def _open(self, line: str) -> None:
        """A window of its own: a simulator is ready when it has told its address."""
        window = subprocess.Popen(
            ["bash", "-c", f"exec {line}"], cwd=self.folder, env=self.environment, text=True, stdout=subprocess.PIPE
        )
        self._windows.append(window)
        assert window.stdout is not None
        assert json.loads(window.stdout.readline())["url"]

    def _watch(self, line: str) -> None:
        """Ctrl+C as soon as it is listened to."""
        window = subprocess.Popen(
            ["bash", "-c", f". ./.environment; exec {line}"],
            cwd=self.folder,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._windows.append(window)
        until = time.monotonic() + SECONDS
        while not _heeds(window.pid, signal.SIGTERM) and window.poll() is None and time.monotonic() < until:
            time.sleep(0.05)
        window.send_signal(signal.SIGINT)
        self.said = window.communicate(timeout=SECONDS)[0]
        assert window.returncode == 0, f"{line}\n{self.said}"

    def _converse(self, line: str, answers: Mapping[str, str]) -> None:
        """At a terminal: whatever is asked stands in the page's table, and all of it is asked."""
        master, slave = pty.openpty()
        window = self._start(line, stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
        os.close(slave)
        heard, asked = "", []
        with contextlib.suppress(OSError):  # the terminal is gone with the command
            while select.select([master], [], [], SECONDS)[0]:
                heard += os.read(master, 4096).decode()
                question = heard.rpartition("\n")[2]
                if question.endswith(": "):
                    name = question.partition(" – ")[0].strip()
                    asked.append(name)
                    os.write(master, f"{answers[name]}\n".encode())
                    heard += "\n"
        os.close(master)
        assert window.wait(SECONDS) == 0, heard
        assert asked == list(answers)
        self.said = heard


def _heeds(process: int, number: int) -> bool:
    """Whether the process has a handler of its own for a signal."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    caught = re.search(r"^SigCgt:\s*([0-9a-f]+)$", status, re.MULTILINE)
    return bool(caught and int(caught[1], 16) >> (number - 1) & 1)


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    """Give a reader in an empty folder."""
    found = Reader(tmp_path)
    yield found
    found.close()


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="sees by /proc when a command listens to Ctrl+C")
def test_every_command_of_the_quick_start_works(reader: Reader) -> None:
    text = PAGE.read_text(encoding="utf-8")
    ports = {port: str(free_port()) for port in sorted(set(PORT.findall(text)))}
    for block in blocks(PORT.sub(lambda found: ports[found[0]], text), "sh"):
        reader.follow(block)
    typed = "\n".join(reader.ran)
    assert [command for command in COMMANDS if f"mostek {command}" not in typed] == []
    # What the page says at its end: all is done but some documents that are broken, and the one that was left out.
    found = re.search(r"Done: (\d+) of 60; need you: (\d+); left out: 1\b", reader.said)
    assert found, reader.said
    assert int(found[1]) + int(found[2]) + 1 == 60
