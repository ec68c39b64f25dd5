"""Wilder's directional movement. TA-Lib and Tulip seed its sums with one bar less than the window, Wilder does not."""

from __future__ import annotations

from dataclasses import dataclass

from riskwave.compute.oscillators import _kernels, _recursions
from riskwave.compute.oscillators._averages import smoothed
from riskwave.compute.oscillators._operations import directional_index as directional_index_of
from riskwave.compute.oscillators._series import Operation, Series, apply, elementwise, recursion


@dataclass(frozen=True, slots=True)
class Arrangement:
    """How the sums begin.

    `missing_bars` is how many bars the seed lacks of the window, `hidden_bars` how many values of a sum nothing is made
    of, and `unit_percent` whether an indicator over one bar is in per cent as well.
    """

    missing_bars: int
    hidden_bars: int
    unit_percent: bool


TALIB = Arrangement(1, 1, unit_percent=False)
TULIP = Arrangement(1, 0, unit_percent=True)
WILDER = Arrangement(0, 0, unit_percent=True)


def directional_movement(
    high: Series, low: Series, timeperiod: int, arrangement: Arrangement = TALIB
) -> tuple[Series, Series]:
    """Return Wilder's sums of the upward and of the downward moves."""
    moves = Operation(_kernels.directional_moves, (float(timeperiod),), outputs=2)
    plus, minus = apply(moves, high, high.lag(1), low, low.lag(1))
    return _wilder_sum(plus, timeperiod, arrangement), _wilder_sum(minus, timeperiod, arrangement)


def upward_movement(high: Series, low: Series, timeperiod: int, arrangement: Arrangement = TALIB) -> Series:
    """Return Wilder's sum of the upward moves alone."""
    plus = elementwise(_kernels.larger_move, high, high.lag(1), low.lag(1), low, params=(float(timeperiod),))
    return _wilder_sum(plus, timeperiod, arrangement)


def downward_movement(high: Series, low: Series, timeperiod: int, arrangement: Arrangement = TALIB) -> Series:
    """Return Wilder's sum of the downward moves alone."""
    minus = elementwise(_kernels.larger_move, low.lag(1), low, high, high.lag(1), params=(float(timeperiod),))
    return _wilder_sum(minus, timeperiod, arrangement)


def directional_indicator(
    movement: Series, high: Series, low: Series, close: Series, timeperiod: int, arrangement: Arrangement = TALIB
) -> Series:
    """Return a sum of moves over the sum of the true ranges, in per cent."""
    span = elementwise(_kernels.scaled_true_range, high, low, close.lag(1), params=(float(timeperiod),))
    total = _wilder_sum(span, timeperiod, arrangement)
    factor = 100.0 if timeperiod > 1 or arrangement.unit_percent else 1.0
    shown = _shown(movement, timeperiod, arrangement), _shown(total, timeperiod, arrangement)
    return elementwise(_kernels.scaled_ratio, *shown, params=(factor, 0.0))


def directional_index(high: Series, low: Series, timeperiod: int, arrangement: Arrangement = TALIB) -> Series:
    """Return the difference of the two sums of moves over their sum, in per cent."""
    plus, minus = directional_movement(high, low, timeperiod, arrangement)
    return directional_index_of(_shown(plus, timeperiod, arrangement), _shown(minus, timeperiod, arrangement))


def average_directional_index(high: Series, low: Series, timeperiod: int, arrangement: Arrangement = TALIB) -> Series:
    """Return Wilder's average of the directional index."""
    plus, minus = directional_movement(high, low, timeperiod, arrangement)
    shown = _shown(plus, timeperiod, arrangement), _shown(minus, timeperiod, arrangement)
    return recursion(
        _recursions.ema_of_shares,
        elementwise(_kernels.directional_share, *shown),
        state_rows=1,
        params=(1.0 / timeperiod, timeperiod),
        warm_up_bars=timeperiod - 1,
    )[0]


def _wilder_sum(x: Series, timeperiod: int, arrangement: Arrangement) -> Series:
    """Return ``S += m - S / timeperiod``, seeded with the sum of the first values, for `x`, `timeperiod` times m."""
    if timeperiod == 1:
        return x
    seed_bars = timeperiod - arrangement.missing_bars
    return smoothed(x, 1.0 / timeperiod, seed_bars, seed_divisor=float(timeperiod))


def _shown(x: Series, timeperiod: int, arrangement: Arrangement) -> Series:
    """Return the values of a sum that indicators are made of: TA-Lib's begin one bar after the seed."""
    return x if timeperiod == 1 else x.skip(arrangement.hidden_bars)
