"""Serving the web page, and the people who may log in to it."""

import asyncio
import contextlib
from typing import Annotated, Any

import typer

from mostek import terminal
from mostek.cli.inputs import value_of
from mostek.cli.session import Data, Json, opened, reported, show, wording
from mostek.commands import keeping
from mostek.desk.installation import Installation

person = typer.Typer(no_args_is_help=True, help="The people who may log in to the web page.")


def serve(
    host: Annotated[str, typer.Option(help="The address to listen at; 0.0.0.0 is every one.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port; 0 takes a free one.", min=0, max=65535)] = 8080,
    url: Annotated[
        str, typer.Option(help="How people reach it through your own web server: https://mostek.shop.example.")
    ] = "",
    only_web: Annotated[
        bool, typer.Option("--only-web", help="Only the page; `mostek run --watch` works apart.")
    ] = False,
    data: Data = None,
) -> None:
    """Serve the web page and work beside it, until Ctrl+C.

    The first time it prints an address at which you choose your own name and password.
    """
    opened(data, False, lambda hub: _serve(hub, host, port, url, runs=not only_web))


async def _serve(hub: Installation, host: str, port: int, url: str, *, runs: bool) -> None:
    from mostek.web import serving

    await asyncio.to_thread(serving.set_up, hub, url)
    if url:
        await keeping.reached_at(hub, url)
    listening = serving.listening(host, port)
    port = listening.getsockname()[1]
    here = url or f"http://{'127.0.0.1' if host in {'0.0.0.0', '::'} else host}:{port}"  # noqa: S104
    terminal.say(wording().say("serve.ready", url=here))
    if code := await asyncio.to_thread(serving.welcome_code):
        terminal.say(wording().say("serve.first", url=f"{here}/welcome/{code}/"))
    await serving.serve(hub, serving.server(hub), [listening], runs=runs)


Name = Annotated[str, typer.Argument(help="The name with which he logs in.")]
Password = Annotated[str, typer.Option(help="@file or $VARIABLE with the password; one is made without it.")]


@person.command("add", epilog="Example: mostek person add eva --role accountant")
def add(
    name: Name,
    role: Annotated[str, typer.Option(help="owner, operator or accountant.")] = "accountant",
    password: Password = "",
    data: Data = None,
    json_: Json = False,
) -> None:
    """Let somebody in; the password is printed when it was made here."""

    def work(desk: Any) -> dict[str, str]:
        given = value_of(password, "--password") or desk.chance()
        made = desk.add(name, role, given, wording().language)
        return {"name": made.username, "role": made.role, "password": "" if password else given}

    _told(_with_people(data, json_, work), json_, "person.added")


@person.command("password", epilog="Example: mostek person password eva")
def password_(name: Name, password: Password = "", data: Data = None, json_: Json = False) -> None:
    """Give somebody a new password; he is logged out everywhere."""

    def work(desk: Any) -> dict[str, str]:
        given = value_of(password, "--password") or desk.chance()
        desk.give_password(desk.found(name), given)
        return {"name": name, "password": "" if password else given}

    _told(_with_people(data, json_, work), json_, "person.password")


def _with_people(data: Any, as_json: bool, work: Any) -> Any:
    async def worked(hub: Installation) -> Any:
        from mostek.web import serving

        await asyncio.to_thread(serving.set_up, hub)
        from mostek.web.people import desk

        return await asyncio.to_thread(work, desk)

    with reported(as_json):
        return opened(data, as_json, worked)


def _told(done: dict[str, str], as_json: bool, key: str) -> None:
    def human() -> None:
        terminal.say(wording().say(key, name=done["name"]))
        with contextlib.suppress(KeyError):
            if done["password"]:
                terminal.say(wording().say("person.made", password=done["password"]))

    show(done, as_json, human)
