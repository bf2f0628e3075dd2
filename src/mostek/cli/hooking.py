"""Webhooks: the secret address at which a shop tells that something changed."""

import typer

from mostek import terminal
from mostek.cli import screens
from mostek.cli.session import Data, Json, Slug, command, show, wording
from mostek.commands import hooking

hook = typer.Typer(no_args_is_help=True, help="Webhooks: how a shop tells at once that something changed.")


@hook.command("list", epilog="Example: mostek hook list")
def list_(data: Data = None, json_: Json = False) -> None:
    """Show what came in by webhooks, and what they missed."""
    views = command(data, json_, "hook.list", hooking.List())
    show(views, json_, lambda: screens.show_hooks(views, wording()))


@hook.command("show", epilog="Example: mostek hook show shop")
def show_(slug: Slug, data: Data = None, json_: Json = False) -> None:
    """Show the address to enter in the shop's administration. Whoever has it can make Mostek read the shop again."""
    found = command(data, json_, "hook.show", hooking.Show(slug=slug))
    show(found, json_, lambda: _say(found))


@hook.command("rotate", epilog="Example: mostek hook rotate shop")
def rotate(slug: Slug, data: Data = None, json_: Json = False) -> None:
    """Make that address, or another one in its place; the one before is dead at once."""
    made = command(data, json_, "hook.rotate", hooking.Rotate(slug=slug))
    show(made, json_, lambda: _say(made))


def _say(found: hooking.Hook) -> None:
    terminal.say(found.url or found.path)
    if not found.url:
        terminal.say(wording().say("hook.no_url"), console=terminal.ERR)
