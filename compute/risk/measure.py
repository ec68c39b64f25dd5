"""A risk measure and the registry of all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from riskwave.compute.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from riskwave.compute.estimates import Estimate
    from riskwave.compute.risk.rolling import RollingSample
    from riskwave.compute.risk.sample import PortfolioSample


@dataclass(frozen=True, slots=True)
class Measure:
    """One number about a portfolio: how it is computed, and all that a table, a card or a form says of it.

    Parameters
    ----------
    name
        The name under which callers ask for it, such as ``sharpe_ratio``.
    title
        The name in words.
    unit
        Unit of the value; empty for a plain number.
    doc
        The definition, in one or two sentences.
    formula
        The definition in symbols. r are the portfolio's returns a period, P the periods a year, f the risk-free return
        a period, W the growth of 1, n the number of observations.
    source
        Where the definition, and that of its error, come from.
    higher_is_better
        Whether more is better; None where neither is.
    undefined_when
        When the value is NaN, as the second half of a sentence; empty if never.
    undefined_after_ruin
        The same when wealth reached zero or below; empty if that is no reason of its own.
    compute
        The measure itself.
    rolling
        Its values in every window, shape (windows,), NaN where undefined. Without one, rolling risk computes one window
        after the other.
    """

    name: str
    title: str
    unit: str
    doc: str
    formula: str
    source: str
    higher_is_better: bool | None
    compute: Callable[[PortfolioSample], Estimate]
    undefined_when: str = ""
    undefined_after_ruin: str = ""
    rolling: Callable[[RollingSample], NDArray[np.float64]] | None = None

    def why_undefined(self, *, ruined: bool) -> str:
        """Return why the value is NaN, as the second half of a sentence, where wealth was or was not lost."""
        return self.undefined_after_ruin if ruined and self.undefined_after_ruin else self.undefined_when


MEASURES: Registry[Measure] = Registry("measure", "riskwave.compute.risk.measures")
"""Every risk measure, filled by the modules of `riskwave.compute.risk.measures`."""
