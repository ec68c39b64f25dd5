"""The command and the Python code that reproduce what a page shows."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def weights_argument(weights: Mapping[str, float]) -> str:
    """Return weights as the command line takes them.

    >>> weights_argument({"WTI": 0.5, "BRENT": 0.5})
    'WTI=0.5,BRENT=0.5'
    """
    return ",".join(f"{symbol}={weight!r}" for symbol, weight in weights.items())


def analyze_snippets(
    weights: Mapping[str, float], *, address: str, start: str | None = None, end: str | None = None
) -> tuple[str, str]:
    """Return command and code of a portfolio analysis."""
    dates = {name: value for name, value in (("start", start), ("end", end)) if value}
    command = ["riskwave", "risk", "analyze", "--weights", weights_argument(weights)]
    for name, value in dates.items():
        command += [f"--{name}", value]
    command += [*_address_option(address), "--output", "json"]
    code = _code(address, "client.risk.analyze", {"weights": dict(weights), **dates}, answer="report")
    return shlex.join(command), code


def simulate_snippets(spec: Mapping[str, Any], *, address: str) -> tuple[str, str]:
    """Return command and code of a simulation.

    Parameters
    ----------
    spec : mapping
        Keyword arguments of ``client.simulation.run``.
    address : str
        The server's host and port.
    """
    command = ["riskwave", "simulate", "run"]
    for name, value in spec.items():
        if name == "weights":
            command += ["--weights", weights_argument(value)]
        else:
            command += [f"--{name.replace('_', '-')}", str(value)]
    command += [*_address_option(address), "--output", "json"]
    return shlex.join(command), _code(address, "client.simulation.run", spec, answer="result")


def _address_option(address: str) -> list[str]:
    """Return the option that names the server, where it is not the one that commands ask anyway."""
    return [] if address in {"localhost:50051", "127.0.0.1:50051"} else ["--address", address]


def _code(address: str, method: str, arguments: Mapping[str, Any], *, answer: str) -> str:
    listed = "".join(f"        {name}={value!r},\n" for name, value in arguments.items())
    return (
        "import riskwave as rw\n\n"
        f"with rw.connect({address!r}) as client:\n"
        f"    {answer} = {method}(\n{listed}    )\n"
        f"print({answer}.meta.digest)"
    )
