"""Markets: an asset's price above the panes of the oscillators that the reader picks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dash_mantine_components as dmc
from dash import Dash, Input, Output, State, dcc, html
from dash.dependencies import ALL

from riskwave.dashboard import address
from riskwave.dashboard.clientside import clientside
from riskwave.dashboard.components.aria import aria
from riskwave.dashboard.components.forms import parameter_input
from riskwave.dashboard.components.live_panel import live_panel
from riskwave.dashboard.components.part import options_by_group, part, problem_store, warning
from riskwave.dashboard.listings import asset_groups, indicator_groups
from riskwave.dashboard.live_stream import add_routes
from riskwave.dashboard.market_view import DEFAULT_RANGE, LOOK_AHEAD, RANGE_LABELS, RANGES, Call, cards, fetch, show
from riskwave.dashboard.pages import Page, add_page
from riskwave.dashboard.problems import guarded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from dash.development.base_component import Component
    from numpy.typing import NDArray

    from riskwave import IndicatorSpec
    from riskwave.dashboard.gateway import Gateway

    Times = NDArray[np.datetime64]
    Values = NDArray[np.float64]

DEFAULT_SYMBOL = "WTI"
DEFAULT_INDICATORS = ("RSI", "MACD")
#: Every pane costs height; more cannot be read together.
INDICATORS_MAX = 4
_CHART_INFO = (
    "The price above its indicators on one time axis. Drag to zoom, double-click to reset. Indicators are computed "
    "over the whole history and cut to the range, which changes none of their values."
)


def layout(query: Mapping[str, str]) -> Component:
    """Return the page as the address describes it; lists of assets and indicators come by callback."""
    state = address.read_markets(query, default_symbol=DEFAULT_SYMBOL, default_indicators=DEFAULT_INDICATORS)
    span = state.span if state.span in RANGES else DEFAULT_RANGE
    initial = {name: list(values) for name, values in state.indicators}
    chosen, rest = list(initial)[:INDICATORS_MAX], list(initial)[INDICATORS_MAX:]
    controls = html.Div(
        [
            dmc.Select(
                id="markets-source",
                label="Source",
                value=state.source,
                data=[],
                placeholder="Preferred",
                clearable=True,
            ),
            dmc.Select(
                id="markets-symbol",
                label="Asset",
                value=state.symbol,
                data=[],
                searchable=True,
                allowDeselect=False,
                nothingFoundMessage="No such asset",
            ),
            _indicator_picker(chosen, look_ahead=state.look_ahead),
        ],
        className="rw-pickers",
    )
    form = html.Div(id="markets-form", className="rw-row rw-row-top")
    return html.Div(
        [
            dcc.Store(id="markets-initial", data=initial),
            dcc.Store(id="markets-address"),
            problem_store("markets-lists"),
            html.Section(
                [controls, *([warning(_left_out(rest))] if rest else []), form],
                className="rw-part",
                **aria(label="Asset and indicators"),
            ),
            html.Div(id="markets-cards", className="rw-cards"),
            live_panel(),
            part(
                "markets-chart",
                "Price and indicators",
                info=_CHART_INFO,
                controls=_range_controls(span, log=state.log),
                height=560,
            ),
        ],
        className="rw-stack",
    )


def _left_out(names: Sequence[str]) -> str:
    """Return what is said of the indicators of an address that are too many."""
    left = ", ".join(names)
    return f"The address names more than {INDICATORS_MAX} indicators, the most that are shown. Left out: {left}."


def _indicator_picker(names: list[str], *, look_ahead: bool) -> Component:
    return html.Div(
        [
            dmc.MultiSelect(
                id="markets-indicators",
                label="Indicators",
                value=names,
                data=[],
                searchable=True,
                maxValues=INDICATORS_MAX,
                hidePickedOptions=True,
                maxDropdownHeight=360,
                nothingFoundMessage="No such indicator",
            ),
            dmc.Checkbox(id="markets-ahead", label=LOOK_AHEAD, checked=look_ahead, size="xs", radius="sm", mt=6),
        ]
    )


def _range_controls(span: str, *, log: bool) -> Component:
    return html.Div(
        [
            dmc.SegmentedControl(
                id="markets-range",
                value=span,
                data=[{"value": value, "label": label} for value, label in RANGE_LABELS.items()],
                size="xs",
                **aria(label="Range"),
            ),
            dmc.Switch(id="markets-log", label="Log", checked=log, size="sm"),
        ],
        className="rw-row rw-row-center",
    )


def register(app: Dash, gateway: Gateway) -> None:
    """Register the page's callbacks."""
    _register_lists(app, gateway)
    _register_form(app, gateway)
    _register_chart(app, gateway)
    clientside(
        app,
        "live.follow",
        Output("live-started", "data"),
        Input("live-mode", "value"),
        Input("live-speed", "value"),
        Input("markets-symbol", "value"),
        Input("markets-source", "value"),
        prevent_initial_call=True,
    )
    clientside(
        app,
        "markets.write_address",
        Output("markets-address", "data"),
        Input("markets-symbol", "value"),
        Input("markets-source", "value"),
        Input("markets-range", "value"),
        Input("markets-log", "checked"),
        Input("markets-ahead", "checked"),
        Input({"type": "indicator-name", "indicator": ALL}, "data"),
        Input({"type": "indicator-param", "indicator": ALL, "param": ALL}, "value"),
        State({"type": "indicator-param", "indicator": ALL, "param": ALL}, "id"),
    )


