"""Philox4x32-10: random words as a pure function of seed, stream, path and step.

A counter-based generator has no state that moves along: the words of step t of path i are a bijection of the counter
(i, t) under the key, so that any path can be computed alone, by anyone, in any order. The key is the seed. The
counter's four words are: the path's low and high half, the step group, and the draw, which holds the stream in its
upper 16 bits and a number within the step in its lower 16.

References
----------
Salmon, Moraes, Dror and Shaw (2011), Parallel random numbers: as easy as 1, 2, 3. SC'11.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from riskwave.compute.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

WORDS: Final = 4
"""Words that one counter gives."""

SEED_MAX: Final = 2**64 - 1
"""Largest seed."""

STREAM_BITS: Final = 16
"""Position of the stream in the counter's last word."""

PORTFOLIO_DRAW: Final = 0
"""First draw of the normals of a portfolio as one factor; a step group is four days."""

ASSET_DRAW: Final = 1 << STREAM_BITS
"""First draw of the assets' normals, four assets a draw; a step group is one day."""

MIXING_DRAW: Final = 2 << STREAM_BITS
"""First draw of a mixing variable; a step group is two days."""

MIXING_RETRY_DRAW: Final = 3 << STREAM_BITS
"""First draw of further attempts at a mixing variable, one an attempt; a step group is one day."""

RESAMPLING_DRAW: Final = 4 << STREAM_BITS
"""First draw of a bootstrap's decisions; a step group is two days."""

PRICE_DRAW: Final = 5 << STREAM_BITS
"""First draw of the normals of a derivative's underlying; a step group is four steps."""

BRIDGE_DRAW: Final = 6 << STREAM_BITS
"""First draw of the extremes between steps; a step group is two steps."""

LONG_TERM_DRAW: Final = 7 << STREAM_BITS
"""First draw of the normals that move the long-term levels of the assets' prices; a step group is one day."""

VARIANCE_DRAW: Final = 8 << STREAM_BITS
"""First draw of the normals that move the assets' variances, four assets a draw; a step group is one day."""

JUMP_COUNT_DRAW: Final = 9 << STREAM_BITS
"""First draw of the words that give the assets' numbers of jumps, four assets a draw; a step group is one day."""

JUMP_SIZE_DRAW: Final = 10 << STREAM_BITS
"""First draw of the sizes of an asset's jumps; a step group is one day of one asset."""

INDEPENDENT, MIRRORED, SHARED = 0, 1, 2
"""What the second path of an antithetic pair does with the words of the first: nothing, flips them, takes them over."""

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_MULTIPLIER_0, _MULTIPLIER_1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_WEYL_0, _WEYL_1 = np.uint32(0x9E3779B9), np.uint32(0xBB67AE85)
_ROUNDS: Final = 10


def split_seed(seed: int) -> tuple[np.uint32, np.uint32]:
    """Return the key: the seed's low and high 32 bits."""
    return np.uint32(seed & 0xFFFFFFFF), np.uint32(seed >> 32)


@kernel(inline=True)
def philox(
    c0: np.uint64, c1: np.uint64, c2: np.uint64, c3: np.uint64, k0: np.uint32, k1: np.uint32
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    """Return four words in the lower halves of four uint64; the upper halves are left as they fall.

    Each 32-bit word stays in a 64-bit lane: the vector multiplication reads lower halves only, and no lane has to be
    split or packed between the rounds, which halves the time of the textbook form with 32-bit variables.
    """
    for _ in range(_ROUNDS):
        p0 = (c0 & _LOW) * _MULTIPLIER_0
        p1 = (c2 & _LOW) * _MULTIPLIER_1
        c0, c1, c2, c3 = (p1 >> _HALF) ^ c1 ^ np.uint64(k0), p1, (p0 >> _HALF) ^ c3 ^ np.uint64(k1), p0
        k0 = np.uint32(k0 + _WEYL_0)
        k1 = np.uint32(k1 + _WEYL_1)
    return c0, c1, c2, c3


@kernel()
def fill_words(
    words: NDArray[np.uint32],
    first_path: int,
    step_group: int,
    draw: int,
    k0: np.uint32,
    k1: np.uint32,
    pairing: int,
    width: int,
) -> None:
    """Fill `words`, shape (4, at least `width`), with the words of `width` consecutive paths.

    When `pairing` is `MIRRORED` or `SHARED`, the paths 2i and 2i + 1 share the counter i; when it is `MIRRORED` the
    second has every bit flipped, which mirrors a uniform at one half and changes exactly the sign of a normal.
    """
    shift = np.uint64(1 if pairing != INDEPENDENT else 0)
    mirror = np.uint64(1 if pairing == MIRRORED else 0)
    group = np.uint64(step_group)
    last = np.uint64(draw)
    base = np.uint64(first_path)
    for j in range(width):
        path = base + np.uint64(j)
        flip = np.uint32(np.uint64(0) - (path & mirror))
        index = path >> shift
        w0, w1, w2, w3 = philox(index & _LOW, index >> _HALF, group, last, k0, k1)
        words[0, j] = np.uint32(w0) ^ flip
        words[1, j] = np.uint32(w1) ^ flip
        words[2, j] = np.uint32(w2) ^ flip
        words[3, j] = np.uint32(w3) ^ flip


@kernel()
def _block(counter: NDArray[np.uint64], k0: np.uint32, k1: np.uint32, out: NDArray[np.uint32]) -> None:
    w0, w1, w2, w3 = philox(counter[0], counter[1], counter[2], counter[3], k0, k1)
    out[0], out[1], out[2], out[3] = np.uint32(w0), np.uint32(w1), np.uint32(w2), np.uint32(w3)


def philox4x32_10(counter: tuple[int, int, int, int], key: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return the four words of one counter under one key; every argument and result has 32 bits.

    Examples
    --------
    >>> [f"{word:08x}" for word in philox4x32_10((0, 0, 0, 0), (0, 0))]
    ['6627e8d5', 'e169c58d', 'bc57ac4c', '9b00dbd8']
    """
    out = np.empty(WORDS, dtype=np.uint32)
    _block(np.array(counter, dtype=np.uint64), np.uint32(key[0]), np.uint32(key[1]), out)
    return int(out[0]), int(out[1]), int(out[2]), int(out[3])
