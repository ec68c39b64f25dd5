"""What recursions do with one element once they are settled, for `_element_code`.

Seeds and first bars are `_recursions`' and `_fused`'. From then on each element of a row gives an output and what is
kept for the next bar, without a look at other columns. The order of the arguments is: operands, what was kept,
parameters, outputs, what is kept. The formulas are those of the kernels, and so are the bits.
"""

# Parameters of seeds alone are passed like the others.
# ruff: noqa: ARG001

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from riskwave.compute.oscillators import _fused, _recursions

if TYPE_CHECKING:
    from collections.abc import Callable

Floats = NDArray[np.float64]


def _ema(x: Floats, last: Floats, k: float, seed_bars: int, seed_divisor: float, out: Floats, kept: Floats) -> None:
    for i in range(out.size):
        y = last[i] + k * (x[i] - last[i])
        out[i] = y
        kept[i] = y


def _ema_varying(x: Floats, factor: Floats, start: Floats, last: Floats, out: Floats, kept: Floats) -> None:
    for i in range(out.size):
        y = last[i] + factor[i] * (x[i] - last[i])
        out[i] = y
        kept[i] = y


def _ema_of_shares(x: Floats, last: Floats, k: float, seed_bars: int, out: Floats, kept: Floats) -> None:
    for i in range(out.size):
        moved = last[i] + k * (x[i] - last[i])
        y = last[i] if x[i] < 0.0 else moved
        out[i] = y
        kept[i] = y


def _directional_index(plus: Floats, minus: Floats, last: Floats, out: Floats, kept: Floats) -> None:
    for i in range(out.size):
        both = plus[i] + minus[i]
        share = 100.0 * (abs(plus[i] - minus[i]) / both)
        value = share if both != 0.0 else last[i]
        out[i] = value
        kept[i] = value


def _ratio_or_last(a: Floats, b: Floats, last: Floats, out: Floats, kept: Floats) -> None:
    for i in range(out.size):
        quotient = a[i] / b[i]
        value = quotient if b[i] != 0.0 else last[i]
        out[i] = value
        kept[i] = value


def _previous_or_first(x: Floats, last: Floats, out: Floats, kept: Floats) -> None:
    for i in range(out.size):
        out[i] = last[i]
        kept[i] = x[i]


def _hold_while_equal(x: Floats, y: Floats, before: Floats, last: Floats, out: Floats, kept: Floats) -> None:
    for i in range(out.size):
        value = last[i] if y[i] == before[i] else x[i]
        out[i] = value
        kept[i] = value


def _cumulative_sum(x: Floats, last: Floats, out: Floats, kept: Floats) -> None:
    for i in range(out.size):
        total = last[i] + x[i]
        out[i] = total
        kept[i] = total


def _compounded(growth: Floats, last: Floats, start: float, out: Floats, kept: Floats) -> None:
    for i in range(out.size):
        level = last[i] + last[i] * growth[i]
        out[i] = level
        kept[i] = level


def _signed_volume(close: Floats, before: Floats, volume: Floats, last: Floats, out: Floats, kept: Floats) -> None:
    for i in range(out.size):
        fallen = -volume[i] if close[i] < before[i] else 0.0
        out[i] = volume[i] if close[i] > before[i] else fallen
        kept[i] = last[i]


def _rsi(
    x: Floats,
    before: Floats,
    last_gain: Floats,
    last_loss: Floats,
    k: float,
    seed_bars: int,
    out: Floats,
    gain: Floats,
    loss: Floats,
) -> None:
    for i in range(out.size):
        change = x[i] - before[i]
        rise = max(0.0, change)
        fall = 0.0 if change >= 0.0 else -change
        up = last_gain[i] + k * (rise - last_gain[i])
        down = last_loss[i] + k * (fall - last_loss[i])
        total = up + down
        safe = total if total != 0.0 else 1.0
        value = 100.0 * up / safe
        out[i] = value if total != 0.0 else 0.0
        gain[i] = up
        loss[i] = down


def _macd(
    x: Floats,
    last_fast: Floats,
    last_slow: Floats,
    last_signal: Floats,
    fast_k: float,
    slow_k: float,
    signal_k: float,
    fast_bars: int,
    slow_bars: int,
    signal_bars: int,
    line: Floats,
    signal: Floats,
    histogram: Floats,
    fast: Floats,
    slow: Floats,
    kept: Floats,
) -> None:
    for i in range(line.size):
        quick = last_fast[i] + fast_k * (x[i] - last_fast[i])
        slack = last_slow[i] + slow_k * (x[i] - last_slow[i])
        between = quick - slack
        average = last_signal[i] + signal_k * (between - last_signal[i])
        line[i] = between
        signal[i] = average
        histogram[i] = between - average
        fast[i] = quick
        slow[i] = slack
        kept[i] = average


STEADY: dict[Callable[..., object], Callable[..., None]] = {
    _recursions.ema: _ema,
    _recursions.ema_varying: _ema_varying,
    _recursions.ema_of_shares: _ema_of_shares,
    _recursions.directional_index: _directional_index,
    _recursions.ratio_or_last: _ratio_or_last,
    _recursions.previous_or_first: _previous_or_first,
    _recursions.hold_while_equal: _hold_while_equal,
    _recursions.cumulative_sum: _cumulative_sum,
    _recursions.compounded: _compounded,
    _recursions.signed_volume: _signed_volume,
    _fused.rsi: _rsi,
    _fused.macd: _macd,
}
