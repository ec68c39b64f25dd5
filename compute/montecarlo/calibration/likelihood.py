"""What every fit by maximum likelihood needs: a search from several starts, and standard errors."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import scipy  # its optimisers are loaded at their first use: a server starts sooner

from riskwave.compute.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

_STEP: Final = 1e-4
_IMPOSSIBLE: Final = 1e300


def maximise(
    log_likelihood: Callable[[NDArray[np.float64]], float],
    starts: Sequence[NDArray[np.float64]],
    bounds: Sequence[tuple[float, float]],
    field: str,
    gradient: Callable[[NDArray[np.float64]], NDArray[np.float64]] | None = None,
) -> NDArray[np.float64]:
    """Return the point of the highest log-likelihood, searched for from every start, with its gradient if there is one.

    Raises
    ------
    InputError
        When it is finite nowhere: these observations are not of such a model.
    """

    def cost(point: NDArray[np.float64]) -> float:
        value = log_likelihood(point)
        return -value if math.isfinite(value) else _IMPOSSIBLE

    def slope(point: NDArray[np.float64]) -> NDArray[np.float64]:
        assert gradient is not None
        return -gradient(point)

    jacobian = None if gradient is None else slope
    # Not L-BFGS-B: its matrices of a few numbers go through a library that sets all cores spinning for each of them.
    options: Any = {"maxfun": 2_000, "ftol": 1e-12, "xtol": 1e-10}
    best, lowest = None, _IMPOSSIBLE
    for start in starts:
        found = scipy.optimize.minimize(cost, start, jac=jacobian, method="TNC", bounds=bounds, options=options)
        if found.fun < lowest:
            best, lowest = found.x, float(found.fun)
    if best is None:
        raise InputError(field, "observations", "such that the model has a likelihood for them")
    if gradient is not None:
        return np.asarray(best)
    # The gradient is a difference quotient; a search without one gets closer to the top.
    polished = scipy.optimize.minimize(
        cost, best, method="Nelder-Mead", bounds=bounds, options={"xatol": 1e-7, "fatol": 1e-9, "maxiter": 4_000}
    )
    result: NDArray[np.float64] = polished.x if polished.fun < lowest else best
    return result


def standard_errors(
    log_likelihood: Callable[[NDArray[np.float64]], float], point: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the standard errors at the maximum, from the curvature; NaN where there is none (a bound, a ridge).

    Each parameter moves by 1e-4 of itself, or 1e-4 where that is less.
    """
    count = len(point)
    steps = _STEP * np.maximum(np.abs(point), 1e-2)
    hessian = np.empty((count, count))
    for i in range(count):
        for j in range(i + 1):
            total = 0.0
            for a in (1.0, -1.0):
                for b in (1.0, -1.0):
                    moved = point.copy()
                    moved[i] += a * steps[i]
                    moved[j] += b * steps[j]
                    total += a * b * log_likelihood(moved)
            hessian[i, j] = hessian[j, i] = total / (4.0 * steps[i] * steps[j])
    if not np.isfinite(hessian).all():
        return np.full(count, math.nan)
    try:
        variances = np.diagonal(np.linalg.inv(-hessian))
    except np.linalg.LinAlgError:
        return np.full(count, math.nan)
    return np.sqrt(np.where(variances > 0.0, variances, math.nan))
