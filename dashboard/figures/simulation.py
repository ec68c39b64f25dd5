"""What may happen next: the fan of wealth and the distribution of the final return."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from riskwave.dashboard.figures.style import (
    AMBER,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    Figure,
    axis,
    base_layout,
    rounded,
    tinted,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

#: More bars than this are joined in pairs until they fit.
BARS_MAX = 80
_DAYS_MAX = 400
_LABEL_STEP = 0.065
_TAIL_HIDDEN = 0.002


def fan_figure(days: ArrayLike, probabilities: Sequence[float], wealth: ArrayLike) -> Figure:
    """Draw quantile bands of the wealth along time.

    Parameters
    ----------
    days : array_like of int, shape (days,)
        Days from the start.
    probabilities : sequence of float
        Ascending fractions; bands are drawn between the first and the last, the second and the second to last, ...
    wealth : array_like, shape (probabilities, days)
        Quantiles of the wealth, which starts at 1.
    """
    quantiles = np.asarray(wealth, dtype=np.float64).reshape(len(probabilities), -1)
    axis_days = np.asarray(days, dtype=np.int64)
    keep = np.unique(np.linspace(0, axis_days.size - 1, min(axis_days.size, _DAYS_MAX)).astype(np.int64))
    x = axis_days[keep].tolist()
    layout = base_layout(height=400, hovermode="x unified")
    layout["margin"] |= {"l": 56, "t": 12}
    layout["xaxis"] = axis(title={"text": "Days", "standoff": 6})
    layout["yaxis"] = axis(title={"text": "Wealth (start = 1)"}, nticks=8)
    layout["legend"] |= {"y": -0.2, "traceorder": "normal"}
    data: list[dict[str, object]] = []
    pairs = len(probabilities) // 2
    for pair in range(pairs):
        low, high = probabilities[pair], probabilities[-1 - pair]
        shade = tinted(BLUE, 0.10 + 0.12 * pair)
        for row, edge in ((pair, "low"), (len(probabilities) - 1 - pair, "high")):
            data.append(
                {
                    "type": "scatter",
                    "mode": "lines",
                    "name": f"{high - low:.0%} of paths" if edge == "high" else f"{low:.0%} quantile",
                    "legendgroup": f"band {pair}",
                    "showlegend": edge == "high",
                    "x": x,
                    "y": rounded(quantiles[row, keep], 5),
                    "line": {"width": 0.6, "color": tinted(BLUE, 0.45)},
                    "fill": "tonexty" if edge == "high" else "none",
                    "fillcolor": shade,
                    "hovertemplate": f"%{{y:.3f}}<extra>{probabilities[row]:.0%} quantile</extra>",
                }
            )
    if len(probabilities) % 2:
        data.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": "Median",
                "x": x,
                "y": rounded(quantiles[pairs, keep], 5),
                "line": {"color": BLUE, "width": 2.2},
                "hovertemplate": "%{y:.3f}<extra>Median</extra>",
            }
        )
    return {"data": data, "layout": layout}


def histogram_figure(
    edges: ArrayLike, counts: ArrayLike, *, lines: Mapping[str, float], loss_below: float | None = None
) -> Figure:
    """Draw a binned distribution of returns with named vertical lines.

    Parameters
    ----------
    edges : array_like, shape (bins + 1,)
        Ascending edges of bins of equal width, as fractions.
    counts : array_like of int, shape (bins,)
        How many paths fell into each bin.
    lines : mapping of str to float
        Where to draw a line and how to call it, such as ``{"VaR 95 %": -0.23}``. NaN draws none.
    loss_below : float, optional
        Bars that end at or below this return are drawn as losses. Unset means zero.
    """
    borders, heights = _joined(np.asarray(edges, dtype=np.float64), np.asarray(counts, dtype=np.float64))
    total = max(heights.sum(), 1.0)
    shown_bars = _visible(heights)
    middle = (borders[:-1] + borders[1:]) / 2
    border = 0.0 if loss_below is None else loss_below
    layout = base_layout(height=400, bargap=0.04, showlegend=False)
    layout["margin"] |= {"l": 56, "t": 64}
    layout["xaxis"] = axis(title={"text": "Return at the horizon", "standoff": 6}, tickformat=".0%")
    if borders.size > 1:
        layout["xaxis"]["range"] = [float(borders[0]), float(borders[shown_bars])]
    layout["yaxis"] = axis(title={"text": "Share of paths"}, tickformat=".1~%", rangemode="tozero")
    data = [
        {
            "type": "bar",
            "name": "Paths",
            "x": rounded(middle),
            "y": rounded(heights / total),
            "width": float(borders[1] - borders[0]) * 0.96 if borders.size > 1 else 1.0,
            "marker": {"color": [tinted(ORANGE if value < border else BLUE, 0.75) for value in middle.tolist()]},
            "hovertemplate": "Return about %{x:.1%}<br>%{y:.2%} of the paths<extra></extra>",
        }
    ]
    shown = sorted((value, name) for name, value in lines.items() if np.isfinite(value))
    colours = (ORANGE, AMBER, GREEN, GREY)
    # The leftmost line is the tallest, so that its label runs over the others and not through them.
    tops = [1 + _LABEL_STEP * (len(shown) - 1 - row) for row in range(len(shown))]
    layout["shapes"] = [
        {
            "type": "line",
            "name": name,
            "x0": value,
            "x1": value,
            "yref": "paper",
            "y0": 0,
            "y1": tops[row],
            "line": {"color": colours[row % len(colours)], "width": 1.6, "dash": "dash"},
        }
        for row, (value, name) in enumerate(shown)
    ]
    layout["annotations"] = [
        {
            "text": f"{name}: {value:.1%}".replace("-", "\N{MINUS SIGN}"),
            "x": value,
            "yref": "paper",
            "y": tops[row],
            "xanchor": "left",
            "yanchor": "middle",
            "xshift": 4,
            "showarrow": False,
            "font": {"size": 11},
        }
        for row, (value, name) in enumerate(shown)
    ]
    return {"data": data, "layout": layout}


def share_beyond(counts: ArrayLike) -> float:
    """Return the share of the paths in the thin right tail, which the histogram shows only when zoomed out."""
    given = np.asarray(counts, dtype=np.float64)
    _edges, heights = _joined(np.arange(given.size + 1, dtype=np.float64), given)
    return float(heights[_visible(heights) :].sum() / max(heights.sum(), 1.0))


def _visible(counts: NDArray[np.float64]) -> int:
    """Return how many bars hold all but a thin tail; compounded returns have a long one to the right."""
    total = counts.sum()
    if total <= 0:
        return counts.size
    return min(int(np.searchsorted(np.cumsum(counts), (1 - _TAIL_HIDDEN) * total)) + 1, counts.size)


def _joined(edges: NDArray[np.float64], counts: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Join neighbouring bins in pairs until at most `BARS_MAX` of those that are shown are left."""
    while _visible(counts) > BARS_MAX:
        if counts.size % 2:
            width = edges[-1] - edges[-2]
            edges, counts = np.append(edges, edges[-1] + width), np.append(counts, 0.0)
        edges, counts = edges[::2], counts.reshape(-1, 2).sum(axis=1)
    return edges, counts
