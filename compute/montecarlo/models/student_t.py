"""Multivariate Student t daily returns: the covariance asked for, with heavier tails that the assets share.

The assets' simple returns of a day are mean + sqrt((degrees - 2) / chi2) times N(0, covariance), with one chi-square
variable of `degrees` degrees of freedom for all of them, independent from day to day. A weighted sum of them has
Student's t distribution too, so the rebalanced portfolio collapses to one factor as the normal one does.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.special import stdtr

from riskwave.compute.errors import InputError
from riskwave.compute.montecarlo.calibration import fit_student_t
from riskwave.compute.montecarlo.elliptical import simulate_independent_days
from riskwave.compute.montecarlo.law import RETURN_BELOW_MINUS_ONE
from riskwave.compute.montecarlo.model import MODELS, Estimation, PathBlock, PortfolioModel
from riskwave.compute.registry import Param
from riskwave.compute.result_warning import ResultWarning
from riskwave.compute.risk.inputs import check_returns

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from riskwave.compute.montecarlo.law import PortfolioLaw
    from riskwave.compute.montecarlo.spec import SimulationSpec
    from riskwave.compute.registry import Value

JOINT_ASSETS_MAX: Final = 20
"""Assets up to which the degrees are those of their joint law: a search takes a second then."""

_SINGULAR: Final = 1e-8
_RARE_PATHS: Final = 1e6


def _simulate(spec: SimulationSpec, law: PortfolioLaw, block: PathBlock) -> None:
    simulate_independent_days(spec, law, block, degrees=float(law.params["degrees"]))


def _estimate(returns: NDArray[np.float64], _period_days: float, given: Mapping[str, Value]) -> Estimation | None:
    """Estimate the degrees of freedom that the assets share.

    A sum of the assets has as many; it stands for them where they are too many for the observations, or where their
    covariance is singular.
    """
    if "degrees" in given:
        return None
    values = check_returns(returns, "history")
    count, assets = values.shape
    spread = values.std(axis=0)
    if not spread.any():
        raise InputError("history", "returns that never move", "returns with a variance")
    moving = values[:, spread > 0.0] / spread[spread > 0.0]
    alone = assets > min(JOINT_ASSETS_MAX, count // 10)
    alone = alone or np.linalg.eigvalsh(np.atleast_2d(np.corrcoef(moving, rowvar=False)))[0] < _SINGULAR
    fit = fit_student_t(moving.sum(axis=1) if alone else moving)
    text = (
        f"degrees = {fit.degrees:.4g} (standard error {fit.degrees_standard_error:.2g}), of the highest likelihood for "
        f"{count} returns{' of the sum of the assets' if alone else ''}"
    )
    return Estimation({"degrees": fit.degrees}, text)


def _prepare(law: PortfolioLaw) -> PortfolioLaw:
    """Say that days may lose everything, where that happens more often than on one path of `_RARE_PATHS`.

    Tails like these reach any loss; that of normal days with the same volatility has been looked at already.
    """
    degrees, codes = float(law.params["degrees"]), {warning.code for warning in law.warnings}
    if law.portfolio_deviation == 0.0 or RETURN_BELOW_MINUS_ONE in codes:
        return law
    scale = law.portfolio_deviation * math.sqrt((degrees - 2.0) / degrees)
    probability = law.horizon_days * float(stdtr(degrees, -(1.0 + law.portfolio_mean) / scale))
    if probability * _RARE_PATHS < 1.0:
        return law
    message = (
        f"with a daily volatility of {law.portfolio_deviation:.4g} and {degrees:.4g} degrees of freedom about "
        f"{min(probability, 1.0):.2g} of the paths lose more than everything in a day and go on with a negative wealth"
    )
    return replace(law, warnings=(*law.warnings, ResultWarning(RETURN_BELOW_MINUS_ONE, message, "covariance")))


def path_step_ns(law: PortfolioLaw) -> float:
    """Return the time of one path and day on one core, as measured."""
    if law.mode == "collapsed":
        return 6.5
    assets = len(law.weights)
    return 9.5 + 1.05 * assets + 0.0125 * assets * assets


MODELS.add(
    PortfolioModel(
        name="student_t",
        title="Multivariate Student t",
        doc="Simple daily returns have Student's t distribution with the mean and covariance given.",
        reference="McNeil, Frey and Embrechts (2015), Quantitative Risk Management, section 6.2",
        params=(
            Param(
                "degrees",
                5.0,
                "Degrees of freedom: the smaller, the heavier the tails. Left out, stored prices tell them.",
                low=2.1,
                high=10_000.0,
            ),
        ),
        modes=("collapsed", "full"),
        rebalancings=("daily", "none"),
        simulate=_simulate,
        path_step_ns=path_step_ns,
        prepare=_prepare,
        estimate=_estimate,
    )
)
