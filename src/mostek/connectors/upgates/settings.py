"""What a connection to one UpGates shop needs to know."""

from typing import Annotated, Literal
from urllib.parse import urlsplit

from mostek.documents.problem import Problem
from mostek.sdk.errors import ConfigurationError
from mostek.sdk.settings import Settings, option

ADDRESS = r"^https://[a-z0-9-]+\.admin\.[a-z0-9-]+\.upgates\.com/api/v2/?$"
PATH = "/api/v2"
_STATE = "^[A-Z]{2}$"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

Tariff = Literal["bronze", "silver", "gold", "platinum", "exclusive", "addon"]
DomesticZero = Literal["exempt", "zero", "outside", "reverse"]

# Calls an hour and a day. Vendor's reference, "Rate Limiting" (April 2025). A verified add-on is not limited, but
# watched from 60,000 calls a day on (vendor's page "Add-on API limitations").
_TARIFFS: dict[Tariff, tuple[int, int]] = {
    "bronze": (10, 100),
    "silver": (15, 300),
    "gold": (50, 600),
    "platinum": (100, 1500),
    "exclusive": (100, 1500),
    "addon": (0, 60_000),
}
_PACK = (25, 400)


class UpgatesSettings(Settings, frozen=True, kw_only=True):
    """One shop: where it is, how to log in, how often it may be asked, and how its 0 % is meant."""

    login: Annotated[
        str, option("Login", "The API user's login, from the administration: Doplňky > API.", min_length=1)
    ]
    api_key: Annotated[str, option("API key", "The API user's key, from the same place.", secret=True, min_length=1)]
    address: Annotated[str, option("Address", "The API's address: https://…/api/v2", pattern=f"{ADDRESS}|^$")] = ""
    tariff: Annotated[Tariff, option("Tariff", "The shop's tariff, which limits the calls.")] = "bronze"
    packs: Annotated[int, option("Extra packs", "How many packs of 1,000 calls a day were bought?", ge=0, le=60)] = 0
    seller_country: Annotated[str, option("Seller's country", "Registered for VAT where? CZ", pattern=_STATE)] = "CZ"
    domestic_zero: Annotated[DomesticZero, option("Domestic 0 %", "What does it mean? Ask the accountant.")] = "exempt"

    @property
    def allowance(self) -> tuple[int, int]:
        """Calls that tariff and packs allow in an hour and, beyond those, in a day; an add-on needs no packs."""
        hour, day = _TARIFFS[self.tariff]
        packs = 0 if self.tariff == "addon" else self.packs
        return hour + packs * _PACK[0], day + packs * _PACK[1]

    @property
    def base(self) -> str:
        """The address that calls start with, without a slash at its end; the test address replaces the real one.

        Raises :class:`ConfigurationError` when there is none, or when the test address is neither https nor loopback.
        """
        if self.test_address:
            return _test_base(self.test_address)
        if not self.address:
            raise ConfigurationError(Problem(cause="upgates.no_address", field="address"))
        return self.address.strip().rstrip("/")


def _test_base(address: str) -> str:
    parts = urlsplit(address)
    plain = parts.scheme == "http" and parts.hostname in LOOPBACK
    if not (plain or parts.scheme == "https") or not parts.hostname or parts.username is not None:
        problem = Problem(cause="upgates.test_address", field="test_address", details={"address": address})
        raise ConfigurationError(problem)
    base = address.rstrip("/")
    return base if base.endswith(PATH) else base + PATH
