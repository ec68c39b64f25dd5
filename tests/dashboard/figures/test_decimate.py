import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskwave.dashboard.figures.decimate import line_indices


def test_short_lines_are_kept_whole() -> None:
    assert line_indices([3.0, 1.0, 2.0], 4).tolist() == [0, 1, 2]
    assert line_indices([], 4).tolist() == []


@given(st.lists(st.floats(-1e6, 1e6) | st.just(float("nan")), min_size=1, max_size=400), st.integers(4, 60))
def test_no_extreme_is_lost_and_the_ends_stay(values: list[float], points_max: int) -> None:
    line = np.asarray(values)
    kept = line_indices(line, points_max)
    assert kept.size <= points_max
    assert np.all(np.diff(kept) > 0)
    assert kept[0] == 0
    assert kept[-1] == line.size - 1
    if np.isfinite(line).any():
        assert np.nanmin(line[kept]) == np.nanmin(line)
        assert np.nanmax(line[kept]) == np.nanmax(line)


def test_a_long_gap_stays_a_gap() -> None:
    line = np.r_[np.ones(500), np.full(500, np.nan), np.ones(500)]
    kept = line_indices(line, 120)
    assert np.isnan(line[kept]).any()


def test_too_few_points_are_refused() -> None:
    with pytest.raises(ValueError, match="points_max: 3"):
        line_indices([1.0, 2.0], 3)
