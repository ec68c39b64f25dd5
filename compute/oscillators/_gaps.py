"""What follows a bar with a missing input.

Each policy only decides which bars form a series of their own. Such a series has no gap, so that formulas and kernels
never meet one, and a bar that belongs to no series has no value.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from riskwave.compute.oscillators import _kernels

Bools = NDArray[np.bool_]
Rows = NDArray[np.intp]


class GapPolicy(StrEnum):
    """What follows a bar with a missing input. Under every policy that bar has no value."""

    HOLD = "hold"
    """The next valid bar continues as if the missing one had not been; after more than `max_gap_bars`, anew."""
    RESTART = "restart"
    """The computation starts anew after the gap."""
    TAINT = "taint"
    """A recursion has no value to the end; a windowed one has none until the gap has left its window."""
    STRICT = "strict"
    """A gap is refused."""


def series_of(valid: Bools, policy: GapPolicy, max_gap_bars: int, *, recursive: bool) -> list[Rows]:
    """Return the bars of each gapless series in one column.

    Parameters
    ----------
    valid
        Whether every input of the bar is finite.
    policy
        Any but `GapPolicy.STRICT`.
    max_gap_bars
        With `GapPolicy.HOLD`, the longest gap that is bridged; 0 bridges any.
    recursive
        Whether a value depends on all that went before.
    """
    rows = np.flatnonzero(valid)
    if not rows.size or (policy is GapPolicy.HOLD and not max_gap_bars):
        return [rows] if rows.size else []
    longest = max_gap_bars if policy is GapPolicy.HOLD else 0
    parts = np.split(rows, np.flatnonzero(np.diff(rows) > longest + 1) + 1)
    if policy is GapPolicy.TAINT and recursive:
        # Bars before the first valid one are not a gap: the series had not begun.
        return parts[:1]
    return parts


def finite(part: NDArray[np.generic]) -> bool:
    """Return whether every number of a panel is finite."""
    if readable_in_place(part):
        return _kernels.all_finite(part.reshape(-1).view(np.float64))
    return part.dtype.kind in "iu" or bool(np.isfinite(part).all())


def readable_in_place(panel: NDArray[np.generic]) -> bool:
    """Return whether kernels can take the panel as it is."""
    return panel.dtype == np.float64 and panel.flags.c_contiguous and panel.flags.writeable


def gap_warning(valid: Bools, policy: GapPolicy) -> str:
    """Return in words which bars of a panel, (bars, columns), have no output."""
    missing = int(valid.size - np.count_nonzero(valid))
    columns = int(np.count_nonzero(~valid.all(axis=0)))
    counted = f"{missing} of {valid.size} bars, in {columns} of {valid.shape[1]} columns"
    return f"{counted}, have a missing or infinite input and no output; gap policy: {policy}"
