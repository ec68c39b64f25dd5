"""The newest prices as a short line that grows at its right end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from riskwave.dashboard.figures.style import BLUE, Figure, axis, base_layout, line_trace

if TYPE_CHECKING:
    from collections.abc import Sequence

POINTS_MAX = 300
"""Points that the line keeps."""


def live_figure(symbol: str, dates: Sequence[str] = (), prices: Sequence[float | None] = ()) -> Figure:
    """Return the line with what came before; a new `symbol` begins a new one."""
    trace = line_trace(symbol, list(dates), list(prices), colour=BLUE, hovertemplate="%{x}: %{y}<extra></extra>")
    layout = base_layout(
        height=220,
        showlegend=False,
        margin={"l": 56, "r": 16, "t": 8, "b": 32},
        xaxis=axis(type="date"),
        yaxis=axis(),
        uirevision=symbol,
    )
    return {"data": [trace], "layout": layout}
