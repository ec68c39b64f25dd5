"""Returns from aligned prices, with an eye on prices that are not positive.

WTI settled at -36.98 dollars on 2020-04-20. The simple return over such a day can be written down and keeps every sum
and mean right that is taken of it as a number, but it is no growth; a log return does not exist.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from riskwave.compute.errors import SeriesTooShortError
from riskwave.compute.result_warning import ResultWarning
from riskwave.server.market.dates import iso
from riskwave.server.market.errors import NonPositivePriceError

if TYPE_CHECKING:
    from riskwave.server.market.alignment import AlignedPrices
    from riskwave.server.market.series import Times, Values

NON_POSITIVE_PRICE: Final = "NON_POSITIVE_PRICE"
_NAMED_MAX: Final = 5


@dataclass(frozen=True, slots=True, eq=False)
class Returns:
    """Returns per period.

    Parameters
    ----------
    symbols
        In the order of the columns.
    times
        End of each period in nanoseconds UTC, shape (periods,).
    per_period
        Fractions (simple) or differences of logarithms, finite, shape (periods, symbols).
    warnings
        What the caller should know.
    """

    symbols: tuple[str, ...]
    times: Times
    per_period: Values
    warnings: tuple[ResultWarning, ...]


def simple_returns(prices: AlignedPrices, *, field: str = "symbols") -> Returns:
    """Return p[t] / p[t-1] - 1 for each symbol.

    Returns across a price that is not positive are kept as they come out, and a warning names symbol and date.

    Raises
    ------
    SeriesTooShortError
        Fewer than two common dates.
    NonPositivePriceError
        A price is zero: the return after it is infinite.
    """
    _check_length(prices, field)
    close = prices.close
    zero = close[:-1] == 0
    if zero.any():
        row, column = (int(place) for place in np.argwhere(zero)[0])
        where = f"price of {prices.symbols[column]} on {iso(int(prices.times[row]))}"
        raise NonPositivePriceError(where, "0", "other than zero, because the return after it is infinite")
    per_period = close[1:] / close[:-1] - 1.0
    return Returns(prices.symbols, prices.times[1:], per_period, tuple(_warnings(prices, field)))


def log_returns(prices: AlignedPrices, *, field: str = "symbols") -> Returns:
    """Return log(p[t] / p[t-1]) for each symbol.

    Raises
    ------
    SeriesTooShortError
        Fewer than two common dates.
    NonPositivePriceError
        A price is not positive, so that its logarithm does not exist; the error names symbol and date.
    """
    _check_length(prices, field)
    bad = np.argwhere(prices.close <= 0)
    if len(bad):
        row, column = (int(place) for place in bad[0])
        where = f"price of {prices.symbols[column]} on {iso(int(prices.times[row]))}"
        allowed = "above zero for log returns; use simple returns, or dates without it"
        raise NonPositivePriceError(where, f"{prices.close[row, column]:g}", allowed)
    return Returns(prices.symbols, prices.times[1:], np.diff(np.log(prices.close), axis=0), ())


def _check_length(prices: AlignedPrices, field: str) -> None:
    if len(prices.times) < 2:
        raise SeriesTooShortError(field, f"{len(prices.times)} common dates", "at least 2 to have a return")


def _warnings(prices: AlignedPrices, field: str) -> list[ResultWarning]:
    found: list[ResultWarning] = []
    for column, symbol in enumerate(prices.symbols):
        rows = np.flatnonzero(prices.close[:, column] <= 0)
        if len(rows) == 0:
            continue
        named = ", ".join(
            f"{prices.close[row, column]:g} on {iso(int(prices.times[row]))}" for row in rows[:_NAMED_MAX]
        )
        more = f" and {len(rows) - _NAMED_MAX} more" if len(rows) > _NAMED_MAX else ""
        message = f"{symbol} was {named}{more}: the simple returns to and from there are kept, and mean no growth"
        found.append(ResultWarning(NON_POSITIVE_PRICE, message, field))
    return found
