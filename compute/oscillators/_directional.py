"""Wilder's directional movement. TA-Lib and Tulip seed its sums with one bar less than the window, Wilder does not."""

from __future__ import annotations

from dataclasses import dataclass

from riskwave.compute.oscillators import _kernels, _recursions
from riskwave.compute.oscillators._averages import smoothed
from riskwave.compute.oscillators._operations import ratio, ratio_or_last, true_range
from riskwave.compute.oscillators._series import Operation, Series, apply, recursion


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
    plus, minus = apply(Operation(_kernels.directional_moves, outputs=2), high, high.lag(1), low, low.lag(1))
    return _wilder_sum(plus, timeperiod, arrangement), _wilder_sum(minus, timeperiod, arrangement)


def directional_indicator(
    movement: Series, high: Series, low: Series, close: Series, timeperiod: int, arrangement: Arrangement = TALIB
) -> Series:
    """Return a sum of moves over the sum of the true ranges, in per cent."""
    span = _wilder_sum(true_range(high, low, close), timeperiod, arrangement)
    factor = 100.0 if timeperiod > 1 or arrangement.unit_percent else 1.0
    return factor * ratio(_shown(movement, timeperiod, arrangement), _shown(span, timeperiod, arrangement))


def directional_index(high: Series, low: Series, timeperiod: int, arrangement: Arrangement = TALIB) -> Series:
    """Return the difference of the two sums of moves over their sum, in per cent."""
    plus, minus = directional_movement(high, low, timeperiod, arrangement)
    both = _shown(plus, timeperiod, arrangement) + _shown(minus, timeperiod, arrangement)
    return 100.0 * ratio_or_last(abs(plus - minus), both)


def average_directional_index(high: Series, low: Series, timeperiod: int, arrangement: Arrangement = TALIB) -> Series:
    """Return Wilder's average of the directional index."""
    plus, minus = directional_movement(high, low, timeperiod, arrangement)
    both = _shown(plus, timeperiod, arrangement) + _shown(minus, timeperiod, arrangement)
    index = 100.0 * ratio(abs(plus - minus), both)
    return recursion(
        _recursions.ema_where,
        index,
        both,
        state_rows=1,
        params=(1.0 / timeperiod, timeperiod),
        warm_up_bars=timeperiod - 1,
    )[0]


def _wilder_sum(x: Series, timeperiod: int, arrangement: Arrangement) -> Series:
    """Return ``S += x - S / timeperiod``, seeded with the sum of the first values; over one bar, `x`."""
    if timeperiod == 1:
        return x
    seed_bars = timeperiod - arrangement.missing_bars
    return smoothed(float(timeperiod) * x, 1.0 / timeperiod, seed_bars, seed_divisor=float(timeperiod))


def _shown(x: Series, timeperiod: int, arrangement: Arrangement) -> Series:
    """Return the values of a sum that indicators are made of: TA-Lib's begin one bar after the seed."""
    return x if timeperiod == 1 else x.skip(arrangement.hidden_bars)
