"""Historical expected shortfall at 99 %."""

from __future__ import annotations

from typing import TYPE_CHECKING

from riskwave.compute.risk.measure import MEASURES, Measure

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from riskwave.compute.estimates import Estimate
    from riskwave.compute.risk.rolling import RollingSample
    from riskwave.compute.risk.sample import PortfolioSample


def cvar_99(sample: PortfolioSample) -> Estimate:
    """Return the mean of the worst 1 % of the returns, a return: negative is a loss."""
    return sample.expected_shortfall(0.01)


def rolling_cvar_99(sample: RollingSample) -> NDArray[np.float64]:
    """Return the same of every window."""
    return sample.expected_shortfall(0.01)


MEASURES.add(
    Measure(
        name="cvar_99",
        title="Expected shortfall 99 %",
        unit="fraction a period",
        doc="Mean return of the worst 1 % of the periods, by the named estimator; a return, so a loss is negative.",
        formula="mean(r | r <= q(0.01))",
        source="Acerbi and Tasche (2002); Rockafellar and Uryasev (2002); error: Manistre and Hancock (2005)",
        higher_is_better=True,
        compute=cvar_99,
        rolling=rolling_cvar_99,
    )
)
