import json

import numpy as np
import pytest

from riskwave.dashboard.figures.style import COLOURS, GRAPH_CONFIG, base_layout, iso_dates, rounded, tinted

BACKGROUNDS = {"light": "#ffffff", "dark": "#1b1f26"}


def luminance(colour: str) -> float:
    """Relative luminance by WCAG 2.2."""
    parts = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("background", BACKGROUNDS.values(), ids=BACKGROUNDS)
@pytest.mark.parametrize("colour", COLOURS)
def test_lines_stand_out_on_both_backgrounds(colour: str, background: str) -> None:
    light, dark = sorted((luminance(colour), luminance(background)), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 3.0


def test_no_chart_offers_to_upload_itself() -> None:
    assert GRAPH_CONFIG["showSendToCloud"] is False
    assert GRAPH_CONFIG["displaylogo"] is False
    assert {"pan2d", "lasso2d", "select2d"} <= set(GRAPH_CONFIG["modeBarButtons"][0])


def test_the_base_layout_is_transparent_with_a_horizontal_legend_below() -> None:
    layout = base_layout(height=300)
    assert layout["paper_bgcolor"] == layout["plot_bgcolor"] == "rgba(0, 0, 0, 0)"
    assert layout["legend"]["orientation"] == "h"
    assert layout["legend"]["y"] < 0
    assert layout["height"] == 300


def test_layouts_are_independent() -> None:
    base_layout()["legend"]["y"] = 5
    assert base_layout()["legend"]["y"] != 5


def test_rounding_keeps_significant_digits_and_gaps() -> None:
    assert rounded([1234.56789, 1e-9 / 3, np.nan, np.inf]) == [1234.57, 3.33333e-10, None, None]
    assert json.dumps(rounded(np.array([0.1]))) == "[0.1]"


def test_intraday_times_keep_their_seconds() -> None:
    times = np.array(["2024-01-02T09:30:00", "2024-01-02T09:35:00"], dtype="datetime64[ns]")
    assert iso_dates(times) == ["2024-01-02T09:30:00", "2024-01-02T09:35:00"]


def test_tint() -> None:
    assert tinted("#000102", 1) == "rgba(0, 1, 2, 1)"
