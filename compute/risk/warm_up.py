"""Compile the kernels of this package before the first caller needs them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.risk.backtesting import backtest_risk
from riskwave.compute.risk.measure import MEASURES
from riskwave.compute.risk.rolling import rolling_risk

if TYPE_CHECKING:
    from collections.abc import Callable


_RETURNS = np.linspace(-0.01, 0.011, 24)


def warm_up_steps() -> dict[str, Callable[[], object]]:
    """Return, by what they compile or load from the cache, such as ``risk.rolling_risk``, the calls that do it."""
    return {
        "risk.rolling_risk": lambda: rolling_risk(_RETURNS, [1.0], window_bars=5, measures=MEASURES.names()),
        "risk.backtest_risk": lambda: backtest_risk(_RETURNS, [1.0], method="ewma", window_bars=10),
    }


def warm_up() -> float:
    """Run every compiled kernel once on a small history.

    Returns
    -------
    float
        Seconds that it took; some tens of milliseconds when the compiled code was cached.
    """
    started_s = time.perf_counter()
    for step in warm_up_steps().values():
        step()
    return time.perf_counter() - started_s
