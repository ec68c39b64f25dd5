"""Moving averages, as formulas use them."""

from __future__ import annotations

from riskwave.compute.oscillators import _kernels
from riskwave.compute.oscillators._operations import window_mean, window_weighted_sum
from riskwave.compute.oscillators._series import Series, recursion
from riskwave.compute.registry import Param


def smoothed(x: Series, factor: float, seed_bars: int, *, seed_divisor: float | None = None) -> Series:
    """Return ``y += factor (x - y)``, whose first value is the mean of the first `seed_bars` values.

    With `seed_divisor`, their sum is divided by that instead.
    """
    divisor = float(seed_bars if seed_divisor is None else seed_divisor)
    return recursion(
        _kernels.ema, x, state_rows=1, params=(float(factor), seed_bars, divisor), warm_up_bars=seed_bars - 1
    )[0]


def sma(x: Series, timeperiod: int) -> Series:
    """Return the simple moving average."""
    return window_mean(x, timeperiod)


def ema(x: Series, timeperiod: int) -> Series:
    """Return the exponential moving average, ``k = 2 / (timeperiod + 1)``, seeded with the mean of the first values."""
    return smoothed(x, 2.0 / (timeperiod + 1), timeperiod) if timeperiod > 1 else x


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


_AVERAGES = (sma, ema, wma, dema, tema, trima)


def moving_average(x: Series, timeperiod: int, matype: int) -> Series:
    """Return the average that TA-Lib numbers `matype`; over one bar, every average is the series itself."""
    return x if timeperiod == 1 else _AVERAGES[matype](x, timeperiod)


def matype(name: str, default: int = 0) -> Param:
    """Return the declaration of the choice of an average, numbered as in TA-Lib."""
    names = ", ".join(f"{number} {average.__name__.upper()}" for number, average in enumerate(_AVERAGES))
    return Param(name, default, f"Kind of average: {names}", 0, len(_AVERAGES) - 1)
