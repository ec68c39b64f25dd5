"""The fan's days, and the errors of its quantiles."""

from dataclasses import replace

import numpy as np
import pytest

from riskwave.compute.errors import InputError, TooLargeError
from riskwave.compute.montecarlo import FAN_DAYS_MAX, SimulationSpec, digest, run, validate

SPEC = SimulationSpec(
    mean=[0.0005], covariance=[[1e-4]], weights=[1.0], paths=1_024, horizon_days=10, fan_days=(2, 10), seed=1
)


@pytest.mark.parametrize("sampling", ["independent", "antithetic", "sobol"])
def test_intervals_cover_and_errors_are_true(oracles, sampling):
    fans = [run(replace(SPEC, seed=seed, sampling=sampling)).fan for seed in range(400)]
    for column, day in ((1, 2), (2, 10)):
        law = oracles.NormalDays(0.0005, 0.01, day)
        for row, p in enumerate(fans[0].probabilities):
            exact = 1.0 + law.return_quantile(p)
            covered = np.mean([fan.low[row, column] <= exact <= fan.high[row, column] for fan in fans])
            # Ranks are whole numbers: few of them in a tail, or between paths that cancel, cover more than they say.
            assert 0.925 <= covered <= (0.98 if sampling == "independent" and 0.05 <= p <= 0.95 else 1.0), (p, covered)
            spread = np.std([fan.wealth[row, column] for fan in fans], ddof=1)
            error = np.sqrt(np.mean([fan.standard_error[row, column] ** 2 for fan in fans]))
            if not (sampling == "antithetic" and p == 0.5):  # opposite normals enclose the median, whatever is drawn
                assert 0.8 < error / spread < 1.25, (day, p)


def test_days_are_those_asked_for():
    assert run(SPEC).fan.days.tolist() == [0, 2, 10]
    assert run(replace(SPEC, fan_days=())).fan.days.tolist() == list(range(11))
    counted = replace(SPEC, horizon_days=1_000, fan_days=(), fan_day_count=4)
    assert run(counted).fan.days.tolist() == [0, 250, 500, 750, 1_000]
    assert len(run(replace(counted, paths=2, fan_day_count=FAN_DAYS_MAX)).fan.days) == 1_001
    assert len(run(replace(counted, fan_day_count=0)).fan.days) == 65


def test_wealth_does_not_depend_on_the_other_days():
    every = run(replace(SPEC, fan_days=())).fan
    some = run(SPEC).fan
    for name in ("wealth", "standard_error", "low", "high"):
        np.testing.assert_array_equal(getattr(some, name), getattr(every, name)[:, [0, 2, 10]])


def test_the_digest_covers_the_errors():
    assert digest(run(SPEC)) != digest(run(replace(SPEC, confidence=0.9)))


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        ({"fan_days": (0,)}, InputError, r"fan_days\[0\] was 0; it must be ascending, and from 1 to 10"),
        ({"fan_days": (3, 3)}, InputError, r"fan_days\[1\] was 3"),
        ({"fan_days": (11,)}, InputError, r"fan_days\[0\] was 11"),
        ({"fan_day_count": 3}, InputError, "0 where fan_days names the days"),
        ({"fan_days": (), "fan_day_count": -1}, InputError, "an integer from 0 to 1024"),
        ({"fan_days": (), "fan_day_count": 1_025}, TooLargeError, "an integer from 0 to 1024"),
        ({"fan_days": tuple(range(1, 1_026)), "horizon_days": 2_000}, TooLargeError, "at most 1024 days"),
        ({"terminal_only": True}, InputError, "left out with terminal_only"),
    ],
)
def test_days_that_cannot_be_are_refused(changes, kind, words):
    with pytest.raises(kind, match=words):
        validate(replace(SPEC, **changes))
