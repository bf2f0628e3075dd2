"""Toys that break one law each, and which: made of the sound toy by replacing a method or a function."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from mostek.sdk.errors import VendorError
from mostek.sdk.kit import Setup
from tests.sdk.kit.bench import TOY
from tests.sdk.kit.toy.client import Client
from tests.sdk.kit.toy.connector import ToySession


@dataclass(frozen=True)
class Broken:
    """A toy under the contract, the check that has to see what is wrong with it, and words of what it says then."""

    check: str
    says: str
    setup: Callable[[], Setup]


def connector(**changes: Any) -> Setup:
    """The toy with another pure function, session or settings."""
    return replace(TOY, connector=replace(TOY.connector, **changes))


def session(**methods: Any) -> Setup:
    """The toy with other methods of its session."""
    return connector(open=type("BrokenSession", (ToySession,), methods))


def client(**methods: Any) -> Setup:
    """The toy with other methods of its client."""
    return session(client=type("BrokenClient", (Client,), methods))


def manifest(**changes: Any) -> Setup:
    """The toy with another manifest."""
    return connector(manifest=msgspec.structs.replace(TOY.connector.manifest, **changes))


def told(change: Callable[[VendorError], Exception]) -> Callable[..., Any]:
    """A call of the client whose errors are told otherwise."""

    async def call(self: Client, method: str, path: str, body: Any = None) -> Any:
        try:
            return await Client.call(self, method, path, body)
        except VendorError as error:
            raise change(error) from None

    return call


def unsent(error: VendorError) -> VendorError:
    """The same error, which says that nothing was sent."""
    error.sent = False
    return error


def sent(error: VendorError) -> VendorError:
    """The same error, which says that something was sent."""
    error.sent = True
    return error


def again(*errors: type[VendorError]) -> Callable[..., Any]:
    """A call of the client that is made once more after these errors."""

    async def call(self: Client, method: str, path: str, body: Any = None) -> Any:
        try:
            return await Client.call(self, method, path, body)
        except errors:
            return await Client.call(self, method, path, body)

    return call
