"""The kernels' estimates as the contract's messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from riskwave.v1 import estimate_pb2 as pb

if TYPE_CHECKING:
    from riskwave.compute.estimates import Estimate


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
