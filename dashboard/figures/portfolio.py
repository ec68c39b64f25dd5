"""How a portfolio did and where its risk comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from riskwave.dashboard.figures.decimate import line_indices
from riskwave.dashboard.figures.style import (
    BLUE,
    DIVERGING,
    GREY,
    ORANGE,
    Figure,
    axis,
    base_layout,
    crosshair,
    iso_dates,
    line_trace,
    rounded,
    tinted,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

POINTS_MAX = 2000
#: More cells than this have no room for their numbers.
_LABELLED_ASSETS_MAX = 12


def correlation_figure(assets: Sequence[str], correlation: ArrayLike) -> Figure:
    """Draw the correlation matrix, of shape (assets, assets), as a heatmap; a missing value leaves its cell empty."""
    matrix = np.asarray(correlation, dtype=np.float64).reshape(len(assets), len(assets))
    layout = base_layout(
        height=max(280, 120 + 36 * len(assets)),
        margin={"l": 40, "r": 8, "t": 12, "b": 40},
        coloraxis={
            "cmin": -1,
            "cmax": 1,
            "colorscale": DIVERGING,
            "colorbar": {"thickness": 10, "outlinewidth": 0, "tickvals": [-1, -0.5, 0, 0.5, 1]},
        },
    )
    layout["xaxis"] = axis(showgrid=False, type="category")
    layout["yaxis"] = axis(showgrid=False, type="category", autorange="reversed")
    trace = {
        "type": "heatmap",
        "x": list(assets),
        "y": list(assets),
        "z": [rounded(row, 4) for row in matrix],
        "coloraxis": "coloraxis",
        "xgap": 2,
        "ygap": 2,
        "hovertemplate": "%{y} and %{x}: %{z:.3f}<extra></extra>",
    }
    if len(assets) <= _LABELLED_ASSETS_MAX:
        trace |= {"texttemplate": "%{z:.2f}"}
    return {"data": [trace], "layout": layout}


def contribution_figure(assets: Sequence[str], weights: ArrayLike, shares: ArrayLike) -> Figure:
    """Draw each asset's share of the portfolio's volatility beside its weight, both as fractions of shape (assets,)."""
    share_list = rounded(shares, 5)
    layout = base_layout(
        height=max(280, 110 + 44 * len(assets)),
        barmode="group",
        bargap=0.32,
        margin={"l": 40, "r": 40, "t": 12, "b": 40},
    )
    layout["xaxis"] = axis(tickformat=".0%", zeroline=True, zerolinecolor=GREY)
    layout["yaxis"] = axis(type="category", autorange="reversed", showgrid=False)
    layout["legend"] |= {"traceorder": "normal", "y": -0.18}
    bars = [("Share of risk", share_list, BLUE), ("Weight", rounded(weights, 5), tinted(GREY, 0.55))]
    data = [
        {
            "type": "bar",
            "orientation": "h",
            "name": name,
            "y": list(assets),
            "x": values,
            "marker": {"color": colour},
            "texttemplate": "%{x:.1%}",
            "textposition": "outside",
            "cliponaxis": False,
            "hovertemplate": "%{y}: %{x:.2%}<extra>" + name + "</extra>",
        }
        for name, values, colour in bars
    ]
    return {"data": data, "layout": layout}


def equity_figure(
    times: NDArray[np.datetime64] | None,
    wealth: ArrayLike,
    drawdowns: ArrayLike,
    *,
    trough: int | None = None,
) -> Figure:
    """Draw the growth of 1 and, under it on the same x axis, the loss from the running peak.

    Parameters
    ----------
    times : numpy.ndarray of datetime64, shape (observations,), optional
        End of each period. ``None`` numbers the periods instead.
    wealth, drawdowns : array_like, shape (observations,)
        Growth of 1 after each period; loss from the running peak as a negative fraction.
    trough : int, optional
        Index of the deepest loss, which is marked.
    """
    line = np.asarray(wealth, dtype=np.float64)
    losses = np.asarray(drawdowns, dtype=np.float64)
    # The two lines' extremes matter alike, and both must have the same dates for one read-out.
    keep = np.union1d(line_indices(line, POINTS_MAX // 2), line_indices(losses, POINTS_MAX // 2))
    x: list[Any] = iso_dates(times[keep]) if times is not None else [int(index) + 1 for index in keep]
    layout = base_layout(hovermode="x unified", hoversubplots="axis", height=420, showlegend=False)
    layout["margin"] |= {"l": 56, "t": 20}
    layout["xaxis"] = axis(anchor="y2", hoverformat="%Y-%m-%d" if times is not None else "d", **crosshair())
    layout["yaxis"] = axis(domain=[0.42, 1], title={"text": "Growth of 1"}, nticks=7)
    layout["yaxis2"] = axis(domain=[0, 0.36], title={"text": "Drawdown"}, tickformat=".0%", nticks=5)
    growth = line_trace("Growth of 1", x, rounded(line[keep]), colour=BLUE, hovertemplate="%{y:.3f}")
    filled = {"yaxis": "y2", "fill": "tozeroy", "fillcolor": tinted(ORANGE, 0.25), "hovertemplate": "%{y:.2%}"}
    below = line_trace("Drawdown", x, rounded(losses[keep], 5), colour=ORANGE, width=1.2, **filled)
    if trough is not None and 0 <= trough < losses.size:
        place = iso_dates(times[[trough]])[0] if times is not None else trough + 1
        layout["annotations"] = [_trough_mark(place, float(losses[trough]))]
    return {"data": [growth, below], "layout": layout}


def _trough_mark(place: str | int, depth: float) -> dict[str, object]:
    return {
        "text": f"{depth:.1%}".replace("-", "\N{MINUS SIGN}"),
        "x": place,
        "y": depth,
        "yref": "y2",
        "showarrow": True,
        "arrowhead": 0,
        "arrowcolor": GREY,
        "ax": 28,
        "ay": -14,
        "font": {"size": 11},
    }
