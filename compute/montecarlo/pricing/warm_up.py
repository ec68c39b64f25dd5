"""The kernels of prices, compiled by what a request needs: its model, its payoff, and Sobol points if it asks for them.

Each of them is compiled by pricing something small with it, beside the plainest that there is of the other kind.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from riskwave.compute.montecarlo.pricing.engine import price
from riskwave.compute.montecarlo.pricing.model import PRICING_MODELS
from riskwave.compute.montecarlo.pricing.payoff import PAYOFFS, Payoff
from riskwave.compute.montecarlo.pricing.spec import GREEKS, PricingSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_PLAIN_MODEL: Final = "gbm"
_PLAIN_PAYOFF: Final = "european"
_SEVERAL: Final = 2
_STEPS: Final = 2
_SOBOL_STEP: Final = "montecarlo.price.sobol"


def warm_up_steps() -> dict[str, Callable[[], object]]:
    """Return, by what they compile or load, such as ``montecarlo.price.heston``, the calls that do it."""
    steps: dict[str, Callable[[], object]] = {}
    for model in PRICING_MODELS.names():
        steps[_model_step(model)] = partial(_warm_up_model, model)
    for payoff in PAYOFFS.names():
        steps[_payoff_step(payoff)] = partial(_warm_up_payoff, PAYOFFS.get(payoff))
    return steps | {_SOBOL_STEP: _warm_up_sobol}


def steps_of(spec: PricingSpec) -> tuple[str, ...]:
    """Return the names of the steps that a price needs; those of an unknown model or payoff are no steps."""
    sobol = (_SOBOL_STEP,) if spec.sampling == "sobol" else ()
    return (_model_step(spec.model), _payoff_step(spec.payoff), *sobol)


def _model_step(name: str) -> str:
    return f"montecarlo.price.{name}"


def _payoff_step(name: str) -> str:
    return f"montecarlo.payoff.{name}"


def _warm_up_model(name: str) -> None:
    _price(model=name, payoff=_PLAIN_PAYOFF)


def _warm_up_payoff(payoff: Payoff) -> None:
    assets = max(payoff.assets[0], min(payoff.assets[1], _SEVERAL))
    for count in sorted({payoff.assets[0], assets}):
        choices: list[Mapping[str, Any]] = [{}]
        for param in payoff.params:
            if param.name == "monitoring":
                choices = [{param.name: choice} for choice in param.choices]
            if param.name == "exercise_dates":
                choices = [{param.name: _STEPS}]
        for params in choices:
            _price(model=_PLAIN_MODEL, payoff=payoff.name, payoff_params=params, assets=count)


def _warm_up_sobol() -> None:
    _price(model=_PLAIN_MODEL, payoff=_PLAIN_PAYOFF, sampling="sobol")


def _price(*, model: str, payoff: str, assets: int = 1, **changes: Any) -> None:
    """Price two steps of 32 paths, with every sensitivity that the pair has without early exercise."""
    takes_volatility = PRICING_MODELS.get(model).takes_volatility
    greeks = () if PAYOFFS.get(payoff).early_exercise else GREEKS
    price(
        PricingSpec(
            model=model,
            payoff=payoff,
            spot=100.0 if assets == 1 else (100.0,) * assets,
            volatility=0.2 if takes_volatility else None,
            maturity_years=1.0,
            paths=32,
            steps=_STEPS,
            greeks=greeks,
            **changes,
        )
    )
