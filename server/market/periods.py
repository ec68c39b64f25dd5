"""How many periods a year the dates of a history have: what its returns are annualised by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from riskwave.compute.result_warning import ResultWarning
from riskwave.server.market.dates import DAY_NS
from riskwave.server.market.series import frequency_of

if TYPE_CHECKING:
    from riskwave.server.market.series import Times

PERIODS_PER_YEAR_FROM_PRICES: Final = "PERIODS_PER_YEAR_FROM_PRICES"
TRADING_DAYS_PER_YEAR: Final = 252.0
DAYS_PER_YEAR: Final = 365.25
_NOMINAL: Final = {"daily": TRADING_DAYS_PER_YEAR, "weekly": 52.0, "monthly": 12.0, "quarterly": 4.0, "yearly": 1.0}
_SPARSE: Final = 0.8
"""Below this share of the nominal number, gaps and not holidays make the difference, and the dates are counted."""


@dataclass(frozen=True, slots=True)
class Spacing:
    """How far apart the dates of a history are.

    Parameters
    ----------
    frequency
        As `frequency_of` names it.
    periods_per_year
        What the frequency stands for, or the number counted where many dates are missing; None for intraday and
        irregular dates, of which nobody can say it.
    """

    frequency: str
    periods_per_year: float | None

    def warning(self, field: str) -> ResultWarning | None:
        """Return what the caller should know about the number, which is nothing when it is that of trading days."""
        if self.periods_per_year is None or self.periods_per_year == TRADING_DAYS_PER_YEAR:
            return None
        nominal = _NOMINAL[self.frequency]
        gaps = "" if self.periods_per_year == nominal else f" with gaps, so that there are not {nominal:g} of them"
        message = f"{self.periods_per_year:.4g} periods a year were used, because the common dates are {self.frequency}"
        return ResultWarning(PERIODS_PER_YEAR_FROM_PRICES, message + gaps, field)


def spacing_of(times: Times) -> Spacing:
    """Return how far apart ascending times are.

    Parameters
    ----------
    times
        Of the prices, in nanoseconds UTC, shape (dates,).

    Notes
    -----
    Where joining leaves many gaps, a period is longer than its frequency says: of daily prices beside prices dated at
    the first of the month a third of the months is missing. Means and variances of the returns over such periods are
    annualised rightly by the number of periods that a year really has.

    Examples
    --------
    >>> import numpy as np
    >>> months = np.arange("2020-01", "2022-01", dtype="datetime64[M]").astype("datetime64[ns]").astype(np.int64)
    >>> spacing_of(months)
    Spacing(frequency='monthly', periods_per_year=12.0)
    >>> round(spacing_of(np.delete(months, [2, 5, 6, 10, 13, 16, 17, 20])).periods_per_year, 1)
    7.8
    """
    frequency = frequency_of(times)
    nominal = _NOMINAL.get(frequency)
    if nominal is None:
        return Spacing(frequency, None)
    counted = (len(times) - 1) / (int(times[-1] - times[0]) / DAY_NS / DAYS_PER_YEAR)
    return Spacing(frequency, nominal if counted >= _SPARSE * nominal else counted)
