"""Portfolio: weights that the browser keeps, judged by fresh prices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import Dash, Input, Output, State, ctx, html, no_update
from dash.dependencies import ALL

from riskwave.dashboard import holdings
from riskwave.dashboard.components.part import (
    footer,
    graph,
    options_by_group,
    part,
    problem_store,
    table_twin,
    warning,
)
from riskwave.dashboard.components.portfolio_manager import manager, position_rows, total_line
from riskwave.dashboard.components.reproduce import reproduce
from riskwave.dashboard.figures.portfolio import contribution_figure, correlation_figure, equity_figure
from riskwave.dashboard.figures.style import iso_dates
from riskwave.dashboard.formats import PERCENT, count, number, percent
from riskwave.dashboard.listings import asset_groups, provenance
from riskwave.dashboard.metrics import report_cards
from riskwave.dashboard.pages import Page, add_page
from riskwave.dashboard.problems import Problem, error_outputs, guarded
from riskwave.dashboard.snippets import analyze_snippets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dash.development.base_component import Component

    from riskwave import PortfolioReport
    from riskwave.dashboard.gateway import Gateway

_STILL_WORKS = "The portfolio stays in this browser; markets still work."
_TABLE_ROWS_MAX = 250
_GROWTH_INFO = (
    "What 1 invested at the start became, rebalanced to the weights in every period, and under it the loss from the "
    "highest value so far."
)
_CONTRIBUTION_INFO = (
    f"Each asset's share of the portfolio's volatility beside its weight. The shares add up to 100{PERCENT}; a "
    "negative one lowers the risk of the whole."
)
_CORRELATION_INFO = "Pearson's correlation of the returns per period: 1 together, 0 unrelated, \N{MINUS SIGN}1 opposed."
_REPRODUCE_INFO = "The same numbers from the command line and from Python."


def layout(query: Mapping[str, str]) -> Component:
    """Return the page; the portfolio comes from the browser, the numbers by callback."""
    _ = query
    halves = [
        part("portfolio-contribution", "Where the risk comes from", info=_CONTRIBUTION_INFO, height=280),
        part("portfolio-correlation", "Correlation", info=_CORRELATION_INFO, height=280),
    ]
    results = [
        html.Div(id="portfolio-cards", className="rw-cards"),
        part("portfolio-equity", "Growth and drawdown", info=_GROWTH_INFO, height=420),
        html.Div(halves, className="rw-halves"),
        part("portfolio-reproduce", "Reproduce", info=_REPRODUCE_INFO, height=80),
    ]
    stack = html.Div(results, className="rw-stack")
    return html.Div([problem_store("portfolio-assets"), manager(), stack], className="rw-columns")


def register(app: Dash, gateway: Gateway) -> None:
    """Register the page's callbacks."""
    _register_assets(app, gateway)
    _register_rows(app)
    _register_edits(app)
    _register_analysis(app, gateway)


def _register_assets(app: Dash, gateway: Gateway) -> None:
    @app.callback(Output("portfolio-asset", "data"), Input("portfolio-asset", "id"))
    @guarded(
        gateway.timeout_s,
        "portfolio-assets",
        title="The list of assets is unavailable",
        still_works=_STILL_WORKS,
        fallback=lambda _problem: [],
    )
    async def fill_assets(_id: str) -> Any:
        return options_by_group(asset_groups(await gateway.assets(), None))


def _register_rows(app: Dash) -> None:
    @app.callback(
        Output("portfolio-rows", "children"),
        Output("portfolio-total", "children"),
        Input("portfolio", "modified_timestamp"),
        State("portfolio", "data"),
        State({"type": "position-weight", "symbol": ALL}, "id"),
        State({"type": "position-weight", "symbol": ALL}, "value"),
    )
    async def show_rows(
        _time: int | None, data: Any, ids: list[dict[str, str]], values: list[Any]
    ) -> tuple[Any, list[Component]]:
        positions = holdings.read(data)
        shown = {item["symbol"]: value for item, value in zip(ids, values, strict=True)}
        wanted = {symbol: holdings.as_percent(weight) for symbol, weight in positions.items()}
        # A row that shows its weight already is left alone: redrawing it would take the focus from its input.
        rows = no_update if positions and shown == wanted else position_rows(positions)
        return rows, total_line(positions)

    @app.callback(
        Output("portfolio", "data", allow_duplicate=True),
        Input({"type": "position-weight", "symbol": ALL}, "value"),
        State({"type": "position-weight", "symbol": ALL}, "id"),
        State("portfolio", "data"),
        prevent_initial_call=True,
    )
    async def take_weights(values: list[Any], ids: list[dict[str, str]], data: Any) -> Any:
        typed = {item["symbol"]: value for item, value in zip(ids, values, strict=True)}
        before = holdings.read(data)
        after = holdings.with_percents(before, typed)
        return no_update if after == before else holdings.write(after)


