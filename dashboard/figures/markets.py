"""The price of an asset above panes of oscillators, all on one x axis."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from riskwave.dashboard.figures.decimate import line_indices
from riskwave.dashboard.figures.style import (
    BLUE,
    COLOURS,
    GREEN,
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
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

#: Enough for two points a pixel on a wide screen.
POINTS_MAX = 2000
_PANE_GAP = 0.045
_PRICE_SHARE = 2.2

#: Outputs that are the difference of two others are drawn as bars; the convention of every charting program.
_BAR_OUTPUTS = frozenset({"macdhist"})
#: Levels that the readers of these bounded oscillators look for.
_LEVELS: Mapping[str, tuple[float, ...]] = {
    "RSI": (30, 70),
    "STOCH": (20, 80),
    "STOCHF": (20, 80),
    "STOCHRSI": (20, 80),
    "WILLR": (-80, -20),
    "MFI": (20, 80),
    "CCI": (-100, 100),
    "CMO": (-50, 50),
    "ULTOSC": (30, 70),
}


@dataclass(frozen=True, slots=True)
class Pane:
    """One indicator under the price: each output has the shape of the prices."""

    name: str
    title: str
    outputs: Mapping[str, NDArray[np.float64]]
    low: float | None = None
    high: float | None = None
    overlay: bool = False
    levels: tuple[float, ...] = field(default=())

    @property
    def marks(self) -> tuple[float, ...]:
        """Levels to draw: the given ones, else the usual ones of the indicator."""
        return self.levels or _LEVELS.get(self.name, ())


def market_figure(
    times: NDArray[np.datetime64],
    close: ArrayLike,
    *,
    name: str,
    unit: str = "",
    panes: Sequence[Pane] = (),
    log: bool = False,
    uirevision: str = "",
) -> Figure:
    """Draw a price line with panes of indicators under it.

    All panes share one x axis, so that one crosshair and one read-out serve them all and zooming moves them together.
    Long series are thinned to `POINTS_MAX` points; every trace keeps the same dates.

    Parameters
    ----------
    times : numpy.ndarray of datetime64, shape (bars,)
        Time of each bar, ascending.
    close : array_like, shape (bars,)
        Prices; NaN is drawn as a gap.
    name, unit : str
        The asset's name and the unit of its prices.
    panes : sequence of Pane
        Indicators, drawn from top to bottom; overlays are drawn over the price.
    log : bool
        A logarithmic price axis; only for prices above zero.
    uirevision : str
        While it stays the same, redrawing keeps the reader's zoom.

    Raises
    ------
    ValueError
        If `log` is asked for and a price is not positive.
    """
    prices = np.asarray(close, dtype=np.float64)
    if log and bool(np.any(prices <= 0)):
        raise ValueError(f"log: the lowest price is {np.nanmin(prices):g}; a logarithmic axis needs prices above zero")
    keep = line_indices(prices, POINTS_MAX)
    dates = iso_dates(times[keep])
    below = [pane for pane in panes if not pane.overlay]
    domains = _domains(len(below))
    layout = base_layout(
        hovermode="x unified",
        hoversubplots="axis",
        uirevision=uirevision or name,
        margin={"l": 56, "r": 16, "t": 28, "b": 36},
        showlegend=True,
        height=340 + 150 * len(below),
    )
    layout["legend"] |= {"y": -0.2 / (2 + len(below))}
    lowest = f"y{len(below) + 1}" if below else "y"
    layout["xaxis"] = axis(type="date", hoverformat="%Y-%m-%d", anchor=lowest, **crosshair())
    layout["yaxis"] = axis(
        domain=domains[0], type="log" if log else "linear", title={"text": unit, "standoff": 6}, nticks=7
    )
    layout["annotations"] = []
    data = [line_trace(name, dates, rounded(prices[keep]), colour=BLUE, yaxis="y")]
    for pane in (pane for pane in panes if pane.overlay):
        data += _traces(pane, dates, keep, "y", colours=COLOURS[1:])
    for row, pane in enumerate(below, start=2):
        key = f"y{row}"
        layout[f"yaxis{row}"] = _pane_axis(pane, domains[row - 1])
        layout["annotations"].append(_pane_title(pane, domains[row - 1][1]))
        layout.setdefault("shapes", []).extend(_level_line(level, key) for level in pane.marks)
        # A pane's only line is not the price's blue, so that the legend tells them apart; pairs are blue and orange.
        data += _traces(pane, dates, keep, key, colours=COLOURS[3:] if len(pane.outputs) == 1 else COLOURS)
    return {"data": data, "layout": layout}


def _domains(pane_count: int) -> list[list[float]]:
    """Vertical shares from top to bottom: the price gets more than twice the height of a pane."""
    unit = (1 - _PANE_GAP * pane_count) / (_PRICE_SHARE + pane_count)
    tops = [1.0]
    domains = [[1 - _PRICE_SHARE * unit, 1.0]]
    for _ in range(pane_count):
        tops.append(domains[-1][0] - _PANE_GAP)
        domains.append([max(tops[-1] - unit, 0.0), tops[-1]])
    return domains


def _pane_axis(pane: Pane, domain: list[float]) -> dict[str, object]:
    settings: dict[str, object] = {"domain": domain, "nticks": 5}
    if pane.low is not None and pane.high is not None:
        settings |= {"range": [pane.low, pane.high], "tickvals": [pane.low, *pane.marks, pane.high]}
    return axis(**settings)


def _pane_title(pane: Pane, top: float) -> dict[str, object]:
    return {
        "text": f"<b>{pane.title}</b>",
        "xref": "paper",
        "yref": "paper",
        "x": 0,
        "y": top,
        "xanchor": "left",
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"size": 11},
    }


def _level_line(level: float, axis_key: str) -> dict[str, object]:
    return {
        "type": "line",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "yref": axis_key,
        "y0": level,
        "y1": level,
        "line": {"color": GREY, "width": 1, "dash": "dot"},
        "layer": "below",
    }


def _traces(
    pane: Pane, dates: list[str], keep: NDArray[np.int64], axis_key: str, *, colours: Sequence[str]
) -> list[dict[str, object]]:
    traces: list[dict[str, object]] = []
    single = len(pane.outputs) == 1
    lines = 0
    for output, values in pane.outputs.items():
        shown = np.asarray(values, dtype=np.float64)[keep]
        label = pane.title if single else f"{pane.name} {output}"
        trace: dict[str, object] = {"name": label, "x": dates, "y": rounded(shown), "yaxis": axis_key}
        if output in _BAR_OUTPUTS:
            bar_colours = [tinted(GREEN if value >= 0 else ORANGE, 0.55) for value in np.nan_to_num(shown).tolist()]
            trace |= {"type": "bar", "marker": {"color": bar_colours, "line": {"width": 0}}, "showlegend": False}
        else:
            colour = colours[lines % len(colours)]
            trace |= {"type": "scatter", "mode": "lines", "line": {"color": colour, "width": 1.4}}
            lines += 1
        traces.append(trace)
    return traces
