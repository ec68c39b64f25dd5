"""What a derivative's price is asked for with."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, Unpack

import numpy as np

from riskwave._errors import invalid
from riskwave._inputs import (
    array,
    confidence_of,
    enum_value,
    integer,
    mapping,
    number,
    numbers,
    refuse_unknown,
    text,
)
from riskwave.v1 import meta_pb2, simulation_pb2
from riskwave.v1 import simulation_service_pb2 as pb
from riskwave.v1.codec import encode_array, encode_params

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike

    from riskwave._indicators import Param

DEFAULT_PATHS = 100_000
DEFAULT_MATURITY_YEARS = 1.0


class DerivativeOptions(TypedDict, total=False):
    """What is priced and how.

    model_params, payoff_params
        Parameters of the model and of the payoff.
    spot
        Spot price of the underlying, or of each.
    correlation
        Correlation of the underlyings. None means uncorrelated.
    rate
        Risk-free rate a year, continuously compounded.
    maturity
        Years to maturity: 1.0 by default.
    paths, steps, seed
        Paths, 100,000 by default; time steps, 0 lets payoff and model decide; seed.
    sampling, scrambles
        As in `SimulationOptions`.
    greeks
        Sensitivities that are wanted: delta, gamma, vega, rho, theta.
    target_standard_error
        Stops when the price's error is this small. 0 runs all paths.
    placement, confidence
        As in `SimulationOptions`.
    """

    model_params: Mapping[str, Param]
    payoff_params: Mapping[str, Param]
    spot: float | Sequence[float]
    correlation: ArrayLike | None
    rate: float
    maturity: float
    paths: int
    steps: int
    seed: int | None
    sampling: str | None
    scrambles: int
    greeks: Sequence[str]
    target_standard_error: float
    placement: str | None
    confidence: float | None


def derivative_request(model: str, payoff: str, **options: Unpack[DerivativeOptions]) -> pb.PriceDerivativeRequest:
    """Return the request of a price. See `DerivativeOptions`."""
    refuse_unknown(options, DerivativeOptions)
    correlation, seed = options.get("correlation"), options.get("seed")
    return pb.PriceDerivativeRequest(
        model=text(model, "model"),
        model_params=encode_params(mapping(options.get("model_params"), "model_params")),
        payoff=text(payoff, "payoff"),
        payoff_params=encode_params(mapping(options.get("payoff_params"), "payoff_params")),
        spots=numbers(np.atleast_1d(array(options.get("spot", ()), "spot")), "spot"),
        correlation=None if correlation is None else encode_array(array(correlation, "correlation")),
        risk_free_rate=number(options.get("rate", 0.0), "rate"),
        maturity_years=number(options.get("maturity", DEFAULT_MATURITY_YEARS), "maturity"),
        paths=integer(pb.PriceDerivativeRequest, "paths", options.get("paths", DEFAULT_PATHS), "paths"),
        step_count=integer(pb.PriceDerivativeRequest, "step_count", options.get("steps", 0), "steps"),
        seed=None if seed is None else integer(pb.PriceDerivativeRequest, "seed", seed, "seed"),
        sampling=enum_value(simulation_pb2.Sampling, options.get("sampling"), "sampling"),
        scramble_count=integer(pb.PriceDerivativeRequest, "scramble_count", options.get("scrambles", 0), "scrambles"),
        greeks=_greeks(options.get("greeks", ())),
        target_standard_error=number(options.get("target_standard_error", 0.0), "target_standard_error"),
        placement=enum_value(meta_pb2.Placement, options.get("placement"), "placement"),
        confidence=confidence_of(options.get("confidence")),
    )


def _greeks(given: object) -> list[str]:
    if isinstance(given, str) or not np.iterable(given):
        raise invalid("greeks", given, "a sequence of names")
    return [text(name, f"greeks[{i}]") for i, name in enumerate(given)]
