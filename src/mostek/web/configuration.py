"""How the web is set up, for one installation: where its own database and key come from, and who may call it.

Django reads its settings once, from a module, when it starts. What differs between installations is therefore laid
down here first, with :func:`use`, by whoever starts it.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from psycopg.conninfo import conninfo_to_dict

# The web's own tables: a file of their own beside the ledger, or a schema of its own in PostgreSQL.
FILE, SCHEMA = "web.sqlite3", "web"
_LOCAL = ("localhost", "127.0.0.1", "[::1]")
# What libpq calls them, and what Django does.
_NAMES = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}


@dataclass(frozen=True)
class Configuration:
    """One installation's web: ``data`` is its folder, ``ledger`` the address of its database.

    ``secret`` signs cookies and links. ``url`` is the address at which people reach it when that is not this machine: ``https://mostek.shop.example``.
    """

    data: Path
    ledger: str
    secret: str
    url: str = ""

    @property
    def hosts(self) -> list[str]:
        """The names under which it may be asked."""
        host = urlsplit(self.url).hostname
        return [*_LOCAL, *([f"[{host}]" if ":" in host else host] if host else [])]

    @property
    def secure(self) -> bool:
        """Whether people reach it by https only."""
        return self.url.startswith("https://")

    @property
    def database(self) -> dict[str, Any]:
        """The web's own database as Django wants it told."""
        if self.ledger.startswith("sqlite:"):
            pragmas = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=5000"
            options: dict[str, Any] = {"init_command": pragmas, "transaction_mode": "IMMEDIATE"}
            return {"ENGINE": "django.db.backends.sqlite3", "NAME": self.data / FILE, "OPTIONS": options}
        parts = conninfo_to_dict(self.ledger)
        named = {_NAMES[name]: str(value) for name, value in parts.items() if name in _NAMES}
        others = {name: value for name, value in parts.items() if name not in _NAMES}
        options = {**others, "options": f"-c search_path={SCHEMA}", "pool": {"min_size": 1, "max_size": 8}}
        return {"ENGINE": "django.db.backends.postgresql", **named, "OPTIONS": options}


_used: Configuration | None = None


def use(configuration: Configuration) -> None:
    """Lay down which installation this process serves; before Django starts, and once."""
    global _used  # noqa: PLW0603 - Django's settings are one module per process
    assert _used in {None, configuration}, "a process serves one installation"
    _used = configuration


def used() -> Configuration:
    """The installation this process serves; one that keeps nothing where none is (type checking, documentation)."""
    return _used or Configuration(Path("/nonexistent"), "sqlite:///", "nobody is served")
