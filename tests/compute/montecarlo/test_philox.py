import doctest

import numpy as np
import pytest

from riskwave.compute.montecarlo import philox
from riskwave.compute.montecarlo.philox import fill_words, philox4x32_10, split_seed


def reference(counter, key):
    """Philox4x32-10 as its paper writes it."""
    c, (k0, k1) = list(counter), key
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(p1 >> 32) ^ c[1] ^ k0, p1 & 0xFFFFFFFF, (p0 >> 32) ^ c[3] ^ k1, p0 & 0xFFFFFFFF]
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return tuple(c)


# kat_vectors of Random123, the generator's reference implementation.
@pytest.mark.parametrize(
    ("counter", "key", "words"),
    [
        ((0,) * 4, (0,) * 2, (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_known_answers(counter, key, words):
    assert philox4x32_10(counter, key) == words
    assert reference(counter, key) == words


@pytest.mark.parametrize("first", [0, 3, 2**32 - 3, 2**40 + 1])
@pytest.mark.parametrize("seed", [0, 7, 2**64 - 1])
def test_words_are_indexed_by_path_step_and_draw(first, seed):
    words = np.empty((4, 7), dtype=np.uint32)
    k0, k1 = split_seed(seed)
    fill_words(words, first, 61, (5 << 16) + 2, k0, k1, 0, 7)
    for j in range(7):
        path = first + j
        expected = reference((path & 0xFFFFFFFF, path >> 32, 61, (5 << 16) + 2), (seed & 0xFFFFFFFF, seed >> 32))
        assert tuple(words[:, j]) == expected


def test_antithetic_paths_share_a_counter_and_flip_every_bit():
    words, single = np.empty((4, 8), dtype=np.uint32), np.empty((4, 4), dtype=np.uint32)
    k0, k1 = split_seed(11)
    fill_words(words, 10, 3, 0, k0, k1, 1, 8)
    fill_words(single, 5, 3, 0, k0, k1, 0, 4)
    np.testing.assert_array_equal(words[:, 0::2], single)
    np.testing.assert_array_equal(words[:, 1::2], ~single)


def test_examples():
    assert doctest.testmod(philox).failed == 0
