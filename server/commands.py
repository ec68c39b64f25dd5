"""The server's share of the command line: ``riskwave serve`` and ``riskwave worker``.

The command line finds these functions by the entry points of the group ``riskwave.commands`` and adds each under its
name, so that the client package needs nothing of the server's to be installed.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from riskwave.config import ConfigError, load_settings

if TYPE_CHECKING:
    from riskwave.config import Settings

EXIT_CONFIG = 78
"""sysexits' EX_CONFIG: the configuration cannot be used."""

ConfigOption = Annotated[Path | None, typer.Option("--config", help="YAML file with settings.", show_default=False)]
ProfileOption = Annotated[str | None, typer.Option(help="development, production or test.", show_default="development")]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Any setting, such as dask.mode=off; may be repeated."),
]


def read_settings(config: Path | None, profile: str | None, assignments: list[str] | None, **flags: object) -> Settings:
    """Return the settings of a command's options.

    Parameters
    ----------
    config
        YAML file, or None.
    profile
        Name of a profile, or None.
    assignments
        ``name=value`` for any setting.
    **flags
        Settings that have an option of their own, by their dotted name with ``__`` for the dot; None is not given.
    """
    values: dict[str, object] = {name.replace("__", "."): value for name, value in flags.items()}
    values["profile"] = profile
    for assignment in assignments or ():
        name, separator, value = assignment.partition("=")
        if not separator:
            raise typer.BadParameter(f"{assignment!r} is not of the form NAME=VALUE", param_hint="--set")
        values[name.strip()] = value
    try:
        return load_settings(config, flags=values)
    except ConfigError as error:
        fail(error)


def fail(error: ConfigError) -> NoReturn:
    """Tell what is wrong with the configuration and end with `EXIT_CONFIG`."""
    for problem in error.problems:
        typer.echo(f"riskwave: {problem}", err=True)
    raise typer.Exit(EXIT_CONFIG)


def serve(
    config: ConfigOption = None,
    profile: ProfileOption = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")] = None,
    port: Annotated[
        int | None, typer.Option(help="Port to listen on; 0 takes a free one.", show_default="50051")
    ] = None,
    assignments: SetOption = None,
) -> None:
    """Serve until Ctrl-C or SIGTERM; running calls are given time to finish."""
    settings = read_settings(config, profile, assignments, server__host=host, server__port=port)
    from riskwave.server.process import serve as serve_settings

    try:
        serve_settings(settings)
    except ConfigError as error:
        fail(error)
