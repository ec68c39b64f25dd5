"""Growth of 1 and drawdown, by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from riskwave.compute.errors import InputError
from riskwave.compute.risk import DrawdownPeriod, WealthCurve


def test_drawdown_includes_the_starting_wealth():
    curve = WealthCurve.from_returns(np.array([-0.1, 0.0, 0.05]))
    np.testing.assert_allclose(curve.drawdowns, (-0.1, -0.1, -0.055))
    assert curve.max_drawdown_period() == DrawdownPeriod(-1, 0, -1, curve.drawdowns[0])


def test_peak_trough_and_recovery():
    curve = WealthCurve.from_returns(np.array([1.0, 0.0, -0.5, 0.5, 0.5, 0.0, -0.25]))
    np.testing.assert_allclose(curve.wealth, (2.0, 2.0, 1.0, 1.5, 2.25, 2.25, 1.6875))
    assert curve.max_drawdown_period() == DrawdownPeriod(peak_index=1, trough_index=2, recovery_index=4, depth=-0.5)
    assert curve.ruin_index == -1


def test_wealth_that_never_falls_has_no_period():
    assert WealthCurve.from_returns(np.array([0.0, 0.1, 0.2])).max_drawdown_period() is None


@pytest.mark.parametrize(("fatal", "wealth"), [(-1.0, 0.0), (-3.0, -2.2)])
def test_ruin_absorbs(fatal, wealth):
    curve = WealthCurve.from_returns(np.array([0.1, fatal, -2.0, 5.0]))
    np.testing.assert_allclose(curve.wealth, (1.1, wealth, wealth, wealth))
    np.testing.assert_allclose(curve.drawdowns, (0.0, wealth / 1.1 - 1.0, wealth / 1.1 - 1.0, wealth / 1.1 - 1.0))
    assert curve.ruin_index == 1


def test_ruin_is_not_an_overflow():
    curve = WealthCurve.from_returns(np.append(-2.0, np.full(2_000, 5.0)))
    assert curve.wealth[-1] == -1.0


def test_overflow_is_refused():
    with pytest.raises(InputError, match=r"fractions \(0.01 is one per cent\)"):
        WealthCurve.from_returns(np.full(2_000, 5.0))


@given(arrays(np.float64, st.integers(1, 50), elements=st.floats(-0.9, 2.0)))
def test_equals_the_recursion(returns):
    curve = WealthCurve.from_returns(returns)
    wealth, peak = 1.0, 1.0
    for position, value in enumerate(returns):
        wealth *= 1.0 + value
        peak = max(peak, wealth)
        assert curve.wealth[position] == pytest.approx(wealth, rel=1e-12)
        assert curve.drawdowns[position] == pytest.approx(wealth / peak - 1.0, abs=1e-12)
    assert (curve.drawdowns <= 0.0).all()
