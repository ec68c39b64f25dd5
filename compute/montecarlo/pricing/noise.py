"""The random numbers of a block of paths, drawn before a model sees them.

A row is one number of one step: row t * shocks + k holds number k of step t. The same numbers serve every market for
which a block is simulated, so that differences between two markets have little noise in them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from riskwave.compute.jit import kernel
from riskwave.compute.montecarlo import sobol
from riskwave.compute.montecarlo.normals import fill_normal_row
from riskwave.compute.montecarlo.path_state import LANES
from riskwave.compute.montecarlo.philox import INDEPENDENT, PRICE_DRAW, WORDS, fill_words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskwave.compute.montecarlo.pricing.model import Shocks

POLICY_DRAW: Final = PRICE_DRAW + 1
"""Draw of the paths on which an exercise policy is fitted; they are never used for a price."""

JUMP_DRAW: Final = PRICE_DRAW + 16
"""First draw of jump sizes, two jumps a draw; a step group is one step."""


@dataclass(frozen=True, eq=False, slots=True)
class Noise:
    """Random numbers of consecutive paths.

    Parameters
    ----------
    normals
        Shape (steps * shocks, lanes).
    words
        The words that the normals were made of, same shape; no column unless a model reads them.
    shocks
        Rows a step.
    first_path
        The paths' first index in the generator that `k0`, `k1` and `pairing` name, for numbers drawn in addition.
    """

    normals: NDArray[np.float32]
    words: NDArray[np.uint32]
    shocks: int
    first_path: int
    k0: np.uint32
    k1: np.uint32
    pairing: int


@kernel()
def fill_noise(
    first_path: int,
    draw: int,
    k0: np.uint32,
    k1: np.uint32,
    pairing: int,
    words: NDArray[np.uint32],
    normals: NDArray[np.float32],
) -> None:
    """Fill `normals`, shape (rows, lanes), and `words` if it has columns; four rows share a step group."""
    buffer = np.empty((WORDS, LANES), dtype=np.uint32)
    rows, lanes = normals.shape
    keep = words.shape[1] > 0
    for start in range(0, lanes, LANES):
        width = min(LANES, lanes - start)
        for group in range((rows + WORDS - 1) // WORDS):
            fill_words(buffer, first_path + start, group, draw, k0, k1, pairing, width)
            for k in range(min(WORDS, rows - group * WORDS)):
                row = normals[group * WORDS + k, start : start + width]
                source = buffer[k]
                fill_normal_row(source, row, width)
                if keep:
                    words[group * WORDS + k, start : start + width] = source[:width]


def pseudo_noise(
    shocks: Shocks,
    steps: int,
    first_path: int,
    lanes: int,
    draw: int,
    key: tuple[np.uint32, np.uint32],
    pairing: int,
    used: Noise | None = None,
) -> Noise:
    """Return the noise of `lanes` consecutive paths from the counter-based generator, in the memory of `used`."""
    rows = steps * shocks.count
    if used is not None and used.normals.shape == (rows, lanes):
        normals, words = used.normals, used.words
    else:
        normals = np.empty((rows, lanes), dtype=np.float32)
        words = np.empty((rows, lanes if shocks.plain else 0), dtype=np.uint32)
    fill_noise(first_path, draw, *key, pairing, words, normals)
    return Noise(normals, words, shocks.count, first_path, *key, pairing)


def sobol_noise(shocks: Shocks, steps: int, scramble: int, first_point: int, lanes: int, seed: int) -> Noise:
    """Return the noise of consecutive points of one scramble; Brownian motions are built by a bridge.

    Coordinates are used in the order of their importance: the ends of the Brownian motions first, then their middles.
    """
    rows = steps * shocks.count
    words = np.empty((rows, lanes), dtype=np.uint32)
    sobol.sobol_words(first_point, sobol.directions(rows), sobol.scramble_keys(seed, scramble, rows), True, words)
    normals = np.empty((rows, lanes), dtype=np.float32)
    sobol.normals_of(words, normals)
    sobol.bridge(*sobol.bridge_plan(steps), shocks.bridged, shocks.count, normals)
    return Noise(normals, words, shocks.count, first_point, *sobol.scramble_seed(seed, scramble), INDEPENDENT)
