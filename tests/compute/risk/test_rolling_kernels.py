"""Compiled kernels against their plain Python, and what the warm-up leaves to compile."""

from __future__ import annotations

import numpy as np
import pytest

from riskwave.compute.risk import VAR_MODELS, _rolling_kernels, backtest_risk, rolling_risk, warm_up
from riskwave.compute.risk._rolling_kernels import rolling_growth, rolling_moments, rolling_sum, rolling_tail
from riskwave.compute.risk.measure import MEASURES
from riskwave.compute.risk.var_models import ewma

KERNELS = (rolling_growth, rolling_moments, rolling_sum, rolling_tail, ewma.ewma_variance)


def series(count=57):
    values = 0.01 * np.random.default_rng(3).normal(size=count)
    values[20], values[24] = -1.5, -1.0
    values[30:36] = values[30]
    return values


@pytest.mark.parametrize("window", [1, 2, 9, 56, 57])
def test_compiled_equals_plain(window):
    values = series()
    order = np.argsort(values, kind="stable")
    for compiled, arguments in (
        (rolling_sum, (values, window)),
        (rolling_moments, (values, window)),
        (rolling_growth, (values, window)),
        (rolling_tail, (values, order, window, 0.05 * (window - 1), 0.0)),
        (rolling_tail, (values, order, window, 0.05 * (window - 1), 0.05 * window)),
        (ewma.ewma_variance, (values, window, 0.94)),
    ):
        np.testing.assert_array_equal(compiled(*arguments), compiled.py_func(*arguments))


def test_nothing_is_compiled_after_the_warm_up():
    assert warm_up() > 0.0
    before = [len(kernel.signatures) for kernel in KERNELS]
    assert min(before) >= 1
    data = np.asfortranarray(np.column_stack([series(100), series(100)]))
    data.flags.writeable = False
    rolling_risk(data, [1, 1], window_bars=20, measures=MEASURES.names())
    for name in VAR_MODELS.names():
        backtest_risk(data, [1, 1], method=name, window_bars=20)
    assert [len(kernel.signatures) for kernel in KERNELS] == before


def test_every_kernel_is_among_those():
    public = {name for name in dir(_rolling_kernels) if name.startswith("rolling_")}
    assert public == {kernel.py_func.__name__ for kernel in KERNELS[:4]}
