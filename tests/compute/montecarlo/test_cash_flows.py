"""Money that leaves or comes on the way."""

import math
from dataclasses import replace

import numpy as np
import pytest

from riskwave.compute.errors import InputError
from riskwave.compute.montecarlo import CashFlow, SimulationSpec, run, simulate_path, validate

MEAN, DEVIATION = 0.0005, 0.01
SPEC = SimulationSpec(
    mean=[MEAN], covariance=[[DEVIATION**2]], weights=[1.0], paths=40_000, horizon_days=63, seed=3, distributions=True
)
FLOWS = (CashFlow(10, 0.1), CashFlow(21, -0.05), CashFlow(42, 0.2), CashFlow(63, 0.01))


def paid(daily, flows):
    """Return the final wealth of one path, day by day."""
    wealth = 1.0
    for day, change in enumerate(daily, 1):
        wealth *= 1.0 + change
        for flow in flows:
            if flow.day == day:
                wealth = max(wealth - flow.amount, 0.0)
    return wealth


@pytest.mark.parametrize("mode", ["collapsed", "full"])
@pytest.mark.parametrize("path", [0, 20_001, 39_999])
def test_a_path_is_paid_day_by_day(mode, path):
    # Each day alone: the value of a unit after d days is that of a simulation of d days.
    spec = replace(SPEC, mode=mode, cash_flows=FLOWS)
    whole = run(spec).distributions["returns"][path]
    assets = simulate_path(replace(spec, mode="full"), path).asset_paths[0, :, 0]
    if mode == "full":
        assert whole == pytest.approx(paid(assets[1:] / assets[:-1] - 1.0, FLOWS) - 1.0, abs=1e-12)
    values = [simulate_path_return(spec, path, day) for day in range(1, 64)] if mode == "collapsed" else assets[1:]
    daily = np.diff(np.concatenate([[1.0], values])) / np.concatenate([[1.0], values[:-1]])
    assert whole == pytest.approx(paid(daily, FLOWS) - 1.0, abs=1e-12)


def simulate_path_return(spec, path, day):
    from riskwave.compute.montecarlo import Chunk, simulate_chunk

    short = replace(spec, horizon_days=day, cash_flows=())
    return 1.0 + simulate_chunk(short, Chunk(0, path, 1)).results[0, 0]


def test_the_mean_is_exact():
    # E[W_T] = a^T - sum of flow * a^(T - day), as long as nothing is ever exhausted.
    result = run(replace(SPEC, cash_flows=FLOWS))
    growth = 1.0 + MEAN
    exact = growth**63 - sum(flow.amount * growth ** (63 - flow.day) for flow in FLOWS) - 1.0
    mean = result.statistics.mean_return
    assert abs(mean.value - exact) < 4 * mean.standard_error


def test_flows_do_not_touch_the_investment():
    plain, paying = run(SPEC), run(replace(SPEC, cash_flows=FLOWS))
    for name in ("volatilities", "max_drawdowns", "sharpe_ratios"):
        np.testing.assert_array_equal(plain.distributions[name], paying.distributions[name])


def test_what_is_not_there_cannot_leave():
    result = run(replace(SPEC, cash_flows=(CashFlow(5, 3.0),), return_thresholds=(-1.0,)))
    assert (result.distributions["returns"] == -1.0).all()
    assert result.thresholds[0].probability_at_or_below.value == 1.0
    revived = run(replace(SPEC, cash_flows=(CashFlow(5, 3.0), CashFlow(63, -0.5))))
    np.testing.assert_allclose(revived.distributions["returns"], -0.5, atol=1e-15)


def test_flows_of_one_day_add_up_and_the_fan_shows_the_wealth():
    one = run(replace(SPEC, cash_flows=(CashFlow(7, 0.1), CashFlow(7, 0.2))))
    other = run(replace(SPEC, cash_flows=(CashFlow(7, 0.1 + 0.2),)))
    np.testing.assert_array_equal(one.distributions["returns"], other.distributions["returns"])
    median = one.fan.wealth[3]
    assert median[6] > 0.97
    assert median[7] == pytest.approx(median[6] - 0.3, abs=0.005)
    assert one.fan.wealth[3, -1] - 1.0 == pytest.approx(np.median(one.distributions["returns"][:16_384]), rel=1e-12)


def test_constant_growth_is_exact():
    still = replace(SPEC, covariance=[[0.0]], cash_flows=FLOWS, paths=2)
    expected = paid([MEAN] * 63, FLOWS) - 1.0
    assert run(still).distributions["returns"][1] == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize(
    ("flows", "field"),
    [
        ((CashFlow(0, 0.1),), "cash_flows[0].day"),
        ((CashFlow(1, 0.1), CashFlow(64, 0.1)), "cash_flows[1].day"),
        ((CashFlow(1, math.nan),), "cash_flows[0].amount"),
        ((CashFlow(1, 1e7),), "cash_flows[0].amount"),
        ((CashFlow(1, 0.0),) * 10_001, "cash_flows"),
    ],
)
def test_bad_flows_are_refused(flows, field):
    with pytest.raises(InputError) as caught:
        validate(replace(SPEC, cash_flows=flows))
    assert caught.value.field == field
