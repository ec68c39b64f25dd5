"""Commodity prices that are drawn back to a level which grows: Schwartz' one-factor model.

Mean and covariance are those of the simple returns of the first day, as for every model; all of the variance reverts at
the rate `kappa`. See `mean_reversion`.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from riskwave.compute.montecarlo.mean_reversion import estimate_reversion, simulate_mean_reversion, variance_ratio
from riskwave.compute.montecarlo.model import MODELS, Estimation, PathBlock, PortfolioModel
from riskwave.compute.montecarlo.models.gbm import ends_alone, log_covariance, of_a_day, prepare_lognormal
from riskwave.compute.montecarlo.sobol_paths import SobolDriver, simulate_on_sobol_points
from riskwave.compute.registry import Param

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from riskwave.compute.montecarlo.law import PortfolioLaw
    from riskwave.compute.montecarlo.spec import SimulationSpec
    from riskwave.compute.registry import Value


def _simulate(spec: SimulationSpec, law: PortfolioLaw, block: PathBlock) -> None:
    kappa = float(law.params["kappa"])
    simulate_mean_reversion(spec, law, block, log_covariance(law), kappa=kappa, share=1.0)


def _simulate_on_sobol_points(spec: SimulationSpec, law: PortfolioLaw, block: PathBlock) -> None:
    kappa = float(law.params["kappa"])
    ratio = partial(variance_ratio, kappa=kappa, share=1.0)
    covariance = log_covariance(law)
    simulate_on_sobol_points(spec, law, block, log_covariance=covariance, variance_ratio=ratio, kappa=kappa, share=1.0)


def _estimate(returns: NDArray[np.float64], period_days: float, given: Mapping[str, Value]) -> Estimation | None:
    return estimate_reversion(returns, period_days, {**given, "transient_share": 1.0})


def _of_a_day(
    mean: NDArray[np.float64], covariance: NDArray[np.float64], days: float, params: Mapping[str, Value]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return of_a_day(mean, covariance, days, variance_ratio(days, float(params["kappa"]), 1.0))


def path_step_ns(law: PortfolioLaw) -> float:
    """Return the time of one path and day on one core, as measured."""
    assets = len(law.weights)
    return 6.5 + 2.1 * assets + 0.0125 * assets * assets


MODELS.add(
    PortfolioModel(
        name="schwartz1f",
        title="Schwartz one-factor",
        doc="Log prices are drawn back to their level at a rate; nothing stays for good.",
        reference="Schwartz (1997), The stochastic behavior of commodity prices. Journal of Finance 52(3)",
        params=(
            Param(
                "kappa",
                0.694,
                "Rate at which a deviation reverts. Left out, stored prices tell it.",
                low=0.0,
                high=100.0,
                unit="1/year",
            ),
        ),
        modes=("full",),
        positive=True,
        rebalancings=("daily", "none"),
        simulate=_simulate,
        path_step_ns=path_step_ns,
        estimate=_estimate,
        of_a_day=_of_a_day,
        prepare=prepare_lognormal,
        ends_alone=ends_alone,
        sobol=SobolDriver(_simulate_on_sobol_points),
    )
)
