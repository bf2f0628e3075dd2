"""A faithful local UpGates shop, written from the vendor's specification and recorded answers alone."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import web

from .access import Door
from .api import Api
from .cards import fill
from .control import Control
from .judge import ledger
from .options import Options
from .store import Store
from .trade import Shop
from .webhooks import Webhooks


class UpgatesSandbox:
    """One simulated shop: the API, its control routes and its ledger."""

    name = "upgates"

    def __init__(self, folder: Path, options: Options) -> None:
        self.options = options
        self.store = Store(folder, options)
        self.shop = Shop(self.store, options)
        self.webhooks = Webhooks(self.store, self.shop, options)
        self.door = Door(self.store, self.shop, options)
        fill(self.store, options)
        if options.documents and not self.store.numbers().documents:
            self.shop.generate(options.seed, options.documents)

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """The vendor's API below /api/v2."""
        return Api(self.store, self.shop, self.door, self.webhooks, self.options).routes()

    def control(self) -> Iterable[web.AbstractRouteDef]:
        """The control routes, relative to /_sandbox."""
        return Control(self.store, self.shop, self.door, self.webhooks, self.options).routes()

    def ledger(self) -> dict[str, Any]:
        """Everything the shop issued and sent, as the engine knows it."""
        return ledger(self.store)

    def clock(self) -> datetime:
        """The shop's time, which its answers are dated by."""
        return datetime.fromtimestamp(self.shop.now(), UTC)

    def close(self) -> None:
        """Stop delivering webhooks and close the database."""
        self.webhooks.close()
        self.store.close()


def create(folder: Path, options: Mapping[str, str]) -> UpgatesSandbox:
    """The sandbox with its state in a folder; an unknown option is a ValueError that names it."""
    folder.mkdir(parents=True, exist_ok=True)
    return UpgatesSandbox(folder, Options.parse(options))
