"""Compound Poisson jumps of a price's logarithm, drawn exactly for steps of any length.

The number of jumps of a step comes from one word by inversion of the Poisson distribution, cut at the resolution of a
word, 2^-32. Normal jumps (Merton) add up to a normal; exponential ones (Kou) are drawn one by one, since there are few.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import special

from riskwave.compute.jit import kernel
from riskwave.compute.montecarlo.normals import log32
from riskwave.compute.montecarlo.philox import philox
from riskwave.compute.registry import Param

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from riskwave.compute.registry import Value

_WORD: Final = 2.0**32
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)

INTENSITY = Param("intensity", 0.3, "Expected number of jumps a year.", low=0.0, high=200.0, unit="1/year")
NORMAL_JUMPS = (
    INTENSITY,
    Param("jump_mean", -0.1, "Mean of a jump of the logarithm.", low=-2.0, high=2.0),
    Param("jump_deviation", 0.15, "Standard deviation of a jump of the logarithm.", low=0.0, high=2.0),
)
"""Merton's parameters."""

EXPONENTIAL_JUMPS = (
    INTENSITY,
    Param("up_probability", 0.4, "Probability that a jump is upwards.", low=0.0, high=1.0),
    Param("up_rate", 10.0, "Reciprocal of an upward jump's mean; above 2 for a finite error.", 2.01, 1e4),
    Param("down_rate", 5.0, "Reciprocal of a downward jump's mean.", low=0.1, high=1e4),
)
"""Kou's parameters."""


@lru_cache(maxsize=64)
def thresholds(mean: float) -> NDArray[np.uint32]:
    """Return the smallest words that stand for more than 0, 1, 2... events of a Poisson variable, read-only.

    Examples
    --------
    >>> [round(word / 2**32, 4) for word in thresholds(1.0)[:3].tolist()]
    [0.3679, 0.7358, 0.9197]
    """
    most = int(mean + 12.0 * math.sqrt(mean) + 20.0)
    shares = np.rint(special.pdtr(np.arange(most), mean) * _WORD)
    words: NDArray[np.uint32] = shares[shares < _WORD].astype(np.uint32)
    words.setflags(write=False)
    return words


@kernel(inline=True)
def normal_jumps(events: float, mean: float, deviation: float, z: float) -> float:
    """Return the sum of `events` normal jumps, made of one standard normal."""
    return mean * events + deviation * math.sqrt(events) * z


@kernel()
def exponential_jump(
    path: np.uint64,
    flip: np.uint64,
    group: int,
    draw: int,
    number: int,
    share: float,
    up: float,
    down: float,
    k0: np.uint32,
    k1: np.uint32,
) -> float:
    """Return jump `number` of a step: upwards with probability `share` and mean `up`, else downwards of mean `down`.

    Two jumps take the words of one counter: step group `group`, draw `draw` and those after it. `flip` has every bit
    set for the second path of an antithetic pair, and none for others.
    """
    last = np.uint64(draw + number // 2)
    w0, w1, w2, w3 = philox(path & _LOW, path >> _HALF, np.uint64(group), last, k0, k1)
    side, size = (w0, w1) if number % 2 == 0 else (w2, w3)
    side, size = (side ^ flip) & _LOW, (size ^ flip) & _LOW
    length = -np.float64(log32(np.float32((np.float64(size) + 0.5) * 2.0**-32)))
    return length * up if (np.float64(side) + 0.5) * 2.0**-32 < share else -length * down


def normal_growth(params: Mapping[str, Value]) -> float:
    """Return the growth rate a year that normal jumps add to the expected price."""
    mean, deviation = float(params["jump_mean"]), float(params["jump_deviation"])
    return float(params["intensity"]) * math.expm1(mean + 0.5 * deviation * deviation)


def exponential_growth(params: Mapping[str, Value]) -> float:
    """Return the growth rate a year that exponential jumps add to the expected price."""
    share, up, down = (float(params[name]) for name in ("up_probability", "up_rate", "down_rate"))
    return float(params["intensity"]) * (share / (up - 1.0) - (1.0 - share) / (down + 1.0))


def normal_variance(params: Mapping[str, Value]) -> float:
    """Return the variance a year that normal jumps add to the price's logarithm."""
    mean, deviation = float(params["jump_mean"]), float(params["jump_deviation"])
    return float(params["intensity"]) * (mean * mean + deviation * deviation)


def exponential_variance(params: Mapping[str, Value]) -> float:
    """Return the variance a year that exponential jumps add to the price's logarithm."""
    share, up, down = (float(params[name]) for name in ("up_probability", "up_rate", "down_rate"))
    return float(params["intensity"]) * 2.0 * (share / up**2 + (1.0 - share) / down**2)
