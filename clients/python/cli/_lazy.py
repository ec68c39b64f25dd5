"""A group of commands that loads a command when it is called, so that help comes at once.

Commands of other packages (`up`, `serve`, `worker`, `dashboard`, `config`) are found by their entry points in the group
``riskwave.commands``, each a Typer app or a function; without the extra that they need, they say what to install.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

if TYPE_CHECKING:
    from collections.abc import Mapping

ENTRY_POINT_GROUP = "riskwave.commands"

OWN: Mapping[str, str] = {
    "indicators": "List and compute oscillators and averages.",
    "risk": "Analyze, stress and backtest a portfolio.",
    "simulate": "Simulate portfolios and price derivatives.",
    "prices": "Get, import and watch prices; list assets and sources.",
    "portfolio": "Keep portfolios on the server by name.",
    "jobs": "Hand over long work and fetch it (not served yet).",
    "doctor": "Check client, server and store; say what to do.",
}
"""The client's own commands; the module of each has its name."""

INSTALLED: Mapping[str, tuple[str, str]] = {
    "up": ("Start server, cluster and dashboard on this machine.", "all"),
    "serve": ("Start the server.", "server"),
    "worker": ("Start a worker of the cluster.", "server"),
    "dashboard": ("Start the dashboard.", "dashboard"),
    "backup": ("Copy the price store into one file.", "server"),
    "config": ("Show the settings and where each came from.", "server"),
}
"""Commands of the other packages: help, and the extra that brings them."""


class LazyGroup(TyperGroup):
    """Lists commands without loading them."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names in the order of the help."""
        del ctx
        return [*OWN, *INSTALLED, *sorted(set(_entry_points()) - set(OWN) - set(INSTALLED))]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - the name and shape are Typer's
        """Return a command by name: a stand-in with its help. `resolve_command` loads it."""
        if cmd_name not in OWN and cmd_name not in INSTALLED and cmd_name not in _entry_points():
            return None
        text = OWN.get(cmd_name) or INSTALLED.get(cmd_name, ("", ""))[0]
        return TyperCommand(name=cmd_name, help=text)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that is called, loaded."""
        names = self.list_commands(ctx)
        self.commands = {name: TyperCommand(name=name) for name in names}  # from whose names near ones are suggested
        name, command, rest = super().resolve_command(ctx, args)
        return name, None if command is None or name is None else load_command(name), rest


def load_command(name: str) -> Any:
    """Return a command, or one that says what to install."""
    if name in OWN:
        found: Any = importlib.import_module(f"riskwave.cli.{name}").app
    else:
        try:
            found = _entry_points()[name].load()
        except (KeyError, ModuleNotFoundError) as error:
            found = _missing(name, error)
    if not isinstance(found, typer.Typer):
        app = typer.Typer(add_completion=False)
        app.command(name)(found)
        found = app
    found.rich_markup_mode = None  # plain help comes twice as fast
    command = get_command(found)
    command.name = name
    return command


def _entry_points() -> Mapping[str, Any]:
    from importlib.metadata import entry_points

    return {point.name: point for point in entry_points(group=ENTRY_POINT_GROUP)}


def _missing(name: str, error: Exception) -> Any:
    extra = INSTALLED.get(name, ("", "all"))[1]
    because = f" ({error})" if isinstance(error, ModuleNotFoundError) else ""

    def explain() -> None:
        typer.echo(f"riskwave {name} is not installed here{because}.\npip install 'riskwave[{extra}]'", err=True)
        raise typer.Exit(1)

    app = typer.Typer(add_completion=False)
    app.command(name, context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(explain)
    return app
