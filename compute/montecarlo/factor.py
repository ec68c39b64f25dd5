"""A matrix square root of a covariance that depends on no linear algebra library."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

RANK_TOLERANCE = 1e-14
"""A remaining variance below this part of the largest one is rounding."""


@kernel()
def _pivoted_cholesky(residual: NDArray[np.float64], factor: NDArray[np.float64], order: NDArray[np.int64]) -> int:
    """Overwrite `residual` and fill `factor` (rows in the order of `order`); return the rank."""
    n = len(order)
    largest = 0.0
    for i in range(n):
        order[i] = i
        largest = max(largest, residual[i, i])
    for k in range(n):
        pivot = k
        for i in range(k + 1, n):
            if residual[order[i], order[i]] > residual[order[pivot], order[pivot]]:
                pivot = i
        if residual[order[pivot], order[pivot]] <= RANK_TOLERANCE * largest:
            return k
        order[k], order[pivot] = order[pivot], order[k]
        for column in range(k):
            factor[k, column], factor[pivot, column] = factor[pivot, column], factor[k, column]
        p = order[k]
        root = np.sqrt(residual[p, p])
        factor[k, k] = root
        for i in range(k + 1, n):
            factor[i, k] = residual[order[i], p] / root
        for i in range(k + 1, n):
            for j in range(k + 1, i + 1):
                value = residual[order[i], order[j]] - factor[i, k] * factor[j, k]
                residual[order[i], order[j]] = value
                residual[order[j], order[i]] = value
    return n


def pivoted_cholesky(covariance: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return `factor` and `order` with ``factor @ factor.T == covariance[order][:, order]``.

    Works for semi-definite matrices: the factor has as many columns as the rank, and is lower trapezoidal. The order of
    operations is fixed here, while a library's may change with its version, its threads and the machine.

    Parameters
    ----------
    covariance
        Symmetric positive semi-definite, shape (n, n).

    Returns
    -------
    tuple of ndarray
        `factor` of shape (n, rank) and `order`, a permutation of shape (n,).

    Examples
    --------
    >>> factor, order = pivoted_cholesky(np.array([[1.0, 2.0], [2.0, 4.0]]))
    >>> factor.tolist(), order.tolist()
    ([[2.0], [1.0]], [1, 0])
    """
    return _remembered(np.ascontiguousarray(covariance, dtype=np.float64).tobytes(), len(covariance))


@lru_cache(maxsize=8)
def _remembered(data: bytes, n: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    residual = np.frombuffer(data).reshape(n, n).copy()
    factor = np.zeros((n, n))
    order = np.zeros(n, dtype=np.int64)
    rank = _pivoted_cholesky(residual, factor, order)
    factor = np.ascontiguousarray(factor[:, :rank])
    return factor, order
