"""Value at risk models: what they forecast for the next period from the ones before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from riskwave.compute.registry import Param, Registry, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from riskwave.compute.result_warning import ResultWarning


@dataclass(frozen=True, eq=False, slots=True)
class Forecasts:
    """Forecasts for every period after the first window, each made from periods before it only.

    Parameters
    ----------
    value_at_risk, expected_shortfall
        As returns, negative for a loss, shape (observations - window,).
    warnings
        What the caller should know.
    """

    value_at_risk: NDArray[np.float64]
    expected_shortfall: NDArray[np.float64]
    warnings: tuple[ResultWarning, ...] = ()


@dataclass(frozen=True, slots=True)
class VarModel:
    """A way to forecast value at risk and expected shortfall.

    Parameters
    ----------
    name
        The name under which callers ask for it, such as ``cornish_fisher``.
    title
        The name in words.
    doc
        What it assumes, in one or two sentences.
    source
        Where it was published.
    forecast
        From returns of shape (observations,), the window, the tail's probability and the parameters to forecasts.
    params
        The parameters.
    """

    name: str
    title: str
    doc: str
    source: str
    forecast: Callable[[NDArray[np.float64], int, float, Mapping[str, Value]], Forecasts]
    params: tuple[Param, ...] = ()


VAR_MODELS: Registry[VarModel] = Registry("method", "riskwave.compute.risk.var_models")
"""Every value at risk model, filled by the modules of `riskwave.compute.risk.var_models`."""
