"""The dashboard's share of the command line: ``riskwave dashboard``.

The command line finds it by the entry points of the group ``riskwave.commands``, so that the client package needs
nothing of the dashboard's to be installed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from riskwave.config import ConfigError, load_settings

EXIT_CONFIG = 78
"""sysexits' EX_CONFIG: the configuration cannot be used."""

ConfigOption = Annotated[Path | None, typer.Option("--config", help="YAML file with settings.", show_default=False)]
ProfileOption = Annotated[str | None, typer.Option(help="development, production or test.", show_default="development")]
HostOption = Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")]
PortOption = Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.", show_default="8050")]
ServerOption = Annotated[str | None, typer.Option(help="host:port of the gRPC server.", show_default="localhost:50051")]


def dashboard(
    config: ConfigOption = None,
    profile: ProfileOption = None,
    host: HostOption = None,
    port: PortOption = None,
    server: ServerOption = None,
) -> None:
    """Serve the web page until Ctrl-C or SIGTERM."""
    flags: dict[str, object] = {
        "profile": profile,
        "dashboard.host": host,
        "dashboard.port": port,
        "dashboard.server_address": server,
    }
    try:
        settings = load_settings(config, flags=flags)
        from riskwave.config.logging import configure_logging
        from riskwave.dashboard.serve import serve

        configure_logging(settings, component="dashboard")
        serve(settings, on_ready=lambda url: typer.echo(f"dashboard on {url}"))
    except ConfigError as error:
        for problem in error.problems:
            typer.echo(f"riskwave: {problem}", err=True)
        raise typer.Exit(EXIT_CONFIG) from None
