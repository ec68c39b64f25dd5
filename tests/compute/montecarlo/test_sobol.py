"""Sobol points against SciPy's, scrambling by what it keeps and what it must make uniform, and the Brownian bridge."""

import doctest

import numpy as np
import pytest
from scipy import stats
from scipy.stats import qmc

from riskwave.compute.montecarlo import sobol

POINTS = 256


def words_of(dimensions, *, seed=0, scramble=0, scrambled=True, first=0, points=POINTS):
    words = np.empty((dimensions, points), dtype=np.uint32)
    keys = sobol.scramble_keys(seed, scramble, dimensions)
    sobol.sobol_words(first, sobol.directions(dimensions), keys, scrambled, words)
    return words


@pytest.mark.parametrize("dimensions", [1, 2, 37, 1_200])
def test_unscrambled_points_are_the_published_ones(dimensions):
    """SciPy lists them in Gray code order, which permutes the points of every block of 2^k."""
    ours = words_of(dimensions, scrambled=False).T / 2.0**32
    theirs = qmc.Sobol(dimensions, scramble=False, bits=32).random(POINTS)
    gray = np.arange(POINTS) ^ (np.arange(POINTS) >> 1)
    assert np.array_equal(ours[gray], theirs)


def test_a_point_does_not_depend_on_the_block_it_is_asked_for_in():
    whole = words_of(5, seed=3, scramble=7, points=1_000)
    assert np.array_equal(words_of(5, seed=3, scramble=7, first=900, points=100), whole[:, 900:])


@pytest.mark.parametrize("scramble", range(4))
def test_every_coordinate_stays_evenly_spread(scramble):
    """2^k points have one coordinate in each of 2^k intervals, and pairs one point in each elementary rectangle."""
    words = words_of(2, scramble=scramble)
    for row in words:
        assert sorted(row >> 24) == list(range(POINTS))
    cells = (words[0] >> 28).astype(int) * 16 + (words[1] >> 28).astype(int)
    assert sorted(cells) == list(range(POINTS))


def test_scrambles_are_uniform_and_independent():
    first = np.array([words_of(3, seed=1, scramble=s, points=2)[:, 0] for s in range(2_000)]) / 2.0**32
    for column in first.T:
        assert stats.kstest(column, "uniform").pvalue > 1e-3
    correlation = np.corrcoef(np.vstack([first[1:].T, first[:-1].T]))
    assert np.abs(correlation - np.eye(6)).max() < 4 / np.sqrt(2_000)


def test_neighbours_are_scrambled_independently_below_their_common_bits():
    """Nested, not a shift: the order of the two halves of an interval differs between intervals."""
    differences = set()
    plain = words_of(1, scrambled=False)[0]
    order = np.argsort(plain)
    for scramble in range(8):
        moved = words_of(1, scramble=scramble)[0][order]
        differences.add(tuple((moved[0::2] > moved[1::2]).tolist()))
        assert 0.3 < np.mean(moved[0::2] > moved[1::2]) < 0.7
    assert len(differences) == 8


def test_a_smooth_integral_converges_faster_than_by_chance():
    """The error of independent points falls by the root of 16; that of scrambled nets by nearly 64."""

    def spread(points):
        means = [np.mean(np.exp(words_of(1, scramble=s, points=points)[0] / 2.0**32)) for s in range(32)]
        assert abs(np.mean(means) - (np.e - 1)) < 4 * np.std(means, ddof=1) / np.sqrt(32)
        return np.std(means, ddof=1)

    assert spread(64) / spread(1_024) > 30


@pytest.mark.parametrize("steps", [1, 2, 7, 64])
def test_the_bridge_gives_independent_steps(steps):
    """It is an orthogonal map: fed with each unit vector it returns the columns of an orthogonal matrix."""
    normals = np.eye(steps, dtype=np.float32)
    sobol.bridge(*sobol.bridge_plan(steps), 1, 1, normals)
    assert normals.astype(np.float64) @ normals.T == pytest.approx(np.eye(steps), abs=3e-6)
    assert normals[:, 0] == pytest.approx(1 / np.sqrt(steps), rel=1e-6)  # the first number decides the end


def test_the_bridge_leaves_other_rows_alone():
    normals = np.arange(12, dtype=np.float32).reshape(6, 2)
    before = normals.copy()
    sobol.bridge(*sobol.bridge_plan(3), 1, 2, normals)
    assert np.array_equal(normals[1::2], before[1::2])


def test_examples():
    assert doctest.testmod(sobol).failed == 0
