"""Multivariate normal daily returns.

The assets' simple returns of a day are N(mean, covariance), independent from day to day. Rebalanced to fixed weights
w every day, the portfolio's return is N(w'mean, w'covariance w): the collapsed mode draws that one number a day,
identical in law to the full mode, which draws every asset.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from riskwave.compute.montecarlo.elliptical import simulate_independent_days
from riskwave.compute.montecarlo.model import MODELS, PathBlock, PortfolioModel
from riskwave.compute.montecarlo.sobol_paths import SobolDriver, simulate_on_sobol_points

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from riskwave.compute.montecarlo.law import PortfolioLaw
    from riskwave.compute.montecarlo.spec import SimulationSpec
    from riskwave.compute.registry import Value


def _simulate(spec: SimulationSpec, law: PortfolioLaw, block: PathBlock) -> None:
    simulate_independent_days(spec, law, block)


def _of_a_day(
    mean: NDArray[np.float64], covariance: NDArray[np.float64], days: float, _params: Mapping[str, Value]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Means and variances of independent returns are in proportion to time."""
    return mean / days, covariance / days


def path_step_ns(law: PortfolioLaw) -> float:
    """Return the time of one path and day on one core, as measured with 1 to 200 assets."""
    if law.mode == "collapsed":
        return 1.5
    assets = len(law.weights)
    return 4.5 + 0.95 * assets + 0.0125 * assets * assets


MODELS.add(
    PortfolioModel(
        name="normal",
        title="Multivariate normal",
        doc="Simple daily returns are N(mean, covariance), independent from day to day.",
        reference="Glasserman (2004), Monte Carlo Methods in Financial Engineering, section 2.3",
        params=(),
        modes=("collapsed", "full"),
        rebalancings=("daily", "none"),
        simulate=_simulate,
        path_step_ns=path_step_ns,
        of_a_day=_of_a_day,
        sobol=SobolDriver(simulate_on_sobol_points),
    )
)
