"""An installation: a data folder with its key and ledger, or the address of a PostgreSQL database."""

import gc
import os
from dataclasses import dataclass, field
from pathlib import Path

from mostek.documents.problem import InvalidDocumentError, invalid
from mostek.hub.connections import Connections
from mostek.hub.engine import Engine
from mostek.hub.ledger import Ledger
from mostek.hub.vault import Vault

# Documents are trees: hardly anything that passes through is a cycle. By default one is looked for after every 700
# objects, which takes a twentieth of all time.
_COLLECTOR = (10_000, 20, 20)
KEY_FILE = "mostek.key"
LEDGER_FILE = "mostek.db"
DATABASE_FILE = "database"


@dataclass
class Installation:
    """An opened installation; close it when done."""

    data: Path
    ledger: Ledger
    vault: Vault
    engine: Engine = field(init=False)

    def __post_init__(self) -> None:
        self.engine = Engine(self.ledger, Connections(self.ledger, self.vault))

    @property
    def connections(self) -> Connections:
        """The open connections."""
        return self.engine.connections

    async def close(self) -> None:
        """Close the sessions and the ledger."""
        await self.connections.close()
        self.ledger.close()


def default_data() -> Path:
    """``MOSTEK_DATA``, or the folder ``mostek`` among the user's own data."""
    chosen = os.environ.get("MOSTEK_DATA")
    share = os.environ.get("XDG_DATA_HOME")
    return Path(chosen) if chosen else (Path(share) if share else Path.home() / ".local" / "share") / "mostek"


def create(data: Path, database: str = "") -> Installation:
    """Make the folder, the key and the ledger where they are missing, and open them.

    ``database`` is a PostgreSQL address; it is remembered in the folder, readable by its owner only, once it works.
    Raises ``installation.other_database`` for a folder that has another database already.
    """
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise _unusable(data, error) from None
    _with_its_key(data)
    if database and (_remembered(data) not in {"", database} or (data / LEDGER_FILE).exists()):
        raise invalid("installation.other_database", "database", folder=data, file=data / DATABASE_FILE)
    opened = _open(data, database)
    if database:
        descriptor = os.open(data / DATABASE_FILE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(database)
    return opened


def open_(data: Path) -> Installation:
    """Open an existing installation; raises ``installation.missing`` for a folder without one."""
    _with_its_key(data)
    if not (data / KEY_FILE).exists():
        raise invalid("installation.missing", "data", folder=data)
    return _open(data)


def _with_its_key(data: Path) -> None:
    """A ledger whose key is gone must not get a new one in silence: its passwords would be lost for good."""
    if (data / LEDGER_FILE).exists() and not (data / KEY_FILE).exists():
        raise invalid("installation.no_key", "data", file=data / KEY_FILE)


def _remembered(data: Path) -> str:
    remembered = data / DATABASE_FILE
    return remembered.read_text().strip() if remembered.exists() else ""


def _open(data: Path, database: str = "") -> Installation:
    gc.set_threshold(*_COLLECTOR)
    address = database or os.environ.get("MOSTEK_DATABASE")
    try:
        address = address or _remembered(data) or f"sqlite:///{data / LEDGER_FILE}"
        vault = Vault(data / KEY_FILE)  # before the ledger, so that no ledger is ever without its key
        return Installation(data, Ledger(address), vault)
    except OSError as error:
        raise _unusable(data, error) from None


def _unusable(data: Path, error: OSError) -> InvalidDocumentError:
    return invalid("installation.folder", "data", folder=data, reason=error.strerror or error)
