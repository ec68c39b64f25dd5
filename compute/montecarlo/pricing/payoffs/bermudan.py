"""Bermudan option: exercise at some dates, equally spaced."""

from __future__ import annotations

from riskwave.compute.montecarlo.pricing import exercise
from riskwave.compute.montecarlo.pricing.payoff import KIND, MARKOV, PAYOFFS, STRIKE, Payoff
from riskwave.compute.montecarlo.pricing.spec import ASSETS_MAX
from riskwave.compute.registry import Param

PAYOFFS.add(
    Payoff(
        name="bermudan",
        title="Bermudan option",
        doc="Exercise at equally spaced dates, the last at maturity; least squares Monte Carlo.",
        reference="Longstaff and Schwartz (2001), Valuing American options by simulation. RFS 14(1)",
        params=(
            STRIKE,
            KIND,
            exercise.UNDERLYING,
            Param("exercise_dates", 10, "Number of dates; the start is none of them.", low=1, high=2048),
        ),
        models=MARKOV,
        assets=(1, ASSETS_MAX),
        step_count=lambda params, _years: int(params["exercise_dates"]),
        amounts=exercise.amounts,
        control=exercise.control,
        check=exercise.check_dates,
        early_exercise=True,
    )
)
