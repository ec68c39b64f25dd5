"""A request, checked and completed: what every chunk of it starts from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from riskwave.compute.errors import InputError, TooLargeError
from riskwave.compute.montecarlo.philox import SEED_MAX
from riskwave.compute.montecarlo.pricing.fixings import fixings_of, steps_for_fixings
from riskwave.compute.montecarlo.pricing.market import market_of
from riskwave.compute.montecarlo.pricing.model import PRICING_MODELS
from riskwave.compute.montecarlo.pricing.payoff import PAYOFFS, Contract
from riskwave.compute.montecarlo.pricing.reductions import EXPONENT_MAX
from riskwave.compute.montecarlo.pricing.spec import GREEKS, PRICING_PATHS_MAX, SAMPLINGS, STEPS_MAX, PricingSpec
from riskwave.compute.montecarlo.sobol import DIMENSIONS_MAX, POINTS_MAX, SCRAMBLES, check_point_count
from riskwave.compute.registry import check_params
from riskwave.compute.risk.inputs import check_choice, check_number

if TYPE_CHECKING:
    from riskwave.compute.montecarlo.pricing.market import Market
    from riskwave.compute.montecarlo.pricing.model import PricingModel, Terminal
    from riskwave.compute.montecarlo.pricing.payoff import Control, Payoff

_EXTREME_DEVIATIONS: Final = 12.0


@dataclass(frozen=True, eq=False, slots=True)
class Task:
    """A request, checked and completed.

    Parameters
    ----------
    spec, payoff, model, market, contract
        What is asked for.
    terminal
        Law of the prices at maturity.
    control
        Control variate; none where the exact price is known, so that the simulation stays a check of it.
    """

    spec: PricingSpec
    payoff: Payoff
    model: PricingModel
    market: Market
    contract: Contract
    terminal: Terminal
    control: Control | None

    @property
    def replicates(self) -> int:
        """Independent estimates of which the result is the mean: the scrambles of a Sobol sequence, else 1."""
        return SCRAMBLES if self.spec.sampling == "sobol" else 1

    @property
    def expectation(self) -> float:
        """Exact expectation of the amounts, or NaN."""
        return self.payoff.expectation(self.contract, self.market, self.terminal)


def task_of(spec: PricingSpec) -> Task:
    """Check a specification and complete it.

    Raises
    ------
    InputError
        Or one of its kinds, naming the field.
    """
    payoff, model = PAYOFFS.get(spec.payoff), PRICING_MODELS.get(spec.model)
    if model.name not in payoff.models:
        allowed = f"one that goes with the payoff {payoff.name}: {', '.join(payoff.models)}"
        raise InputError("model", model.name, allowed)
    params = check_params(payoff.params, spec.payoff_params, "payoff_params")
    model_params = check_params(model.params, spec.model_params, "model_params")
    _check_numbers(spec)
    maturity = check_number(spec.maturity_years, "maturity_years", low=0.0, high=100.0)
    steps = spec.steps
    if steps == 0:
        fine = 1 if math.isinf(model.step_years_max) else math.ceil(maturity / model.step_years_max - 1e-9)
        if len(spec.fixing_times):
            steps = steps_for_fixings(spec, payoff, fine)
        else:
            steps = max(payoff.step_count(params, maturity), fine, 1)
        _check_integer("steps", steps, 1, STEPS_MAX)
    market = market_of(spec, model, model_params, steps, fixings_of(spec, payoff, steps))
    low, high = payoff.assets
    if not low <= market.assets <= min(high, model.assets_max):
        words = f"{low}" if low == high else f"{low} to {min(high, model.assets_max)}"
        raise InputError("spot", f"{market.assets} prices", f"{words} for the payoff {payoff.name} under {model.name}")
    contract = Contract(params, model.name)
    payoff.check(market, contract)
    terminal = _terminal(model, market)
    if spec.sampling == "sobol":
        _check_sobol(spec, steps * model.shocks(market.assets).count)
    unknown = math.isnan(payoff.expectation(contract, market, terminal))
    control = payoff.control(contract, terminal) if unknown else None
    return Task(spec, payoff, model, market, contract, terminal, control)


def _terminal(model: PricingModel, market: Market) -> Terminal:
    with np.errstate(over="ignore", invalid="ignore"):
        terminal = model.terminal(market)
        reach = np.abs(np.log(terminal.forwards)) + _EXTREME_DEVIATIONS * np.nan_to_num(terminal.deviations)
    if not np.all(reach <= EXPONENT_MAX):
        years = market.maturity_years
        raise InputError("maturity_years", years, "short enough for prices to stay in the range of numbers")
    return terminal


def _check_numbers(spec: PricingSpec) -> None:
    _check_integer("paths", spec.paths, 2, PRICING_PATHS_MAX)
    _check_integer("steps", spec.steps, 0, STEPS_MAX)
    _check_integer("seed", spec.seed, 0, SEED_MAX)
    check_choice(spec.sampling, "sampling", SAMPLINGS)
    if spec.sampling == "antithetic" and spec.paths % 2:
        raise InputError("paths", spec.paths, "an even number, because antithetic paths come in pairs")
    check_number(spec.confidence, "confidence", low=0.0, high=1.0, closed=False)
    check_number(spec.target_se, "target_se", low=0.0, high=1e12)
    for name in spec.greeks:
        check_choice(name, "greeks", GREEKS)
    if len(set(spec.greeks)) != len(spec.greeks):
        raise InputError("greeks", spec.greeks, "names that occur once")
    if spec.greeks and spec.maturity_years == 0.0:
        raise InputError(
            "greeks", spec.greeks, "left out at a maturity of 0, where a price has kinks instead of slopes"
        )


def _check_sobol(spec: PricingSpec, dimensions: int) -> None:
    check_point_count(spec.paths, SCRAMBLES * POINTS_MAX)
    if dimensions > DIMENSIONS_MAX:
        most = spec.steps * DIMENSIONS_MAX // dimensions
        raise TooLargeError(
            "steps", spec.steps, f"at most {most} with Sobol points: they have {DIMENSIONS_MAX} dimensions"
        )


def _check_integer(name: str, value: object, low: int, high: int) -> None:
    allowed = f"an integer from {low} to {high}"
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < low:
        raise InputError(name, value, allowed)
    if value > high:
        raise (InputError if name == "seed" else TooLargeError)(name, value, allowed)
