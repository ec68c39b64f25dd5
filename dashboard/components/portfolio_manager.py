"""Where a reader puts a portfolio together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dash_mantine_components as dmc
from dash import html

from riskwave.dashboard import holdings
from riskwave.dashboard.components.aria import aria
from riskwave.dashboard.components.part import info_popover
from riskwave.dashboard.formats import percent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dash.development.base_component import Component

_TITLE_ID = "portfolio-manager-title"
_WEIGHTS_INFO = "Weights are divided by their sum before anything is computed; negative ones are short."
_ACTIONS = {"normalise": "Normalise", "equal": "Equal weights", "clear": "Clear"}


def manager() -> Component:
    """Return the box with rows, the line that adds one, the buttons that change all, and the dates."""
    head = html.Div(
        [html.H2("Assets and weights", id=_TITLE_ID), info_popover("Weights", _WEIGHTS_INFO)], className="rw-part-head"
    )
    buttons = [
        dmc.Button(label, id=f"portfolio-{name}", size="compact-xs", variant="default")
        for name, label in _ACTIONS.items()
    ]
    body = [
        html.Div(id="portfolio-rows", className="rw-tight"),
        html.Div(id="portfolio-total", className="rw-total", role="status"),
        _add_line(),
        html.Div(buttons, className="rw-row"),
        dmc.Button("Try the sample portfolio", id="portfolio-sample", size="xs", variant="light"),
        html.Div(
            [_date("portfolio-start", "From", holdings.default_start()), _date("portfolio-end", "To", "")],
            className="rw-row rw-fields",
        ),
        html.P("Kept in this browser only.", className="rw-note"),
    ]
    return html.Section([head, html.Div(body, className="rw-tight")], className="rw-part", **aria(labelledby=_TITLE_ID))


def _add_line() -> Component:
    asset = dmc.Select(
        id="portfolio-asset",
        label="Add an asset",
        data=[],
        searchable=True,
        placeholder="Search",
        nothingFoundMessage="No such asset",
        size="xs",
        style={"flex": "1 1 110px", "minWidth": 0},
    )
    weight = dmc.NumberInput(
        id="portfolio-weight", label="Weight", value=25, suffix=" %", size="xs", w=76, clampBehavior="none"
    )
    return html.Div([asset, weight, dmc.Button("Add", id="portfolio-add", size="xs")], className="rw-row")


def _date(input_id: str, label: str, value: str) -> Component:
    made: Component = dmc.TextInput(
        id=input_id,
        label=label,
        value=value,
        size="xs",
        placeholder="YYYY-MM-DD",
        debounce=400,
        persistence=True,
        persistence_type="local",
    )
    return made


def position_rows(positions: Mapping[str, float]) -> list[Component]:
    """Return one row an asset, with its weight in per cent and a button that removes it."""
    if not positions:
        return [html.P("No assets yet. Add one, or try the sample portfolio.", className="rw-empty")]
    return [
        html.Div(
            [
                html.Span(symbol, className="rw-position-name", title=symbol),
                dmc.NumberInput(
                    id={"type": "position-weight", "symbol": symbol},
                    value=holdings.as_percent(weight),
                    suffix=" %",
                    decimalScale=4,
                    debounce=400,
                    size="xs",
                    clampBehavior="none",
                    **aria(label=f"Weight of {symbol} in per cent"),
                ),
                dmc.ActionIcon(
                    "\N{MULTIPLICATION SIGN}",
                    id={"type": "position-remove", "symbol": symbol},
                    variant="subtle",
                    color="gray",
                    **aria(label=f"Remove {symbol}"),
                ),
            ],
            className="rw-position",
        )
        for symbol, weight in positions.items()
    ]


def total_line(positions: Mapping[str, float]) -> list[Component]:
    """Return the sum of the weights, with a word when it is not 100 %."""
    total = sum(positions.values())
    text = percent(total)
    if positions and abs(total - 1) > 1e-4:
        text += " \N{MIDDLE DOT} will be normalised"
    return [html.Span("Total"), html.Span(text)]
