"""Sobol points with Owen's nested uniform scrambling, and the Brownian bridge that spends them well.

A Sobol sequence fills the unit cube more evenly than chance. Scrambled at random it stays as even, every point becomes
uniform, and an average over it unbiased; independent scrambles show its error. Owen's scrambling flips every bit of a
coordinate or not, by a fair coin for each value of the bits before it; the coins are a hash of those bits under a key
for each coordinate and scramble, so that no tree of coins is kept.

The direction numbers are those of Joe and Kuo, as SciPy carries them.

References
----------
Joe and Kuo (2008), Constructing Sobol sequences with better two-dimensional projections. SIAM J. Sci. Comput. 30(5).
Owen (1995), Randomly permuted (t,m,s)-nets and (t,s)-sequences. Lecture Notes in Statistics 106.
Caflisch, Morokoff and Owen (1997), Valuation of mortgage-backed securities using Brownian bridges. J. Comp. Fin. 1(1).
"""

from __future__ import annotations

import importlib.resources
import math
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from riskwave.compute.errors import InputError, TooLargeError
from riskwave.compute.jit import kernel
from riskwave.compute.montecarlo.normals import fill_normal_row
from riskwave.compute.montecarlo.philox import WORDS, philox, philox4x32_10, split_seed

if TYPE_CHECKING:
    from numpy.typing import NDArray

BITS: Final = 32
"""Bits of a coordinate."""

SCRAMBLES: Final = 32
"""Independent scrambles of one estimate."""

DIMENSIONS_MAX: Final = 21_201
"""Coordinates for which there are direction numbers."""

POINTS_MAX: Final = 1 << 26
"""Largest number of points of one scramble."""

SOBOL_NS: Final = 26.0
"""Time of one scrambled coordinate and its part of the bridge, measured."""

_KEY_DRAW: Final = 0xFFFF0000
_NESTED_BITS: Final = 26


