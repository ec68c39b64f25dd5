"""Fewer points for a line that looks the same."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def line_indices(values: ArrayLike, points_max: int) -> NDArray[np.int64]:
    """Return ascending indices of at most `points_max` points that keep the line's outline.

    The points are cut into blocks of equal length, and each block keeps its first, lowest, highest and last one, so
    that no extreme is lost.

    Parameters
    ----------
    values : array_like, shape (points,)
        The line. NaN points are kept as first and last of a block only, so that long gaps stay gaps.
    points_max : int
        At least 4.

    Returns
    -------
    numpy.ndarray
        All indices when there are no more than `points_max` points.

    Raises
    ------
    ValueError
        If `points_max` is less than 4.

    Examples
    --------
    >>> line_indices([0, 5, 1, 1, 1, 1, -3, 2], 4).tolist()
    [0, 1, 6, 7]
    """
    if points_max < 4:
        raise ValueError(f"points_max: {points_max}; a block needs 4 points")
    line = np.asarray(values, dtype=np.float64)
    if line.size <= points_max:
        return np.arange(line.size, dtype=np.int64)
    edges = np.linspace(0, line.size, points_max // 4 + 1).astype(np.int64)
    kept: list[int] = []
    for first, end in itertools.pairwise(edges):
        block = line[first:end]
        finite = np.flatnonzero(np.isfinite(block))
        kept += [int(first), int(end) - 1]
        if finite.size:
            kept += [int(first + finite[block[finite].argmin()]), int(first + finite[block[finite].argmax()])]
    return np.unique(np.asarray(kept, dtype=np.int64))
