"""Fewer bars for a line that looks the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from riskwave.server.market.series import Values

POINTS_MIN: Final = 4
"""A stretch of the line is told by its first, lowest, highest and last point."""


def line_rows(lines: Sequence[Values], max_points: int) -> NDArray[np.intp]:
    """Return the rows that keep the outline of one line, or of several over the same times.

    The rows are cut into stretches of equal length, of which the first, the last and each line's lowest and highest
    are kept (M4: Jugel et al., VLDB 2014): no extreme is lost, and no value is made up.

    Parameters
    ----------
    lines
        Finite values, shape (rows,) each.
    max_points
        At most this many rows are returned; at least `points_min` of the lines.

    Returns
    -------
    array of int, shape (points,)
        Ascending; all rows when there are no more than `max_points`.

    Examples
    --------
    >>> line_rows([np.array([0.0, 5, 1, 1, 1, 1, -3, 2])], 4).tolist()
    [0, 1, 6, 7]
    """
    count = len(lines[0])
    if count <= max_points:
        return np.arange(count)
    length = -(-count // (max_points // points_min(len(lines))))
    starts = np.arange(0, count, length)
    kept = [starts, np.minimum(starts + length, count) - 1]
    for line in lines:
        # The last stretch is filled up with its last value, whose first place is found.
        stretches = np.pad(line, (0, len(starts) * length - count), mode="edge").reshape(-1, length)
        kept += [starts + stretches.argmin(axis=1), starts + stretches.argmax(axis=1)]
    return np.unique(np.concatenate(kept))


def points_min(line_count: int) -> int:
    """Return the fewest points that tell one stretch of several lines."""
    return 2 + 2 * line_count
