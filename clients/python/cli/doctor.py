"""``riskwave doctor``: what works here, what does not, and what to do about it."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from riskwave.cli._options import Common, Output, common, takes
from riskwave.cli._output import console, write_csv, write_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from riskwave import Client, ServerInfo

app = typer.Typer(add_completion=False)

_EXTRAS = {"server": "numba", "dashboard": "dash"}
_CLOCK_SKEW_MAX_S = 5.0


@dataclass(frozen=True, slots=True)
class Check:
    """A check: its name, ok / note / problem, what was found, and what to do."""

    name: str
    state: str
    found: str
    advice: str = ""


@app.command()
@takes(common=common)
def doctor(
    common: Common,
    quick: Annotated[bool, typer.Option("--quick", help="Only ask whether the server serves; for probes.")] = False,
) -> None:
    """Check versions, server, cluster, store and cache, and say what to do.

    Ends with 0 when all is well, with 4 when the server does not serve, with 1 when something else is wrong.
    """
    checks = [] if quick else list(_local_checks())
    with common.connect() as client:
        checks += _server_checks(client, common.timeout_s or 5.0, quick=quick)
    if common.output is Output.table:
        _draw(checks)
    else:
        rows = [{"check": one.name, "state": one.state, "found": one.found, "advice": one.advice} for one in checks]
        if common.output is Output.json:
            write_json({"healthy": all(one.state != "problem" for one in checks), "checks": rows}, kind="doctor")
        else:
            write_csv(rows)
    problems = {one.name for one in checks if one.state == "problem"}
    if problems & {"server", "health"}:
        raise typer.Exit(4)
    if problems:
        raise typer.Exit(1)


def _local_checks() -> Iterator[Check]:
    from importlib.metadata import PackageNotFoundError, version

    yield Check("riskwave", "ok", f"{version('riskwave')} on Python {platform.python_version()}, {sys.platform}")
    libraries = ", ".join(f"{name} {version(name)}" for name in ("grpcio", "protobuf", "numpy", "pandas"))
    yield Check("libraries", "ok", libraries)
    for extra, package in _EXTRAS.items():
        try:
            found = f"{package} {version(package)}"
        except PackageNotFoundError:
            advice = f"pip install 'riskwave[{extra}]' to run the {extra} on this machine"
            yield Check(f"extra {extra}", "note", "not installed", advice)
        else:
            yield Check(f"extra {extra}", "ok", found)
    yield _check_cache()


def _check_cache() -> Check:
    """Tell whether compiled code and logs can be kept: where, and whether it is writable."""
    base = os.environ.get("NUMBA_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    directory = Path(base)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            return Check("cache directory", "ok", f"{directory} is writable")
    except OSError as error:
        return Check(
            "cache directory", "problem", f"{directory}: {error.strerror}", "make it writable or set NUMBA_CACHE_DIR"
        )


def _server_checks(client: Client, timeout_s: float, *, quick: bool) -> list[Check]:
    from riskwave import RiskwaveError
    from riskwave.cli._failures import hint

    begin = time.time()
    try:
        health = client.server.health(timeout_s=timeout_s)
    except RiskwaveError as error:
        return [Check("server", "problem", error.message, hint(error))]
    round_trip_ms = (time.time() - begin) * 1e3
    checks = [Check("server", "ok", f"{client.address} answers in {round_trip_ms:.1f} ms")]
    if health == "serving":
        checks.append(Check("health", "ok", "serving"))
    else:
        advice = "it is starting or stopping: try again in some seconds"
        checks.append(Check("health", "problem", health.replace("_", " "), advice))
    if quick:
        return checks
    try:
        info = client.server.info(timeout_s=timeout_s)
    except RiskwaveError as error:
        return [*checks, Check("server info", "problem", error.message, hint(error))]
    checks += _describe(info)
    return [*checks, _check_clock(client, timeout_s)] if health == "serving" else checks


def _describe(info: ServerInfo) -> Iterator[Check]:
    from importlib.metadata import version

    mine = version("riskwave")
    text = f"{info.version}, kernels {info.kernel_version}, {info.profile} profile, {info.instruction_set}"
    if info.version.split(".")[:2] == mine.split(".")[:2]:
        yield Check("server version", "ok", text)
    else:
        yield Check("server version", "note", text, f"this client is {mine}: install the same version on both")
    warm = info.warm_up_s > 0.0
    state = f"warm after {info.warm_up_s:.1f} s" if warm else "kernels are being prepared, calls are served"
    threads = f"{info.compute_thread_count} threads, {_workers(info)}, {state}"
    yield Check("computation", "ok" if warm else "note", threads)
    for part in info.components:
        starting = part.name == "cluster" and _is_starting(info)
        found = ": ".join(text for text in (part.kind, part.detail or ("starting" if starting else "")) if text)
        advice = "" if part.healthy else "see the server's log and `riskwave config show`"
        well = "note" if starting else "ok"
        yield Check(part.name.replace("_", " "), well if part.healthy else "problem", found, advice)
    missing = [one.method.removeprefix("riskwave.v1.") for one in info.capabilities if not one.ready]
    if missing:
        found = f"{len(info.capabilities) - len(missing)} of {len(info.capabilities)}; not yet: {', '.join(missing)}"
        yield Check("calls", "note", found)
    else:
        yield Check("calls", "ok", f"all {len(info.capabilities)}")


def _workers(info: ServerInfo) -> str:
    """Return what the cluster adds to the threads; nothing that contradicts the line about the cluster itself."""
    if info.cluster_worker_count:
        return f"{info.cluster_worker_count} cluster workers"
    if _is_starting(info):
        return "cluster starting"
    wanted = any(part.name == "cluster" and part.kind != "off" for part in info.components)
    return "no cluster worker" if wanted else "no cluster"


def _is_starting(info: ServerInfo) -> bool:
    """Return whether the server has a cluster without workers of which nothing is wrong: they have yet to come."""
    wanted = (part for part in info.components if part.name == "cluster" and part.kind != "off")
    return not info.cluster_worker_count and any(part.healthy for part in wanted)


def _check_clock(client: Client, timeout_s: float) -> Check:
    """Compare the clocks by the time that the server writes into an answer, of a call that needs no kernel."""
    from riskwave import RiskwaveError

    begin = time.time()
    try:
        meta = client.risk.covariance(returns=[[0.0], [0.01]] * 5, timeout_s=timeout_s).meta
    except RiskwaveError as error:
        return Check("clock", "note", f"not compared: {error.message}")
    end = time.time()
    if meta.compute_time is None:
        return Check("clock", "note", "not compared: the server gave no time")
    there = meta.compute_time.timestamp()
    skew_s = there - min(max(there, begin), end)
    if abs(skew_s) <= _CLOCK_SKEW_MAX_S:
        return Check("clock", "ok", f"differs by less than {max(abs(skew_s), 0.001) + end - begin:.1g} s")
    return Check("clock", "problem", f"the server is {skew_s:+.1f} s off", "synchronise both clocks (NTP)")


def _draw(checks: list[Check]) -> None:
    from rich.table import Table
    from rich.text import Text

    signs: dict[str, Any] = {"ok": ("✓", "green"), "note": ("•", "yellow"), "problem": ("✗", "bold red")}
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for one in checks:
        sign, style = signs[one.state]
        body = Text(one.found)
        if one.advice:
            body.append(f"\n→ {one.advice}", style="bold")
        table.add_row(Text(sign, style=style), one.name, body)
    console().print(table)
