"""The live price of an asset: how it is followed, the state of the connection, and the newest prices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dash_mantine_components as dmc
from dash import dcc, html

from riskwave.dashboard.components.aria import aria
from riskwave.dashboard.components.part import part
from riskwave.dashboard.figures.live import live_figure
from riskwave.dashboard.figures.style import GRAPH_CONFIG

if TYPE_CHECKING:
    from dash.development.base_component import Component

SPEEDS = ("1", "5", "20", "100")
DEFAULT_SPEED = "5"
_INFO = (
    "Live shows each new price of the asset as the server gets it. Replay plays the newest stored bars as if they came "
    "now, for a demonstration. A lost connection is taken up again, five times in a row, behind the last price."
)


def live_panel() -> Component:
    """Return the panel, switched off."""
    controls = html.Div(
        [
            dmc.Select(
                id="live-speed",
                data=[{"value": speed, "label": f"{speed} bars/s"} for speed in SPEEDS],
                value=DEFAULT_SPEED,
                allowDeselect=False,
                size="xs",
                w=110,
                **aria(label="Speed of the replay"),
            ),
            dmc.SegmentedControl(
                id="live-mode",
                value="off",
                data=[
                    {"value": "off", "label": "Off"},
                    {"value": "live", "label": "Live"},
                    {"value": "replay", "label": "Replay"},
                ],
                size="xs",
                **aria(label="Live prices"),
            ),
        ],
        className="rw-row rw-row-center",
    )
    body = [
        html.Div(off_state(), id="live-state", role="status", className="rw-live-state", **aria(live="polite")),
        html.Div(id="live-cards", className="rw-cards"),
        html.Div(
            dcc.Graph(
                id="live-graph",
                figure=live_figure(""),
                config=GRAPH_CONFIG,
                responsive=True,
                style={"height": "220px"},
            ),
            id="live-chart",
            role="img",
            style={"display": "none"},
            **aria(label="The newest prices, as a line"),
        ),
        dcc.Store(id="live-started"),
    ]
    return part("markets-live", "Live price", info=_INFO, controls=controls, children=body)


def off_state() -> Component:
    """Return what the panel says while nothing is followed."""
    return html.Span(
        "Off. Choose Live to follow new prices, or Replay to see stored ones come again.", className="rw-note"
    )
