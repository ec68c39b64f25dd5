"""The dashboard's share of the command line: ``riskwave dashboard``.

The command line finds it by the entry points of the group ``riskwave.commands``, so that the client package needs
nothing of the dashboard's to be installed.
"""

from __future__ import annotations

from typing import Annotated

import typer

from riskwave.config import ConfigError
from riskwave.config.options import ConfigOption, ProfileOption, SetOption, fail, read_settings

HostOption = Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")]
PortOption = Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.", show_default="8050")]
ServerOption = Annotated[str | None, typer.Option(help="host:port of the gRPC server.", show_default="localhost:50051")]


def dashboard(
    config: ConfigOption = None,
    profile: ProfileOption = None,
    host: HostOption = None,
    port: PortOption = None,
    server: ServerOption = None,
    assignments: SetOption = None,
) -> None:
    """Serve the web page until Ctrl-C or SIGTERM."""
    settings = read_settings(
        config,
        profile,
        assignments,
        dashboard__host=host,
        dashboard__port=port,
        dashboard__server_address=server,
    )
    from riskwave.config.logging import configure_logging
    from riskwave.dashboard.serve import serve

    try:
        configure_logging(settings, component="dashboard")
        serve(settings, on_ready=lambda url: typer.echo(f"dashboard on {url}"))
    except ConfigError as error:
        fail(error)
