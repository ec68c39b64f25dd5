"""``riskwave risk``: how much a portfolio can lose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from riskwave.cli._options import Common, Output, common, parse_params, portfolio, split, takes
from riskwave.cli._output import console, moment, write, write_csv, write_grid, write_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from riskwave import PortfolioReport
    from riskwave._results import Grid

app = typer.Typer(help="How much a portfolio can lose.", add_completion=False, no_args_is_help=True)

PeriodsOption = Annotated[
    float | None,
    typer.Option(
        "--periods-per-year",
        min=1.0,
        help="Periods by which figures are annualised.",
        show_default="as the dates have: 252 daily, 52 weekly, 12 monthly",
    ),
]
RateOption = Annotated[float, typer.Option("--risk-free-rate", help="A year, as a fraction.")]
ParamOption = Annotated[list[str] | None, typer.Option("--param", metavar="NAME=VALUE", help="May be repeated.")]


@app.command()
@takes(history=portfolio, common=common)
def analyze(
    history: dict[str, Any],
    common: Common,
    periods_per_year: PeriodsOption = None,
    risk_free_rate: RateOption = 0.0,
    confidence: Annotated[
        float | None, typer.Option(min=0.0, max=1.0, help="Of the intervals.", show_default="0.95")
    ] = None,
) -> None:
    """Analyze return and risk, each figure with its error.

    Return, volatility, ratios, VaR, drawdown, correlation and risk contributions. Returns are fractions; VaR,
    shortfall and drawdown are returns, so a loss is negative.
    """
    with common.connect() as client:
        report = client.risk.analyze(
            periods_per_year=periods_per_year, risk_free_rate=risk_free_rate, confidence=confidence, **history
        )
    write(
        common.output,
        kind="portfolio_report",
        document=report.to_dict(),
        rows=measure_rows(report),
        grids=report_grids(report),
    )
    if common.output is Output.table:
        _draw_drawdowns(report)


def measure_rows(report: PortfolioReport) -> Iterator[Mapping[str, Any]]:
    """Return one row a measure, for CSV."""
    for measure in report.measures:
        parts = measure.estimate.to_dict()
        columns = ("value", "standard_error", "low", "high", "confidence")
        yield {"measure": measure.name, **{name: parts[name] for name in columns}, "unit": measure.unit}


def report_grids(report: PortfolioReport) -> Iterator[Grid]:
    """Return the tables of a report: figures, contributions, correlation."""
    from riskwave._results import Grid

    yield report.grid()
    rows = tuple(
        (
            one.asset,
            f"{one.weight:.4f}",
            f"{one.component_volatility:.4f}",
            f"{one.share * 100:.1f} %",
            f"{one.component_var_95:.5f}",
            f"{one.component_cvar_95:.5f}",
        )
        for one in report.risk_decomposition
    )
    headings = ("asset", "weight", "volatility", "share", "VaR 95", "CVaR 95")
    yield Grid("risk contributions", headings, rows, frozenset(range(1, 6)))
    matrix = tuple(
        (name, *(f"{value:.3f}" for value in row))
        for name, row in zip(report.assets, report.correlation_matrix.tolist(), strict=True)
    )
    yield Grid("correlation", ("", *report.assets), matrix, frozenset(range(1, len(report.assets) + 1)))


def _draw_drawdowns(report: PortfolioReport) -> None:
    from riskwave.cli._charts import sparkline

    screen = console()
    width = max(min(screen.width - 12, 100), 20)
    screen.print(f"\nwealth     {sparkline(report.wealth, width)}", markup=False)
    screen.print(f"drawdown   {sparkline(report.drawdowns, width)}", markup=False)


@app.command()
@takes(history=portfolio, common=common)
def rolling(
    history: dict[str, Any],
    common: Common,
    window: Annotated[int, typer.Option(min=2, help="Length of the window in periods.")] = 252,
    measures: Annotated[str, typer.Option(metavar="NAME,...", help="Empty: return, volatility, Sharpe ratio.")] = "",
    periods_per_year: PeriodsOption = None,
    risk_free_rate: RateOption = 0.0,
) -> None:
    """Compute measures over a rolling window."""
    with common.connect() as client:
        result = client.risk.rolling(
            window=window,
            measures=split(measures),
            periods_per_year=periods_per_year,
            risk_free_rate=risk_free_rate,
            **history,
        )
    if common.output is Output.json:
        write_json(result.to_dict(), kind="rolling_risk")
    elif common.output is Output.csv:
        write_csv(_series_rows(result.times, result.measures))
    else:
        from riskwave.cli._charts import sparkline

        write_grid(result.grid())
        for name, values in result.measures.items():
            console().print(f"{name:<22} {sparkline(values, 50)}", markup=False)


def _series_rows(times: Any, columns: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    length = max((len(values) for values in columns.values()), default=0)
    for i in range(length):
        time = i if times is None else moment(times[i])
        yield {"time": time, **{name: float(values[i]) for name, values in columns.items()}}


@app.command()
@takes(common=common)
def covariance(
    common: Common,
    symbols: Annotated[str, typer.Argument(metavar="SYMBOL,...", help="Stored assets, such as WTI,BRENT.")],
    source: Annotated[
        str | None, typer.Option(help="Source of the prices.", show_default="preferred one of each symbol")
    ] = None,
    start: Annotated[str | None, typer.Option(help="First date, such as 2010-01-31.")] = None,
    end: Annotated[str | None, typer.Option(help="Last date.")] = None,
    return_kind: Annotated[
        str | None, typer.Option(help="simple or log returns of the prices.", show_default="simple")
    ] = None,
    estimator: Annotated[
        str | None, typer.Option(help="sample, ewma, ledoit_wolf, oas.", show_default="sample")
    ] = None,
    param: ParamOption = None,
    periods_per_year: Annotated[
        float | None, typer.Option(min=1.0, help="Annualises the covariance.", show_default="one period's")
    ] = None,
) -> None:
    """Estimate covariance and correlation of returns."""
    with common.connect() as client:
        found = client.risk.covariance(
            symbols=split(symbols),
            source=source,
            start=start,
            end=end,
            return_kind=return_kind,
            estimator=estimator,
            params=parse_params(param),
            periods_per_year=periods_per_year,
        )
    rows = (
        {
            "asset": one,
            "other": other,
            "covariance": float(found.covariance[i, j]),
            "correlation": float(found.correlation[i, j]),
        }
        for i, one in enumerate(found.assets)
        for j, other in enumerate(found.assets)
    )
    write(common.output, kind="covariance", document=found.to_dict(), rows=rows, grids=[found.grid()])


@app.command()
@takes(history=portfolio, common=common)
def stress(
    history: dict[str, Any],
    common: Common,
    shock: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME:WTI=-0.3,...", help="A scenario: its name and returns. May be repeated."),
    ] = None,
    replay: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME:FIRST..LAST", help="A past period, by its dates. May be repeated."),
    ] = None,
    propagate: Annotated[bool, typer.Option(help="Moves the other assets by their regression.")] = False,
) -> None:
    """Tell what a portfolio loses in scenarios.

    Scenarios are shocks and past periods; without either, the built-in past periods.
    """
    scenarios = [_parse_shock(text, propagate) for text in shock or ()] + [_parse_replay(text) for text in replay or ()]
    with common.connect() as client:
        result = client.risk.stress(scenarios, **history)
    rows = (
        {"scenario": one.name, "portfolio_return": one.portfolio_return, "max_drawdown": one.max_drawdown}
        | dict(one.contributions)
        for one in result.results
    )
    write(common.output, kind="stress_report", document=result.to_dict(), rows=rows, grids=[result.grid()])


def _parse_shock(text: str, propagate: bool) -> Any:
    from riskwave import Scenario
    from riskwave.cli._options import parse_weights

    name, colon, shocks = text.partition(":")
    if not colon:
        raise typer.BadParameter(f"{text!r} is not of the form NAME:SYMBOL=RETURN,...", param_hint="--shock")
    return Scenario(name, shocks=parse_weights(shocks), propagate=propagate)


def _parse_replay(text: str) -> Any:
    from riskwave import Scenario

    name, colon, period = text.partition(":")
    first, dots, last = period.partition("..")
    if not colon or not dots:
        raise typer.BadParameter(f"{text!r} is not of the form NAME:FIRST..LAST", param_hint="--replay")
    return Scenario(name, start=first, end=last)


@app.command()
@takes(history=portfolio, common=common)
def backtest(
    history: dict[str, Any],
    common: Common,
    method: Annotated[str | None, typer.Option(help="Model of VaR.", show_default="historical")] = None,
    level: Annotated[
        float | None, typer.Option(min=0.5, max=1.0, help="Confidence of VaR.", show_default="0.99")
    ] = None,
    window: Annotated[int | None, typer.Option(min=2, help="Periods looked back on.", show_default="250")] = None,
    param: ParamOption = None,
) -> None:
    """Compare a VaR model's forecasts with what came."""
    with common.connect() as client:
        result = client.risk.backtest(method=method, level=level, window=window, params=parse_params(param), **history)
    columns = {"returns": result.returns, "var": result.var, "expected_shortfall": result.expected_shortfall}
    write(
        common.output,
        kind="backtest",
        document=result.to_dict(),
        rows=_series_rows(result.times, columns),
        grids=[result.grid()],
    )


