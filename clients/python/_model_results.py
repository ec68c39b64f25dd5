"""What the calls about models and derivatives return."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from riskwave._estimates import Estimate, decode_estimate
from riskwave._inputs import enum_name
from riskwave._meta import ResultMeta, decode_meta
from riskwave._parameters import ParameterSpec, decode_parameter_specs
from riskwave._portfolio_report import estimate_cells
from riskwave._results import Grid, Result, Rows, format_number
from riskwave._simulation_results import SimulationProgress, decode_progress
from riskwave.v1 import simulation_pb2

if TYPE_CHECKING:
    from riskwave.v1 import simulation_service_pb2 as pb


@dataclass(frozen=True, slots=True)
class ModelSpec(Result):
    """A model: its name, parameters and law, whether it simulates portfolios and calibrates, its payoffs and modes.

    `portfolio_parameters` and `price_parameters` name those of its parameters that `simulation.run` and
    `simulation.price` take; both are empty when the server does not tell.
    """

    name: str
    title: str
    parameters: tuple[ParameterSpec, ...]
    doc: str
    reference: str
    simulates_portfolios: bool
    calibrates: bool
    payoffs: tuple[str, ...]
    modes: tuple[str, ...]
    portfolio_parameters: tuple[str, ...] = ()
    price_parameters: tuple[str, ...] = ()

    def parameters_for(self, names: tuple[str, ...]) -> tuple[ParameterSpec, ...]:
        """Return the specifications of some of the parameters, such as `price_parameters`."""
        return tuple(one for one in self.parameters if one.name in names)


@dataclass(frozen=True, slots=True)
class PayoffSpec(Result):
    """A payoff: its name, parameters and definition."""

    name: str
    title: str
    parameters: tuple[ParameterSpec, ...]
    doc: str
    reference: str


@dataclass(frozen=True, slots=True)
class Catalogue(Result):
    """The models and payoffs that the server has."""

    models: Rows[ModelSpec]
    payoffs: Rows[PayoffSpec]


@dataclass(frozen=True, slots=True)
class Greek:
    """A sensitivity: delta, gamma, vega, rho or theta; the underlying's index (-1: all); its estimate."""

    name: str
    underlying_index: int
    estimate: Estimate

    @property
    def label(self) -> str:
        """The name, with the underlying's index where it is about one of several: ``delta[0]``."""
        return self.name if self.underlying_index < 0 else f"{self.name}[{self.underlying_index}]"


@dataclass(frozen=True, slots=True)
class DerivativePrice(Result):
    """The price of a derivative.

    Attributes
    ----------
    price
        The price.
    greeks
        The sensitivities that were asked for.
    exact_price
        The exact price where a closed form is known. NaN elsewhere.
    path_count
        Paths that were used.
    variance_reduction
        Factor by which control variates and sampling lowered the variance.
    meta
        About the answer.
    """

    price: Estimate
    greeks: tuple[Greek, ...]
    exact_price: float
    path_count: int
    variance_reduction: float
    meta: ResultMeta

    def grid(self) -> Grid:
        """Return price and sensitivities."""
        greeks = tuple((one.label, *estimate_cells(one.estimate)) for one in self.greeks)
        rows = [("price", *estimate_cells(self.price))]
        if not math.isnan(self.exact_price):
            rows.append(("exact price", *estimate_cells(Estimate(self.exact_price))))
        columns = ("", "value", "std. error", "low", "high")
        heading = f"{self.path_count:,} paths, variance lowered {format_number(self.variance_reduction, 3)} times"
        return Grid(heading, columns, (*rows, *greeks), frozenset({1, 2, 3, 4}), self.meta.notes())


@dataclass(frozen=True, slots=True)
class DerivativePriceUpdate:
    """A price that converges: the result so far, the progress, and whether it is the last."""

    result: DerivativePrice
    progress: SimulationProgress
    final: bool


def decode_catalogue(message: pb.ListModelsResponse) -> Catalogue:
    """Return the models and payoffs."""
    models = Rows(
        ModelSpec(
            name=one.name,
            title=one.title,
            parameters=decode_parameter_specs(one.parameters),
            doc=one.doc,
            reference=one.reference,
            simulates_portfolios=one.simulates_portfolios,
            calibrates=one.calibrates,
            payoffs=tuple(one.payoffs),
            modes=tuple(enum_name(simulation_pb2.SimulationMode, mode) for mode in one.modes),
            portfolio_parameters=tuple(one.portfolio_parameters),
            price_parameters=tuple(one.price_parameters),
        )
        for one in message.models
    )
    payoffs = Rows(
        PayoffSpec(one.name, one.title, decode_parameter_specs(one.parameters), one.doc, one.reference)
        for one in message.payoffs
    )
    return Catalogue(models, payoffs)


def decode_derivative(message: pb.PriceDerivativeResponse) -> DerivativePrice:
    """Return a price of its message."""
    return DerivativePrice(
        price=decode_estimate(message.price),
        greeks=tuple(Greek(one.name, one.underlying_index, decode_estimate(one.estimate)) for one in message.greeks),
        exact_price=message.exact_price,
        path_count=message.path_count,
        variance_reduction=message.variance_reduction,
        meta=decode_meta(message.meta),
    )


def decode_price_update(message: pb.StreamPriceResponse) -> DerivativePriceUpdate:
    """Return an update of its message."""
    return DerivativePriceUpdate(decode_derivative(message.result), decode_progress(message.progress), message.final)
