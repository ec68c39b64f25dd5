"""American option: exercise at any step, and at the start."""

from __future__ import annotations

from riskwave.compute.montecarlo.pricing import exercise
from riskwave.compute.montecarlo.pricing.payoff import KIND, MARKOV, PAYOFFS, STRIKE, Payoff
from riskwave.compute.montecarlo.pricing.spec import ASSETS_MAX

PAYOFFS.add(
    Payoff(
        name="american",
        title="American option",
        doc="The holder may exercise now and after every step, 100 a year by default; least squares Monte Carlo.",
        reference="Longstaff and Schwartz (2001), Valuing American options by simulation. RFS 14(1)",
        params=(STRIKE, KIND, exercise.UNDERLYING),
        models=MARKOV,
        assets=(1, ASSETS_MAX),
        step_count=lambda _params, years: exercise.dates_a_year(years),
        amounts=exercise.amounts,
        control=exercise.control,
        check=exercise.check,
        early_exercise=True,
        exercise_at_once=True,
    )
)
