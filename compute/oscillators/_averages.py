"""Moving averages, as formulas use them."""

from __future__ import annotations

import math

from riskwave.compute.oscillators import _fused, _kernels, _recursions
from riskwave.compute.oscillators._hilbert import mesa
from riskwave.compute.oscillators._operations import (
    distance,
    previous,
    ratio,
    window_mean,
    window_sum,
    window_weighted_sum,
)
from riskwave.compute.oscillators._series import Series, elementwise, recursion
from riskwave.compute.registry import Param


def smoothed(x: Series, factor: float, seed_bars: int, *, seed_divisor: float | None = None) -> Series:
    """Return ``y += factor (x - y)``, whose first value is the mean of the first `seed_bars` values.

    With `seed_divisor`, their sum is divided by that instead.
    """
    divisor = float(seed_bars if seed_divisor is None else seed_divisor)
    params = (float(factor), seed_bars, divisor)
    return recursion(_recursions.ema, x, state_rows=1, params=params, warm_up_bars=seed_bars - 1, absorbing=True)[0]


def sma(x: Series, timeperiod: int) -> Series:
    """Return the simple moving average."""
    return window_mean(x, timeperiod)


def ema(x: Series, timeperiod: int) -> Series:
    """Return the exponential moving average, ``k = 2 / (timeperiod + 1)``, seeded with the mean of the first values."""
    return smoothed(x, 2.0 / (timeperiod + 1), timeperiod) if timeperiod > 1 else x


def first_ema(x: Series, timeperiod: int) -> Series:
    """Return the exponential moving average that starts from the first value, and shows it."""
    return smoothed(x, 2.0 / (timeperiod + 1), 1) if timeperiod > 1 else x


def macd_lines(
    x: Series, factors: tuple[float, float], seed_bars: tuple[int, int], signalperiod: int
) -> tuple[Series, Series, Series]:
    """Return a fast less a slow exponential average, the exponential average of that, and the distance of the two.

    `factors` and `seed_bars` are of the fast and the slow one; the means that these start from end on the same bar.
    """
    params = (*factors, 2.0 / (signalperiod + 1), *seed_bars, signalperiod)
    warm_up_bars = seed_bars[1] + signalperiod - 2
    line, signal, histogram = recursion(
        _fused.macd, x, state_rows=3, params=params, warm_up_bars=warm_up_bars, outputs=3, absorbing=True
    )
    return (line, signal, histogram) if signalperiod > 1 else (line, line, line - line)


def first_true_range(high: Series, low: Series, close: Series) -> Series:
    """Return the true range from the first bar on, where it is the bar's range."""
    return elementwise(_kernels.true_range, high, low, previous(close))


def rsi_line(x: Series, timeperiod: int) -> Series:
    """Return the share of the rises in all movement from bar to bar, as `rma` averages them, in per cent."""
    params = (1.0 / timeperiod, timeperiod)
    warm_up_bars = timeperiod - 1
    return recursion(_fused.rsi, x, x.lag(1), state_rows=2, params=params, warm_up_bars=warm_up_bars, absorbing=True)[0]


def rma(x: Series, timeperiod: int) -> Series:
    """Return Wilder's moving average: ``k = 1 / timeperiod``, seeded with the mean of the first values."""
    return smoothed(x, 1.0 / timeperiod, timeperiod) if timeperiod > 1 else x


def wma(x: Series, timeperiod: int) -> Series:
    """Return the weighted moving average: the newest value weighs `timeperiod`, the oldest 1."""
    return window_weighted_sum(x, timeperiod) / (timeperiod * (timeperiod + 1) / 2)


def dema(x: Series, timeperiod: int) -> Series:
    """Return the double exponential moving average ``2 e1 - e2``."""
    once = ema(x, timeperiod)
    return 2.0 * once - ema(once, timeperiod)


def tema(x: Series, timeperiod: int) -> Series:
    """Return the triple exponential moving average ``3 e1 - 3 e2 + e3``."""
    once = ema(x, timeperiod)
    twice = ema(once, timeperiod)
    return 3.0 * (once - twice) + ema(twice, timeperiod)


