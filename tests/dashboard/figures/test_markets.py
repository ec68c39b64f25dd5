import itertools
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from numpy.typing import NDArray

from riskwave.dashboard.figures.markets import POINTS_MAX, Pane, market_figure


@pytest.fixture
def bars() -> tuple[NDArray[np.datetime64], NDArray[np.float64]]:
    times = np.datetime64("2020-01-01", "ns") + np.arange(300) * np.timedelta64(1, "D")
    return times, 50 + 10 * np.sin(np.arange(300) / 20)


def panes(close: NDArray[np.float64]) -> list[Pane]:
    rsi = np.clip(close, 0, 100)
    return [
        Pane("RSI", "RSI 14", {"real": rsi}, low=0, high=100),
        Pane("MACD", "MACD 12 26 9", {"macd": close - 50, "macdsignal": close - 49, "macdhist": close - 51}),
    ]


def test_all_panes_share_one_x_axis_and_its_crosshair(bars: tuple[Any, Any]) -> None:
    times, close = bars
    figure = market_figure(times, close, name="WTI", panes=panes(close))
    layout = figure["layout"]
    assert {trace.get("xaxis", "x") for trace in figure["data"]} == {"x"}
    assert [trace["yaxis"] for trace in figure["data"]] == ["y", "y2", "y3", "y3", "y3"]
    assert layout["hovermode"] == "x unified"
    assert layout["hoversubplots"] == "axis"
    assert layout["xaxis"]["spikemode"] == "across"
    assert "xaxis2" not in layout


def test_plotly_accepts_the_figure(bars: tuple[Any, Any]) -> None:
    times, close = bars
    go.Figure(market_figure(times, close, name="WTI", unit="US dollars", panes=panes(close), log=True))


def test_panes_do_not_overlap_and_fill_the_height(bars: tuple[Any, Any]) -> None:
    times, close = bars
    layout = market_figure(times, close, name="WTI", panes=panes(close))["layout"]
    domains = [layout[key]["domain"] for key in ("yaxis", "yaxis2", "yaxis3")]
    assert domains[0][1] == 1
    assert domains[-1][0] == pytest.approx(0, abs=1e-9)
    assert all(above[0] > below[1] for above, below in itertools.pairwise(domains))


def test_an_overlay_is_drawn_over_the_price(bars: tuple[Any, Any]) -> None:
    times, close = bars
    figure = market_figure(times, close, name="WTI", panes=[Pane("SMA", "SMA 30", {"real": close}, overlay=True)])
    assert [trace["yaxis"] for trace in figure["data"]] == ["y", "y"]
    assert "yaxis2" not in figure["layout"]


def test_the_bounds_of_an_oscillator_are_its_axis(bars: tuple[Any, Any]) -> None:
    times, close = bars
    layout = market_figure(times, close, name="WTI", panes=panes(close)[:1])["layout"]
    assert layout["yaxis2"]["range"] == [0, 100]
    assert [shape["y0"] for shape in layout["shapes"]] == [30, 70]


def test_a_gap_is_drawn_as_a_gap(bars: tuple[Any, Any]) -> None:
    times, close = bars
    close[5] = np.nan
    trace = market_figure(times, close, name="WTI")["data"][0]
    assert trace["y"][5] is None
    assert "connectgaps" not in trace


def test_a_logarithm_of_a_negative_price_is_refused(bars: tuple[Any, Any]) -> None:
    times, close = bars
    close[7] = -36.98
    with pytest.raises(ValueError, match=r"lowest price is -36\.98"):
        market_figure(times, close, name="WTI", log=True)
    assert market_figure(times, close, name="WTI")["data"][0]["y"][7] == -36.98


def test_long_series_are_thinned_alike() -> None:
    times = np.datetime64("1986-01-01", "ns") + np.arange(10_000) * np.timedelta64(1, "D")
    close = np.cumsum(np.random.default_rng(5).normal(size=10_000))
    figure = market_figure(times, close, name="WTI", panes=[Pane("MOM", "MOM", {"real": close})])
    assert len(figure["data"][0]["x"]) <= POINTS_MAX
    assert figure["data"][0]["x"] == figure["data"][1]["x"]
    assert min(figure["data"][0]["y"]) == pytest.approx(close.min(), rel=1e-5)
