"""SimulationService's ListModels: what simulates portfolios, what prices, and what is paid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from riskwave.compute import montecarlo
from riskwave.compute.montecarlo import pricing
from riskwave.server.services.parameters import encode_param
from riskwave.v1 import parameter_pb2, simulation_pb2
from riskwave.v1 import simulation_service_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from riskwave.compute.montecarlo.pricing import PricingModel

MODES: Final = {
    "collapsed": simulation_pb2.SIMULATION_MODE_COLLAPSED,
    "full": simulation_pb2.SIMULATION_MODE_FULL,
}

VOLATILITY: Final = parameter_pb2.ParameterSpec(
    name="volatility",
    kind=parameter_pb2.PARAMETER_KIND_FLOAT,
    low=0.0,
    high=10.0,
    unit="1/year",
    doc="Volatility a year as a fraction; one number, or one an underlying. For pricing, and then required.",
)
DIVIDEND_YIELD: Final = parameter_pb2.ParameterSpec(
    name="dividend_yield",
    kind=parameter_pb2.PARAMETER_KIND_FLOAT,
    default_value=parameter_pb2.ParameterValue(double_value=0.0),
    low=-1.0,
    high=10.0,
    unit="1/year",
    doc="Yield a year, continuously compounded; one number, or one an underlying. For pricing.",
)
WEIGHTS: Final = parameter_pb2.ParameterSpec(
    name="weights",
    kind=parameter_pb2.PARAMETER_KIND_FLOAT,
    low=0.0,
    high=1e6,
    doc="One an underlying. Left out, they are equal and sum to 1.",
)

FIXING_TIMES: Final = parameter_pb2.ParameterSpec(
    name="fixing_times",
    kind=parameter_pb2.PARAMETER_KIND_FLOAT,
    low=0.0,
    high=100.0,
    unit="years",
    doc="When the price is looked at, in years from now, ascending. Left out, at every step.",
)

_PAIR: Final = 2
"""Payoffs of more underlyings weigh them."""


def list_models() -> pb.ListModelsResponse:
    """Return every registered model and payoff; a model that simulates portfolios and prices is one entry."""
    models = {model.name: model for model in montecarlo.MODELS}
    pricers = {model.name: model for model in pricing.PRICING_MODELS}
    answer = pb.ListModelsResponse()
    for name in sorted(models.keys() | pricers.keys()):
        one = models.get(name) or pricers[name]
        doc = f"{one.doc} For prices: {pricers[name].doc}" if name in models and name in pricers else one.doc
        spec = answer.models.add(name=name, title=one.title, doc=doc, reference=one.reference)
        spec.parameters.extend(map(encode_param, one.params))
        if name in models:
            spec.simulates_portfolios = spec.calibrates = True
            spec.modes.extend(MODES[mode] for mode in models[name].modes)
            spec.portfolio_parameters.extend(param.name for param in models[name].params)
        if name in pricers:
            known = {parameter.name for parameter in spec.parameters}
            taken = list(_pricing_params(pricers[name]))
            spec.parameters.extend(each for each in taken if each.name not in known)
            spec.price_parameters.extend(each.name for each in taken)
            spec.payoffs.extend(payoff.name for payoff in pricing.PAYOFFS if name in payoff.models)
    for payoff in pricing.PAYOFFS:
        entry = answer.payoffs.add(name=payoff.name, title=payoff.title, doc=payoff.doc, reference=payoff.reference)
        entry.parameters.extend(map(encode_param, payoff.params))
        if payoff.assets[1] > _PAIR:
            entry.parameters.append(WEIGHTS)
        if payoff.takes_fixings:
            entry.parameters.append(FIXING_TIMES)
    return answer


def _pricing_params(model: PricingModel) -> Iterator[parameter_pb2.ParameterSpec]:
    if model.takes_volatility:
        yield VOLATILITY
    if model.takes_carry:
        yield DIVIDEND_YIELD
    yield from map(encode_param, model.params)
