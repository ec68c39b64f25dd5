"""Distributions of more paths than are kept: counts in many fixed cells, exact and in any order.

A number v falls into the cell of v / (1 + |v|), of which there are 2^18 from -1 to 1: returns, volatilities, drawdowns
and Sharpe ratios of usual size are told apart to about 1e-5. The counts are integers and everything else is summed
exactly, so tallies merge to the same bits in any order and by any number of workers. The cell of a quantile is certain;
only its place within the cell is not, and the part of all paths that lies in that cell bounds the error of its rank.

Sketches of quantiles that libraries offer (KLL, t-digest) are smaller, but they either toss coins when they merge or
depend on the order in which they do, so that the same request would not give the same bits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from riskwave.compute.estimates import (
    Estimate,
    mean_estimate,
    order_statistic_ranks,
    positive_estimate,
    probability_estimate,
    standard_deviation_standard_error,
    student_estimate,
)
from riskwave.compute.jit import kernel
from riskwave.compute.montecarlo.moments import power_sums
from riskwave.compute.montecarlo.summary import (
    HISTOGRAM_BINS_MAX,
    QUANTILE_PROBABILITIES,
    TAIL_PROBABILITIES,
    DistributionSummary,
    Histogram,
    Quantile,
    Tail,
    undefined_summary,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

CELLS: Final = 1 << 18


@kernel(inline=True)
def cell_of(value: float) -> int:
    """Return the cell of a number, a never falling function."""
    return min(int((value / (1.0 + abs(value)) + 1.0) * (0.5 * CELLS)), CELLS - 1)


@kernel()
def _count(values: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Return the cells that hold a number, ascending, how many each, and how many of the numbers are none."""
    dense = np.zeros(CELLS, dtype=np.int32)
    undefined, distinct = 0, 0
    for value in values:
        if value == value:  # noqa: PLR0124 - only NaN differs from itself
            cell = cell_of(value)
            distinct += dense[cell] == 0
            dense[cell] += 1
        else:
            undefined += 1
    cells, counts = np.empty(distinct, dtype=np.int64), np.empty(distinct, dtype=np.int64)
    found = 0
    for cell in range(CELLS):
        if dense[cell] > 0:
            cells[found], counts[found] = cell, dense[cell]
            found += 1
    return cells, counts, undefined


