"""At which of the equal steps a payoff that is on a mean looks at the price, when its times are given."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Final

import numpy as np

from riskwave.compute.errors import InputError, TooLargeError
from riskwave.compute.montecarlo.pricing.spec import STEPS_MAX
from riskwave.compute.risk.inputs import check_number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskwave.compute.montecarlo.pricing.payoff import Payoff
    from riskwave.compute.montecarlo.pricing.spec import PricingSpec

_STEP_TOLERANCE: Final = 1e-6
"""Part of a step by which a time may miss its end: what is left of a date when it was divided by the days of a year."""


def steps_for_fixings(spec: PricingSpec, payoff: Payoff, least: int) -> int:
    """Return the smallest number of equal steps, at least `least`, of which each fixing is the end of one.

    Raises
    ------
    InputError
        For times that are not ascending from above 0 to the maturity, or that no number of steps hits.
    """
    times = _checked(spec, payoff)
    shares = (Fraction(time / spec.maturity_years).limit_denominator(STEPS_MAX) for time in times.tolist())
    common = math.lcm(*(share.denominator for share in shares))
    steps = common * -(-least // common)
    if steps <= STEPS_MAX and _hit(times, spec.maturity_years, steps):
        return steps
    allowed = f"times at multiples of the maturity divided by a whole number up to {STEPS_MAX}"
    raise InputError("fixing_times", times.tolist(), allowed)


def fixings_of(spec: PricingSpec, payoff: Payoff, steps: int) -> NDArray[np.int64]:
    """Return the steps, from 0, at whose ends the fixings are; none when every step is one.

    Raises
    ------
    InputError
        For times that are wrong in themselves, for this payoff, or with the number of steps.
    """
    if not len(spec.fixing_times):
        return np.empty(0, dtype=np.int64)
    times = _checked(spec, payoff)
    if not _hit(times, spec.maturity_years, steps):
        allowed = f"multiples of {spec.maturity_years / steps:.6g} years, the length of one of {steps} steps"
        raise InputError("fixing_times", times.tolist(), allowed)
    return np.rint(times / spec.maturity_years * steps).astype(np.int64) - 1


def _hit(times: NDArray[np.float64], maturity: float, steps: int) -> bool:
    places = times / maturity * steps
    whole = np.rint(places)
    return bool(np.all(np.abs(places - whole) < _STEP_TOLERANCE) and np.all(np.diff(whole) > 0) and whole[0] >= 1)


def _checked(spec: PricingSpec, payoff: Payoff) -> NDArray[np.float64]:
    if not payoff.takes_fixings:
        raise InputError("fixing_times", list(spec.fixing_times), f"left out for the payoff {payoff.name}")
    if "theta" in spec.greeks:
        raise InputError("greeks", spec.greeks, "without theta, which moves equal steps and no given fixing_times")
    if len(spec.fixing_times) > STEPS_MAX:
        raise TooLargeError("fixing_times", f"{len(spec.fixing_times)} times", f"at most {STEPS_MAX} times")
    before, maturity = 0.0, spec.maturity_years
    for index, time in enumerate(spec.fixing_times):
        field = f"fixing_times[{index}]"
        if not before < check_number(time, field, low=0.0, high=maturity):
            raise InputError(field, time, f"ascending, and above 0 up to the maturity of {maturity:g} years")
        before = float(time)
    return np.array(spec.fixing_times, dtype=np.float64)
