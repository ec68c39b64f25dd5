import numpy as np
import pytest
from scipy import special

from riskwave.compute.montecarlo.normals import fill_normals


def normals_of(words):
    words = np.ascontiguousarray(words, dtype=np.uint32).reshape(4, -1)
    out = np.empty(words.shape, dtype=np.float32)
    fill_normals(words, out, words.shape[1])
    return out.ravel()


def exact(words):
    """Quantiles of the upper half of the words' uniforms."""
    return -special.ndtri((2.0**31 - words.astype(np.float64) - 0.5) * 2.0**-32)


@pytest.mark.parametrize(
    "words",
    [
        np.arange(1 << 14),
        np.linspace(1 << 14, 2**31 - 1, 1 << 18).astype(np.uint32),
        np.arange(2**31 - (1 << 14), 2**31),
    ],
    ids=["centre", "everywhere", "tail"],
)
def test_accuracy_against_the_exact_quantile(words):
    assert np.max(np.abs(normals_of(words) / exact(words) - 1.0)) < 3.5e-7


def test_the_largest_normal():
    assert normals_of([2**31 - 1] * 4).max() == pytest.approx(6.337957, abs=1e-5)


def test_complementary_words_give_exactly_opposite_normals():
    words = np.random.default_rng(1).integers(0, 2**32, 1 << 16, dtype=np.uint32)
    np.testing.assert_array_equal(normals_of(words), -normals_of(~words))


def test_monotone_up_to_the_last_bits():
    words = np.sort(np.random.default_rng(2).integers(0, 2**31, 1 << 18, dtype=np.uint32))
    steps = np.diff(normals_of(words))
    assert steps.min() > -3e-7


def test_a_normal_does_not_depend_on_its_neighbours():
    """A row with far normals among near ones has the numbers that each word has alone."""
    words = np.random.default_rng(3).integers(0, 2**32, 4 * 256, dtype=np.uint32)
    words[::64] = np.arange(2144820456 - 8, 2144820456 + 8)  # both sides of where the polynomials meet
    together = normals_of(words)
    alone = [normals_of([word, 0, 0, 0])[0] for word in words]
    np.testing.assert_array_equal(together, alone)


def test_moments_of_the_whole_law():
    """Every 127th word, which is all of them for the purpose: the bias stated in the module."""
    words = np.arange(63, 2**31, 127 * 4, dtype=np.uint32)
    words = words[: len(words) // 4 * 4]
    z = normals_of(words).astype(np.float64)
    weights_exact = exact(words)
    assert np.mean(z**2) - np.mean(weights_exact**2) == pytest.approx(0.0, abs=2e-7)
    assert np.mean(z**4) - np.mean(weights_exact**4) == pytest.approx(0.0, abs=2e-6)
    assert np.mean(z**2) == pytest.approx(1.0, abs=2e-5)
