"""Server and dashboard as two child processes, watched until they are told to stop."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import closing
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

import grpc
import typer
from grpc_health.v1 import health_pb2, health_pb2_grpc

from riskwave.config import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import FrameType

    from riskwave.config import Settings

START_TIMEOUT_S = 180.0
"""The first start on a machine compiles every kernel."""

STOP_EXTRA_S = 5.0
_POLL_S = 0.2

NEXT_STEPS = """\
Next, in another terminal:
  riskwave indicators compute RSI --symbols WTI
  riskwave risk analyze --weights WTI=0.5,BRENT=0.3,NATURAL_GAS=0.2 --start 2010-01-01
  riskwave simulate run --model normal --mean 0.0005 --volatility 0.01 --paths 100000 --seed 7
Ctrl-C stops both."""


@dataclass(slots=True)
class Part:
    """One child process: what it is called, where it answers, and how to ask whether it does."""

    name: str
    address: str
    process: subprocess.Popen[bytes]
    answers: Callable[[str], bool]


class StopRequestedError(Exception):
    """A signal asked for the end."""


def free_port(host: str) -> int:
    """Return a port on which nobody listens."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with closing(socket.socket(family)) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def check_port(name: str, host: str, port: int) -> None:
    """Raise `ConfigError` when something listens on a port already, instead of letting a child die of it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with closing(socket.socket(family)) as probe:
        probe.settimeout(1.0)
        if probe.connect_ex((host, port)) == 0:
            message = f"was {port}, on which something listens already; stop it, or choose another with --set {name}=0"
            raise ConfigError(Problem(name, message))


def server_answers(address: str) -> bool:
    """Ask the gRPC health service whether the server is SERVING."""
    with grpc.insecure_channel(address) as channel:
        try:
            answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=2.0)
        except grpc.RpcError:
            return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def dashboard_answers(address: str) -> bool:
    """Ask the dashboard for its health page."""
    try:
        with urllib.request.urlopen(f"http://{address}/healthz", timeout=2.0) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def run_up(settings: Settings, environment: Mapping[str, str]) -> int:
    """Run both parts until a signal or the end of one; returns the exit code.

    Parameters
    ----------
    settings
        As the children will read them.
    environment
        Variables by which the children read the same settings.

    Raises
    ------
    ConfigError
        When a port is taken.
    """
    variables = {**os.environ, **environment}
    places = {}
    for name, section in (("server", settings.server), ("dashboard", settings.dashboard)):
        port = section.port or free_port(section.host)
        check_port(f"{name}.port", section.host, port)
        variables[f"RISKWAVE_{name.upper()}__PORT"] = str(port)
        places[name] = f"[{section.host}]:{port}" if ":" in section.host else f"{section.host}:{port}"
    parts: list[Part] = []
    handlers = {number: signal.signal(number, _stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        parts.append(_start("server", places["server"], variables, server_answers))
        _wait_until_healthy(parts)
        if find_spec("dash") is not None and find_spec("riskwave.dashboard") is not None:
            parts.append(_start("dashboard", places["dashboard"], variables, dashboard_answers))
            _wait_until_healthy(parts)
        else:
            typer.echo("the dashboard is not installed: pip install 'riskwave[dashboard]'", err=True)
        _greet(parts)
        return _watch(parts)
    except StopRequestedError:
        typer.echo("stopping", err=True)
        return 0
    finally:
        _stop_all(parts, settings.server.grace_period_s)
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise StopRequestedError


def _start(name: str, address: str, variables: Mapping[str, str], answers: Callable[[str], bool]) -> Part:
    typer.echo(f"starting the {name} on {address}", err=True)
    # A session of its own: Ctrl-C in the terminal comes here first, and the children are stopped in order.
    command = [sys.executable, "-m", f"riskwave.{name}"]
    process = subprocess.Popen(command, env=dict(variables), start_new_session=True)  # noqa: S603 - our own modules
    return Part(name, address, process, answers)


def _wait_until_healthy(parts: list[Part]) -> None:
    """Wait for the newest part; the end of any is the end of the wait."""
    newest = parts[-1]
    deadline_s = time.monotonic() + START_TIMEOUT_S
    while not newest.answers(newest.address):
        if _ended(parts) is not None:
            return
        if time.monotonic() > deadline_s:
            typer.echo(f"the {newest.name} did not answer within {START_TIMEOUT_S:g} s", err=True)
            return
        time.sleep(_POLL_S)


def _greet(parts: list[Part]) -> None:
    if _ended(parts) is not None:
        return
    for part in parts:
        scheme = "http://" if part.name == "dashboard" else ""
        typer.echo(f"{part.name:<9} {scheme}{part.address}")
    typer.echo(NEXT_STEPS)


def _ended(parts: list[Part]) -> Part | None:
    return next((part for part in parts if part.process.poll() is not None), None)


def _watch(parts: list[Part]) -> int:
    """Wait for the end of a part, and tell it."""
    while True:
        ended = _ended(parts)
        if ended is not None:
            code = ended.process.returncode
            typer.echo(f"the {ended.name} ended with exit code {code}; its lines above say why", err=True)
            return code if code > 0 else 1
        time.sleep(_POLL_S)


def _stop_all(parts: list[Part], grace_period_s: float) -> None:
    """Ask every part to stop, the newest first, and insist when the grace period is over."""
    for part in reversed(parts):
        if part.process.poll() is None:
            part.process.send_signal(signal.SIGTERM)
    for part in reversed(parts):
        try:
            part.process.wait(grace_period_s + STOP_EXTRA_S)
        except subprocess.TimeoutExpired:
            typer.echo(f"the {part.name} did not stop; ending it", err=True)
            part.process.kill()
            part.process.wait()
