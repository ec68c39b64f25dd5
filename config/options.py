"""What every command that starts a program takes: a file, a profile, any setting."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from riskwave.config.errors import ConfigError
from riskwave.config.loading import load_settings

if TYPE_CHECKING:
    from riskwave.config.settings import Settings

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
    values |= dict(split(assignments))
    try:
        return load_settings(config, flags=values)
    except ConfigError as error:
        fail(error)


def split(assignments: list[str] | None) -> list[tuple[str, str]]:
    """Return names and values of ``name=value``."""
    pairs = []
    for assignment in assignments or ():
        name, separator, value = assignment.partition("=")
        if not separator:
            raise typer.BadParameter(f"{assignment!r} is not of the form NAME=VALUE", param_hint="--set")
        pairs.append((name.strip(), value))
    return pairs


def fail(error: ConfigError) -> NoReturn:
    """Tell what is wrong with the configuration and end with `EXIT_CONFIG`."""
    for problem in error.problems:
        typer.echo(f"riskwave: {problem}", err=True)
    raise typer.Exit(EXIT_CONFIG)
