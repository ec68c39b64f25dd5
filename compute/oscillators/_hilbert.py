"""Ehlers' Hilbert transform of a price: its phase components and the period of its dominant cycle."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from riskwave.compute.jit import kernel
from riskwave.compute.oscillators._series import Series, recursion

Floats = NDArray[np.float64]

NEAR, FAR = 0.0962, 0.5769  # the transform's weights at distances of 0 and 6, 2 and 4 bars
FIRST_BAR = 12  # where TA-Lib starts the transform
SETTLED_BAR = 32  # where TA-Lib shows its first value


def hilbert(price: Series) -> tuple[Series, Series, Series]:
    """Return the in-phase and the quadrature component and the cycle's period in bars.

    Source: Ehlers, MESA and Trading Market Cycles, and Rocket Science for Traders (2001), in TA-Lib's arrangement.
    """
    smooth = (4.0 * price + 3.0 * price.lag(1) + 2.0 * price.lag(2) + price.lag(3)) / 10.0
    warm_up_bars = SETTLED_BAR - FIRST_BAR
    in_phase, quadrature, period = recursion(
        hilbert_kernel, smooth.skip(FIRST_BAR - 3), state_rows=26, warm_up_bars=warm_up_bars, outputs=3
    )
    return in_phase, quadrature, period


def cycle_period(price: Series) -> Series:
    """Return the cycle's period, smoothed once more from the transform's first bar on."""
    period = hilbert(price)[2].skip(FIRST_BAR - SETTLED_BAR)
    return recursion(period_kernel, period, state_rows=1, warm_up_bars=SETTLED_BAR - FIRST_BAR)[0]


def mesa(price: Series, fast_limit: float, slow_limit: float) -> tuple[Series, Series]:
    """Return the MESA adaptive moving average and its following average."""
    in_phase, quadrature, _ = hilbert(price)
    # The average follows the transform from its first bar on, long before that has settled.
    early = (in_phase.skip(FIRST_BAR - SETTLED_BAR), quadrature.skip(FIRST_BAR - SETTLED_BAR))
    mama, fama = recursion(
        mesa_kernel,
        price.skip(FIRST_BAR),
        *early,
        state_rows=3,
        params=(fast_limit, slow_limit),
        warm_up_bars=SETTLED_BAR - FIRST_BAR,
        outputs=2,
    )
    return mama, fama


@kernel()
def hilbert_kernel(
    smooth: Floats, seen: int, lanes: int, state: Floats, in_phase: Floats, quadrature: Floats, period: Floats
) -> None:
    """Run the transform; `state` holds, from row 0, 6 smoothed prices, 9 detrended ones, 6 quadratures, newest first.

    Then I2, Q2, Re, Im and the period.
    """
    if seen == 0:
        state[:] = 0.0
    degrees = 45.0 / math.atan(1.0)
    for t in range(smooth.size // lanes):
        for j in range(lanes):
            i = t * lanes + j
            last = state[25 * lanes + j]
            scale = 0.075 * last + 0.54
            s, d, q = j, 6 * lanes + j, 15 * lanes + j
            detrended = scale * (
                NEAR * (smooth[i] - state[s + 5 * lanes]) + FAR * (state[s + lanes] - state[s + 3 * lanes])
            )
            q1 = scale * (NEAR * (detrended - state[d + 5 * lanes]) + FAR * (state[d + lanes] - state[d + 3 * lanes]))
            i1 = state[d + 2 * lanes]
            ji = scale * (NEAR * (i1 - state[d + 8 * lanes]) + FAR * (state[d + 4 * lanes] - state[d + 6 * lanes]))
            jq = scale * (NEAR * (q1 - state[q + 5 * lanes]) + FAR * (state[q + lanes] - state[q + 3 * lanes]))
            for k in range(5, 0, -1):
                state[s + k * lanes] = state[s + (k - 1) * lanes]
                state[q + k * lanes] = state[q + (k - 1) * lanes]
            for k in range(8, 0, -1):
                state[d + k * lanes] = state[d + (k - 1) * lanes]
            state[s], state[d], state[q] = smooth[i], detrended, q1
            c = 21 * lanes + j
            i2_last, q2_last = state[c], state[c + lanes]
            i2, q2 = 0.2 * (i1 - jq) + 0.8 * i2_last, 0.2 * (q1 + ji) + 0.8 * q2_last
            re = 0.2 * (i2 * i2_last + q2 * q2_last) + 0.8 * state[c + 2 * lanes]
            im = 0.2 * (i2 * q2_last - q2 * i2_last) + 0.8 * state[c + 3 * lanes]
            cycle = last
            if im != 0.0 and re != 0.0:
                cycle = 360.0 / (math.atan(im / re) * degrees)
            cycle = min(max(cycle, 0.67 * last), 1.5 * last)
            cycle = 0.2 * min(max(cycle, 6.0), 50.0) + 0.8 * last
            state[c], state[c + lanes], state[c + 2 * lanes], state[c + 3 * lanes] = i2, q2, re, im
            state[25 * lanes + j] = cycle
            in_phase[i], quadrature[i], period[i] = i1, q1, cycle


@kernel()
def mesa_kernel(
    price: Floats,
    in_phase: Floats,
    quadrature: Floats,
    fast_limit: float,
    slow_limit: float,
    seen: int,
    lanes: int,
    state: Floats,
    mama: Floats,
    fama: Floats,
) -> None:
    """Average with a factor that is large where the phase falls slowly; `state` holds phase, MAMA and FAMA."""
    if seen == 0:
        state[:] = 0.0
    degrees = 45.0 / math.atan(1.0)
    for t in range(price.size // lanes):
        for j in range(lanes):
            i = t * lanes + j
            phase = math.atan(quadrature[i] / in_phase[i]) * degrees if in_phase[i] != 0.0 else 0.0
            turn = state[j] - phase
            factor = fast_limit
            if turn > 1.0:
                factor = max(fast_limit / turn, slow_limit)
            average = factor * price[i] + (1.0 - factor) * state[lanes + j]
            following = 0.5 * factor * average + (1.0 - 0.5 * factor) * state[2 * lanes + j]
            state[j], state[lanes + j], state[2 * lanes + j] = phase, average, following
            mama[i], fama[i] = average, following


@kernel()
def period_kernel(period: Floats, seen: int, lanes: int, state: Floats, out: Floats) -> None:
    """Smooth by a third, from 0."""
    if seen == 0:
        state[:] = 0.0
    for t in range(period.size // lanes):
        for j in range(lanes):
            value = 0.33 * period[t * lanes + j] + 0.67 * state[j]
            state[j] = value
            out[t * lanes + j] = value
