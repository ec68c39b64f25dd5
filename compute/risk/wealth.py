"""The growth of 1, and what it lost from its peak."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class DrawdownPeriod:
    """When the largest loss from a peak happened, as positions in the report's arrays.

    Parameters
    ----------
    peak_index
        Last period at the peak before the trough; -1 is the start, before the first return.
    trough_index
        First period of the largest loss.
    recovery_index
        First period at or above the peak again; -1 if there is none.
    depth
        The loss as a negative return.
    """

    peak_index: int
    trough_index: int
    recovery_index: int
    depth: float


@dataclass(frozen=True, eq=False, slots=True)
class WealthCurve:
    """The growth of 1 over simple returns.

    A return of -1 or less takes wealth to zero or below, which only a price at or below zero, a short position or
    leverage can do. Compounding has no meaning from there (two such returns would multiply to a gain), so wealth stays
    where it fell to. Its drawdown is then -1 or lower: more than everything was lost.

    Parameters
    ----------
    wealth
        After each period, shape (observations,).
    drawdowns
        Wealth over its running peak, less 1; never positive, shape (observations,). The peak includes the starting
        wealth of 1.
    ruin_index
        The period in which wealth reached zero or below; -1 if it never did.
    """

    wealth: NDArray[np.float64]
    drawdowns: NDArray[np.float64]
    ruin_index: int

    @classmethod
    def from_returns(cls, returns: NDArray[np.float64]) -> WealthCurve:
        """Compound simple returns of shape (observations,).

        Raises
        ------
        InputError
            If wealth exceeds what a float64 can hold, as it does when per cent are taken for fractions.
        """
        growth = 1.0 + returns
        fatal = np.flatnonzero(growth <= 0.0)
        ruin_index = int(fatal[0]) if len(fatal) else -1
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            wealth = np.multiply.accumulate(growth)
        if ruin_index >= 0:
            wealth[ruin_index + 1 :] = wealth[ruin_index]
        if not np.isfinite(wealth.max()):
            raise InputError("returns", "more than 1.8e308 when compounded", "fractions (0.01 is one per cent)")
        peaks = np.maximum(np.maximum.accumulate(wealth), 1.0)
        drawdowns: NDArray[np.float64] = wealth / peaks - 1.0
        return cls(wealth, drawdowns, ruin_index)

    def max_drawdown_period(self) -> DrawdownPeriod | None:
        """Return when the largest loss happened; the first one of several, None if wealth never fell."""
        trough = int(np.argmin(self.drawdowns))
        depth = float(self.drawdowns[trough])
        if depth == 0.0:
            return None
        at_peak = np.flatnonzero(self.drawdowns[:trough] == 0.0)
        recovered = np.flatnonzero(self.drawdowns[trough:] == 0.0)
        return DrawdownPeriod(
            peak_index=int(at_peak[-1]) if len(at_peak) else -1,
            trough_index=trough,
            recovery_index=trough + int(recovered[0]) if len(recovered) else -1,
            depth=depth,
        )
