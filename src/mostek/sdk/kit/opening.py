"""Logging in and looking around: ``check()`` tells what is wrong, once, and changes nothing."""

import socket
from typing import Any

from mostek.documents.problem import Problem
from mostek.sdk import settings as settings_
from mostek.sdk.capability import Health
from mostek.sdk.errors import AuthFailedError, NotReadyError
from mostek.sdk.kit.check import broken, checks, must
from mostek.sdk.kit.room import Room, failure


async def good_credentials_give_health(room: Room) -> None:
    """Who we are there, and nothing wrong with a sound system."""
    async with room.bench() as bench:
        health = await bench.session.check()
        must(isinstance(health, Health), "check gives a Health", result=health)
        must(health.system, "check names the system it reached", health=health)
        must(all(isinstance(problem, Problem) for problem in health.problems), "problems have causes", health=health)
        must(abs(health.clock_skew_seconds) < 5, "the sandbox has this machine's clock", health=health)
        must(bench.wire.log, "check asks the system itself")


async def wrong_secret_fails_once(room: Room) -> None:
    """Another try may lock the account: one refusal is enough."""
    for name in sorted(settings_.secrets(room.setup.connector.settings)):

        def spoil(values: dict[str, Any], name: str = name) -> None:
            values[name] = "wrong-secret-of-the-kit"

        async with room.bench(spoil) as bench:
            error = await failure(bench.session.check(), f"check() with a wrong {name}")
            must(isinstance(error, AuthFailedError), "a wrong secret is an AuthFailedError", secret=name, raised=error)
            must(len(bench.wire.log) == 1, "refused credentials are not tried again", calls=len(bench.wire.log))


async def unreachable_host_is_not_ready(room: Room) -> None:
    """Nobody listens there: nothing was sent, so the hub may simply try again."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}"

        def elsewhere(values: dict[str, Any]) -> None:
            values.update(room.setup.settings(nobody))

        async with room.bench(elsewhere) as bench:
            error = await failure(bench.session.check(), "check() where nobody listens")
            must(isinstance(error, NotReadyError), "an unreachable host is a NotReadyError", raised=error)
            must(not error.sent, "what reached nobody was not sent", raised=error)


async def changes_nothing(room: Room) -> None:
    """A live test leaves no trace at the vendor's."""
    async with room.bench() as bench:
        before = bench.ledger()
        await bench.session.check()
        must(bench.ledger() == before, "check changes nothing in the system")


async def closes_and_can_be_closed_again(room: Room) -> None:
    """Closing gives the connections back, used or not, once or twice."""
    for used in (True, False):
        async with room.bench() as bench:
            if used:
                await bench.session.check()
            try:
                await bench.session.close()
                await bench.session.close()
            except Exception as error:  # noqa: BLE001 - whatever comes out is what is looked for
                broken("a session can be closed, used or not, and twice", used=used, raised=error)


CHECKS = checks(
    "check",
    "any",
    good_credentials_give_health,
    wrong_secret_fails_once,
    unreachable_host_is_not_ready,
    changes_nothing,
    closes_and_can_be_closed_again,
)
