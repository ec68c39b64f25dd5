"""Compile the kernels of this package before the first caller needs them."""

from __future__ import annotations

import time

import numpy as np

from riskwave.compute.risk.backtesting import backtest_risk
from riskwave.compute.risk.measure import MEASURES
from riskwave.compute.risk.rolling import rolling_risk


def warm_up() -> float:
    """Run every compiled kernel once on a small history.

    Returns
    -------
    float
        Seconds that it took; some tens of milliseconds when the compiled code was cached.
    """
    started_s = time.perf_counter()
    returns = np.linspace(-0.01, 0.011, 24)
    rolling_risk(returns, [1.0], window_bars=5, measures=MEASURES.names())
    backtest_risk(returns, [1.0], method="ewma", window_bars=10)
    return time.perf_counter() - started_s