def check_point_count(paths: int, paths_max: int) -> None:
    """Refuse a number of paths, of all scrambles, over which Sobol points are not evenly spread, or too many.

    Raises
    ------
    InputError
        Not `SCRAMBLES` times a power of two; the message names one that is.
    TooLargeError
        More than `paths_max`.
    """
    points = paths // SCRAMBLES
    if paths % SCRAMBLES or points & (points - 1):
        near = SCRAMBLES * (1 << max(round(math.log2(max(paths / SCRAMBLES, 1.0))), 0))
        allowed = f"{SCRAMBLES} times a power of two, such as {near}, for Sobol points to be evenly spread"
        raise InputError("paths", paths, allowed)
    if paths > paths_max:
        most = SCRAMBLES << int(math.log2(paths_max // SCRAMBLES))
        raise TooLargeError("paths", paths, f"at most {most} with Sobol points")


@lru_cache(maxsize=1)
def _joe_kuo() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the primitive polynomials and the initial direction numbers of every coordinate."""
    # The package scipy.stats itself takes a second to import, and is not needed for its file.
    with (importlib.resources.files("scipy") / "stats" / "_sobol_direction_numbers.npz").open("rb") as file:
        numbers = np.load(file)
        return numbers["poly"], numbers["vinit"]


@lru_cache(maxsize=4)
def directions(dimensions: int) -> NDArray[np.uint32]:
    """Return the direction numbers of the first `dimensions` coordinates, shape (dimensions, `BITS`), read-only.

    Examples
    --------
    >>> [f"{number:08x}" for number in directions(2)[1, :4]]
    ['80000000', 'c0000000', 'a0000000', 'f0000000']
    """
    polynomials, initial = _joe_kuo()
    numbers = np.empty((dimensions, BITS), dtype=np.uint32)
    _expand(polynomials.astype(np.int64), initial.astype(np.int64), numbers)
    numbers.setflags(write=False)
    return numbers


@kernel()
def _expand(polynomials: NDArray[np.int64], initial: NDArray[np.int64], numbers: NDArray[np.uint32]) -> None:
    """Continue the initial direction numbers by the recurrences of their polynomials, and shift them to fractions."""
    values = np.empty(BITS, dtype=np.int64)
    for row in range(len(numbers)):
        degree = 0
        while polynomials[row] >> (degree + 1) > 0:
            degree += 1
        for k in range(BITS):
            if row == 0:
                values[k] = 1
            elif k < degree:
                values[k] = initial[row, k]
            else:
                value = values[k - degree]
                for i in range(1, degree + 1):
                    if polynomials[row] >> (degree - i) & 1:
                        value ^= values[k - i] << i
                values[k] = value
            numbers[row, k] = np.uint32(values[k] << (BITS - 1 - k))


@lru_cache(maxsize=2 * SCRAMBLES)
def scramble_keys(seed: int, scramble: int, dimensions: int) -> NDArray[np.uint32]:
    """Return one key a coordinate for scramble number `scramble`, shape (dimensions,), read-only."""
    keys = np.empty(dimensions, dtype=np.uint32)
    _fill_keys(scramble, *split_seed(seed), keys)
    keys.setflags(write=False)
    return keys


@kernel()
def _fill_keys(scramble: int, k0: np.uint32, k1: np.uint32, keys: NDArray[np.uint32]) -> None:
    """Fill `keys` with the words of the counters (0, scramble), (1, scramble), and so on."""
    for first in range(0, len(keys), WORDS):
        group, second, last = np.uint64(first // WORDS), np.uint64(scramble), np.uint64(_KEY_DRAW)
        words = philox(group, second, np.uint64(0), last, k0, k1)
        for k in range(min(WORDS, len(keys) - first)):
            keys[first + k] = np.uint32(words[k])


def scramble_seed(seed: int, scramble: int) -> tuple[np.uint32, np.uint32]:
    """Return the key of the generator for numbers that are drawn beside a scramble's points."""
    low, high, _, _ = philox4x32_10((0, scramble, 1, _KEY_DRAW), (seed & 0xFFFFFFFF, seed >> 32))
    return split_seed(high << 32 | low)


@kernel(inline=True)
def _mixed(x: np.uint32) -> np.uint32:
    """Return a hash of 32 bits: a bijection whose every output bit depends on every input bit."""
    x ^= x >> np.uint32(16)
    x = np.uint32(x * np.uint32(0x7FEB352D))
    x ^= x >> np.uint32(15)
    x = np.uint32(x * np.uint32(0x846CA68B))
    x ^= x >> np.uint32(16)
    return x


@kernel()
def sobol_words(
    first_point: int, numbers: NDArray[np.uint32], keys: NDArray[np.uint32], scrambled: bool, words: NDArray[np.uint32]
) -> None:
    """Fill `words`, shape (dimensions, points), with consecutive points from `first_point`, as 32-bit fractions.

    The first bits are scrambled one by one. Points of one sequence differ within them, so that what comes after a
    point's first bits occurs once, and one hash gives all of its coins.
    """
    dimensions, points = words.shape
    last = first_point + points - 1
    for d in range(dimensions):
        row = words[d]
        for j in range(points):
            row[j] = np.uint32(0)
        bit = 0
        while last >> bit > 0:
            number = numbers[d, bit]
            for j in range(points):
                index = np.uint32(first_point + j)
                chosen = np.uint32(0) - np.uint32((index >> np.uint32(bit)) & np.uint32(1))
                row[j] ^= np.uint32(number & chosen)
            bit += 1
        if scrambled:
            key = keys[d]
            for j in range(points):
                x = row[j]
                coins = _mixed(np.uint32(key ^ np.uint32(1))) & np.uint32(0x80000000)
                for b in range(1, _NESTED_BITS):
                    before = np.uint32((x >> np.uint32(BITS - b)) | np.uint32(1 << b))
                    coin = _mixed(np.uint32(_mixed(before) + key))
                    coins |= np.uint32((coin & np.uint32(0x80000000)) >> np.uint32(b))
                before = np.uint32((x >> np.uint32(BITS - _NESTED_BITS)) | np.uint32(1 << _NESTED_BITS))
                coins |= np.uint32(_mixed(np.uint32(_mixed(before) + key)) >> np.uint32(_NESTED_BITS))
                row[j] = x ^ coins


@kernel()
def normals_of(words: NDArray[np.uint32], normals: NDArray[np.float32]) -> None:
    """Turn words into standard normals, both of shape (rows, lanes)."""
    for i in range(words.shape[0]):
        fill_normal_row(words[i], normals[i], words.shape[1])


@lru_cache(maxsize=8)
def bridge_plan(steps: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the order in which a Brownian bridge over equal steps is built.

    Returns
    -------
    tuple of ndarray
        Rows (left, target, right) of shape (steps, 3), where 0 is the start and right is -1 for the end itself; and
        rows (weight of the left, weight of the right, standard deviation) for steps of length 1.
    """
    order, weights = [(0, steps, -1)], [(1.0, 0.0, math.sqrt(steps))]
    gaps = [(0, steps)]
    while gaps:
        wider = []
        for left, right in gaps:
            if right - left < 2:
                continue
            middle = (left + right) // 2
            span = right - left
            order.append((left, middle, right))
            weights.append(
                ((right - middle) / span, (middle - left) / span, math.sqrt((middle - left) * (right - middle) / span))
            )
            wider += [(left, middle), (middle, right)]
        gaps = wider
    return np.array(order, dtype=np.int64), np.array(weights)


@kernel()
def bridge(
    order: NDArray[np.int64], weights: NDArray[np.float64], bridged: int, shocks: int, normals: NDArray[np.float32]
) -> None:
    """Turn rows that are numbers of a bridge, k * shocks + f, into rows that are numbers of steps, in place.

    Factor by factor: the first number gives the end of the Brownian motion, the next its middle, and so on.
    """
    steps, lanes = len(order), normals.shape[1]
    path = np.zeros((steps + 1, lanes))
    for f in range(bridged):
        for k in range(steps):
            left, target, right = path[order[k, 0]], path[order[k, 1]], path[max(order[k, 2], 0)]
            a, b, c = weights[k, 0], weights[k, 1], weights[k, 2]
            z = normals[k * shocks + f]
            for j in range(lanes):
                target[j] = a * left[j] + b * right[j] + c * np.float64(z[j])
        for t in range(steps):
            before, after, row = path[t], path[t + 1], normals[t * shocks + f]
            for j in range(lanes):
                row[j] = np.float32(after[j] - before[j])
