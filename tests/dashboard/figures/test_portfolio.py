import numpy as np
import plotly.graph_objects as go
import pytest

from riskwave.dashboard.figures.portfolio import contribution_figure, correlation_figure, equity_figure

TIMES = np.datetime64("2021-01-01", "ns") + np.arange(4) * np.timedelta64(1, "D")


def test_the_heatmap_has_the_numbers_and_fixed_limits() -> None:
    figure = correlation_figure(["A", "B"], [[1, 0.25], [0.25, 1]])
    go.Figure(figure)
    assert figure["data"][0]["z"] == [[1.0, 0.25], [0.25, 1.0]]
    assert figure["layout"]["coloraxis"]["cmin"] == -1
    assert figure["layout"]["coloraxis"]["cmax"] == 1
    assert figure["layout"]["yaxis"]["autorange"] == "reversed"


def test_a_missing_correlation_leaves_its_cell_empty() -> None:
    figure = correlation_figure(["A", "B"], [[1, np.nan], [np.nan, 1]])
    assert figure["data"][0]["z"][0] == [1.0, None]


def test_many_assets_have_no_labels_in_their_cells() -> None:
    names = [f"A{index}" for index in range(13)]
    assert "texttemplate" not in correlation_figure(names, np.eye(13))["data"][0]


def test_shares_stand_beside_weights() -> None:
    figure = contribution_figure(["A", "B"], [0.5, 0.5], [1.1, -0.1])
    go.Figure(figure)
    assert [(bar["name"], bar["x"]) for bar in figure["data"]] == [
        ("Share of risk", [1.1, -0.1]),
        ("Weight", [0.5, 0.5]),
    ]


def test_equity_and_drawdown_share_one_x_axis() -> None:
    figure = equity_figure(TIMES, [1.1, 0.88, 0.9, 1.2], [0, -0.2, -0.18, 0], trough=1)
    go.Figure(figure)
    equity, drawdown = figure["data"]
    assert equity["x"] == drawdown["x"] == ["2021-01-01", "2021-01-02", "2021-01-03", "2021-01-04"]
    assert drawdown["yaxis"] == "y2"
    assert figure["layout"]["annotations"][0]["x"] == "2021-01-02"
    assert figure["layout"]["annotations"][0]["text"] == "\N{MINUS SIGN}20.0%"


def test_periods_without_times_are_numbered() -> None:
    assert equity_figure(None, [1.0, 1.1], [0, 0])["data"][0]["x"] == [1, 2]


def test_the_deepest_loss_survives_thinning() -> None:
    wealth = np.linspace(1, 2, 5000)
    losses = np.zeros(5000)
    losses[3333] = -0.5
    assert min(equity_figure(None, wealth, losses)["data"][1]["y"]) == pytest.approx(-0.5)
