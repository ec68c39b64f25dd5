"""Multivariate Student t daily returns: the covariance asked for, with heavier tails that the assets share.

The assets' simple returns of a day are mean + sqrt((degrees - 2) / chi2) times N(0, covariance), with one chi-square
variable of `degrees` degrees of freedom for all of them, independent from day to day. A weighted sum of them has
Student's t distribution too, so the rebalanced portfolio collapses to one factor as the normal one does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from riskwave.compute.montecarlo.elliptical import simulate_independent_days
from riskwave.compute.montecarlo.model import MODELS, PathBlock, PortfolioModel
from riskwave.compute.registry import Param

if TYPE_CHECKING:
    from riskwave.compute.montecarlo.law import PortfolioLaw
    from riskwave.compute.montecarlo.spec import SimulationSpec


def _simulate(spec: SimulationSpec, law: PortfolioLaw, block: PathBlock) -> None:
    simulate_independent_days(spec, law, block, degrees=float(law.params["degrees"]))


def path_step_ns(law: PortfolioLaw) -> float:
    """Return the time of one path and day on one core, as measured."""
    if law.mode == "collapsed":
        return 10.0
    assets = len(law.weights)
    return 17.0 + 1.3 * assets + 0.0275 * assets * assets


MODELS.add(
    PortfolioModel(
        name="student_t",
        title="Multivariate Student t",
        doc="Simple daily returns have Student's t distribution with the mean and covariance given.",
        reference="McNeil, Frey and Embrechts (2015), Quantitative Risk Management, section 6.2",
        params=(
            Param("degrees", 5.0, "Degrees of freedom: the smaller, the heavier the tails.", low=2.1, high=10_000.0),
        ),
        modes=("collapsed", "full"),
        rebalancings=("daily", "none"),
        simulate=_simulate,
        path_step_ns=path_step_ns,
    )
)
