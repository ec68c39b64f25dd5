"""Pricing by simulation: one chunk of paths, exact merging, the control variate, and the error."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from riskwave.compute.errors import InputError
from riskwave.compute.estimates import Estimate, student_estimate
from riskwave.compute.jit import kernel
from riskwave.compute.montecarlo.philox import INDEPENDENT, MIRRORED, PRICE_DRAW, split_seed
from riskwave.compute.montecarlo.pricing.exercise import with_policy
from riskwave.compute.montecarlo.pricing.greeks import Values, sensitivities
from riskwave.compute.montecarlo.pricing.noise import pseudo_noise, sobol_noise
from riskwave.compute.montecarlo.pricing.plan import boundaries, plan_pricing
from riskwave.compute.montecarlo.pricing.spec import PriceSums
from riskwave.compute.montecarlo.pricing.task import task_of
from riskwave.compute.result_warning import ResultWarning

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from numpy.typing import NDArray

    from riskwave.compute.montecarlo.chunk import Chunk
    from riskwave.compute.montecarlo.pricing.noise import Noise
    from riskwave.compute.montecarlo.pricing.spec import PricingSpec
    from riskwave.compute.montecarlo.pricing.task import Task

_BLOCK: Final = 128
"""Draws whose sum is rounded: as few as the smallest chunk has, so that no chunk ends within a block."""
_SOBOL_BLOCK: Final = 32
"""The same of a scramble's points."""
_TILE: Final = 1 << 16
_LANES_MIN: Final = 32
_LANES_MAX: Final = 4096
_LANES_UNIT: Final = 256
_ROUNDING: Final = 1e-13
_PRICE_SUMS: Final = 5
_DISTRUST_DRAWS: Final = 100
_DISTRUST_ERRORS: Final = 8.0
_ROUNDING_PRICE: Final = 1e-9


@dataclass(frozen=True, slots=True)
class PriceResult:
    """A price.

    Parameters
    ----------
    price
        With its error.
    exact_price
        Where a closed form is known; NaN elsewhere.
    path_count
        Paths that were used.
    variance_reduction
        Variance of independent draws without the control variate over that with it; 1 without one.
    greeks
        The sensitivities that were asked for, by name; a name with an asset's index in brackets where there are
        several assets. Per unit of spot, volatility (1 is a hundred per cent), rate, and year that passes.
    warnings
        What the caller should know.
    stopped_early
        Whether the precision target was reached before all paths were used.
    """

    price: Estimate
    exact_price: float
    path_count: int
    variance_reduction: float
    greeks: Mapping[str, Estimate] = field(default_factory=dict)
    warnings: tuple[ResultWarning, ...] = ()
    stopped_early: bool = False


@kernel()
def _block_sums(rows: NDArray[np.float64], size: int, sums: NDArray[np.float64]) -> None:
    """Set `sums`, shape (5 + 2 greeks, blocks), from rows y, c, greeks..., in blocks of `size`, one by one.

    The sums are those of y, c, y^2, c^2, y c, and of each sensitivity and its square.
    """
    for block in range(sums.shape[1]):
        first, last = block * size, min((block + 1) * size, rows.shape[1])
        s0, s1, s2, s3, s4 = 0.0, 0.0, 0.0, 0.0, 0.0
        for i in range(first, last):
            y, c = rows[0, i], rows[1, i]
            s0 += y
            s1 += c
            s2 += y * y
            s3 += c * c
            s4 += y * c
        sums[0, block], sums[1, block], sums[2, block], sums[3, block], sums[4, block] = s0, s1, s2, s3, s4
        for k in range(rows.shape[0] - 2):
            s0, s1 = 0.0, 0.0
            for i in range(first, last):
                s0 += rows[k + 2, i]
                s1 += rows[k + 2, i] * rows[k + 2, i]
            sums[5 + 2 * k, block], sums[6 + 2 * k, block] = s0, s1


def _exact_sum(values: Iterable[float]) -> tuple[float, ...]:
    """Return the sum as few numbers that add up to it exactly, so that sums of sums are rounded once, at the end.

    Not a number alone where the values have no finite sum.
    """
    rest, parts = list(values), []
    while part := _sum(rest):
        if not math.isfinite(part):
            return (math.nan,)
        parts.append(part)
        rest.append(-part)
    return tuple(parts)


def _sum(values: Iterable[float]) -> float:
    """Return the sum, rounded once; not a number where it is beyond all numbers."""
    try:
        return math.fsum(values)
    except (OverflowError, ValueError):  # too large on the way, or one infinity less another
        return math.nan


def _lanes(task: Task) -> int:
    """Return the paths of a block: few enough for its prices to stay in the second cache."""
    lanes = _TILE // (task.market.steps * task.market.assets)
    lanes = min(max(lanes, _LANES_MIN), _LANES_MAX)
    return lanes // _LANES_UNIT * _LANES_UNIT or lanes // 16 * 16


