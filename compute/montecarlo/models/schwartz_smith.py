"""Commodity prices with a deviation that reverts and a level that stays where it went: Schwartz and Smith.

Mean and covariance are those of the simple returns of the first day, as for every model. `transient_share` of the
variance is drawn back at the rate `kappa`; the two factors' shocks are independent. See `mean_reversion`.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from riskwave.compute.montecarlo.mean_reversion import estimate_reversion, simulate_mean_reversion, variance_ratio
from riskwave.compute.montecarlo.model import MODELS, PathBlock, PortfolioModel
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
    kappa, share = float(law.params["kappa"]), float(law.params["transient_share"])
    simulate_mean_reversion(spec, law, block, log_covariance(law), kappa=kappa, share=share)


def _simulate_on_sobol_points(spec: SimulationSpec, law: PortfolioLaw, block: PathBlock) -> None:
    kappa, share = float(law.params["kappa"]), float(law.params["transient_share"])
    ratio = partial(variance_ratio, kappa=kappa, share=share)
    covariance = log_covariance(law)
    simulate_on_sobol_points(
        spec, law, block, log_covariance=covariance, variance_ratio=ratio, kappa=kappa, share=share
    )


def _of_a_day(
    mean: NDArray[np.float64], covariance: NDArray[np.float64], days: float, params: Mapping[str, Value]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    ratio = variance_ratio(days, float(params["kappa"]), float(params["transient_share"]))
    return of_a_day(mean, covariance, days, ratio)


def path_step_ns(law: PortfolioLaw) -> float:
    """Return the time of one path and day on one core, as measured."""
    assets = len(law.weights)
    return 10.0 + 3.2 * assets + 0.025 * assets * assets


MODELS.add(
    PortfolioModel(
        name="schwartz_smith",
        title="Schwartz-Smith two-factor",
        doc="Part of the daily variance of log prices reverts at a rate; the rest moves their level for good.",
        reference="Schwartz and Smith (2000), Short-term variations and long-term dynamics. Management Science 46(7)",
        params=(
            Param(
                "kappa",
                1.49,
                "Rate at which a deviation reverts. Left out, stored prices tell it.",
                low=0.0,
                high=100.0,
                unit="1/year",
            ),
            Param(
                "transient_share",
                0.7,
                "Part of the daily variance that reverts. Left out, stored prices tell it.",
                low=0.0,
                high=1.0,
            ),
        ),
        modes=("full",),
        positive=True,
        rebalancings=("daily", "none"),
        simulate=_simulate,
        path_step_ns=path_step_ns,
        estimate=estimate_reversion,
        of_a_day=_of_a_day,
        prepare=prepare_lognormal,
        ends_alone=ends_alone,
        sobol=SobolDriver(_simulate_on_sobol_points, lambda law: 2 * len(law.weights)),
    )
)
