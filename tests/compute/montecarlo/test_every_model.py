"""Every model: the reported error of the mean is the true one, and the mean is exact where it has a closed form."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from riskwave.compute.montecarlo import MODELS, SimulationSpec, calibrated, run

MEAN, DEVIATION, DAYS = 0.001, 0.02, 10
HISTORY = MEAN + DEVIATION * stats.zscore(np.random.default_rng(8).standard_t(5, 500))[:, None]
PARAMS = {"bootstrap": {"block_length": 1.0}, "t_copula": {"degrees": 4.0}}
MARTINGALES = sorted(set(MODELS.names()) - {"gibson_schwartz", "schwartz1f", "schwartz_smith"})
"""Their wealth over the mean growth is a martingale; those of commodities draw prices back to a level."""


def runs_of(model, seeds, paths):
    law = {"history": HISTORY} if MODELS.get(model).takes_history else {"mean": [MEAN], "covariance": [[DEVIATION**2]]}
    base = {"weights": [1.0], "paths": paths, "horizon_days": DAYS, "model": model, "params": PARAMS.get(model, {})}
    spec = calibrated(SimulationSpec(**law, **base))
    for seed in seeds:
        yield run(replace(spec, seed=seed)).statistics.mean_return


@pytest.mark.parametrize("model", MARTINGALES)
def test_the_mean_over_twenty_seeds(model):
    exact = (1.0 + MEAN) ** DAYS - 1.0
    z = np.array([(mean.value - exact) / mean.standard_error for mean in runs_of(model, range(300, 320), 4_000)])
    assert np.abs(z).max() < 4
    assert 5e-4 < stats.chi2(20).cdf(np.square(z).sum()) < 1 - 5e-4


@pytest.mark.parametrize("model", MODELS.names())
def test_the_reported_error_is_the_true_one(model):
    """150 seeds: the spread of the estimates is known to 6 %."""
    found = list(runs_of(model, range(150), 200))
    spread = np.std([mean.value for mean in found], ddof=1)
    reported = math.sqrt(np.mean([mean.standard_error**2 for mean in found]))
    assert reported == pytest.approx(spread, rel=0.15)
