import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskwave.server.market.thinning import line_rows, points_min

rng = np.random.default_rng(5)


def drawn(rows, line, pixels):
    """The lowest and highest value in each pixel column that straight lines between the points pass through."""
    heights = np.interp(np.arange(len(line)), rows, line[rows]).reshape(pixels, -1)
    return np.column_stack([heights.min(axis=1), heights.max(axis=1)])


@settings(max_examples=60, deadline=None)
@given(count=st.integers(1, 3000), max_points=st.integers(6, 500), seed=st.integers(0, 99))
def test_never_too_many_in_order_with_both_ends_and_every_extreme(count, max_points, seed):
    numbers = np.random.default_rng(seed)
    lines = [numbers.normal(size=count).cumsum() for _ in range(2)]
    rows = line_rows(lines, max_points)
    assert len(rows) <= max_points
    assert (np.diff(rows) > 0).all()
    assert (rows[0], rows[-1]) == (0, count - 1)
    for line in lines:
        assert (line[rows].min(), line[rows].max()) == (line.min(), line.max())


def test_the_picture_is_the_same():
    line = rng.normal(size=20_000).cumsum()
    line[7_777] = line.max() + 50  # one bar that every tenth row would miss
    whole, thin = drawn(np.arange(len(line)), line, 250), drawn(line_rows([line], 4_000), line, 250)
    every_fifth = drawn(np.arange(0, len(line), 5), line, 250)
    height = np.ptp(line)
    assert np.abs(whole - thin).max() < 0.02 * height
    assert np.abs(whole - every_fifth).max() > 0.2 * height


@pytest.mark.parametrize("count", [0, 1, 4, 100])
def test_short_lines_stay_whole(count):
    assert line_rows([np.ones(count)], 100).tolist() == list(range(count))


def test_a_long_line_takes_milliseconds():
    line = rng.normal(size=1_000_000)
    for points in (4, 1_000, 999_999):
        assert len(line_rows([line], points)) <= points
    assert points_min(1) == 4
