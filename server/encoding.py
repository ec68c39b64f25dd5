"""NumPy arrays straight into the fields of an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from riskwave.v1 import estimate_pb2 as pb
from riskwave.v1.codec import fill_array

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from riskwave.compute.estimates import Estimate
    from riskwave.v1.array_pb2 import Float64Array


def put_array(message: Float64Array, array: NDArray[np.float64]) -> None:
    """Fill an array that is part of a larger message."""
    fill_array(message, array)


def make_estimate(estimate: Estimate) -> pb.Estimate:
    """Return an estimate as the contract's message."""
    return pb.Estimate(
        value=estimate.value,
        standard_error=estimate.standard_error,
        low=estimate.low,
        high=estimate.high,
        confidence=estimate.confidence,
        method=estimate.method,
    )
