"""What every chart shares: colours, the base layout, the mode bar, and the rounding of what is sent to the browser.

Figures carry no template and no colour of text or grid: the style sheet gives those by theme, so that switching between
light and dark redraws nothing. The trace colours have at least 3:1 contrast on both backgrounds and stay apart for
people who see colours differently (after Okabe and Ito).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

Figure = dict[str, Any]

BLUE = "#2f87d6"
ORANGE = "#d9622b"
GREEN = "#0f9a72"
PURPLE = "#b46ac0"
AMBER = "#b98200"
GREY = "#8a94a3"
COLOURS = (BLUE, ORANGE, GREEN, PURPLE, AMBER)
GRID = "rgba(138, 148, 163, 0.22)"
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"

#: From strong loss over nothing to strong gain; neutral in the middle of either theme.
DIVERGING = [[0.0, "#c2542d"], [0.25, "#dd9a7f"], [0.5, "#c9ced6"], [0.75, "#7fb0dd"], [1.0, "#1f6fb5"]]

#: The mode bar of every chart. Nothing is ever uploaded, and no logo links to another host.
GRAPH_CONFIG: Any = {
    "displaylogo": False,
    "responsive": True,
    "showSendToCloud": False,
    "plotlyServerURL": "",
    "modeBarButtons": [["zoom2d", "pan2d", "lasso2d", "select2d", "resetScale2d", "toImage"]],
    "toImageButtonOptions": {"format": "png", "scale": 2},
}


def tinted(colour: str, opacity: float) -> str:
    """Return the colour ``#rrggbb`` with an opacity between 0 and 1.

    >>> tinted("#2f87d6", 0.2)
    'rgba(47, 135, 214, 0.2)'
    """
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {opacity:g})"


def axis(**settings: Any) -> dict[str, Any]:
    """Return an axis with the light grid, changed by `settings`."""
    base = {"gridcolor": GRID, "linecolor": GRID, "zeroline": False, "automargin": True, "ticks": ""}
    return base | {"hoverformat": ",.4~f"} | settings


def crosshair() -> dict[str, Any]:
    """Return an x axis' settings for a line through every pane at the reader's place."""
    line = {"spikemode": "across", "spikesnap": "cursor", "spikedash": "dot", "spikethickness": 1, "spikecolor": GREY}
    return {"showspikes": True} | line


def line_trace(name: str, x: list[Any], y: list[float | None], *, colour: str, **settings: Any) -> dict[str, Any]:
    """Return a line, changed by `settings`."""
    line = {"color": colour, "width": settings.pop("width", 1.8)}
    return {"type": "scatter", "mode": "lines", "name": name, "x": x, "y": y, "line": line} | settings


def base_layout(**settings: Any) -> dict[str, Any]:
    """Return the layout that every chart starts from: transparent, horizontal legend below, changed by `settings`."""
    base: dict[str, Any] = {
        "autosize": True,
        "paper_bgcolor": "rgba(0, 0, 0, 0)",
        "plot_bgcolor": "rgba(0, 0, 0, 0)",
        "colorway": list(COLOURS),
        "font": {"family": FONT, "size": 12, "color": GREY},
        "margin": {"l": 48, "r": 16, "t": 12, "b": 40},
        "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": -0.12, "yanchor": "top"},
        "modebar": {"bgcolor": "rgba(0, 0, 0, 0)", "color": GREY, "activecolor": BLUE},
        "hoverlabel": {"font": {"family": FONT, "size": 12}, "namelength": -1},
        "dragmode": "zoom",
    }
    return base | settings


def rounded(values: ArrayLike, digits: int = 6) -> list[float | None]:
    """Return a flat list with `digits` significant digits; NaN and infinity become ``None``, which is drawn as a gap.

    >>> rounded([1.23456789, float("nan"), -36.98])
    [1.23457, None, -36.98]
    """
    array = np.asarray(values, dtype=np.float64).ravel()
    return [float(f"{value:.{digits}g}") if np.isfinite(value) else None for value in array.tolist()]


def iso_dates(times: NDArray[np.datetime64]) -> list[str]:
    """Return times as ISO 8601: dates where all times are midnights, else with the second.

    >>> iso_dates(np.array([0, 86_400_000_000_000], dtype="datetime64[ns]"))
    ['1970-01-01', '1970-01-02']
    """
    whole_days = bool(np.all(times == times.astype("datetime64[D]")))
    return [str(text) for text in np.datetime_as_string(times, unit="D" if whole_days else "s")]
