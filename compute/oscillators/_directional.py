"""Wilder's directional movement, in TA-Lib's arrangement: sums are seeded with one bar less than the window."""

from __future__ import annotations

from riskwave.compute.oscillators import _kernels, _recursions
from riskwave.compute.oscillators._averages import smoothed
from riskwave.compute.oscillators._operations import ratio, ratio_or_last, true_range
from riskwave.compute.oscillators._series import Operation, Series, apply, recursion


def directional_movement(high: Series, low: Series, timeperiod: int) -> tuple[Series, Series]:
    """Return Wilder's sums of the upward and of the downward moves."""
    plus, minus = apply(Operation(_kernels.directional_moves, outputs=2), high, high.lag(1), low, low.lag(1))
    return _wilder_sum(plus, timeperiod), _wilder_sum(minus, timeperiod)


def directional_indicator(movement: Series, high: Series, low: Series, close: Series, timeperiod: int) -> Series:
    """Return a sum of moves over the sum of the true ranges, in per cent; over one bar as a fraction, like TA-Lib."""
    span = _wilder_sum(true_range(high, low, close), timeperiod)
    return (100.0 if timeperiod > 1 else 1.0) * ratio(_after_seed(movement, timeperiod), _after_seed(span, timeperiod))


def directional_index(high: Series, low: Series, timeperiod: int) -> Series:
    """Return the difference of the two sums of moves over their sum, in per cent."""
    plus, minus = directional_movement(high, low, timeperiod)
    both = _after_seed(plus, timeperiod) + _after_seed(minus, timeperiod)
    return 100.0 * ratio_or_last(abs(plus - minus), both)


def average_directional_index(high: Series, low: Series, timeperiod: int) -> Series:
    """Return Wilder's average of the directional index."""
    plus, minus = directional_movement(high, low, timeperiod)
    both = _after_seed(plus, timeperiod) + _after_seed(minus, timeperiod)
    index = 100.0 * ratio(abs(plus - minus), both)
    return recursion(
        _recursions.ema_where,
        index,
        both,
        state_rows=1,
        params=(1.0 / timeperiod, timeperiod),
        warm_up_bars=timeperiod - 1,
    )[0]


def _wilder_sum(x: Series, timeperiod: int) -> Series:
    """Return ``S += x - S / timeperiod``, seeded with the sum of `timeperiod` - 1 values; over one bar, `x`."""
    if timeperiod == 1:
        return x
    return smoothed(float(timeperiod) * x, 1.0 / timeperiod, timeperiod - 1, seed_divisor=float(timeperiod))


def _after_seed(x: Series, timeperiod: int) -> Series:
    """Return a sum without its seed: TA-Lib shows what is made of it one bar later."""
    return x if timeperiod == 1 else x.skip(1)