def _register_edits(app: Dash) -> None:
    @app.callback(
        Output("portfolio", "data"),
        Input("portfolio-add", "n_clicks"),
        Input("portfolio-normalise", "n_clicks"),
        Input("portfolio-equal", "n_clicks"),
        Input("portfolio-clear", "n_clicks"),
        Input("portfolio-sample", "n_clicks"),
        Input({"type": "position-remove", "symbol": ALL}, "n_clicks"),
        State("portfolio-asset", "value"),
        State("portfolio-weight", "value"),
        State("portfolio", "data"),
        prevent_initial_call=True,
    )
    async def edit(*args: Any) -> Any:
        symbol, weight_percent, data = args[-3:]
        # New rows trigger it too, with no click behind them.
        if not any(item["value"] for item in ctx.triggered):
            return no_update
        trigger = ctx.triggered_id
        before = holdings.read(data)
        action = "remove" if isinstance(trigger, dict) else str(trigger).removeprefix("portfolio-")
        target = trigger["symbol"] if isinstance(trigger, dict) else symbol
        after = holdings.edited(before, action, symbol=target, weight_percent=weight_percent)
        return no_update if after == before else holdings.write(after)


def _empty(problem: Problem | None = None) -> tuple[Any, ...]:
    if problem is not None:
        _first, *_others = error_outputs(problem)
        quiet = html.P("Unavailable: see above.", className="rw-empty")
        return [], _first, quiet, quiet, quiet
    hint = html.P("Add assets to see this.", className="rw-empty")
    return [], hint, hint, hint, hint


def _register_analysis(app: Dash, gateway: Gateway) -> None:
    @app.callback(
        Output("portfolio-cards", "children"),
        Output("portfolio-equity-body", "children"),
        Output("portfolio-contribution-body", "children"),
        Output("portfolio-correlation-body", "children"),
        Output("portfolio-reproduce-body", "children"),
        Input("portfolio", "modified_timestamp"),
        Input("portfolio-start", "value"),
        Input("portfolio-end", "value"),
        State("portfolio", "data"),
    )
    @guarded(
        gateway.timeout_s,
        "portfolio-equity",
        title="The analysis is unavailable",
        still_works=_STILL_WORKS,
        fallback=_empty,
    )
    async def analyse(_time: int | None, start: str | None, end: str | None, data: Any) -> tuple[Any, ...]:
        positions = holdings.read(data)
        if not positions:
            return _empty()
        first, last = (start or "").strip() or None, (end or "").strip() or None
        report = await gateway.client.risk.analyze(weights=positions, start=first, end=last)
        command, code = analyze_snippets(positions, address=gateway.address, start=first, end=last)
        return (
            report_cards(report),
            growth(report),
            contributions(report),
            correlations(report),
            reproduce(command, code, digest=report.meta.digest),
        )


def growth(report: PortfolioReport) -> list[Component]:
    """Return the equity curve with its notices and the line about its origin."""
    figure = equity_figure(
        report.times, report.wealth, report.drawdowns, trough=report.max_drawdown_period.trough_index
    )
    label = (
        f"Growth of 1 to {number(float(report.wealth[-1]))} over {count(report.observation_count)} periods; "
        f"the deepest loss from a peak was {percent(float(report.drawdowns.min()))}."
    )
    periods = range(report.wealth.size)
    dates = [str(index + 1) for index in periods] if report.times is None else iso_dates(report.times)
    newest = range(report.wealth.size - 1, max(report.wealth.size - 1 - _TABLE_ROWS_MAX, -1), -1)
    rows = [[dates[i], number(float(report.wealth[i]), 4), percent(float(report.drawdowns[i]))] for i in newest]
    span = f"{dates[0]} to {dates[-1]}" if dates else ""
    return [
        *(warning(item.message) for item in report.meta.warnings),
        graph(figure, label=label, graph_id="portfolio-equity-graph"),
        table_twin(["Date", "Growth of 1", "Drawdown"], rows, caption=f"The newest {len(rows)} periods"),
        footer([*provenance(report.meta), span, f"{count(report.observation_count)} returns"]),
    ]


def contributions(report: PortfolioReport) -> list[Component]:
    """Return the risk contributions as bars and as a table."""
    rows = report.risk_decomposition
    figure = contribution_figure([row.asset for row in rows], [row.weight for row in rows], [row.share for row in rows])
    biggest = max(rows, key=lambda row: row.share)
    table = [
        [
            row.asset,
            percent(row.weight),
            percent(row.share),
            percent(row.component_volatility),
            percent(row.component_var_95),
        ]
        for row in rows
    ]
    return [
        graph(figure, label=f"Shares of the volatility; the largest is {biggest.asset} with {percent(biggest.share)}."),
        table_twin(
            ["Asset", "Weight", "Share of risk", "Volatility part", "VaR 95 part"], table, caption="Risk contributions"
        ),
    ]


def correlations(report: PortfolioReport) -> list[Component]:
    """Return the correlation heatmap and its table."""
    assets: Sequence[str] = report.assets
    rows = [
        [name, *(number(float(value)) for value in line)]
        for name, line in zip(assets, report.correlation_matrix, strict=True)
    ]
    return [
        graph(
            correlation_figure(assets, report.correlation_matrix),
            label=f"Correlation of {', '.join(assets)}; the table has the numbers.",
        ),
        table_twin(["", *assets], rows, caption="Correlation matrix"),
    ]


PAGE = add_page(
    Page(
        path="/portfolio",
        title="Portfolio",
        summary="Weights, risk and where it comes from",
        order=2,
        layout=layout,
        register=register,
    )
)
