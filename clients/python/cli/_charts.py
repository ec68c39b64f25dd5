"""Small charts of block characters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

_EIGHTHS = " ▁▂▃▄▅▆▇█"
_BAR_EIGHTHS = " ▏▎▍▌▋▊▉"


def sparkline(values: NDArray[np.float64], width: int = 40) -> str:
    """Return a line of blocks, as high as the values; missing ones are spaces.

    Examples
    --------
    >>> sparkline(np.arange(8.0))
    '▁▂▃▄▅▆▇█'
    """
    if len(values) > width:
        values = values[np.linspace(0, len(values) - 1, width).round().astype(int)]
    there = np.isfinite(values)
    if not there.any():
        return ""
    low, high = values[there].min(), values[there].max()
    scaled = np.where(there, (values - low) / (high - low if high > low else 1.0), 0.0)
    levels = np.where(there, 1 + np.floor(scaled * 7.999), 0).astype(int)
    return "".join(_EIGHTHS[level] for level in levels)


def histogram(
    edges: NDArray[np.float64], counts: NDArray[np.int64], marks: Mapping[str, float], bins: int = 16, width: int = 40
) -> str:
    """Return horizontal bars, one line a bin, with the names of the marks beside the bins that they fall into.

    Examples
    --------
    >>> print(histogram(np.array([0.0, 0.1, 0.2]), np.array([1, 2]), {"mean": 0.15}, width=4))
      0.0 % to  10.0 %  ██
     10.0 % to  20.0 %  ████  mean
    """
    edges, counts = _coarsen(edges, counts, bins)
    longest = max(int(counts.max(initial=0)), 1)
    lines = []
    for i, count in enumerate(counts.tolist()):
        eighths = round(count / longest * width * 8)
        bar = "█" * (eighths // 8) + _BAR_EIGHTHS[eighths % 8].strip()
        last = i == len(counts) - 1
        inside = [
            name for name, value in marks.items() if edges[i] <= value < edges[i + 1] or (last and value == edges[-1])
        ]
        label = f"  {', '.join(inside)}" if inside else ""
        lines.append(f"{edges[i] * 100:5.1f} % to {edges[i + 1] * 100:5.1f} %  {bar}{label}")
    return "\n".join(lines)


def _coarsen(
    edges: NDArray[np.float64], counts: NDArray[np.int64], bins: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Join bins to at most so many, after cutting off the ends that hold less than a thousandth."""
    share = counts.cumsum() / max(int(counts.sum()), 1)
    first = int(np.searchsorted(share, 0.001, side="right"))
    last = min(int(np.searchsorted(share, 0.999)) + 1, len(counts))
    joined = max(-(-(last - first) // bins), 1)
    last = min(last + (first - last) % joined, len(counts))  # so that the last bar is as wide as the others
    edges, counts = edges[first : last + 1], counts[first:last]
    starts = np.arange(0, len(counts), joined)
    return np.append(edges[starts], edges[-1]), np.add.reduceat(counts, starts) if len(counts) else counts