@app.command()
@takes(history=portfolio, common=common)
def optimize(
    history: dict[str, Any],
    common: Common,
    objective: Annotated[str | None, typer.Option(show_default="min_variance")] = None,
    weight_low: Annotated[float, typer.Option(help="Smallest weight of each asset.")] = 0.0,
    weight_high: Annotated[float | None, typer.Option(help="Largest weight of each asset.", show_default="1")] = None,
    covariance: Annotated[
        str | None, typer.Option(help="Estimator of the covariance.", show_default="ledoit_wolf")
    ] = None,
    risk_free_rate: RateOption = 0.0,
    param: ParamOption = None,
) -> None:
    """Find the best weights by an objective (not served yet).

    Objectives: min_variance, max_sharpe, risk_parity, hierarchical_risk_parity, min_cvar.
    """
    with common.connect() as client:
        result = client.risk.optimize(
            objective=objective,
            weight_low=weight_low,
            weight_high=weight_high,
            covariance_estimator=covariance,
            risk_free_rate=risk_free_rate,
            params=parse_params(param),
            **history,
        )
    write(
        common.output,
        kind="optimization",
        document=result.to_dict(),
        rows=({"asset": name, "weight": weight} for name, weight in result.weights.items()),
        grids=[result.grid(), result.report.grid()],
    )
