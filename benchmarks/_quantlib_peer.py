"""Times QuantLib's Monte Carlo engines; runs in an environment of its own that has nothing of ours.

Prints one line of JSON: nanoseconds a path-step by case, and the price as a check that the same contract is priced.
"""

from __future__ import annotations

import json
import sys
import time

import QuantLib as ql  # noqa: N813  (the name that its users give it)

STEPS = 252
PATHS = int(sys.argv[1])

today = ql.Date(2, 1, 2026)
ql.Settings.instance().evaluationDate = today
calendar, days = ql.NullCalendar(), ql.Actual365Fixed()
expiry = today + 365
spot = ql.QuoteHandle(ql.SimpleQuote(100.0))
rate = ql.YieldTermStructureHandle(ql.FlatForward(today, 0.05, days))
dividend = ql.YieldTermStructureHandle(ql.FlatForward(today, 0.0, days))
volatility = ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, calendar, 0.2, days))
process = ql.BlackScholesMertonProcess(spot, dividend, rate, volatility)
heston = ql.HestonProcess(
    rate, dividend, spot, 0.04, 2.0, 0.04, 0.5, -0.7, ql.HestonProcess.QuadraticExponentialMartingale
)
payoff, exercise = ql.PlainVanillaPayoff(ql.Option.Call, 100.0), ql.EuropeanExercise(expiry)


def european() -> float:
    """Price a European call through 252 steps."""
    option = ql.VanillaOption(payoff, exercise)
    option.setPricingEngine(
        ql.MCEuropeanEngine(process, "PseudoRandom", timeSteps=STEPS, requiredSamples=PATHS, seed=1)
    )
    return float(option.NPV())


def asian() -> float:
    """Price an arithmetic average price call with 252 fixings and the geometric control."""
    fixings = [today + round(365 * (k + 1) / STEPS) for k in range(STEPS)]
    option = ql.DiscreteAveragingAsianOption(ql.Average.Arithmetic, 0.0, 0, fixings, payoff, exercise)
    option.setPricingEngine(
        ql.MCDiscreteArithmeticAPEngine(process, "PseudoRandom", requiredSamples=PATHS, controlVariate=True, seed=1)
    )
    return float(option.NPV())


def stochastic_volatility() -> float:
    """Price a European call under Heston's model through 252 steps."""
    option = ql.VanillaOption(payoff, exercise)
    option.setPricingEngine(
        ql.MCEuropeanHestonEngine(heston, "PseudoRandom", timeSteps=STEPS, requiredSamples=PATHS, seed=1)
    )
    return float(option.NPV())


found = {"version": ql.__version__}
for name, function in (("european", european), ("asian", asian), ("heston", stochastic_volatility)):
    best, price = float("inf"), 0.0
    for _ in range(2):
        start = time.thread_time()
        price = function()
        best = min(best, time.thread_time() - start)
    found[name] = best / STEPS / PATHS * 1e9
    found[name + " price"] = price
print(json.dumps(found))
