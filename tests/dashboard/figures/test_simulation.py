import numpy as np
import plotly.graph_objects as go
import pytest

from riskwave.dashboard.figures.simulation import BARS_MAX, fan_figure, histogram_figure

PROBABILITIES = [0.05, 0.25, 0.5, 0.75, 0.95]


def test_bands_are_filled_between_matching_quantiles() -> None:
    wealth = np.outer([0.9, 0.95, 1.0, 1.05, 1.1], np.ones(3))
    figure = fan_figure([0, 1, 2], PROBABILITIES, wealth)
    go.Figure(figure)
    names = [trace["name"] for trace in figure["data"] if trace.get("showlegend", True)]
    assert names == ["90% of paths", "50% of paths", "Median"]
    fills = [trace.get("fill") for trace in figure["data"]]
    assert fills == ["none", "tonexty", "none", "tonexty", None]
    low, high = figure["data"][:2]
    assert (low["y"][0], high["y"][0]) == (0.9, 1.1)


def test_long_horizons_are_thinned_and_keep_both_ends() -> None:
    days = np.arange(5001)
    figure = fan_figure(days, [0.5], np.ones((1, 5001)))
    x = figure["data"][0]["x"]
    assert len(x) <= 400
    assert (x[0], x[-1]) == (0, 5000)


def test_the_lines_are_named_and_where_they_belong() -> None:
    figure = histogram_figure(
        [-0.2, -0.1, 0.0, 0.1], [1, 2, 1], lines={"VaR 95 %": -0.15, "Median": -0.05, "None": np.nan}
    )
    go.Figure(figure)
    assert [(shape["name"], shape["x0"]) for shape in figure["layout"]["shapes"]] == [
        ("VaR 95 %", -0.15),
        ("Median", -0.05),
    ]
    assert figure["data"][0]["y"] == [0.25, 0.5, 0.25]


@pytest.mark.parametrize("bins", [80, 81, 300, 1000])
def test_many_bins_are_joined_without_losing_a_path(bins: int) -> None:
    counts = np.arange(1, bins + 1)
    bars = histogram_figure(np.linspace(-1, 1, bins + 1), counts, lines={})["data"][0]
    assert len(bars["x"]) <= BARS_MAX
    assert sum(bars["y"]) == pytest.approx(1, abs=1e-4)


def test_an_empty_histogram_is_drawn_empty() -> None:
    assert histogram_figure([0.0, 1.0], [0], lines={})["data"][0]["y"] == [0.0]
