"""The options of a derivative's price."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from riskwave.cli._options import parse_params, split


def derivative(
    model: Annotated[str, typer.Option(help="A registered model that prices.")] = "gbm",
    payoff: Annotated[
        str, typer.Option(help="A registered payoff; `riskwave simulate models` lists them.")
    ] = "european",
    spot: Annotated[str, typer.Option(metavar="PRICE,...", help="Spot price of each underlying.")] = "100",
    maturity: Annotated[float, typer.Option(help="Years to maturity.")] = 1.0,
    rate: Annotated[float, typer.Option(help="Risk-free rate a year, continuously compounded.")] = 0.0,
    param: Annotated[
        list[str] | None,
        typer.Option(
            "--param", metavar="NAME=VALUE", help="Of the model, such as volatility=0.2 or 0.2,0.3; may be repeated."
        ),
    ] = None,
    payoff_param: Annotated[
        list[str] | None,
        typer.Option(
            "--payoff-param", metavar="NAME=VALUE", help="Of the payoff, such as strike=100; may be repeated."
        ),
    ] = None,
    correlation: Annotated[
        str | None,
        typer.Option(
            metavar="NUMBER|ROWS",
            help="Of the underlyings: one number for every pair, or rows such as 1,0.5;0.5,1.",
            show_default="uncorrelated",
        ),
    ] = None,
    greeks: Annotated[str, typer.Option(metavar="NAME,...", help="Of delta, gamma, vega, rho, theta.")] = "",
    paths: Annotated[int, typer.Option(help="Number of paths.")] = 100_000,
    steps: Annotated[int, typer.Option(help="Time steps.", show_default="by payoff and model")] = 0,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed; left out, the server draws one and tells it.")] = None,
    sampling: Annotated[
        str | None, typer.Option(help="independent, antithetic or sobol.", show_default="independent")
    ] = None,
    target: Annotated[
        float, typer.Option(metavar="ERROR", help="Stop when the price's standard error is this small.")
    ] = 0.0,
    confidence: Annotated[float | None, typer.Option(help="Of the intervals.", show_default="0.95")] = None,
    placement: Annotated[
        str | None, typer.Option(help="server or cluster.", show_default="by size of the work")
    ] = None,
) -> dict[str, Any]:
    """Return a derivative as arguments of `client.simulation.price`."""
    spots = _numbers(spot, "--spot")
    return {
        "model": model,
        "payoff": payoff,
        "spot": spots,
        "maturity": maturity,
        "rate": rate,
        "model_params": parse_params(param),
        "payoff_params": parse_params(payoff_param, "--payoff-param"),
        "correlation": None if correlation is None else parse_correlation(correlation, len(spots)),
        "greeks": split(greeks),
        "paths": paths,
        "steps": steps,
        "seed": seed,
        "sampling": sampling,
        "target_standard_error": target,
        "confidence": confidence,
        "placement": placement,
    }


def parse_correlation(text: str, count: int) -> list[list[float]]:
    """Return a matrix: of rows between semicolons, or with one number for every pair.

    Examples
    --------
    >>> parse_correlation("0.5", 2)
    [[1.0, 0.5], [0.5, 1.0]]
    >>> parse_correlation("1,0.5; 0.5,1", 2)
    [[1.0, 0.5], [0.5, 1.0]]
    """
    rows = [_numbers(row, "--correlation") for row in text.split(";")]
    if len(rows) == 1 and len(rows[0]) == 1:
        return [[1.0 if i == j else rows[0][0] for j in range(count)] for i in range(count)]
    if any(len(row) != count for row in rows) or len(rows) != count:
        hint = f"{text!r} is not one number or {count} rows of {count}, one an underlying"
        raise typer.BadParameter(hint, param_hint="--correlation")
    return rows


def _numbers(text: str, option: str) -> list[float]:
    try:
        return [float(part) for part in split(text)]
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a list of numbers", param_hint=option) from None
