"""Historical value at risk at 99 %."""

from __future__ import annotations

from typing import TYPE_CHECKING

from riskwave.compute.risk.measure import MEASURES, Measure

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from riskwave.compute.estimates import Estimate
    from riskwave.compute.risk.rolling import RollingSample
    from riskwave.compute.risk.sample import PortfolioSample


def var_99(sample: PortfolioSample) -> Estimate:
    """Return the 1 % quantile of the returns, a return: negative is a loss."""
    return sample.value_at_risk(0.01)


def rolling_var_99(sample: RollingSample) -> NDArray[np.float64]:
    """Return the same of every window."""
    return sample.value_at_risk(0.01)


MEASURES.add(
    Measure(
        name="var_99",
        title="Value at risk 99 %",
        unit="fraction a period",
        doc="The return that 1 % of the periods fall below, from the history; a return, so that a loss is negative.",
        formula="q(0.01)",
        source="Hyndman and Fan (1996), type 7 by default; error: Maritz and Jarrett (1978), order statistics",
        higher_is_better=True,
        compute=var_99,
        rolling=rolling_var_99,
    )
)
