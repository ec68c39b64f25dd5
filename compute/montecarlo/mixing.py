"""The mixing variable of Student's t, sqrt((degrees - 2) / chi-square): it gives a normal heavy tails, unit variance.

The chi-square is twice a gamma variable of shape degrees / 2, drawn by the rejection method of Marsaglia and Tsang. The
first attempt is made for all paths side by side and accepts about 98 in 100; the others go on one by one, each attempt
with a counter of its own, so that a path still depends on nothing but its index.

References
----------
Marsaglia and Tsang (2000), A simple method for generating gamma variables. ACM TOMS 26(3).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.jit import kernel
from riskwave.compute.montecarlo.normals import log32, near_normal32, normal32
from riskwave.compute.montecarlo.philox import (
    INDEPENDENT,
    MIXING_DRAW,
    MIXING_RETRY_DRAW,
    SHARED,
    fill_words,
    philox,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_ZERO, _ONE, _HALF_WORD, _WORD = np.float32(0.0), np.float32(1.0), np.float32(0.5), np.float32(2.0**-32)
_ROUNDING = 2e-6
"""More than what float32 can be wrong by in the test, over 1 + d."""


@kernel()
def _further_attempts(
    x_word: np.uint32, u_word: np.uint32, index: np.uint64, day: int, d: float, c: float, k0: np.uint32, k1: np.uint32
) -> float:
    """Return the cube of Marsaglia and Tsang, beginning with the full test of the words that failed the first one."""
    attempt = 0
    while True:
        x = np.float64(normal32(x_word))
        v = 1.0 + c * x
        if v > 0.0:
            v = v * v * v
            u = (np.float64(u_word) + 0.5) * 2.0**-32
            if math.log(u) < 0.5 * x * x + d * (1.0 - v + math.log(v)):
                return v
        w0, w1, _, _ = philox(
            index & _LOW, index >> _HALF, np.uint64(day), np.uint64(MIXING_RETRY_DRAW + attempt), k0, k1
        )
        x_word, u_word = np.uint32(w0), np.uint32(w1)
        attempt += 1


@kernel()
def fill_mixing(
    mixing: NDArray[np.float64],
    words: NDArray[np.uint32],
    first_path: int,
    day: int,
    degrees: float,
    k0: np.uint32,
    k1: np.uint32,
    pairing: int,
    width: int,
) -> None:
    """Fill `mixing` for one day. `words`, shape (4, lanes), carries over from an even day to the odd one after it.

    The first attempt is in float32, as the normals are. Its test leaves room for the rounding, and where it does not
    hold, or a normal is a far one, the full test in float64 begins with the same words.

    Both paths of an antithetic pair have the same mixing variable: opposite normals then give opposite returns.
    """
    shared = SHARED if pairing != INDEPENDENT else INDEPENDENT
    if day % 2 == 0:
        fill_words(words, first_path, day // 2, MIXING_DRAW, k0, k1, shared, width)
    row = 2 * (day % 2)
    d = 0.5 * degrees - 1.0 / 3.0
    c = 1.0 / math.sqrt(9.0 * d)
    scale = 0.5 * (degrees - 2.0) / d
    room = np.float32(_ROUNDING * (1.0 + d))
    narrow, narrow_d, narrow_scale = np.float32(c), np.float32(d), np.float32(scale)
    for j in range(width):
        x, near = near_normal32(words[row, j])
        u = (np.float32(words[row + 1, j]) + _HALF_WORD) * _WORD
        v = _ONE + narrow * x
        cube = v * v * v if v > _ZERO else _ONE
        limit = _HALF_WORD * x * x + narrow_d * (_ONE - cube + log32(cube)) - room
        sure = near & (v > _ZERO) & (log32(u) < limit)
        mixing[j] = np.float64(np.float32(math.sqrt(narrow_scale / cube))) if sure else -1.0
    for j in range(width):
        if mixing[j] < 0.0:
            index = np.uint64(first_path + j) >> np.uint64(1 if shared == SHARED else 0)
            found = _further_attempts(words[row, j], words[row + 1, j], index, day, d, c, k0, k1)
            mixing[j] = math.sqrt(scale / found)
