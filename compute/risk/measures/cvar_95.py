"""Historical expected shortfall at 95 %."""

from __future__ import annotations

from typing import TYPE_CHECKING

from riskwave.compute.risk.measure import MEASURES, Measure

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from riskwave.compute.estimates import Estimate
    from riskwave.compute.risk.rolling import RollingSample
    from riskwave.compute.risk.sample import PortfolioSample


def cvar_95(sample: PortfolioSample) -> Estimate:
    """Return the mean of the worst 5 % of the returns, a return: negative is a loss."""
    return sample.expected_shortfall(0.05)


def rolling_cvar_95(sample: RollingSample) -> NDArray[np.float64]:
    """Return the same of every window."""
    return sample.expected_shortfall(0.05)


MEASURES.add(
    Measure(
        name="cvar_95",
        title="Expected shortfall 95 %",
        unit="fraction a period",
        doc="Mean return of the worst 5 % of the periods, by the named estimator; a return, so a loss is negative.",
        formula="mean(r | r <= q(0.05))",
        source="Acerbi and Tasche (2002); Rockafellar and Uryasev (2002); error: Manistre and Hancock (2005)",
        higher_is_better=True,
        compute=cvar_95,
        rolling=rolling_cvar_95,
    )
)