def _register_lists(app: Dash, gateway: Gateway) -> None:
    @app.callback(
        Output("markets-source", "data"),
        Output("markets-symbol", "data"),
        Output("markets-symbol", "value"),
        Input("markets-source", "value"),
        State("markets-symbol", "value"),
    )
    @guarded(
        gateway.timeout_s,
        "markets-lists",
        title="The list of assets is unavailable",
        still_works="An address with a symbol in it, and portfolios that are kept in this browser, still open.",
        fallback=lambda _problem: ([], [], None),
    )
    async def fill_assets(source: str | None, symbol: str | None) -> tuple[Any, Any, str | None]:
        assets = await gateway.assets()
        sources = sorted({asset.source for asset in assets})
        groups = asset_groups(assets, source or None)
        symbols = [value for items in groups.values() for value, _label in items]
        chosen = symbol if symbol in symbols else next(iter(symbols), None)
        return sources, options_by_group(groups), chosen

    @app.callback(Output("markets-indicators", "data"), Input("markets-indicators", "id"))
    @guarded(
        gateway.timeout_s,
        "markets-lists",
        title="The list of indicators is unavailable",
        still_works="Prices still work.",
        fallback=lambda _problem: [],
    )
    async def fill_indicators(_id: str) -> Any:
        return options_by_group(indicator_groups(await gateway.indicators()))


def _register_form(app: Dash, gateway: Gateway) -> None:
    @app.callback(
        Output("markets-form", "children"),
        Input("markets-indicators", "value"),
        State("markets-initial", "data"),
        State({"type": "indicator-param", "indicator": ALL, "param": ALL}, "id"),
        State({"type": "indicator-param", "indicator": ALL, "param": ALL}, "value"),
    )
    @guarded(
        gateway.timeout_s,
        "markets-lists",
        title="The form of the indicators is unavailable",
        still_works="Prices still work.",
        fallback=lambda _problem: [],
    )
    async def show_form(
        names: list[str] | None, initial: dict[str, list[str]], ids: list[dict[str, str]], values: list[Any]
    ) -> list[Component]:
        specs = {spec.name: spec for spec in await gateway.indicators()}
        kept = {(item["indicator"], item["param"]): value for item, value in zip(ids, values, strict=True)}
        return [
            indicator_form(specs[name], address.merged_values(specs[name], initial.get(name, []), kept))
            for name in names or []
            if name in specs
        ]


def indicator_form(spec: IndicatorSpec, values: Mapping[str, Any]) -> Component:
    """Return the parameters of one indicator, with `values` or the defaults in them."""
    inputs = [
        parameter_input(
            parameter,
            {"type": "indicator-param", "indicator": spec.name, "param": parameter.name},
            values.get(parameter.name),
        )
        for parameter in spec.parameters
    ]
    marker = dcc.Store(id={"type": "indicator-name", "indicator": spec.name}, data=spec.name)
    return html.Fieldset(
        [html.Legend(spec.name, title=spec.title), marker, *(inputs or [html.P("No parameters", className="rw-note")])],
        className="rw-params",
    )


def _register_chart(app: Dash, gateway: Gateway) -> None:
    @app.callback(
        Output("markets-chart-body", "children"),
        Output("markets-cards", "children"),
        Input("markets-symbol", "value"),
        Input("markets-range", "value"),
        Input("markets-log", "checked"),
        Input("markets-ahead", "checked"),
        Input({"type": "indicator-name", "indicator": ALL}, "data"),
        Input({"type": "indicator-param", "indicator": ALL, "param": ALL}, "value"),
        State({"type": "indicator-param", "indicator": ALL, "param": ALL}, "id"),
        State("markets-source", "value"),
    )
    @guarded(
        gateway.timeout_s,
        "markets-chart",
        title="The price is unavailable",
        still_works="Other assets, portfolios and simulations still work.",
    )
    async def show_chart(
        symbol: str | None,
        span: str,
        log: bool,
        look_ahead: bool,
        names: list[str],
        values: list[Any],
        ids: list[dict[str, str]],
        source: str | None,
    ) -> tuple[list[Component], list[Component]]:
        if not symbol:
            return [html.P("Choose an asset.", className="rw-empty")], []
        specs = {spec.name: spec for spec in await gateway.indicators()} if names else {}
        typed = {(item["indicator"], item["param"]): value for item, value in zip(ids, values, strict=True)}
        calls = [Call(specs[name], address.merged_values(specs[name], (), typed)) for name in names if name in specs]
        view = await fetch(gateway, symbol, source or None, calls, look_ahead=look_ahead)
        return show(view, span, log=log), cards(view.price, span)


PAGE = add_page(
    Page(
        path="/markets",
        title="Markets",
        summary="Prices and oscillators",
        order=1,
        layout=layout,
        register=register,
        routes=add_routes,
    )
)
