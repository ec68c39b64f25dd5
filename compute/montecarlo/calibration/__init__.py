"""Models' parameters from observed prices, by maximum likelihood, with their standard errors.

fit_garch(returns)                   GARCH(1,1) of one series, and its residuals
fit_student_t(returns)               multivariate Student t: covariance and degrees of freedom
fit_t_copula(returns)                the dependence of several series apart from their margins
fit_lognormal(prices)                geometric Brownian motion
fit_schwartz_smith(log_prices, ...)  the two-factor commodity model, by Kalman filter
fit_reversion(returns, ...)          what several assets have in common of it, by Kalman filter
"""

from riskwave.compute.montecarlo.calibration.elliptical import (
    LognormalFit,
    StudentTFit,
    TCopulaFit,
    fit_lognormal,
    fit_student_t,
    fit_t_copula,
)
from riskwave.compute.montecarlo.calibration.garch import GarchFit, fit_garch
from riskwave.compute.montecarlo.calibration.mean_reversion import ReversionFit, fit_reversion
from riskwave.compute.montecarlo.calibration.schwartz_smith import (
    SchwartzSmith,
    SchwartzSmithFit,
    filter_schwartz_smith,
    fit_schwartz_smith,
    futures_curve,
)

__all__ = [
    "GarchFit",
    "LognormalFit",
    "ReversionFit",
    "SchwartzSmith",
    "SchwartzSmithFit",
    "StudentTFit",
    "TCopulaFit",
    "filter_schwartz_smith",
    "fit_garch",
    "fit_lognormal",
    "fit_reversion",
    "fit_schwartz_smith",
    "fit_student_t",
    "fit_t_copula",
    "futures_curve",
]
