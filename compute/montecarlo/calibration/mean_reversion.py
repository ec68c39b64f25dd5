"""What the prices of several commodities say about a common reversion: Schwartz and Smith's model by Kalman filter.

Every asset's log price is chi + xi with uncorrelated factors, as in `calibration.schwartz_smith`. Assets have
volatilities and trends of their own, and share the rate kappa and the part of a day's variance that reverts. Trends are
the means of the moves, and the volatilities of the highest likelihood are in closed form, so that a search over two
numbers is left, whatever the number of assets.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from riskwave.compute.errors import InputError, UnfitHistoryError
from riskwave.compute.jit import kernel
from riskwave.compute.montecarlo.calibration.likelihood import maximise, standard_errors
from riskwave.compute.montecarlo.path_state import PERIODS_PER_YEAR
from riskwave.compute.risk.inputs import check_returns

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

DATES_MIN: Final = 24
KAPPA_RANGE: Final = (0.01, 30.0)
_STARTS: Final = ((1.0, 0.7), (5.0, 0.4), (0.3, 0.9), (15.0, 0.5))
_EDGE: Final = 1e-3
"""So near to an end of its range, a parameter has no error that a curvature would tell."""

_LOG_TWO_PI: Final = math.log(2.0 * math.pi)


@dataclass(frozen=True, eq=False, slots=True)
class ReversionFit:
    """What several assets have in common, and what they do not.

    Parameters
    ----------
    kappa
        Rate a year at which a deviation reverts.
    transient_share
        Part of a day's variance that reverts.
    standard_errors
        Of both, by name; NaN for one that was given or that lies at the end of its range.
    daily_volatilities
        Of the log prices, shape (assets,).
    log_likelihood
        At these parameters.
    """

    kappa: float
    transient_share: float
    standard_errors: dict[str, float]
    daily_volatilities: NDArray[np.float64]
    log_likelihood: float


@kernel()
def filter_moves(
    moves: NDArray[np.float64], decay: float, short: float, long: float, squares: NDArray[np.float64]
) -> float:
    """Return the sum of the logarithms of the moves' predicted variances, and fill `squares`, shape (assets,).

    `moves`, shape (periods, assets), are those of the log prices without their trend. `short` and `long` are the
    variances that a period adds to chi and xi, in units of a day's; `squares` receives the sums of the squared errors
    of prediction over their variances. Before the first move chi has its stationary law.
    """
    periods, assets = moves.shape
    chi = np.zeros(assets)
    squares[:] = 0.0
    logarithms = 0.0
    uncertain = short / (1.0 - decay * decay)
    for t in range(periods):
        variance = (1.0 - decay) ** 2 * uncertain + short + long
        shared = decay * (decay - 1.0) * uncertain + short
        logarithms += math.log(variance)
        gain = shared / variance
        for asset in range(assets):
            error = moves[t, asset] - (decay - 1.0) * chi[asset]
            squares[asset] += error * error / variance
            chi[asset] = decay * chi[asset] + gain * error
        uncertain = decay * decay * uncertain + short - gain * shared
    return logarithms


def fit_reversion(
    returns: ArrayLike, *, period_days: float = 1.0, kappa: float | None = None, transient_share: float | None = None
) -> ReversionFit:
    """Fit a common rate of reversion, and the part that reverts, by maximum likelihood.

    Parameters
    ----------
    returns
        Simple returns, shape (periods, assets), above -1, at least 24 periods.
    period_days
        Trading days of a period: 21 for monthly prices.
    kappa, transient_share
        Given ones, which are not searched for.

    Raises
    ------
    InputError
        For too few periods, a return of -1 or below, or a price that never moves.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> chi, logs = 0.0, []
    >>> for e, f in rng.standard_normal((4000, 2)) * 0.01:
    ...     before, chi = chi, chi * math.exp(-20 / 252) + e
    ...     logs.append(chi - before + f)
    >>> fit = fit_reversion(np.expm1(logs))
    >>> abs(fit.transient_share - 0.5) < 3 * fit.standard_errors["transient_share"]
    True
    """
    moves = _moves_of(returns)
    squares = np.empty(moves.shape[1])
    given = {"kappa": kappa, "transient_share": transient_share}
    free = [name for name, value in given.items() if value is None]

    def unpack(point: NDArray[np.float64]) -> tuple[float, float]:
        found = {**given, **dict(zip(free, point.tolist(), strict=True))}
        return float(found["kappa"] or 0.0), float(found["transient_share"] or 0.0)

    def log_likelihood(point: NDArray[np.float64]) -> float:
        return _log_likelihood(moves, period_days, *unpack(point), squares)

    best = np.empty(0)
    errors: dict[str, float] = {}
    if free:
        ranges = {"kappa": KAPPA_RANGE, "transient_share": (0.0, 1.0)}
        begins = [{"kappa": rate, "transient_share": part} for rate, part in _STARTS]
        starts = [np.array([begin[name] for name in free]) for begin in begins]
        best = maximise(log_likelihood, starts, [ranges[name] for name in free], "history")
        errors = _errors(log_likelihood, best, [ranges[name] for name in free], free)
    likelihood = log_likelihood(best)
    rate, share = unpack(best)
    return ReversionFit(
        kappa=rate,
        transient_share=share,
        standard_errors={name: errors.get(name, math.nan) for name in given},
        daily_volatilities=np.sqrt(squares / len(moves)),
        log_likelihood=likelihood,
    )


def _moves_of(returns: ArrayLike) -> NDArray[np.float64]:
    """Return the moves of the log prices without their trends."""
    values = check_returns(returns, "history")
    if len(values) < DATES_MIN:
        raise InputError("history", f"{len(values)} returns", f"at least {DATES_MIN} returns")
    if values.min() <= -1.0:
        row, asset = (int(index) for index in np.unravel_index(int(values.argmin()), values.shape))
        allowed = "above -1, because the logarithm of what is left is taken"
        value = f"a return of {values[row, asset]:.4g} of {{asset}} {{observation}}"
        raise UnfitHistoryError("history", value, allowed, asset, row)
    moves = np.log1p(values)
    moves = np.ascontiguousarray(moves - moves.mean(axis=0))
    still = np.ptp(moves, axis=0) == 0.0
    if still.any():
        raise UnfitHistoryError("history", "{asset} never moves", "prices with a variance", int(np.argmax(still)))
    return moves


def _log_likelihood(
    moves: NDArray[np.float64], period_days: float, rate: float, share: float, squares: NDArray[np.float64]
) -> float:
    """Return the log-likelihood with the volatilities at which it is highest, whose squares are `squares` / periods."""
    if not (rate > 0.0 and 0.0 <= share <= 1.0):
        return math.nan
    count, assets = moves.shape
    decay = math.exp(-rate * period_days / PERIODS_PER_YEAR)
    ratio = math.expm1(-2.0 * rate * period_days / PERIODS_PER_YEAR) / math.expm1(-2.0 * rate / PERIODS_PER_YEAR)
    logarithms = filter_moves(moves, decay, share * ratio, (1.0 - share) * period_days, squares)
    scales = float(np.log(squares / count).sum())
    result: float = -0.5 * (assets * (count * (_LOG_TWO_PI + 1.0) + logarithms) + count * scales)
    return result


def _errors(
    log_likelihood: Callable[[NDArray[np.float64]], float],
    best: NDArray[np.float64],
    bounds: list[tuple[float, float]],
    names: list[str],
) -> dict[str, float]:
    """Return the standard errors of the numbers that lie inside of their ranges; the others are held where they are."""
    inside = [index for index, (low, high) in enumerate(bounds) if low + _EDGE < best[index] < high - _EDGE]

    def of_those_inside(point: NDArray[np.float64]) -> float:
        whole = best.copy()
        whole[inside] = point
        return log_likelihood(whole)

    if not inside:
        return {}
    errors = standard_errors(of_those_inside, best[inside]).tolist()
    return dict(zip([names[index] for index in inside], errors, strict=True))