def _noises(task: Task, chunk: Chunk, replicate: int) -> Iterator[tuple[int, Noise]]:
    """Yield where in the chunk a block begins, and its noise."""
    shocks, steps, lanes = task.model.shocks(task.market.assets), task.market.steps, _lanes(task)
    count, first = chunk.path_count // task.replicates, chunk.first_path // task.replicates
    pairing = MIRRORED if task.spec.sampling == "antithetic" else INDEPENDENT
    key = split_seed(task.spec.seed)
    noise: Noise | None = None
    for start in range(0, count, lanes):
        width = min(lanes, count - start)
        if task.spec.sampling == "sobol":
            yield start, sobol_noise(shocks, steps, replicate, first + start, width, task.spec.seed)
        else:
            noise = pseudo_noise(shocks, steps, first + start, width, PRICE_DRAW, key, pairing, noise)
            yield start, noise


def price_chunk(spec: PricingSpec, chunk: Chunk) -> PriceSums:
    """Simulate one chunk and return its sums; antithetic pairs count as one draw, their mean."""
    task = with_policy(task_of(spec))
    wanted = sensitivities(task)
    count = chunk.path_count // task.replicates
    sums: list[tuple[tuple[float, ...], ...]] = []
    block, draws = _BLOCK if task.replicates == 1 else _SOBOL_BLOCK, 0
    for replicate in range(task.replicates):
        rows = np.zeros((2 + len(wanted), count))
        values = Values(task)
        for start, noise in _noises(task, chunk, replicate):
            part = rows[:, start : start + noise.normals.shape[1]]
            values.begin(noise)
            part[0] = values.amounts(task.market)
            if task.control is not None:
                part[1] = task.control.amounts(task.contract, values.paths(task.market))
            for row, sensitivity in enumerate(wanted):
                part[2 + row] = values.sensitivity(sensitivity)
        if spec.sampling == "antithetic":
            rows = np.ascontiguousarray(0.5 * (rows[:, 0::2] + rows[:, 1::2]))
        blocks = np.empty((_PRICE_SUMS + 2 * len(wanted), -(-rows.shape[1] // block)))
        _block_sums(rows, block, blocks)
        sums.append(tuple(_exact_sum(row) for row in blocks.tolist()))
        draws += rows.shape[1]
    return PriceSums(chunk, draws, tuple(sums))


def merge_prices(spec: PricingSpec, chunks: Iterable[PriceSums]) -> PriceResult:
    """Merge chunks, of whatever size and in whatever order: the sums over them are exact before they are rounded.

    Raises
    ------
    InputError
        If prices on the paths left the range of numbers, so that there is no estimate.
    """
    task, done = task_of(spec), list(chunks)
    wanted = sensitivities(task)
    sums = np.array(
        [
            [
                _sum(part for item in done for part in item.sums[replicate][k])
                for k in range(_PRICE_SUMS + 2 * len(wanted))
            ]
            for replicate in range(task.replicates)
        ]
    )
    if not np.all(np.isfinite(sums)):
        allowed = "short enough for prices to stay in the range of numbers on every path"
        raise InputError("maturity_years", spec.maturity_years, allowed)
    n = sum(item.count for item in done)
    paths = sum(item.chunk.path_count for item in done)
    price, reduction = _price(task, sums, n)
    labels = [f"{item.method}; {'scrambles' if task.replicates > 1 else 'Student t'}" for item in wanted]
    greeks = {
        item.name: _mean(task, sums[:, 5 + 2 * k], sums[:, 6 + 2 * k], n, labels[k]) for k, item in enumerate(wanted)
    }
    return PriceResult(
        price=price,
        exact_price=task.market.discount * task.expectation,
        path_count=paths,
        variance_reduction=reduction,
        greeks=greeks,
        warnings=(*task.model.warnings(task.market), *(_unpaid(task, sums, paths) or _distrust(task, sums, n))),
        stopped_early=paths < spec.paths,
    )


def _mean(task: Task, totals: NDArray[np.float64], squares: NDArray[np.float64], n: int, method: str) -> Estimate:
    """Return the mean of draws with its error; of scrambles, which differ less than independent draws, from them."""
    if task.replicates > 1:
        means = totals * task.replicates / n
        return _of_means(means, task.spec.confidence, method)
    mean = float(totals[0]) / n
    variance = _variance(float(squares[0]), float(totals[0]), float(totals[0]), n, float(squares[0]))
    error = math.sqrt(variance / (n - 1) / n) if n > 1 else math.nan
    return student_estimate(mean, error, n - 1, task.spec.confidence, method)


def _of_means(means: NDArray[np.float64], confidence: float, method: str) -> Estimate:
    count = len(means)
    mean = math.fsum(means) / count
    spread = math.fsum((value - mean) ** 2 for value in means)
    return student_estimate(mean, math.sqrt(spread / (count - 1) / count), count - 1, confidence, method)


def _variance(product: float, first: float, second: float, n: int, size: float) -> float:
    """Return the sum of squared deviations; what rounding leaves of equal draws is nothing."""
    left = product - first * second / n
    return left if abs(left) > _ROUNDING * size else 0.0


def _price(task: Task, sums: NDArray[np.float64], n: int) -> tuple[Estimate, float]:
    """Return the price, and by how much the control variate reduces the variance."""
    sy, sc, syy, scc, syc = (math.fsum(column) for column in sums[:, :_PRICE_SUMS].T)
    variance, control_variance = _variance(syy, sy, sy, n, syy), _variance(scc, sc, sc, n, scc)
    slope, reduced, method = 0.0, variance, "mean"
    expected = 0.0
    if task.control is not None and control_variance > 0.0:
        slope = (syc - sy * sc / n) / control_variance
        expected = task.control.expectation(task.contract, task.market, task.terminal)
        reduced = max(variance - slope * slope * control_variance, 0.0)
        method = "mean with a control variate"
    discount, confidence = task.market.discount, task.spec.confidence
    if task.replicates > 1:
        share = task.replicates / n
        means = discount * (sums[:, 0] * share - slope * (sums[:, 1] * share - expected))
        estimate = _of_means(means, confidence, f"{method} over scrambled Sobol points; Student t of the scrambles")
    else:
        mean = sy / n - slope * (sc / n - expected)
        error = math.sqrt(reduced / (n - 1) / n) if n > 1 else math.nan
        estimate = student_estimate(discount * mean, discount * error, n - 1, confidence, f"{method}; Student t")
    return estimate, variance / reduced if reduced > 0.0 else 1.0


def _unpaid(task: Task, sums: NDArray[np.float64], paths: int) -> tuple[ResultWarning, ...]:
    """Warn where no path paid anything though some may: the error is that of the paths, and they say nothing."""
    fixed = not np.nan_to_num(task.terminal.deviations, nan=1.0).any()
    if fixed or task.expectation == 0.0 or math.fsum(sums[:, 2]) > 0.0:
        return ()
    message = f"none of the {paths} paths paid anything; if any can, the price is above 0, and its error is not known"
    return (ResultWarning("ERRORS_TOO_SMALL", message, "paths"),)


def _distrust(task: Task, sums: NDArray[np.float64], n: int) -> tuple[ResultWarning, ...]:
    """Warn where the control variate's mean is not what it is known to be: few paths carry most of an expectation."""
    if task.control is None or n < _DISTRUST_DRAWS:
        return ()
    expected = task.control.expectation(task.contract, task.market, task.terminal)
    total, squares = math.fsum(sums[:, 1]), math.fsum(sums[:, 3])
    mean = total / n
    error = math.sqrt(_variance(squares, total, total, n, squares) / (n - 1) / n)
    if abs(mean - expected) <= _DISTRUST_ERRORS * error + _ROUNDING_PRICE * abs(expected):
        return ()
    message = (
        f"the mean of the control variate is {mean:.6g} over these paths and {expected:.6g} in truth: rare paths "
        "that were not drawn carry most of it, and the errors are too small"
    )
    return (ResultWarning("ERRORS_TOO_SMALL", message, "paths"),)


def target_reached(spec: PricingSpec, result: PriceResult) -> bool:
    """Return whether a price is as precise as `target_se` asks for; never without a target."""
    return spec.target_se > 0.0 and result.price.standard_error <= spec.target_se


def price(spec: PricingSpec) -> PriceResult:
    """Check, simulate and merge in the calling thread.

    Examples
    --------
    >>> from riskwave.compute.montecarlo.pricing import PricingSpec
    >>> call = {"payoff": "european", "payoff_params": {"strike": 100.0}}
    >>> market = {"spot": 100.0, "volatility": 0.2, "risk_free_rate": 0.05, "maturity_years": 1.0}
    >>> result = price(PricingSpec(**call, **market, paths=100_000, seed=1, greeks=("delta",)))
    >>> round(result.exact_price, 4)
    10.4506
    >>> abs(result.price.value - result.exact_price) < 4 * result.price.standard_error
    True
    >>> abs(result.greeks["delta"].value - 0.6368) < 4 * result.greeks["delta"].standard_error
    True
    """
    chunks = plan_pricing(spec)
    done: list[PriceSums] = []
    for boundary in boundaries(spec):
        while sum(item.chunk.path_count for item in done) < boundary:
            done.append(price_chunk(spec, chunks[len(done)]))
        result = merge_prices(spec, done)
        if target_reached(spec, result):
            break
    return result
