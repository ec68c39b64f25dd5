"""The server's share of the command line: ``riskwave serve``, ``worker``, ``up`` and ``backup``.

The command line finds these functions by the entry points of the group ``riskwave.commands`` and adds each under its
name, so that the client package needs nothing of the server's to be installed.
"""

from __future__ import annotations

import asyncio
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated

import typer

from riskwave.config import ConfigError, Problem
from riskwave.config.options import ConfigOption, ProfileOption, SetOption, fail, read_settings, split
from riskwave.server.kernel_cache import prepare_kernel_cache

EXIT_UNAVAILABLE = 69
"""sysexits' EX_UNAVAILABLE: a service that is needed does not answer."""

EXIT_CANNOT_CREATE = 73
"""sysexits' EX_CANTCREAT: the file that was to be written is there already or cannot be made."""


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


def worker(
    address: Annotated[
        str | None, typer.Argument(help="Scheduler, such as tcp://10.0.0.5:8786.", show_default="dask.address")
    ] = None,
    count: Annotated[int | None, typer.Option("--workers", min=1, help="Processes.", show_default="cores")] = None,
    config: ConfigOption = None,
    profile: ProfileOption = None,
    assignments: SetOption = None,
) -> None:
    """Run Dask workers that have riskwave's kernels, until Ctrl-C.

    Whoever reaches a scheduler can run code on its workers: keep it on a private network.
    """
    settings = read_settings(config, profile, assignments, dask__address=address, dask__workers=count)
    if settings.dask.address is None:
        fail(ConfigError(Problem("dask.address", "was not given; it must be such as tcp://10.0.0.5:8786")))
    prepare_kernel_cache()
    from riskwave.server.cluster.connection import default_worker_count
    from riskwave.server.cluster.worker import run_workers

    workers = run_workers(settings.dask.address, default_worker_count(settings.dask), settings.dask.start_timeout_s)
    try:
        asyncio.run(workers)
    except KeyboardInterrupt:
        typer.echo("stopped", err=True)
    except (OSError, TimeoutError) as error:
        typer.echo(f"riskwave: no scheduler answers at {settings.dask.address}: {error}", err=True)
        raise typer.Exit(EXIT_UNAVAILABLE) from None


def up(config: ConfigOption = None, profile: ProfileOption = None, assignments: SetOption = None) -> None:
    """Start server and dashboard on this machine and tell their addresses; Ctrl-C stops both."""
    settings = read_settings(config, profile, assignments)
    environment = {f"RISKWAVE_{name.replace('.', '__').upper()}": value for name, value in split(assignments)}
    if config is not None:
        environment["RISKWAVE_CONFIG"] = str(config.resolve())
    if profile is not None:
        environment["RISKWAVE_PROFILE"] = profile
    from riskwave.server.up import run_up

    try:
        raise typer.Exit(run_up(settings, environment))
    except ConfigError as error:
        fail(error)


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The new file; none is overwritten.")],
    config: ConfigOption = None,
    profile: ProfileOption = None,
    assignments: SetOption = None,
) -> None:
    """Copy the price store into one file, while servers use it (SQLite).

    For PostgreSQL it tells the pg_dump command. To restore a copy, name it in store.url.
    """
    settings = read_settings(config, profile, assignments)
    from riskwave.server.market.backup import back_up
    from riskwave.server.market.errors import StoreUnavailableError

    try:
        size = back_up(settings.store, file)
    except ConfigError as error:
        fail(error)
    except (FileExistsError, StoreUnavailableError) as error:
        typer.echo(f"riskwave: {error}", err=True)
        raise typer.Exit(EXIT_CANNOT_CREATE) from None
    typer.echo(f"{file.name}: {size:,} bytes", err=True)
