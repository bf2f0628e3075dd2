"""A faithful local simulator of ABRA Flexi (FlexiBee), written from the vendor's published specification alone."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from aiohttp import web

from mostek.connectors.flexibee.sandbox import seeds
from mostek.connectors.flexibee.sandbox.clock import Clock
from mostek.connectors.flexibee.sandbox.control import Control
from mostek.connectors.flexibee.sandbox.options import ASSUMED, Assumption, Options
from mostek.connectors.flexibee.sandbox.server import Server
from mostek.connectors.flexibee.sandbox.store import Store
from mostek.connectors.flexibee.sandbox.whims import Whims

__all__ = ["ASSUMED", "Assumption", "FlexiSandbox", "Options", "create"]


class FlexiSandbox:
    """One server with its companies; the first is founded when the data folder is new."""

    name = "flexibee"

    def __init__(self, folder: Path, options: Options) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        clock, whims = Clock(options.today), Whims()
        self._store = Store(folder / "flexibee.sqlite")
        self._server = Server(self._store, options, clock, whims)
        self._control = Control(self._store, options, clock, whims)
        if not seeds.companies(self._store):
            seeds.found(self._store, options, clock, options.company_name, options.country, db=options.company)

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """The vendor's API."""
        return self._server.routes()

    def control(self) -> Iterable[web.AbstractRouteDef]:
        """The control routes of this sandbox."""
        return self._control.routes()

    def ledger(self) -> dict[str, Any]:
        """Everything booked, by company."""
        return self._control.ledger()

    def close(self) -> None:
        """Close the books."""
        self._store.close()


def create(folder: Path, options: Mapping[str, str]) -> FlexiSandbox:
    """Open or found the books in a folder; an unknown option raises ``ValueError`` naming it."""
    return FlexiSandbox(folder, Options.read(options))
