"""Starting the web: Django set up for one installation, and served beside the hub's own loops."""

import asyncio
import logging
import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

import django
import structlog
import uvicorn
from psycopg import connect

from mostek.commands import counting
from mostek.desk.installation import Installation
from mostek.documents.problem import invalid
from mostek.hub.runner import Runner
from mostek.web import assets, configuration
from mostek.web.configuration import Configuration
from mostek.web.hooks import ROOT, Hooks
from mostek.web.jobs import JOBS

LOG = structlog.get_logger()
Message = dict[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Mapping[str, Any]], Awaitable[None]]
Application: TypeAlias = Callable[[Message, Receive, Send], Awaitable[None]]


class _Told(logging.Handler):
    """Carries what Django logs into the product's own log."""

    def emit(self, record: logging.LogRecord) -> None:
        LOG.log(record.levelno, record.getMessage(), logger=record.name, exc_info=record.exc_info)


def set_up(hub: Installation, url: str = "") -> None:
    """Prepare Django and its own tables for this installation; once per process."""
    settled = Configuration(hub.data, hub.ledger.address, hub.vault.derived("web"), url)
    configuration.use(settled)
    os.environ["DJANGO_SETTINGS_MODULE"] = "mostek.web.settings"
    django.setup()
    logging.getLogger("django").addHandler(_Told())
    logging.getLogger("django").propagate = False
    logging.getLogger("django.request").setLevel(logging.ERROR)  # what a visitor got wrong he is told himself
    logging.getLogger("django.security").setLevel(logging.CRITICAL)
    from django.core.management import call_command

    from mostek.web import door

    if hub.ledger.file is None:
        with connect(hub.ledger.address, autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {configuration.SCHEMA}")
    call_command("migrate", verbosity=0, interactive=False)
    door.open_to(hub)


def application(hub: Installation) -> Application:
    """The ASGI application, after :func:`set_up`: files and webhooks, which need no session, before Django."""
    from django.core.asgi import get_asgi_application

    pages, hooks = get_asgi_application(), Hooks(hub.ledger)

    async def answer(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if scope["path"].startswith("/static/"):
            await assets.send(scope, send)
        elif scope["path"].startswith(ROOT):
            await hooks.answer(scope, receive, send)
        else:
            await pages(scope, receive, send)

    return answer


def server(hub: Installation) -> uvicorn.Server:
    """A server that can be started on the hub's own loop."""
    return uvicorn.Server(
        uvicorn.Config(
            application(hub),
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=5,
        )
    )


def listening(host: str, port: int) -> socket.socket:
    """A socket at this address; raises ``serve.port`` when it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        raise invalid("serve.port", "port", host=host, port=port, reason=error.strerror or error) from None


def first_owner(name: str, language: str) -> str:
    """Make an owner with a password of chance, which is returned."""
    from mostek.web.people import desk

    password = desk.chance()
    desk.add(name, "owner", password, language)
    return password


def welcome_code() -> str:
    """The end of the address at which the first owner introduces himself; empty when there is somebody."""
    from mostek.web.people.models import Person
    from mostek.web.views import welcome

    return "" if Person.objects.exists() else welcome.code()


async def serve(hub: Installation, serving: uvicorn.Server, sockets: list[socket.socket], *, runs: bool = True) -> None:
    """Serve, and let the hub work beside it, until the server is told to stop (Ctrl+C, SIGTERM)."""
    counted = asyncio.create_task(counting.keep_counting(hub))
    try:
        if runs:
            await _serve_and_run(hub, serving, sockets)
        else:
            await serving.serve(sockets)
    finally:
        counted.cancel()
        await asyncio.gather(counted, JOBS.close(), return_exceptions=True)


async def _serve_and_run(hub: Installation, serving: uvicorn.Server, sockets: list[socket.socket]) -> None:
    runner = Runner(hub.engine)
    work = asyncio.create_task(runner.watch())
    work.add_done_callback(lambda _: setattr(serving, "should_exit", True))  # without its hub it ends, and says why
    try:
        await serving.serve(sockets)
    finally:
        runner.stop()
        await work
