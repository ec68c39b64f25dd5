"""The options of a simulation, for the commands that run one and that hand one over."""

from __future__ import annotations

import math
from typing import Annotated, Any

import typer

from riskwave.cli._options import parse_params, parse_weights


def _parse_volatility(text: str) -> float:
    if "," in text:
        raise typer.BadParameter(f"{text!r} are several; one asset has one, several need weights or a portfolio")
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0.0 <= number < math.inf:
        raise typer.BadParameter(f"{text!r} is not a finite number of at least 0")
    return number


WeightsOption = Annotated[
    str | None, typer.Option(metavar="WTI=0.5,...", help="Weights by symbol; the law comes from stored prices.")
]
PortfolioOption = Annotated[
    str | None, typer.Option("--portfolio", help="A stored portfolio; the law comes from stored prices.")
]
ModeOption = Annotated[
    str | None, typer.Option(help="collapsed or full.", show_default="collapsed where identical in law")
]
SamplingOption = Annotated[
    str | None, typer.Option(help="independent, antithetic or sobol.", show_default="independent")
]
TargetOption = Annotated[
    str | None, typer.Option(metavar="STATISTIC=ERROR", help="Stop at this standard error: mean_return=0.001.")
]
TailProbabilities = Annotated[
    list[float] | None,
    typer.Option("--tail-probability", help="VaR and shortfall at this probability too; may be repeated."),
]
ReturnThresholds = Annotated[
    list[float] | None,
    typer.Option("--return-threshold", help="Probability to end at or below this return; may be repeated."),
]
CashFlows = Annotated[
    list[str] | None,
    typer.Option(
        "--cash-flow",
        metavar="DAY=AMOUNT",
        help="Part of the starting wealth that leaves (positive) or comes (negative); may be repeated.",
    ),
]
FanDays = Annotated[
    list[int] | None,
    typer.Option("--fan-day", help="Day for which the fan gives quantiles; may be repeated.", show_default="64 days"),
]
PlacementOption = Annotated[str | None, typer.Option(help="server or cluster.", show_default="by size of the work")]
ParamOption = Annotated[
    list[str] | None, typer.Option("--param", metavar="NAME=VALUE", help="Of the model; may be repeated.")
]
VolatilityOption = Annotated[
    float | None,
    typer.Option(parser=_parse_volatility, help="Its volatility a day, as a fraction.", metavar="NUMBER"),
]


def simulation(
    model: Annotated[str, typer.Option(help="A registered model.")] = "normal",
    mean: Annotated[float | None, typer.Option(help="Mean return a day of one asset, as a fraction.")] = None,
    volatility: VolatilityOption = None,
    weights: WeightsOption = None,
    portfolio: PortfolioOption = None,
    source: Annotated[str | None, typer.Option(help="Source of the prices.")] = None,
    start: Annotated[str | None, typer.Option(help="First date of the history.")] = None,
    end: Annotated[str | None, typer.Option(help="Last date of the history.")] = None,
    paths: Annotated[int, typer.Option(help="Number of paths.")] = 100_000,
    horizon: Annotated[int, typer.Option(help="Days of each path.")] = 252,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed; left out, the server draws one and tells it.")] = None,
    mode: ModeOption = None,
    rebalancing: Annotated[str | None, typer.Option(help="daily or none.", show_default="daily")] = None,
    sampling: SamplingOption = None,
    target: TargetOption = None,
    distributions: Annotated[bool, typer.Option("--distributions", help="Each path's results as well.")] = False,
    tail_probability: TailProbabilities = None,
    return_threshold: ReturnThresholds = None,
    cash_flow: CashFlows = None,
    terminal_only: Annotated[bool, typer.Option("--terminal-only", help="The end of each path only.")] = False,
    sample_paths: Annotated[int, typer.Option(min=0, help="First paths of every asset to return.")] = 0,
    fan_days: Annotated[int, typer.Option(min=0, help="How many days the fan has.", show_default="64")] = 0,
    fan_day: FanDays = None,
    confidence: Annotated[float | None, typer.Option(help="Of the intervals.", show_default="0.95")] = None,
    placement: PlacementOption = None,
    param: ParamOption = None,
) -> dict[str, Any]:
    """Return a simulation as arguments of `client.simulation`."""
    given = [
        name
        for name, value in (("--mean", mean), ("--weights", weights), ("--portfolio", portfolio))
        if value is not None
    ]
    if len(given) != 1:
        hint = "give one of --mean with --volatility, --weights WTI=0.5,... or --portfolio NAME"
        raise typer.BadParameter(f"{' and '.join(given)} given; {hint}" if given else hint, param_hint="--mean")
    if (mean is None) != (volatility is None):
        raise typer.BadParameter("--mean and --volatility go together", param_hint="--volatility")
    options: dict[str, Any] = {
        "model": model,
        "params": parse_params(param),
        "paths": paths,
        "horizon": horizon,
        "seed": seed,
        "mode": mode,
        "rebalancing": rebalancing,
        "sampling": sampling,
        "target": _parse_target(target),
        "distributions": distributions,
        "tail_probabilities": tail_probability or (),
        "return_thresholds": return_threshold or (),
        "cash_flows": [_parse_cash_flow(text) for text in cash_flow or ()],
        "terminal_only": terminal_only,
        "sample_paths": sample_paths,
        "fan_days": _fan_days(fan_days, fan_day),
        "confidence": confidence,
        "placement": placement,
    }
    if mean is not None:
        return {**options, "mean": mean, "volatility": volatility}
    history = {"portfolio": portfolio, "source": source, "start": start, "end": end}
    return {**options, "weights": None if weights is None else parse_weights(weights), **history}


def _fan_days(count: int, days: list[int] | None) -> int | list[int]:
    if days and count:
        raise typer.BadParameter("give --fan-days, how many, or --fan-day, which", param_hint="--fan-day")
    return sorted(days) if days else count


def _parse_cash_flow(text: str) -> tuple[int, float]:
    day, _equals, amount = text.partition("=")
    try:
        return int(day), float(amount)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not of the form DAY=AMOUNT", param_hint="--cash-flow") from None


def _parse_target(text: str | None) -> tuple[str, float] | None:
    if text is None:
        return None
    name, equals, error = text.partition("=")
    try:
        return name.strip(), float(error)
    except ValueError:
        equals = ""
    if not equals:
        raise typer.BadParameter(f"{text!r} is not of the form STATISTIC=ERROR", param_hint="--target")
    return None
