"""Correlated geometric Brownian motion: normal log returns.

Mean and covariance are those of the simple daily returns, as for every model; the log returns that have them are
N(log(1 + mean_i) - s_ii / 2, s_ij) with s_ij = log(1 + covariance_ij / ((1 + mean_i) (1 + mean_j))). Prices stay
positive. A sum of lognormal assets is not lognormal, so every asset is simulated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.errors import NotPositiveSemidefiniteError
from riskwave.compute.montecarlo.elliptical import simulate_independent_days
from riskwave.compute.montecarlo.law import EIGENVALUE_TOLERANCE
from riskwave.compute.montecarlo.model import MODELS, PathBlock, PortfolioModel
from riskwave.compute.montecarlo.sobol_paths import SobolDriver, simulate_on_sobol_points

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskwave.compute.montecarlo.law import PortfolioLaw
    from riskwave.compute.montecarlo.spec import SimulationSpec


def log_covariance(law: PortfolioLaw) -> NDArray[np.float64]:
    """Return the covariance of the daily log returns, shape (assets, assets)."""
    growth = 1.0 + law.mean
    result: NDArray[np.float64] = np.log1p(law.covariance / np.outer(growth, growth))
    return result


def prepare_lognormal(law: PortfolioLaw) -> PortfolioLaw:
    """Refuse a covariance that lognormal prices cannot have."""
    growth = 1.0 + law.mean
    relative = law.covariance / np.outer(growth, growth)
    if relative.min() <= -1.0:
        raise NotPositiveSemidefiniteError("covariance", float(relative.min()), "above -1 relative to the mean growth")
    eigenvalues = np.linalg.eigvalsh(np.log1p(relative))
    if eigenvalues[0] < -EIGENVALUE_TOLERANCE * eigenvalues[-1]:
        raise NotPositiveSemidefiniteError(
            "covariance",
            f"a matrix whose log returns' covariance has the eigenvalue {eigenvalues[0]:.6g}",
            "one that lognormal prices can have",
        )
    return law


def of_a_day(
    mean: NDArray[np.float64], covariance: NDArray[np.float64], days: float, variances: float | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and covariance of a day's simple returns from those of a period of `days`.

    `variances` tells how many times a day's variance of the logarithms that of the period is; as many as it has days
    when left out.
    """
    growth = 1.0 + mean
    log_covariance = np.log1p(covariance / np.outer(growth, growth)) / (days if variances is None else variances)
    growth = np.exp(np.log1p(mean) / days)
    result: NDArray[np.float64] = np.outer(growth, growth) * np.expm1(log_covariance)
    return growth - 1.0, result


def _simulate(spec: SimulationSpec, law: PortfolioLaw, block: PathBlock) -> None:
    simulate_independent_days(spec, law, block, log_covariance=log_covariance(law))


def _simulate_on_sobol_points(spec: SimulationSpec, law: PortfolioLaw, block: PathBlock) -> None:
    simulate_on_sobol_points(spec, law, block, log_covariance=log_covariance(law))


def ends_alone(spec: SimulationSpec) -> bool:
    """Lognormal prices are lognormal after any time, but a rebalanced sum of them is not."""
    return spec.rebalancing == "none" or np.size(spec.weights) == 1


def path_step_ns(law: PortfolioLaw) -> float:
    """Return the time of one path and day on one core, as measured."""
    assets = len(law.weights)
    return 5.5 + 1.9 * assets + 0.0125 * assets * assets


MODELS.add(
    PortfolioModel(
        name="gbm",
        title="Geometric Brownian motion",
        doc="Daily log returns are normal, with the mean and covariance given for the simple returns.",
        reference="Glasserman (2004), Monte Carlo Methods in Financial Engineering, section 3.2",
        params=(),
        modes=("full",),
        positive=True,
        rebalancings=("daily", "none"),
        simulate=_simulate,
        path_step_ns=path_step_ns,
        of_a_day=lambda mean, covariance, days, _params: of_a_day(mean, covariance, days),
        prepare=prepare_lognormal,
        ends_alone=ends_alone,
        sobol=SobolDriver(_simulate_on_sobol_points),
    )
)