def trima(x: Series, timeperiod: int) -> Series:
    """Return the triangular moving average: a simple average of a simple average."""
    return sma(sma(x, timeperiod // 2 + 1), (timeperiod + 1) // 2)


def kama(x: Series, timeperiod: int) -> Series:
    """Return Kaufman's adaptive moving average, between a 2-bar and a 30-bar exponential one.

    ``y += s^2 (x - y)``, where s lies between 2/31 and 2/3 as the efficiency ratio does between 0 and 1. It starts from
    the value before the first that has a ratio.
    """
    factor = efficiency_ratio(x, timeperiod) * (2.0 / 3.0 - 2.0 / 31.0) + 2.0 / 31.0
    return recursion(_recursions.ema_varying, x, factor * factor, x.lag(1), state_rows=1)[0]


def efficiency_ratio(x: Series, timeperiod: int) -> Series:
    """Return the net change over the sum of all changes; 1 when nothing moved."""
    path = window_sum(distance(x, x.lag(1)), timeperiod)
    return ratio(distance(x, x.lag(timeperiod)), path, empty=1.0)


def t3(x: Series, timeperiod: int, vfactor: float = 0.7) -> Series:
    """Return Tillson's T3: six exponential averages in a row, combined to cancel their lag."""
    chain = [x]
    for _ in range(6):
        chain.append(ema(chain[-1], timeperiod))
    v, v2, v3 = vfactor, vfactor * vfactor, vfactor * vfactor * vfactor
    newer = (1.0 + 3.0 * v + 3.0 * v2 + v3) * chain[3] + (-6.0 * v2 - 3.0 * v - 3.0 * v3) * chain[4]
    return newer + (3.0 * v2 + 3.0 * v3) * chain[5] + -v3 * chain[6]


def hma(x: Series, timeperiod: int) -> Series:
    """Return Hull's moving average: a weighted average of twice a half-length one less a full one."""
    sharp = 2.0 * wma(x, timeperiod // 2) - wma(x, timeperiod)
    return wma(sharp, math.isqrt(timeperiod))


def zlema(x: Series, timeperiod: int) -> Series:
    """Return the zero-lag exponential average: of the value plus its change over half the window."""
    return ema(2.0 * x - x.lag((timeperiod - 1) // 2), timeperiod)


def _mama(x: Series, timeperiod: int) -> Series:  # noqa: ARG001 - all averages are called alike
    return mesa(x, 0.5, 0.05)[0]


def _identity(x: Series, timeperiod: int) -> Series:  # noqa: ARG001 - all averages are called alike
    return x


_AVERAGES = (sma, ema, wma, dema, tema, trima, kama, _mama, t3, hma, _identity, None, zlema, rma)
_OWN_DEFAULT = 11


def moving_average(x: Series, timeperiod: int, matype: int, own: int = 0) -> Series:
    """Return the average that TA-Lib numbers `matype`; 11 means `own`. Over one bar, it is the series itself."""
    average = _AVERAGES[own if matype == _OWN_DEFAULT else matype]
    assert average is not None
    return x if timeperiod == 1 else average(x, timeperiod)


def average_pair(x: Series, fastperiod: int, slowperiod: int, matype: int) -> tuple[Series, Series]:
    """Return the faster and the slower of two exponential or other averages, each seeded on its own first bars."""
    fastperiod, slowperiod = sorted((fastperiod, slowperiod))
    return moving_average(x, fastperiod, matype, own=1), moving_average(x, slowperiod, matype, own=1)


def aligned_averages(x: Series, first: tuple[int, int], second: tuple[int, int]) -> tuple[Series, Series]:
    """Return averages given as (timeperiod, matype), seeded so that both have their first value on the same bar."""
    lookbacks = [moving_average(x, *choice).lookback for choice in (first, second)]
    later = [max(lookbacks) - lookback for lookback in lookbacks]
    return moving_average(x.skip(later[0]), *first), moving_average(x.skip(later[1]), *second)


def matype(name: str, default: int = 0) -> Param:
    """Return the declaration of the choice of an average, numbered as in TA-Lib."""
    doc = (
        "Kind of average: 0 SMA, 1 EMA, 2 WMA, 3 DEMA, 4 TEMA, 5 TRIMA, 6 KAMA, 7 MAMA, 8 T3, 9 HMA, 10 none, "
        "11 the indicator's own, 12 ZLEMA, 13 RMA"
    )
    return Param(name, default, doc, 0, len(_AVERAGES) - 1)