def edges_of(cells: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the lower edge of each cell; the upper one is that of the next."""
    u = cells / (0.5 * CELLS) - 1.0
    result: NDArray[np.float64] = u / np.maximum(1.0 - np.abs(u), 0.5 / CELLS)
    return result


@dataclass(frozen=True, eq=False, slots=True)
class Counts:
    """One number of a chunk's paths, counted.

    Parameters
    ----------
    cells, counts
        The cells that hold paths, ascending, and how many each.
    undefined
        Paths without the number.
    minimum, maximum
        Of the others.
    powers
        Sums of the first four powers, for each chunk in it: shape (chunks, 4).
    at_or_below
        Paths at or below each of some levels, exactly; the first counts those below zero.
    """

    cells: NDArray[np.int64]
    counts: NDArray[np.int64]
    undefined: int
    minimum: float
    maximum: float
    powers: NDArray[np.float64]
    at_or_below: NDArray[np.int64]


def count_values(values: NDArray[np.float64], levels: Sequence[float]) -> Counts:
    """Count the numbers of a chunk's paths, NaN where a path has none."""
    cells, counts, undefined = _count(values)
    known = values[~np.isnan(values)] if undefined else values
    return Counts(
        cells=cells,
        counts=counts,
        undefined=undefined,
        minimum=float(known.min()) if len(known) else math.inf,
        maximum=float(known.max()) if len(known) else -math.inf,
        powers=power_sums(known)[None, :],
        at_or_below=np.array([np.count_nonzero(known < 0.0), *(np.count_nonzero(known <= x) for x in levels)]),
    )


class Tally:
    """The counts of one number over many chunks; the order in which they come does not matter."""

    def __init__(self) -> None:
        self._dense = np.zeros(CELLS, dtype=np.int64)
        self._powers: list[NDArray[np.float64]] = []
        self._undefined = 0
        self._minimum, self._maximum = math.inf, -math.inf
        self._at_or_below: NDArray[np.int64] | None = None

    def add(self, part: Counts) -> None:
        """Take in what was counted elsewhere."""
        self._dense[part.cells] += part.counts
        self._powers.append(part.powers)
        self._undefined += part.undefined
        self._minimum = min(self._minimum, part.minimum)
        self._maximum = max(self._maximum, part.maximum)
        self._at_or_below = part.at_or_below + (0 if self._at_or_below is None else self._at_or_below)

    def counted(self) -> Counts:
        """Return all of it as one."""
        cells = np.flatnonzero(self._dense)
        at_or_below = np.zeros(1, dtype=np.int64) if self._at_or_below is None else self._at_or_below
        powers = np.concatenate(self._powers) if self._powers else np.zeros((0, 4))
        counts = self._dense[cells]
        return Counts(cells, counts, self._undefined, self._minimum, self._maximum, powers, at_or_below)


class CountedDistribution:
    """Estimates from counts."""

    def __init__(self, part: Counts) -> None:
        self._part = part
        self._after = np.cumsum(part.counts)
        self.count = int(self._after[-1]) if len(self._after) else 0
        self._low = np.maximum(edges_of(part.cells), part.minimum)
        self._high = np.minimum(edges_of(part.cells + 1), part.maximum)
        self._middle = 0.5 * (self._low + self._high)
        self.rank_error = 0.0

    def _cell(self, rank: float) -> int:
        """Return the cell that holds a rank, counted from 0."""
        return min(int(np.searchsorted(self._after, rank, side="right")), len(self._after) - 1)

    def value(self, rank: float) -> float:
        """Return the number of a rank, as if a cell's paths were spread evenly over it."""
        rank = min(max(rank, 0.0), self.count - 1.0)
        i = self._cell(rank)
        before = int(self._after[i] - self._part.counts[i])
        part = (rank - before + 0.5) / int(self._part.counts[i])
        return float(self._low[i] + (self._high[i] - self._low[i]) * min(part, 1.0))

    def quantile(self, probability: float, confidence: float) -> Estimate:
        """Return a quantile; its interval holds for every continuous distribution, cells included."""
        n, rank = self.count, (self.count - 1) * probability
        lower, upper = order_statistic_ranks(n, probability, confidence)
        reach = math.sqrt(n * probability * (1.0 - probability))
        self.rank_error = max(self.rank_error, int(self._part.counts[self._cell(rank)]) / n)
        return Estimate(
            self.value(rank),
            0.5 * (self.value(rank + reach) - self.value(rank - reach)),
            float(self._low[self._cell(lower - 1)]) if lower > 0 else -math.inf,
            float(self._high[self._cell(upper - 1)]) if upper <= n else math.inf,
            confidence,
            "quantile of counts; order statistics",
        )

    def shortfall(self, probability: float, edge: float, confidence: float) -> Estimate:
        """Return the mean of the worst part of the paths."""
        inside = self.count * probability
        i = self._cell(inside)
        counts = self._part.counts[: i + 1].astype(np.float64)
        counts[i] = inside - (float(self._after[i - 1]) if i else 0.0)
        values = self._middle[: i + 1]
        mean = math.fsum(counts * values) / inside
        within = math.fsum(counts * (values - mean) ** 2) / inside
        error = math.sqrt((within + (1.0 - probability) * (mean - edge) ** 2) / inside)
        return student_estimate(
            mean, error, max(int(inside) - 1, 1), confidence, "tail of counts; asymptotic, Student t"
        )

    def histogram(self) -> Histogram:
        """Return the histogram of the cells' middles."""
        low, high = self._part.minimum, self._part.maximum
        if low == high:
            return Histogram(np.array([low, high]), np.array([self.count], dtype=np.int64))
        edges = low + (high - low) * (np.arange(HISTOGRAM_BINS_MAX + 1) / HISTOGRAM_BINS_MAX)
        edges[-1] = high
        places = np.minimum(np.searchsorted(edges, self._middle, side="right") - 1, HISTOGRAM_BINS_MAX - 1)
        counts = np.zeros(HISTOGRAM_BINS_MAX, dtype=np.int64)
        np.add.at(counts, places, self._part.counts)
        return Histogram(edges, counts)


def summarize_counts(
    name: str, part: Counts, probabilities: Sequence[float], confidence: float
) -> tuple[DistributionSummary, float]:
    """Return what `summarize_distribution` would, from counts, and the largest rank error of its quantiles."""
    tails = tuple(dict.fromkeys((*TAIL_PROBABILITIES, *probabilities)))
    wanted = sorted({*QUANTILE_PROBABILITIES, *tails})
    law = CountedDistribution(part)
    if law.count < 2:
        return undefined_summary(name, part.undefined, wanted, tails), 0.0
    n = law.count
    m1, m2, m3, m4 = (math.fsum(column) / n for column in part.powers.T)
    variance = max(m2 - m1 * m1, 0.0)
    fourth = m4 - 4.0 * m1 * m3 + 6.0 * m1 * m1 * m2 - 3.0 * m1**4
    deviation = math.sqrt(variance * n / (n - 1))
    kurtosis = fourth / (variance * variance) if variance > 0.0 else math.nan
    spread_error = standard_deviation_standard_error(deviation, kurtosis, n)
    quantiles = {p: Quantile(p, law.quantile(p, confidence)) for p in wanted}
    summary = DistributionSummary(
        name=name,
        count=n,
        undefined_count=part.undefined,
        mean=mean_estimate(m1, deviation, n, confidence),
        standard_deviation=positive_estimate(deviation, spread_error, confidence, "sample; fourth moment"),
        minimum=part.minimum,
        maximum=part.maximum,
        quantiles=tuple(quantiles.values()),
        tails=tuple(
            Tail(p, quantiles[p].estimate, law.shortfall(p, quantiles[p].estimate.value, confidence)) for p in tails
        ),
        histogram=law.histogram(),
    )
    return summary, law.rank_error


def counted_probability(part: Counts, index: int, confidence: float) -> Estimate:
    """Return the probability to be below zero (0) or at or below one of the levels (from 1)."""
    return probability_estimate(int(part.at_or_below[index]), int(part.counts.sum()), confidence)
