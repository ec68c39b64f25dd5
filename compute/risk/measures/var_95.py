"""Historical value at risk at 95 %."""

from __future__ import annotations

from typing import TYPE_CHECKING

from riskwave.compute.risk.measure import MEASURES, Measure

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from riskwave.compute.estimates import Estimate
    from riskwave.compute.risk.rolling import RollingSample
    from riskwave.compute.risk.sample import PortfolioSample


def var_95(sample: PortfolioSample) -> Estimate:
    """Return the 5 % quantile of the returns, a return: negative is a loss."""
    return sample.value_at_risk(0.05)


def rolling_var_95(sample: RollingSample) -> NDArray[np.float64]:
    """Return the same of every window."""
    return sample.value_at_risk(0.05)


MEASURES.add(
    Measure(
        name="var_95",
        title="Value at risk 95 %",
        unit="fraction a period",
        doc="The return that 5 % of the periods fall below, from the history; a return, so that a loss is negative.",
        formula="q(0.05)",
        source="Hyndman and Fan (1996), type 7 by default; error: Maritz and Jarrett (1978), order statistics",
        higher_is_better=True,
        compute=var_95,
        rolling=rolling_var_95,
    )
)
